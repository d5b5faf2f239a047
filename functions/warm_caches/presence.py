"""Which packages a repository holds, learnt from its list of packages instead of one by one."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from threading import Condition, Lock
from typing import TYPE_CHECKING, Final

from steward.codeartifact import PAGE
from steward.errors import CodeArtifactError

if TYPE_CHECKING:
    from steward.codeartifact import CodeArtifact
    from steward.coordinates import Package, PackageVersion, Repository

# Our choices. A list of packages pays where most packages are not there, which a few lists of
# versions tell; and where it is much shorter than the lists that it stands for.
_SAMPLE: Final = 20
_LISTS_PER_PAGE: Final = 20


class Presence:
    """
    What is known about which packages *repository* holds; shared by threads.

    - The first lists of versions tell whether most packages are missing. Then the packages of the
      repository are listed (ListPackages, 1,000 a call), once: a package that is not among them has
      no versions.
    - Where they were listed, they are listed again while packages of which one version was asked
      for are looked for: a package that was not there before and is there now holds this version.

    All these calls are at most one, and one more, for 20 lists of versions that they stand for. A
    repository with more packages than that is not listed to its end, and nothing is known; nor if
    the list fails. A run in which nothing is missing never makes these calls.

    A package comes into being with its first version; that it is not listed before that version is,
    is not documented. If it were, a version would be called fetched some minutes too early, and the
    next run would find out. The same holds if somebody else asks for another version meanwhile.

    Args:
        packages: How many packages will be asked about.
        pace: Called before each call.
        listed: Called after each call.
        fresh_seconds: How old a list may be for what was asked for before it.
        monotonic: The clock that this is measured by, in seconds.
    """

    def __init__(
        self,
        repository: Repository,
        packages: int,
        codeartifact: CodeArtifact,
        *,
        pace: Callable[[], None],
        listed: Callable[[], None],
        fresh_seconds: float = 0.5,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._repository = repository
        self._packages = packages
        self._codeartifact = codeartifact
        self._pace = pace
        self._listed = listed
        self._fresh_seconds = fresh_seconds
        self._monotonic = monotonic
        self._begun = 0
        self._held = 0
        self._ended = 0
        self._absent: set[Package] = set()
        self._looked = False
        self._before: frozenset[Package] | None = None
        self._changed = Condition()
        self._asked: Counter[Package] = Counter()
        self._arrived: set[Package] = set()  # with what was there before
        self._spent = 0
        self._tried_at = self._arrived_at = monotonic() - fresh_seconds
        self._listing = Lock()

    def certainly_missing(self, package: Package) -> bool:
        """
        Return whether the repository does not hold *package*, as far as that can be known.

        If it cannot, the versions of *package* have to be listed, and `learn` has to be told. The
        first few lists are waited for, as they may make the others needless.
        """
        with self._changed:
            while self._begun >= _SAMPLE and self._ended < _SAMPLE:
                self._changed.wait()
            if not self._looked and len(self._absent) >= max(_SAMPLE, self._held + 1):
                self._looked = True
                rest = self._packages - self._held - len(self._absent)
                self._before = self._list(rest // _LISTS_PER_PAGE)
            if self._before is not None and package.repository == self._repository:
                missing = package not in self._before
            else:
                missing = False
            if missing:
                self._absent.add(package)
            else:
                self._begun += 1
            return missing

    def learn(self, package: Package, held: Sequence[PackageVersion] | None) -> None:
        """Note which versions of *package* were listed; ``None``: they could not be."""
        with self._changed:
            self._ended += 1
            if held:
                self._held += 1
            elif held is not None:
                self._absent.add(package)
            self._changed.notify_all()

    def ask(self, package: Package) -> None:
        """Note that a version of *package* is asked for."""
        with self._changed:
            self._asked[package] += 1

    def has_arrived(self, package: Package) -> bool | None:
        """
        Return whether the repository holds what was asked for of *package*; ``None``: not known.

        It is known of packages that were not there before and of which one version was asked for.
        """
        came = self._monotonic()
        with self._changed:
            before = self._before
            if before is None or package not in self._absent or self._asked[package] != 1:
                return None
            asked = len(self._asked)
        with self._listing:
            if package in self._arrived:
                return True
            if self._arrived_at < came and not self._list_again(len(before), asked):
                return None
            return package in self._arrived

    def _list_again(self, before: int, asked: int) -> bool:
        """List the packages, if that is worth it and was not done just now; return whether."""
        began = self._monotonic()
        pages, needed = asked // _LISTS_PER_PAGE - self._spent, (before + asked) // PAGE + 1
        if began - self._tried_at < self._fresh_seconds or pages < needed:
            return False
        self._tried_at = began
        self._spent += needed
        found = self._list(pages)
        if found is None:
            return False
        self._arrived_at = began
        self._arrived.update(found)
        return True

    def _list(self, pages: int) -> frozenset[Package] | None:
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
