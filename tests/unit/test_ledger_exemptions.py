"""What is known of the exemptions of all packages, and that it never promises too little."""

from datetime import timedelta

import pytest

from steward.errors import LedgerError
from steward.ledger import (
    NO_EXEMPTIONS,
    UNKNOWN_EXEMPTIONS,
    DynamoDbLedger,
    Exemption,
    ExemptionsAt,
)
from steward.table_items import Item
from tests.unit.fake_codeartifact import package, refused
from tests.unit.fake_table import FakeTable, ledger
from tests.unit.ledger_values import NOW


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


def test_who_was_overtaken_by_a_later_clock_does_not_set_it_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A sweep asks for exemptions that were written after its plan, by the latest time known."""
    later = NOW + timedelta(hours=1)
    table = FakeTable()
    mine = ledger(monkeypatch, table)
    long = Exemption(package(), "1.0", "o", "me", "", NOW, NOW + timedelta(days=30))
    DynamoDbLedger("ledger", now=lambda: later).exempt(long)

    mine.exempt(Exemption(package(), "2.0", "o", "jo", "", NOW, NOW + timedelta(days=7)))

    assert mine.exemptions_at() == ExemptionsAt(later, long.until)


def test_whoever_reads_what_both_say_is_overtaken_by_a_later_time_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Though the end of all exemptions is the same before and after."""
    table = FakeTable()
    mine = ledger(monkeypatch, table)
    exemption = Exemption(package(), "1.0", "o", "me", "", NOW, NOW + timedelta(days=30))
    mine.exempt(exemption)
    mine.exempt(exemption)

    assert table.conditions == [
        "attribute_not_exists(#until)",
        "#until = :until AND #written = :written",
    ]


def test_all_exemptions_are_read_only_the_first_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """And written only if nobody was faster; afterwards it is one GetItem."""
    table = FakeTable()
    mine = ledger(monkeypatch, table)
    mine.settle_exemptions()
    assert mine.exemptions_at() == NO_EXEMPTIONS
    mine.settle_exemptions()
    assert len(table.asked) == len(table.items) == 1
    assert table.conditions == ["attribute_not_exists(#until)"]


def test_settling_fails_where_it_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only that somebody was faster is as good."""
    table = FakeTable(error=refused("PutItem", "AccessDeniedException"), failing="PutItem")
    with pytest.raises(LedgerError, match="AccessDenied"):
        ledger(monkeypatch, table).settle_exemptions()
    table.error = OVERTAKEN
    ledger(monkeypatch, table).settle_exemptions()
    assert table.items == []


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
