"""Maven: what an upload does to versions, above all the builds and the alias of a snapshot."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from typing import cast

from emulator.core import metadata, origins, publishing, records, xml_documents
from emulator.core.errors import Conflict, ResourceNotFound, Validation
from emulator.core.rows import (
    VERSION_COLUMNS,
    package_of,
    package_row,
    required_package_row,
    with_assets,
)
from emulator.core.state import State
from emulator.core.values import Blob, Origin, PackageId, RepositoryId, Version

SUFFIX = "-SNAPSHOT"
_BUILD = re.compile(r"(?P<base>.+)-(?P<stamp>[0-9]{8}\.[0-9]{6}-[0-9]+)")
_HASHES = ("md5", "sha1", "sha256", "sha512")
"""The checksums that clients send; those of an asset that are wrong are stored as bits in order."""


@dataclass(frozen=True, slots=True)
class SnapshotMetadata:
    """
    What a snapshot's ``maven-metadata.xml`` says.

    Attributes:
        build: The build version that it makes current.
        values: The versions in ``<snapshotVersions>``.
    """

    build: str
    values: frozenset[str]


def base_of(version: str) -> str | None:
    """Return ``1.0`` for the build ``1.0-20210728.194552-1``, ``None`` for other versions."""
    match = _BUILD.fullmatch(version)
    return match["base"] if match else None


def version_of(package: PackageId, directory: str, name: str) -> str:
    """
    Return the version that the file *name* in the version folder *directory* belongs to.

    That is *directory*, but for files in ``1.0-SNAPSHOT``: their build version.

    Raises:
        Validation: The name does not follow Maven's layout, or is not that of a timestamped
            snapshot: non-unique snapshots are not supported ("Use Maven snapshots", User Guide).
    """
    if not directory.endswith(SUFFIX):
        if not name.startswith(f"{package.name}-{directory}"):
            raise Validation(
                f"{name} does not follow the Maven layout: expected {package.name}-{directory}..."
            )
        return directory
    base = directory.removesuffix(SUFFIX)
    pattern = rf"{re.escape(package.name)}-({re.escape(base)}-[0-9]{{8}}\.[0-9]{{6}}-[0-9]+)[-.].+"
    match = re.fullmatch(pattern, name)
    if match is None:
        raise Validation(
            f"{name} is not an asset of a unique snapshot: expected "
            f"{package.name}-{base}-yyyyMMdd.HHmmss-n"
        )
    return match[1]


def put_asset(  # noqa: PLR0917  where the file goes, then the file
    state: State,
    repository: RepositoryId,
    package: PackageId,
    directory: str,
    name: str,
    blob: Blob,
) -> Version:
    """
    The version that *name* belongs to has the asset.

    A new version is Unfinished until its metadata arrives ("Publishing with curl", User Guide). A
    ``.pom`` also gives the version its description and dependencies.

    Raises:
        Validation: See `version_of`.
        PublishBlocked, Conflict, ResourceNotFound, ServiceQuotaExceeded: As `publishing.publish`.
    """
    version = version_of(package, directory, name)
    return publishing.publish(
        state,
        repository,
        package,
        version,
        [(name, blob)],
        metadata=_described(state, name, blob),
        unfinished=True,
    )


def _described(state: State, name: str, blob: Blob) -> dict[str, object] | None:
    """
    Return what a POM says, ``None`` for other files.

    One that cannot be read safely is an asset like any other (not documented: our choice).
    """
    if not name.endswith(".pom") or blob.size > xml_documents.MAX_BYTES:
        return None
    try:
        return metadata.of_pom(state.assets.path(blob.sha256).read_bytes())
    except Validation:
        return None


def put_checksum(
    state: State,
    repository: RepositoryId,
    package: PackageId,
    directory: str,
    name: str,
    *,
    algorithm: str,
    checksum: str,
) -> None:
    """
    The checksum of the asset *name* agrees with the computed one; it is not stored.

    One that disagrees is remembered: the version cannot be finished until the right one of the same
    algorithm is sent (User Guide, Maven checksums). Comparison is case-sensitive, computed
    checksums are in lower case.

    Raises:
        ResourceNotFound: The asset was not uploaded (yet).
        Validation: It disagrees.
    """
    version = version_of(package, directory, name)
    given = (checksum.split() or [""])[0]
    with state.store.transaction() as connection:
        row = package_row(connection, repository, package)
        held = (
            records.read(connection, cast("int", row[0]), version, repository, package)
            if row
            else None
        )
        asset = next((each for each in held.assets if each.name == name), None) if held else None
        if row is None or asset is None:
            raise ResourceNotFound(
                f"Asset {name} not found", resource_id=name, resource_type="asset"
            )
        computed = str(getattr(asset.blob, algorithm))
        bit = 1 << _HASHES.index(algorithm)
        connection.execute(
            "UPDATE assets SET checksum_refused = checksum_refused & ~? | ? WHERE name = ?"
            " AND version = (SELECT id FROM versions WHERE package = ? AND version = ?)",
            (bit, 0 if given == computed else bit, name, row[0], version),
        )
    if given != computed:
        raise Validation(
            f"Checksum mismatch: {algorithm} of {name} is {computed}, not {given[:200]}"
        )


def parse_metadata(base_version: str, content: bytes) -> SnapshotMetadata:
    """
    Return what the ``maven-metadata.xml`` of the snapshot *base_version* says.

    Raises:
        Validation: It is no such document, or lacks ``<timestamp>``, ``<buildNumber>`` or
            ``<snapshotVersions>`` ("Publishing with curl", User Guide).
    """
    root = xml_documents.parse(content, root="metadata")
    timestamp = xml_documents.text(root, "versioning/snapshot/timestamp")
    number = xml_documents.text(root, "versioning/snapshot/buildNumber")
    values = frozenset(
        xml_documents.text(each, "value")
        for each in root.iterfind("versioning/snapshotVersions/snapshotVersion")
    )
    build = f"{base_version.removesuffix(SUFFIX)}-{timestamp}-{number}"
    if base_of(build) is None:
        raise Validation(
            f"maven-metadata.xml needs a <timestamp> and a <buildNumber>, got {timestamp!r}, "
            f"{number!r}"
        )
    if build not in values:
        raise Validation(f"maven-metadata.xml names no asset of {build} in <snapshotVersions>")
    return SnapshotMetadata(build, values)


def put_metadata(
    state: State, repository: RepositoryId, package: PackageId, base_version: str, content: bytes
) -> Version | None:
    """
    The snapshot *base_version* (``1.0-SNAPSHOT``) is the build that the metadata names.

    - ``1.0-SNAPSHOT`` is Published with that build's assets and a revision of its own.
    - The build itself is Unlisted, its revision unchanged.
    - Older builds are as they were: a publisher with curl unlists them ("Snapshot publishing with
      curl", User Guide; switch ``curlOlderBuilds``).

    Returns:
        ``1.0-SNAPSHOT``; ``None`` where the switch ``mavenMetadataSometimesLeavesUnfinished`` had
        the upload do nothing.

    Raises:
        Validation: See `parse_metadata`; or the build has no assets, or one whose checksum was
            refused.
        PublishBlocked: The package's origin configuration or its group blocks publishing.
        Conflict: ``1.0-SNAPSHOT`` is Disposed.
    """
    parsed = parse_metadata(base_version, content)
    with state.store.transaction() as connection:
        row = package_row(connection, repository, package)
        own = package_of(row, repository).restrictions if row else origins.UNCONFIGURED
        origins.check_publish(state, repository, package, own)
        if row is None:
            raise Validation(f"maven-metadata.xml names {parsed.build}, which has no assets")
        package_id = cast("int", row[0])
        build = records.read(connection, package_id, parsed.build, repository, package)
        if build is None or not build.assets:
            raise Validation(f"maven-metadata.xml names {parsed.build}, which has no assets")
        _refuse_mismatches(connection, package_id, [parsed.build])
        if _ignored(state):
            return None
        alias = _point(state, connection, package_id, base_version, build)
        if build.status in {"Unfinished", "Published"}:
            _unlist(state, connection, package_id, build)
        if state.faults.switch("curlOlderBuilds") == "Published":
            _publish_older(state, connection, package_id, build)
    return alias


def put_package_metadata(
    state: State, repository: RepositoryId, package: PackageId, content: bytes
) -> list[str]:
    """
    Every Unfinished release that the artifact's metadata lists is Published; return these.

    Raises:
        Validation: It is no such document, or one of these has an asset whose checksum was refused;
            then nothing changed.
        PublishBlocked: One of these is Unfinished and the package's origin configuration or its
            group blocks publishing.
    """
    root = xml_documents.parse(content, root="metadata")
    listed = {(each.text or "").strip() for each in root.iterfind("versioning/versions/version")}
    with state.store.transaction() as connection:
        row = package_row(connection, repository, package)
        if row is None:
            return []
        unfinished = connection.execute(
            "SELECT version FROM versions WHERE package = ? AND status = 'Unfinished' ORDER BY id",
            (row[0],),
        ).fetchall()
        ready = [name for (name,) in unfinished if name in listed and base_of(name) is None]
        if ready:
            own = package_of(row, repository).restrictions
            origins.check_publish(state, repository, package, own)
        _refuse_mismatches(connection, cast("int", row[0]), ready)
        finished = [name for name in ready if not _ignored(state)]
        for name in finished:
            publishing.finish(state, repository, package, name)
    return finished


def forget_build(state: State, connection: sqlite3.Connection, build: Version) -> None:
    """
    ``X-SNAPSHOT`` no longer holds the assets that it shares with *build*.

    Only for the switch ``deletingBuildAffectsAlias``.
    """
    base = base_of(build.version)
    if base is None or build.package.format != "maven":
        return
    row = cast("int", required_package_row(connection, build.repository, build.package)[0])
    alias = records.read(connection, row, base + SUFFIX, build.repository, build.package)
    shared = [asset.name for asset in alias.assets if asset in build.assets] if alias else []
    if alias is None or not shared:
        return
    alias_row = _row_id(connection, row, alias.version)
    connection.executemany(
        "DELETE FROM assets WHERE version = ? AND name = ?", [(alias_row, name) for name in shared]
    )
    records.touch(state, connection, alias_row, content=True)
    after = records.read(connection, row, alias.version, build.repository, build.package) or alias
    records.emit(state, connection, after, "Updated", removed=len(shared))


def _ignored(state: State) -> bool:
    match state.faults.switch("mavenMetadataSometimesLeavesUnfinished"):
        case "always":
            return True
        case "sometimes":
            return state.faults.chance(0.5)
        case _:
            return False


def _refuse_mismatches(
    connection: sqlite3.Connection, package_id: int, versions: list[str]
) -> None:
    for version in versions:
        refused = connection.execute(
            "SELECT a.name FROM assets a JOIN versions v ON v.id = a.version"
            " WHERE v.package = ? AND v.version = ? AND a.checksum_refused",
            (package_id, version),
        ).fetchone()
        if refused is not None:
            raise Validation(
                f"The checksum that was sent for {refused[0]} of {version} does not match"
            )


def _row_id(connection: sqlite3.Connection, package_id: int, version: str) -> int:
    (row,) = connection.execute(
        "SELECT id FROM versions WHERE package = ? AND version = ?", (package_id, version)
    ).fetchone()
    return int(row)


def _point(
    state: State, connection: sqlite3.Connection, package_id: int, alias_name: str, build: Version
) -> Version:
    """``1.0-SNAPSHOT`` is Published with the assets of *build*; nothing is written if it was."""
    held = records.read(connection, package_id, alias_name, build.repository, build.package)
    assets = [(asset.name, asset.blob) for asset in build.assets]
    if held is None:
        now = state.clock.now()
        alias_row = records.insert(
            connection,
            package_id,
            alias_name,
            status="Published",
            origin=Origin("INTERNAL", repository=build.repository.name),
            published=now,
            visible_from=now,
            metadata=build.metadata,
        )
    elif held.status == "Disposed":
        raise Conflict(
            f"Version {alias_name} already exists, its status is Disposed",
            resource_id=alias_name,
            resource_type="package-version",
        )
    elif held.assets == build.assets and held.status == "Published":
        return held
    else:
        alias_row = _row_id(connection, package_id, alias_name)
        connection.execute("DELETE FROM assets WHERE version = ?", (alias_row,))
        records.touch(
            state, connection, alias_row, status="Published", metadata=build.metadata, content=True
        )
    records.put_assets(connection, state.options.region, alias_row, assets)
    after = (
        records.read(connection, package_id, alias_name, build.repository, build.package) or build
    )
    before = {asset.name for asset in held.assets} if held else set()
    names = {name for name, _ in assets}
    records.emit(
        state,
        connection,
        after,
        "Created" if held is None else "Updated",
        added=len(names - before),
        removed=len(before - names),
        updated=len(names & before),
        metadata=True,
        status=held is None or held.status != "Published",
    )
    return after


def _unlist(state: State, connection: sqlite3.Connection, package_id: int, build: Version) -> None:
    records.touch(
        state, connection, _row_id(connection, package_id, build.version), status="Unlisted"
    )
    after = (
        records.read(connection, package_id, build.version, build.repository, build.package)
        or build
    )
    records.emit(state, connection, after, "Updated", status=True)


def _publish_older(
    state: State, connection: sqlite3.Connection, package_id: int, build: Version
) -> None:
    rows = connection.execute(
        f"SELECT {VERSION_COLUMNS} FROM versions v WHERE v.package = ?"  # noqa: S608  a constant
        " AND v.status = 'Unfinished' ORDER BY v.id",
        (package_id,),
    ).fetchall()
    for older in with_assets(connection, rows, build.repository, build.package):
        if older.version != build.version and base_of(older.version) == base_of(build.version):
            publishing.finish(state, build.repository, build.package, older.version)
