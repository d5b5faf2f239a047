"""The records of promotions on DynamoDB as moto plays it, in a table as template.yaml has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from promote_versions.record_items import record_item
from promote_versions.records import (
    Approval,
    Record,
    RecordConflictError,
    RecordsError,
    RequestAnswer,
    State,
)
from promote_versions.records_table import DynamoDbRecords
from promote_versions.verdicts import hold, pass_
from steward import clients
from steward.coordinates import Package, Repository
from tests.functional.promotions_table import create_table, moto_clients

if TYPE_CHECKING:
    from botocore.client import BaseClient

TABLE = "promotions"
NOW = datetime(2026, 3, 1, 10, 15, 0, 123_456, tzinfo=UTC)
HOUR = timedelta(hours=1)
REPOSITORY = Repository("my-company", "012345678901", "pypi-intake")
REQUESTS = Package(REPOSITORY, "pypi", None, "requests")
URLLIB3 = Package(REPOSITORY, "pypi", None, "urllib3")


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[BaseClient]:
    """A client of moto's DynamoDB; no socket is opened."""
    with moto_clients() as client:
        yield client("dynamodb")


@pytest.fixture
def records(dynamodb: BaseClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoDbRecords]:
    """An empty table of records, at a certain time."""
    create_table(dynamodb, TABLE)
    monkeypatch.setattr(clients, "dynamodb", lambda: dynamodb)
    yield DynamoDbRecords(TABLE, now=lambda: NOW)
    dynamodb.delete_table(TableName=TABLE)


class Answers:
    """The answers of Query: how many there were, and how many items were looked at for them."""

    def __init__(self, client: BaseClient) -> None:
        self.pages = 0
        self.scanned = 0
        client.meta.events.register("after-call.dynamodb.Query", self._count, unique_id="answers")

    def _count(self, parsed: dict[str, int], **_: object) -> None:
        self.pages += 1
        self.scanned += parsed.get("ScannedCount", 0)


@pytest.fixture
def answers(dynamodb: BaseClient) -> Iterator[Answers]:
    """Count what Query answers."""
    counted = Answers(dynamodb)
    yield counted
    dynamodb.meta.events.unregister("after-call.dynamodb.Query", unique_id="answers")


def record(
    version: str = "1.0",
    state: State = "held",
    *,
    package: Package = REQUESTS,
    rule: str = "public-to-approved",
    due: datetime | None = None,
    reason: str = "seven days are not over",
) -> Record:
    """Return a record that has never been written."""
    return Record(
        package=package,
        version=version,
        rule=rule,
        to="pypi-approved",
        revision="R1",
        state=state,
        verdicts=(pass_("origin", "public"), hold("minimum_age", "young", {"days": 3}, until=NOW)),
        requirements="5" * 64,
        decided_at=NOW - HOUR,
        due=due,
        reason=reason,
    )


def approved(one: Record, *, who: str = "me") -> Record:
    """Return the record with somebody's approval."""
    return replace(one, approval=Approval("approve", who, "read it", NOW, "R1"))


def test_the_records_of_a_package_are_found(records: DynamoDbRecords) -> None:
    """Of all its versions and rules, and nothing of another package or of another kind."""
    written = records.put_all([record("1.0"), record("1.1"), record("1.0", rule="another")])
    records.put(record(package=URLLIB3))
    records.answer_request(REQUESTS, "id", RequestAnswer("0" * 64, "done"))
    records.tell_once("key", NOW + HOUR)
    found = records.of_package(REQUESTS)
    assert sorted(found, key=lambda one: (one.version, one.rule)) == sorted(
        written, key=lambda one: (one.version, one.rule)
    )
    assert records.find(REQUESTS, "1.0", "another") == written[2]
    assert records.find(REQUESTS, "1.0", "no rule") is None


def test_more_records_than_fit_into_a_page_are_found(records: DynamoDbRecords) -> None:
    """A page of Query holds 1 MB at most."""
    long = [record(f"1.{number}", reason="x" * 3_900) for number in range(300)]
    records.put_all(long)
    assert len(records.of_package(REQUESTS)) == 300


def test_a_record_is_written_by_whoever_has_read_it_last(records: DynamoDbRecords) -> None:
    """The second of two who have read the same is told so, and has changed nothing."""
    first = records.put(record())
    assert first.serial == 1
    records.put(replace(first, asked=True))
    with pytest.raises(RecordConflictError) as conflict:
        records.put(approved(first))
    assert conflict.value.records == (approved(first),)
    found = records.find(REQUESTS, "1.0", "public-to-approved")
    assert found is not None
    assert (found.serial, found.asked, found.approval) == (2, True, None)


def test_a_new_record_is_not_written_over_another(records: DynamoDbRecords) -> None:
    """Two judges see a version for the first time."""
    records.put(record())
    with pytest.raises(RecordConflictError):
        records.put(record(state="refused"))


def test_a_record_that_has_expired_is_not_written_again_unread(records: DynamoDbRecords) -> None:
    """DynamoDB deleted it after it was read: somebody has to read that it is gone."""
    with pytest.raises(RecordConflictError):
        records.put(replace(record(), serial=3))


def test_a_conflict_does_not_hold_up_the_other_records(records: DynamoDbRecords) -> None:
    """They are written, and the error says which."""
    first = records.put(record("1.0"))
    records.put(replace(first, asked=True))
    with pytest.raises(RecordConflictError) as conflict:
        records.put_all([record("0.9"), first, record("1.1")])
    assert [one.version for one in conflict.value.records] == ["1.0"]
    assert [one.version for one in conflict.value.written] == ["0.9", "1.1"]
    assert {one.version: one.serial for one in records.of_package(REQUESTS)} == {
        "0.9": 1,
        "1.0": 2,
        "1.1": 1,
    }


def test_neither_the_judge_nor_a_person_loses_what_they_wrote(records: DynamoDbRecords) -> None:
    """Both write until it fits; in whatever order, both writes are there."""
    for person_first in (True, False):
        name = f"1.{person_first}"
        seen = records.put(record(name))
        by_person, by_judge = approved(seen), replace(seen, asked=True)
        records.put(by_person if person_first else by_judge)
        with pytest.raises(RecordConflictError):
            records.put(by_judge if person_first else by_person)
        again = records.find(REQUESTS, name, "public-to-approved")
        assert again is not None
        done = records.put(replace(again, asked=True) if person_first else approved(again))
        assert (done.asked, done.approval is not None, done.serial) == (True, True, 3)


def test_what_is_due_is_found_without_the_rest(
    dynamodb: BaseClient, records: DynamoDbRecords, answers: Answers
) -> None:
    """Of 2,500 held records the 10 that are due, to the second: nothing else is looked at."""
    item = record_item(record(due=NOW + HOUR))
    for start in range(0, 2_490, 25):
        entries = [
            {"PutRequest": {"Item": {**item, "entry": {"S": f"record#{number}#r"}}}}
            for number in range(start, min(start + 25, 2_490))
        ]
        dynamodb.batch_write_item(RequestItems={TABLE: entries})
    for number in range(10):
        records.put(record(f"2.{number}", due=NOW - number * HOUR))
    found = list(records.due(NOW + timedelta(seconds=1)))
    assert [one.version for one in found] == [f"2.{number}" for number in range(9, -1, -1)]
    assert (answers.pages, answers.scanned) == (
        2,
        10,
    )  # one page for what is held, one for approved


def test_what_is_due_is_held_or_approved(records: DynamoDbRecords) -> None:
    """A time that has come to the very second; not what waits for a person, not what is done."""
    states: tuple[State, ...] = ("held", "approved", "refused", "copied", "recalled")
    records.put_all([record(state, state, due=NOW) for state in states])
    records.put(record("waits", due=None))
    records.put(record("later", due=NOW + timedelta(seconds=2)))
    assert [one.version for one in records.due(NOW)] == []
    assert [one.version for one in records.due(NOW + timedelta(seconds=1))] == ["held", "approved"]


def test_what_waits_for_a_person_is_found_by_its_state(records: DynamoDbRecords) -> None:
    """As is everything else; a record is in one state at a time."""
    waiting = records.put(record("1.0"))
    copied = records.put(record("1.1", "copied"))
    assert list(records.in_state("held")) == [waiting]
    assert list(records.in_state("copied")) == [copied]
    moved = records.put(replace(waiting, state="approved"))
    assert list(records.in_state("held")) == []
    assert list(records.in_state("approved")) == [moved]


def test_pages_of_a_state_follow_one_another(records: DynamoDbRecords) -> None:
    """Each from where the one before has ended, over messages if need be; all records once."""
    long = [record(f"1.{number}", "copied", reason="x" * 3_900) for number in range(300)]
    records.put_all(long)
    records.put(record("2.0"))
    seen: list[str] = []
    after: str | None = None
    pages = 0
    while pages == 0 or after is not None:
        page = records.page_in_state("copied", after)
        seen += [one.version for one in page.records]
        after = page.next
        pages += 1
    assert pages > 1
    assert sorted(seen) == sorted(one.version for one in long)


def test_a_request_is_answered(records: DynamoDbRecords) -> None:
    """To whoever knows its id; a later answer replaces the first."""
    assert records.request_answer(REQUESTS, "id") is None
    records.answer_request(REQUESTS, "id", RequestAnswer("0" * 64, "failed", 0, "OSV is down"))
    assert records.request_answer(REQUESTS, "id") == RequestAnswer(
        "0" * 64, "failed", 0, "OSV is down"
    )
    records.answer_request(REQUESTS, "id", RequestAnswer("0" * 64, "done", 3))
    assert records.request_answer(REQUESTS, "id") == RequestAnswer("0" * 64, "done", 3)
    assert records.request_answer(URLLIB3, "id") is None


def test_people_are_told_once_until_it_is_time_again(records: DynamoDbRecords) -> None:
    """DynamoDB deletes what has expired when it likes; that makes no difference."""
    assert records.tell_once("held pkg:pypi/requests@1.0", NOW + HOUR)
    assert not records.tell_once("held pkg:pypi/requests@1.0", NOW + HOUR)
    assert records.tell_once("held pkg:pypi/requests@1.1", NOW + HOUR)
    almost = DynamoDbRecords(TABLE, now=lambda: NOW + HOUR - timedelta(seconds=1))
    assert not almost.tell_once("held pkg:pypi/requests@1.0", NOW + 3 * HOUR)
    later = DynamoDbRecords(TABLE, now=lambda: NOW + HOUR + timedelta(seconds=1))
    assert later.tell_once("held pkg:pypi/requests@1.0", NOW + 3 * HOUR)
    assert not later.tell_once("held pkg:pypi/requests@1.0", NOW + 3 * HOUR)


def test_a_key_of_any_length_is_told_once(records: DynamoDbRecords) -> None:
    """Two that differ only at their ends are two."""
    assert records.tell_once("x" * 5_000 + "a", NOW + HOUR)
    assert records.tell_once("x" * 5_000 + "b", NOW + HOUR)
    assert not records.tell_once("x" * 5_000 + "a", NOW + HOUR)


def test_the_longest_names_fit(records: DynamoDbRecords) -> None:
    """255 characters of four bytes each are more than a key may hold."""
    repository = Repository("d" * 50, "012345678901", "r" * 100)
    longest = Package(repository, "generic", "𝄞" * 255, "𝄢" * 255)
    one, other = records.put_all(
        [record("𝄫" * 255, package=longest), record("𝄫" * 254, package=longest)]
    )
    assert records.find(longest, one.version, one.rule) == one
    assert sorted(records.of_package(longest), key=lambda found: found.version) == [other, one]


def test_a_table_that_does_not_exist_is_an_error(records: DynamoDbRecords) -> None:
    """The message waits on its queue until somebody has deployed it."""
    del records
    with pytest.raises(RecordsError, match="ResourceNotFoundException"):
        DynamoDbRecords("another").of_package(REQUESTS)
