"""Remembers which domains, repositories, upstreams and policies there are, until one changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar, cast

_TABLES: Final = ("domains", "repositories", "upstreams", "policies")

_Answer = TypeVar("_Answer")


class Connection(sqlite3.Connection):
    """A connection of a `Store`, with what was read of these tables through it."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401  sqlite3.connect's own
        super().__init__(*arguments, **named)
        self.remembered: dict[Hashable, object] = {}

    def watch(self) -> None:
        """
        What is remembered is forgotten as soon as a row of these tables changes.

        Also in the middle of a transaction, and by a cascade. Whoever rolls back has to `forget`.
        """
        self.create_function("topology_changed", 0, self.remembered.clear)
        self.execute("PRAGMA temp_store = MEMORY")
        for table in _TABLES:
            for change in ("INSERT", "UPDATE", "DELETE"):
                self.execute(
                    f"CREATE TEMP TRIGGER {table}_{change} AFTER {change} ON {table}"
                    " BEGIN SELECT topology_changed(); END"
                )

    def forget(self) -> None:
        """Nothing is remembered."""
        self.remembered.clear()


def remembered(
    connection: sqlite3.Connection,
    key: Hashable,
    read: Callable[[sqlite3.Connection], _Answer],
) -> _Answer:
    """
    Return what *read* returns, which is asked once for each *key* as long as nothing changes.

    *read* may read the tables of `_TABLES` only; what it raises is not remembered.
    """
    known = cast("Connection", connection).remembered
    if key in known:
        return cast("_Answer", known[key])
    answer = read(connection)
    known[key] = answer
    return answer
