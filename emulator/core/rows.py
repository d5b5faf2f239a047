"""Rows of the store as values, and values as rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import cast

from emulator.core.clock import moment
from emulator.core.errors import ResourceNotFound
from emulator.core.topology import remembered
from emulator.core.values import (
    Asset,
    Blob,
    DomainId,
    Format,
    Origin,
    OriginType,
    Package,
    PackageId,
    RepositoryId,
    Restriction,
    Restrictions,
    Status,
    Version,
)

PACKAGE_COLUMNS = "p.id, p.format, p.namespace, p.name, p.publish, p.upstream, p.metadata"
VERSION_COLUMNS = (
    "v.id, v.version, v.status, v.revision, v.origin_type, v.origin_repository,"
    " v.origin_connection, v.published, v.visible_from, v.metadata"
)
VISIBLE_PACKAGE = (
    "(EXISTS (SELECT 1 FROM versions v WHERE v.package = p.id AND v.visible_from <= ?)"
    " OR NOT EXISTS (SELECT 1 FROM versions v WHERE v.package = p.id))"
)
"""
Whether the API shows the package ``p`` at a time: not before one of its versions, if it has any.

A fetched package appears with its first version ("Working with external connections", User Guide).
"""
_MANY = 500  # well under SQLite's default number of parameters

Row = Sequence[object]


def domain_row(connection: sqlite3.Connection, domain: DomainId) -> int:
    """
    Return the row id of *domain*.

    Raises:
        ResourceNotFound: There is none, in AWS's words as users quote them.
    """
    return remembered(connection, domain, lambda asked: _domain_row(asked, domain))


def _domain_row(connection: sqlite3.Connection, domain: DomainId) -> int:
    row = connection.execute(
        "SELECT id FROM domains WHERE owner = ? AND name = ?", (domain.owner, domain.name)
    ).fetchone()
    if row is None:
        raise domain_not_found(domain)
    return int(row[0])


def domain_not_found(domain: DomainId) -> ResourceNotFound:
    """Return the error for a domain that does not exist."""
    return ResourceNotFound(
        f"Domain not found. Domain '{domain.name}' owned by account '{domain.owner}' does not "
        "exist",
        resource_id=domain.name,
        resource_type="domain",
    )


def repository_row(connection: sqlite3.Connection, repository: RepositoryId) -> int:
    """
    Return the row id of *repository*.

    Raises:
        ResourceNotFound: There is none, or not even its domain.
    """
    return remembered(connection, repository, lambda asked: _repository_row(asked, repository))


def _repository_row(connection: sqlite3.Connection, repository: RepositoryId) -> int:
    row = connection.execute(
        "SELECT r.id FROM repositories r JOIN domains d ON d.id = r.domain"
        " WHERE d.owner = ? AND d.name = ? AND r.name = ?",
        (repository.domain.owner, repository.domain.name, repository.name),
    ).fetchone()
    if row is None:
        domain_row(connection, repository.domain)
        raise ResourceNotFound(
            f"Repository not found. Repository '{repository.name}' in domain "
            f"'{repository.domain.name}' owned by"
            f" account '{repository.domain.owner}' does not exist",
            resource_id=repository.name,
            resource_type="repository",
        )
    return int(row[0])


def package_row(
    connection: sqlite3.Connection, repository: RepositoryId, package: PackageId
) -> Row | None:
    """
    Return the columns `PACKAGE_COLUMNS` of the package record, ``None`` if there is none.

    Raises:
        ResourceNotFound: There is no such repository or domain.
    """
    row = connection.execute(
        f"SELECT {PACKAGE_COLUMNS} FROM packages p"  # noqa: S608  a constant of this module
        " WHERE p.repository = ? AND p.format = ? AND p.namespace = ? AND p.name = ?",
        (
            repository_row(connection, repository),
            package.format,
            package.namespace,
            package.name,
        ),
    ).fetchone()
    return cast("Row | None", row)


def required_package_row(
    connection: sqlite3.Connection,
    repository: RepositoryId,
    package: PackageId,
    *,
    visible_at: int | None = None,
) -> Row:
    """
    Return the columns `PACKAGE_COLUMNS` of the package record.

    Args:
        visible_at: Not a package that the API does not show at this time.

    Raises:
        ResourceNotFound: There is no such package record, repository or domain.
    """
    row = package_row(connection, repository, package)
    if row is not None and visible_at is not None:
        shown = connection.execute(
            f"SELECT 1 FROM packages p WHERE p.id = ? AND {VISIBLE_PACKAGE}",  # noqa: S608  a constant
            (row[0], visible_at),
        ).fetchone()
        row = row if shown else None
    if row is None:
        namespace = f"namespace={package.namespace}, " if package.namespace else ""
        coordinate = f"packageType={package.format}, {namespace}packageName={package.name}"
        raise ResourceNotFound(
            "Package not found in repository. RepoId: "
            f"{repository.domain.owner}/{repository.domain.name}/{repository.name}, "
            f"Package = PackageCoordinate{{{coordinate}}},",
            resource_id=package.name,
            resource_type="package",
        )
    return row


def package_of(row: Row, repository: RepositoryId) -> Package:
    """Return the package that a row of `PACKAGE_COLUMNS` holds."""
    _, fmt, namespace, name, publish, upstream, metadata = row
    return Package(
        repository,
        PackageId(cast("Format", fmt), str(namespace), str(name)),
        Restrictions(cast("Restriction", publish), cast("Restriction", upstream)),
        json.loads(str(metadata)),
    )


def version_of(row: Row, repository: RepositoryId, package: PackageId) -> Version:
    """Return the version that a row of `VERSION_COLUMNS` holds, without its assets."""
    (
        _,
        version,
        status,
        revision,
        origin_type,
        origin_repository,
        connection,
        published,
        visible,
        metadata,
    ) = row
    return Version(
        repository=repository,
        package=package,
        version=str(version),
        status=cast("Status", status),
        revision=str(revision),
        origin=Origin(
            cast("OriginType", origin_type),
            cast("str | None", origin_repository),
            cast("str | None", connection),
        ),
        published=moment(cast("int", published)),
        visible_from=moment(cast("int", visible)),
        metadata={} if metadata == "{}" else json.loads(str(metadata)),
    )


def assets_of(
    connection: sqlite3.Connection, versions: Iterable[int]
) -> dict[int, tuple[Asset, ...]]:
    """Return the assets of each version row, in the order of their names."""
    wanted = list(versions)
    found: dict[int, list[Asset]] = {each: [] for each in wanted}
    for start in range(0, len(wanted), _MANY):
        some = wanted[start : start + _MANY]
        marks = ",".join("?" * len(some))
        for row in connection.execute(
            "SELECT a.version, a.name, b.size, b.md5, b.sha1, b.sha256, b.sha512 FROM assets a"  # noqa: S608  only marks
            f" JOIN blobs b ON b.sha256 = a.sha256 WHERE a.version IN ({marks}) ORDER BY"
            " a.version, a.name",
            some,
        ):
            found[row[0]].append(Asset(row[1], Blob(*row[2:])))
    return {version: tuple(assets) for version, assets in found.items()}


def with_assets(
    connection: sqlite3.Connection,
    rows: Sequence[Row],
    repository: RepositoryId,
    package: PackageId,
) -> list[Version]:
    """Return the versions that rows of `VERSION_COLUMNS` hold, with their assets."""
    assets = assets_of(connection, (cast("int", row[0]) for row in rows))
    return [
        replace(version_of(row, repository, package), assets=assets[cast("int", row[0])])
        for row in rows
    ]
