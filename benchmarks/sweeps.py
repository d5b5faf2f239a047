"""
What a sweep of a whole domain takes, against the time that CodeArtifact's quotas dictate.

A local CodeArtifact with the documented quotas in force, the other services, and each worker of the
two functions run in processes of their own (``benchmarks/sweeps_processes.py``). The steps are
called as the state machine calls them (``functions/sweep_repositories/sweep.asl.yaml``), with as
many batches at once. Prints one JSON document: for a domain with something to do in every package,
and once more with nothing to do, seconds of each step, what the quotas dictate for the calls that
were made, the ratio, calls by operation, and the largest memory of a worker.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, cast

import botocore.session

from benchmarks.local import admin
from benchmarks.sample_events import ACCOUNT, DOMAIN, NAMESPACE, REGION
from benchmarks.sweeps_processes import (
    BUCKET,
    STATE_MACHINE,
    Server,
    functions,
    local_codeartifact,
    other_services,
)
from benchmarks.sweeps_world import VERSIONS, seed
from cli.stack.functions import Function
from sweep_repositories.shares import WORKERS

LIMIT: Final = 1.25  # of the time that the quotas dictate
MEMORY_LIMIT: Final = 256  # megabytes of a worker
# "Quotas in AWS CodeArtifact", User Guide: requests a second of an account and region.
LISTS: Final = ("ListPackages", "ListPackageVersions", "ListPackageVersionAssets")
LISTS_A_SECOND: Final = 200
READS_A_SECOND: Final = 800
WRITES_A_SECOND: Final = 100
READING: Final = ("Describe", "Get", "List")

SNAPSHOTS: Final = f"""
domain: {DOMAIN}
snapshots:
  - packages: /maven/{NAMESPACE}~
origins:
  - packages: /maven/{NAMESPACE}~
    kind: internal
"""
DELETIONS: Final = f"""
{SNAPSHOTS}
retention:
  - packages: /maven/{NAMESPACE}~
    versions: snapshot-builds
    keep_newest: 1
    then: delete
limits:
  deletions_per_run: 10000000
"""

Answer = Mapping[str, object]


@dataclass(slots=True)
class Timed:
    """Seconds of each step, and the calls to CodeArtifact that it made, in order."""

    codeartifact: Server
    seconds: dict[str, float] = field(default_factory=dict)
    calls: dict[str, Mapping[str, int]] = field(default_factory=dict)

    def begin(self) -> float:
        """Count from now on; return when that was."""
        admin(self.codeartifact.endpoint, "DELETE", "requests")
        return time.perf_counter()

    def end(self, step: str, began: float) -> None:
        """The step *step* that began then has ended."""
        self.seconds[step] = time.perf_counter() - began
        self.calls[step] = admin(self.codeartifact.endpoint, "GET", "requests")


def dictated(calls: Mapping[str, int]) -> float:
    """Return the seconds in which the quotas allow *calls*, made as early as they may be."""
    reads = sum(number for name, number in calls.items() if name.startswith(READING))
    return max(
        *(calls.get(name, 0) / LISTS_A_SECOND for name in LISTS),
        reads / READS_A_SECOND,
        (sum(calls.values()) - reads) / WRITES_A_SECOND,
    )


def invoked(function: Function, payload: Mapping[str, object]) -> Answer:
    """Return what *function* answers to *payload*."""
    answer: Answer = json.loads(function.invoke(json.dumps(payload).encode()))
    return answer


def mapped(function: Function, step: str, items: Sequence[Answer]) -> None:
    """Do *step* for each of *items*, as many at once as the maps of the state machine."""

    def work(item: Answer) -> None:
        said: Answer = {"step": step, **item}
        while True:
            answer = invoked(function, said)
            if answer["done"]:
                return
            said = {**said, "next": answer["next"]}

    with ThreadPoolExecutor(WORKERS) as workers:
        list(workers.map(work, items))


def sweep(codeartifact: Server, others: Server, policy: str, run: str) -> dict[str, object]:
    """Sweep the domain by *policy*; return what it took."""
    s3 = botocore.session.get_session().create_client(
        "s3",
        region_name=REGION,
        endpoint_url=others.endpoint,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="local",  # noqa: S106  made up
    )

    def file_of(name: str) -> object:
        return json.load(s3.get_object(Bucket=BUCKET, Key=f"runs/{run}/{name}")["Body"])

    timed = Timed(codeartifact)
    processor = codeartifact.processor(), others.processor()
    with functions(codeartifact.endpoint, others.endpoint, policy) as halves:
        began = timed.begin()
        answer = invoked(
            halves.plan,
            {
                "step": "begin",
                "run": run,
                "execution": STATE_MACHINE.replace("stateMachine", "execution") + f":{run}",
                "stateMachine": STATE_MACHINE,
                "startedAt": datetime.now(UTC).isoformat(),
                "input": {},
            },
        )
        answer = {**answer, "listed": False}
        while not answer["listed"]:
            answer = invoked(halves.plan, {"step": "list", "run": run, "cursor": answer["cursor"]})
        timed.end("list", began)
        began = timed.begin()
        mapped(halves.plan, "gather", cast("list[Answer]", file_of("manifest.json")))
        timed.end("gather", began)
        began = timed.begin()
        outcome = invoked(halves.plan, {"step": "weigh", "run": run})["outcome"]
        timed.end("weigh", began)
        if outcome == "go on":
            began = timed.begin()
            mapped(halves.apply, "apply", cast("list[Answer]", file_of("parts.json")))
            timed.end("apply", began)
        began = timed.begin()
        invoked(halves.plan, {"step": "summarize", "run": run, "outcome": outcome})
        timed.end("summarize", began)
        peak = max(each.peak_megabytes() for each in halves.used())
        processors = [round(each.processor(), 1) for each in halves.used()]
    summary = cast("Mapping[str, object]", file_of("summary.json"))
    seconds = sum(timed.seconds.values())
    by_quotas = {step: dictated(calls) for step, calls in timed.calls.items()}
    return {
        "outcome": summary["outcome"],
        "seconds": round(seconds, 1),
        "secondsDictated": round(sum(by_quotas.values()), 1),
        "ratio": round(seconds / sum(by_quotas.values()), 2),
        "secondsByStep": {step: round(each, 2) for step, each in timed.seconds.items()},
        "secondsDictatedByStep": {step: round(each, 2) for step, each in by_quotas.items()},
        "callsByStep": timed.calls,
        "callsCounted": summary["calls"],
        "changed": summary["rows"],
        "failedPackages": summary["failedPackages"],
        "peakMegabytesOfAWorker": peak,
        "processorSeconds": {
            "codeArtifact": round(codeartifact.processor() - processor[0], 1),
            "otherServices": round(others.processor() - processor[1], 1),
            "workers": processors,
        },
    }


def measured(packages: int, versions: int, policy: str) -> dict[str, object]:
    """Sweep a domain of *packages* packages with something to do in each, and once more."""
    with local_codeartifact() as codeartifact, other_services() as others:
        seed(codeartifact.endpoint, packages, versions)
        admin(codeartifact.endpoint, "PUT", "faults", {"quotas": True})
        figures = {
            name: sweep(codeartifact, others, policy, name)
            for name in ("something-to-do", "nothing-to-do")
        }
        return {
            "packages": packages,
            "versions": packages * versions,
            **figures,
            "codeArtifactMegabytes": codeartifact.megabytes(),
        }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=int, default=2_000)
    parser.add_argument("--versions", type=int, default=VERSIONS, help="of each package")
    parser.add_argument("--small", action="store_true", help="200 packages: a few seconds")
    parser.add_argument("--delete", action="store_true", help="delete builds, not unlist them")
    options = parser.parse_args()
    packages = 200 if options.small else options.packages
    policy = DELETIONS if options.delete else SNAPSHOTS
    figures = measured(packages, options.versions, policy)
    limits = {"ratio": LIMIT, "peakMegabytesOfAWorker": MEMORY_LIMIT}
    print(json.dumps({"limits": limits, **figures}, indent=2))


if __name__ == "__main__":
    main()
