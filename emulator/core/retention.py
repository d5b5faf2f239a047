"""Which repositories keep a version that a client has fetched, and what they keep of it."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping
from datetime import timedelta
from itertools import islice
from typing import cast

from emulator.core import descriptions, origins, packages, records, repositories, versions
from emulator.core.errors import ResourceNotFound
from emulator.core.external import ORIGINAL_PUBLISH_TIME
from emulator.core.origins import Arrival
from emulator.core.rows import package_of, package_row, required_package_row
from emulator.core.search import reaches
from emulator.core.state import State
from emulator.core.transfers import Import
from emulator.core.values import (
    SERVED,
    Blob,
    Origin,
    PackageId,
    RepositoryId,
    Status,
    Version,
)

logger = logging.getLogger(__name__)


def record(
    state: State, connection_name: str, imported: Import, arrived: Mapping[str, Blob]
) -> None:
    """
    The repository with the external connection and those whose clients asked hold the version.

    All in one transaction. A new version is Published, of EXTERNAL origin, and emits one Created
    event in each; one that was held gains the assets and the metadata that are new (Updated). What
    one of them held before, all have now. Left out are repositories that do not reach the external
    connection any more (gone, created again under its name, or the package or its group blocks the
    way by now: not documented for what is on its way, our choice), and versions of another origin.
    So are the last of the assets that are more than a version may have.
    """
    package, version = imported.package, imported.version.version
    origin = Origin("EXTERNAL", None, connection_name)
    metadata = {
        **imported.version.metadata,
        **descriptions.read(state, package, arrived, imported.version.metadata),
    }
    if imported.published is not None:
        metadata.setdefault(ORIGINAL_PUBLISH_TIME, imported.published.isoformat())
    keeping = list(dict.fromkeys((imported.entry, *imported.destinations)))
    with state.store.transaction() as connection:
        assets: dict[str, Blob] = {}
        for repository in keeping:
            held = held_by(state, repository, package, version)
            if held is not None and held.origin == origin:
                assets.update({each.name: each.blob for each in held.assets})
        assets.update(arrived)
        admitted = [
            each
            for each in keeping
            if reaches(state, each, package, imported.entry, connection_name)
            and repositories.describe(state, each).created == imported.created[each]
        ]
        for repository in admitted:
            _keep(
                state,
                connection,
                repository,
                package,
                version,
                assets=assets,
                metadata=metadata,
                origin=origin,
                status="Published",
                arrival="ingested",
            )


def retain(state: State, repository: RepositoryId, version: Version) -> None:
    """
    *repository* holds *version* of one of its upstreams, with the same origin, status and assets.

    Only the repository that the client asked keeps it; repositories in between do not (User Guide,
    package retention in intermediate repositories). Whether an Unlisted version stays Unlisted is
    not documented: our choice, so that builds do not surface in listings. Nothing happens if it is
    gone, or the package or its group blocks upstream by now.
    """
    package = version.package
    with state.store.transaction() as connection:
        try:
            row = package_row(connection, repository, package)
        except ResourceNotFound:  # deleted while the version was on its way
            return
        own = package_of(row, repository).restrictions if row else origins.UNCONFIGURED
        if not origins.admits(state, repository, package, own, "INTERNAL_UPSTREAM"):
            return
        _keep(
            state,
            connection,
            repository,
            package,
            version.version,
            assets={each.name: each.blob for each in version.assets},
            metadata=version.metadata,
            origin=version.origin,
            status=version.status,
            arrival="ingested" if version.origin.type == "EXTERNAL" else "retained",
        )


def held_by(
    state: State, repository: RepositoryId, package: PackageId, version: str
) -> Version | None:
    """Return what *repository* holds, nothing if it was deleted meanwhile."""
    try:
        return versions.find(state, repository, package, version)
    except ResourceNotFound:
        return None


def _keep(
    state: State,
    connection: sqlite3.Connection,
    repository: RepositoryId,
    package: PackageId,
    version: str,
    *,
    assets: Mapping[str, Blob],
    metadata: Mapping[str, object],
    origin: Origin,
    status: Status,
    arrival: Arrival,
) -> None:
    packages.ensure(state, repository, package, arrival=arrival)
    package_id = cast("int", required_package_row(connection, repository, package)[0])
    held = records.read(connection, package_id, version, repository, package)
    if held is not None:
        if held.origin == origin and origin.type == "EXTERNAL" and held.status in SERVED:
            _add(state, connection, package_id, held, assets=assets, metadata=metadata)
        return
    now = state.clock.now()
    version_id = records.insert(
        connection,
        package_id,
        version,
        status=status,
        origin=origin,
        published=now,
        visible_from=now + timedelta(seconds=state.faults.visibility_delay_seconds),
        metadata=metadata,
    )
    fitting = _fitting(state, package, version, assets, held=0)
    records.put_assets(connection, state.options.region, version_id, fitting.items())
    created = records.read(connection, package_id, version, repository, package)
    if created is not None:
        added = len(fitting)
        records.emit(state, connection, created, "Created", added=added, metadata=True, status=True)


def _add(
    state: State,
    connection: sqlite3.Connection,
    package_id: int,
    held: Version,
    *,
    assets: Mapping[str, Blob],
    metadata: Mapping[str, object],
) -> None:
    """The version has what is new: later assets, and what the index says of its files by now."""
    names = {each.name for each in held.assets}
    new = {name: blob for name, blob in assets.items() if name not in names}
    new = _fitting(state, held.package, held.version, new, held=len(names))
    changed = None
    described = held.package.format in {"pypi", "ruby"}
    if described and metadata.get("files") != held.metadata.get("files"):
        changed = {**held.metadata, **metadata}
    row = records.select(connection, package_id, held.version)
    if row is None or not (new or changed):
        return
    version_id = cast("int", row[0])
    records.put_assets(connection, state.options.region, version_id, new.items())
    records.touch(state, connection, version_id, content=bool(new), metadata=changed)
    updated = records.read(connection, package_id, held.version, held.repository, held.package)
    if updated is not None:
        records.emit(
            state, connection, updated, "Updated", added=len(new), metadata=changed is not None
        )


def _fitting(
    state: State, package: PackageId, version: str, assets: Mapping[str, Blob], *, held: int
) -> dict[str, Blob]:
    """Return the first of *assets* for which there is room in a version that has *held* of them."""
    room = max(records.max_assets(state.options.region) - held, 0)
    if len(assets) > room:
        outside = ", ".join(islice(assets, room, None))
        logger.warning("%s %s is full without %s", package.name, version, outside)
    return dict(islice(assets.items(), room))
