"""Package records: found, listed, configured, deleted."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import cast

from emulator.core import origins, paging, records
from emulator.core.clock import stamp
from emulator.core.errors import Validation
from emulator.core.origins import Arrival
from emulator.core.rows import (
    PACKAGE_COLUMNS,
    VERSION_COLUMNS,
    VISIBLE_PACKAGE,
    package_of,
    package_row,
    repository_row,
    required_package_row,
    with_assets,
)
from emulator.core.state import State
from emulator.core.values import Format, Package, PackageId, RepositoryId, Restriction, Restrictions

DIST_TAGS = "dist-tags"
"""The key of a package's metadata that holds npm's tags, a mapping of tag to version."""

_MANY = 500  # well under SQLite's default number of parameters
_AFTER_ALL = "\U0010ffff"


def find(state: State, repository: RepositoryId, package: PackageId) -> Package | None:
    """
    Return the package record, ``None`` if the repository has none.

    Raises:
        ResourceNotFound: There is no such repository.
    """
    with state.store.reading() as connection:
        row = package_row(connection, repository, package)
    return None if row is None else package_of(row, repository)


def among(
    state: State, repositories: Sequence[RepositoryId], package: PackageId
) -> Mapping[RepositoryId, Package]:
    """
    Return the package records of those of *repositories* that have one.

    Raises:
        ResourceNotFound: One of the repositories does not exist.
    """
    found: dict[RepositoryId, Package] = {}
    with state.store.reading() as connection:
        by_row = {repository_row(connection, each): each for each in repositories}
        ids = list(by_row)
        for start in range(0, len(ids), _MANY):
            some = ids[start : start + _MANY]
            for where, *row in connection.execute(
                f"SELECT p.repository, {PACKAGE_COLUMNS} FROM packages p WHERE p.repository IN"  # noqa: S608  constants
                f" ({','.join('?' * len(some))}) AND p.format = ? AND p.namespace = ?"
                " AND p.name = ?",
                (*some, package.format, package.namespace, package.name),
            ):
                found[by_row[where]] = package_of(row, by_row[where])
    return found


def describe(
    state: State, repository: RepositoryId, package: PackageId, *, visible_only: bool = False
) -> Package:
    """
    Return the package record.

    Args:
        visible_only: Not if all that it holds was fetched so lately that the API does not show it.

    Raises:
        ResourceNotFound: The repository itself holds none, whatever its upstreams hold.
    """
    with state.store.reading() as connection:
        at = stamp(state.clock.now()) if visible_only else None
        row = required_package_row(connection, repository, package, visible_at=at)
        return package_of(row, repository)


def page(
    state: State,
    repository: RepositoryId,
    *,
    format: Format | None = None,  # noqa: A002  the API's own name
    namespace: str | None = None,
    prefix: str | None = None,
    publish: Restriction | None = None,
    upstream: Restriction | None = None,
    limit: int,
    after: str | None = None,
    visible_only: bool = False,
) -> tuple[list[Package], str | None]:
    """
    Return package records, at most *limit*, and the token of the next page.

    By format, namespace and name, unless the switch ``listOrder`` says otherwise. *namespace* and
    *prefix* are both prefixes (ListPackages, API Reference). Packages without versions are listed
    too; with *visible_only* not those whose versions the API does not show yet.

    Raises:
        ResourceNotFound: There is no such repository.
        Validation: A *namespace* without a *format*.
    """
    if namespace is not None and format is None:
        raise Validation("namespace requires format")
    order = str(state.faults.switch("listOrder"))
    scope = ("ListPackages", repository, format, namespace, prefix, publish, upstream, order)
    key = paging.decode(scope, after)
    with state.store.reading() as connection:
        clauses = ["p.repository = ?"]
        values: list[object] = [repository_row(connection, repository)]
        if visible_only:
            clauses.append(VISIBLE_PACKAGE)
            values.append(stamp(state.clock.now()))
        for column, wanted in (("format", format), ("publish", publish), ("upstream", upstream)):
            if wanted is not None:
                clauses.append(f"p.{column} = ?")
                values.append(wanted)
        for column, start in (("namespace", namespace), ("name", prefix)):
            if start:
                clauses.append(f"p.{column} >= ? AND p.{column} < ?")
                values.extend((start, start + _AFTER_ALL))
        columns, direction = {
            "name": ("p.format, p.namespace, p.name", "ASC"),
            "nameDescending": ("p.format, p.namespace, p.name", "DESC"),
        }.get(order, ("p.id", "ASC"))
        if key is not None:
            sign = ">" if direction == "ASC" else "<"
            clauses.append(f"({columns}) {sign} ({', '.join('?' * len(key))})")
            values.extend(key)
        ordering = ", ".join(f"{column} {direction}" for column in columns.split(", "))
        rows = connection.execute(
            f"SELECT {PACKAGE_COLUMNS} FROM packages p WHERE"  # noqa: S608  texts above
            f" {' AND '.join(clauses)} ORDER BY {ordering} LIMIT ?",
            (*values, limit + 1),
        ).fetchall()
    found = [package_of(row, repository) for row in rows[:limit]]
    if len(rows) <= limit:
        return found, None
    last = rows[limit - 1]
    return found, paging.encode(scope, [last[0]] if columns == "p.id" else list(last[1:4]))


def ensure(
    state: State, repository: RepositoryId, package: PackageId, *, arrival: Arrival = "published"
) -> Package:
    """
    The repository has the package record; a new one has the defaults of its group and *arrival*.

    Raises:
        ResourceNotFound: There is no such repository.
    """
    with state.store.transaction() as connection:
        row = package_row(connection, repository, package)
        if row is None:
            restrictions = origins.defaults(state, repository.domain, package, arrival)
            _insert(connection, repository, package, restrictions)
        return describe(state, repository, package)


def put_restrictions(
    state: State, repository: RepositoryId, package: PackageId, restrictions: Restrictions
) -> Package:
    """
    The package has *restrictions*.

    One that did not exist has an empty record now (PutPackageOriginConfiguration, API Reference).

    Raises:
        ResourceNotFound: There is no such repository.
    """
    with state.store.transaction() as connection:
        row = package_row(connection, repository, package)
        if row is None:
            _insert(connection, repository, package, restrictions)
        else:
            connection.execute(
                "UPDATE packages SET publish = ?, upstream = ? WHERE id = ?",
                (restrictions.publish, restrictions.upstream, row[0]),
            )
        return describe(state, repository, package)


def put_metadata(
    state: State, repository: RepositoryId, package: PackageId, metadata: Mapping[str, object]
) -> Package:
    """
    The package's metadata is *metadata*, all of it.

    No event, unless the switch ``distTagEmits`` says so: then one for each version that a changed
    npm tag names now.

    Raises:
        ResourceNotFound: There is no such package.
    """
    with state.store.transaction() as connection:
        row = required_package_row(connection, repository, package)
        before = dist_tags(package_of(row, repository))
        connection.execute(
            "UPDATE packages SET metadata = ? WHERE id = ?", (json.dumps(metadata), row[0])
        )
        changed = describe(state, repository, package)
        if state.faults.on("distTagEmits"):
            after = dist_tags(changed)
            for version in {after[tag] for tag in after if before.get(tag) != after[tag]}:
                found = records.read(connection, cast("int", row[0]), version, repository, package)
                if found is not None:
                    records.emit(state, connection, found, "Updated", metadata=True)
        return changed


def dist_tags(package: Package) -> dict[str, str]:
    """Return npm's tags of the package, tag to version; empty for other formats."""
    tags = package.metadata.get(DIST_TAGS)
    return (
        {str(tag): str(version) for tag, version in tags.items()} if isinstance(tags, dict) else {}
    )


def delete(state: State, repository: RepositoryId, package: PackageId) -> Package:
    """
    The package, its versions and its origin configuration are gone; return what it was.

    One Deleted event for each version (DeletePackage, User Guide).

    Raises:
        ResourceNotFound: There is no such package.
    """
    with state.store.transaction() as connection:
        row = required_package_row(connection, repository, package)
        versions = connection.execute(
            f"SELECT {VERSION_COLUMNS} FROM versions v WHERE v.package = ? ORDER BY v.id",  # noqa: S608  a constant
            (row[0],),
        ).fetchall()
        for version in with_assets(connection, versions, repository, package):
            records.emit(
                state,
                connection,
                version,
                "Deleted",
                removed=len(version.assets),
                metadata=True,
                status=True,
            )
        connection.execute("DELETE FROM packages WHERE id = ?", (row[0],))
    return package_of(row, repository)


def _insert(
    connection: sqlite3.Connection,
    repository: RepositoryId,
    package: PackageId,
    restrictions: Restrictions,
) -> None:
    connection.execute(
        "INSERT INTO packages (repository, format, namespace, name, publish, upstream)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            repository_row(connection, repository),
            package.format,
            package.namespace,
            package.name,
            restrictions.publish,
            restrictions.upstream,
        ),
    )
