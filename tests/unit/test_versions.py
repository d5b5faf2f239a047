"""Which versions are builds, and which of two is newer: compared with each format's own library."""

from datetime import UTC, datetime

import pytest
import semver
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from steward.coordinates import FORMATS, Format
from steward.versions import build_of


def test_a_snapshot_build_says_its_base_time_and_number() -> None:
    """The name of a Maven build holds everything that the decision needs."""
    build = build_of("maven", "1.4-20260301.101500-7")
    assert build is not None
    assert build.series == "1.4"
    assert build.position == (20260301101500, 7)
    assert build.made_at == datetime(2026, 3, 1, 10, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "version",
    [
        pytest.param("1.0", id="a release"),
        pytest.param("1.0-SNAPSHOT", id="the snapshot itself"),
        pytest.param("1.0-20210728.194552", id="no build number"),
        pytest.param("1.0-20211328.194552-1", id="month 13"),
        pytest.param("1.0-20210229.194552-1", id="29 February of a common year"),
        pytest.param("1.0-00000728.194552-1", id="year 0"),
        pytest.param("1.0-20210728.240000-1", id="hour 24"),
        pytest.param("1.0-20210728.194560-1", id="second 60"),
        pytest.param("1.0-20210728.194552-01", id="a build number with a leading zero"),
        pytest.param("1.0-20210728.194552-0", id="build number 0, Maven counts from 1"),
        pytest.param("1.0-2021072.194552-1", id="seven digits of a date"),
        pytest.param("1.0-20210728.194552-1-sources", id="something after the number"),
        pytest.param("1.0-20210728.194552--1", id="a negative number"),
        pytest.param("1.0-20210728.194552-1 ", id="a blank at the end"),
        pytest.param("1.0-20210728.194552-1\n", id="a line feed at the end"),
        pytest.param("-20210728.194552-1", id="no base"),
        pytest.param("1.0-٢٠٢١٠\u0667٢٨.194552-1", id="Arabic digits in the date"),
        pytest.param("1.0-20210728.194552-\uff11", id="a full-width build number"),
        pytest.param("1.0-20210728.194552-²", id="a superscript build number"),
        pytest.param("", id="nothing"),
        pytest.param(f"1.0-20210728.194552-{'9' * 5000}", id="longer than any version can be"),
    ],
)
def test_what_only_looks_like_a_snapshot_build_is_none(version: str) -> None:
    """Strictness is safety: what is no build is never unlisted."""
    assert build_of("maven", version) is None


@pytest.mark.parametrize(
    ("package_format", "version", "series", "number"),
    [
        pytest.param("npm", "1.4.0-dev.7", "1.4.0-dev", 7, id="npm"),
        pytest.param("npm", "1.4.0-7", "1.4.0-", 7, id="npm without a label"),
        pytest.param("npm", "1.4.0-ci.main.7+sha.1", "1.4.0-ci.main", 7, id="npm with metadata"),
        pytest.param("pypi", "1.4.0.dev7", "0!1.4.dev", 7, id="PyPI development release"),
        pytest.param("pypi", "1.4.dev8+gabc", "0!1.4.dev", 8, id="PyPI: 1.4 is 1.4.0"),
        pytest.param("pypi", "1.4.0rc2", "0!1.4rc", 2, id="PyPI release candidate"),
        pytest.param("pypi", "1.4a1.dev3", "0!1.4a1.dev", 3, id="PyPI, on the way to an alpha"),
        pytest.param("pypi", "1.4.post1.dev3", "0!1.4.post1.dev", 3, id="PyPI, to a post-release"),
        pytest.param("pypi", "2!1.10.0.dev1", "2!1.10.dev", 1, id="PyPI: an epoch, and 1.10"),
        pytest.param("nuget", "1.4.0-ci.7", "1.4.0.0-ci", 7, id="NuGet"),
        pytest.param("nuget", "1.4-CI.007", "1.4.0.0-ci", 7, id="NuGet drops case and zeros"),
        pytest.param("nuget", "1.4.0.5-ci.7", "1.4.0.5-ci", 7, id="NuGet with a fourth number"),
    ],
)
def test_numbered_prereleases_are_builds(
    package_format: Format, version: str, series: str, number: int
) -> None:
    """Release and label make the series, the last number the position; the name has no time."""
    build = build_of(package_format, version)
    assert build is not None
    assert build.series == series
    assert build.position == (number,)
    assert build.made_at is None


@pytest.mark.parametrize(
    ("package_format", "version"),
    [
        pytest.param("npm", "1.4.0", id="npm release"),
        pytest.param("npm", "1.4.0+7", id="npm release with metadata"),
        pytest.param("npm", "1.4.0-dev", id="npm without a number"),
        pytest.param("npm", "1.4.0-dev7", id="npm, number within the label: ordered as text"),
        pytest.param("npm", "1.4.0-dev.07", id="npm, leading zero: not semantic versioning"),
        pytest.param("npm", "1.4-dev.7", id="npm, two numbers: not semantic versioning"),
        pytest.param("npm", "1.4.0-dev.\u0667", id="npm, Arabic digits"),
        pytest.param("npm", "\u0661.4.0-dev.7", id="npm, Arabic digits in the release"),
        pytest.param("npm", "1.0-20210728.194552-1", id="npm, a Maven build's name"),
        pytest.param("pypi", "1.4.0", id="PyPI release"),
        pytest.param("pypi", "1.4.0.post7", id="PyPI post-release"),
        pytest.param("pypi", "1.4.0rc1.post2", id="PyPI post-release of a candidate"),
        pytest.param("pypi", "not-a-version", id="PyPI, no version"),
        pytest.param("pypi", "1.4.0.dev\u0667", id="PyPI, Arabic digits"),
        pytest.param("nuget", "1.4.0", id="NuGet release"),
        pytest.param("nuget", "1.4.0-ci", id="NuGet without a number"),
        pytest.param("nuget", "1.4.0.5.6-ci.7", id="NuGet, five numbers"),
        pytest.param("nuget", "1.4.0-ci.\uff17", id="NuGet, full-width digits"),
        pytest.param("generic", "1.4.0-dev.7", id="generic packages have no builds"),
        pytest.param("cargo", "1.4.0-dev.7", id="nor has Cargo here"),
    ],
)
def test_what_is_no_numbered_prerelease_is_no_build(package_format: Format, version: str) -> None:
    """Releases, post-releases and versions without a number of their own are never touched."""
    assert build_of(package_format, version) is None


def test_build_10_is_newer_than_build_9() -> None:
    """Build numbers are numbers, not text."""
    nine = build_of("maven", "1.0-20210728.194552-9")
    ten = build_of("maven", "1.0-20210728.194552-10")
    assert nine is not None
    assert ten is not None
    assert nine.series == ten.series
    assert nine.position < ten.position


def test_time_comes_before_build_number() -> None:
    """A later build is newer even if somebody started counting again."""
    earlier = build_of("maven", "1.0-20210728.194552-12")
    later = build_of("maven", "1.0-20210728.194553-1")
    assert earlier is not None
    assert later is not None
    assert earlier.position < later.position


BASES = st.from_regex(r"[0-9A-Za-z]([0-9A-Za-z.\-]{0,10}[0-9A-Za-z])?", fullmatch=True)
TIMES = st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31))  # noqa: DTZ001  UTC is added below
NUMBERS = st.integers(min_value=1, max_value=10**12)


def snapshot_name(base: str, made_at: datetime, number: int) -> str:
    """Spell a build's name as Maven does."""
    return f"{base}-{made_at.year:04}{made_at:%m%d}.{made_at:%H%M%S}-{number}"


@given(base=BASES, made_at=TIMES, number=NUMBERS)
def test_every_snapshot_name_is_read_as_it_was_spelled(
    base: str, made_at: datetime, number: int
) -> None:
    """Reading is the inverse of spelling, for any base, time and number."""
    build = build_of("maven", snapshot_name(base, made_at, number))
    assert build is not None
    assert build.series == base
    assert build.made_at == made_at.replace(microsecond=0, tzinfo=UTC)
    assert build.position[-1] == number


@given(one=st.tuples(TIMES, NUMBERS), other=st.tuples(TIMES, NUMBERS))
def test_snapshot_builds_order_by_time_then_number(
    one: tuple[datetime, int], other: tuple[datetime, int]
) -> None:
    """The order of positions is the order of (time, number)."""
    positions = []
    for made_at, number in (one, other):
        build = build_of("maven", snapshot_name("1.0", made_at, number))
        assert build is not None
        positions.append(build.position)
    keys = [(made_at.replace(microsecond=0), number) for made_at, number in (one, other)]
    assert (positions[0] < positions[1]) == (keys[0] < keys[1])


RELEASES = st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)).map(
    lambda parts: ".".join(map(str, parts))
)
SEMVER = st.builds(
    lambda release, label, number: f"{release}-{label}{number}",
    RELEASES,
    st.sampled_from(["", "dev.", "ci.main.", "beta."]),
    st.integers(0, 30),
)


@given(one=SEMVER, other=SEMVER)
def test_npm_builds_of_a_series_order_as_semantic_versioning_orders_them(
    one: str, other: str
) -> None:
    """Within a series our order is the library's order."""
    first, second = build_of("npm", one), build_of("npm", other)
    assert first is not None
    assert second is not None
    if first.series == second.series:
        expected = semver.Version.parse(one).compare(other)
        assert (first.position > second.position) == (expected > 0)


PYPI = st.builds(
    lambda release, zeros, label, number: f"{release}{zeros}{label}{number}",
    RELEASES,
    st.sampled_from(["", ".0"]),
    st.sampled_from([".dev", "a", "b", "rc", "a1.dev", ".post1.dev"]),
    st.integers(0, 30),
)


@given(one=PYPI, other=PYPI)
def test_pypi_builds_of_a_series_order_as_the_version_specifiers_order_them(
    one: str, other: str
) -> None:
    """Within a series our order is the library's, and equal versions are of one series."""
    first, second = build_of("pypi", one), build_of("pypi", other)
    assert first is not None
    assert second is not None
    if first.series == second.series:
        assert (first.position > second.position) == (Version(one) > Version(other))
    if Version(one) == Version(other):
        assert first == second


NUGET = st.builds(
    lambda release, fourth, label, number: f"{release}{fourth}-{label}{number}",
    st.sampled_from(["1.4.0", "1.4.10"]),  # few, so that two often are of one series
    st.sampled_from(["", ".0"]),
    st.sampled_from(["", "ci.", "CI.", "beta.main."]),
    st.integers(0, 11),
)


@given(one=NUGET, other=NUGET)
def test_nuget_builds_of_a_series_order_by_precedence_without_case_and_fourth_zero(
    one: str, other: str
) -> None:
    """NuGet's order is Semantic Versioning's; case and a fourth number of 0 change nothing."""
    first, second = build_of("nuget", one), build_of("nuget", other)
    assert first is not None
    assert second is not None
    expected = semver.Version.parse(_as_semantic(one)).compare(_as_semantic(other))
    if first.series == second.series:
        assert (first.position > second.position) == (expected > 0)
    assert (first == second) == (expected == 0)


def _as_semantic(version: str) -> str:
    release, _, label = version.lower().partition("-")
    return f"{'.'.join(release.split('.')[:3])}-{label}"


@given(version=st.text(max_size=300), package_format=st.sampled_from(FORMATS))
def test_no_text_breaks_the_reader(version: str, package_format: Format) -> None:
    """Whatever a version is called, it is a build or it is none."""
    build = build_of(package_format, version)
    assert build is None or build.position
