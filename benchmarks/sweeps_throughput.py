"""
Whether the local CodeArtifact keeps up with the quotas that sweeps are measured under.

A local CodeArtifact in a process of its own, asked by processes of several threads with botocore
as fast as it answers: lists of packages of 50 versions, then changes of 49 versions' status and
deletions of 49 versions. Prints one JSON document: calls a second, processor milliseconds a call of
the local CodeArtifact and of the clients, its memory. It has to make more than the quotas allow:
200 lists, 100 writes a second.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypedDict

import botocore.session
from botocore.config import Config

from benchmarks.local import admin
from benchmarks.sample_events import ACCOUNT, DOMAIN, NAMESPACE, REGION
from benchmarks.sweeps_processes import Server, local_codeartifact
from benchmarks.sweeps_world import REPOSITORY, builds, package_name, seed

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient
    from mypy_boto3_codeartifact.literals import PackageFormatType

KINDS: Final = ("lists", "lists by time", "unlists", "lists after", "deletes")


class _Package(TypedDict):
    domain: str
    repository: str
    format: PackageFormatType
    namespace: str
    package: str


def client_of(endpoint: str, threads: int) -> CodeArtifactClient:
    """Return a client of *endpoint* for *threads* threads."""
    client: CodeArtifactClient = botocore.session.get_session().create_client(
        "codeartifact",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="local",  # noqa: S106  made up
        config=Config(
            max_pool_connections=threads, retries={"mode": "standard", "total_max_attempts": 20}
        ),
    )
    return client


def _call(client: CodeArtifactClient, kind: str, name: str) -> None:
    package: _Package = {
        "domain": DOMAIN,
        "repository": REPOSITORY,
        "format": "maven",
        "namespace": NAMESPACE,
        "package": name,
    }
    old = builds()[:-1]
    match kind:
        case "lists by time":
            client.list_package_versions(**package, maxResults=1000, sortBy="PUBLISHED_TIME")
        case "unlists":
            changed = client.update_package_versions_status(
                **package, versions=old, targetStatus="Unlisted", expectedStatus="Published"
            )
            assert len(changed["successfulVersions"]) == len(old)
        case "deletes":
            deleted = client.delete_package_versions(
                **package, versions=old, expectedStatus="Unlisted"
            )
            assert len(deleted["successfulVersions"]) == len(old)
        case _:
            client.list_package_versions(**package, maxResults=1000)


def _work(endpoint: str, kind: str, names: Sequence[str], threads: int) -> float:
    """Call for each of *names*; return the seconds of processor time that it took."""
    client = client_of(endpoint, threads)
    before = resource.getrusage(resource.RUSAGE_SELF)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda name: _call(client, kind, name), names))
    after = resource.getrusage(resource.RUSAGE_SELF)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def measured(
    server: Server, kind: str, names: Sequence[str], processes: int, threads: int
) -> dict[str, float]:
    """Return what one call for each of *names* costs."""
    shares = [names[start::processes] for start in range(processes)]
    with multiprocessing.Pool(processes) as pool:
        pool.starmap(_work, [(server.endpoint, "lists", names[:1], 1)] * processes)
        before = server.processor()
        began = time.perf_counter()
        used = pool.starmap(_work, [(server.endpoint, kind, each, threads) for each in shares])
        seconds = time.perf_counter() - began
    return {
        "calls": len(names),
        "callsASecond": round(len(names) / seconds, 1),
        "serverMsACall": round((server.processor() - before) / len(names) * 1000, 2),
        "clientMsACall": round(sum(used) / len(names) * 1000, 2),
    }


def _timed(action: Callable[[], None]) -> float:
    began = time.perf_counter()
    action()
    return round(time.perf_counter() - began, 1)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=int, default=2_000)
    parser.add_argument("--calls", type=int, default=2_000, help="of each kind, at most")
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--quotas", action="store_true", help="the documented quotas are in force")
    parser.add_argument("--on-disk", action="store_true", help="the state is kept in a folder")
    options = parser.parse_args()
    with local_codeartifact(on_disk=options.on_disk) as server:
        seconds = _timed(lambda: seed(server.endpoint, options.packages))
        seeded = server.megabytes()
        if options.quotas:
            admin(server.endpoint, "PUT", "faults", {"quotas": True})
        names = [package_name(number) for number in range(min(options.packages, options.calls))]
        figures = {
            kind: measured(server, kind, names, options.processes, options.threads)
            for kind in KINDS
        }
        counted = admin(server.endpoint, "GET", "requests")
        print(
            json.dumps(
                {
                    "packages": options.packages,
                    "versions": options.packages * len(builds()),
                    "seedSeconds": seconds,
                    "serverMegabytesSeeded": seeded,
                    "serverMegabytes": server.megabytes(),
                    "requests": counted,
                    **figures,
                },
                indent=2,
            )
        )


if __name__ == "__main__":
    main()
