"""Maven's version order (POM Reference, version order specification)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.formats.maven_versions import compare, order

ORDERED = (
    "1.0-alpha",
    "1.0-alpha-1",
    "1.0-beta-2",
    "1.0-milestone-1",
    "1.0-rc1",
    "1.0-rc2",
    "1.0-SNAPSHOT",
    "1.0",
    "1.0-sp",
    "1.0-foo",
    "1.0-1",
    "1.0.1",
    "1.0.9",
    "1.0.10",
    "1.1",
    "1.9",
    "1.10",
    "2.0",
)

VERSIONS = st.text("0123456789.-abmrcspfinal", min_size=1, max_size=12)


@given(st.permutations(ORDERED))
def test_versions_come_in_mavens_order(shuffled: list[str]) -> None:
    """1.10 is newer than 1.9, a snapshot older than its release, 1.0-1 newer than both."""
    assert sorted(shuffled, key=order) == list(ORDERED)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "1.0"),
        ("1", "1.0.0"),
        ("1.0", "1-ga"),
        ("1.0.final", "1"),
        ("1-cr1", "1-rc1"),
        ("1.0-a1", "1.0-alpha-1"),
        ("1.0-RC1", "1.0-rc1"),
    ],
)
def test_some_spellings_mean_the_same(one: str, other: str) -> None:
    """Trailing zeros and release words do not count, nor does case."""
    assert compare(one, other) == 0
    assert compare(other, one) == 0


@given(VERSIONS, VERSIONS)
def test_the_order_is_the_same_from_both_sides(one: str, other: str) -> None:
    """Whatever the versions look like."""
    assert compare(one, other) == -compare(other, one)
    assert compare(one, one) == 0
