"""Which repositories keep a version that a client has fetched, and what they keep of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from emulator.core import descriptions, packages, publishing, versions
from emulator.core.errors import ResourceNotFound
from emulator.core.external import ORIGINAL_PUBLISH_TIME
from emulator.core.origins import Arrival
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


def record(
    state: State, connection_name: str, imported: Import, arrived: Mapping[str, Blob]
) -> None:
    """
    The repository with the external connection and those whose clients asked hold the version.

    All in one transaction. A new version is Published, of EXTERNAL origin, and emits one Created
    event in each; one that was held gains the assets and the metadata that are new (Updated). What
    one of them held before, all have now. Left out are repositories that are gone or that block
    upstream for the package by now, and versions of another origin.
    """
    package, version = imported.package, imported.version.version
    origin = Origin("EXTERNAL", None, connection_name)
    metadata = {
        **imported.version.metadata,
        **descriptions.read(state, package, arrived, imported.version.metadata),
    }
    if imported.published is not None:
        metadata.setdefault(ORIGINAL_PUBLISH_TIME, imported.published.isoformat())
    repositories = list(dict.fromkeys((imported.entry, *imported.destinations)))
    with state.store.transaction():
        assets: dict[str, Blob] = {}
        for repository in repositories:
            held = _held(state, repository, package, version)
            if held is not None and held.origin == origin:
                assets.update({each.name: each.blob for each in held.assets})
        assets.update(arrived)
        for repository in repositories:
            _keep(
                state,
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
    not documented: our choice, so that builds do not surface in listings.
    """
    with state.store.transaction():
        _keep(
            state,
            repository,
            version.package,
            version.version,
            assets={each.name: each.blob for each in version.assets},
            metadata=version.metadata,
            origin=version.origin,
            status=version.status,
            arrival="ingested" if version.origin.type == "EXTERNAL" else "retained",
        )


def _held(
    state: State, repository: RepositoryId, package: PackageId, version: str
) -> Version | None:
    """Return what *repository* holds, nothing if it was deleted meanwhile."""
    try:
        return versions.find(state, repository, package, version)
    except ResourceNotFound:
        return None


def _keep(
    state: State,
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
    try:
        present = packages.find(state, repository, package)
    except ResourceNotFound:
        return
    if present is not None and present.restrictions.upstream == "BLOCK":
        return
    held = _held(state, repository, package, version)
    if held is not None:
        if held.origin != origin or origin.type != "EXTERNAL" or held.status not in SERVED:
            return
        refreshed = held.package.format == "pypi" and metadata.get("files") != (
            held.metadata.get("files")
        )
        metadata = {**held.metadata, **metadata} if refreshed else held.metadata
    delay = timedelta(seconds=state.faults.visibility_delay_seconds)
    publishing.keep(
        state,
        repository,
        package,
        version,
        list(assets.items()),
        arrival=arrival,
        origin=origin,
        status=status,
        metadata=metadata,
        visible_from=state.clock.now() + delay,
    )
