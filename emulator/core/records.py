"""Package versions as they are written: rows, revisions, and the event of each change."""

from __future__ import annotations

import base64
import json
import secrets
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import cast

from emulator.core.clock import stamp
from emulator.core.errors import ServiceQuotaExceeded
from emulator.core.events import Change, Operation
from emulator.core.rows import VERSION_COLUMNS, Row, repository_row, with_assets
from emulator.core.state import State
from emulator.core.topology import remembered
from emulator.core.values import Blob, Origin, PackageId, RepositoryId, Status, Version

# "Assets per package version", User Guide, quotas
_MAX_ASSETS = 150
_MAX_ASSETS_LARGE = 350
_LARGE_REGIONS = frozenset(
    {"us-east-1", "us-east-2", "ap-south-1", "eu-central-1", "eu-west-1", "eu-west-3"}
)


def new_revision() -> str:
    """Return a revision of the shape that AWS shows: 44 characters of base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def max_assets(region: str) -> int:
    """Return how many assets a package version may have in *region*."""
    return _MAX_ASSETS_LARGE if region in _LARGE_REGIONS else _MAX_ASSETS


def administrator(connection: sqlite3.Connection, repository: RepositoryId) -> str:
    """Return the account that administers *repository*, which exists."""
    return remembered(
        connection,
        ("administrator", repository),
        lambda asked: str(
            asked.execute(
                "SELECT administrator FROM repositories WHERE id = ?",
                (repository_row(asked, repository),),
            ).fetchone()[0]
        ),
    )


def select(connection: sqlite3.Connection, package_row: int, version: str) -> Row | None:
    """Return the columns `VERSION_COLUMNS` of one version."""
    row = connection.execute(
        f"SELECT {VERSION_COLUMNS} FROM versions v WHERE v.package = ? AND v.version = ?",  # noqa: S608  a constant
        (package_row, version),
    ).fetchone()
    return cast("Row | None", row)


def read(
    connection: sqlite3.Connection,
    package_row: int,
    version: str,
    repository: RepositoryId,
    package: PackageId,
) -> Version | None:
    """Return one version with its assets."""
    row = select(connection, package_row, version)
    return None if row is None else with_assets(connection, [row], repository, package)[0]


def insert(
    connection: sqlite3.Connection,
    package_row: int,
    version: str,
    *,
    status: Status,
    origin: Origin,
    published: datetime,
    visible_from: datetime,
    metadata: Mapping[str, object],
) -> int:
    """The version exists with a new revision and without assets; return its row id."""
    row = connection.execute(
        "INSERT INTO versions (package, version, status, revision, origin_type, origin_repository,"
        " origin_connection, published, visible_from, metadata)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            package_row,
            version,
            status,
            new_revision(),
            origin.type,
            origin.repository,
            origin.external_connection,
            stamp(published),
            stamp(visible_from),
            json.dumps(metadata),
        ),
    ).fetchone()
    return int(row[0])


def put_assets(
    connection: sqlite3.Connection,
    region: str,
    version_row: int,
    assets: Iterable[tuple[str, Blob]],
) -> None:
    """
    The version has *assets* besides those of other names.

    Raises:
        ServiceQuotaExceeded: These are more than a version may have in *region*.
    """
    given = list(assets)
    connection.executemany(
        "INSERT INTO blobs (sha256, size, md5, sha1, sha512) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        [(blob.sha256, blob.size, blob.md5, blob.sha1, blob.sha512) for _, blob in given],
    )
    connection.executemany(
        "INSERT INTO assets (version, name, sha256) VALUES (?, ?, ?)"
        " ON CONFLICT (version, name) DO UPDATE SET sha256 = excluded.sha256, checksum_refused = 0",
        [(version_row, name, blob.sha256) for name, blob in given],
    )
    (count,) = connection.execute(
        "SELECT COUNT(*) FROM assets WHERE version = ?", (version_row,)
    ).fetchone()
    if count > max_assets(region):
        raise ServiceQuotaExceeded(
            f"A package version can have at most {max_assets(region)} assets",
            resource_id=given[-1][0],
            resource_type="package-version",
        )


def touch(
    state: State,
    connection: sqlite3.Connection,
    version_row: int,
    *,
    status: Status | None = None,
    metadata: Mapping[str, object] | None = None,
    content: bool = False,
    published: datetime | None = None,
) -> None:
    """
    The version has *status* and *metadata* where given.

    Its revision is new if its assets (*content*) or its metadata changed, else the same ("Package
    version revisions", User Guide; a status change alone keeps it in AWS's samples). Whether
    ``publishedTime`` moves is the switch ``publishedTimeMoves``, unless *published* sets it.
    """
    changes: list[tuple[str, object]] = []
    if status is not None:
        changes.append(("status = ?", status))
    if metadata is not None:
        changes.append(("metadata = ?", json.dumps(metadata)))
    if content or metadata is not None:
        changes.append(("revision = ?", new_revision()))
    moves = state.faults.switch("publishedTimeMoves")
    if published is not None:
        changes.append(("published = ?", stamp(published)))
    elif moves == "onAnyChange" or (content and moves == "onContent"):
        changes.append(("published = ?", stamp(state.clock.now())))
    if changes:
        connection.execute(
            f"UPDATE versions SET {', '.join(text for text, _ in changes)} WHERE id = ?",  # noqa: S608  texts above
            (*(value for _, value in changes), version_row),
        )


def put_status(
    state: State, connection: sqlite3.Connection, version_rows: Iterable[int], status: Status
) -> None:
    """
    Each of the versions has *status* and the revision that it had.

    Their ``publishedTime`` moves if the switch ``publishedTimeMoves`` says that any change does.
    """
    moves = state.faults.switch("publishedTimeMoves") == "onAnyChange"
    values = (status, stamp(state.clock.now())) if moves else (status,)
    texts = "status = ?, published = ?" if moves else "status = ?"
    connection.executemany(
        f"UPDATE versions SET {texts} WHERE id = ?",  # noqa: S608  texts above
        [(*values, row) for row in version_rows],
    )


def emit(
    state: State,
    connection: sqlite3.Connection,
    version: Version,
    operation: Operation,
    *,
    added: int = 0,
    removed: int = 0,
    updated: int = 0,
    metadata: bool = False,
    status: bool = False,
) -> None:
    """
    The event of a change is emitted when the transaction commits.

    *version* is what the change left; what was, if it was deleted.
    """
    state.events.emit(
        connection,
        Change(
            repository=version.repository,
            administrator=administrator(connection, version.repository),
            package=version.package,
            version=version.version,
            operation=operation,
            state=version.status,
            revision=version.revision,
            assets_added=added,
            assets_removed=removed,
            assets_updated=updated,
            metadata_updated=metadata,
            status_changed=status,
            not_before=version.visible_from,
        ),
    )
