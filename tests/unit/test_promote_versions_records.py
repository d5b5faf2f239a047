"""Records as items: what is written is what is read, within what an item may hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import example, given
from hypothesis import strategies as st

from promote_versions import record_items as items
from promote_versions.record_limits import CUT, fitting_facts, fitting_findings, fitting_verdicts
from promote_versions.records import (
    STATES,
    Approval,
    Record,
    RecordConflictError,
    RecordsError,
    RequestAnswer,
)
from promote_versions.records_table import DynamoDbRecords
from promote_versions.verdicts import Outcome, Verdict, hold, pass_, refuse
from steward import clients
from steward.coordinates import Package, Repository
from steward.dynamodb import ReadAnswer
from steward.table_items import Item
from tests.unit.fake_codeartifact import refused
from tests.unit.fake_records import NOW, REQUESTS, approval, record
from tests.unit.logged_lines import Lines

MAX_ITEM = 400 * 1000  # "Quotas in Amazon DynamoDB", DynamoDB Developer Guide: 400 KB
TIMES = st.datetimes(
    datetime(2000, 1, 1),  # noqa: DTZ001  the strategy adds the zone
    datetime(2100, 1, 1),  # noqa: DTZ001  likewise
    timezones=st.just(UTC),
)
WORDS = st.text(st.characters(codec="utf-8"), max_size=40)
FACTS = st.dictionaries(
    WORDS,
    st.none() | st.booleans() | st.integers() | WORDS | st.lists(WORDS, max_size=3),
    max_size=3,
)
VERDICTS = st.builds(
    Verdict,
    st.text(st.characters(codec="utf-8"), max_size=15),  # a longer gate may be cut
    st.sampled_from(cast("list[Outcome]", ["pass", "hold", "refuse"])),
    WORDS,
    st.none() | TIMES,
    FACTS,
)
APPROVALS = st.builds(
    Approval, st.sampled_from(["approve", "reject"]), WORDS, WORDS, TIMES, st.just("R1")
)
RECORDS = st.builds(
    Record,
    package=st.just(REQUESTS) | st.just(Package(Repository("d1", "0" * 12, "r1"), "npm", "a", "b")),
    version=st.sampled_from(["1.0", "request", "𝄫" * 255]),
    rule=st.sampled_from(["r", "a#b"]),
    to=st.just("pypi-approved"),
    revision=st.just("R1"),
    state=st.sampled_from(STATES),
    verdicts=st.lists(VERDICTS, max_size=4).map(tuple),
    requirements=st.just("5" * 64),
    decided_at=TIMES,
    due=st.none() | TIMES,
    reason=WORDS,
    approval=st.none() | APPROVALS,
    earlier=st.lists(APPROVALS, max_size=10).map(tuple),
    asked=st.booleans(),
    copied_at=st.none() | TIMES,
    copied_revision=st.none() | st.just("R2"),
    findings=st.lists(WORDS, max_size=3).map(tuple),
    recalled_at=st.none() | TIMES,
    approved_since=st.none() | TIMES,
    serial=st.integers(0, 10),
)


def size(item: Item) -> int:
    """Return how many bytes *item* has, by "Item sizes and formats" (DynamoDB Developer Guide)."""
    return sum(
        len(name.encode()) + len((value.get("S") or value.get("N") or "").encode())
        for name, value in item.items()
    )


@given(RECORDS)
def test_a_record_survives_the_table(one: Record) -> None:
    """Everything in it, to the microsecond."""
    assert items.record_of(items.record_item(one)) == one


@example(["\U0001f600" * 5_000], {"x": "\ud800" * 100_000}, 60)
@example(["\x00" * 5_000], {"x": ["é" * 3_000] * 50, "y": "z"}, 20)
@given(
    st.lists(st.text(max_size=50), max_size=5),
    st.dictionaries(st.text(max_size=5), st.text(max_size=50), max_size=5),
    st.integers(0, 60),
)
def test_an_item_has_at_most_400_kb(
    texts: list[str], facts: Mapping[str, object], number: int
) -> None:
    """Whatever the gates and the finders say, and however much of it."""
    text = "".join(texts)
    verdict = Verdict(text, "hold", text, NOW, facts)
    longest = Package(Repository("d" * 50, "0" * 12, "r" * 100), "generic", "𝄞" * 255, "𝄢" * 255)
    one = record(
        "𝄫" * 255,
        package=longest,
        verdicts=(verdict,) * number,
        reason=text,
        findings=(text,) * number,
        approval=replace(approval(), reason="\U0001f600" * 1000),
        earlier=(replace(approval(), who=text, reason="\U0001f600" * 1000),) * number,
    )
    item = items.record_item(one)
    assert size(item) < MAX_ITEM
    again = items.record_of(item)
    assert (again.package, again.version, again.state) == (one.package, one.version, one.state)


def test_facts_that_do_not_fit_say_what_is_missing() -> None:
    """The first ones stay, and of a list its first members."""
    facts = {"a": 1, "ids": [f"GHSA-{number:04}" for number in range(2_000)], "text": "x" * 9_000}
    kept = fitting_facts({**facts, "z": 2})
    assert kept["a"] == 1
    ids = kept["ids"]
    assert isinstance(ids, list)
    assert 100 < len(ids) < 2_000
    assert ids == facts["ids"][: len(ids)]  # type: ignore[index]  # it is a list
    assert f"ids: {2_000 - len(ids)} of 2000, text" in str(kept[CUT])


def test_facts_that_fit_are_kept_as_they_are() -> None:
    """Nothing says anything about a cut."""
    facts = {"severity": "high", "ids": ["GHSA-1"] * 100}
    assert fitting_facts(facts) == facts


def test_of_too_many_verdicts_those_that_only_pass_are_left_out() -> None:
    """And the last one says how many."""
    verdicts = [pass_("a", "fine")] * 30 + [refuse("b", "no"), hold("c", "wait")]
    kept = fitting_verdicts(verdicts)
    assert len(kept) == 20
    assert [one.gate for one in kept[-2:]] == ["b", "c"]
    assert "12 more verdicts" in str(kept[-1].facts)


def test_of_too_many_findings_the_rest_is_counted() -> None:
    """The first ones stay."""
    found = fitting_findings([f"GHSA-{number}" for number in range(50)])
    assert (found[0], found[18], found[-1]) == ("GHSA-0", "GHSA-18", "... and 31 more")


def test_of_what_people_said_before_the_last_ten_are_kept() -> None:
    """With reasons that are cut and say so."""
    said = tuple(approval(who=f"P{number}", reason="x" * 3_000) for number in range(12))
    kept = items.record_of(items.record_item(record(earlier=said))).earlier
    assert [one.who for one in kept] == [f"P{number}" for number in range(2, 12)]
    assert all(one.reason.endswith("(cut: 3000 characters)") for one in kept)


def test_a_reason_that_does_not_fit_is_cut_and_says_so() -> None:
    """At a limit that no usual reason reaches."""
    read = items.record_of(items.record_item(record(reason="why " * 2_000)))
    assert read.reason.startswith("why why")
    assert read.reason.endswith("(cut: 8000 characters)")


@pytest.mark.parametrize(
    ("one", "kept_until"),
    [
        pytest.param(record(decided_at=NOW), NOW, id="held without an end"),
        pytest.param(
            record(decided_at=NOW, due=NOW + timedelta(days=400)),
            NOW + timedelta(days=400),
            id="held for longer than records are kept",
        ),
        pytest.param(record(state="approved", decided_at=NOW), NOW, id="approved"),
        pytest.param(record(state="refused", decided_at=NOW), NOW, id="refused"),
        pytest.param(record(state="copied"), None, id="copied"),
        pytest.param(record(state="recalled"), None, id="recalled"),
        pytest.param(
            record(state="held", copied_at=NOW), None, id="an earlier revision was copied"
        ),
        pytest.param(
            record(state="refused", approval=approval("reject")), None, id="a person refused it"
        ),
        pytest.param(
            record(due=datetime.max.replace(tzinfo=UTC)), None, id="due at the end of all times"
        ),
    ],
)
def test_a_record_is_kept_for_half_a_year_or_for_good(
    one: Record, kept_until: datetime | None
) -> None:
    """For good: what is in the destination, and what a person has refused."""
    expires = items.record_item(one).get("expires")
    if kept_until is None:
        assert expires is None
    else:
        assert expires is not None
        assert 0 <= int(expires["N"]) - (kept_until + timedelta(days=180)).timestamp() < 1


def test_no_two_records_have_one_key() -> None:
    """Neither has a request that is called like a version."""
    keys = [
        items.record_key(REQUESTS, "1.0", "a")["entry"]["S"],
        items.record_key(REQUESTS, "1.0", "b")["entry"]["S"],
        items.record_key(REQUESTS, "1.0-b", "a")["entry"]["S"],
        items.record_key(REQUESTS, "request", "a")["entry"]["S"],
        items.answer_key(REQUESTS, "a")["entry"]["S"],
        items.record_key(REQUESTS, "𝄫" * 255, "a")["entry"]["S"],
        items.record_key(REQUESTS, "𝄫" * 255, "b")["entry"]["S"],
    ]
    assert len(set(keys)) == len(keys)
    assert all(len(one.encode()) <= 1024 for one in keys)


def test_only_records_are_in_the_index() -> None:
    """An item is in it if it has both attributes of its key."""
    answer = items.answer_item(REQUESTS, "id", RequestAnswer("0" * 64, "done", 3), NOW)
    told = items.told_item("key", NOW)
    assert not {"state", "due"} & (answer.keys() | told.keys())
    assert {"state", "due"} <= items.record_item(record()).keys()


class BrokenTable:
    """A client of DynamoDB that answers with certain items, or fails."""

    def __init__(self, *answers: ReadAnswer | Exception) -> None:
        self.answers = list(answers)

    def query(self, **_: object) -> ReadAnswer:
        """Return the next answer."""
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def get_item(self, **_: object) -> Mapping[str, object]:
        """Return the first item of the next answer."""
        return {"Item": self.query().get("Items", [])[0]}

    def put_item(self, **_: object) -> object:
        """Fail as the next answer says."""
        return self.query()


def table(monkeypatch: pytest.MonkeyPatch, *answers: ReadAnswer | Exception) -> DynamoDbRecords:
    """Return the records in a table that answers so."""
    fake = BrokenTable(*answers)
    monkeypatch.setattr(clients, "dynamodb", lambda: fake)
    return DynamoDbRecords("records", now=lambda: NOW)


def spoilt(name: str, value: str | None) -> Item:
    """Return the item of a record in which one attribute is another, or missing."""
    item = dict(items.record_item(record(serial=1, approval=approval())))
    del item[name]
    kind = "N" if name in ("serial", "asked") else "S"
    return item if value is None else cast("Item", {**item, name: {kind: value}})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", "promoted"),
        ("revision", None),
        ("verdicts", "no JSON"),
        ("verdicts", "7"),
        ("verdicts", '[{"gate": "a", "outcome": "maybe", "reason": "", "facts": {}}]'),
        ("verdicts", '[{"gate": "a", "outcome": "pass", "reason": "", "facts": []}]'),
        ("verdicts", '["pass"]'),
        ("decidedAt", "yesterday"),
        ("approval", '{"decision": "approve"}'),
        ("packageFormat", "conda"),
        ("serial", "one"),
    ],
)
def test_an_item_that_cannot_be_read_is_an_error_with_its_key(
    name: str, value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package of which anything is unknown is not judged."""
    item = spoilt(name, value)
    answer: ReadAnswer = {"Items": [item]}
    records = table(monkeypatch, answer, answer)
    for ask in (lambda: records.of_package(REQUESTS), lambda: records.find(REQUESTS, "1.0", "r")):
        with pytest.raises(RecordsError, match=r"record#1\.0#public-to-approved") as raised:
            ask()
        assert raised.value.code == "UnreadableEntry"


def test_what_cannot_be_read_does_not_hold_up_what_is_due(
    monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    """It is logged, and at the end it is an error; the next page is read first."""
    first: ReadAnswer = {
        "Items": [spoilt("state", "?"), items.record_item(record("1.1", due=NOW))],
        "LastEvaluatedKey": {"package": {"S": "p"}},
    }
    second: ReadAnswer = {"Items": [items.record_item(record("1.2", due=NOW))]}
    found: list[str] = []
    records = table(monkeypatch, first, second, {"Items": []})
    with pytest.raises(RecordsError, match=r"1 records cannot be read.*record#1\.0#"):
        found.extend(one.version for one in records.due(NOW))
    assert found == ["1.1", "1.2"]
    assert len(lines.of("unreadable record")) == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (refused("Query", "ProvisionedThroughputExceededException"), None),
        (EndpointConnectionError(endpoint_url="http://dynamodb"), "EndpointConnectionError"),
    ],
    ids=["DynamoDB refuses", "DynamoDB is not there"],
)
def test_a_call_that_fails_is_an_error(
    error: Exception, code: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reads and writes alike; only a condition that does not hold is a conflict."""
    records = table(monkeypatch, *[error] * 6)
    for ask in (
        lambda: records.of_package(REQUESTS),
        lambda: records.find(REQUESTS, "1.0", "r"),
        lambda: list(records.due(NOW)),
        lambda: records.put(record()),
        lambda: records.tell_once("key", NOW),
        lambda: records.page_in_state("copied"),
    ):
        with pytest.raises(RecordsError) as raised:
            ask()
        assert raised.value.code == (code or "ProvisionedThroughputExceededException")


def test_a_conflict_says_which_records() -> None:
    """Those that were to be written, and those that were."""
    error = RecordConflictError((record("1.0"),), (record("1.1"),))
    assert "pkg:pypi/requests@1.0 (public-to-approved)" in str(error)
    assert [one.version for one in error.written] == ["1.1"]


@pytest.mark.parametrize("after", ["no JSON", "[" * 50_000], ids=["text", "brackets"])
def test_a_page_that_does_not_exist_is_an_error(
    after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever made it up."""
    with pytest.raises(RecordsError, match="UnknownPage"):
        table(monkeypatch).page_in_state("copied", after)


def test_items_are_made_of_text_and_numbers() -> None:
    """What JSON holds is text in the table; anyone can read it in the console."""
    item = items.record_item(
        record(verdicts=(hold("minimum_age", "young", {"days": 3}, until=NOW),))
    )
    (verdict,) = json.loads(item["verdicts"]["S"])
    assert verdict["facts"] == {"days": 3}
    assert verdict["until"].startswith("2026-03-01T10:15:00")
