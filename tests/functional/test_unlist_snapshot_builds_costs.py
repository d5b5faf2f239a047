"""What the first automation costs, counted by the local CodeArtifact."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from steward.coordinates import Status
from tests.functional.snapshot_domain import POLICY, SnapshotDomain


def builds(number: int) -> list[str]:
    """Return *number* builds of one snapshot, oldest first."""
    first = datetime(2021, 1, 1, tzinfo=UTC)
    times = (first + timedelta(minutes=each) for each in range(number))
    return [f"1.0-{at:%Y%m%d.%H%M%S}-{each}" for each, at in enumerate(times, start=1)]


def seeded(snapshots: SnapshotDomain, statuses: dict[str, Status]) -> list[dict[str, object]]:
    """Seed a package and return one event that names it; nothing is counted yet."""
    package = snapshots.new_package()
    snapshots.seed(package, statuses)
    snapshots.forget_requests()
    return [snapshots.event(package)]


@pytest.mark.parametrize("events", [1, 500], ids=["one event", "500 events of one batch"])
def test_any_number_of_events_for_one_package_costs_one_list_and_one_update(
    snapshots: SnapshotDomain, events: int
) -> None:
    """Up to 1,000 versions with up to 100 stale builds of one status."""
    *stale, newest = builds(101)
    event = seeded(snapshots, {**dict.fromkeys(stale, "Published"), newest: "Published"})

    snapshots.deliver(*event * events)

    assert snapshots.requests() == {"ListPackageVersions": 1, "UpdatePackageVersionsStatus": 1}


@pytest.mark.parametrize(
    ("versions", "lists"),
    [
        pytest.param(1000, 1, id="1,000 versions are one page"),
        pytest.param(1001, 2, id="1,001 versions are two pages"),
    ],
)
def test_a_list_call_shows_a_thousand_versions(
    snapshots: SnapshotDomain, versions: int, lists: int
) -> None:
    """Nothing is stale, so nothing else is called."""
    event = seeded(snapshots, dict.fromkeys(builds(versions), "Unlisted"))

    snapshots.deliver(*event)

    assert snapshots.requests() == {"ListPackageVersions": lists}


@pytest.mark.parametrize(
    ("published", "unfinished", "updates"),
    [
        pytest.param(100, 0, 1, id="100 of one status are one update"),
        pytest.param(101, 0, 2, id="101 of one status are two updates"),
        pytest.param(1, 1, 2, id="two statuses are two updates"),
        pytest.param(150, 150, 4, id="150 of each of two statuses are four updates"),
    ],
)
def test_an_update_holds_up_to_a_hundred_builds_of_one_status(
    snapshots: SnapshotDomain, published: int, unfinished: int, updates: int
) -> None:
    """The fewest calls that the API allows."""
    *stale, newest = builds(published + unfinished + 1)
    statuses: dict[str, Status] = dict.fromkeys(stale[:published], "Published")
    statuses |= dict.fromkeys(stale[published:], "Unfinished")
    event = seeded(snapshots, {**statuses, newest: "Unlisted"})

    snapshots.deliver(*event)

    assert snapshots.requests() == {
        "ListPackageVersions": 1,
        "UpdatePackageVersionsStatus": updates,
    }


def test_events_of_several_packages_cost_one_list_each(snapshots: SnapshotDomain) -> None:
    """However the events of a batch are mixed."""
    events = []
    for _ in range(5):
        *stale, newest = builds(3)
        events += seeded(snapshots, {**dict.fromkeys(stale, "Published"), newest: "Published"})
    snapshots.forget_requests()

    snapshots.deliver(*events * 20)

    assert snapshots.requests() == {"ListPackageVersions": 5, "UpdatePackageVersionsStatus": 5}


def test_a_package_without_a_rule_costs_nothing(snapshots: SnapshotDomain) -> None:
    """Not one call, whether the pattern, the repository or the domain is another."""
    package = snapshots.new_package(namespace="org.elsewhere")
    snapshots.seed(package, dict.fromkeys(builds(3), "Published"))
    no_repository = replace(
        POLICY, snapshots=(replace(POLICY.snapshots[0], repositories=("other-*",)),)
    )
    other_domain = replace(POLICY, domain="their-company")
    ours = snapshots.new_package()
    snapshots.forget_requests()

    snapshots.deliver(snapshots.event(package))
    for policy in (no_repository, other_domain, replace(POLICY, snapshots=())):
        snapshots.deliver(snapshots.event(ours), policy=policy)

    assert snapshots.requests() == {}


def test_ten_thousand_versions_are_unlisted_in_one_run(snapshots: SnapshotDomain) -> None:
    """Ten pages, and one update per hundred stale builds; only the newest build stays."""
    *stale, newest = builds(10_000)
    package = snapshots.new_package()
    snapshots.seed(package, {**dict.fromkeys(stale, "Published"), newest: "Published"})
    snapshots.forget_requests()

    assert snapshots.look(package) == {"batchItemFailures": []}

    assert snapshots.requests() == {
        "ListPackageVersions": 10,
        "UpdatePackageVersionsStatus": 100,
    }
    statuses = snapshots.statuses(package)
    assert statuses.pop(newest) == "Published"
    assert len(statuses) == 9_999
    assert set(statuses.values()) == {"Unlisted"}
