"""What warming many packages costs in requests and calls: cold, and warm already."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from tests.functional.warming_domain import (
    REPOSITORY,
    WarmingDomain,
    package,
    states,
    wanted,
    warming_domain,
)
from warm_caches.engine import How
from warm_caches.values import WantedVersion
from warm_caches.warming import confirm, warm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steward.coordinates import Format
    from tests.functional.local_codeartifact import Swappable
    from warm_caches.engine import Warmed
    from warm_caches.values import Wanted

NUMBERS: Final[dict[Format, int]] = {"pypi": 30, "npm": 60, "maven": 18}
PACKAGES: Final = sum(NUMBERS.values())
SAMPLE: Final = 20  # lists of versions, before the packages are listed


@pytest.fixture
def domain(emulator_server: tuple[str, Swappable]) -> Iterator[WarmingDomain]:
    """A fresh domain, of which nothing is warm; all packages are public."""
    with warming_domain(*emulator_server) as made:
        for package_format, number in NUMBERS.items():
            for each in range(number):
                made.offer(package_format, f"lib-{each}", "1.0.0")
        yield made


def everything() -> list[Wanted]:
    """Return all packages as wanted."""
    return [
        wanted(package_format, f"lib-{each}", "1.0.0")
        for package_format, number in NUMBERS.items()
        for each in range(number)
    ]


def settled(domain: WarmingDomain) -> Warmed:
    """Warm everything; what was asked for is looked for when it has had time to come in."""
    return warm(everything(), replace(domain.engine(), settle_seconds=0.5), How())


def test_a_cold_repository_costs_the_requests_of_each_format_and_few_lists(
    domain: WarmingDomain,
) -> None:
    """Lists of packages stand for the lists of versions before and after, but for the first few."""
    with domain.counted() as counts:
        warmed = settled(domain)
    assert set(states(warmed).values()) <= {"fetched", "waiting"}
    assert len(states(warmed)) == PACKAGES
    asked = {name: number for name, number in counts.items() if ":" in name}
    assert asked == {
        "pypi:GetSimple": NUMBERS["pypi"],
        "pypi:GetFile": NUMBERS["pypi"],
        "npm:GetTarball": NUMBERS["npm"],
        "maven:GetAsset": 2 * NUMBERS["maven"],
    }
    assert warmed.requests == sum(asked.values())
    assert warmed.lists == counts["ListPackages"] + counts["ListPackageVersions"]
    assert 2 <= counts["ListPackages"] <= 1 + PACKAGES // 20
    assert SAMPLE <= counts["ListPackageVersions"] <= SAMPLE + PACKAGES


def test_what_is_warm_already_costs_one_list_a_package(domain: WarmingDomain) -> None:
    """And neither requests to the endpoint nor a list of packages."""
    waiting = settled(domain).waiting
    while waiting:
        waiting = confirm(waiting, domain.engine(), How()).waiting
    with domain.counted() as counts:
        warmed = domain.warm(*everything())
    assert set(states(warmed).values()) == {"warm"}
    assert counts == {"ListPackageVersions": PACKAGES}


def test_a_package_of_which_two_versions_are_wanted_is_looked_for_version_by_version(
    domain: WarmingDomain,
) -> None:
    """That the repository has the package does not say that it has both."""
    two = (WantedVersion("1.0.0"), WantedVersion("9.9.9"))
    several = [replace(one, versions=two) for one in everything()]
    warmed = warm(several, replace(domain.engine(), settle_seconds=0.5), How())
    for package_format in NUMBERS:
        purl = package(package_format, "lib-1").purl
        assert states(warmed)[purl("1.0.0")] in {"fetched", "waiting"}
        assert states(warmed)[purl("9.9.9")] == "not found"


def test_what_is_not_listed_yet_is_not_taken_for_fetched(domain: WarmingDomain) -> None:
    """Until then the list of packages shows nothing of it, either."""
    domain.local.faults(visibilityDelaySeconds=3600)
    warmed = settled(domain)
    assert set(states(warmed).values()) == {"waiting"}
    assert {one.package.repository for one in warmed.waiting} == {REPOSITORY}
    assert len(warmed.waiting) == PACKAGES
