"""
Measure what it costs to bring a repository's origin restrictions to the policy.

Beside it, on the same local CodeArtifact, a replay of the calls that AWS's own toolkit makes: it
lists the packages in pages of the default size, and then reads and writes each one, changed or
not, by four threads (github.com/aws/codeartifact-origin-control-toolkit,
apply_package_configurations.py and toolkit/codeartifact_client.py). The replay is a loop of our
own: none of its code runs here, and what it does with files on disk is left out.

    .venv/bin/python -m benchmarks.origin_controls [--repeats 3]

prints JSON: the calls that CodeArtifact received, those to other services, the least seconds of
the repeats, with every call 20 ms away and with none; and peak memory.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from botocore.config import Config
from botocore.session import get_session

from benchmarks.local import admin, quiet, running
from benchmarks.other_services import OtherServices, point_aws_at
from benchmarks.sample_events import ACCOUNT, DOMAIN
from cli.aws import connect
from cli.commands.enforce import WORKERS
from cli.deployment import find_deployment
from cli.silence import NoSecondLook
from enforce_origin_controls.collaborators import Collaborators
from enforce_origin_controls.repository import enforce_in_repository
from steward import codeartifact as gateway
from steward import ledger
from steward import policy as policies
from steward.attention import SnsAttention
from steward.coordinates import Repository
from steward.notices import BusNotices
from steward.policy_file import compile_policy

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient
    from mypy_boto3_codeartifact.type_defs import PackageSummaryTypeDef

LATENCY_MS = 20
THREADS = 4  # --num-workers of the toolkit, if nothing is said
Kind = Literal["public", "internal"]
WANTED: dict[str, tuple[Literal["ALLOW", "BLOCK"], Literal["ALLOW", "BLOCK"]]] = {
    "public": ("BLOCK", "ALLOW"),
    "internal": ("ALLOW", "BLOCK"),
}
# The deployment of the local stack is for another domain: its function hears of nothing here.
ELSEWHERE = "domain: elsewhere\norigins:\n  - packages: /npm/*\n    kind: public\n"
POLICY = f"""
domain: {DOMAIN}
origins:
  - packages: /npm/public/*
    kind: public
  - packages: /npm/internal/*
    kind: internal
"""
_numbers = count()


@dataclass(frozen=True)
class Case:
    """A repository to bring in order; every so-manieth of its packages has drifted."""

    packages: int
    drifted: int
    kind: Kind = "public"

    def seed(self, endpoint: str) -> Repository:
        """Return a new repository like this."""
        name = f"npm-{next(_numbers)}"
        every = self.packages // self.drifted if self.drifted else self.packages + 1
        publish, upstream = WANTED[self.kind]
        entry = {"repositoryName": name} if self.kind == "internal" else _NPMJS
        origin = "INTERNAL" if self.kind == "internal" else "EXTERNAL"
        packages = [
            {
                "format": "npm",
                "namespace": self.kind,
                "package": f"package-{number:05d}",
                "restrictions": {"publish": "ALLOW", "upstream": "ALLOW"}
                if number % every == every - 1
                else {"publish": publish, "upstream": upstream},
                "versions": [
                    {
                        "version": "1.0.0",
                        "origin": {"originType": origin, "domainEntryPoint": entry},
                    }
                ],
            }
            for number in range(self.packages)
        ]
        repositories = [{"name": name, "packages": packages}]
        document = {"domains": [{"name": DOMAIN, "repositories": repositories}]}
        admin(endpoint, "POST", "seed", document)
        return Repository(DOMAIN, ACCOUNT, name)


_NPMJS = {"externalConnectionName": "public:npmjs"}
CASES = {
    "500_packages_25_drifted": Case(500, 25),
    "500_packages_nothing_drifted": Case(500, 0),
    "500_internal_packages_25_drifted": Case(500, 25, "internal"),
    "10000_packages_nothing_drifted": Case(10_000, 0),
    # Last, as the local DynamoDB reads its whole table at each Query: these fill it.
    "500_packages_all_drifted": Case(500, 500),
    "10000_packages_500_drifted": Case(10_000, 500),
}
REPLAYED = (
    "500_packages_25_drifted",
    "500_packages_nothing_drifted",
    "500_packages_all_drifted",
)


@dataclass(frozen=True)
class Bench:
    """What all measurements share."""

    endpoint: str
    to: Collaborators
    others: OtherServices
    repeats: int

    def measured(self, case: Case, run: Callable[[Repository], object]) -> dict[str, object]:
        """
        Return the calls of *run* and its least seconds, each time on a new repository.

        Where 500 have drifted it is done once: from afar that takes long.
        """
        figures: dict[str, object] = {}
        for title, latency in (("seconds", 0), (f"seconds_{LATENCY_MS}_ms_away", LATENCY_MS)):
            seconds = []
            for _ in range(1 if case.drifted >= 500 else self.repeats):
                repository = case.seed(self.endpoint)
                with self._away(latency):
                    began = time.perf_counter()
                    run(repository)
                    seconds.append(time.perf_counter() - began)
                calls = admin(self.endpoint, "GET", "requests")
                self._check(repository, case)
            figures |= {
                "calls": calls,
                "calls_of_other_services": dict(self.others.calls),
                title: round(min(seconds), 2),
            }
        return figures

    def enforce(self, repository: Repository) -> None:
        """Do what ``steward enforce`` does."""
        for outcome in enforce_in_repository(repository, self.to, workers=WORKERS):
            assert outcome.written, outcome

    def peak_megabytes(self, case: Case) -> float:
        """Return the most memory that the run has allocated at a time, in a run of its own."""
        repository = case.seed(self.endpoint)
        tracemalloc.start()
        self.enforce(repository)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return round(peak / 1_000_000, 1)

    @contextmanager
    def _away(self, latency: int) -> Iterator[None]:
        admin(self.endpoint, "PUT", "faults", {"latencyMs": latency})
        self.others.latency_ms = latency
        self.others.calls.clear()
        admin(self.endpoint, "DELETE", "requests")
        yield
        admin(self.endpoint, "PUT", "faults", {})
        self.others.latency_ms = 0

    def _check(self, repository: Repository, case: Case) -> None:
        """The repository is as the policy says."""
        for page in self.to.codeartifact.packages(repository):
            for package, found in page:
                assert (found.publish, found.upstream) == WANTED[case.kind], package


class Replay:
    """The calls of AWS's toolkit: every package of a repository is read and written."""

    def __init__(self, kind: Kind) -> None:
        self._publish, self._upstream = WANTED[kind]
        retries = {"max_attempts": 10, "mode": "standard"}  # as the toolkit has it
        self._client: CodeArtifactClient = get_session().create_client(
            "codeartifact",
            config=Config(retries=retries),
        )

    def __call__(self, repository: Repository) -> None:
        """Do it by threads, once."""
        pages = self._client.get_paginator("list_packages").paginate(
            domain=repository.domain, repository=repository.name
        )
        packages = [package for page in pages for package in page["packages"]]
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda each: self._apply(repository, each), packages))

    def _apply(self, repository: Repository, package: PackageSummaryTypeDef) -> None:
        which = {
            "domain": repository.domain,
            "repository": repository.name,
            "format": package["format"],
            "namespace": package["namespace"],
            "package": package["package"],
        }
        self._client.describe_package(**which)  # type: ignore[arg-type]  # a bundle of texts
        self._client.put_package_origin_configuration(
            **which,  # type: ignore[arg-type]  # a bundle of texts
            restrictions={"publish": self._publish, "upstream": self._upstream},
        )


def collaborators(folder: Path) -> Collaborators:
    """Return what ``steward enforce`` works with, for the policy of this benchmark."""
    compiled = folder / "policy.json"
    compiled.write_text(compile_policy(POLICY, "policy.yaml"))
    deployment = find_deployment(connect(), "elsewhere")
    return Collaborators(
        codeartifact=gateway.connect("enforce"),
        policy=policies.load(compiled),
        ledger=ledger.connect("enforce", deployment.ledger),
        own_queue=NoSecondLook(),
        notices=BusNotices(),
        attention=SnsAttention(deployment.attention_topic),
        now=lambda: datetime.now(UTC),
    )


def main() -> None:
    """Run the benchmark and print its figures as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3, help="runs of each case (default: 3)")
    repeats: int = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "policy.yaml").write_text(ELSEWHERE)
        with running("up", "--policy", str(folder / "policy.yaml")) as endpoint:
            point_aws_at(endpoint)
            others = OtherServices()
            others.watch()
            bench = Bench(endpoint, collaborators(folder), others, repeats)
            with quiet():
                ours = {title: bench.measured(case, bench.enforce) for title, case in CASES.items()}
                replay = {
                    title: bench.measured(CASES[title], Replay(CASES[title].kind))
                    for title in REPLAYED
                }
                peak = {
                    title: bench.peak_megabytes(CASES[title])
                    for title in ("500_packages_25_drifted", "10000_packages_500_drifted")
                }
    print(json.dumps({"ours": ours, "replay_of_toolkit": replay, "peak_megabytes": peak}, indent=2))


if __name__ == "__main__":
    main()
