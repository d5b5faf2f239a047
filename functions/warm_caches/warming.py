"""Warm packages of a repository: list, fetch what is missing, look whether it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from steward.coordinates import Package
from warm_caches.connections import Connection
from warm_caches.crew import Crew
from warm_caches.doubts import Doubts, settle_doubts
from warm_caches.engine import AT_ONCE, AUTOMATION, Engine, How, Warmed
from warm_caches.presence import Presence
from warm_caches.progress import Progress
from warm_caches.steps import Steps, ToConfirm, to_confirm
from warm_caches.values import Outcome, Wanted, WantedVersion

if TYPE_CHECKING:
    from steward.coordinates import Format
    from warm_caches.fetches import Needed

__all__ = ["AT_ONCE", "AUTOMATION", "Engine", "How", "Warmed", "confirm", "warm"]

_Later = TypeVar("_Later")


def warm(
    wanted: Sequence[Wanted],
    to: Engine,
    how: How,
    *,
    on_outcome: Callable[[Outcome], None] = lambda _: None,
    time_left: Callable[[], bool] = lambda: True,
) -> Warmed:
    """
    Ask for what is missing of *wanted*, and say what became of each version.

    - What the repository serves is warm, and nothing is asked of the endpoint for it but the list
      of versions where the newest ones are wanted.
    - What is missing is asked for, and looked for again once, :attr:`Engine.settle_seconds` later.
    - The parents and imported BOMs of the Maven versions that were asked for are wanted, too, each
      once; those of versions that were there are not known and not asked for, but where
      somebody was at it before (:attr:`How.repeated`).
    - Every format has threads of its own, so that one whose public repository is slow holds up no
      other. What is left of it after three requests without an answer is not asked for any more.
    - What is not found is settled at the end: if nothing of its format came in, it may be an outage
      that looks like that (:func:`settle_doubts`).

    Calls of CodeArtifact's API: 1 ListPackageVersions for a package and 1,000 versions, and another
    one if anything was asked for; of a cold repository fewer (:class:`Presence`). 1
    ListPackageVersionAssets for a version of which certain files are wanted, or whose hashes are
    verified, if it is there. For one that is not found 1 DescribePackage and 1
    GetAssociatedPackageGroup at most. What is asked of the endpoint: :class:`Fetching`, and 3 lists
    of versions at most for a format of which something is not found and nothing comes in.

    Args:
        wanted: Packages of one repository, each once.
        on_outcome: Called with each outcome as it comes, by one thread at a time.
        time_left: Asked before each step; when it is false, the rest is left.
    """
    began = to.monotonic()
    progress = Progress(on_outcome)
    formats = dict.fromkeys(one.package.format for one in wanted)
    connections = {package_format: Connection(to.at_once) for package_format in formats}
    crews: dict[Format, Crew[Wanted, ToConfirm]] = {}
    needed, doubts = _Needed(wanted), Doubts()
    if wanted:
        steps = Steps(
            to=to,
            how=how,
            progress=progress,
            presence=Presence(
                wanted[0].package.repository,
                len(wanted),
                to.codeartifact,
                pace=to.lists,
                listed=progress.listed,
                fresh_seconds=to.settle_seconds,
                monotonic=to.monotonic,
            ),
            connections=connections,
            doubts=doubts,
            time_left=time_left,
            also=lambda package, needs: crews[package.format].add(needed.new(package, needs)),
        )
        for package_format in formats:
            crews[package_format] = _crew(steps.begin, steps.confirm, to)
        _run(crews, wanted, to)
        settle_doubts(doubts, to, progress, connections, time_left=time_left)
    return _warmed(progress, connections, doubts.alive, to.monotonic() - began)


def confirm(
    waiting: Sequence[Wanted],
    to: Engine,
    how: How,
    *,
    on_outcome: Callable[[Outcome], None] = lambda _: None,
    time_left: Callable[[], bool] = lambda: True,
) -> Warmed:
    """
    Look once whether the versions of *waiting* are listed by now, and ask the endpoint for nothing.

    What is not is ``waiting`` again, however often this is asked. 1 ListPackageVersions for a
    package and 1,000 versions; 1 ListPackageVersionAssets for a version with wanted files.

    Args:
        how: As it was asked for.
    """
    began = to.monotonic()
    progress = Progress(on_outcome)
    if waiting:
        steps = Steps(
            to=to,
            how=how,
            progress=progress,
            presence=None,
            connections={},
            doubts=Doubts(),
            time_left=time_left,
            also=lambda _, __: None,
        )

        def begin(one: Wanted) -> None:
            steps.confirm(to_confirm(one))

        crew: Crew[Wanted, ToConfirm] = _crew(begin, steps.confirm, to)
        _run({waiting[0].package.format: crew}, waiting, to)
    return _warmed(progress, {}, frozenset(), to.monotonic() - began)


class _Needed:
    """The versions that are known to be wanted, so that each is asked for once."""

    def __init__(self, wanted: Iterable[Wanted]) -> None:
        self._known = {(one.package, version.version) for one in wanted for version in one.versions}
        self._lock = Lock()

    def new(self, package: Package, needs: Iterable[Needed]) -> list[Wanted]:
        """Return what of *needs* nobody has wanted before; it is wanted from now on."""
        found: list[Wanted] = []
        with self._lock:
            for namespace, name, version in needs:
                needed = Package(package.repository, package.format, namespace, name)
                if (needed, version) not in self._known:
                    self._known.add((needed, version))
                    found.append(Wanted(needed, (WantedVersion(version),)))
        return found


def _crew(
    begin: Callable[[Wanted], _Later | None], look: Callable[[_Later], None], to: Engine
) -> Crew[Wanted, _Later]:
    return Crew(begin, look, pause_seconds=to.settle_seconds, monotonic=to.monotonic)


def _run(
    crews: Mapping[Format, Crew[Wanted, _Later]], wanted: Sequence[Wanted], to: Engine
) -> None:
    for package_format, crew in crews.items():
        crew.add(wanted if len(crews) == 1 else _of(package_format, wanted))
    try:
        for crew in crews.values():
            crew.start(to.at_once)
        for crew in crews.values():
            crew.join()
    finally:
        for crew in crews.values():
            crew.stop()


def _of(package_format: Format, wanted: Sequence[Wanted]) -> list[Wanted]:
    return [one for one in wanted if one.package.format == package_format]


def _warmed(
    progress: Progress,
    connections: Mapping[Format, Connection],
    alive: frozenset[Format],
    seconds: float,
) -> Warmed:
    unanswered = {one for one, connection in connections.items() if connection.silent}
    return Warmed(
        outcomes=progress.outcomes,
        waiting=progress.waiting,
        left=progress.left,
        unanswered=frozenset(unanswered),
        answered=alive - unanswered,
        requests=progress.requests,
        lists=progress.lists,
        size=progress.size,
        seconds=seconds,
    )
