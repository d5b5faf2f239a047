"""Warming of a local CodeArtifact while things go wrong: what is there in the end, what is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from emulator.core.switches import SWITCHES, SwitchValue
from steward.cache_rules import CachedPackage, CacheRule
from steward.codeartifact import CodeArtifactService
from steward.coordinates import Format
from steward.endpoint_access import EndpointAccess
from steward.streamed_http import StreamedHttp
from tests.functional.local_codeartifact import Swappable
from tests.functional.test_warm_caches_function import FORMATS, Deployed, deployed
from tests.functional.warming_domain import (
    CONNECTIONS,
    DOMAIN,
    GROUP,
    REPOSITORY,
    WarmingDomain,
    states,
    wanted,
    warming_domain,
)
from tests.functional.warming_rounds import warmed_at_last
from warm_caches.engine import Engine, How
from warm_caches.fetching import EndpointFetching
from warm_caches.warming import warm

NAMES = [f"p{number}" for number in range(4)]


@pytest.fixture
def domain(emulator_server: tuple[str, Swappable]) -> Iterator[WarmingDomain]:
    """A fresh domain, of which nothing is warm; four packages of each format are public."""
    with warming_domain(*emulator_server) as made:
        for one in FORMATS:
            for name in NAMES:
                made.offer(one, name, "1.0.0", "1.1.0")
        yield made


@pytest.fixture
def there(emulator_server: tuple[str, Swappable]) -> Iterator[Deployed]:
    """A fresh domain of which nothing is warm, and the function."""
    with deployed(emulator_server) as made:
        yield made


EVERYTHING = [wanted(one, name, "1.0.0", "1.1.0") for one in FORMATS for name in NAMES]


def is_warm(domain: WarmingDomain) -> bool:
    """Return whether everything that was wanted is there."""
    return all(
        domain.held(one.package) == {"1.0.0": "Published", "1.1.0": "Published"}
        for one in EVERYTHING
    )


def paced(domain: WarmingDomain, act: Callable[[], None], *, at: int) -> Engine:
    """Return an engine before whose request number *at* something happens."""
    client, numbers = domain.local.client(), count(1)

    def pace() -> None:
        if next(numbers) == at:
            act()

    http = StreamedHttp(seconds_idle=20, seconds_whole=20, connections=32)
    fetching = EndpointFetching(EndpointAccess(client), http, pace, sleep=lambda _: None)
    return replace(domain.engine(), fetching=fetching)


@pytest.mark.parametrize("seed", range(2))
def test_calls_that_fail_now_and_then_only_cost_another_try(
    domain: WarmingDomain, seed: int
) -> None:
    """One of twenty calls of the API and requests to the endpoint is an error of the server."""
    domain.local.faults(errorRate=0.05, seed=seed)
    found = warmed_at_last(domain, *EVERYTHING)
    # Where it was a token that could not be had, the next run tries again.
    assert set(found.values()) <= {"fetched", "warm", "failed", "no answer"}
    assert list(found.values()).count("fetched") > len(EVERYTHING)
    domain.local.faults()
    warmed_at_last(domain, *EVERYTHING)
    assert is_warm(domain)


@pytest.mark.parametrize(
    "operation",
    ["ListPackageVersions", "GetAuthorizationToken", "ReadFromRepository", "pypi:GetSimple"],
)
def test_an_operation_that_is_throttled_holds_up_only_what_needs_it(
    domain: WarmingDomain, operation: str
) -> None:
    """Nothing is lost: what was not answered is left, and comes in when it is."""
    domain.local.faults(throttle={operation: 0})
    warmed = domain.warm(*EVERYTHING)
    assert warmed.tally.not_found == warmed.tally.blocked == 0
    settled = {one.state for one in warmed.outcomes}
    assert settled <= {"fetched", "waiting", "no answer", "failed"}
    domain.local.faults()
    warmed_at_last(domain, *EVERYTHING)
    assert is_warm(domain)


@pytest.mark.parametrize("status", SWITCHES["invalidTokenStatus"].allowed)
@pytest.mark.parametrize("at", [2, 20])
def test_a_token_that_ends_in_the_middle_is_replaced(
    domain: WarmingDomain, status: SwitchValue, at: int
) -> None:
    """Expired or revoked, and whatever the endpoint says then: it is replaced."""
    domain.local.faults(invalidTokenStatus=status)

    def half_a_day_later() -> None:
        domain.local.admin("PUT", "clock", {"advance": "PT13H"})

    warmed = warm(EVERYTHING, paced(domain, half_a_day_later, at=at), How())
    # A 404 is believed for some seconds after the same token was accepted. What a redirect of
    # before leads to has expired with the token, and is asked for again.
    lost = {"not found", "no answer"} if status == 404 else {"no answer"}
    assert set(states(warmed).values()) <= {"fetched", "waiting"} | lost
    warmed_at_last(domain, *EVERYTHING)
    assert is_warm(domain)


@pytest.mark.parametrize("one", FORMATS)
def test_what_is_deleted_while_it_is_fetched_comes_in_with_the_next_run(
    domain: WarmingDomain, one: Format
) -> None:
    """Whoever deletes it meanwhile; the run itself comes to an end."""
    some = wanted(one, "p0", "1.0.0", "1.1.0")
    domain.warm_until_listed(wanted(one, "p0", "1.0.0"))

    def delete() -> None:
        namespace = {"namespace": GROUP} if one == "maven" else {}
        domain.local.client().delete_package(
            domain=DOMAIN, repository=REPOSITORY.name, format=one, package="p0", **namespace
        )

    first = warmed_at_last(domain, some, engine=paced(domain, delete, at=1))
    assert set(first.values()) <= {"warm", "fetched"}
    warmed_at_last(domain, some)
    assert domain.held(some.package).keys() == {"1.0.0", "1.1.0"}


@pytest.mark.parametrize("status", ["Archived", "Unlisted"])
def test_what_is_put_away_while_it_is_fetched_stays_so(domain: WarmingDomain, status: str) -> None:
    """Between the request and the look: an answer, and nothing is tried again."""
    gateway = CodeArtifactService(domain.local.client())
    some = wanted("npm", "p0", "1.0.0")
    engine = domain.engine()
    looks = count(1)

    def lists() -> None:
        if next(looks) == 2:
            domain.warm_until_listed(some)
            (row,) = gateway.versions(some.package)
            gateway.set_status(some.package, [row], status)  # type: ignore[arg-type]  # a case

    warmed = warm([some], replace(engine, lists=lists), How())
    assert list(states(warmed).values()) == ["blocked" if status == "Archived" else "fetched"]
    assert (warmed.waiting, warmed.left) == ((), ())
    assert domain.held(some.package) == {"1.0.0": status}


def test_versions_that_are_seen_late_and_calls_that_fail_together(domain: WarmingDomain) -> None:
    """The delay of three minutes, errors, and a redirect that brings nothing in."""
    domain.local.faults(
        errorRate=0.05, visibilityDelaySeconds=170, ingestsBeforeDownload=False, seed=7
    )
    found = warmed_at_last(domain, *EVERYTHING)
    domain.local.faults()
    assert set(found.values()) <= {"fetched", "warm", "failed", "no answer"}
    warmed_at_last(domain, *EVERYTHING)
    assert is_warm(domain)


@pytest.mark.parametrize(
    ("one", "status"),
    [
        *(("npm", status) for status in SWITCHES["unavailableConnectionStatus"].allowed),
        ("pypi", 404),
        ("pypi", 503),
        ("maven", 404),
    ],
)
def test_an_outage_is_told_once_and_its_end_once_whatever_the_answer_is(
    there: Deployed, one: Format, status: SwitchValue
) -> None:
    """Also where the endpoint says 404; a private package that never exists changes nothing."""
    private = CachedPackage(one, GROUP if one == "maven" else None, "private", version="1.0.0")
    there.tick()
    there.settle()
    assert there.function.heard.outages == []
    newer = CachedPackage(one, private.namespace, "lib", version="1.2.0")
    there.deploy(CacheRule("caches[0]", REPOSITORY.name, packages=(private, newer)))
    there.domain.offer(one, "lib", "1.2.0")
    there.wait(timedelta(hours=4))
    connection = CONNECTIONS[one]
    there.domain.local.faults(
        externalConnections={connection: "down"}, unavailableConnectionStatus=status
    )
    for _ in range(2):
        there.tick()
        there.settle()
    assert there.function.heard.outages == [("begins", connection)]
    assert there.held()[one] == ["1.0.0"]
    there.domain.local.faults()
    for _ in range(2):
        there.tick()
        there.settle()
    assert there.function.heard.outages == [("begins", connection), ("ends", connection)]
    assert there.held()[one] == ["1.0.0", "1.2.0"]
    assert there.function.last().tally.not_found == 1
    assert len(there.function.heard.told) == 2


def test_an_outage_after_which_nothing_is_missing_is_over_after_an_hour(there: Deployed) -> None:
    """A package that never exists is found missing again, and what is held shows who answers."""
    private = CachedPackage("npm", None, "private", version="1.0.0")
    there.tick()
    there.settle()
    there.deploy(CacheRule("caches[0]", REPOSITORY.name, packages=(private,)))
    there.domain.local.faults(externalConnections={"public:npmjs": "down"})
    there.tick()
    there.domain.local.faults()
    for _ in range(3):
        there.tick()
        there.wait(timedelta(minutes=19))
    assert there.function.heard.outages == [("begins", "public:npmjs")]
    there.wait(timedelta(minutes=10))
    for _ in range(2):
        there.tick()
    assert there.function.heard.outages == [("begins", "public:npmjs"), ("ends", "public:npmjs")]


def test_private_packages_raise_no_alarm_while_others_show_life(there: Deployed) -> None:
    """However many they are, and however often they are asked for."""
    there.tick()
    there.settle()
    some = tuple(
        CachedPackage("npm", None, f"private{number}", version="1.0.0") for number in range(20)
    )
    there.deploy(CacheRule("caches[0]", REPOSITORY.name, packages=some))
    for _ in range(2):
        there.tick()
        there.settle()
        there.wait(timedelta(hours=1))
    assert there.function.heard.outages == []
    assert there.function.last().tally.not_found == 20


@pytest.mark.parametrize("call", range(1, 12, 3))
def test_a_worker_that_dies_in_the_middle_of_a_batch_loses_nothing(
    there: Deployed, call: int
) -> None:
    """Whatever call of queue or table is its last one: all is there, and each is counted once."""
    there.function.faults.dies_at = call
    there.tick()
    there.settle()
    run = there.function.last()
    assert there.held() == {one: ["1.0.0"] for one in FORMATS}
    assert run.finished is not None
    assert run.tally.warm + run.tally.fetched == 3
    assert there.function.dead_letters == []
    assert len(there.function.heard.summaries) <= 1
