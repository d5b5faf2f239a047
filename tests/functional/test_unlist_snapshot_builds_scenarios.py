"""What the first automation leaves behind: scenarios against the local CodeArtifact."""

from __future__ import annotations

from datetime import timedelta

import pytest

from steward.coordinates import Format
from tests.functional.snapshot_domain import GRACE, SnapshotDomain
from tests.functional.snapshot_scenarios import (
    FIRST,
    NEWEST,
    SCENARIOS,
    SECOND,
    THIRD,
    YOUNG,
    Scenario,
)

EACH_SCENARIO = pytest.mark.parametrize(
    "scenario", [pytest.param(each, id=each.name) for each in SCENARIOS]
)


@EACH_SCENARIO
def test_stale_builds_are_unlisted(snapshots: SnapshotDomain, scenario: Scenario) -> None:
    """The package ends as the rule describes, and a second look changes nothing."""
    package = snapshots.new_package(scenario.package_format, scenario.namespace)
    snapshots.seed(package, scenario.before)

    assert snapshots.look(package) == {"batchItemFailures": []}
    assert snapshots.statuses(package) == scenario.after()
    assert sorted(snapshots.announced) == sorted(scenario.unlisted)

    snapshots.forget_requests()
    snapshots.look(package)
    assert snapshots.requests() == {"ListPackageVersions": 1}
    assert snapshots.take_queued() == []


@EACH_SCENARIO
def test_observe_mode_decides_the_same_and_changes_nothing(
    snapshots: SnapshotDomain, scenario: Scenario, caplog: pytest.LogCaptureFixture
) -> None:
    """The log holds the same decisions as in enforce mode; the repository stays as it was."""
    package = snapshots.new_package(scenario.package_format, scenario.namespace)
    snapshots.seed(package, scenario.before)

    snapshots.deliver(snapshots.event(package), mode="observe")
    observed = decisions(caplog)
    assert snapshots.statuses(package) == dict(scenario.before)
    assert "UpdatePackageVersionsStatus" not in snapshots.requests()
    assert snapshots.announced == []

    snapshots.look(package)
    assert decisions(caplog) == observed
    assert {each[1] for each in observed if each[0] == "stale"} == scenario.unlisted


def decisions(caplog: pytest.LogCaptureFixture) -> list[tuple[object, ...]]:
    """Return each decision that was logged since the last time; forget them."""
    found = [
        (
            record.getMessage(),
            *map(vars(record).get, ("version", "status", "replaced_by", "reason")),
        )
        for record in caplog.records
        if "version" in vars(record)
    ]
    caplog.clear()
    return found


def test_snapshots_published_with_curl_end_unlisted_and_the_automation_rests(
    snapshots: SnapshotDomain,
) -> None:
    """All builds' assets, then the newest metadata: each event delivered, nothing follows."""
    package = snapshots.new_package()
    for build in (FIRST, SECOND, THIRD):
        snapshots.upload(package, build)
    snapshots.upload_metadata(package, THIRD)

    snapshots.deliver(*snapshots.take_queued())

    assert snapshots.statuses(package) == {
        FIRST: "Unlisted",
        SECOND: "Unlisted",
        THIRD: "Unlisted",
        "1.0-SNAPSHOT": "Published",
    }
    assert snapshots.take_queued() == []
    assert snapshots.looks == []


@pytest.mark.parametrize(
    ("package_format", "namespace", "versions", "stale"),
    [
        pytest.param(
            "npm",
            "mycompany",
            ["1.4.0-dev.9", "1.4.0-dev.10", "1.4.0-beta.1", "1.3.0"],
            {"1.4.0-dev.9"},
            id="npm",
        ),
        pytest.param(
            "pypi",
            None,
            ["1.4.0.dev9", "1.4.0.dev10", "1.4.0rc1", "1.3"],
            {"1.4.0.dev9"},
            id="pypi",
        ),
    ],
)
def test_prereleases_that_clients_publish_end_unlisted_and_the_automation_rests(
    snapshots: SnapshotDomain,
    package_format: Format,
    namespace: str | None,
    versions: list[str],
    stale: set[str],
) -> None:
    """What npm and twine send becomes events; the rule lets them through; nothing follows."""
    package = snapshots.new_package(package_format, namespace)
    for version in versions:
        snapshots.publish(package, version).raise_for_status()
    events = snapshots.take_queued()
    assert len(events) >= len(versions)
    snapshots.forget_requests()

    assert snapshots.deliver(*events) == {"batchItemFailures": []}

    assert snapshots.requests() == {"ListPackageVersions": 1, "UpdatePackageVersionsStatus": 1}
    assert snapshots.statuses(package) == {
        version: "Unlisted" if version in stale else "Published" for version in versions
    }
    assert snapshots.take_queued() == []


def test_an_unfinished_build_is_looked_at_again_when_its_grace_period_ends(
    snapshots: SnapshotDomain,
) -> None:
    """Two builds wait within SQS's reach: one delayed message, for the first that ends."""
    package = snapshots.new_package()
    snapshots.now -= timedelta(minutes=50)  # 23:10; the grace of a build of 22:20 ends at 23:20
    early, late = "1.0-20210731.222000-4", "1.0-20210731.222300-5"
    snapshots.seed(
        package, {early: "Unfinished", late: "Unfinished", "1.0-20210731.230000-6": "Unlisted"}
    )

    snapshots.look(package)
    assert snapshots.looks == [(package, timedelta(minutes=10))]
    assert snapshots.statuses(package)[early] == "Unfinished"

    snapshots.now += timedelta(minutes=10)
    snapshots.look(package)
    assert snapshots.statuses(package)[early] == "Unlisted"
    assert snapshots.statuses(package)[late] == "Unfinished"
    assert snapshots.looks[1:] == [(package, timedelta(minutes=3))]


def test_a_grace_period_beyond_the_reach_of_sqs_is_left_to_the_sweep(
    snapshots: SnapshotDomain, caplog: pytest.LogCaptureFixture
) -> None:
    """No delayed message is sent; the log says until when the build waits."""
    package = snapshots.new_package()
    snapshots.seed(package, {YOUNG: "Unfinished", NEWEST: "Unlisted"})

    snapshots.look(package)

    assert snapshots.looks == []
    assert timedelta(minutes=15) < GRACE
    waiting = [vars(each) for each in caplog.records if each.getMessage() == "waiting until"]
    assert [(each["version"], each["until"]) for each in waiting] == [
        (YOUNG, "2021-08-01T00:30:00+00:00")
    ]


def test_malformed_messages_fail_alone(snapshots: SnapshotDomain) -> None:
    """What is no event goes back to the queue, at last to its dead letters; the rest goes on."""
    package = snapshots.new_package()
    snapshots.seed(package, {FIRST: "Published", SECOND: "Published"})
    good = snapshots.event(package)
    unknown_format = {**good, "detail": {**_detail(good), "packageFormat": "deb"}}
    no_package = {**good, "detail": {"domainName": "my-company"}}

    answer = snapshots.deliver({"source": "aws.s3"}, good, unknown_format, no_package, {})

    assert [item["itemIdentifier"] for item in answer["batchItemFailures"]] == ["0", "2", "3", "4"]
    assert snapshots.statuses(package) == {FIRST: "Unlisted", SECOND: "Published"}


def _detail(event: dict[str, object]) -> dict[str, object]:
    detail = event["detail"]
    assert isinstance(detail, dict)
    return detail
