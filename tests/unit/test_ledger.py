"""The ledger: what is written is what is read, and what the table refuses or forgets."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import cast, get_args

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import example, given
from hypothesis import strategies as st

from steward import clients
from steward import ledger_entries as entries
from steward.coordinates import FORMATS, Package, Repository, Restriction, Restrictions, Status
from steward.dynamodb import BatchWriteAnswer, ReadAnswer, WriteRequest
from steward.errors import LedgerError
from steward.ledger import (
    Change,
    DynamoDbLedger,
    Exemption,
    ObservedLedger,
    RestrictionsChange,
    StatusChange,
    connect,
)
from steward.table_items import Item, key, partition
from tests.unit.fake_codeartifact import package, refused

NOW = datetime(2026, 3, 1, 10, 15, 0, 123_456, tzinfo=UTC)
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
        answers: What Query and Scan answer, page by page.
    """

    def __init__(self, *, takes: Sequence[int] = (), error: Exception | None = None) -> None:
        self.takes = list(takes)
        self.error = error
        self.items: list[Item] = []
        self.answers: list[ReadAnswer] = []
        self.asked: list[dict[str, object]] = []

    def query(self, **parameters: object) -> ReadAnswer:
        """Answer with the next page."""
        return self._page(parameters)

    def scan(self, **parameters: object) -> ReadAnswer:
        """Answer with the next page."""
        return self._page(parameters)

    def put_item(self, *, TableName: str, Item: Item) -> object:  # noqa: N803  AWS's names
        """Keep the item."""
        del TableName
        self._fail()
        self.items.append(Item)
        return {}

    def delete_item(self, *, TableName: str, Key: Item, ReturnValues: str) -> object:  # noqa: N803  AWS's names
        """Find nothing."""
        del TableName, Key
        self._fail()
        assert ReturnValues == "ALL_OLD"
        return {}

    def batch_write_item(
        self,
        *,
        RequestItems: Mapping[str, Sequence[WriteRequest]],  # noqa: N803  AWS's name
    ) -> BatchWriteAnswer:
        """Take the first items of the call and hand back the others."""
        self._fail()
        ((table, requests),) = RequestItems.items()
        assert 1 <= len(requests) <= 25
        takes = self.takes.pop(0) if self.takes else len(requests)
        self.items += [request["PutRequest"]["Item"] for request in requests[:takes]]
        left = requests[takes:]
        return {"UnprocessedItems": {table: left} if left else {}}

    def _page(self, parameters: dict[str, object]) -> ReadAnswer:
        self._fail()
        assert parameters["ConsistentRead"] is True  # an exemption is written just before an event
        self.asked.append(parameters)
        return self.answers.pop(0)

    def _fail(self) -> None:
        if self.error:
            raise self.error


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
    assert entries.change_of(entries.change_item(change)) == change


@given(EXEMPTIONS, CHANGES, st.text(max_size=2_000).filter(lambda text: text.isprintable()))
def test_keys_stay_within_the_quotas(exemption: Exemption, change: Change, finding: str) -> None:
    """2,048 bytes for a partition key, 1,024 for a sort key (DynamoDB Developer Guide)."""
    items = [
        entries.exemption_item(exemption),
        entries.change_item(change),
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
    by_key = sorted(times, key=lambda at: entries.change_item(archived(at=at))["entry"]["S"])
    assert by_key == sorted(times)


def test_changes_of_one_microsecond_are_kept_apart() -> None:
    """100 versions archived at once are 100 changes; one change recorded twice is one."""
    changes = [archived(f"9.{number}") for number in range(100)]
    keys = {entries.change_item(change)["entry"]["S"] for change in [*changes, *changes]}
    assert len(keys) == 100


def test_an_exemption_ends_when_it_says() -> None:
    """At that moment it is over, and DynamoDB may delete it, but not before."""
    exemption = Exemption(package(), None, "origins[0]", "me", "", NOW, NOW + timedelta(days=7))
    assert exemption.in_force(exemption.until - timedelta(microseconds=1))
    assert not exemption.in_force(exemption.until)
    expires = int(entries.exemption_item(exemption)["expires"]["N"])
    assert 0 <= expires - exemption.until.timestamp() < 1


def test_a_change_is_kept_for_a_year() -> None:
    """Then the table forgets it."""
    expires = int(entries.change_item(archived())["expires"]["N"])
    assert 0 <= expires - (NOW + timedelta(days=365)).timestamp() < 1


def test_what_the_table_does_not_take_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """60 changes are calls of 25, 25 and 10; what comes back unprocessed is sent after a pause."""
    table, pauses = FakeTable(takes=[25, 3, 20]), list[float]()
    changes = [archived(f"9.{number}") for number in range(60)]
    ledger(monkeypatch, table, pauses).record(changes)
    assert [entries.change_of(item) for item in table.items] == changes
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
    written = [entries.change_item(archived(f"9.{number}")) for number in range(3)]
    last = key(package(), "change#")
    table.answers = [
        {"Items": written[:2], "LastEvaluatedKey": last},
        {"Items": [], "LastEvaluatedKey": last},
        {"Items": written[2:]},
    ]
    found = ledger(monkeypatch, table).changes(package())
    assert [entries.change_item(change) for change in found] == written
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


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(refused("X", "ThrottlingException"), "ThrottlingException", id="refused"),
        pytest.param(
            EndpointConnectionError(endpoint_url="x"), "EndpointConnectionError", id="unreachable"
        ),
    ],
)
@pytest.mark.parametrize("operation", ["Query", "Scan", "PutItem", "DeleteItem", "BatchWriteItem"])
def test_a_failed_call_says_which_and_why(
    operation: str, error: Exception, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the queue brings the package back."""
    failing = ledger(monkeypatch, FakeTable(error=error))
    exemption = Exemption(package(), None, "origins[0]", "me", "", NOW, NOW)
    calls: dict[str, Callable[[], object]] = {
        "Query": lambda: failing.exemptions(package()),
        "Scan": lambda: list(failing.all_exemptions()),
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
    observed.record([archived()])
    assert table.items == []
    observed.mark_told(package(), ["mixed"], until=NOW)
    observed.exempt(Exemption(package(), "1.0", "origins[0]", "me", "", NOW, NOW))
    assert [item["entry"]["S"] for item in table.items] == ["told#mixed", "exemption#version#1.0"]


def test_the_mode_decides_what_is_recorded() -> None:
    """As with the gateway to CodeArtifact."""
    assert isinstance(connect("observe", "ledger"), ObservedLedger)
    assert isinstance(connect("enforce", "ledger"), DynamoDbLedger)
