"""Package groups: created, changed, deleted."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from emulator.core import arns, domains, group_patterns, group_rows, package_groups
from emulator.core.clock import stamp
from emulator.core.errors import Conflict, Validation
from emulator.core.group_patterns import ROOT
from emulator.core.group_rows import TYPES
from emulator.core.rows import domain_row, repository_row
from emulator.core.state import State
from emulator.core.values import (
    DomainId,
    PackageGroup,
    PackageGroupId,
    RepositoryId,
    RestrictionMode,
    RestrictionType,
)

MAX_ALLOWED_CHANGES = 100
"""
Repositories that one call adds and removes, in all.

AWS's CloudFormation provider of AWS::CodeArtifact::PackageGroup never sends more; the API
Reference gives no number.
"""

Allowed = tuple[RestrictionType, str]
"""A restriction type and the name of a repository on its list."""

_SECOND = timedelta(seconds=1) // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class AllowedChange:
    """The repositories that came onto a list and went from it, by name."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


def create(
    state: State,
    group: PackageGroupId,
    *,
    contact_info: str | None = None,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> PackageGroup:
    """
    The group exists and inherits every setting (not documented: our choice).

    Packages come into it at once, or when the switch ``packageGroupReassociationSeconds`` says.
    Where those of a deleted group of this pattern have not left it yet, they stay.

    Raises:
        Validation: The pattern is none.
        ResourceNotFound: There is no such domain.
        Conflict: The domain has a group of this pattern. One that differs by case is another
            group ("Package group definition syntax and matching behavior", User Guide).
    """
    with state.store.transaction() as connection:
        add(state, connection, group, delay=_delay(state))
        set_texts(connection, group, contact_info, description)
        arn = arns.of_package_group(state, group)
        domains.write_tags(connection, arn, tags or {})
        return package_groups.describe(state, group)


def add(
    state: State, connection: sqlite3.Connection, group: PackageGroupId, *, delay: int = 0
) -> None:
    """
    The group exists; packages come into it after *delay* microseconds.

    Raises:
        Validation: The pattern is none.
        ResourceNotFound: There is no such domain.
        Conflict: The domain has a group of this pattern.
    """
    group_patterns.parse(group.pattern)
    domain = domain_row(connection, group.domain)
    now = _now(state)
    connection.execute(
        "DELETE FROM package_groups WHERE domain = ? AND deleted_until <= ?", (domain, now)
    )
    held = connection.execute(
        "SELECT deleted_until FROM package_groups WHERE domain = ? AND pattern = ?",
        (domain, group.pattern),
    ).fetchone()
    if held is not None and held[0] is None:
        raise Conflict(
            f"Package group '{group.pattern}' in domain '{group.domain.name}' already exists",
            resource_id=group.pattern,
            resource_type=None,
        )
    connection.execute(
        "DELETE FROM package_groups WHERE domain = ? AND pattern = ?", (domain, group.pattern)
    )
    group_rows.insert(
        connection,
        domain,
        group.pattern,
        now,
        modes=dict.fromkeys(TYPES, "INHERIT"),
        associates_from=now + delay if delay and held is None else 0,
    )


def update(
    state: State,
    group: PackageGroupId,
    *,
    contact_info: str | None = None,
    description: str | None = None,
) -> PackageGroup:
    """
    What is given replaces what was; a pattern never changes (UpdatePackageGroup, API Reference).

    Raises:
        ResourceNotFound: There is no such group or domain.
    """
    with state.store.transaction() as connection:
        package_groups.describe(state, group)
        set_texts(connection, group, contact_info, description)
        return package_groups.describe(state, group)


def configure(
    state: State,
    group: PackageGroupId,
    *,
    modes: Mapping[RestrictionType, RestrictionMode],
    added: Sequence[Allowed] = (),
    removed: Sequence[Allowed] = (),
) -> tuple[PackageGroup, Mapping[RestrictionType, AllowedChange]]:
    """
    The group has *modes* where they are given, and the changed lists; all of it at once.

    Returns:
        The group; and for each list that is other than before, what came and went.

    Raises:
        ResourceNotFound: There is no such group, domain, or repository in the domain.
        Validation: More than 100 repositories are added and removed, one is both, or the root
            group is to inherit, which has no parent (not documented: our choice). Nothing has
            changed.
    """
    if len(added) + len(removed) > MAX_ALLOWED_CHANGES:
        raise Validation(
            f"At most {MAX_ALLOWED_CHANGES} allowed repositories can be added and removed in one "
            f"request, not {len(added) + len(removed)}"
        )
    for kind, name in added:
        if (kind, name) in removed:
            raise Validation(f"Repository '{name}' is both added and removed for {kind}")
    with state.store.transaction() as connection:
        package_groups.describe(state, group)
        changes = restrict(connection, group, modes, added, removed)
        return package_groups.describe(state, group), changes


def restrict(
    connection: sqlite3.Connection,
    group: PackageGroupId,
    modes: Mapping[RestrictionType, RestrictionMode],
    added: Sequence[Allowed],
    removed: Sequence[Allowed] = (),
) -> Mapping[RestrictionType, AllowedChange]:
    """
    Do what `configure` says to a group that exists.

    Raises:
        ResourceNotFound: There is no such repository in the domain.
        Validation: The root group is to inherit.
    """
    if group.pattern == ROOT and "INHERIT" in modes.values():
        raise Validation("The root package group has no parent to inherit from")
    domain = domain_row(connection, group.domain)
    (row,) = connection.execute(
        "SELECT id FROM package_groups WHERE domain = ? AND pattern = ?", (domain, group.pattern)
    ).fetchone()
    for kind, mode in modes.items():
        connection.execute(
            f"UPDATE package_groups SET {group_rows.COLUMNS[kind]} = ? WHERE id = ?",  # noqa: S608  a constant
            (mode, row),
        )
    changes: dict[RestrictionType, AllowedChange] = {}
    for kind in TYPES:
        coming = _rows(connection, group.domain, kind, added)
        going = _rows(connection, group.domain, kind, removed)
        gone = group_rows.unset_allowed(connection, row, kind, list(going))
        come = group_rows.set_allowed(connection, row, kind, list(coming))
        if come or gone:
            changes[kind] = AllowedChange(
                tuple(coming[each] for each in come), tuple(going[each] for each in gone)
            )
    group_rows.changed(connection, domain)
    return changes


def set_texts(
    connection: sqlite3.Connection,
    group: PackageGroupId,
    contact_info: str | None,
    description: str | None,
) -> None:
    """The group that exists has the texts that are given."""
    domain = domain_row(connection, group.domain)
    connection.execute(
        "UPDATE package_groups SET contact_info = COALESCE(?, contact_info),"
        " description = COALESCE(?, description) WHERE domain = ? AND pattern = ?",
        (contact_info, description, domain, group.pattern),
    )
    group_rows.changed(connection, domain)


def delete(state: State, group: PackageGroupId) -> PackageGroup:
    """
    The group is gone; return what it was.

    Its children have its parent as theirs, and inherit from there (DeletePackageGroup, API
    Reference). Packages leave it at once, or when the switch ``packageGroupReassociationSeconds``
    says.

    Raises:
        ResourceNotFound: There is no such group or domain.
        Validation: It is the root group ("Delete a package group", User Guide).
    """
    if group.pattern == ROOT:
        raise Validation("The root package group cannot be deleted")
    with state.store.transaction() as connection:
        found = package_groups.describe(state, group)
        domain, now, delay = domain_row(connection, group.domain), _now(state), _delay(state)
        which = (domain, group.pattern)
        connection.execute(
            "UPDATE package_groups SET deleted_until = ? WHERE domain = ? AND pattern = ?",
            (now + delay, *which),
        )
        connection.execute(
            "DELETE FROM package_groups WHERE domain = ? AND pattern = ?"
            " AND (deleted_until <= ? OR associates_from > ?)",
            (*which, now, now),
        )
        group_rows.changed(connection, domain)
        domains.forget_resource(connection, arns.of_package_group(state, group))
    return found


def _rows(
    connection: sqlite3.Connection,
    domain: DomainId,
    kind: RestrictionType,
    named: Sequence[Allowed],
) -> dict[int, str]:
    """Return row and name of each repository that is *named* for *kind*, in their order."""
    return {
        repository_row(connection, RepositoryId(domain, name)): name
        for each, name in named
        if each == kind
    }


def _now(state: State) -> int:
    return stamp(state.clock.now())


def _delay(state: State) -> int:
    return int(state.faults.switch("packageGroupReassociationSeconds")) * _SECOND
