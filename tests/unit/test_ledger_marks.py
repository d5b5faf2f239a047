"""Marks, and the items that versions share: what is written is what is read."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward import ledger_entries as entries
from steward.ledger import Change, Mark, Marks
from steward.ledger_marks import mark_items, marks_of
from tests.unit.fake_codeartifact import package
from tests.unit.ledger_values import MARKS, NOW, archived


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
