"""Which of two versions is newer, by the rules of each format; what is a release."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.coordinates import FORMATS, Format
from steward.version_order import newest, position
from steward.versions import is_release, is_snapshot

# The example chain of Semantic Versioning 2.0.0, item 11, with the boundary of ten and nine.
SEMANTIC = (
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "9.0.0",
    "10.0.0",
)
OLDEST_FIRST: dict[Format, tuple[str, ...]] = {
    "npm": SEMANTIC,
    "cargo": SEMANTIC,
    "swift": SEMANTIC,
    "nuget": ("1.0.0-Alpha", "1.0.0-beta", "1.0", "1.0.0.1", "1.0.1", "9.0", "10.0"),
    "pypi": ("1.0.dev1", "1.0a1", "1.0b1", "1.0rc1", "1.0", "1.0.post1", "9.0", "10.0", "1!1.0"),
    "ruby": ("1.0.a", "1.0.a.1", "1.0.b1", "1.0.pre1", "1.0", "1.0.1.a", "1.0.1", "9.0", "10.0"),
    "maven": (
        "1-alpha",
        "1-beta-1",
        "1-milestone",
        "1.0-RC2",
        "1.0-RC10",
        "1-SNAPSHOT",
        "1.0",
        "1-sp",
        "1-jre",
        "1-1",
        "1.0.1",
        "9.0",
        "10.0",
    ),
}
ONE_VERSION: dict[Format, tuple[tuple[str, str], ...]] = {
    "npm": (("1.0.0+one", "1.0.0+two"),),
    "cargo": (("1.0.0+one", "1.0.0"),),
    "swift": (("1.0.0+one", "1.0.0"),),
    "nuget": (("1.0", "1.0.0.0"), ("1.0.0-RC", "1.0.0-rc"), ("1.01", "1.1"), ("1.0+a", "1.0")),
    "pypi": (("1.0", "1.0.0"), ("1.0RC1", "1.0c1"), ("v1.0", "1.0")),
    "ruby": (("1.0", "1"), ("1.0.a", "1.a"), ("1-1", "1.pre.1")),
    "maven": (("1.0", "1"), ("1-ga", "1.0.0-FINAL"), ("1-CR1", "1.rc-1"), ("1a1", "1-alpha-1")),
}
NO_VERSION: dict[Format, tuple[str, ...]] = {
    "npm": ("1.0", "v1.0.0", "01.0.0", "latest", "1.0.0-01", ""),
    "cargo": ("1.0", "1.0.0 ", ""),
    "swift": ("1", "main", ""),
    "nuget": ("1.0.0.0.0", "1.0-", "a", ""),
    "pypi": ("1.0-final-x", "latest", "1..0", ""),
    "ruby": ("a.1", "1..2", ""),
    "maven": ("", "1" * 256, "1.0-\u00df", "\u0661.0"),
    "generic": ("1.0", "", "anything"),
}


@pytest.mark.parametrize(
    ("package_format", "older", "newer"),
    [
        pytest.param(package_format, older, newer, id=f"{package_format}: {older} before {newer}")
        for package_format, chain in OLDEST_FIRST.items()
        for older, newer in pairwise(chain)
    ],
)
def test_the_newer_of_two_versions_has_the_greater_position(
    package_format: Format, older: str, newer: str
) -> None:
    """Numbers count as numbers, and what leads to a release comes before it."""
    one, two = position(package_format, older), position(package_format, newer)
    assert one is not None
    assert two is not None
    assert one < two
    assert not two < one
    assert one != two


@pytest.mark.parametrize(
    ("package_format", "one", "other"),
    [
        pytest.param(package_format, one, other, id=f"{package_format}: {one} is {other}")
        for package_format, pairs in ONE_VERSION.items()
        for one, other in pairs
    ],
)
def test_spellings_of_one_version_have_one_position(
    package_format: Format, one: str, other: str
) -> None:
    """Neither is newer, and the newest of both does not depend on their order."""
    assert position(package_format, one) == position(package_format, other)
    assert hash(position(package_format, one)) == hash(position(package_format, other))
    assert newest(package_format, [one, other]) == newest(package_format, [other, one])


@pytest.mark.parametrize(
    ("package_format", "text"),
    [
        pytest.param(package_format, text, id=f"{package_format}: {text!r:.20} is no version")
        for package_format, texts in NO_VERSION.items()
        for text in texts
    ],
)
def test_what_is_no_version_has_no_position(package_format: Format, text: str) -> None:
    """It is neither release nor pre-release, and the newest of nothing is nothing."""
    assert position(package_format, text) is None
    assert is_release(package_format, text) is None
    assert newest(package_format, [text]) is None


def test_the_newest_passes_over_what_is_no_version() -> None:
    """One strange name does not spoil the answer."""
    assert newest("pypi", ["9.0", "nonsense", "10.0", "10.0rc1"]) == "10.0"
    assert newest("npm", []) is None


RELEASES = [
    pytest.param("maven", "1.0", True, id="a plain Maven version is a release"),
    pytest.param("maven", "1.0.Final", True, id="so is one that says final"),
    pytest.param("maven", "33.0-jre", True, id="so is one for a certain platform"),
    pytest.param("maven", "1.0-rc1", False, id="1.0-rc1 is no release"),
    pytest.param("maven", "2.0.0-M1", False, id="nor is a milestone"),
    pytest.param("maven", "2.0-b3", False, id="nor is b3, which is beta 3"),
    pytest.param("maven", "2.0-b-3", False, id="nor is b-3, which newer Mavens read alike"),
    pytest.param("maven", "2.0-b.3", True, id="b.3 is a word of its own"),
    pytest.param("maven", "2.0-dev", False, id="nor is what publishers mark with dev"),
    pytest.param("maven", "1.0-SNAPSHOT", False, id="nor is a snapshot"),
    pytest.param("maven", "1.0-20260301.101500-7", False, id="nor is a build of one"),
    pytest.param("pypi", "1.0", True, id="a plain Python version is a release"),
    pytest.param("pypi", "1.0.post1", True, id="a post-release is one"),
    pytest.param("pypi", "1.0+local", True, id="so is a local version"),
    pytest.param("pypi", "1.0rc1", False, id="a release candidate of Python is none"),
    pytest.param("pypi", "1.0.dev1", False, id="nor is a development release"),
    pytest.param("pypi", "1.0.post1.dev2", False, id="nor one of a post-release"),
    pytest.param("npm", "1.0.0", True, id="a plain npm version is a release"),
    pytest.param("npm", "1.0.0+a-b", True, id="a hyphen in build metadata changes nothing"),
    pytest.param("npm", "1.0.0-0", False, id="any label makes an npm pre-release"),
    pytest.param("nuget", "1.0.0.1", True, id="four numbers are a release of NuGet"),
    pytest.param("nuget", "1.0-a", False, id="a label is none"),
    pytest.param("cargo", "1.0.0", True, id="a crate of three numbers is a release"),
    pytest.param("cargo", "1.0.0-rc.1", False, id="a crate with a label is none"),
    pytest.param("swift", "1.0.0-rc.1", False, id="nor is a Swift package with one"),
    pytest.param("ruby", "1.0", True, id="a gem of numbers is a release"),
    pytest.param("ruby", "1.0.a", False, id="a letter makes a gem a pre-release"),
    pytest.param("ruby", "1.0-1", False, id="so does a hyphen"),
]


@pytest.mark.parametrize(("package_format", "version", "expected"), RELEASES)
def test_what_is_a_release(package_format: Format, version: str, *, expected: bool) -> None:
    """By the format's own marks."""
    assert is_release(package_format, version) is expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        pytest.param("1.0-SNAPSHOT", True, id="the snapshot itself"),
        pytest.param("1.0-snapshot", True, id="in small letters"),
        pytest.param("SNAPSHOT", True, id="without a base"),
        pytest.param("1.0-20260301.101500-7", True, id="a build"),
        pytest.param("1.0-20269999.999999-7", True, id="a build of an impossible time"),
        pytest.param("1.0-20260301.101500-07", True, id="a build number with a zero"),
        pytest.param("1.0", False, id="no release"),
        pytest.param("1.0-SNAPSHOT-1", False, id="nothing that goes on after it"),
    ],
)
def test_what_is_a_maven_snapshot(version: str, *, expected: bool) -> None:
    """Other formats have none, whatever the name looks like."""
    assert is_snapshot("maven", version) is expected
    assert not any(is_snapshot(other, version) for other in FORMATS if other != "maven")


_WORDS = ["alpha", "beta", "rc", "RC", "snapshot", "sp", "final", "a", "b", "m", "x", "dev", "post"]
_PARTS = st.one_of(st.integers(0, 11).map(str), st.sampled_from(_WORDS))
_TEXTS = st.builds(
    lambda first, rest: str(first) + "".join(f"{sep}{part}" for sep, part in rest),
    st.integers(0, 11),
    st.lists(st.tuples(st.sampled_from([".", "-", ""]), _PARTS), max_size=5),
)


@given(st.sampled_from(sorted(OLDEST_FIRST)), st.lists(_TEXTS, min_size=3, max_size=3))
def test_the_order_is_total_and_agrees_with_equality(
    package_format: Format, texts: list[str]
) -> None:
    """Exactly one of less, equal and greater; what is less than less is less; equals hash alike."""
    places = [place for text in texts if (place := position(package_format, text)) is not None]
    for one in places:
        for two in places:
            assert [one < two, one == two, one > two].count(True) == 1
            assert (one < two) == (two > one)
            assert one != two or hash(one) == hash(two)
            for three in places:
                if one <= two <= three:
                    assert one <= three


@given(st.sampled_from(sorted(OLDEST_FIRST)), st.lists(_TEXTS, max_size=6))
def test_nothing_is_newer_than_the_newest(package_format: Format, texts: list[str]) -> None:
    """It is one of them, whatever their order."""
    best = newest(package_format, texts)
    assert best == newest(package_format, reversed(texts))
    if best is not None:
        top = position(package_format, best)
        assert top is not None
        assert best in texts
        assert not any(
            place > top for text in texts if (place := position(package_format, text)) is not None
        )
