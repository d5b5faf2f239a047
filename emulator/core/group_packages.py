"""The packages that are in a package group, over all repositories of its domain."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterator

from emulator.core import group_patterns, package_groups, paging
from emulator.core.clock import stamp
from emulator.core.group_patterns import Pattern
from emulator.core.rows import VISIBLE_PACKAGE, domain_row
from emulator.core.state import State
from emulator.core.values import AssociationType, PackageGroupId, PackageId

_Coordinates = tuple[str, str, str]


def page(
    state: State,
    group: PackageGroupId,
    *,
    preview: bool = False,
    limit: int,
    after: str | None = None,
) -> tuple[list[tuple[PackageId, AssociationType]], str | None]:
    """
    Return the group's packages, at most *limit*, and the token of the next page.

    Each package once, however many repositories hold it, by format, namespace and name; without
    those that the API does not show yet.

    Args:
        preview: The group need not exist: which packages would be in it
            (ListAssociatedPackages, API Reference). One that exists is listed as it is.

    Raises:
        Validation: The pattern is none.
        ResourceNotFound: There is no such group or domain.
    """
    pattern = group_patterns.parse(group.pattern)
    scope = ("ListAssociatedPackages", group, preview)
    key = paging.decode(scope, after)
    found: list[tuple[PackageId, AssociationType]] = []
    with state.store.reading() as connection:
        index = package_groups.index(state, group.domain)
        if preview and group.pattern not in index.patterns:
            index = index.with_group(pattern)
        index.group(group.pattern)
        domain = domain_row(connection, group.domain)
        now = stamp(state.clock.now())
        for package in _packages(connection, domain, pattern, now, key):
            paths = group_patterns.path(package), group_patterns.folded_path(package)
            if not pattern.matches_loosely(*paths):
                continue
            association = index.associated(package)
            if association.group.id != group:
                continue
            if len(found) == limit:
                last = found[-1][0]
                return found, paging.encode(scope, [last.format, last.namespace, last.name])
            found.append((package, association.type))
    return found, None


def _packages(
    connection: sqlite3.Connection,
    domain: int,
    pattern: Pattern,
    now: int,
    after: list[str | int] | None,
) -> Iterator[PackageId]:
    """Yield the packages of the pattern's format behind *after*, each once, in order."""
    repositories = connection.execute(
        "SELECT id FROM repositories WHERE domain = ?", (domain,)
    ).fetchall()
    start = after or ["", "", ""]
    if pattern.format is None:
        where, values = "(p.format, p.namespace, p.name) > (?, ?, ?)", start
    else:
        where = "p.format = ? AND (p.namespace, p.name) > (?, ?)"
        values = [pattern.format, *start[1:]]
    # One statement a repository, merged: each reads in the order of its index, and only so far.
    held: list[Iterator[_Coordinates]] = [
        connection.execute(
            "SELECT p.format, p.namespace, p.name FROM packages p"  # noqa: S608  texts above
            f" WHERE p.repository = ? AND {where} AND {VISIBLE_PACKAGE}"
            " ORDER BY p.format, p.namespace, p.name",
            (repository, *values, now),
        )
        for (repository,) in repositories
    ]
    last: _Coordinates | None = None
    for each in heapq.merge(*held):
        if each != last:
            yield PackageId(*each)  # type: ignore[arg-type]  # the store holds formats only
            last = each
