"""
What a control-plane call costs, and whether 100,000 versions are seeded and paged at a steady time.

Starts a local CodeArtifact in a process of its own and prints one JSON document: medians in
milliseconds of calls through botocore and of the same requests over a bare connection, seconds to
seed, and the median page time of the first, middle and last tenth of a walk over every version.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import botocore.session

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

ROOT = Path(__file__).resolve().parents[1]
SERVER = """
from emulator.app import create_app
from emulator.options import Options
from emulator.server import serve
serve(create_app(Options(), public={}), 0, lambda url: print(url, flush=True))
"""
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=012345678901/20260301/us-west-2/codeartifact/aws4_request, "
    "SignedHeaders=host, Signature=00"
)
PACKAGE = "domain=my-company&repository=large&format=pypi&package=large"


@contextmanager
def emulator() -> Iterator[str]:
    """Give the URL of a local CodeArtifact in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


class Connection:
    """One connection that is kept open."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._connection = http.client.HTTPConnection(address.hostname or "", address.port)

    def call(self, method: str, target: str, body: bytes = b"") -> bytes:
        """Return the body of a successful answer."""
        self._connection.request(method, target, body, {"Authorization": AUTHORIZATION})
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == 200, (target, content)
        return content


def median_ms(call: Callable[[], object], count: int) -> float:
    """Return the median milliseconds of *count* calls, after a few to warm up."""
    for _ in range(10):
        call()
    times = []
    for _ in range(count):
        before = time.perf_counter()
        call()
        times.append(time.perf_counter() - before)
    return round(statistics.median(times) * 1000, 3)


def client_of(url: str) -> CodeArtifactClient:
    """Return a botocore client for *url*."""
    client: CodeArtifactClient = botocore.session.get_session().create_client(
        "codeartifact",
        endpoint_url=url,
        region_name="us-west-2",
        aws_access_key_id="012345678901",
        aws_secret_access_key="local",  # noqa: S106  made up
    )
    return client


def calls(url: str, count: int) -> dict[str, dict[str, float]]:
    """Return the medians of common calls, through botocore and bare."""
    client, bare = client_of(url), Connection(url)
    one = f"{PACKAGE}&version=1.0.7"
    through_botocore: dict[str, Callable[[], object]] = {
        "ListDomains": client.list_domains,
        "DescribeRepository": lambda: client.describe_repository(
            domain="my-company", repository="large"
        ),
        "ListPackageVersions": lambda: client.list_package_versions(
            domain="my-company", repository="large", format="pypi", package="large"
        ),
        "DescribePackageVersion": lambda: client.describe_package_version(
            domain="my-company",
            repository="large",
            format="pypi",
            package="large",
            packageVersion="1.0.7",
        ),
        "UpdatePackageVersionsStatus": lambda: client.update_package_versions_status(
            domain="my-company",
            repository="large",
            format="pypi",
            package="large",
            versions=["1.0.7"],
            targetStatus="Unlisted",
        ),
        "GetAuthorizationToken": lambda: client.get_authorization_token(domain="my-company"),
    }
    update = json.dumps({"versions": ["1.0.7"], "targetStatus": "Unlisted"}).encode()
    over_a_connection: dict[str, Callable[[], object]] = {
        "ListDomains": lambda: bare.call("POST", "/v1/domains", b"{}"),
        "DescribeRepository": lambda: bare.call(
            "GET", "/v1/repository?domain=my-company&repository=large"
        ),
        "ListPackageVersions": lambda: bare.call("POST", f"/v1/package/versions?{PACKAGE}"),
        "DescribePackageVersion": lambda: bare.call("GET", f"/v1/package/version?{one}"),
        "UpdatePackageVersionsStatus": lambda: bare.call(
            "POST", f"/v1/package/versions/update_status?{PACKAGE}", update
        ),
        "GetAuthorizationToken": lambda: bare.call(
            "POST", "/v1/authorization-token?domain=my-company"
        ),
    }
    return {
        "throughBotocoreMs": {k: median_ms(v, count) for k, v in through_botocore.items()},
        "overAConnectionMs": {k: median_ms(v, count) for k, v in over_a_connection.items()},
    }


def seed(url: str, versions: int) -> float:
    """Return the seconds that seeding *versions* of one package takes, with its request."""
    document = {
        "domains": [
            {
                "name": "my-company",
                "repositories": [
                    {
                        "name": "large",
                        "packages": [
                            {
                                "format": "pypi",
                                "package": "large",
                                "versions": [{"version": f"1.0.{n}"} for n in range(versions)],
                            }
                        ],
                    }
                ],
            }
        ]
    }
    body = json.dumps(document).encode()
    before = time.perf_counter()
    Connection(url).call("POST", "/_emulator/seed", body)
    return round(time.perf_counter() - before, 2)


def pages(url: str, versions: int, size: int, *, sorted_by_time: bool) -> dict[str, float]:
    """Return the median page time at the beginning, in the middle and at the end of a walk."""
    bare = Connection(url)
    times, seen, token = [], 0, ""
    order = "&sortBy=PUBLISHED_TIME" if sorted_by_time else ""
    while True:
        before = time.perf_counter()
        content = bare.call(
            "POST", f"/v1/package/versions?{PACKAGE}&max-results={size}{order}{token}"
        )
        times.append((time.perf_counter() - before) * 1000)
        page = json.loads(content)
        seen += len(page["versions"])
        if "nextToken" not in page:
            break
        token = f"&next-token={page['nextToken']}"
    assert seen == versions, f"{seen} of {versions} versions listed"
    tenth = max(1, len(times) // 10)
    middle = len(times) // 2
    return {
        "pages": len(times),
        "firstTenthMs": round(statistics.median(times[:tenth]), 2),
        "middleTenthMs": round(statistics.median(times[middle : middle + tenth]), 2),
        "lastTenthMs": round(statistics.median(times[-tenth:]), 2),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--versions", type=int, default=100_000)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--page-size", type=int, default=1_000)
    options = parser.parse_args()
    with emulator() as url:
        seconds = seed(url, options.versions)
        figures = {
            "versions": options.versions,
            "seedSeconds": seconds,
            "pagesByName": pages(url, options.versions, options.page_size, sorted_by_time=False),
            "pagesByTime": pages(url, options.versions, options.page_size, sorted_by_time=True),
            **calls(url, options.calls),
        }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
