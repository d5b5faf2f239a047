"""Which public repositories do not answer at present, and what a table of that can do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Outage:
    """
    A public repository that gives no answer.

    Attributes:
        connection: The external connection (``public:npmjs``).
        reason: What came instead of an answer, when it was seen last.
        since: When it was first seen.
        seen: When it was last seen.
    """

    connection: str
    reason: str
    since: datetime
    seen: datetime


class Outages(Protocol):
    """
    The outages that last, each once, whoever has seen them.

    Every method raises :class:`~warm_caches.runs.RunsError` if the table cannot be read or written.
    """

    def begin(self, connection: str, reason: str, now: datetime) -> bool:
        """
        Remember that *connection* gives no answer; return whether that is new: 1 or 2 UpdateItem.

        It is forgotten after 30 days in which nobody has seen it.
        """

    def current(self) -> list[Outage]:
        """Return the outages that last, by connection: 1 Query."""

    def end(self, connection: str) -> Outage | None:
        """End the outage of *connection*; return it, if there was one: only one caller gets it."""
