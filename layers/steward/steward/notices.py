"""
Announcements of what an automation has changed, as events for whoever subscribes to them.

They go to the default bus: ``source: codeartifact.steward``, ``detail-type: Package Versions
Changed``, and in ``detail`` the coordinates under CodeArtifact's own names, ``packageUrl``,
``automation``, ``rule``, ``status`` (the new one) and ``versions`` (each with ``version`` and
``previousStatus``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from steward import clients
from steward.codeartifact import TargetStatus
from steward.coordinates import Package, PackageVersion
from steward.events import OWN_SOURCE, coordinates
from steward.observability import PackageLog, count

VERSIONS_CHANGED: Final = "Package Versions Changed"
MAX_ENTRIES_PER_CALL: Final = 10  # PutEvents, EventBridge API Reference
# Our choice: ten entries of 50 versions of at most 255 characters stay under the 256 KB that one
# PutEvents call may hold ("PutEvents event entry size", EventBridge User Guide).
VERSIONS_PER_NOTICE: Final = 50


class Notices(Protocol):
    """Where changes are announced."""

    def versions_changed(
        self,
        package: Package,
        versions: Sequence[PackageVersion],
        *,
        status: TargetStatus,
        automation: str,
        rule: str,
    ) -> None:
        """
        Announce that *versions*, given as they were before, have *status* now.

        The change has been made and a second look would find nothing left to announce. So a notice
        that cannot be delivered is logged with its versions, and nothing is raised.
        """


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
        """See :class:`Notices`."""
        entries: list[clients.EventEntry] = []
        for start in range(0, len(versions), VERSIONS_PER_NOTICE):
            some = versions[start : start + VERSIONS_PER_NOTICE]
            detail = {
                "automation": automation,
                "rule": rule,
                **coordinates(package),
                "packageUrl": package.purl(),
                "status": status,
                "versions": [
                    {"version": one.version, "previousStatus": one.status} for one in some
                ],
            }
            entry: clients.EventEntry = {
                "Source": OWN_SOURCE,
                "DetailType": VERSIONS_CHANGED,
                "Detail": json.dumps(detail),
            }
            entries.append(entry)
        for start in range(0, len(entries), MAX_ENTRIES_PER_CALL):
            self._put(package, entries[start : start + MAX_ENTRIES_PER_CALL])

    def _put(self, package: Package, entries: list[clients.EventEntry]) -> None:
        try:
            answer = clients.events().put_events(Entries=entries)
        except (ClientError, BotoCoreError) as error:
            self._log_lost(package, entries, str(error))
            return
        if answer["FailedEntryCount"]:
            results = zip(entries, answer["Entries"], strict=True)
            failed = [(entry, result) for entry, result in results if "ErrorCode" in result]
            for entry, result in failed:
                self._log_lost(package, [entry], result.get("ErrorMessage", result["ErrorCode"]))

    def _log_lost(self, package: Package, entries: list[clients.EventEntry], reason: str) -> None:
        count("NoticesLost", len(entries))
        for entry in entries:
            PackageLog(package).error("notice lost", reason=reason, detail=entry["Detail"])
