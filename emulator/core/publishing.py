"""Package versions that clients publish: whether they may, and what is then held."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from emulator.core import origins, packages, records
from emulator.core.errors import Conflict, ResourceNotFound, Validation
from emulator.core.rows import package_of, package_row, required_package_row
from emulator.core.state import State
from emulator.core.values import Blob, Origin, PackageId, RepositoryId, Status, Version

_SEVERAL_ASSETS = frozenset({"maven", "pypi", "ruby"})
"""
Formats whose complete versions take further assets; a generic version does only while Unfinished
(User Guide). Those of ruby do where the gems for all platforms are assets of one version (the
switch ``gemPlatformPlace``): else no second gem has the same version.
"""

_NAME = re.compile(r"[^#/\s]{1,255}")  # package, namespace and version: service model
_MAX_ASSET_NAME = 255  # the same

Metadata = Mapping[str, object] | Callable[[Version | None], Mapping[str, object] | None]
"""A version's metadata, or what says it of the version that is held when it is written."""

_Held = Literal["nothing", "same bytes", "other bytes", "other assets"]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a publish does: the assets to add to *held* (or to a new version)."""

    held: Version | None
    added: tuple[tuple[str, Blob], ...]


def publish(
    state: State,
    repository: RepositoryId,
    package: PackageId,
    version: str,
    assets: Sequence[tuple[str, Blob]],
    *,
    metadata: Metadata | None = None,
    unfinished: bool = False,
    published: datetime | None = None,
    exclusive: bool = False,
    afterwards: Callable[[], None] | None = None,
) -> Version:
    """
    The repository holds the version with *assets*; what it held before is unchanged.

    - A new version is Published, or Unfinished if so asked, and its origin is this repository.
    - Identical bytes under a name that the version has: nothing changes.
    - Further assets join Maven and PyPI versions, and generic ones that are Unfinished.
    - A generic version stays Unfinished only as long as every call says so (PublishPackageVersion,
      API Reference).
    - Bytes that are refused are not kept.
    - An Archived or Disposed version still occupies its name ("Package version status", User
      Guide).

    Args:
        metadata: Replaces the version's metadata; ``None`` leaves it.
        published: The publish time instead of now.
        exclusive: Identical bytes are a conflict too.
        afterwards: Runs in the same transaction: if it raises, nothing is published.

    Raises:
        PublishBlocked: The package's origin configuration or its group blocks publishing.
        Conflict: Other bytes under the same name, a version that takes no further assets, or one
            that upstreams offer.
        ResourceNotFound: There is no such repository.
        ServiceQuotaExceeded: More assets than a version may have.
        Validation: No assets, or a name that CodeArtifact does not take.
    """
    if not assets:
        raise Validation("A package version is published with at least one asset")
    with _settled(state, assets):
        return _publish(
            state,
            repository,
            package,
            version,
            assets,
            metadata=metadata,
            unfinished=unfinished,
            published=published,
            exclusive=exclusive,
            afterwards=afterwards,
        )


@contextmanager
def _settled(state: State, assets: Sequence[tuple[str, Blob]]) -> Iterator[None]:
    """Afterwards those *assets* are gone that no version holds and no other upload brings."""
    try:
        yield
    finally:
        with state.store.reading() as connection:
            for _, blob in assets:
                row = connection.execute(
                    "SELECT 1 FROM assets WHERE sha256 = ? LIMIT 1", (blob.sha256,)
                ).fetchone()
                state.assets.settle(blob.sha256, held=row is not None)


def _publish(
    state: State,
    repository: RepositoryId,
    package: PackageId,
    version: str,
    assets: Sequence[tuple[str, Blob]],
    *,
    metadata: Metadata | None,
    unfinished: bool,
    published: datetime | None,
    exclusive: bool,
    afterwards: Callable[[], None] | None,
) -> Version:
    _check_names(package, version, assets)
    reachable = _offered_elsewhere(state, repository, package, version)
    with state.store.transaction() as connection:
        plan = _plan(
            state,
            connection,
            repository,
            package,
            version,
            assets=assets,
            reachable=reachable,
            exclusive=exclusive,
        )
        record = packages.ensure(state, repository, package, arrival="published")
        row = cast("int", required_package_row(connection, repository, record.id)[0])
        described = metadata(plan.held) if callable(metadata) else metadata
        if plan.held is None:
            after = _insert(
                state,
                connection,
                row,
                (repository, package, version),
                plan.added,
                metadata=described or {},
                status="Unfinished" if unfinished else "Published",
                published=published,
            )
        else:
            finishes = (
                package.format == "generic" and plan.held.status == "Unfinished" and not unfinished
            )
            after = _extend(
                state,
                connection,
                row,
                plan.held,
                plan.added,
                metadata=described,
                status="Published" if finishes else None,
                published=published,
            )
        if afterwards is not None:
            afterwards()
    return after


def finish(state: State, repository: RepositoryId, package: PackageId, version: str) -> Version:
    """
    An Unfinished version is Published, its revision unchanged; any other is as it was.

    Raises:
        ResourceNotFound: The repository holds no such version.
    """
    with state.store.transaction() as connection:
        row = cast("int", required_package_row(connection, repository, package)[0])
        held = records.read(connection, row, version, repository, package)
        if held is None:
            raise ResourceNotFound(
                f"Could not find version {version}",
                resource_id=version,
                resource_type="package-version",
            )
        if held.status != "Unfinished":
            return held
        return _extend(
            state, connection, row, held, (), metadata=None, status="Published", published=None
        )


def _plan(
    state: State,
    connection: sqlite3.Connection,
    repository: RepositoryId,
    package: PackageId,
    version: str,
    *,
    assets: Sequence[tuple[str, Blob]],
    reachable: bool,
    exclusive: bool,
) -> _Plan:
    row = package_row(connection, repository, package)
    restrictions = origins.UNCONFIGURED if row is None else package_of(row, repository).restrictions
    origins.check_publish(state, repository, package, restrictions)
    held = (
        None
        if row is None
        else records.read(connection, cast("int", row[0]), version, repository, package)
    )
    added: list[tuple[str, Blob]] = []
    for name, blob in assets:
        holds = _held(held, name, blob)
        decision = origins.publish_decision(restrictions, held=holds, reachable=reachable)
        if held is not None and held.status in {"Archived", "Disposed"}:
            raise _conflict(version, f"Version {version} already exists and is {held.status}")
        if decision == "conflict":
            raise _conflict(version, _reason(version, name, holds))
        if decision == "unchanged" and exclusive:
            raise _conflict(version, f"Version {version} already exists")
        if decision == "accepted":
            if held is not None and not _takes_further_assets(held):
                raise _conflict(
                    version, f"Version {version} already exists and takes no further assets: {name}"
                )
            added.append((name, blob))
    return _Plan(held, tuple(added))


def _reason(version: str, name: str, holds: _Held) -> str:
    if holds == "nothing":
        return f"Version {version} already exists in an upstream or public repository"
    return f"Asset '{name}' of version {version} already exists with other content"


def _check_names(package: PackageId, version: str, assets: Sequence[tuple[str, Blob]]) -> None:
    """Refuse what the API could not name afterwards."""
    for name in (package.namespace or package.name, package.name, version):
        if not _NAME.fullmatch(name):
            raise Validation(f"{name[:60]!r} is no name that CodeArtifact takes")
    for name, _ in assets:
        if not 1 <= len(name) <= _MAX_ASSET_NAME or not name.isprintable():
            raise Validation(f"{name[:60]!r} is no name of an asset that CodeArtifact takes")


def _takes_further_assets(held: Version) -> bool:
    if held.package.format == "generic":
        return held.status == "Unfinished"
    # The assets of a fetched version stay of one origin (User Guide, external connections).
    return held.package.format in _SEVERAL_ASSETS and held.origin.type != "EXTERNAL"


def _held(held: Version | None, name: str, blob: Blob) -> _Held:
    if held is None:
        return "nothing"
    same_name = next((asset for asset in held.assets if asset.name == name), None)
    if same_name is None:
        return "other assets"
    return "same bytes" if same_name.blob.sha256 == blob.sha256 else "other bytes"


def _conflict(version: str, message: str) -> Conflict:
    return Conflict(message, resource_id=version, resource_type="package-version")


def _offered_elsewhere(
    state: State, repository: RepositoryId, package: PackageId, version: str
) -> bool:
    """
    Whether upstreams offer the version, asked only if it matters.

    Asking may take a request to a public repository: no transaction is open meanwhile.
    """
    record = packages.find(state, repository, package)
    restrictions = origins.UNCONFIGURED if record is None else record.restrictions
    if restrictions.upstream == "BLOCK" or not origins.admits(
        state, repository, package, restrictions, "PUBLISH"
    ):
        return False
    if record is not None:
        with state.store.reading() as connection:
            row = cast("int", required_package_row(connection, repository, package)[0])
            if records.select(connection, row, version) is not None:
                return False
    from emulator.core import upstreams

    return upstreams.reachable(state, repository, package, version)


def _insert(
    state: State,
    connection: sqlite3.Connection,
    package_row_id: int,
    place: tuple[RepositoryId, PackageId, str],
    assets: Sequence[tuple[str, Blob]],
    *,
    metadata: Mapping[str, object],
    status: Status,
    published: datetime | None,
) -> Version:
    repository, package, version = place
    now = state.clock.now()
    version_row = records.insert(
        connection,
        package_row_id,
        version,
        status=status,
        origin=Origin("INTERNAL", repository=repository.name),
        published=published or now,
        visible_from=now,
        metadata=metadata,
    )
    records.put_assets(connection, state.options.region, version_row, assets)
    after = _reread(connection, package_row_id, version, repository, package)
    records.emit(state, connection, after, "Created", added=len(assets), metadata=True, status=True)
    return after


def _extend(
    state: State,
    connection: sqlite3.Connection,
    package_row_id: int,
    held: Version,
    added: Sequence[tuple[str, Blob]],
    *,
    metadata: Mapping[str, object] | None,
    status: Status | None,
    published: datetime | None,
) -> Version:
    """Add to *held* what is new; if nothing is, nothing is written and no event emitted."""
    changed = dict(metadata) if metadata is not None and dict(metadata) != held.metadata else None
    if not added and changed is None and status is None:
        return held
    row = records.select(connection, package_row_id, held.version)
    if row is None:
        raise _conflict(held.version, f"Version {held.version} was deleted meanwhile")
    version_row = cast("int", row[0])
    if added:
        records.put_assets(connection, state.options.region, version_row, added)
    records.touch(
        state,
        connection,
        version_row,
        status=status,
        metadata=changed,
        content=bool(added),
        published=published,
    )
    after = _reread(connection, package_row_id, held.version, held.repository, held.package)
    if status is not None or state.faults.switch("multiAssetPublishEvents") == "onePerAsset":
        records.emit(
            state,
            connection,
            after,
            "Updated",
            added=len(added),
            metadata=changed is not None,
            status=status is not None,
        )
    return after


def _reread(
    connection: sqlite3.Connection,
    row: int,
    version: str,
    repository: RepositoryId,
    package: PackageId,
) -> Version:
    found = records.read(connection, row, version, repository, package)
    if found is None:
        raise _conflict(version, f"Version {version} was deleted meanwhile")
    return found
