"""The ledger on DynamoDB as moto plays it, with the table that template.yaml describes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import botocore.session
import pytest

from steward import clients
from steward.coordinates import Package, PackageVersion, Repository, Restrictions
from steward.errors import LedgerError
from steward.ledger import (
    NO_EXEMPTIONS,
    UNKNOWN_EXEMPTIONS,
    DynamoDbLedger,
    Exemption,
    ExemptionsAt,
    Mark,
    ObservedLedger,
    RestrictionsChange,
    StatusChange,
)
from steward.ledger_entries import exemption_item

if TYPE_CHECKING:
    from botocore.client import BaseClient

TABLE = "ledger"
NOW = datetime(2026, 3, 1, 10, 15, 0, 123_456, tzinfo=UTC)
WEEK = timedelta(days=7)
REPOSITORY = Repository("my-company", "012345678901", "my-repo")
UI = Package(REPOSITORY, "npm", "mycompany", "ui")
UI_KIT = Package(REPOSITORY, "npm", "mycompany", "ui-kit")
# Names of as many bytes as the service model allows: 255 characters of four bytes.
LONG = Package(Repository("d" * 50, "012345678901", "r" * 100), "generic", "𝄞" * 255, "𝄢" * 255)


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[BaseClient]:
    """A client of moto's DynamoDB; no socket is opened."""
    from moto import mock_aws

    with mock_aws():
        session = botocore.session.Session()
        session.set_credentials("012345678901", "local")
        yield session.create_client("dynamodb", region_name="us-west-2")


@pytest.fixture
def ledger(dynamodb: BaseClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoDbLedger]:
    """An empty ledger, at a certain time."""
    keys = {"package": "HASH", "entry": "RANGE"}
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    monkeypatch.setattr(clients, "dynamodb", lambda: dynamodb)
    yield DynamoDbLedger(TABLE, now=lambda: NOW)
    dynamodb.delete_table(TableName=TABLE)


def exemption(package: Package = UI, version: str | None = None, *, why: str = "") -> Exemption:
    """Return an exemption for a week from now."""
    return Exemption(package, version, "origins[0]", "arn:aws:iam::1:user/me", why, NOW, NOW + WEEK)


def opened(package: Package = UI, *, at: datetime = NOW) -> RestrictionsChange:
    """Return a change of restrictions."""
    before, after = Restrictions("ALLOW", "ALLOW"), Restrictions("ALLOW", "BLOCK")
    return RestrictionsChange(package, before, after, "origins[0]", "enforce_origin_controls", at)


def archived(version: str, package: Package = UI, *, at: datetime = NOW) -> StatusChange:
    """Return a change of status."""
    return StatusChange(
        package, version, "Published", "Archived", "origins[0]", "enforce_origin_controls", at
    )


def test_exemptions_are_found_by_package(ledger: DynamoDbLedger) -> None:
    """Versions and restrictions of this package, nothing of another or of another kind."""
    for one in (exemption(), exemption(version="1.0"), exemption(UI_KIT, "1.0")):
        ledger.exempt(one)
    ledger.record([opened()])
    ledger.mark_told(UI, ["mixed"], until=NOW + WEEK)
    assert set(ledger.exemptions(UI)) == {exemption(), exemption(version="1.0")}
    assert ledger.exemptions(UI_KIT) == [exemption(UI_KIT, "1.0")]


def test_a_second_exemption_replaces_the_first(ledger: DynamoDbLedger) -> None:
    """To prolong one is to write it again."""
    ledger.exempt(exemption(why="first"))
    ledger.exempt(exemption(why="second"))
    assert [one.why for one in ledger.exemptions(UI)] == ["second"]


def test_an_exemption_can_be_ended_once(ledger: DynamoDbLedger) -> None:
    """The answer says whether there was one; the others stay."""
    ledger.exempt(exemption())
    ledger.exempt(exemption(version="1.0"))
    assert ledger.end_exemption(UI, None)
    assert not ledger.end_exemption(UI, None)
    assert not ledger.end_exemption(UI_KIT, "1.0")
    assert ledger.exemptions(UI) == [exemption(version="1.0")]


def test_all_exemptions_are_found_among_everything_else(ledger: DynamoDbLedger) -> None:
    """Of every package, over several pages: a page of Scan holds 1 MB at most."""
    why = "x" * 30_000
    written = {exemption(UI, f"1.{number}", why=why) for number in range(50)} | {exemption(LONG)}
    for one in written:
        ledger.exempt(one)
    ledger.record([opened(), archived("9.9")])
    ledger.mark_told(UI, ["mixed"], until=NOW + WEEK)
    found = list(ledger.all_exemptions())
    assert len(found) == 51
    assert set(found) == written


def test_changes_come_newest_first(ledger: DynamoDbLedger) -> None:
    """Exactly: two changes a microsecond apart are in order."""
    times = [NOW + timedelta(microseconds=n) for n in (5, 0, 1_000_000, 1, 60_000_000)]
    ledger.record([opened(at=at) for at in times])
    ledger.record([opened(UI_KIT)])
    assert [change.at for change in ledger.changes(UI)] == sorted(times, reverse=True)
    assert ledger.changes(UI_KIT) == [opened(UI_KIT)]


def test_changes_of_one_microsecond_do_not_overwrite_one_another(ledger: DynamoDbLedger) -> None:
    """130 versions archived at once share an item, and are 130 changes."""
    changes = [archived(f"9.{number}") for number in range(130)]
    ledger.record([opened(), *changes])
    found = ledger.changes(UI)
    assert len(found) == 131
    assert set(found) == {opened(), *changes}


def test_an_attempt_that_is_made_again_records_each_change_once(ledger: DynamoDbLedger) -> None:
    """Also where other versions share its items than did at first."""
    changes = [archived(f"9.{number}") for number in range(10)]
    ledger.record(changes)
    ledger.record(changes[3:])
    assert ledger.changes(UI) == sorted(changes, key=lambda one: one.version)


def test_marks_are_found_by_package(ledger: DynamoDbLedger) -> None:
    """Written by themselves or with the changes; the latest of a version counts."""
    unlisted = [PackageVersion(f"1.{number}", "Unlisted") for number in range(1_200)]
    ledger.mark(UI, unlisted, at=NOW, rule="retention[0]")
    ledger.mark(UI_KIT, unlisted[:1], at=NOW, rule="retention[0]")
    later = NOW + WEEK
    ledger.record([archived("1.7")], [Mark(UI, "1.7", "Archived", "retention[0]", later)])
    marks = ledger.marks(UI)
    assert [marks.since(one.version, "Unlisted") for one in unlisted].count(NOW) == 1_199
    assert marks.since("1.7", "Unlisted") is None
    assert marks.since("1.7", "Archived") == later
    assert ledger.marks(UI_KIT).since("1.0", "Unlisted") == NOW
    assert ledger.marks(UI_KIT).since("1.1", "Unlisted") is None
    assert ledger.marks(LONG).since("1.0", "Unlisted") is None
    assert ledger.changes(UI) == [archived("1.7")]


def test_the_last_end_of_all_exemptions_is_known(ledger: DynamoDbLedger) -> None:
    """From the first one on; one that ends earlier, or is ended, does not bring it forward."""
    assert ledger.exemptions_at() == UNKNOWN_EXEMPTIONS
    ledger.exempt(exemption())
    assert ledger.exemptions_at() == ExemptionsAt(NOW, NOW + WEEK)
    longer = replace(exemption(UI_KIT, "1.0"), until=NOW + 5 * WEEK)
    ledger.exempt(longer)
    later = DynamoDbLedger(TABLE, now=lambda: NOW + WEEK)
    later.exempt(replace(exemption(), until=NOW + 2 * WEEK))
    assert ledger.exemptions_at() == ExemptionsAt(NOW + WEEK, longer.until)
    ledger.end_exemption(UI_KIT, "1.0")
    assert ledger.exemptions_at() == ExemptionsAt(NOW + WEEK, longer.until)
    assert list(ledger.all_exemptions()) == [replace(exemption(), until=NOW + 2 * WEEK)]


def test_exemptions_of_earlier_releases_are_counted_in(
    ledger: DynamoDbLedger, dynamodb: BaseClient
) -> None:
    """They wrote no end of all; the first one who does looks at all that there are."""
    old = replace(exemption(UI_KIT, "1.0"), until=NOW + 5 * WEEK)
    dynamodb.put_item(TableName=TABLE, Item=exemption_item(old))
    ledger.exempt(exemption())
    assert ledger.exemptions_at() == ExemptionsAt(NOW, old.until)


def test_a_ledger_without_exemptions_can_be_had_say_so(
    ledger: DynamoDbLedger, dynamodb: BaseClient
) -> None:
    """Once and for all: the item has no time to live; the first exemption later widens it."""
    ledger.record([opened()])
    ledger.settle_exemptions()
    assert ledger.exemptions_at() == NO_EXEMPTIONS
    items = dynamodb.scan(TableName=TABLE)["Items"]
    (item,) = (one for one in items if one["entry"]["S"] == "#exemptions")
    assert set(item) == {"package", "entry", "written", "until"}
    ledger.exempt(exemption())
    assert ledger.exemptions_at() == ExemptionsAt(NOW, NOW + WEEK)
    ledger.settle_exemptions()
    assert ledger.exemptions_at() == ExemptionsAt(NOW, NOW + WEEK)


def test_exemptions_that_nobody_has_told_of_are_settled_with_the_last_end(
    ledger: DynamoDbLedger, dynamodb: BaseClient
) -> None:
    """Releases that wrote none of it exempted them, the longer one first."""
    longer = replace(exemption(UI_KIT, "1.0"), made=NOW - WEEK, until=NOW + 5 * WEEK)
    for one in (longer, exemption()):
        dynamodb.put_item(TableName=TABLE, Item=exemption_item(one))
    ObservedLedger(ledger).settle_exemptions()
    assert ledger.exemptions_at() == ExemptionsAt(NOW, longer.until)


def test_an_exemption_while_all_are_settled_wins(
    ledger: DynamoDbLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was not among those that were read."""

    def read() -> Iterator[Exemption]:
        found = list(DynamoDbLedger.all_exemptions(ledger))
        DynamoDbLedger(TABLE, now=lambda: NOW).exempt(exemption())
        return iter(found)

    monkeypatch.setattr(ledger, "all_exemptions", read)
    ledger.settle_exemptions()
    assert ledger.exemptions_at() == ExemptionsAt(NOW, NOW + WEEK)
    assert ledger.exemptions(UI) == [exemption()]


def test_all_are_settled_while_somebody_exempts_for_the_first_time(
    ledger: DynamoDbLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever exempts finds out, and widens what was settled."""

    def read() -> Iterator[Exemption]:
        DynamoDbLedger(TABLE, now=lambda: NOW).settle_exemptions()
        return DynamoDbLedger.all_exemptions(ledger)

    monkeypatch.setattr(ledger, "all_exemptions", read)
    ledger.exempt(exemption())
    assert ledger.exemptions_at() == ExemptionsAt(NOW, NOW + WEEK)


def test_a_change_recorded_twice_is_kept_once(ledger: DynamoDbLedger) -> None:
    """In one call or in two."""
    ledger.record([opened(), opened()])
    ledger.record([opened()])
    assert ledger.changes(UI) == [opened()]


def test_the_longest_names_fit(ledger: DynamoDbLedger) -> None:
    """255 characters of four bytes each are more than a key may hold."""
    version = "𝄫" * 255
    ledger.exempt(exemption(LONG, version))
    ledger.record([opened(LONG), archived(version, LONG)])
    ledger.mark_told(LONG, [f"external {version}"], until=NOW + WEEK)
    assert ledger.exemptions(LONG) == [exemption(LONG, version)]
    assert set(ledger.changes(LONG)) == {opened(LONG), archived(version, LONG)}
    assert ledger.told(LONG) == {f"external {version}"}
    assert ledger.end_exemption(LONG, version)


def test_findings_are_told_until_they_expire(ledger: DynamoDbLedger) -> None:
    """Marked again, a finding stays told for longer."""
    ledger.mark_told(UI, ["mixed", "external 9.9"], until=NOW + WEEK)
    ledger.mark_told(UI_KIT, ["mixed"], until=NOW + WEEK)
    later = DynamoDbLedger(TABLE, now=lambda: NOW + 2 * WEEK)
    assert ledger.told(UI) == {"mixed", "external 9.9"}
    assert later.told(UI) == frozenset()
    later.mark_told(UI, ["mixed"], until=NOW + 3 * WEEK)
    assert later.told(UI) == {"mixed"}


def test_observing_keeps_what_people_do_and_what_they_are_told(ledger: DynamoDbLedger) -> None:
    """Only changes are not recorded, because none is made."""
    observed = ObservedLedger(ledger)
    observed.record([opened()])
    observed.exempt(exemption())
    observed.exempt(exemption(version="1.0"))
    observed.mark_told(UI, ["mixed"], until=NOW + WEEK)
    assert observed.end_exemption(UI, "1.0")
    assert observed.changes(UI) == []
    assert observed.exemptions(UI) == list(observed.all_exemptions()) == [exemption()]
    assert observed.told(UI) == {"mixed"}


def test_a_table_that_does_not_exist_is_an_error(ledger: DynamoDbLedger) -> None:
    """The message waits on its queue until somebody has deployed it."""
    del ledger
    with pytest.raises(LedgerError, match="ResourceNotFoundException"):
        DynamoDbLedger("another").exemptions(UI)
