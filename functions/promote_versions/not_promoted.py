"""Versions that a destination offers although nobody has promoted them by a rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from promote_versions.rechecks import sources_of
from promote_versions.seen import destined
from promote_versions.telling import REMINDER, tell_not_promoted
from steward.observability import PackageLog, count

if TYPE_CHECKING:
    from promote_versions.collaborators import Collaborators
    from promote_versions.records import Record
    from steward.coordinates import Package, PackageVersion, Status

# Clients get these; an unlisted version to whoever names it.
_OFFERED: Final[frozenset[Status]] = frozenset({"Published", "Unlisted"})
# Our choice: whoever begins to promote to a repository that holds a lot already reads some of it.
MAILS_A_DAY: Final = 10


def report_unknown(
    package: Package,
    destination: str,
    listed: Iterable[PackageVersion],
    records: Sequence[Record],
    to: Collaborators,
) -> None:
    """
    Log, count and tell which versions of *package* the *destination* offers and no record knows.

    A record knows what it has copied, and what it has approved: that may be on its way. Since a
    copy may have ended after *records* were read, and other repositories may be promoted to the
    same place, the records of all of them are read again before anything is said. It is said once
    for them all: by the check of the package in the first of these repositories.

    A person is told once of the same versions, and again after
    :data:`promote_versions.telling.REMINDER`; of at most :data:`MAILS_A_DAY` packages a day in one
    destination, the others are in the log alone. Nothing is changed.

    Args:
        listed: What the destination lists of it.
        records: Of *package*, as they were read before.

    Raises:
        RecordsError: The records could not be read or written.
    """
    there = destined(package, destination)
    offered = {one.version for one in listed if one.status in _OFFERED}
    unknown = offered - _known(records, destination)
    sources = sources_of(there, to.policy) or [package]
    if not unknown or sources[0] != package:
        return
    for source in sources:
        unknown -= _known(to.records.of_package(source), destination)
    if not unknown:
        return
    versions = sorted(unknown)
    PackageLog(there).warning("not promoted by us", versions=versions[:100], number=len(versions))
    count("VersionsNotPromotedByUs", len(versions))
    said = "\n".join([there.repository.domain, destination, there.purl(), *versions])
    now = to.now()
    if not to.records.tell_once(f"unknown#{sha256(said.encode()).hexdigest()}", now + REMINDER):
        return
    for number in range(1, MAILS_A_DAY + 1):
        if to.records.tell_once(f"unknown#{destination}#{now:%Y-%m-%d}#{number}", now + REMINDER):
            tell_not_promoted(there, package, versions, to, last=number == MAILS_A_DAY)
            return


def _known(records: Iterable[Record], destination: str) -> set[str]:
    return {
        one.version
        for one in records
        if one.to == destination and (one.copied_at is not None or one.state == "approved")
    }
