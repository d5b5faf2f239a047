"""Which package and version a gem's file belongs to, whatever dashes its parts have."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.gems import Entry, Place, coordinates, named

NAMES = st.from_regex(r"[a-z][a-z0-9_.-]{0,20}", fullmatch=True)
NUMBERS = st.from_regex(r"[0-9]{1,3}(\.[0-9a-z]{1,4}){0,4}", fullmatch=True)
PLATFORMS = st.sampled_from(["ruby", "java", "x86_64-linux", "x86_64-darwin-22", "arm-linux-musl"])


@given(NAMES, NUMBERS, PLATFORMS, st.sampled_from(get_args(Place)))
def test_the_file_of_a_gem_leads_back_to_its_package_and_version(
    name: str, number: str, platform: str, place: Place
) -> None:
    """It is among what the name may mean, and known without asking if the package is."""
    entry = Entry(name, number, platform)

    assert (name, entry.version(place)) in set(coordinates(entry.file_name, place))


@pytest.mark.parametrize(
    ("file", "found"),
    [
        ("rails-7.1.0.gem", [("rails", "7.1.0")]),
        ("nokogiri-1.16.0-x86_64-linux.gem", [("nokogiri", "1.16.0-x86_64-linux")]),
        (
            "pg-1.5.4-x86_64-darwin-22.gem",
            [("pg", "1.5.4-x86_64-darwin-22"), ("pg-1.5.4-x86_64-darwin", "22")],
        ),
        ("no-number.gem", []),
        ("-1.0.gem", []),
    ],
    ids=[
        "a name and a number",
        "a platform too",
        "a platform with a number, which may be a name",
        "no number at all",
        "no name",
    ],
)
def test_the_likeliest_meaning_of_a_file_name_is_the_first(
    file: str, found: list[tuple[str, str]]
) -> None:
    """The first dash before a number ends the name."""
    assert list(coordinates(file, "version")) == found


def test_a_file_name_alone_tells_number_and_platform() -> None:
    """Of the package that is asked for; of another one it tells nothing."""
    assert named("pg", "pg-1.5.4-x86_64-darwin-22.gem") == Entry("pg", "1.5.4", "x86_64-darwin-22")
    assert named("pg", "pg.gem") is None
    assert named("rails", "pg-1.5.4.gem") is None
