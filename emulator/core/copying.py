"""CopyPackageVersions: versions of one package from repository to repository of a domain."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from emulator.core import origins, packages, records, snapshots
from emulator.core import versions as held_versions
from emulator.core.errors import ResourceNotFound, Validation
from emulator.core.rows import package_of, package_row, repository_row, required_package_row
from emulator.core.state import State
from emulator.core.statuses import check_versions
from emulator.core.transfers import begun
from emulator.core.values import (
    SERVED,
    BulkResult,
    Package,
    PackageId,
    Refused,
    RepositoryId,
    Status,
    Version,
)

_INGESTION_SECONDS = 60.0  # our choice, as long as a client of the data plane waits
_LOOK_AGAIN_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class _Copy:
    """What happens to one version: *source* replaces *held* in the destination, with *status*."""

    source: Version
    held: Version | None
    status: Status


def copy(
    state: State,
    source: RepositoryId,
    destination: RepositoryId,
    package: PackageId,
    *,
    versions: Sequence[str] = (),
    revisions: Mapping[str, str] | None = None,
    allow_overwrite: bool = False,
    include_from_upstream: bool = False,
) -> BulkResult:
    """
    The destination holds the versions as the source does, or nothing has changed.

    - Assets, metadata and origin are the source's.
    - A version that the destination holds identically is in neither map ("Copy packages between
      repositories", User Guide).
    - npm tags of the copied versions come along and replace the destination's.
    - Only records are written: a domain stores each asset once.
    - Not documented, hence switches: the status of a copy (``copyCarriesStatus``), its revision
      (``copyRevision``), what becomes of a version that the destination holds
      (``copyOverwriteKeepsAssets``, ``copyOverHiddenVersion``, ``identicalCopyRestoresStatus``),
      Maven snapshots (``snapshotsMayBeCopied``), origin controls (``copyObeysOriginControls``) and
      restrictions of a new package (``copyDefaultRestrictions``).

    Args:
        versions: What to copy; or else *revisions*, which copies a version only at that revision.
        include_from_upstream: Also look in the source's upstream repositories.

    Raises:
        ResourceNotFound: There is no such repository, or the source has no such package.
        Validation: Neither or both of *versions* and *revisions*, more than 100, two domains, or
            twice the same repository.
    """
    wanted = _wanted(source, destination, versions, revisions)
    above = _upstream_versions(state, source, package, wanted) if include_from_upstream else {}
    with state.store.transaction() as connection:
        repository_row(connection, destination)
        found = _source_versions(state, connection, source, package, wanted, above=above)
        target = package_row(connection, destination, package)
        blocked = state.faults.on("copyObeysOriginControls") and not origins.admits(
            state,
            destination,
            package,
            package_of(target, destination).restrictions if target else origins.UNCONFIGURED,
            "PUBLISH",
        )
        failed: dict[str, Refused] = {}
        copies: dict[str, _Copy] = {}
        for name in wanted:
            each = found.get(name)
            if each is None:
                failed[name] = Refused("NOT_FOUND", f"Could not find version {name}")
                continue
            held = (
                records.read(connection, cast("int", target[0]), name, destination, package)
                if target is not None
                else None
            )
            outcome = _outcome(
                state,
                each,
                held,
                revision=(revisions or {}).get(name),
                allow_overwrite=allow_overwrite,
                blocked=blocked,
            )
            if isinstance(outcome, Refused):
                failed[name] = outcome
            elif outcome is not None:
                copies[name] = outcome
        if failed and state.faults.switch("bulkAtomicity") == "allOrNothing":
            for name in copies:
                failed[name] = Refused("SKIPPED", f"Version {name} was skipped")
            copies.clear()
        written = {
            name: _write(state, connection, destination, each) for name, each in copies.items()
        }
        if package.format == "npm" and written:
            _copy_tags(state, source, destination, package, set(written))
    successful = {name: (version.revision, version.status) for name, version in written.items()}
    return BulkResult(successful, failed)


def _wanted(
    source: RepositoryId,
    destination: RepositoryId,
    versions: Sequence[str],
    revisions: Mapping[str, str] | None,
) -> list[str]:
    if source.domain != destination.domain:
        raise Validation("Package versions are copied within one domain")
    if source == destination:
        raise Validation("The source and the destination repository must not be the same")
    if bool(versions) == bool(revisions):
        raise Validation("Give either versions or versionRevisions")
    return check_versions(versions or list(revisions or ()))


def _upstream_versions(
    state: State, source: RepositoryId, package: PackageId, wanted: Sequence[str]
) -> dict[str, Version]:
    """
    Return what the source's upstreams hold of *wanted*.

    Asking may take requests to public repositories: no transaction is open meanwhile.
    """
    from emulator.core import upstreams

    found: dict[str, Version] = {}
    for each in upstreams.view(state, source, package):
        if each.version not in wanted:
            continue
        record = each.record
        if (
            record is None
            and each.public is not None
            and state.faults.on("includeFromUpstreamIngests")
        ):
            for asset in each.public.assets[:1]:
                begun(upstreams.fetch(state, source, package, each.version, asset.name))
                record = _ingested(state, source, package, each.version)
        if record is not None:
            found[each.version] = record
    return found


def _ingested(
    state: State, source: RepositoryId, package: PackageId, version: str
) -> Version | None:
    """Return the version that is on its way in, once all of it is there."""
    deadline = time.monotonic() + _INGESTION_SECONDS
    while time.monotonic() < deadline:
        found = held_versions.find(state, source, package, version)
        if found is not None:
            return found
        time.sleep(_LOOK_AGAIN_SECONDS)
    return None


def _source_versions(
    state: State,
    connection: sqlite3.Connection,
    source: RepositoryId,
    package: PackageId,
    wanted: Sequence[str],
    *,
    above: Mapping[str, Version],
) -> dict[str, Version]:
    found = dict(above)
    row = package_row(connection, source, package)
    if row is None and not above:
        required_package_row(connection, source, package)
    if row is not None:
        now = state.clock.now()
        for name in wanted:
            held = records.read(connection, cast("int", row[0]), name, source, package)
            if held is not None and held.visible_from <= now:
                found[name] = held
    return found


def _outcome(
    state: State,
    source: Version,
    held: Version | None,
    *,
    revision: str | None,
    allow_overwrite: bool,
    blocked: bool,
) -> _Copy | Refused | None:
    """Return the copy to make, why it is refused, or ``None`` if it is there identically."""
    name = source.version
    if revision is not None and source.revision != revision:
        return Refused(
            "MISMATCHED_REVISION",
            f"current revision: {source.revision}, expected revision: {revision}",
        )
    identical = (
        held is not None and held.assets == source.assets and held.metadata == source.metadata
    )
    carries = state.faults.switch("copyCarriesStatus") == "carry"
    copyable = source.status in SERVED or (source.status == "Archived" and not carries)
    status: Status = source.status if carries else "Published"
    hidden = held is not None and held.status in {"Unlisted", "Archived"}
    if held is not None and identical:
        restored = hidden and state.faults.on("identicalCopyRestoresStatus")
        if not (restored and copyable and held.status != status):
            return None
    elif not copyable:
        return Refused("NOT_ALLOWED", f"Version {name} cannot be copied while {source.status}")
    elif held is not None and not allow_overwrite:
        return Refused("ALREADY_EXISTS", f"Version {name} already exists")
    elif held is not None and hidden:
        match state.faults.switch("copyOverHiddenVersion"):
            case "notAllowed":
                blocked = True
            case "keepStatus":
                status = held.status
    if blocked or (held is not None and held.status == "Disposed") or _refused(state, source):
        return Refused("NOT_ALLOWED", f"Version {name} cannot be copied to this repository")
    return _Copy(source, held, status)


def _refused(state: State, source: Version) -> bool:
    name = source.version
    snapshot = name.endswith(snapshots.SUFFIX) or snapshots.base_of(name) is not None
    is_maven = source.package.format == "maven"
    return is_maven and snapshot and not state.faults.on("snapshotsMayBeCopied")


def _write(
    state: State, connection: sqlite3.Connection, destination: RepositoryId, each: _Copy
) -> Version:
    source, held = each.source, each.held
    packages.ensure(state, destination, source.package, arrival="copied")
    package_id = cast("int", required_package_row(connection, destination, source.package)[0])
    now = state.clock.now()
    row = records.select(connection, package_id, source.version)
    if row is None:
        version_row = records.insert(
            connection,
            package_id,
            source.version,
            status=each.status,
            origin=source.origin,
            published=now,
            visible_from=now,
            metadata=source.metadata,
        )
    else:
        version_row = cast("int", row[0])
        if not state.faults.on("copyOverwriteKeepsAssets"):
            connection.execute("DELETE FROM assets WHERE version = ?", (version_row,))
        replaced = held is None or (held.assets, held.metadata) != (source.assets, source.metadata)
        records.touch(
            state,
            connection,
            version_row,
            status=each.status,
            metadata=source.metadata if replaced else None,
            content=replaced,
        )
    records.put_assets(
        connection,
        state.options.region,
        version_row,
        [(asset.name, asset.blob) for asset in source.assets],
    )
    if state.faults.switch("copyRevision") == "source":
        _take_revision(connection, version_row, source)
    after = records.read(connection, package_id, source.version, destination, source.package)
    if after is None:
        raise ResourceNotFound(
            f"Could not find version {source.version}",
            resource_id=source.version,
            resource_type="package-version",
        )
    before = {asset.name: asset for asset in held.assets} if held else {}
    now_held = {asset.name: asset for asset in after.assets}
    records.emit(
        state,
        connection,
        after,
        "Created" if held is None else "Updated",
        added=len(now_held.keys() - before.keys()),
        removed=len(before.keys() - now_held.keys()),
        updated=sum(before[name] != now_held[name] for name in before.keys() & now_held.keys()),
        metadata=held is None or held.metadata != after.metadata,
        status=held is None or held.status != after.status,
    )
    return after


def _take_revision(connection: sqlite3.Connection, version_row: int, source: Version) -> None:
    """The copy has its source's revision, if it has no other assets besides."""
    (count,) = connection.execute(
        "SELECT COUNT(*) FROM assets WHERE version = ?", (version_row,)
    ).fetchone()
    if count == len(source.assets):
        connection.execute(
            "UPDATE versions SET revision = ? WHERE id = ?", (source.revision, version_row)
        )


def _copy_tags(
    state: State,
    source: RepositoryId,
    destination: RepositoryId,
    package: PackageId,
    copied: set[str],
) -> None:
    """Tags of the copied versions overwrite the same tags ("npm tags", User Guide)."""
    origin: Package | None = packages.find(state, source, package)
    if origin is None:
        return
    tags = {
        tag: version for tag, version in packages.dist_tags(origin).items() if version in copied
    }
    if tags:
        held = packages.describe(state, destination, package)
        merged = packages.dist_tags(held) | tags
        packages.put_metadata(
            state, destination, package, {**held.metadata, packages.DIST_TAGS: merged}
        )
