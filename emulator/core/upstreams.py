"""What a repository's clients can reach: its own versions, its upstreams', and the public ones."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from emulator.core import ingestion, retention, versions
from emulator.core.errors import ResourceNotFound
from emulator.core.external import (
    ORIGINAL_PUBLISH_TIME,
    Connection,
    ConnectionUnavailable,
    PublicVersion,
    Unreachable,
)
from emulator.core.ingestion import Gate
from emulator.core.search import Stop, search
from emulator.core.state import State
from emulator.core.transfers import Download, stored
from emulator.core.values import SERVED, Asset, PackageId, RepositoryId, Status, Version

logger = logging.getLogger(__name__)

SNAPSHOT_ALIAS = "-SNAPSHOT"
_SNAPSHOT = re.compile(r".*-(SNAPSHOT|[0-9]{8}\.[0-9]{6}-[0-9]+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reachable:
    """
    A version that clients of a repository can reach, whatever its status.

    Attributes:
        holder: The first repository, in search order, that holds it; None when it is only public.
        connection: The external connection that offers it, if one does and may.
        record: The holder's version, with assets and metadata; None when it is only public.
        public: What the public repository says of it now. With ``record``, only where the version
            may still be refreshed from there (PyPI: later assets, yanked).
    """

    version: str
    status: Status
    holder: RepositoryId | None = None
    connection: str | None = None
    record: Version | None = None
    public: PublicVersion | None = None

    @property
    def published(self) -> datetime | None:
        """The original publish time, for the data plane (User Guide, age gating)."""
        if self.record is not None:
            return original_publish_time(self.record)
        return self.public.published if self.public else None


def walk(state: State, repository: RepositoryId) -> list[RepositoryId]:
    """
    Return *repository* and all that it searches, in search order.

    Depth-first, in priority order, each repository once, 25 at most (User Guide, upstream
    repository priority order and quotas).
    """
    return [stop.repository for stop in search(state, repository, None).outwards()]


def reachable(state: State, repository: RepositoryId, package: PackageId, version: str) -> bool:
    """
    Return whether publishing *version* to *repository* would shadow one that its clients can reach.

    Its own versions do not count, those of its upstreams (but Unfinished ones) and those behind
    external connections do, save where a repository on the way blocks upstream for the package, or
    the package's group does there. An external connection that does not answer counts as not
    holding it (User Guide, package origin controls). ``X-SNAPSHOT`` of Maven never counts: both may
    hold it. May wait for the network, so not to be called inside a transaction.
    """
    if _is_alias(package, version):
        return False
    for stop in search(state, repository, package).outwards():
        if stop.repository != repository and stop.package is not None:
            held = versions.find(state, stop.repository, package, version)
            if held is not None and held.status != "Unfinished":
                return True
        if stop.connection is not None:
            try:
                if _public_version(stop.connection, package, version) is not None:
                    return True
            except Unreachable as error:
                logger.warning("%s %s is not looked for outside: %s", package.name, version, error)
    return False


def view(state: State, repository: RepositoryId, package: PackageId) -> list[Reachable]:
    """
    Return every version of *package* that clients of *repository* see; nothing is stored.

    The first holder in search order wins each version, whatever its status there; ``X-SNAPSHOT`` of
    Maven is the upstream's when both hold it (User Guide, Maven snapshots). Empty when nobody has
    the package or no external connection answers. In the holders' order of arrival, then the
    public repository's order.

    Raises:
        ResourceNotFound: There is no such repository.
    """
    return _seen(state, repository, package)[0]


def listed(state: State, repository: RepositoryId, package: PackageId) -> list[Reachable]:
    """
    Return what `view` returns, for a document that lists the versions of *package*.

    Raises:
        ConnectionUnavailable: There are none, and an external connection does not answer.
        ResourceNotFound: There is no such repository.
    """
    found, unanswered = _seen(state, repository, package)
    if unanswered is not None and not found:
        raise ConnectionUnavailable(
            f"Package '{package.name}' is not found",
            resource_id=package.name,
            resource_type="package",
        )
    return found


def _seen(
    state: State, repository: RepositoryId, package: PackageId
) -> tuple[list[Reachable], Unreachable | None]:
    """Return the versions that clients see, and what an external connection says of its silence."""
    unanswered: Unreachable | None = None
    root = search(state, repository, package)
    found: dict[str, Reachable] = {}
    holders: dict[str, list[Version]] = {}
    for stop in root.outwards():
        if stop.package is not None:
            for record in versions.all_of(state, stop.repository, package):
                holders.setdefault(record.version, []).append(record)
                found.setdefault(
                    record.version,
                    Reachable(record.version, record.status, stop.repository, record=record),
                )
        if stop.connection is not None:
            offered, silence = _offered(stop.connection, stop.repository, package)
            unanswered = unanswered or silence
            for public in offered:
                found.setdefault(
                    public.version,
                    Reachable(
                        public.version, "Published", connection=stop.connection.name, public=public
                    ),
                )
                held = found[public.version]
                if held.record is not None and held.public is None:
                    found[public.version] = replace(
                        held, connection=stop.connection.name, public=public
                    )
    if package.format == "maven":
        _prefer_upstream_aliases(root, found, holders)
    seen = [_settled(each, holders.get(each.version, [])) for each in found.values()]
    return seen, unanswered


def fetch(
    state: State, repository: RepositoryId, package: PackageId, version: str, asset: str
) -> Download:
    """
    Return *asset* of *version* for a client of *repository*, and keep the version where it belongs.

    Kept in *repository* and in the one with the external connection, never in between (User Guide,
    package retention). A version that comes from outside is streamed at once; its other assets
    follow in the background and it appears when all are in; under the switch
    ``ingestsBeforeDownload`` this begins with ``Download.begin`` only. What is held is served
    without asking anyone outside.

    Raises:
        ResourceNotFound: Nobody reachable has it, or the first holder does not serve it (its status
            is neither Published nor Unlisted).
        ConnectionUnavailable: Nobody has it that answers; an external connection does not.
    """
    root = search(state, repository, package)
    order = root.inwards() if _is_alias(package, version) else root.outwards()
    stops = list(order)
    unanswered: Unreachable | None = None
    for stop in stops:
        held = versions.find(state, stop.repository, package, version) if stop.package else None
        if held is not None:
            return _serve(state, repository, stops, held, asset)
        if stop.connection is not None:
            try:
                download = _ingest(state, repository, stop, package, version, name=asset)
            except Unreachable as error:
                unanswered = error
                continue
            if download is not None:
                return download
    raise _not_found(package, version, asset, unanswered) from unanswered


def original_publish_time(version: Version) -> datetime:
    """Return when *version* was first published anywhere, not when it came into its repository."""
    text = version.metadata.get(ORIGINAL_PUBLISH_TIME)
    return datetime.fromisoformat(text) if isinstance(text, str) else version.published


def _offered(
    connection: Connection, entry: RepositoryId, package: PackageId
) -> tuple[Iterable[PublicVersion], Unreachable | None]:
    """Return what is public; while nobody answers, only what is on its way in, and why."""
    try:
        offered = connection.package(package)
    except Unreachable as error:
        logger.warning("%s is listed without %s: %s", package.name, connection.name, error)
        return connection.imports.versions(entry, package), error
    return [
        each
        for each in (offered.versions.values() if offered else ())
        if not _is_snapshot(package, each.version)
    ], None


def _prefer_upstream_aliases(
    root: Stop, found: dict[str, Reachable], holders: dict[str, list[Version]]
) -> None:
    """Each ``X-SNAPSHOT`` in *found* is that of the first holder with the upstreams first."""
    rank = {stop.repository: position for position, stop in enumerate(root.inwards())}
    for version, records in holders.items():
        if version.endswith(SNAPSHOT_ALIAS):
            first = min(records, key=lambda each: rank[each.repository])
            found[version] = Reachable(version, first.status, first.repository, record=first)


def _settled(reachable_version: Reachable, holders: list[Version]) -> Reachable:
    """Return the version without its public side, unless it may be refreshed from there."""
    record = reachable_version.record
    if record is None or reachable_version.public is None:
        return reachable_version
    if _refreshable(holders, reachable_version.connection):
        return reachable_version
    return replace(reachable_version, connection=None, public=None)


def _refreshable(holders: Iterable[Version], connection: str | None) -> bool:
    """Whether later assets may come in: no holder has changed its status or published it itself."""
    return all(
        each.status in SERVED
        and each.origin.type == "EXTERNAL"
        and each.origin.external_connection == connection
        for each in holders
    )


def _serve(
    state: State, repository: RepositoryId, stops: list[Stop], held: Version, name: str
) -> Download:
    """Return the asset of a version that is held, late ones included, and retain the version."""
    if held.status not in SERVED:
        raise _not_found(held.package, held.version, name)
    asset = _asset(held, name)
    if asset is not None:
        if held.repository != repository:
            retention.retain(state, repository, held)
        _refresh(state, repository, stops, held)
        return stored(state.assets, asset, original_publish_time(held))
    if held.origin.type == "EXTERNAL":
        download = _late_asset(state, repository, stops, held, name)
        if download is not None:
            return download
    raise _not_found(held.package, held.version, name)


def _late_asset(
    state: State, repository: RepositoryId, stops: list[Stop], held: Version, name: str
) -> Download | None:
    """Return an asset that the version did not have when it came in."""
    holders = _holders(state, stops, held)
    for other in holders:
        asset = _asset(other, name)
        if asset is not None and other.origin == held.origin and other.status in SERVED:
            retention.retain(state, repository, other)
            return stored(state.assets, asset, original_publish_time(other))
    if not _refreshable(holders, held.origin.external_connection):
        return None
    for stop in stops:
        if stop.connection is not None and stop.connection.name == held.origin.external_connection:
            try:
                return _ingest(state, repository, stop, held.package, held.version, name=name)
            except Unreachable as error:
                raise _not_found(held.package, held.version, name, error) from error
    return None


def _refresh(state: State, repository: RepositoryId, stops: list[Stop], held: Version) -> None:
    """A PyPI version gets what is new of it by now, as far as the metadata cache knows."""
    if held.package.format != "pypi" or held.origin.type != "EXTERNAL":
        return
    for stop in stops:
        if stop.connection is None or stop.connection.name != held.origin.external_connection:
            continue
        known = stop.connection.known(held.package)
        public = known.versions.get(held.version) if known else None
        if public is None or public.metadata.get("files") == held.metadata.get("files"):
            return
        if _refreshable(_holders(state, stops, held), stop.connection.name):
            gate = Gate(stop.repository, stop.connection)
            ingestion.complete(state, gate, repository, held.package, public)
        return


def _ingest(
    state: State,
    repository: RepositoryId,
    stop: Stop,
    package: PackageId,
    version: str,
    *,
    name: str,
) -> Download | None:
    """
    Return the asset on its way in; None when it is not there.

    Raises:
        Unreachable: The external connection does not answer.
    """
    connection = stop.connection
    if connection is None or _is_snapshot(package, version):
        return None
    try:
        public = connection.imports.version(stop.repository, package, version) or _public_version(
            connection, package, version
        )
        if public is None:
            return None
        gate = Gate(stop.repository, connection)
        begin = ingestion.fetch if state.faults.on("ingestsBeforeDownload") else ingestion.promise
        return begin(state, gate, repository, package, public, name=name)
    except Unreachable as error:
        logger.warning("%s %s does not come in: %s", package.name, version, error)
        raise


def _public_version(
    connection: Connection, package: PackageId, version: str
) -> PublicVersion | None:
    """
    Return *version* as it is public.

    A Maven version need not be listed for its assets to be asked for; its POM says whether it is.
    """
    offered = connection.package(package)
    if offered is not None and version in offered.versions:
        return offered.versions[version]
    if package.format == "maven":
        pom = connection.asset(package, version, f"{package.name}-{version}.pom")
        if pom is not None:
            return PublicVersion(version, pom.published)
    return None


def _holders(state: State, stops: Iterable[Stop], held: Version) -> list[Version]:
    found = (
        versions.find(state, stop.repository, held.package, held.version)
        for stop in stops
        if stop.package is not None
    )
    return [each for each in found if each is not None]


def _asset(version: Version, name: str) -> Asset | None:
    return next((each for each in version.assets if each.name == name), None)


def _is_alias(package: PackageId, version: str) -> bool:
    return package.format == "maven" and version.endswith(SNAPSHOT_ALIAS)


def _is_snapshot(package: PackageId, version: str) -> bool:
    """Whether it is a snapshot or a build of one: these are never public (User Guide, Maven)."""
    return package.format == "maven" and _SNAPSHOT.fullmatch(version) is not None


def _not_found(
    package: PackageId, version: str, asset: str, unanswered: Unreachable | None = None
) -> ResourceNotFound:
    refusal = ResourceNotFound if unanswered is None else ConnectionUnavailable
    return refusal(
        f"Asset '{asset}' of version '{version}' of package '{package.name}' is not found",
        resource_id=asset,
        resource_type="asset",
    )
