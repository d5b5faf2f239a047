"""
Since when versions have the status they have, as far as an automation has seen or made it so.

CodeArtifact keeps no time of a status. So whoever has to wait after a step remembers when the step
was taken, or when a version was first found in the status that it waits in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, cast

from steward.coordinates import Package, Status
from steward.table_items import (
    Attribute,
    Item,
    coordinates,
    key,
    list_of,
    moment_in,
    package_of,
    shares,
    texts_in,
    time_text,
    whole_seconds,
)

MARKS: Final = "mark#"

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


def mark_items(marks: Iterable[Mark]) -> list[Item]:
    """
    Return *marks* as items: those that differ only in the version share some.

    ``entry`` is ``mark#2026-03-01T10:15:00.000000+00:00#`` and a digest of all that the item says.
    """
    versions: dict[Mark, list[str]] = {}
    for mark in marks:
        versions.setdefault(replace(mark, version=""), []).append(mark.version)
    return [_item(alike, share) for alike, names in versions.items() for share in shares(names)]


def marks_of(item: Item) -> list[Mark]:
    """
    Return the marks that *item* holds, by version.

    Raises:
        LookupError, ValueError: It holds none.
    """
    package, at, rule = package_of(item), moment_in(item["at"]["S"]), item["rule"]["S"]
    status = cast("Status", item["status"]["S"])
    return [Mark(package, version, status, rule, at) for version in texts_in(item["versions"])]


def _item(alike: Mark, versions: list[str]) -> Item:
    said: dict[str, Attribute] = {
        "status": {"S": alike.status},
        "rule": {"S": alike.rule},
        "at": {"S": time_text(alike.at)},
        "versions": list_of(versions),
    }
    digest = sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    return {
        **key(alike.package, f"{MARKS}{time_text(alike.at)}#{digest}"),
        **coordinates(alike.package),
        **said,
        "expires": whole_seconds(alike.at + MARKS_KEPT_FOR),
    }
