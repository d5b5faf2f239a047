"""The ledger: what is written is what is read, and what the table refuses or forgets."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import cast, get_args

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import example, given
from hypothesis import strategies as st

from steward import clients
from steward import ledger_entries as entries
from steward.coordinates import (
    FORMATS,
    Package,
    PackageVersion,
    Repository,
    Restriction,
    Restrictions,
    Status,
)
from steward.dynamodb import BatchWriteAnswer, GetAnswer, ReadAnswer, WriteRequest
from steward.errors import LedgerError
from steward.ledger import (
    NO_EXEMPTIONS,
    UNKNOWN_EXEMPTIONS,
    Change,
    DynamoDbLedger,
    Exemption,
    ExemptionsAt,
    Mark,
    Marks,
    ObservedLedger,
    RestrictionsChange,
    StatusChange,
    connect,
)
from steward.ledger_marks import mark_items, marks_of
from steward.table_items import Item, key, partition
from tests.unit.fake_codeartifact import package, refused

NOW = datetime(2026, 3, 1, 10, 15, 0, 123_456, tzinfo=UTC)
OPEN, CLOSED = Restrictions("ALLOW", "ALLOW"), Restrictions("ALLOW", "BLOCK")
LONGEST = "𝄞" * 255  # a name or version of as many bytes as the service model allows

# PackageName, PackageNamespace and PackageVersion, service model: [^#/\s]{1,255}
NAMES = st.one_of(
    st.text(
        st.characters(exclude_characters="#/", exclude_categories=("Cs", "Zs", "Zl", "Zp", "Cc")),
        min_size=1,
        max_size=255,
    ),
    st.just(LONGEST),
)
REPOSITORIES = st.builds(
    Repository,
    st.sampled_from(["my-company", "d" * 50]),
    st.just("012345678901"),
    st.sampled_from(["my-repo", "r" * 100]),
)
PACKAGES = st.builds(Package, REPOSITORIES, st.sampled_from(FORMATS), st.none() | NAMES, NAMES)
TIMES = st.datetimes(
    datetime(2000, 1, 1),  # noqa: DTZ001  the strategy adds the zone
    datetime(2100, 1, 1),  # noqa: DTZ001  likewise
    timezones=st.just(UTC) | st.just(timezone(timedelta(hours=-7))),
)
RESTRICTIONS = st.builds(
    Restrictions, *[st.sampled_from(cast("tuple[Restriction, ...]", get_args(Restriction)))] * 2
)
STATUSES = st.sampled_from(cast("tuple[Status, ...]", get_args(Status)))
WORDS = st.text(max_size=40).filter(lambda text: text.isprintable())
CHANGES: st.SearchStrategy[Change] = st.one_of(
    st.builds(RestrictionsChange, PACKAGES, RESTRICTIONS, RESTRICTIONS, WORDS, WORDS, TIMES),
    st.builds(StatusChange, PACKAGES, NAMES, STATUSES, STATUSES, WORDS, WORDS, TIMES),
)
MARKS = st.builds(Mark, PACKAGES, NAMES, STATUSES, WORDS, TIMES)
EXEMPTIONS = st.builds(
    Exemption,
    PACKAGES,
    st.none() | NAMES,
    WORDS,
    WORDS,
    st.text(max_size=60),
    TIMES,
    TIMES,
    st.none() | WORDS,
)


def archived(version: str = "9.9", at: datetime = NOW) -> StatusChange:
    """Return a change of the one package of this module."""
    return StatusChange(
        package(), version, "Published", "Archived", "origins[0]", "enforce_origin_controls", at
    )


class FakeTable:
    """
    DynamoDB with one table; *takes* says how many items each BatchWriteItem call takes.

    Attributes:
        items: What was written.
        answers: What Query and Scan answer, page by page; then nothing.
        failing: The operation that fails with the error, None for all.
        before_put: Called with each item that PutItem is to write; may raise.
    """

    def __init__(
        self,
        *,
        takes: Sequence[int] = (),
        error: Exception | None = None,
        failing: str | None = None,
    ) -> None:
        self.takes = list(takes)
        self.error = error
        self.failing = failing
        self.before_put: Callable[[Item], None] = lambda _: None
        self.items: list[Item] = []
        self.answers: list[ReadAnswer] = []
        self.asked: list[dict[str, object]] = []

    def query(self, **parameters: object) -> ReadAnswer:
        """Answer with the next page."""
        return self._page("Query", parameters)

    def scan(self, **parameters: object) -> ReadAnswer:
        """Answer with the next page."""
        return self._page("Scan", parameters)

    def get_item(self, **parameters: object) -> GetAnswer:
        """Find what was written last under the key."""
        self._fail("GetItem")
        assert parameters["ConsistentRead"] is True
        found = [one for one in self.items if _key(one) == parameters["Key"]]
        return {"Item": found[-1]} if found else {}

    def put_item(self, *, Item: Item, **condition: object) -> object:  # noqa: N803  AWS's name
        """Keep the item; whether the condition holds is not looked at."""
        self._fail("PutItem")
        self.before_put(Item)
        assert ("ConditionExpression" in condition) == (Item["entry"]["S"] == "#exemptions")
        self.items.append(Item)
        return {}

    def delete_item(self, *, TableName: str, Key: Item, ReturnValues: str) -> object:  # noqa: N803  AWS's names
        """Find nothing."""
        del TableName, Key
        self._fail("DeleteItem")
        assert ReturnValues == "ALL_OLD"
        return {}

    def batch_write_item(
        self,
        *,
        RequestItems: Mapping[str, Sequence[WriteRequest]],  # noqa: N803  AWS's name
    ) -> BatchWriteAnswer:
        """Take the first items of the call and hand back the others."""
        self._fail("BatchWriteItem")
        ((table, requests),) = RequestItems.items()
        assert 1 <= len(requests) <= 25
        takes = self.takes.pop(0) if self.takes else len(requests)
        self.items += [request["PutRequest"]["Item"] for request in requests[:takes]]
        left = requests[takes:]
        return {"UnprocessedItems": {table: left} if left else {}}

    def _page(self, operation: str, parameters: dict[str, object]) -> ReadAnswer:
        self._fail(operation)
        assert parameters["ConsistentRead"] is True  # an exemption is written just before an event
        self.asked.append(parameters)
        return self.answers.pop(0) if self.answers else {}

    def _fail(self, operation: str) -> None:
        if self.error and self.failing in (None, operation):
            raise self.error


def _key(item: Item) -> Item:
    return {"package": item["package"], "entry": item["entry"]}


def only(change: Change) -> Item:
    """Return the one item of *change*."""
    (item,) = entries.change_items([change])
    return item


def ledger(
    monkeypatch: pytest.MonkeyPatch, table: FakeTable, pauses: list[float] | None = None
) -> DynamoDbLedger:
    """Return a ledger in *table* that waits for nothing and remembers how long it would have."""
    monkeypatch.setattr(clients, "dynamodb", lambda: table)
    waited: list[float] = [] if pauses is None else pauses
    return DynamoDbLedger("ledger", now=lambda: NOW, pause=waited.append)


@given(EXEMPTIONS)
def test_an_exemption_survives_the_table(exemption: Exemption) -> None:
    """Every name the service model allows, every moment to the microsecond."""
    assert entries.exemption_of(entries.exemption_item(exemption)) == exemption


@given(CHANGES)
def test_a_change_survives_the_table(change: Change) -> None:
    """Every name the service model allows, every moment to the microsecond."""
    (item,) = entries.change_items([change])
    assert entries.changes_of(item) == [change]


@given(EXEMPTIONS, CHANGES, st.text(max_size=2_000).filter(lambda text: text.isprintable()))
def test_keys_stay_within_the_quotas(exemption: Exemption, change: Change, finding: str) -> None:
    """2,048 bytes for a partition key, 1,024 for a sort key (DynamoDB Developer Guide)."""
    items = [
        entries.exemption_item(exemption),
        *entries.change_items([change]),
        *mark_items([Mark(change.package, "v" * 255, "Archived", change.rule, change.at)]),
        entries.told_item(change.package, finding, NOW),
    ]
    for item in items:
        assert 1 <= len(item["package"]["S"].encode()) <= 2048
        assert 1 <= len(item["entry"]["S"].encode()) <= 1024


def test_a_key_can_be_read_by_people() -> None:
    """Whoever looks at the table finds a package without us."""
    item = entries.exemption_item(Exemption(package(), "1.0", "origins[0]", "me", "", NOW, NOW))
    assert (
        item["package"]["S"]
        == "012345678901/my-company/my-maven-repo/maven/com.mycompany.app/pkg-1"
    )
    assert item["entry"]["S"] == "exemption#version#1.0"


@given(PACKAGES, PACKAGES)
@example(
    package(LONGEST, namespace=LONGEST, repository="r" * 100),
    package(LONGEST[:-1] + "é", namespace=LONGEST, repository="r" * 100),
)
def test_two_packages_never_share_a_key(one: Package, other: Package) -> None:
    """Nor do the longest ones, which differ only where their keys are cut."""
    assert (partition(one) == partition(other)) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(LONGEST, LONGEST[:-1] + "é", id="longest versions with different ends"),
        pytest.param("restrictions", None, id="a version called restrictions"),
    ],
)
def test_two_exemptions_never_share_a_key(one: str | None, other: str | None) -> None:
    """What is exempted by one must not be replaced by the other."""
    assert entries.exemption_entry(one) != entries.exemption_entry(other)


@given(st.lists(TIMES, min_size=2, max_size=5))
def test_changes_sort_by_their_time(times: list[datetime]) -> None:
    """As text, because DynamoDB sorts text; whatever the time zone they were given in."""
    by_key = sorted(times, key=lambda at: only(archived(at=at))["entry"]["S"])
    assert by_key == sorted(times)


def test_changes_of_one_microsecond_are_kept_apart() -> None:
    """Whatever they differ in; what is recorded twice has one key, in whatever order it comes."""
    archives = [archived(f"9.{number}") for number in range(100)]
    others: list[Change] = [
        replace(archived("9.1"), before="Unlisted"),
        replace(archived("9.1"), after="Deleted"),
        replace(archived("9.1"), rule="origins[1]"),
        replace(archived("9.1"), automation="expire_versions"),
        RestrictionsChange(package(), OPEN, CLOSED, "origins[0]", "enforce_origin_controls", NOW),
    ]
    once = entries.change_items([*archives, *others])
    again = entries.change_items([*others[::-1], *archives[::-1], *archives])
    assert len({item["entry"]["S"] for item in once}) == len(once) == 6
    assert {item["entry"]["S"] for item in once} == {item["entry"]["S"] for item in again}


@pytest.mark.parametrize(
    ("names", "shared"),
    [
        pytest.param([f"1.{number}" for number in range(500)], 1, id="500 short versions"),
        pytest.param([f"1.{number}" for number in range(501)], 2, id="one more"),
        pytest.param(
            [f"{number:03}{'𝄞' * 252}" for number in range(500)], 3, id="the longest versions"
        ),
    ],
)
def test_versions_share_an_item_as_long_as_it_stays_small(names: list[str], shared: int) -> None:
    """An item holds 400 KB at most ("Quotas in Amazon DynamoDB"), names and lists included."""
    changes: list[Change] = [archived(name) for name in names]
    marks = [Mark(package(), name, "Archived", "retention[0]", NOW) for name in names]
    for items in (entries.change_items(changes), mark_items(marks)):
        assert len(items) == shared
        assert all(len(json.dumps(item, ensure_ascii=False).encode()) < 400_000 for item in items)
    found = [one for item in entries.change_items(changes) for one in entries.changes_of(item)]
    assert set(found) == set(changes)
    assert {one for item in mark_items(marks) for one in marks_of(item)} == set(marks)


def test_what_earlier_releases_wrote_is_read() -> None:
    """They wrote an item for each version."""
    item = dict(only(archived("9.9")))
    del item["versions"]
    assert entries.changes_of({**item, "version": {"S": "9.9"}}) == [archived("9.9")]


@given(st.lists(MARKS, min_size=1, max_size=8))
def test_marks_survive_the_table(marks: list[Mark]) -> None:
    """Every name the service model allows; each mark once."""
    found = [one for item in mark_items(marks) for one in marks_of(item)]
    assert len(found) == len(set(found))
    assert set(found) == set(marks)


def test_only_the_latest_mark_of_a_version_counts() -> None:
    """Whoever put the version back in between began a new time."""
    later, latest = NOW + timedelta(days=1), NOW + timedelta(days=2)
    marks = [
        Mark(package(), "1.0", "Unlisted", "retention[0]", NOW),
        Mark(package(), "1.0", "Published", "retention[0]", later),
        Mark(package(), "2.0", "Unlisted", "retention[0]", latest),
        Mark(package(), "2.0", "Published", "retention[0]", NOW),
    ]
    for some in (marks, marks[::-1]):
        found = Marks(some)
        assert found.since("1.0", "Published") == later
        assert found.since("1.0", "Unlisted") is None
        assert found.since("2.0", "Unlisted") == latest
        assert found.since("3.0", "Unlisted") is None


def test_a_mark_is_kept_for_longer_than_a_year() -> None:
    """Whoever waits for a year must come to its end."""
    (item,) = mark_items([Mark(package(), "1.0", "Unlisted", "retention[0]", NOW)])
    assert int(item["expires"]["N"]) > (NOW + timedelta(days=366)).timestamp()


@pytest.mark.parametrize(
    ("known", "possible"),
    [
        pytest.param(UNKNOWN_EXEMPTIONS, True, id="nothing is known"),
        pytest.param(NO_EXEMPTIONS, False, id="there is none"),
        pytest.param(ExemptionsAt(NOW, NOW), False, id="the last one has just ended"),
        pytest.param(
            ExemptionsAt(NOW, NOW + timedelta(microseconds=1)), True, id="one is about to end"
        ),
    ],
)
def test_packages_are_asked_about_only_if_one_can_be_exempt(
    known: ExemptionsAt, *, possible: bool
) -> None:
    """At its end an exemption does not hold any more."""
    assert known.possible(NOW) is possible


@pytest.mark.parametrize(
    ("known", "since"),
    [
        pytest.param(UNKNOWN_EXEMPTIONS, True, id="nothing is known"),
        pytest.param(NO_EXEMPTIONS, False, id="there is none"),
        pytest.param(ExemptionsAt(NOW, NOW), True, id="at that moment"),
        pytest.param(
            ExemptionsAt(NOW - timedelta(minutes=4, seconds=59), NOW), True, id="just before"
        ),
        pytest.param(ExemptionsAt(NOW - timedelta(minutes=5), NOW), False, id="long before"),
    ],
)
def test_clocks_may_differ_by_minutes(known: ExemptionsAt, *, since: bool) -> None:
    """Whoever restores has another clock than whoever sweeps."""
    assert known.written_since(NOW) is since


def test_an_exemption_ends_when_it_says() -> None:
    """At that moment it is over, and DynamoDB may delete it, but not before."""
    exemption = Exemption(package(), None, "origins[0]", "me", "", NOW, NOW + timedelta(days=7))
    assert exemption.in_force(exemption.until - timedelta(microseconds=1))
    assert not exemption.in_force(exemption.until)
    expires = int(entries.exemption_item(exemption)["expires"]["N"])
    assert 0 <= expires - exemption.until.timestamp() < 1


def test_a_change_is_kept_for_a_year() -> None:
    """Then the table forgets it."""
    expires = int(only(archived())["expires"]["N"])
    assert 0 <= expires - (NOW + timedelta(days=365)).timestamp() < 1


def test_what_the_table_does_not_take_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """60 items are calls of 25, 25 and 10; what comes back unprocessed is sent after a pause."""
    table, pauses = FakeTable(takes=[25, 3, 20]), list[float]()
    changes = [archived(at=NOW + timedelta(seconds=number)) for number in range(60)]
    ledger(monkeypatch, table, pauses).record(changes)
    assert [entries.changes_of(item) for item in table.items] == [[one] for one in changes]
    assert pauses == [0.1, 0.2]


def test_what_the_table_never_takes_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a few attempts with longer and longer pauses; the queue waits better than we do."""
    table, pauses = FakeTable(takes=[0] * 99), list[float]()
    with pytest.raises(LedgerError, match="1 items were not written") as failure:
        ledger(monkeypatch, table, pauses).record([archived()])
    assert failure.value.code == "UnprocessedItems"
    assert pauses == [0.1, 0.2, 0.4, 0.8]


def test_a_change_given_twice_is_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """BatchWriteItem refuses a call in which two items have one key."""
    table = FakeTable()
    ledger(monkeypatch, table).record([archived(), archived()])
    ledger(monkeypatch, table).mark_told(package(), ["a", "a"], until=NOW)
    assert len(table.items) == 2


def test_nothing_to_write_is_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """BatchWriteItem refuses an empty call, too."""
    table = FakeTable(error=AssertionError("called"))
    ledger(monkeypatch, table).record([])
    ledger(monkeypatch, table).mark_told(package(), [], until=NOW)


def test_every_page_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page without items may still be followed by one with some ("Query", Developer Guide)."""
    table = FakeTable()
    changes = [archived(f"9.{number}", NOW - timedelta(seconds=number)) for number in range(3)]
    written = [only(change) for change in changes]
    last = key(package(), "change#")
    table.answers = [
        {"Items": written[:2], "LastEvaluatedKey": last},
        {"Items": [], "LastEvaluatedKey": last},
        {"Items": written[2:]},
    ]
    found = ledger(monkeypatch, table).changes(package())
    assert found == changes
    assert [page.get("ExclusiveStartKey") for page in table.asked][1:] == [last, last]


def test_what_was_told_long_ago_may_be_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB deletes within days of the time to live; the ledger goes by the time itself."""
    table = FakeTable()
    ages = {"old": -1, "now": 0, "new": 1}
    told = [
        entries.told_item(package(), finding, NOW.replace(microsecond=0) + timedelta(seconds=age))
        for finding, age in ages.items()
    ]
    table.answers = [{"Items": told}]
    assert ledger(monkeypatch, table).told(package()) == {"new"}


@pytest.mark.parametrize("missing", ["rule", "made", "packageFormat", "packageName"])
def test_an_item_that_nobody_can_read_is_an_error_that_names_it(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person wrote it by hand; it must not stop the other packages of a batch."""
    exemption = Exemption(package(), None, "origins[0]", "me", "", NOW, NOW)
    item = dict(entries.exemption_item(exemption))
    del item[missing]
    table = FakeTable()
    table.answers = [{"Items": [item]}]
    with pytest.raises(LedgerError, match="exemption#restrictions") as failure:
        ledger(monkeypatch, table).exemptions(package())
    assert failure.value.code == "UnreadableEntry"


OVERTAKEN = refused("PutItem", "ConditionalCheckFailedException")


def test_two_who_exempt_at_the_same_time_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was overtaken reads again; the later end stays."""
    table = FakeTable()
    late = Exemption(package(), "1.0", "o", "me", "", NOW, NOW + timedelta(days=30))
    early = Exemption(package(), "2.0", "o", "jo", "", NOW, NOW + timedelta(days=7))
    mine = ledger(monkeypatch, table)

    def overtake(item: Item) -> None:
        if item["entry"]["S"] == "#exemptions":
            table.before_put = lambda _: None
            DynamoDbLedger("ledger", now=lambda: NOW).exempt(late)
            raise OVERTAKEN

    table.before_put = overtake
    mine.exempt(early)
    assert mine.exemptions_at() == ExemptionsAt(NOW, late.until)


def test_an_exemption_that_is_not_counted_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a sweep would not ask for it; the command fails, and nothing was changed."""
    table = FakeTable()

    def always(item: Item) -> None:
        if item["entry"]["S"] == "#exemptions":
            raise OVERTAKEN

    table.before_put = always
    with pytest.raises(LedgerError, match="at the same time"):
        ledger(monkeypatch, table).exempt(Exemption(package(), None, "o", "me", "", NOW, NOW))
    assert table.items == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(refused("X", "ThrottlingException"), "ThrottlingException", id="refused"),
        pytest.param(
            EndpointConnectionError(endpoint_url="x"), "EndpointConnectionError", id="unreachable"
        ),
    ],
)
@pytest.mark.parametrize(
    "operation", ["Query", "Scan", "GetItem", "PutItem", "DeleteItem", "BatchWriteItem"]
)
def test_a_failed_call_says_which_and_why(
    operation: str, error: Exception, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the queue brings the package back."""
    failing = ledger(monkeypatch, FakeTable(error=error, failing=operation))
    exemption = Exemption(package(), None, "origins[0]", "me", "", NOW, NOW)
    calls: dict[str, Callable[[], object]] = {
        "Query": lambda: failing.exemptions(package()),
        "Scan": lambda: list(failing.all_exemptions()),
        "GetItem": failing.exemptions_at,
        "PutItem": lambda: failing.exempt(exemption),
        "DeleteItem": lambda: failing.end_exemption(package(), None),
        "BatchWriteItem": lambda: failing.record([archived()]),
    }
    with pytest.raises(LedgerError) as failure:
        calls[operation]()
    assert (failure.value.operation, failure.value.code) == (operation, code)


def test_observing_records_no_change_but_remembers_what_was_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is changed, yet a person is told of a finding once, in both modes."""
    table = FakeTable()
    observed = ObservedLedger(ledger(monkeypatch, table))
    observed.record([archived()], [Mark(package(), "1.0", "Unlisted", "retention[0]", NOW)])
    observed.mark(package(), [PackageVersion("1.0", "Unlisted")], at=NOW, rule="retention[0]")
    assert table.items == []
    observed.mark_told(package(), ["mixed"], until=NOW)
    observed.exempt(Exemption(package(), "1.0", "origins[0]", "me", "", NOW, NOW))
    assert [item["entry"]["S"] for item in table.items] == [
        "told#mixed",
        "#exemptions",
        "exemption#version#1.0",
    ]


def test_the_mode_decides_what_is_recorded() -> None:
    """As with the gateway to CodeArtifact."""
    assert isinstance(connect("observe", "ledger"), ObservedLedger)
    assert isinstance(connect("enforce", "ledger"), DynamoDbLedger)
