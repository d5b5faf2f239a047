"""What the first automation does when CodeArtifact, or someone else, gets in its way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.functional.snapshot_domain import SnapshotDomain
from tests.functional.snapshot_scenarios import FIRST, SECOND, THIRD

NEWEST = "1.0-20210731.100000-9"


def many(number: int) -> list[str]:
    """Return *number* builds, oldest first."""
    first = datetime(2021, 1, 1, tzinfo=UTC)
    return [
        f"1.0-{first + timedelta(minutes=each):%Y%m%d.%H%M%S}-{each + 1}" for each in range(number)
    ]


def refusals(caplog: pytest.LogCaptureFixture) -> dict[object, object]:
    """Return the code that each refused version was logged with."""
    records = [vars(each) for each in caplog.records if each.getMessage() == "refused"]
    return {each["version"]: each["code"] for each in records}


def test_a_build_that_someone_archived_meanwhile_stays_archived_and_the_others_go(
    snapshots: SnapshotDomain, caplog: pytest.LogCaptureFixture
) -> None:
    """The expected status no longer holds for one build: it is set aside, the rest sent again."""
    package = snapshots.new_package()
    snapshots.seed(package, dict.fromkeys((FIRST, SECOND, THIRD, NEWEST), "Published"))
    snapshots.before_updates = lambda: snapshots.set_status(package, "Archived", SECOND)

    assert snapshots.look(package) == {"batchItemFailures": []}

    assert snapshots.statuses(package) == {
        FIRST: "Unlisted",
        SECOND: "Archived",
        THIRD: "Unlisted",
        NEWEST: "Published",
    }
    assert refusals(caplog) == {SECOND: "MISMATCHED_STATUS"}
    assert sorted(snapshots.announced) == [FIRST, THIRD]


def test_a_build_that_someone_deleted_meanwhile_does_not_hold_up_the_others(
    snapshots: SnapshotDomain, caplog: pytest.LogCaptureFixture
) -> None:
    """The deleted one is refused, the others are unlisted."""
    package = snapshots.new_package()
    snapshots.seed(package, dict.fromkeys((FIRST, SECOND, THIRD, NEWEST), "Published"))
    snapshots.before_updates = lambda: snapshots.delete_version(package, SECOND)

    assert snapshots.look(package) == {"batchItemFailures": []}

    assert snapshots.statuses(package) == {
        FIRST: "Unlisted",
        THIRD: "Unlisted",
        NEWEST: "Published",
    }
    assert refusals(caplog) == {SECOND: "NOT_FOUND"}


def test_a_few_culprits_among_many_builds_cost_few_calls_more(snapshots: SnapshotDomain) -> None:
    """Of 250 stale builds three were taken away: the others go, at one call each more."""
    *stale, newest = many(251)
    package = snapshots.new_package()
    snapshots.seed(package, dict.fromkeys((*stale, newest), "Published"))
    taken = (stale[0], stale[99], stale[180])

    def take() -> None:
        for version in taken:
            snapshots.set_status(package, "Archived", version)
        snapshots.forget_requests()

    snapshots.before_updates = take
    assert snapshots.look(package) == {"batchItemFailures": []}

    statuses = snapshots.statuses(package)
    assert {version for version in stale if statuses[version] == "Archived"} == set(taken)
    assert sum(status == "Unlisted" for status in statuses.values()) == 247
    assert statuses[newest] == "Published"
    assert snapshots.requests()["UpdatePackageVersionsStatus"] <= 3 + len(taken)


def test_a_package_or_repository_that_is_gone_is_nothing_to_do(
    snapshots: SnapshotDomain, caplog: pytest.LogCaptureFixture
) -> None:
    """Deleted before the look, the message is done with and the log says why."""
    without_package, without_repository = snapshots.new_package(), snapshots.new_package()
    for package in (without_package, without_repository):
        snapshots.seed(package, {FIRST: "Published", SECOND: "Published"})
    snapshots.delete_package(without_package)
    snapshots.delete_repository(without_repository)

    for package in (without_package, without_repository):
        assert snapshots.look(package) == {"batchItemFailures": []}
    reasons = [vars(each)["reason"] for each in caplog.records]
    assert reasons == ["the package or its repository does not exist"] * 2


@pytest.mark.parametrize("what", ["package", "repository"])
def test_a_package_deleted_between_look_and_act_is_done_with(
    snapshots: SnapshotDomain, what: str
) -> None:
    """Nothing is left to do, so the message does not come back."""
    package = snapshots.new_package()
    snapshots.seed(package, {FIRST: "Published", SECOND: "Published"})
    delete = snapshots.delete_package if what == "package" else snapshots.delete_repository
    snapshots.before_updates = lambda: delete(package)

    assert snapshots.look(package) == {"batchItemFailures": []}
    assert snapshots.statuses(package) == {}


def test_a_throttled_package_comes_back_and_the_others_go_on(snapshots: SnapshotDomain) -> None:
    """One list gets through; the other packages' messages fail and are done the next time."""
    packages = [snapshots.new_package() for _ in range(3)]
    for package in packages:
        snapshots.seed(package, {FIRST: "Published", SECOND: "Published"})
    events = [snapshots.event(package) for package in packages]

    with snapshots.faults(throttle={"ListPackageVersions": 0.0001}):
        answer = snapshots.deliver(*events)
        assert [item["itemIdentifier"] for item in answer["batchItemFailures"]] == ["1", "2"]
    assert snapshots.statuses(packages[0])[FIRST] == "Unlisted"
    assert snapshots.statuses(packages[1])[FIRST] == "Published"

    assert snapshots.deliver(*events[1:]) == {"batchItemFailures": []}
    assert [snapshots.statuses(package)[FIRST] for package in packages] == ["Unlisted"] * 3


def test_an_update_that_is_interrupted_is_finished_the_next_time(snapshots: SnapshotDomain) -> None:
    """Each build is announced once: those of the first call now, the others when they are done."""
    *stale, newest = many(251)
    package = snapshots.new_package()
    snapshots.seed(package, dict.fromkeys((*stale, newest), "Published"))

    with snapshots.faults(throttle={"UpdatePackageVersionsStatus": 0.0001}):
        assert snapshots.look(package) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert len(snapshots.announced) == 100

    assert snapshots.look(package) == {"batchItemFailures": []}
    assert sorted(snapshots.announced) == sorted(stale)
    assert snapshots.statuses(package) == {
        **dict.fromkeys(stale, "Unlisted"),
        newest: "Published",
    }


def test_errors_at_random_delay_the_end_state_and_do_not_change_it(
    snapshots: SnapshotDomain,
) -> None:
    """Every other call fails; the messages come back until all is done, announced once each."""
    packages = [snapshots.new_package() for _ in range(5)]
    for package in packages:
        snapshots.seed(package, dict.fromkeys((FIRST, SECOND, THIRD), "Published"))

    with snapshots.faults(errorRate=0.5, seed=7):
        attempts = snapshots.deliver_until_done(*map(snapshots.event, packages))

    assert attempts > 1
    for package in packages:
        assert snapshots.statuses(package) == {
            FIRST: "Unlisted",
            SECOND: "Unlisted",
            THIRD: "Published",
        }
    assert sorted(snapshots.announced) == sorted([FIRST, SECOND] * len(packages))


def test_two_runs_at_once_write_nothing_twice(snapshots: SnapshotDomain) -> None:
    """A second run between look and act of the first: all is refused to the first."""
    package = snapshots.new_package()
    snapshots.seed(package, dict.fromkeys((FIRST, SECOND, THIRD), "Published"))

    def other_run() -> None:
        snapshots.before_updates = None
        snapshots.look(package)

    snapshots.before_updates = other_run
    assert snapshots.look(package) == {"batchItemFailures": []}

    assert snapshots.statuses(package) == {
        FIRST: "Unlisted",
        SECOND: "Unlisted",
        THIRD: "Published",
    }
    assert sorted(snapshots.announced) == [FIRST, SECOND]
