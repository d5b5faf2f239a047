"""The first automation where AWS documents nothing: every switch off its default."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from tests.functional.every_switch import COMBINATIONS, EACH_SWITCH, Switches
from tests.functional.snapshot_domain import SnapshotDomain
from tests.functional.snapshot_scenarios import (
    FIRST,
    NEWEST,
    SCENARIOS,
    SECOND,
    THIRD,
    as_the_rule_describes,
)

FORBIDDING = "unfinishedMayBeUnlisted"
LEAVING_UNFINISHED = "mavenMetadataSometimesLeavesUnfinished"


def check_every_scenario(snapshots: SnapshotDomain, switches: Switches) -> None:
    """All scenarios in one batch end as their tables say, or stay where the switch forbids it."""
    packages = {}
    for scenario in SCENARIOS:
        package = snapshots.new_package(scenario.package_format, scenario.namespace)
        snapshots.seed(package, scenario.before)
        packages[scenario.name] = package

    with snapshots.faults(switches=switches):
        answer = snapshots.deliver(*map(snapshots.event, packages.values()))

    assert answer == {"batchItemFailures": []}
    allowed = switches.get(FORBIDDING) is not False
    assert {name: snapshots.statuses(package) for name, package in packages.items()} == {
        scenario.name: scenario.after(unfinished_may_be_unlisted=allowed) for scenario in SCENARIOS
    }


@EACH_SWITCH
def test_every_scenario_ends_as_described(snapshots: SnapshotDomain, switches: Switches) -> None:
    """One switch at a time."""
    check_every_scenario(snapshots, switches)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(switches=COMBINATIONS)
def test_every_scenario_ends_as_described_under_combinations_of_switches(
    snapshots: SnapshotDomain, switches: Switches
) -> None:
    """Random combinations, a fixed number of them."""
    check_every_scenario(snapshots, switches)


@EACH_SWITCH
def test_snapshots_published_with_curl_end_as_described_and_the_automation_rests(
    snapshots: SnapshotDomain, switches: Switches
) -> None:
    """Uploads, events, our changes and their events, all under the switch; then silence."""
    package = snapshots.new_package()
    with snapshots.faults(switches=switches):
        for build in (FIRST, SECOND, THIRD):
            snapshots.upload(package, build)
        snapshots.upload_metadata(package, THIRD)
        assert snapshots.deliver(*snapshots.take_queued()) == {"batchItemFailures": []}

        assert snapshots.take_queued() == []
        snapshots.forget_requests()
        snapshots.look(package)
        statuses = snapshots.statuses(package)

    if switches.get(FORBIDDING) is not False:
        assert "UpdatePackageVersionsStatus" not in snapshots.requests()
        assert statuses == as_the_rule_describes(statuses, now=snapshots.now)
    if not switches.keys() & {FORBIDDING, LEAVING_UNFINISHED}:
        assert statuses == {
            **dict.fromkeys((FIRST, SECOND, THIRD), "Unlisted"),
            "1.0-SNAPSHOT": "Published",
        }


@EACH_SWITCH
def test_prereleases_that_clients_publish_end_as_described_and_the_automation_rests(
    snapshots: SnapshotDomain, switches: Switches
) -> None:
    """What npm and twine send, its events and ours, all under the switch."""
    npm = snapshots.new_package("npm", "mycompany")
    pypi = snapshots.new_package("pypi", None)
    with snapshots.faults(switches=switches):
        for number in (9, 10):
            snapshots.publish(npm, f"1.4.0-dev.{number}").raise_for_status()
            snapshots.publish(pypi, f"1.4.0.dev{number}").raise_for_status()
        assert snapshots.deliver(*snapshots.take_queued()) == {"batchItemFailures": []}
        assert snapshots.take_queued() == []

    assert snapshots.statuses(npm) == {"1.4.0-dev.9": "Unlisted", "1.4.0-dev.10": "Published"}
    assert snapshots.statuses(pypi) == {"1.4.0.dev9": "Unlisted", "1.4.0.dev10": "Published"}


@EACH_SWITCH
def test_a_build_that_someone_took_away_meanwhile_does_not_hold_up_the_others(
    snapshots: SnapshotDomain, switches: Switches
) -> None:
    """One build archived and one deleted between look and act: both stay so, the others go."""
    package = snapshots.new_package()
    snapshots.seed(package, dict.fromkeys((FIRST, SECOND, THIRD, NEWEST), "Published"))

    def take_away() -> None:
        snapshots.set_status(package, "Archived", FIRST)
        snapshots.delete_version(package, SECOND)

    snapshots.before_updates = take_away
    with snapshots.faults(switches=switches):
        assert snapshots.look(package) == {"batchItemFailures": []}

    assert snapshots.statuses(package) == {
        FIRST: "Archived",
        THIRD: "Unlisted",
        NEWEST: "Published",
    }
