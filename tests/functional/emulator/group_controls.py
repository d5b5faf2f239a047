"""Package groups for the tests of what they let in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from emulator.core import group_rows
from emulator.core.clock import stamp
from emulator.core.rows import domain_row, repository_row
from emulator.core.state import State
from emulator.core.values import DomainId, RepositoryId, RestrictionMode, RestrictionType
from tests.functional.emulator.local_core import DOMAIN


def control(
    state: State,
    pattern: str,
    modes: Mapping[RestrictionType, RestrictionMode],
    allowed: Mapping[RestrictionType, Sequence[str]] | None = None,
    *,
    domain: DomainId = DOMAIN,
) -> None:
    """The domain has the group, with these modes and lists, its others as they were."""
    with state.store.transaction() as connection:
        row = domain_row(connection, domain)
        if pattern not in group_rows.patterns(connection, row):
            inherited: dict[RestrictionType, RestrictionMode] = dict.fromkeys(
                group_rows.TYPES, "INHERIT"
            )
            group_rows.insert(connection, row, pattern, stamp(state.clock.now()), modes=inherited)
        (group,) = connection.execute(
            "SELECT id FROM package_groups WHERE domain = ? AND pattern = ?", (row, pattern)
        ).fetchone()
        for kind, mode in modes.items():
            connection.execute(
                f"UPDATE package_groups SET {group_rows.COLUMNS[kind]} = ? WHERE id = ?",  # noqa: S608  a constant
                (mode, group),
            )
        for kind, names in (allowed or {}).items():
            rows = [repository_row(connection, RepositoryId(domain, name)) for name in names]
            group_rows.set_allowed(connection, group, kind, rows)
        group_rows.changed(connection, row)


def let_in_only(state: State, pattern: str, kind: RestrictionType, *repositories: str) -> None:
    """The group's mode of one way in is a list, and these repositories are on it."""
    control(state, pattern, {kind: "ALLOW_SPECIFIC_REPOSITORIES"}, {kind: repositories})
