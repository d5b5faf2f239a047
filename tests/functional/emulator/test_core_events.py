"""Events: their envelope, their outbox, and the faults that may befall them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from emulator.core import repositories, retention, versions
from emulator.core.errors import InternalServer
from emulator.core.events import MAX_UNDELIVERED
from emulator.core.faults import EventFaults, Settings
from emulator.core.state import open_state
from emulator.core.values import RepositoryId
from emulator.options import Options
from tests.functional.emulator.local_core import (
    DOMAIN,
    GENERIC,
    MAVEN,
    NPM,
    OTHER,
    REPOSITORY,
    Core,
    opened,
)


def test_the_envelope_is_complete(core: Core) -> None:
    """Every field of "Monitoring CodeArtifact events", with the package's ARN as the resource."""
    core.state.clock.freeze(datetime(2024, 7, 1, 12, 0, 0, 5, UTC))
    held = core.publish("1.0", "a.jar", "b.pom", package=MAVEN)
    core.delivered()
    (event,) = core.events
    detail = event.pop("detail")
    assert isinstance(detail, dict)
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", str(event.pop("id")))
    assert event == {
        "version": "0",
        "detail-type": "CodeArtifact Package Version State Change",
        "source": "aws.codeartifact",
        "account": "012345678901",
        "time": "2024-07-01T12:00:00Z",
        "region": "us-west-2",
        "resources": [
            "arn:aws:codeartifact:us-west-2:012345678901:package/my-company/my-repo/maven/com.mycompany.app/pkg"
        ],
    }
    assert len(str(detail.pop("eventDeduplicationId"))) == 44
    assert detail == {
        "domainName": "my-company",
        "domainOwner": "012345678901",
        "repositoryName": "my-repo",
        "repositoryAdministrator": "012345678901",
        "packageFormat": "maven",
        "packageNamespace": "com.mycompany.app",
        "packageName": "pkg",
        "packageVersion": "1.0",
        "packageVersionState": "Published",
        "packageVersionRevision": held.revision,
        "changes": {
            "assetsAdded": 2,
            "assetsRemoved": 0,
            "assetsUpdated": 0,
            "metadataUpdated": True,
            "statusChanged": True,
        },
        "operationType": "Created",
        "sequenceNumber": 1,
    }


def test_a_package_without_namespace_has_null_and_two_slashes(core: Core) -> None:
    """The namespace is null in the event and empty in the ARN."""
    core.publish("1.0", package=NPM)
    (detail,) = core.delivered()
    assert detail["packageNamespace"] is None
    assert str(core.events[0]["resources"]).count("/npm//lodash") == 1


def test_owner_and_administrator_each_get_the_event(core: Core) -> None:
    """Two accounts, two envelopes with one deduplication id; one account, one envelope."""
    repository = RepositoryId(DOMAIN, "theirs")
    repositories.create(core.state, repository, administrator="111122223333")
    core.publish("1.0", repository=repository)
    details = core.delivered()
    assert [event["account"] for event in core.events] == ["012345678901", "111122223333"]
    assert len({str(each["eventDeduplicationId"]) for each in details}) == 1


def test_sequence_numbers_grow_per_package_and_outlive_it(core: Core) -> None:
    """Each package and repository counts for itself, also after all versions were deleted."""
    core.publish("1.0")
    core.publish("1.0", package=NPM)
    core.publish("1.0", repository=OTHER)
    versions.set_status(core.state, REPOSITORY, GENERIC, ["1.0"], target="Unlisted")
    versions.delete(core.state, REPOSITORY, GENERIC, ["1.0"])
    core.publish("1.0")
    mine = [
        (each["operationType"], each["sequenceNumber"])
        for each in core.delivered()
        if (each["packageName"], each["repositoryName"]) == (GENERIC.name, REPOSITORY.name)
    ]
    assert mine == [("Created", 1), ("Updated", 2), ("Deleted", 3), ("Created", 4)]


def test_the_events_of_a_bulk_call_are_numbered_in_the_order_of_its_versions(core: Core) -> None:
    """Each version has its own number, assets and state; a version that stays tells nothing."""
    names = ["1.2", "1.0", "1.1"]
    for name in names:
        core.publish(name)
    versions.set_status(core.state, REPOSITORY, GENERIC, ["1.0"], target="Unlisted")
    versions.set_status(core.state, REPOSITORY, GENERIC, names, target="Unlisted")
    versions.dispose(core.state, REPOSITORY, GENERIC, ["1.1"])
    versions.delete(core.state, REPOSITORY, GENERIC, names)
    told = [
        (
            each["sequenceNumber"],
            each["packageVersion"],
            each["packageVersionState"],
            cast("dict[str, int]", each["changes"])["assetsRemoved"],
        )
        for each in core.delivered()[3:]
    ]
    assert told == [
        (4, "1.0", "Unlisted", 0),
        (5, "1.2", "Unlisted", 0),
        (6, "1.1", "Unlisted", 0),
        (7, "1.1", "Disposed", 1),
        (8, "1.2", "Unlisted", 1),
        (9, "1.0", "Unlisted", 1),
        (10, "1.1", "Disposed", 0),
    ]


def test_a_status_change_says_only_that(core: Core) -> None:
    """Updated, statusChanged, no assets, the revision unchanged."""
    held = core.publish("1.0")
    versions.set_status(core.state, REPOSITORY, GENERIC, ["1.0"], target="Unlisted")
    detail = core.delivered()[-1]
    assert (detail["operationType"], detail["packageVersionState"]) == ("Updated", "Unlisted")
    assert detail["packageVersionRevision"] == held.revision
    assert detail["changes"] == {
        "assetsAdded": 0,
        "assetsRemoved": 0,
        "assetsUpdated": 0,
        "metadataUpdated": False,
        "statusChanged": True,
    }


def test_the_switches_silence_and_rename(core: Core) -> None:
    """statusChangeEmitsEvent, deletedEventState and multiAssetPublishEvents."""
    core.switch(
        statusChangeEmitsEvent=False,
        deletedEventState="Deleted",
        multiAssetPublishEvents="oneCreated",
    )
    core.publish("1.0", "a.jar", package=MAVEN)
    core.publish("1.0", "b.jar", package=MAVEN)
    versions.set_status(core.state, REPOSITORY, MAVEN, ["1.0"], target="Unlisted")
    versions.delete(core.state, REPOSITORY, MAVEN, ["1.0"])
    seen = [(each["operationType"], each["packageVersionState"]) for each in core.delivered()]
    assert seen == [("Created", "Published"), ("Deleted", "Deleted")]


def test_deleting_a_repository_is_silent_unless_switched(core: Core) -> None:
    """DeleteRepository is in no list of what emits."""
    core.publish("1.0", repository=OTHER)
    core.publish("1.0")
    repositories.delete(core.state, OTHER)
    assert [each["operationType"] for each in core.delivered()] == ["Created", "Created"]
    core.switch(deleteRepositoryEmits=True)
    repositories.delete(core.state, REPOSITORY)
    assert core.delivered()[-1]["operationType"] == "Deleted"


def test_a_change_that_fails_emits_nothing(core: Core) -> None:
    """The event is written in the transaction of the change."""
    with pytest.raises(RuntimeError), core.state.store.transaction():  # noqa: PT012  the block
        core.publish("1.0")
        raise RuntimeError
    assert core.delivered() == []
    assert core.statuses() == {}


def test_events_are_doubled_with_the_same_deduplication_id(core: Core) -> None:
    """At least once; as each event delivered has an ``id`` of its own, that does not tell."""
    core.state.faults.set(Settings(events=EventFaults(duplicate=1.0)))
    core.publish("1.0")
    first, second = core.delivered()
    assert first == second
    assert core.events[0]["id"] != core.events[1]["id"]


def test_events_are_dropped(core: Core) -> None:
    """And do not come back."""
    core.state.faults.set(Settings(events=EventFaults(drop=1.0)))
    core.publish("1.0")
    assert core.delivered() == []
    core.state.faults.set(Settings())
    core.publish("2.0")
    assert [each["packageVersion"] for each in core.delivered()] == ["2.0"]


def test_events_are_reordered_and_none_is_lost(core: Core) -> None:
    """Later ones overtake earlier ones."""
    core.state.faults.set(Settings(events=EventFaults(reorder=0.5), seed=7))
    with core.state.store.transaction():
        for number in range(20):
            core.publish(f"{number}.0")
    numbers = [each["sequenceNumber"] for each in core.delivered()]
    assert sorted(map(int, map(str, numbers))) == list(range(1, 21))
    assert numbers != list(range(1, 21))


def test_every_event_held_back_is_delivered_all_the_same(core: Core) -> None:
    """Also when nothing overtakes it."""
    core.state.faults.set(Settings(events=EventFaults(reorder=1.0)))
    core.publish("1.0")
    assert len(core.delivered()) == 1


def test_a_sink_that_fails_gets_the_event_again(core: Core) -> None:
    """An event leaves the outbox only when every sink took it."""
    calls: list[str] = []

    def fails_once(event: dict[str, object]) -> None:
        calls.append(str(event["id"]))
        if len(calls) == 1:
            raise ConnectionError

    core.state.events.subscribe(fails_once)
    core.publish("1.0")
    core.delivered()
    assert len(calls) == 2
    assert len(set(calls)) == 1


def test_delivery_does_not_hold_up_writers(core: Core) -> None:
    """A sink may itself read and write the core."""
    seen = threading.Event()

    def reacts(event: dict[str, object]) -> None:
        del event
        if not seen.is_set():
            seen.set()
            versions.set_status(core.state, REPOSITORY, GENERIC, ["1.0"], target="Unlisted")

    core.state.events.subscribe(reacts)
    core.publish("1.0")
    assert [each["operationType"] for each in core.delivered()] == ["Created", "Updated"]


def test_the_event_of_a_fetched_version_waits_until_the_version_is_seen(core: Core) -> None:
    """By default; with eventPrecedesVisibility it comes first."""
    now = datetime(2024, 7, 1, tzinfo=UTC)
    core.state.clock.freeze(now)
    core.state.faults.set(Settings(visibility_delay_seconds=180))
    held = core.publish("1.0", repository=OTHER)
    core.delivered()
    retention.retain(core.state, REPOSITORY, held)
    assert versions.find(core.state, REPOSITORY, GENERIC, "1.0", visible_only=True) is None
    assert len(core.delivered()) == 1
    core.state.clock.advance(timedelta(seconds=181))
    assert versions.find(core.state, REPOSITORY, GENERIC, "1.0", visible_only=True) is not None
    assert len(core.delivered()) == 2


_KILLED = """
import os, sys
from pathlib import Path
from emulator.core import domains, publishing, repositories
from emulator.core.state import open_state
from emulator.core.values import DomainId, PackageId, RepositoryId
from emulator.options import Options

state = open_state(Options(data=Path(sys.argv[1])))
domain = DomainId("012345678901", "my-company")
repository = RepositoryId(domain, "my-repo")
domains.create(state, domain)
repositories.create(state, repository, administrator="012345678901")
state.events.subscribe(lambda event: os._exit(9))
blob = state.assets.store(b"kept")
state.assets.writer().write(b"half an asset")
package = PackageId("generic", "tools", "hammer")
publishing.publish(state, repository, package, "1.0", [("a.bin", blob)])
print("acknowledged", flush=True)
sys.stdin.read()
"""


def test_a_process_killed_between_commit_and_delivery_delivers_at_its_next_start(
    tmp_path: Path,
) -> None:
    """The version, its bytes and its event survive; the half-written asset does not."""
    child = subprocess.run(
        [sys.executable, "-c", _KILLED, str(tmp_path)],
        check=False,
        cwd=Path(__file__).parents[3],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert child.returncode in {0, 9}, child.stderr
    assert list((tmp_path / "assets" / "incoming").iterdir()) != []
    with opened(tmp_path) as core:
        assert core.statuses() == {"1.0": "Published"}
        (asset,) = versions.describe(core.state, REPOSITORY, GENERIC, "1.0").assets
        assert core.state.assets.path(asset.blob.sha256).read_bytes() == b"kept"
        assert [each["packageVersion"] for each in core.delivered()] == ["1.0"]
        assert list((tmp_path / "assets" / "incoming").iterdir()) == []


def test_without_a_subscriber_the_outbox_does_not_grow_for_ever() -> None:
    """The newest events are kept for who may come."""
    state = open_state(Options())
    with state.store.transaction() as connection:
        connection.executemany(
            "INSERT INTO outbox (due, event) VALUES (0, ?)",
            [(json.dumps({"number": number}),) for number in range(MAX_UNDELIVERED)],
        )
    core = Core(state)
    from emulator.core import domains

    domains.create(state, DOMAIN)
    repositories.create(state, REPOSITORY, administrator="012345678901")
    core.publish("1.0")
    with state.store.reading() as connection:
        (count,) = connection.execute("SELECT COUNT(*) FROM outbox").fetchone()
    assert count == MAX_UNDELIVERED
    state.close()


def test_delivery_goes_on_after_the_disk_was_full(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be marked as delivered is delivered again; later events come too."""
    forget = core.state.events._forget
    refusals = iter([InternalServer("database or disk is full")])

    def refuse_once(delivered: list[int]) -> None:
        for error in refusals:
            raise error
        forget(delivered)

    monkeypatch.setattr(core.state.events, "_forget", refuse_once)

    core.publish("1.0")
    core.publish("2.0")

    assert {each["packageVersion"] for each in core.delivered()} == {"1.0", "2.0"}
