"""What the endpoint does not find, doubted until it is seen that anybody answers behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Final

from steward.errors import CodeArtifactError, StewardError
from warm_caches.decision import lists_more

if TYPE_CHECKING:
    from steward.coordinates import Format, Package, PackageVersion, Repository
    from warm_caches.connections import Connection
    from warm_caches.engine import Engine
    from warm_caches.fetches import Available
    from warm_caches.progress import Progress
    from warm_caches.values import Outcome, Wanted

LOOKS: Final = 3  # our choice: a package of which every version is held tells nothing, three seldom
# Our choice: lock files name one or two packages that no public repository has, and seldom five.
MANY_PACKAGES: Final = 5

_LIKE_ALL: Final = "not found, like everything else that was asked for"
_NO_LIFE: Final = "not found, and the endpoint lists nothing but what the repository holds"
_NO_CONNECTION: Final = "the repository reaches no external connection for {}"
_SUSPENDED: Final = "not found, and the public repository gives no answer"

_Held = tuple["Package", Sequence["PackageVersion"]]


@dataclass(frozen=True, slots=True)
class Doubt:
    """
    Something that the endpoint does not find, and that nobody forbids.

    Attributes:
        wanted: What is asked for again if nobody has answered.
        outcome: What became of it if somebody has.
    """

    wanted: Wanted
    outcome: Outcome


class Doubts:
    """What was not found of each format, and what tells whether that is true; for many threads."""

    def __init__(self) -> None:
        self._doubted: dict[Format, list[Doubt]] = {}
        self._alive: set[Format] = set()
        self._held: dict[Format, list[_Held]] = {}
        self._lock = Lock()

    def add(self, doubt: Doubt) -> None:
        """Note that something was not found."""
        with self._lock:
            self._doubted.setdefault(doubt.outcome.package.format, []).append(doubt)

    def live(self, package_format: Format) -> None:
        """Note that something came in, or could: whoever should answer does."""
        with self._lock:
            self._alive.add(package_format)

    def saw(self, package: Package, held: Sequence[PackageVersion]) -> None:
        """Note that the repository holds *held* of *package*; a few packages are kept."""
        with self._lock:
            known = self._held.setdefault(package.format, [])
            if len(known) < LOOKS and _is_public(held):
                known.append((package, held))

    def listed(
        self, package: Package, available: Available, held: Sequence[PackageVersion]
    ) -> None:
        """Note what the endpoint lists of *package*, of which the repository holds *held*."""
        if package.format not in self._alive and lists_more(package.format, available, held):
            self.live(package.format)

    @property
    def alive(self) -> frozenset[Format]:
        """The formats of which something came in, or could."""
        return frozenset(self._alive)

    def of(self, package_format: Format) -> Sequence[Doubt]:
        """Return what was not found."""
        return self._doubted.get(package_format, ())

    def held(self, package_format: Format) -> Sequence[_Held]:
        """Return some of the packages that were seen in the repository, with their versions."""
        return self._held.get(package_format, ())


def settle_doubts(
    doubts: Doubts,
    to: Engine,
    progress: Progress,
    connections: Mapping[Format, Connection],
    *,
    time_left: Callable[[], bool],
) -> None:
    """
    Settle what was not found, now that everything else was asked for.

    How CodeArtifact answers for what it cannot get at the time is not documented; if it says 404,
    an outage looks like versions that do not exist. So, for each format:

    - Something came in: the others are not found.
    - The repository reaches no external connection of the format: nobody could answer, so that they
      are not found. At most 25 DescribeRepository, mostly none.
    - The connection does not answer anyway: nobody has answered for these either.
    - Else up to three packages that the repository holds from outside are looked at, 1 request for
      metadata each. If the endpoint lists a version that is not held, the public repository, or
      what CodeArtifact remembers of it, answers: not found. If it does so for none of them, the
      connection is silent: there is no answer, and what was asked for is left.
    - If none was seen in this call, three of the first 1,000 packages of the repository are taken:
      1 ListPackages, and 1 ListPackageVersions each. If it holds none: silent if five packages were
      not found, else not found.
    - No time for that: not found.
    """
    for package_format, connection in connections.items():
        doubted = doubts.of(package_format)
        reason = silence = ""
        if not doubted or package_format in doubts.alive:
            pass
        elif _lacks(doubted[0].outcome.package.repository, package_format, to):
            reason = _NO_CONNECTION.format(package_format)
        elif connection.silent:
            silence = _SUSPENDED
        else:
            silence = _silence(doubted, doubts, to, progress, time_left)
            if silence:
                connection.fall_silent()
        for one in doubted:
            outcome = replace(one.outcome, reason=reason or one.outcome.reason)
            if silence:
                progress.leave(one.wanted)
                outcome = replace(outcome, state="no answer", reason=silence)
            progress.settle([outcome])


def _lacks(repository: Repository, package_format: Format, to: Engine) -> bool:
    try:
        return to.lacks(repository, package_format)
    except CodeArtifactError:
        return False  # then nobody can tell, and what is not found is doubted


def _silence(
    doubted: Sequence[Doubt],
    doubts: Doubts,
    to: Engine,
    progress: Progress,
    time_left: Callable[[], bool],
) -> str:
    """Return why *doubted* says nothing about versions, in words; empty: it does."""
    package = doubted[0].outcome.package
    if to.fetching is None or not time_left():
        return ""
    looked = 0
    for held in doubts.held(package.format) or _held_packages(package, to, progress):
        if not time_left():
            return ""
        looked += 1
        progress.requested(1)
        try:
            doubts.listed(held[0], to.fetching.available(held[0]), held[1])
        except StewardError:
            continue  # no answer is no sign of life
        if package.format in doubts.alive:
            return ""
    if looked:
        return _NO_LIFE
    return _LIKE_ALL if len({one.outcome.package for one in doubted}) >= MANY_PACKAGES else ""


def _held_packages(like: Package, to: Engine, progress: Progress) -> Iterator[_Held]:
    """Yield up to three packages of a repository, of the format of *like*; none if calls fail."""
    try:
        for package in _some_packages(like.repository, like.format, to, progress):
            to.lists()
            progress.listed()
            held = to.codeartifact.versions(package)
            if _is_public(held):
                yield package, held
    except CodeArtifactError:
        return


def _some_packages(
    repository: Repository, package_format: Format, to: Engine, progress: Progress
) -> Sequence[Package]:
    """Return three packages into which versions may come from outside, from all over the list."""
    to.lists()
    progress.listed()
    page = next(to.codeartifact.packages(repository), [])
    open_ones = [
        package
        for package, restrictions in page
        if package.format == package_format and restrictions.upstream == "ALLOW"
    ]
    return open_ones[:: max(1, -(-len(open_ones) // LOOKS))]


def _is_public(held: Sequence[PackageVersion]) -> bool:
    """Return whether any version may have come from outside: only that one has others there."""
    return any(one.origin.type != "INTERNAL" for one in held)
