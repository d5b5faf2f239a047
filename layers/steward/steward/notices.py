"""
Announcements of what an automation has changed or found, as events for whoever subscribes to them.

They go to the default bus with ``source: codeartifact.steward``. ``detail`` always holds the
coordinates under CodeArtifact's own names, ``packageUrl``, ``automation`` and ``rule``, and

- ``Package Versions Changed``: ``status`` (the new one) and ``versions`` (each with ``version`` and
  ``previousStatus``);
- ``Package Origin Restrictions Changed``: ``restrictions`` and ``previousRestrictions`` (each with
  ``publish`` and ``upstream``);
- ``External Versions Found``: ``outcome`` (``archived``, ``refused`` or ``reported``) and
  ``versions`` (each with ``version``, ``status`` as it was found, ``originType`` and
  ``externalConnectionName``, which may be null);
- ``Mixed Origin Found``: ``internalVersions`` and ``externalVersions``, how many there are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from steward import clients
from steward.codeartifact import TargetStatus
from steward.coordinates import Package, PackageVersion, Restrictions
from steward.events import OWN_SOURCE, coordinates
from steward.observability import PackageLog, count

VERSIONS_CHANGED: Final = "Package Versions Changed"
RESTRICTIONS_CHANGED: Final = "Package Origin Restrictions Changed"
EXTERNAL_VERSIONS_FOUND: Final = "External Versions Found"
MIXED_ORIGIN_FOUND: Final = "Mixed Origin Found"
MAX_ENTRIES_PER_CALL: Final = 10  # PutEvents, EventBridge API Reference
# Our choice: ten entries of 50 versions of at most 255 characters stay under the 256 KB that one
# PutEvents call may hold ("PutEvents event entry size", EventBridge User Guide).
VERSIONS_PER_NOTICE: Final = 50

ExternalOutcome = Literal["archived", "refused", "reported"]


class VersionNotices(Protocol):
    """
    Where changes of versions are announced.

    What is announced has happened, and a second look would find nothing left to announce. So a
    notice that cannot be delivered is logged with all it says, and nothing is raised.
    """

    def versions_changed(
        self,
        package: Package,
        versions: Sequence[PackageVersion],
        *,
        status: TargetStatus,
        automation: str,
        rule: str,
    ) -> None:
        """Announce that *versions*, given as they were before, have *status* now."""


class Notices(VersionNotices, Protocol):
    """Where all that an automation changes or finds is announced."""

    def restrictions_changed(
        self,
        package: Package,
        before: Restrictions,
        after: Restrictions,
        *,
        automation: str,
        rule: str,
    ) -> None:
        """Announce that the origin restrictions of *package* were *before* and are *after*."""

    def external_versions_found(
        self,
        package: Package,
        versions: Sequence[PackageVersion],
        *,
        outcome: ExternalOutcome,
        automation: str,
        rule: str,
    ) -> None:
        """
        Announce that an internal package holds *versions* of external origin, as they were found.

        Args:
            outcome: ``archived``; ``refused``: CodeArtifact did not let them be archived;
                ``reported``: they were left as they are.
        """

    def mixed_origin_found(
        self, package: Package, *, internal: int, external: int, automation: str, rule: str
    ) -> None:
        """Announce that *package* holds so many versions of *internal* and *external* origin."""


class BusNotices:
    """Announcements on the default event bus."""

    def versions_changed(
        self,
        package: Package,
        versions: Sequence[PackageVersion],
        *,
        status: TargetStatus,
        automation: str,
        rule: str,
    ) -> None:
        """See :class:`VersionNotices`."""
        said = [{"version": one.version, "previousStatus": one.status} for one in versions]
        details = ({"status": status, "versions": some} for some in chunks(said))
        announce(VERSIONS_CHANGED, package, details, automation, rule)

    def restrictions_changed(
        self,
        package: Package,
        before: Restrictions,
        after: Restrictions,
        *,
        automation: str,
        rule: str,
    ) -> None:
        """See :class:`Notices`."""
        detail = {"restrictions": _pair(after), "previousRestrictions": _pair(before)}
        announce(RESTRICTIONS_CHANGED, package, [detail], automation, rule)

    def external_versions_found(
        self,
        package: Package,
        versions: Sequence[PackageVersion],
        *,
        outcome: ExternalOutcome,
        automation: str,
        rule: str,
    ) -> None:
        """See :class:`Notices`."""
        said = [
            {
                "version": one.version,
                "status": one.status,
                "originType": one.origin.type,
                "externalConnectionName": one.origin.external_connection,
            }
            for one in versions
        ]
        details = ({"outcome": outcome, "versions": some} for some in chunks(said))
        announce(EXTERNAL_VERSIONS_FOUND, package, details, automation, rule)

    def mixed_origin_found(
        self, package: Package, *, internal: int, external: int, automation: str, rule: str
    ) -> None:
        """See :class:`Notices`."""
        detail = {"internalVersions": internal, "externalVersions": external}
        announce(MIXED_ORIGIN_FOUND, package, [detail], automation, rule)


def _pair(restrictions: Restrictions) -> dict[str, str]:
    return {"publish": restrictions.publish, "upstream": restrictions.upstream}


def chunks(
    versions: Sequence[Mapping[str, object]],
) -> Iterable[Sequence[Mapping[str, object]]]:
    """Yield *versions*, which an announcement describes, as many at a time as a notice holds."""
    for start in range(0, len(versions), VERSIONS_PER_NOTICE):
        yield versions[start : start + VERSIONS_PER_NOTICE]


def announce(
    kind: str,
    package: Package,
    details: Iterable[Mapping[str, object]],
    automation: str,
    rule: str,
) -> None:
    """Put an event for each of *details* on the bus; what is lost on the way is logged."""
    about = {
        "automation": automation,
        "rule": rule,
        **coordinates(package),
        "packageUrl": package.purl(),
    }
    entries: list[clients.EventEntry] = [
        {"Source": OWN_SOURCE, "DetailType": kind, "Detail": json.dumps({**about, **detail})}
        for detail in details
    ]
    for start in range(0, len(entries), MAX_ENTRIES_PER_CALL):
        _put(package, entries[start : start + MAX_ENTRIES_PER_CALL])


def _put(package: Package, entries: list[clients.EventEntry]) -> None:
    try:
        answer = clients.events().put_events(Entries=entries)
    except (ClientError, BotoCoreError) as error:
        _log_lost(package, entries, str(error))
        return
    if answer["FailedEntryCount"]:
        results = zip(entries, answer["Entries"], strict=True)
        failed = [(entry, result) for entry, result in results if "ErrorCode" in result]
        for entry, result in failed:
            _log_lost(package, [entry], result.get("ErrorMessage", result["ErrorCode"]))


def _log_lost(package: Package, entries: list[clients.EventEntry], reason: str) -> None:
    count("NoticesLost", len(entries))
    for entry in entries:
        PackageLog(package).error(
            "notice lost", reason=reason, kind=entry["DetailType"], detail=entry["Detail"]
        )
