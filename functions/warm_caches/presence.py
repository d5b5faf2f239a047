"""Which packages a repository does not hold at all, learnt from its list of packages."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Final

from steward.errors import CodeArtifactError

if TYPE_CHECKING:
    from steward.codeartifact import CodeArtifact
    from steward.coordinates import Package, Repository

# Our choices. A list of packages pays where most packages are not there, which a few lists of
# versions tell; and where it is much shorter than the lists that it stands for.
_SAMPLE: Final = 20
_LISTS_PER_PAGE: Final = 20


class Presence:
    """
    What is known about which packages *repository* holds; shared by threads.

    The first lists of versions tell whether most packages are missing. Then, once, the packages of
    the repository are listed (ListPackages, 1,000 a call): at most one call, and one more, for 20
    lists that are still to be made. A repository with more packages than that is not listed to its
    end, and nothing is known; nor if the list fails. A run in which nothing is missing never makes
    these calls.

    Args:
        packages: How many packages will be asked about.
        pace: Called before each call.
        listed: Called after each call.
    """

    def __init__(
        self,
        repository: Repository,
        packages: int,
        codeartifact: CodeArtifact,
        *,
        pace: Callable[[], None],
        listed: Callable[[], None],
    ) -> None:
        self._repository = repository
        self._packages = packages
        self._codeartifact = codeartifact
        self._pace = pace
        self._listed = listed
        self._held = 0
        self._missing = 0
        self._looked = False
        self._there: frozenset[Package] | None = None
        self._lock = Lock()

    def certainly_missing(self, package: Package) -> bool:
        """Return whether the repository did not hold *package* when its packages were listed."""
        with self._lock:
            if not self._looked and self._missing >= _SAMPLE and self._missing > self._held:
                self._looked = True
                self._there = self._list()
            return (
                self._there is not None
                and package.repository == self._repository
                and package not in self._there
            )

    def learn(self, *, held: bool) -> None:
        """Note what a list of versions told about one package."""
        with self._lock:
            self._held += held
            self._missing += not held

    def _list(self) -> frozenset[Package] | None:
        pages = (self._packages - self._held - self._missing) // _LISTS_PER_PAGE
        if pages < 1:
            return None
        found: set[Package] = set()
        listing = self._codeartifact.packages(self._repository)
        for _ in range(pages + 1):
            self._pace()
            try:
                page = next(listing, None)
            except CodeArtifactError:
                return None  # each package is looked up then, and says what is wrong
            if page is None:
                return frozenset(found)
            self._listed()
            found.update(package for package, _ in page)
        return None
