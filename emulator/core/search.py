"""The order in which repositories are searched for a package."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from emulator.core import external, packages, repositories
from emulator.core.external import Connection
from emulator.core.repositories import EXTERNAL_CONNECTIONS
from emulator.core.state import State
from emulator.core.values import Package, PackageId, RepositoryId

MAX_SEARCHED = 25  # repositories searched for one request (User Guide, quotas)


@dataclass(slots=True)
class Stop:
    """A repository on the search, what it says of one package, and where the search goes on."""

    repository: RepositoryId
    package: Package | None = None
    connection: Connection | None = None
    upstreams: list[Stop] = field(default_factory=list)

    def outwards(self) -> Iterator[Stop]:
        """Yield this stop, then its upstreams depth-first: the search order."""
        yield self
        for each in self.upstreams:
            yield from each.outwards()

    def inwards(self) -> Iterator[Stop]:
        """Yield the upstreams first: the order for what an upstream overrides."""
        for each in self.upstreams:
            yield from each.inwards()
        yield self


def search(state: State, repository: RepositoryId, package: PackageId | None) -> Stop:
    """
    Return the stops that a search for *package* makes, as a tree.

    Behind a repository that blocks upstream for the package there is nothing (User Guide, package
    origin controls). Without a package nothing is blocked.
    """
    seen: set[RepositoryId] = set()

    def stop(at: RepositoryId) -> Stop | None:
        if at in seen or len(seen) == MAX_SEARCHED:
            return None
        seen.add(at)
        found = repositories.describe(state, at)
        made = Stop(at)
        if package is not None:
            made.package = packages.find(state, at, package)
            if made.package is not None and made.package.restrictions.upstream == "BLOCK":
                return made
            made.connection = _connection(state, found.external_connection, package)
        for name in found.upstreams:
            upstream = stop(RepositoryId(at.domain, name))
            if upstream is not None:
                made.upstreams.append(upstream)
        return made

    return stop(repository) or Stop(repository)


def _connection(state: State, name: str | None, package: PackageId) -> Connection | None:
    if name is None or EXTERNAL_CONNECTIONS.get(name) != package.format:
        return None
    return external.connection(state, name)
