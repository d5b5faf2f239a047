"""Announcements on the event bus, against a client that remembers them."""

import json

import pytest

from steward import clients
from steward.clients import EventEntry, EventResult, PutEventsAnswer
from steward.coordinates import Origin, PackageVersion, Restrictions
from steward.notices import BufferedNotices, BusNotices
from tests.unit.fake_codeartifact import package, refused
from tests.unit.logged_lines import Lines


class FakeBus:
    """EventBridge's PutEvents; *accepts* says how many entries of each call it takes."""

    def __init__(self, accepts: int = 10) -> None:
        self.accepts = accepts
        self.calls: list[list[EventEntry]] = []

    def put_events(self, *, Entries: list[EventEntry]) -> PutEventsAnswer:  # noqa: N803  AWS's name
        """Take the first entries and refuse the others, with HTTP 200 as EventBridge does."""
        self.calls.append(Entries)
        results: list[EventResult] = [
            {"EventId": "x"}
            if number < self.accepts
            else {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}
            for number in range(len(Entries))
        ]
        return {"FailedEntryCount": max(0, len(Entries) - self.accepts), "Entries": results}


COORDINATES = {
    "domainName": "my-company",
    "domainOwner": "012345678901",
    "repositoryName": "my-maven-repo",
    "packageFormat": "maven",
    "packageNamespace": "com.mycompany.app",
    "packageName": "pkg-1",
    "packageUrl": "pkg:maven/com.mycompany.app/pkg-1",
}
WHY = {"automation": "enforce_origin_controls", "rule": "origins[0]"}


def announce(count: int) -> list[str]:
    """Announce *count* versions; return their names."""
    names = [f"1.{number}" for number in range(count)]
    BusNotices().versions_changed(
        package(),
        [PackageVersion(name, "Published") for name in names],
        status="Unlisted",
        automation="unlist_snapshot_builds",
        rule="snapshots[0]",
    )
    return names


def test_a_notice_says_what_happened_to_whom_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """In CodeArtifact's own names, so that the same rules and code can read it."""
    bus = FakeBus()
    monkeypatch.setattr(clients, "events", lambda: bus)
    announce(1)
    ((entry,),) = bus.calls
    assert (entry["Source"], entry["DetailType"]) == (
        "codeartifact.steward",
        "Package Versions Changed",
    )
    assert json.loads(entry["Detail"]) == {
        "automation": "unlist_snapshot_builds",
        "rule": "snapshots[0]",
        **COORDINATES,
        "status": "Unlisted",
        "versions": [{"version": "1.0", "previousStatus": "Published"}],
    }


def test_changed_restrictions_are_announced_as_they_were_and_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who subscribes can put them back without asking us."""
    bus = FakeBus()
    monkeypatch.setattr(clients, "events", lambda: bus)
    BusNotices().restrictions_changed(
        package(), Restrictions("ALLOW", "ALLOW"), Restrictions("ALLOW", "BLOCK"), **WHY
    )
    ((entry,),) = bus.calls
    assert entry["DetailType"] == "Package Origin Restrictions Changed"
    assert json.loads(entry["Detail"]) == {
        **WHY,
        **COORDINATES,
        "restrictions": {"publish": "ALLOW", "upstream": "BLOCK"},
        "previousRestrictions": {"publish": "ALLOW", "upstream": "ALLOW"},
    }


def test_external_versions_are_announced_with_the_way_they_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What, where, and through which external connection, if that is known."""
    bus = FakeBus()
    monkeypatch.setattr(clients, "events", lambda: bus)
    through = Origin("EXTERNAL", external_connection="public:maven-central")
    found = [
        PackageVersion("9.9", "Published", through),
        PackageVersion("9.8", "Unlisted", Origin("EXTERNAL")),
    ]
    BusNotices().external_versions_found(package(), found, outcome="archived", **WHY)
    ((entry,),) = bus.calls
    assert entry["DetailType"] == "External Versions Found"
    assert json.loads(entry["Detail"]) == {
        **WHY,
        **COORDINATES,
        "outcome": "archived",
        "versions": [
            {
                "version": "9.9",
                "status": "Published",
                "originType": "EXTERNAL",
                "externalConnectionName": "public:maven-central",
            },
            {
                "version": "9.8",
                "status": "Unlisted",
                "originType": "EXTERNAL",
                "externalConnectionName": None,
            },
        ],
    }


def test_a_package_of_mixed_origin_is_announced_in_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A person has to decide; the versions are a list away."""
    bus = FakeBus()
    monkeypatch.setattr(clients, "events", lambda: bus)
    BusNotices().mixed_origin_found(package(), internal=3, external=2, **WHY)
    ((entry,),) = bus.calls
    assert entry["DetailType"] == "Mixed Origin Found"
    assert json.loads(entry["Detail"]) == {
        **WHY,
        **COORDINATES,
        "internalVersions": 3,
        "externalVersions": 2,
    }


def test_nothing_found_is_no_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    """EventBridge refuses a call without entries."""
    bus = FakeBus()
    monkeypatch.setattr(clients, "events", lambda: bus)
    announce(0)
    BusNotices().external_versions_found(package(), [], outcome="reported", **WHY)
    assert bus.calls == []


def test_many_external_versions_stay_below_what_a_call_may_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The longest names there are: ten entries of 50 versions fit into 256 KB."""
    bus = FakeBus()
    monkeypatch.setattr(clients, "events", lambda: bus)
    through = Origin("EXTERNAL", external_connection="public:maven-commonsware")
    names = [f"{number:0255}" for number in range(1_000)]
    found = [PackageVersion(name, "Published", through) for name in names]
    BusNotices().external_versions_found(package(), found, outcome="archived", **WHY)
    assert [len(call) for call in bus.calls] == [10, 10]
    for call in bus.calls:
        assert sum(len("".join(map(str, entry.values())).encode()) for entry in call) < 262_144
    announced = [
        version["version"]
        for call in bus.calls
        for entry in call
        for version in json.loads(entry["Detail"])["versions"]
    ]
    assert announced == names


def test_many_versions_are_announced_within_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten entries a call, 50 versions an entry, and every version once."""
    bus = FakeBus()
    monkeypatch.setattr(clients, "events", lambda: bus)
    names = announce(1_234)
    assert [len(call) for call in bus.calls] == [10, 10, 5]
    announced = [
        version["version"]
        for call in bus.calls
        for entry in call
        for version in json.loads(entry["Detail"])["versions"]
    ]
    assert announced == names


def test_a_refused_notice_is_logged_with_its_versions(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The change is made; raising would only repeat a look that finds nothing."""
    monkeypatch.setattr(clients, "events", lambda: FakeBus(accepts=1))
    announce(60)
    lost = [vars(record) for record in caplog.records if record.getMessage() == "notice lost"]
    assert len(lost) == 1
    assert lost[0]["kind"] == "Package Versions Changed"
    assert len(json.loads(lost[0]["detail"])["versions"]) == 10


def test_a_bus_that_cannot_be_reached_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The unlisted builds stay unlisted and the message is done."""

    class Unreachable:
        calls = 0

        def put_events(self, **_: object) -> PutEventsAnswer:
            Unreachable.calls += 1
            raise refused("PutEvents", "AccessDeniedException")

    monkeypatch.setattr(clients, "events", Unreachable)
    announce(1)
    assert Unreachable.calls == 1


def buffered(notices: BufferedNotices, count: int) -> None:
    """Announce a change of each of *count* packages."""
    for number in range(count):
        notices.versions_changed(
            package(f"pkg-{number}"),
            [PackageVersion("1.0", "Archived")],
            status="Deleted",
            automation="expire_versions",
            rule="retention[0]",
        )


def test_notices_about_many_packages_share_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten at once, the rest at the end, in the order in which they came."""
    bus = FakeBus()
    monkeypatch.setattr(clients, "events", lambda: bus)
    with BufferedNotices() as notices:
        buffered(notices, 9)
        assert bus.calls == []
        buffered(notices, 14)
        assert [len(call) for call in bus.calls] == [10, 10]
    assert [len(call) for call in bus.calls] == [10, 10, 3]
    names = [json.loads(entry["Detail"])["packageName"] for call in bus.calls for entry in call]
    assert names == [f"pkg-{number}" for number in (*range(9), *range(14))]
    assert json.loads(bus.calls[0][0]["Detail"])["status"] == "Deleted"
    notices.flush()
    assert len(bus.calls) == 3


def test_what_waits_is_announced_when_the_work_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has happened; the error goes on."""
    bus = FakeBus()
    monkeypatch.setattr(clients, "events", lambda: bus)
    with pytest.raises(KeyError), BufferedNotices() as notices:  # noqa: PT012  what has happened first
        buffered(notices, 1)
        raise KeyError
    assert [len(call) for call in bus.calls] == [1]


def test_a_lost_notice_among_many_is_logged_with_its_package(
    monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    """The seven that EventBridge took are not."""
    bus = FakeBus(accepts=7)
    monkeypatch.setattr(clients, "events", lambda: bus)
    with BufferedNotices() as notices:
        buffered(notices, 10)
    assert [line["package"] for line in lines.of("notice lost")] == ["pkg-7", "pkg-8", "pkg-9"]
