"""Warming where AWS documents nothing: every switch off its default, and combinations."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from emulator.core.switches import SWITCHES, SwitchValue
from emulator.external.ruby_layout import RubyLayout
from steward.codeartifact import CodeArtifactService, TargetStatus
from steward.coordinates import Format, Package
from tests.functional.emulator import made_gems
from tests.functional.every_switch import COMBINATIONS, EACH_SWITCH, Switches
from tests.functional.local_codeartifact import Swappable
from tests.functional.warming_domain import (
    CONNECTIONS,
    DOMAIN,
    REPOSITORY,
    WarmingDomain,
    files_of,
    package,
    wanted,
    warming_domain,
)
from tests.functional.warming_rounds import warmed_at_last
from warm_caches.engine import How
from warm_caches.values import Wanted, WantedVersion

FORMATS: tuple[Format, ...] = tuple(CONNECTIONS)
GEM = "native-1.0.0-x86_64-linux.gem"
# What may differ between formats.
OF_EACH_FORMAT = {
    "listHidesArchived",
    "invalidTokenStatus",
    "redirectStatus",
    "unavailableConnectionStatus",
    "ingestsBeforeDownload",
}
ARCHIVE = How(verify=True, archive_mismatches=True, rule="caches[0]")


@pytest.fixture(scope="module")
def gems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A public repository of gems, one for a platform among them."""
    folder = tmp_path_factory.mktemp("gems")
    made_gems.release(folder, "native", "1.0.0")
    made_gems.release(folder, "native", "1.0.0", platform="x86_64-linux")
    return folder


@contextmanager
def with_gems(emulator_server: tuple[str, Swappable], gems: Path) -> Iterator[WarmingDomain]:
    """Give a fresh domain that reaches gems, too."""
    with warming_domain(*emulator_server) as made:
        made.local.state.public["public:ruby-gems-org"] = RubyLayout(gems, "a folder")
        client = made.local.client()
        client.create_repository(domain=DOMAIN, repository="ruby-store")
        client.associate_external_connection(
            domain=DOMAIN, repository="ruby-store", externalConnection="public:ruby-gems-org"
        )
        client.update_repository(
            domain=DOMAIN,
            repository=REPOSITORY.name,
            upstreams=[{"repositoryName": f"{one}-store"} for one in (*CONNECTIONS, "ruby")],
        )
        yield made


def setting(switches: Switches, name: str) -> SwitchValue:
    """Return the value of a switch."""
    return switches.get(name, SWITCHES[name].default)


def hash_of(domain: WarmingDomain, package_format: Format, name: str) -> str:
    """Return the hash of a file of version 1.0.0, as a lock file states it."""
    file = files_of(package_format, name, "1.0.0")[1 if package_format == "maven" else 0]
    content = domain.public[package_format].content[f"{name}/1.0.0/{file}"]
    return f"SHA-256:{hashlib.sha256(content).hexdigest()}"


def set_status(domain: WarmingDomain, where: Package, version: str, status: TargetStatus) -> None:
    """Somebody unlists or archives a version."""
    gateway = CodeArtifactService(domain.local.client())
    (row,) = (one for one in gateway.versions(where) if one.version == version)
    assert gateway.set_status(where, [row], status).changed == (row,)


def check_warm(domain: WarmingDomain, switches: Switches, formats: Sequence[Format]) -> None:
    """Versions of every fate: held, unlisted, archived, missing, wrong, unknown, the newest."""
    for one in formats:
        domain.offer(one, "lib", "1.0.0", "1.1.0", "1.2.0", "2.0.0")
        domain.offer(one, "wrong", "1.0.0")
        domain.offer(one, "right", "1.0.0")
        domain.offer(one, "new", "1.0.0", "1.1.0")
    domain.warm_until_listed(*(wanted(one, "lib", "1.0.0", "1.1.0", "1.2.0") for one in formats))
    for one in formats:
        set_status(domain, package(one, "lib"), "1.1.0", "Archived")
        set_status(domain, package(one, "lib"), "1.2.0", "Unlisted")
    some = [each for one in formats for each in of_every_fate(domain, one)]
    domain.local.faults(**switches)
    found = warmed_at_last(domain, *some, how=ARCHIVE)
    archived = "not found" if setting(switches, "listHidesArchived") is True else "blocked"
    ends = {
        "lib": {"1.0.0": "warm", "1.1.0": archived, "1.2.0": "warm", "2.0.0": "fetched"},
        "right": {"1.0.0": "fetched"},
        "wrong": {"1.0.0": "mismatch"},
        "new": {"1.1.0": "fetched"},
        "nowhere": {"1.0.0": "not found"},
    }
    assert found == by_purl(ends, formats)

    recorded = list(domain.ledger.recorded)
    assert len(recorded) == len(formats)
    found = warmed_at_last(domain, *some, how=ARCHIVE)
    ends["wrong"] = {"1.0.0": archived}
    assert found == {
        purl: "warm" if state == "fetched" else state
        for purl, state in by_purl(ends, formats).items()
    }
    assert domain.ledger.recorded == recorded

    domain.local.faults()
    statuses = {
        "lib": {
            "1.0.0": "Published",
            "1.1.0": "Archived",
            "1.2.0": "Unlisted",
            "2.0.0": "Published",
        },
        "right": {"1.0.0": "Published"},
        "wrong": {"1.0.0": "Archived"},
        "new": {"1.1.0": "Published"},
    }
    for one in formats:
        assert {name: domain.held(package(one, name)) for name in statuses} == statuses


def of_every_fate(domain: WarmingDomain, one: Format) -> list[Wanted]:
    """Return what is wanted of a format."""
    more = frozenset({"new-1.1.0-tests.jar"} if one == "maven" else ())
    right = WantedVersion("1.0.0", frozenset({hash_of(domain, one, "right")}))
    return [
        wanted(one, "lib", "1.0.0", "1.1.0", "1.2.0", "2.0.0"),
        wanted(one, "right", right),
        wanted(one, "wrong", WantedVersion("1.0.0", frozenset({"SHA-256:" + "0" * 64}))),
        Wanted(package(one, "new"), (WantedVersion("1.1.0", files=more),), newest=1),
        wanted(one, "nowhere", "1.0.0"),
    ]


def by_purl(ends: Mapping[str, Mapping[str, str]], formats: Sequence[Format]) -> dict[str, str]:
    """Return the same for each format, by package URL."""
    return {
        package(one, name).purl(version): state
        for one in formats
        for name, versions in ends.items()
        for version, state in versions.items()
    }


def check_outage(domain: WarmingDomain, switches: Switches, formats: Sequence[Format]) -> None:
    """What is missing is left, whatever the endpoint answers; it comes in afterwards."""
    some = []
    for one in formats:
        domain.offer(one, "lib", "3.0.0")
        domain.offer(one, "late", "1.0.0")
        some += [
            wanted(one, "lib", "1.0.0", "3.0.0"),
            wanted(one, "late", "1.0.0"),
            wanted(one, "nowhere", "1.0.0"),
        ]
    domain.local.admin("PUT", "clock", {"advance": "PT4H"})  # nothing is remembered any more
    down = {CONNECTIONS[one]: "down" for one in formats}
    domain.local.faults(**switches, externalConnections=down)
    warmed = domain.warm(*some)
    assert warmed.unanswered == set(formats)
    assert len(warmed.left) == 3 * len(formats)
    assert (warmed.tally.warm, warmed.tally.not_found, warmed.tally.failed) == (len(formats), 0, 0)
    domain.local.faults(**switches)
    assert warmed_at_last(domain, *warmed.left) == by_purl(
        {
            "lib": {"3.0.0": "fetched"},
            "late": {"1.0.0": "fetched"},
            "nowhere": {"1.0.0": "not found"},
        },
        formats,
    )


def check_gem(domain: WarmingDomain, switches: Switches) -> None:
    """A gem for a platform, as a lock file of Bundler names it, and one that is for all."""
    linux = WantedVersion("1.0.0-x86_64-linux", files=frozenset({GEM}))
    some = wanted("ruby", "native", "1.0.0", linux)
    domain.local.faults(**switches)
    assert set(warmed_at_last(domain, some).values()) == {"fetched"}
    assert set(warmed_at_last(domain, some).values()) == {"warm"}
    held = domain.held(package("ruby", "native"))
    place = setting(switches, "gemPlatformPlace")
    assert held.keys() == {"1.0.0"} | ({"1.0.0-x86_64-linux"} if place == "version" else set())


def check(domain: WarmingDomain, switches: Switches) -> None:
    """Everything ends as the switches say."""
    formats = FORMATS
    if not switches.keys() & OF_EACH_FORMAT:
        # One format is enough to see that a switch changes nothing, and each has its turn.
        number = sum(list(SWITCHES).index(name) for name in switches)
        formats = (FORMATS[number % len(FORMATS)],)
    check_warm(domain, switches, formats)
    check_outage(domain, switches, formats)
    check_gem(domain, switches)


@EACH_SWITCH
def test_caches_end_as_the_switch_says(
    emulator_server: tuple[str, Swappable], gems: Path, switches: Switches
) -> None:
    """One switch at a time."""
    with with_gems(emulator_server, gems) as domain:
        check(domain, switches)


@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(switches=COMBINATIONS)
def test_caches_end_as_combinations_of_switches_say(
    emulator_server: tuple[str, Swappable], gems: Path, switches: Switches
) -> None:
    """Random combinations, a fixed number of them."""
    with with_gems(emulator_server, gems) as domain:
        check(domain, switches)
