"""Package groups as rows of the store."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

from emulator.core import group_patterns
from emulator.core.group_patterns import ROOT, Pattern
from emulator.core.values import RestrictionMode, RestrictionType

TYPES: Final[tuple[RestrictionType, ...]] = get_args(RestrictionType)
COLUMNS: Final[Mapping[RestrictionType, str]] = {each: each.lower() for each in TYPES}
"""The column that holds a group's own mode of each restriction type."""

_GENERATION_BITS = 62  # a positive integer of SQLite, never the same twice


@dataclass(frozen=True, slots=True)
class Entry:
    """
    A group as the store holds it.

    Attributes:
        modes: Its own, by restriction type.
        associates_from: When packages begin to be in it, in stamped time.
        deleted_until: It is deleted, and packages stay in it up to this time.
    """

    pattern: Pattern
    created: int
    contact_info: str
    description: str
    modes: Mapping[RestrictionType, RestrictionMode]
    associates_from: int = 0
    deleted_until: int | None = None

    def associates(self, now: int) -> bool:
        """Return whether packages are in it at the time *now*."""
        return self.associates_from <= now and (
            self.deleted_until is None or now < self.deleted_until
        )


def entries(connection: sqlite3.Connection, domain: int) -> Iterator[Entry]:
    """Yield the groups of a domain row, and deleted ones while packages are still in them."""
    for row in connection.execute(
        "SELECT pattern, created, contact_info, description, associates_from, deleted_until,"
        " publish, external_upstream, internal_upstream FROM package_groups WHERE domain = ?",
        (domain,),
    ):
        pattern, created, contact_info, description, associates_from, deleted_until, *modes = row
        yield Entry(
            group_patterns.parse(pattern),
            created,
            contact_info,
            description,
            dict(zip(TYPES, modes, strict=True)),
            associates_from,
            deleted_until,
        )


def patterns(connection: sqlite3.Connection, domain: int) -> list[str]:
    """Return the patterns of the existing groups of a domain row."""
    return [
        pattern
        for (pattern,) in connection.execute(
            "SELECT pattern FROM package_groups WHERE domain = ? AND deleted_until IS NULL",
            (domain,),
        )
    ]


def insert_root(connection: sqlite3.Connection, domain: int, now: int) -> None:
    """A new domain has the root group, which allows everything ("Package groups", User Guide)."""
    insert(connection, domain, ROOT, now, modes=dict.fromkeys(TYPES, "ALLOW"))


def insert(
    connection: sqlite3.Connection,
    domain: int,
    pattern: str,
    now: int,
    *,
    contact_info: str = "",
    description: str = "",
    modes: Mapping[RestrictionType, RestrictionMode],
    associates_from: int = 0,
) -> None:
    """The domain row has the group."""
    connection.execute(
        "INSERT INTO package_groups (domain, pattern, created, contact_info,"
        " description, publish, external_upstream, internal_upstream, associates_from)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            domain,
            pattern,
            now,
            contact_info,
            description,
            *(modes[each] for each in TYPES),
            associates_from,
        ),
    )
    changed(connection, domain)


def changed(connection: sqlite3.Connection, domain: int) -> None:
    """What was read of the groups of a domain row before is no longer used."""
    connection.execute(
        "UPDATE domains SET groups_generation = ? WHERE id = ?", (new_generation(), domain)
    )


def new_generation() -> int:
    """Return a number that no generation of groups has had."""
    return secrets.randbits(_GENERATION_BITS)


def set_allowed(
    connection: sqlite3.Connection, group: int, kind: RestrictionType, repositories: Sequence[int]
) -> list[int]:
    """The repository rows are on the group's list; return those that were not before."""
    return [
        row
        for row in repositories
        if connection.execute(
            "INSERT OR IGNORE INTO allowed_repositories VALUES (?, ?, ?)", (group, kind, row)
        ).rowcount
    ]


def unset_allowed(
    connection: sqlite3.Connection, group: int, kind: RestrictionType, repositories: Sequence[int]
) -> list[int]:
    """The repository rows are not on the group's list; return those that were before."""
    return [
        row
        for row in repositories
        if connection.execute(
            "DELETE FROM allowed_repositories"
            " WHERE package_group = ? AND restriction = ? AND repository = ?",
            (group, kind, row),
        ).rowcount
    ]
