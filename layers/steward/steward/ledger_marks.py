"""
Since when versions have the status they have, as far as an automation has seen or made it so.

CodeArtifact keeps no time of a status. So whoever has to wait after a step remembers when the step
was taken, or when a version was first found in the status that it waits in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from steward.coordinates import Package, Status

# Our choice: longer than a year, so that whoever waits for one comes to its end.
MARKS_KEPT_FOR: Final = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Mark:
    """
    A version has had a status since a time.

    Attributes:
        status: The status that it was in, or was given.
        rule: The rule that waits: ``retention[0]``.
        at: When it was given this status, or first found in it by *rule* (UTC).
    """

    package: Package
    version: str
    status: Status
    rule: str
    at: datetime


class Marks:
    """The marks of one package."""

    def __init__(self, marks: Iterable[Mark] = ()) -> None:
        self._latest: dict[str, Mark] = {}
        for mark in marks:
            known = self._latest.get(mark.version)
            if known is None or known.at <= mark.at:
                self._latest[mark.version] = mark

    def since(self, version: str, status: Status) -> datetime | None:
        """
        Return since when *version* has had *status*, or ``None`` if no mark tells.

        Only the latest mark of a version counts: a version that was marked as ``Unlisted``, then
        as ``Published``, has not been ``Unlisted`` since the first one.
        """
        mark = self._latest.get(version)
        return mark.at if mark is not None and mark.status == status else None


NO_MARKS: Final = Marks()
