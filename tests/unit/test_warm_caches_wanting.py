"""What several lock files and rules want of one repository becomes one list of packages."""

from __future__ import annotations

from steward.coordinates import Package, Repository
from steward.lockfiles import Locked
from warm_caches.values import Wanted, WantedVersion
from warm_caches.wanting import united, wanted_of

HERE = Repository("my-company", "012345678901", "DemoRepository")
REQUESTS = Package(HERE, "pypi", None, "requests")
REACT = Package(HERE, "npm", None, "react")


def test_an_entry_of_a_lock_file_wants_its_version_with_its_hashes_and_files() -> None:
    """Hashes are compared later; files are what does not come in by itself."""
    entry = Locked(
        "maven", "io.netty", "netty", "4.1", frozenset({"SHA-256:ab"}), frozenset({"x.jar"}), 7
    )
    assert wanted_of([entry], HERE) == (
        Wanted(
            Package(HERE, "maven", "io.netty", "netty"),
            (WantedVersion("4.1", frozenset({"SHA-256:ab"}), frozenset({"x.jar"})),),
        ),
    )


def test_a_package_of_two_lock_files_is_one_with_the_versions_of_both() -> None:
    """A version that both name has the hashes of both: each may be of another file."""
    one = Wanted(REQUESTS, (WantedVersion("2.0", frozenset({"SHA-256:aa"})),))
    other = Wanted(
        REQUESTS, (WantedVersion("2.0", frozenset({"SHA-256:bb"})), WantedVersion("2.1"))
    )
    assert united([one, Wanted(REACT, newest=1), other]) == (
        Wanted(
            REQUESTS,
            (WantedVersion("2.0", frozenset({"SHA-256:aa", "SHA-256:bb"})), WantedVersion("2.1")),
        ),
        Wanted(REACT, newest=1),
    )


def test_the_newest_versions_stand_beside_exact_ones() -> None:
    """A package is listed once, whatever is wanted of it."""
    exact = Wanted(REACT, (WantedVersion("17.0.0"),))
    assert united([exact, Wanted(REACT, newest=2), Wanted(REACT, newest=3)]) == (
        Wanted(REACT, (WantedVersion("17.0.0"),), newest=3),
    )


def test_two_ranges_of_a_package_cannot_be_one() -> None:
    """The package comes once for each, with the exact versions once."""
    exact = Wanted(REACT, (WantedVersion("16.0.0"),))
    old, new = Wanted(REACT, newest=1, range="^17"), Wanted(REACT, newest=2, range="^18")
    assert united([old, new, exact]) == (
        Wanted(REACT, exact.versions, newest=1, range="^17"),
        new,
    )


def test_nothing_is_wanted_of_nothing() -> None:
    """No package, no list."""
    assert united([]) == ()
