"""What the origin controls cost, counted by the local CodeArtifact."""

from __future__ import annotations

import pytest

from enforce_origin_controls.repository import enforce_in_repository
from steward.coordinates import Package, Repository, Restrictions
from tests.functional.origin_domain import (
    APPROVED,
    CLOSED,
    INTERNAL,
    OPEN,
    PUBLIC,
    OriginDomain,
    inside,
    outside,
)
from tests.unit.fake_origin_domain import exempted

LOOK = "DescribePackage"
LIST = "ListPackageVersions"
GROUP = "GetAssociatedPackageGroup"
WRITE = "PutPackageOriginConfiguration"
ARCHIVE = "UpdatePackageVersionsStatus"
ROWS = "ListPackages"


@pytest.mark.parametrize("events", [1, 500], ids=["one event", "500 events of one batch"])
@pytest.mark.parametrize(
    ("scope", "current", "after", "calls"),
    [
        pytest.param("public", OPEN, PUBLIC, {LOOK: 1, WRITE: 1}, id="public, drifted"),
        pytest.param("public", PUBLIC, PUBLIC, {LOOK: 1}, id="public, in order"),
        pytest.param("explicit", INTERNAL, CLOSED, {LOOK: 1, WRITE: 1}, id="explicit, drifted"),
        pytest.param("explicit", CLOSED, CLOSED, {LOOK: 1}, id="explicit, in order"),
        pytest.param(
            "mycompany", OPEN, INTERNAL, {LOOK: 1, WRITE: 1, LIST: 1}, id="internal, drifted"
        ),
        pytest.param("mycompany", INTERNAL, INTERNAL, {LOOK: 1, LIST: 1}, id="internal, in order"),
        pytest.param("elsewhere", OPEN, OPEN, {}, id="no rule"),
    ],
)
def test_any_number_of_events_for_one_package_costs_its_rule_once(
    origins: OriginDomain,
    *,
    scope: str,
    current: Restrictions,
    after: Restrictions,
    calls: dict[str, int],
    events: int,
) -> None:
    """At most a look and a write; internal packages a list of the versions from outside more."""
    package = origins.seeded(origins.new_package(scope), current)

    origins.deliver(*[origins.event(package)] * events)

    assert origins.requests() == calls
    assert origins.restrictions(package) == after


@pytest.mark.parametrize(
    ("versions", "lists", "archives"),
    [
        pytest.param(100, 1, 1, id="100 versions are one call"),
        pytest.param(101, 1, 2, id="101 versions are two calls"),
        pytest.param(1001, 2, 11, id="1,001 versions are two pages and eleven calls"),
    ],
)
def test_versions_from_outside_are_archived_a_hundred_a_call(
    origins: OriginDomain, versions: int, lists: int, archives: int
) -> None:
    """Those published here are not even listed; a person gets one message about all."""
    package = origins.new_package()
    ours = [inside(f"0.{number}.0", package.repository.name) for number in range(50)]
    theirs = [outside(f"9.{number}.0") for number in range(versions)]
    origins.seeded(package, OPEN, *ours, *theirs)

    origins.look(package)

    assert origins.requests() == {LOOK: 1, WRITE: 1, LIST: lists, ARCHIVE: archives}
    assert len(origins.attention.messages) == 1
    statuses = origins.statuses(package)
    assert {statuses[one.version] for one in theirs} == {"Archived"}
    assert {statuses[one.version] for one in ours} == {"Published"}


def test_archives_hold_one_status_a_call(origins: OriginDomain) -> None:
    """The expected status is the lock, and a call has one."""
    package = origins.seeded(
        origins.new_package(), INTERNAL, outside("1.0.0"), outside("1.1.0", "Unlisted")
    )

    origins.look(package)

    assert origins.requests() == {LOOK: 1, LIST: 1, ARCHIVE: 2}
    assert set(origins.statuses(package).values()) == {"Archived"}


def test_a_package_is_at_rest_after_its_second_look(origins: OriginDomain) -> None:
    """Neither our own archiving nor the second look leads to anything more."""
    package = origins.seeded(origins.new_package(), OPEN, outside("9.9.9"))
    origins.look(package)
    origins.forget_requests()

    assert origins.look_again() == 1
    origins.deliver(*origins.take_queued())

    assert origins.looks == []
    assert origins.requests() == {LOOK: 2, LIST: 2}
    assert len(origins.attention.messages) == 1


@pytest.mark.parametrize(
    ("current", "calls"),
    [
        pytest.param(OPEN, {LOOK: 1, LIST: 1, GROUP: 1, WRITE: 1}, id="a write follows"),
        pytest.param(INTERNAL, {LOOK: 1, LIST: 1}, id="strict enough"),
        pytest.param(CLOSED, {LOOK: 1}, id="closed on both sides"),
    ],
)
def test_inferring_asks_for_no_more_than_it_needs(
    origins: OriginDomain, current: Restrictions, calls: dict[str, int]
) -> None:
    """The versions if anything is open, the group if a write would follow."""
    package = origins.new_package("inferred")
    origins.seeded(package, current, inside("1.0.0", package.repository.name))

    origins.look(package)

    assert origins.requests() == calls


def test_nothing_is_asked_about_where_versions_are_promoted_to(origins: OriginDomain) -> None:
    """The policy says it all."""
    package = Package(origins.new_repository(APPROVED), "npm", "inferred", "ui")
    origins.seeded(package, OPEN, outside("1.0.0"))

    origins.look(package)

    assert origins.requests() == {}


def test_an_exemption_costs_no_write(origins: OriginDomain) -> None:
    """What a person has restored is looked at and left."""
    package = origins.seeded(origins.new_package("public"), OPEN)
    origins.ledger.exempt(exempted(package))

    origins.look(package)

    assert origins.requests() == {LOOK: 1}
    assert origins.restrictions(package) == OPEN


def test_observe_mode_costs_the_looks_alone(origins: OriginDomain) -> None:
    """Nothing is written, whatever was found."""
    package = origins.seeded(origins.new_package(), OPEN, outside("9.9.9"))

    origins.deliver(origins.event(package), mode="observe")

    assert origins.requests() == {LOOK: 1, LIST: 1}
    assert origins.restrictions(package) == OPEN
    assert origins.statuses(package) == {"9.9.9": "Published"}


class TestWholeRepository:
    """500 packages, the first of them drifted, by the rows of one list."""

    @pytest.mark.parametrize(
        ("scope", "wanted", "each"),
        [
            pytest.param("public", PUBLIC, {WRITE: 1}, id="public"),
            pytest.param("explicit", CLOSED, {WRITE: 1}, id="explicit"),
            pytest.param("mycompany", INTERNAL, {WRITE: 1, LIST: 1}, id="internal"),
            pytest.param("inferred", CLOSED, {WRITE: 1, LIST: 1, GROUP: 1}, id="inferred"),
        ],
    )
    def test_what_drifted_is_all_that_costs_more_than_the_page(
        self, origins: OriginDomain, scope: str, wanted: Restrictions, each: dict[str, int]
    ) -> None:
        """25 of 500 have drifted; afterwards one call finds nothing to do."""
        start = INTERNAL if wanted == CLOSED else OPEN
        packages = self._filled(origins, scope, wanted, drifted=25, start=start)

        outcomes = origins.enforce(packages[0].repository)

        assert [one.package for one in outcomes] == packages[:25]
        assert origins.requests() == {ROWS: 1} | {name: 25 * n for name, n in each.items()}
        assert {origins.restrictions(package) for package in packages} == {wanted}
        origins.forget_requests()
        assert origins.enforce(packages[0].repository) == []
        assert origins.requests() == {ROWS: 1}

    def test_a_plan_costs_the_looks_and_no_write(self, origins: OriginDomain) -> None:
        """And says the same."""
        packages = self._filled(origins, "public", PUBLIC, drifted=25)

        outcomes = origins.enforce(packages[0].repository, mode="observe")

        assert [one.package for one in outcomes if one.drift_left] == packages[:25]
        assert origins.requests() == {ROWS: 1}

    def test_several_at_once_cost_the_same(self, origins: OriginDomain) -> None:
        """Eight workers make no call more than one, and what they did comes in the list's order."""
        packages = self._filled(origins, "mycompany", INTERNAL, drifted=25)

        outcomes = enforce_in_repository(packages[0].repository, origins.collaborators(), workers=8)

        assert [one.package for one in outcomes] == packages[:25]
        assert origins.requests() == {ROWS: 1, WRITE: 25, LIST: 25}
        assert {origins.restrictions(package) for package in packages} == {INTERNAL}

    def test_deep_costs_a_list_for_each_internal_package(self, origins: OriginDomain) -> None:
        """Drifted or not."""
        packages = self._filled(origins, "mycompany", INTERNAL, drifted=5, number=50)

        origins.enforce(packages[0].repository, deep=True)

        assert origins.requests() == {ROWS: 1, WRITE: 5, LIST: 50}

    @pytest.mark.parametrize(
        ("number", "pages"),
        [
            pytest.param(1000, 1, id="1,000 packages are one page"),
            pytest.param(1001, 2, id="1,001 packages are two pages"),
        ],
    )
    def test_a_page_holds_a_thousand_packages(
        self, origins: OriginDomain, number: int, pages: int
    ) -> None:
        """Nothing has drifted, so nothing else is called."""
        packages = self._filled(origins, "public", PUBLIC, drifted=0, number=number)

        assert origins.enforce(packages[0].repository) == []
        assert origins.requests() == {ROWS: pages}

    def _filled(
        self,
        origins: OriginDomain,
        scope: str,
        wanted: Restrictions,
        *,
        drifted: int,
        number: int = 500,
        start: Restrictions = OPEN,
    ) -> list[Package]:
        """Return the packages of a new repository by name, the first of them drifted."""
        repository: Repository = origins.new_repository()
        packages = [Package(repository, "npm", scope, f"p{each:04}") for each in range(number)]
        versions = [outside("1.0.0")] if scope == "inferred" else []
        origins.seed(
            *(
                (package, start if place < drifted else wanted, versions)
                for place, package in enumerate(packages)
            )
        )
        origins.forget_requests()
        return packages
