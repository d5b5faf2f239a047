"""The order in which repositories are searched for a package."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from emulator.core import external, package_groups, packages, repositories
from emulator.core.errors import ResourceNotFound
from emulator.core.external import Connection
from emulator.core.repositories import EXTERNAL_CONNECTIONS
from emulator.core.state import State
from emulator.core.topology import remembered
from emulator.core.values import Package, PackageId, Repository, RepositoryId, RestrictionType

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
    origin controls). Where the package's group does not let a repository pull from its upstreams,
    or bring in what is public, the search does not go on there, also halfway (not documented: our
    choice, as for a package's own BLOCK). Without a package nothing is blocked.

    Raises:
        ResourceNotFound: There is no such repository.
    """
    with state.store.reading():  # all stops as of one moment
        return _search(state, repository, package)


def reaches(
    state: State, repository: RepositoryId, package: PackageId, entry: RepositoryId, connection: str
) -> bool:
    """Return whether *repository* gets *package* through the external *connection* of *entry*."""
    try:
        stops = search(state, repository, package).outwards()
    except ResourceNotFound:
        return False
    return any(
        stop.repository == entry and stop.connection and stop.connection.name == connection
        for stop in stops
    )


def _search(state: State, repository: RepositoryId, package: PackageId | None) -> Stop:
    records = {} if package is None else packages.among(state, _within(state, repository), package)
    seen: set[RepositoryId] = set()
    restricted = package is not None and not package_groups.unrestricted(
        state, repository.domain, package
    )

    def stop(at: RepositoryId) -> Stop | None:
        if at in seen or len(seen) == MAX_SEARCHED:
            return None
        seen.add(at)
        made, ahead = _look(state, at, package, records.get(at), restricted=restricted)
        for name in ahead:
            upstream = stop(RepositoryId(at.domain, name))
            if upstream is not None:
                made.upstreams.append(upstream)
        return made

    return stop(repository) or Stop(repository)


def _within(state: State, repository: RepositoryId) -> tuple[RepositoryId, ...]:
    """Return *repository* and all that its upstreams lead to, however many, in no order."""
    with state.store.reading() as connection:
        return remembered(connection, ("within", repository), lambda _: _led_to(state, repository))


def _led_to(state: State, repository: RepositoryId) -> tuple[RepositoryId, ...]:
    found: dict[RepositoryId, None] = {}
    ahead = [repository]
    while ahead:
        at = ahead.pop()
        if at not in found:
            found[at] = None
            names = repositories.describe(state, at).upstreams
            ahead.extend(RepositoryId(at.domain, name) for name in names)
    return tuple(found)


def _look(
    state: State,
    at: RepositoryId,
    package: PackageId | None,
    record: Package | None,
    *,
    restricted: bool,
) -> tuple[Stop, Sequence[str]]:
    """
    Return the stop at *at*, without its upstreams, and the names of those to go on to.

    *record*: what it has of the package.
    *restricted*: whether the package's group restricts anything, so that it has to be asked here.
    """
    found = repositories.describe(state, at)
    made = Stop(at)
    if package is None:
        return made, found.upstreams
    made.package = record
    if made.package is not None and made.package.restrictions.upstream == "BLOCK":
        return made, ()

    def admits(kind: RestrictionType) -> bool:
        return not restricted or package_groups.admits(state, at, package, kind)

    connected = _connected(found, package)
    if connected and admits("EXTERNAL_UPSTREAM"):
        made.connection = external.connection(state, connected)
    return made, found.upstreams if admits("INTERNAL_UPSTREAM") else ()


def _connected(repository: Repository, package: PackageId) -> str | None:
    """Return the external connection of *repository*, if it has one that speaks of *package*."""
    name = repository.external_connection
    return name if name and EXTERNAL_CONNECTIONS.get(name) == package.format else None
