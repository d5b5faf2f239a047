"""Package versions: found, described, listed; bulk writes come from `statuses`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from emulator.core import packages, paging, records
from emulator.core.clock import stamp
from emulator.core.errors import ResourceNotFound
from emulator.core.rows import (
    VERSION_COLUMNS,
    Row,
    package_of,
    package_row,
    required_package_row,
    version_of,
    with_assets,
)
from emulator.core.state import State
from emulator.core.statuses import delete, dispose, set_status
from emulator.core.values import OriginType, PackageId, RepositoryId, Status, Version

__all__ = [
    "all_of",
    "default_display_version",
    "delete",
    "describe",
    "dispose",
    "find",
    "page",
    "put_version_metadata",
    "set_status",
]


def find(
    state: State,
    repository: RepositoryId,
    package: PackageId,
    version: str,
    *,
    visible_only: bool = False,
) -> Version | None:
    """
    Return the version with its assets, ``None`` if the repository itself holds none.

    Args:
        visible_only: Not those that were fetched so lately that the API does not show them yet.

    Raises:
        ResourceNotFound: There is no such repository.
    """
    with state.store.reading() as connection:
        row = package_row(connection, repository, package)
        if row is None:
            return None
        found = records.read(connection, cast("int", row[0]), version, repository, package)
    if found is None or (visible_only and found.visible_from > state.clock.now()):
        return None
    return found


def describe(state: State, repository: RepositoryId, package: PackageId, version: str) -> Version:
    """
    Return the version as the API shows it, with its assets.

    Raises:
        ResourceNotFound: The repository itself holds none (its upstreams do not count, User Guide),
            or not visibly yet.
    """
    with state.store.reading() as connection:
        required_package_row(connection, repository, package)
        found = find(state, repository, package, version, visible_only=True)
    if found is None:
        raise ResourceNotFound(
            f"Package version not found. Version '{version}' of package '{package.name}' does not "
            "exist in repository"
            f" '{repository.name}'",
            resource_id=version,
            resource_type="package-version",
        )
    return found


def all_of(state: State, repository: RepositoryId, package: PackageId) -> list[Version]:
    """
    Return every version in the order of arrival, with assets and metadata.

    Also those that the API does not show yet. Empty if the repository has no such package.

    Raises:
        ResourceNotFound: There is no such repository.
    """
    with state.store.reading() as connection:
        row = package_row(connection, repository, package)
        if row is None:
            return []
        rows = connection.execute(
            f"SELECT {VERSION_COLUMNS} FROM versions v WHERE v.package = ? ORDER BY v.id",  # noqa: S608  a constant
            (row[0],),
        ).fetchall()
        return with_assets(connection, rows, repository, package)


def page(
    state: State,
    repository: RepositoryId,
    package: PackageId,
    *,
    status: Status | None = None,
    sort_by_published_time: bool = False,
    origin_type: OriginType | None = None,
    limit: int,
    after: str | None = None,
) -> tuple[list[Version], str | None]:
    """
    Return versions that the API shows, at most *limit*, and the token of the next page.

    They come without their assets. Without *status* in every status (ListPackageVersions, User
    Guide). The order is not documented, nor is that of ``PUBLISHED_TIME``: switches ``listOrder``
    and ``publishedTimeOrder``.

    Raises:
        ResourceNotFound: There is no such package, or not visibly yet.
        Validation: *after* is not a token of this list.
    """
    order = _order(state, sort_by_published_time=sort_by_published_time)
    scope = ("ListPackageVersions", repository, package, status, origin_type, order)
    key = paging.decode(scope, after)
    columns, direction = order
    with state.store.reading() as connection:
        now = stamp(state.clock.now())
        package_id = required_package_row(connection, repository, package, visible_at=now)[0]
        clauses = ["v.package = ?", "v.visible_from <= ?"]
        values: list[object] = [package_id, now]
        if status is not None:
            clauses.append("v.status = ?")
            values.append(status)
        elif state.faults.on("listHidesArchived"):
            clauses.append("v.status <> 'Archived'")
        if origin_type is not None:
            clauses.append("v.origin_type = ?")
            values.append(origin_type)
        ordering = ", ".join(f"{column} {direction}" for column in columns)
        rows: list[Row] = []
        for place in _ranges(columns, key, ">" if direction == "ASC" else "<"):
            rows += connection.execute(
                f"SELECT {VERSION_COLUMNS} FROM versions v WHERE"  # noqa: S608  texts above
                f" {' AND '.join((*clauses, *place))} ORDER BY {ordering} LIMIT ?",
                (*values, *place.values(), limit + 1 - len(rows)),
            ).fetchall()
    found = [version_of(row, repository, package) for row in rows[:limit]]
    if len(rows) <= limit:
        return found, None
    last = rows[limit - 1]
    by_column = {"v.version": last[1], "v.published": last[7], "v.id": last[0]}
    return found, paging.encode(scope, [cast("str | int", by_column[column]) for column in columns])


def _ranges(
    columns: tuple[str, ...], key: list[str | int] | None, sign: str
) -> list[dict[str, str | int]]:
    """
    Return what follows *key* as ranges to read one after the other, each by one index.

    ``(published, id) > (5, 7)`` is first ``published = 5 AND id > 7``, then ``published > 5``:
    SQLite would read all versions of one time again for each page.
    """
    if key is None:
        return [{}]
    return [
        {f"{column} = ?": value for column, value in zip(columns[:last], key, strict=False)}
        | {f"{columns[last]} {sign} ?": key[last]}
        for last in reversed(range(len(columns)))
    ]


def _order(state: State, *, sort_by_published_time: bool) -> tuple[tuple[str, ...], str]:
    by_time = state.faults.switch("publishedTimeOrder")
    if sort_by_published_time and by_time != "unsorted":
        return ("v.published", "v.id"), "DESC" if by_time == "newestFirst" else "ASC"
    match state.faults.switch("listOrder"):
        case "nameDescending":
            return ("v.version",), "DESC"
        case "insertion":
            return ("v.id",), "ASC"
        case _:
            return ("v.version",), "ASC"


def default_display_version(
    state: State, repository: RepositoryId, package: PackageId
) -> str | None:
    """
    Return the version that stands for the package (``defaultDisplayVersion``, API Reference).

    For npm the one tagged ``latest``, else the Published one that was published last; ``None`` if
    there is none.

    Raises:
        ResourceNotFound: There is no such package.
    """
    with state.store.reading() as connection:
        row = required_package_row(connection, repository, package)
        now = stamp(state.clock.now())
        latest = packages.dist_tags(package_of(row, repository)).get("latest")
        if package.format == "npm" and latest is not None:
            tagged = connection.execute(
                "SELECT 1 FROM versions WHERE package = ? AND version = ? AND status ="
                " 'Published' AND visible_from <= ?",
                (row[0], latest, now),
            ).fetchone()
            if tagged is not None:
                return latest
        newest = connection.execute(
            "SELECT version FROM versions WHERE package = ? AND status = 'Published' AND"
            " visible_from <= ?"
            " ORDER BY published DESC, id DESC LIMIT 1",
            (row[0], now),
        ).fetchone()
    return None if newest is None else str(newest[0])


def put_version_metadata(
    state: State,
    repository: RepositoryId,
    package: PackageId,
    version: str,
    metadata: Mapping[str, object],
) -> Version:
    """
    The version's metadata is *metadata*, all of it.

    If that is a change, its revision is new and an event says so. For npm (deprecation) the event
    is not documented: switch ``distTagEmits``.

    Raises:
        ResourceNotFound: There is no such version.
    """
    with state.store.transaction() as connection:
        row = required_package_row(connection, repository, package)
        found = records.select(connection, cast("int", row[0]), version)
        if found is None:
            return describe(state, repository, package, version)
        before = version_of(found, repository, package)
        if before.metadata != dict(metadata):
            records.touch(state, connection, cast("int", found[0]), metadata=metadata)
        after = (
            records.read(connection, cast("int", row[0]), version, repository, package) or before
        )
        if before.revision != after.revision and (
            package.format != "npm" or state.faults.on("distTagEmits")
        ):
            records.emit(state, connection, after, "Updated", metadata=True)
    return after
