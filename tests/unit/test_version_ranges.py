"""Ranges of versions, in the syntax of each package format."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from steward.coordinates import FORMATS, Format
from steward.version_ranges import RangeError, parse_range

INSIDE = [
    # npm: checked against npm's own semver
    ("npm", "^1.2", "1.2.0"),
    ("npm", "^1.2", "1.99.0"),
    ("npm", "^0.2.3", "0.2.9"),
    ("npm", "~1.2", "1.2.9"),
    ("npm", "1.x", "1.9.0"),
    ("npm", "*", "0.0.0"),
    ("npm", "1 || 3 - 4.5", "4.5.9"),
    ("npm", ">=1.2.3-rc.1 <2", "1.2.3-rc.2"),
    ("npm", "<=1.2", "1.2.9"),
    # Cargo
    ("cargo", "^1", "1.4.0"),
    ("cargo", "1.2", "1.9.0"),
    ("cargo", "0.2.3", "0.2.9"),
    ("cargo", "~1.2", "1.2.9"),
    ("cargo", "1.*", "1.9.0"),
    ("cargo", "*", "7.0.0"),
    ("cargo", ">=1, <2", "1.9.0"),
    ("cargo", "=1.2.3", "1.2.3"),
    # PyPI
    ("pypi", ">=1,<2", "1.9"),
    ("pypi", "~=1.4", "1.9"),
    ("pypi", "==1.4.*", "1.4.7"),
    ("pypi", ">=1.4rc1,<2", "1.4rc2"),
    ("pypi", ">=1,<2", "1.0.post1"),
    # Maven
    ("maven", "[1.0,2.0)", "1.0"),
    ("maven", "[1.0,2.0)", "1.99"),
    ("maven", "[1.0,2.0)", "2.0-rc1"),
    ("maven", "[1.0,2.0]", "2.0.0"),
    ("maven", "(,1.0],[1.2,)", "1.2"),
    ("maven", "[1.0]", "1.0"),
    # NuGet
    ("nuget", "[1.0,2.0)", "1.0.0"),
    ("nuget", "1.0", "3.0"),
    ("nuget", "(1.0,)", "1.0.0.1"),
    ("nuget", "[1.0.0-rc,2.0)", "1.0.0-rc.2"),
    # RubyGems
    ("ruby", "~> 1.2", "1.9"),
    ("ruby", "~> 1.2.3", "1.2.9"),
    ("ruby", "~> 1", "1.9"),
    ("ruby", ">= 1, < 2, != 1.5", "1.4"),
    ("ruby", "1.2", "1.2.0"),
    ("ruby", "~> 1.2.a", "1.2.b"),
    # Swift
    ("swift", "1.2.0..<2.0.0", "1.9.9"),
    ("swift", '"1.2.0"..."2.0.0"', "2.0.0"),
    ("swift", 'from: "1.2.0"', "1.9.0"),
    ("swift", "upToNextMinor: 1.2.0", "1.2.9"),
    ("swift", "exact: 1.2.0", "1.2.0"),
]
OUTSIDE = [
    ("npm", "^1.2", "2.0.0-0"),
    ("npm", "^1.2", "2.0.0"),
    ("npm", "^1.2", "1.3.0-rc.1"),
    ("npm", "^1.2", "10.2.0"),
    ("npm", "^0.2.3", "0.3.0"),
    ("npm", ">=1.2.3-rc.1 <2", "1.3.0-rc.2"),
    ("npm", "<=1.2", "1.3.0-rc.2"),
    ("cargo", "^1", "2.0.0"),
    ("cargo", "1.2", "2.0.0-0"),
    ("cargo", "=1.2.3", "1.2.4"),
    ("cargo", "0.2.3", "0.3.0"),
    ("pypi", ">=1,<2", "2.0"),
    ("pypi", ">=1,<2", "1.4rc1"),
    ("pypi", ">=1.4rc1,<2", "2.0rc1"),
    ("pypi", ">=1,<2", "10.0"),
    ("pypi", ">=1,<2", "nonsense"),
    ("maven", "[1.0,2.0)", "2.0"),
    ("maven", "[1.0,2.0)", "1.0-rc1"),
    ("maven", "(,1.0],[1.2,)", "1.1"),
    ("maven", "[1.0]", "1.0.1"),
    ("nuget", "[1.0,2.0)", "2.0"),
    ("nuget", "[1.0,2.0)", "2.0.0-rc1"),
    ("nuget", "[1.0,2.0)", "1.5.0-rc1"),
    ("nuget", "(1.0,)", "1.0.0.0"),
    ("nuget", "1.0", "1.0.0-rc1"),
    ("ruby", "~> 1.2", "2.0"),
    ("ruby", "~> 1.2", "2.0.a"),
    ("ruby", "~> 1.2", "1.3.a"),
    ("ruby", "~> 1.2.a", "2.0.a"),
    ("ruby", "~> 1.2.3", "1.3"),
    ("ruby", ">= 1, < 2, != 1.5", "1.5"),
    ("swift", "1.2.0..<2.0.0", "2.0.0"),
    ("swift", "1.2.0..<2.0.0", "1.9.0-beta"),
    ("swift", "from: 1.2.0-beta", "2.0.0-beta"),
    ("swift", "upToNextMinor: 1.2.0", "1.3.0"),
    ("swift", "exact: 1.2.0", "1.2.1"),
]


@pytest.mark.parametrize(
    ("package_format", "text", "version"),
    [pytest.param(*case, id=f"{case[0]}: {case[1]} has {case[2]}") for case in INSIDE],
)
def test_a_range_contains(package_format: Format, text: str, version: str) -> None:
    """What its format's own tools would take."""
    assert parse_range(package_format, text).contains(version)


@pytest.mark.parametrize(
    ("package_format", "text", "version"),
    [pytest.param(*case, id=f"{case[0]}: {case[1]} excludes {case[2]}") for case in OUTSIDE],
)
def test_a_range_excludes(package_format: Format, text: str, version: str) -> None:
    """What its format's own tools would leave."""
    assert not parse_range(package_format, text).contains(version)


@pytest.mark.parametrize(
    ("package_format", "text", "problem"),
    [
        pytest.param("maven", "1.0", "binds nobody", id="a Maven version alone is a wish"),
        pytest.param("maven", "[2.0,1.0]", "ends before it begins", id="a Maven range backwards"),
        pytest.param("maven", "[1.0,2.0),", "after its range", id="a comma that leads nowhere"),
        pytest.param("maven", "[1.0,2.0", "no range", id="a bracket that is not closed"),
        pytest.param("maven", "(1.0)", "round brackets", id="one version in round brackets"),
        pytest.param("maven", "[,1.0]", "does not have", id="an open end that is included"),
        pytest.param("nuget", "1.*", "floating", id="a floating version of NuGet"),
        pytest.param("nuget", "[1.0,2.0),[3.0,4.0)", "after its range", id="two of NuGet's"),
        pytest.param("nuget", "[a,2.0)", "no version", id="a bound that is no version"),
        pytest.param("npm", "latest", "no range of npm", id="a tag of npm"),
        pytest.param("npm", "1..2", "no range of npm", id="two dots in a row"),
        pytest.param("cargo", "~", "no requirement", id="an operator of Cargo alone"),
        pytest.param("cargo", ">=1 || <0.5", "no requirement", id="npm's syntax for Cargo"),
        pytest.param("pypi", "^1", "no version specifier", id="npm's syntax for Python"),
        pytest.param("ruby", "~> a", "no version", id="a gem's bound that is no version"),
        pytest.param("ruby", "=> 1", "no requirement", id="an operator the wrong way round"),
        pytest.param("swift", "1.2.0", "no range", id="a Swift version alone"),
        pytest.param("swift", "2.0.0..<1.0.0", "ends before", id="a Swift range backwards"),
        pytest.param("generic", ">=1", "no order", id="any range of generic packages"),
        pytest.param("pypi", "  ", "empty", id="nothing but blanks"),
        pytest.param("npm", ">=\u0661.0.0", "character", id="digits of another script"),
    ],
)
def test_what_is_no_range_says_what_to_write(
    package_format: Format, text: str, problem: str
) -> None:
    """The message shows the text, the remedy is a sentence."""
    with pytest.raises(RangeError, match=problem) as caught:
        parse_range(package_format, text)
    assert repr(text) in str(caught.value)
    assert caught.value.remedy.endswith(".")


_FORMATS = st.sampled_from(["npm", "cargo", "pypi", "maven", "nuget", "ruby", "swift"])


@given(_FORMATS, st.text(alphabet="0123456789.,<>=~^[]()!*-| abx:", max_size=30))
def test_any_text_is_a_range_or_a_mistake(package_format: Format, text: str) -> None:
    """No other exception, neither when it is read nor when it is asked."""
    try:
        read = parse_range(package_format, text)
    except RangeError:
        return
    assert read.contains("1.0.0") in (True, False)
    assert not read.contains("no version")


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_a_range_with_two_ends_means_the_same_in_every_format(
    low: int, high: int, number: int
) -> None:
    """From the first, up to and without the second."""
    assume(low < high)
    expected = low <= number < high
    for package_format, text in {
        "npm": f">={low}.0.0 <{high}.0.0",
        "cargo": f">={low}.0.0, <{high}.0.0",
        "pypi": f">={low}.0.0,<{high}.0.0",
        "maven": f"[{low}.0.0,{high}.0.0)",
        "nuget": f"[{low}.0.0,{high}.0.0)",
        "ruby": f">= {low}.0.0, < {high}.0.0",
        "swift": f"{low}.0.0..<{high}.0.0",
    }.items():
        chosen: Format = package_format  # type: ignore[assignment]  # the keys above are formats
        assert parse_range(chosen, text).contains(f"{number}.0.0") is expected


@pytest.mark.parametrize("package_format", FORMATS)
def test_a_range_that_is_too_long_is_none(package_format: Format) -> None:
    """Publishers write the ranges of their dependencies, and readers may be slow."""
    with pytest.raises(RangeError, match="is too long") as caught:
        parse_range(package_format, "~> 1" + " " * 30_000 + "x")
    assert len(str(caught.value)) < 200
