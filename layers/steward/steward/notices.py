"""
Announcements of what an automation has changed or found, as events for whoever subscribes to them.

They go to the default bus with ``source: codeartifact.steward``. ``detail`` always holds the
coordinates under CodeArtifact's own names, ``packageUrl``, ``automation`` and ``rule``, and

- ``Package Versions Changed``: ``status`` (the new one; ``Disposed`` and ``Deleted`` cannot be
  undone) and ``versions`` (each with ``version`` and ``previousStatus``);
- ``Package Origin Restrictions Changed``: ``restrictions`` and ``previousRestrictions`` (each with
  ``publish`` and ``upstream``);
- ``External Versions Found``: ``outcome`` (``archived``, ``refused`` or ``reported``) and
  ``versions`` (each with ``version``, ``status`` as it was found, ``originType`` and
  ``externalConnectionName``, which may be null);
- ``Mixed Origin Found``: ``internalVersions`` and ``externalVersions``, how many there are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Lock
from types import TracebackType
from typing import Final, Literal, Protocol, Self

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
ChangedStatus = TargetStatus | Literal["Disposed", "Deleted"]  # what a version can be brought to
# What is to be put on the bus: an entry, and the package that it is about.
Announcement = tuple[Package, clients.EventEntry]


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
        status: ChangedStatus,
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
    """
    Announcements on the default event bus.

    Args:
        deliver: Takes what is to be announced; if not given, it is put on the bus at once.
    """

    def __init__(self, deliver: Callable[[Sequence[Announcement]], None] | None = None) -> None:
        self._deliver = deliver or _put_all

    def versions_changed(
        self,
        package: Package,
        versions: Sequence[PackageVersion],
        *,
        status: ChangedStatus,
        automation: str,
        rule: str,
    ) -> None:
        """See :class:`VersionNotices`."""
        said = [{"version": one.version, "previousStatus": one.status} for one in versions]
        details = ({"status": status, "versions": some} for some in chunks(said))
        self._announce(VERSIONS_CHANGED, package, details, automation, rule)

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
        self._announce(RESTRICTIONS_CHANGED, package, [detail], automation, rule)

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
        self._announce(EXTERNAL_VERSIONS_FOUND, package, details, automation, rule)

    def mixed_origin_found(
        self, package: Package, *, internal: int, external: int, automation: str, rule: str
    ) -> None:
        """See :class:`Notices`."""
        detail = {"internalVersions": internal, "externalVersions": external}
        self._announce(MIXED_ORIGIN_FOUND, package, [detail], automation, rule)

    def _announce(
        self,
        kind: str,
        package: Package,
        details: Iterable[Mapping[str, object]],
        automation: str,
        rule: str,
    ) -> None:
        self._deliver(_announcements(kind, package, details, automation, rule))


class BufferedNotices(BusNotices):
    """
    Announcements about many packages on the default event bus, ten a call.

    They wait until there are ten, or until :meth:`flush`, which the end of a ``with`` calls.
    Threads may share it. What waits when the process dies is lost.
    """

    def __init__(self) -> None:
        super().__init__(self._keep)
        self._waiting: list[Announcement] = []
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.flush()

    def flush(self) -> None:
        """Put what waits on the bus."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        _put_all(waiting)

    def _keep(self, announcements: Sequence[Announcement]) -> None:
        with self._lock:
            self._waiting += announcements
            full = len(self._waiting) // MAX_ENTRIES_PER_CALL * MAX_ENTRIES_PER_CALL
            ready, self._waiting = self._waiting[:full], self._waiting[full:]
        _put_all(ready)


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
    _put_all(_announcements(kind, package, details, automation, rule))


def _announcements(
    kind: str,
    package: Package,
    details: Iterable[Mapping[str, object]],
    automation: str,
    rule: str,
) -> list[Announcement]:
    about = {
        "automation": automation,
        "rule": rule,
        **coordinates(package),
        "packageUrl": package.purl(),
    }
    return [
        (
            package,
            {
                "Source": OWN_SOURCE,
                "DetailType": kind,
                "Detail": json.dumps({**about, **detail}),
            },
        )
        for detail in details
    ]


def _put_all(announcements: Sequence[Announcement]) -> None:
    for start in range(0, len(announcements), MAX_ENTRIES_PER_CALL):
        _put(announcements[start : start + MAX_ENTRIES_PER_CALL])


def _put(announcements: Sequence[Announcement]) -> None:
    entries = [entry for _, entry in announcements]
    try:
        answer = clients.events().put_events(Entries=entries)
    except (ClientError, BotoCoreError) as error:
        for announcement in announcements:
            _log_lost(announcement, str(error))
        return
    if answer["FailedEntryCount"]:
        for announcement, result in zip(announcements, answer["Entries"], strict=True):
            if "ErrorCode" in result:
                _log_lost(announcement, result.get("ErrorMessage", result["ErrorCode"]))


def _log_lost(announcement: Announcement, reason: str) -> None:
    package, entry = announcement
    count("NoticesLost", 1)
    PackageLog(package).error(
        "notice lost", reason=reason, kind=entry["DetailType"], detail=entry["Detail"]
    )
