"""Which versions a rule for the newest ones wants: the rule, case by case."""

from typing import Any

import pytest

from steward.coordinates import Format, Package, PackageVersion, Repository
from steward.version_ranges import RangeError
from warm_caches.newest import newest_wanted
from warm_caches.values import Wanted

REPOSITORY = Repository("my-company", "012345678901", "DemoRepository")
NPM = ("1.0.0", "2.0.0", "2.10.0", "2.9.0", "3.0.0-rc.1", "nonsense")


def newest_of(
    available: tuple[str, ...],
    *,
    package_format: Format = "npm",
    withdrawn: frozenset[str] = frozenset(),
    held: tuple[str, ...] = (),
    **wanted: Any,  # noqa: ANN401  members of Wanted
) -> tuple[str, ...]:
    """Return the newest versions that are wanted of a package."""
    rule = Wanted(Package(REPOSITORY, package_format, None, "n"), **wanted)
    rows = [PackageVersion(one, "Archived") for one in held]
    return newest_wanted(rule, available, withdrawn=withdrawn, held=rows)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param({"newest": 1}, ("2.10.0",), id="version 10 is newer than version 9"),
        pytest.param({"newest": 2}, ("2.10.0", "2.9.0"), id="the newest first"),
        pytest.param({"newest": 9}, ("2.10.0", "2.9.0", "2.0.0", "1.0.0"), id="all there are"),
        pytest.param({"newest": 0}, (), id="none"),
        pytest.param(
            {"newest": 1, "prereleases": True}, ("3.0.0-rc.1",), id="a pre-release if one may be"
        ),
        pytest.param({"newest": 1, "range": "~2.9"}, ("2.9.0",), id="in a range"),
        pytest.param({"newest": 1, "range": ">=4"}, (), id="none in the range"),
    ],
)
def test_the_newest_ones(wanted: dict[str, Any], expected: tuple[str, ...]) -> None:
    """Releases by the order of their format, unless the rule says otherwise."""
    assert newest_of(NPM, **wanted) == expected


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        pytest.param((), (), id="nothing is held: nothing to keep up with"),
        pytest.param(("2.0.0",), ("2.10.0", "2.9.0"), id="the newer ones"),
        pytest.param(("2.9.0", "1.0.0"), ("2.10.0",), id="newer than the newest that is held"),
        pytest.param(("2.10.0",), (), id="equal is not newer"),
        pytest.param(("3.0.0-rc.1",), (), id="a pre-release that is held counts"),
    ],
)
def test_keeping_up_is_only_with_what_is_newer(
    held: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    """Than every version that the repository holds, archived ones among them."""
    assert newest_of(NPM, held=held, newest=2, keep_up=True) == expected


def test_what_was_withdrawn_is_never_wanted() -> None:
    """The next one is."""
    assert newest_of(NPM, withdrawn=frozenset({"2.10.0"}), newest=1) == ("2.9.0",)


def test_no_snapshot_comes_through_an_external_connection() -> None:
    """Not even where pre-releases may."""
    versions = ("1.0", "1.1-SNAPSHOT", "1.1-20260301.101500-7", "1.1-rc1")
    assert newest_of(versions, package_format="maven", newest=1, prereleases=True) == ("1.1-rc1",)


def test_two_spellings_are_one_version() -> None:
    """So the second newest is another version."""
    versions = ("1.0", "1.0.0", "0.9")
    assert newest_of(versions, package_format="pypi", newest=2) == ("1.0.0", "0.9")


def test_a_range_that_is_none_is_an_error() -> None:
    """Nobody guesses what it means."""
    with pytest.raises(RangeError):
        newest_of(NPM, newest=1, range="latest and greatest")
