"""The ledger: what is written is what is read, and what the table refuses or forgets."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import example, given
from hypothesis import strategies as st

from steward import ledger_entries as entries
from steward.coordinates import Package, PackageVersion
from steward.errors import LedgerError
from steward.ledger import (
    Change,
    DynamoDbLedger,
    Exemption,
    Mark,
    ObservedLedger,
    RestrictionsChange,
    connect,
)
from steward.ledger_marks import mark_items
from steward.table_items import key, partition
from tests.unit.fake_codeartifact import package, refused
from tests.unit.fake_table import FakeTable, ledger
from tests.unit.ledger_values import (
    CHANGES,
    CLOSED,
    EXEMPTIONS,
    LONGEST,
    NOW,
    OPEN,
    PACKAGES,
    TIMES,
    archived,
    only,
)


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


def test_what_earlier_releases_wrote_is_read() -> None:
    """They wrote an item for each version."""
    item = dict(only(archived("9.9")))
    del item["versions"]
    assert entries.changes_of({**item, "version": {"S": "9.9"}}) == [archived("9.9")]


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
