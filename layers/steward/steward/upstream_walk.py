"""What a search for a package comes to: a repository, its upstreams, and what is behind them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from steward.coordinates import Format, Repository
from steward.errors import CodeArtifactError, PackageNotFoundError
from steward.repositories import ExternalConnection, Repositories

MAX_SEARCHED: Final = 25  # "Upstream repositories searched", Quotas in AWS CodeArtifact, User Guide
# Our choice: topologies change by hand, and a connection that was made is known within minutes.
KEPT_SECONDS: Final = 300.0
_DENIED: Final = "AccessDeniedException"  # API Reference, Common errors


@dataclass(frozen=True, slots=True)
class Stop:
    """
    A repository that a search comes to.

    Attributes:
        path: The repositories from where the search starts on, this one last.
        unknown: Why nobody can tell what it is connected to; ``None`` if it was described.
    """

    path: tuple[str, ...]
    connections: tuple[ExternalConnection, ...] = ()
    unknown: str | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """
    What a search that starts in *repository* comes to.

    Attributes:
        upstreams: The direct upstreams of the repository, in its order.
        stops: In the order of the search, the repository itself first.
    """

    repository: Repository
    upstreams: tuple[str, ...]
    stops: tuple[Stop, ...]


class Connections:
    """
    The external connections that repositories reach.

    Asked for once in five minutes and process.
    """

    def __init__(
        self,
        repositories: Repositories,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._repositories = repositories
        self._monotonic = monotonic
        self._kept: dict[Repository, tuple[float, Reach]] = {}

    def of(self, repository: Repository, package_format: Format) -> tuple[str, ...]:
        """
        Return the external connections of a format that *repository* reaches, in their order.

        At most 25 calls of DescribeRepository, mostly none.

        Raises:
            CodeArtifactError: A call failed.
        """
        return tuple(
            dict.fromkeys(
                connection.name
                for stop in self._reach(repository).stops
                for connection in stop.connections
                if connection.format == package_format
            )
        )

    def lacks(self, repository: Repository, package_format: Format) -> bool:
        """
        Return whether *repository* reaches no external connection of a format, for certain.

        False, too, if a repository on the way may not be described. Costs what :meth:`of` does.

        Raises:
            CodeArtifactError: A call failed.
        """
        known = all(stop.unknown is None for stop in self._reach(repository).stops)
        return known and not self.of(repository, package_format)

    def missing(self, repository: Repository) -> bool:
        """
        Return whether there is no *repository*, as far as that may be asked: 1 DescribeRepository.

        Raises:
            CodeArtifactError: The call failed for another reason.
        """
        try:
            self._repositories.describe(repository)
        except PackageNotFoundError:
            return True
        except CodeArtifactError as error:
            if error.code != _DENIED:
                raise
        return False

    def _reach(self, repository: Repository) -> Reach:
        now = self._monotonic()
        kept = self._kept.get(repository)
        if kept is None or now - kept[0] >= KEPT_SECONDS:
            kept = (now, walk(self._repositories, repository))
            self._kept[repository] = kept
        return kept[1]


def walk(repositories: Repositories, start: Repository) -> Reach:
    """
    Return what a search from *start* comes to: depth-first, each repository once.

    A repository that does not exist or may not be described is unknown. So is what comes after 25
    repositories: whether the limit counts the first one is not documented.

    Raises:
        CodeArtifactError: A call failed for another reason.
    """
    stops: list[Stop] = []
    upstreams: tuple[str, ...] = ()
    seen: set[str] = set()
    pending: list[tuple[str, ...]] = [(start.name,)]
    while pending:
        path = pending.pop()
        name = path[-1]
        if name in seen:
            continue
        if len(seen) == MAX_SEARCHED:
            stops.append(Stop(path, unknown=f"more than {MAX_SEARCHED} repositories are searched"))
            break
        seen.add(name)
        try:
            found = repositories.describe(Repository(start.domain, start.domain_owner, name))
        except CodeArtifactError as error:
            if not isinstance(error, PackageNotFoundError) and error.code != _DENIED:
                raise
            stops.append(Stop(path, unknown=str(error)))
            continue
        stops.append(Stop(path, found.external_connections))
        if name == start.name:
            upstreams = found.upstreams
        pending += [(*path, upstream) for upstream in reversed(found.upstreams)]
    return Reach(start, upstreams, tuple(stops))
