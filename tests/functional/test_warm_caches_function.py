"""The function on a local CodeArtifact: from the tick of the schedule to what repositories hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from steward.cache_rules import CachedPackage, CacheRule
from steward.codeartifact import CodeArtifactService
from steward.coordinates import Format
from steward.errors import PackageNotFoundError
from steward.lockfiles import Locked
from steward.patterns import parse
from steward.policy import Policy
from steward.repositories import ServiceRepositories
from steward.upstream_walk import Connections
from tests.functional.local_codeartifact import Swappable
from tests.functional.warming_company import WarmingCompany, company
from tests.functional.warming_domain import (
    CONNECTIONS,
    DOMAIN,
    GROUP,
    REPOSITORY,
    WarmingDomain,
    package,
    warming_domain,
)
from warm_caches.collaborators import Collaborators
from warm_caches.messages import WarmCaches
from warm_caches.planning import Sources
from warm_caches.warming import warm

FORMATS: tuple[Format, ...] = tuple(CONNECTIONS)
LOCKED = {
    "requirements.txt": (Locked("pypi", None, "lib", "1.0.0"),),
    "package-lock.json": (Locked("npm", None, "lib", "1.0.0"),),
    "gradle.lockfile": (Locked("maven", GROUP, "lib", "1.0.0"),),
}
RULE = CacheRule("caches[0]", REPOSITORY.name, lockfiles=tuple(LOCKED))


@dataclass
class Deployed:
    """A domain with public repositories, and the function, deployed with some rules."""

    domain: WarmingDomain
    function: WarmingCompany
    observe: bool = False

    def arranged(self, to: Collaborators) -> Collaborators:
        """Return what the function talks to: the local CodeArtifact."""
        client = self.domain.local.client()
        return replace(
            to,
            warm=lambda wanted, how, **said: warm(
                wanted, self.domain.engine(observe=self.observe), how, **said
            ),
            sources=Sources(CodeArtifactService(client), to.sources.objects, lambda: LOCKED),
            connections=Connections(ServiceRepositories(client)),
        )

    def deploy(self, *rules: CacheRule) -> None:
        """Deploy a policy of *rules*."""
        self.function.policy = Policy("0" * 64, DOMAIN, (), caches=rules)

    def tick(self) -> None:
        """The schedule wakes the function, which works until nothing is left."""
        self.function.send(WarmCaches())
        self.function.work_off()

    def settle(self) -> None:
        """Time passes for everybody, until all that is to be looked at again was."""
        for _ in range(5):
            self.wait(timedelta(minutes=15))

    def wait(self, duration: timedelta) -> None:
        """Time passes for everybody, and what is due by then is worked off."""
        self.domain.local.state.clock.advance(duration)
        self.function.wait(duration)

    def held(self, name: str = "lib") -> dict[str, list[str]]:
        """Return the versions that the repository holds of a package, by format."""
        found: dict[str, list[str]] = {one: [] for one in FORMATS}
        for one in FORMATS:
            with suppress(PackageNotFoundError):
                found[one] = sorted(self.domain.held(package(one, name)))
        return found


@contextmanager
def deployed(emulator_server: tuple[str, Swappable]) -> Iterator[Deployed]:
    """Give a fresh domain and a fresh function."""
    with warming_domain(*emulator_server) as domain, company(RULE) as function:
        for one in FORMATS:
            domain.offer(one, "lib", "1.0.0", "1.1.0")
        made = Deployed(domain, function)
        function.arranged = made.arranged
        yield made


@pytest.fixture
def there(emulator_server: tuple[str, Swappable]) -> Iterator[Deployed]:
    """A fresh domain of which nothing is warm, and the function with three lock files."""
    with deployed(emulator_server) as made:
        yield made


def test_a_tick_warms_what_lock_files_name(there: Deployed) -> None:
    """All formats, in the repository of the rule; the run says so."""
    there.tick()
    there.settle()
    assert there.held() == {one: ["1.0.0"] for one in FORMATS}
    run = there.function.last()
    assert (run.tally.fetched + run.tally.warm, run.tally.failed, run.packages) == (3, 0, 3)
    assert run.finished is not None
    assert len(there.function.heard.summaries) == 1


def test_a_tick_with_nothing_missing_asks_for_lists_alone(there: Deployed) -> None:
    """One list a package, whether the repository is there, and no request to an endpoint."""
    there.tick()
    there.settle()
    with there.domain.counted() as counts:
        there.tick()
    assert counts == {"DescribeRepository": 1, "ListPackageVersions": 3}
    assert there.function.last().tally.warm == 3


def test_new_versions_of_what_is_held_come_in(there: Deployed) -> None:
    """At the tick after they were released; also those of listed packages."""
    keeping = replace(RULE, keep_up_with=tuple(parse(f"/{one}/*") for one in FORMATS))
    there.deploy(keeping)
    there.tick()
    there.settle()
    for _ in range(3):  # Maven: the first look after three hours only has the list fetched
        there.tick()
        there.settle()
        there.wait(timedelta(hours=4))
    assert all("1.1.0" in versions for versions in there.held().values())


def test_the_newest_versions_of_a_package_come_in(there: Deployed) -> None:
    """As many as the rule says."""
    lib = CachedPackage("npm", None, "lib", newest=2)
    there.deploy(CacheRule("caches[0]", REPOSITORY.name, packages=(lib,)))
    there.tick()
    there.settle()
    assert there.held()["npm"] == ["1.0.0", "1.1.0"]


@pytest.mark.parametrize("status", [404, 503])
def test_an_outage_of_one_public_repository_holds_up_no_other(there: Deployed, status: int) -> None:
    """It is told once, and once when it is over; then what was missing is there."""
    down = {"externalConnections": {"public:npmjs": "down"}}
    there.domain.local.faults(**down, unavailableConnectionStatus=status)
    there.tick()
    there.settle()
    there.tick()
    there.settle()
    assert there.held() == {"pypi": ["1.0.0"], "npm": [], "maven": ["1.0.0"]}
    begun = there.function.heard.outages
    assert begun == ([] if status == 404 else [("begins", "public:npmjs")])
    there.domain.local.faults()
    there.tick()
    there.settle()
    assert there.held()["npm"] == ["1.0.0"]
    ended = [] if status == 404 else [("begins", "public:npmjs"), ("ends", "public:npmjs")]
    assert there.function.heard.outages == ended
    assert all(one.finished is not None for one in there.function.runs.latest())


def test_what_is_seen_minutes_later_counts_once_it_is_seen(there: Deployed) -> None:
    """The documented delay: nothing is downloaded twice, and nothing fails."""
    there.domain.local.faults(visibilityDelaySeconds=180)
    there.tick()
    assert there.function.last().tally.fetched == 0
    assert there.function.last().finished is None
    there.wait(timedelta(minutes=3))
    run = there.function.last()
    assert (run.tally.fetched, run.tally.failed) == (3, 0)
    assert run.finished is not None


def test_what_only_a_download_brings_in_comes_in(there: Deployed) -> None:
    """Should CodeArtifact wait until the redirect is followed, the second attempt does so."""
    there.domain.local.faults(ingestsBeforeDownload=False)
    there.tick()
    there.settle()
    assert there.held() == {one: ["1.0.0"] for one in FORMATS}
    assert there.function.last().tally.failed == 0


def test_observe_mode_fetches_nothing(there: Deployed) -> None:
    """It lists, and says what it would fetch."""
    there.observe = True
    with there.domain.counted() as counts:
        there.tick()
    assert set(counts) <= {"DescribeRepository", "ListPackageVersions", "ListPackages"}
    assert there.held() == {one: [] for one in FORMATS}
    assert there.function.last().tally.would_fetch == 3
    assert there.function.last().finished is not None


def test_a_repository_that_is_not_there_is_a_problem_of_the_run(there: Deployed) -> None:
    """Nothing is asked for in it, and the run ends; no message comes back for ever."""
    keeping = (parse("/npm/*"),)
    there.deploy(CacheRule("caches[0]", "nowhere", lockfiles=("uv.lock",), keep_up_with=keeping))
    with there.domain.counted() as counts:
        there.tick()
    assert set(counts) == {"DescribeRepository"}
    assert there.function.last().problems == (f"{DOMAIN} has no repository nowhere",)
    assert there.function.last().finished is not None
    assert there.function.dead_letters == []
