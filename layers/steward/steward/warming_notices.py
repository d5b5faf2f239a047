"""
Announcements of what warming has done and found, as events for whoever subscribes to them.

They go to the default bus as those of :mod:`steward.notices` do. ``detail`` always holds
``automation``, ``rule`` (null: lock files of a person's own), ``domainName``, ``domainOwner`` and
``repositoryName``, and

- ``Cache Warmed``: ``run``, ``startedAt``, ``finishedAt``, ``packages``, ``versions`` (how many
  were ``warm``, ``fetched``, ``notFound``, ``blocked``, ``mismatched``, ``failed``, and
  ``wouldFetch`` in observe mode), ``bytes``, ``requests``, ``lists``, ``seconds`` and ``problems``;
- ``Public Repository Unavailable``: ``externalConnectionName``, ``packageFormat`` and ``reason``;
- ``Public Repository Available Again``: ``externalConnectionName``, ``packageFormat`` and
  ``since``, when the outage was first seen;
- ``Hash Mismatch Found``: the other coordinates of a package, ``packageUrl``, and ``versions``
  (each with ``version``, ``reason`` and ``note``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from steward import clients
from steward.coordinates import Format, Package, Repository
from steward.events import OWN_SOURCE
from steward.notices import announce, chunks
from steward.observability import count, logger

CACHE_WARMED: Final = "Cache Warmed"
REPOSITORY_UNAVAILABLE: Final = "Public Repository Unavailable"
REPOSITORY_AVAILABLE_AGAIN: Final = "Public Repository Available Again"
HASH_MISMATCH_FOUND: Final = "Hash Mismatch Found"
MAX_PROBLEMS: Final = 50  # of an event; our choice, far below the 256 KB of an event

_AUTOMATION: Final = "warm_caches"


@dataclass(frozen=True, slots=True)
class RunSummary:
    """
    What a run has done.

    Attributes:
        versions: How many versions became what, under the names of the event.
        size: Bytes that were read from the endpoint.
    """

    run: str
    started: datetime
    finished: datetime
    packages: int
    versions: Mapping[str, int]
    size: int
    requests: int
    lists: int
    seconds: float
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A version that has none of the hashes that the lock files state."""

    version: str
    reason: str
    note: str


class WarmingNotices(Protocol):
    """
    Where warming announces what it has done and found.

    A notice that cannot be delivered is logged with all it says, and nothing is raised.
    """

    def cache_warmed(
        self, repository: Repository, summary: RunSummary, *, rule: str | None
    ) -> None:
        """Announce that a run is over."""

    def unavailable(
        self,
        repository: Repository,
        connection: str,
        package_format: Format,
        reason: str,
        *,
        rule: str | None,
    ) -> None:
        """Announce that the public repository behind *connection* does not answer."""

    def available_again(
        self,
        repository: Repository,
        connection: str,
        package_format: Format,
        since: datetime,
        *,
        rule: str | None,
    ) -> None:
        """Announce that it answers again; it had not since *since*."""

    def mismatches_found(
        self, package: Package, found: Sequence[Mismatch], *, rule: str | None
    ) -> None:
        """Announce versions of *package* whose files are not those of the lock files."""


class BusWarmingNotices:
    """Announcements on the default event bus."""

    def cache_warmed(
        self, repository: Repository, summary: RunSummary, *, rule: str | None
    ) -> None:
        """See :class:`WarmingNotices`."""
        detail = {
            "run": summary.run,
            "startedAt": summary.started.isoformat(),
            "finishedAt": summary.finished.isoformat(),
            "packages": summary.packages,
            "versions": dict(summary.versions),
            "bytes": summary.size,
            "requests": summary.requests,
            "lists": summary.lists,
            "seconds": round(summary.seconds, 3),
            "problems": list(summary.problems[:MAX_PROBLEMS]),
        }
        _announce(CACHE_WARMED, repository, rule, detail)

    def unavailable(
        self,
        repository: Repository,
        connection: str,
        package_format: Format,
        reason: str,
        *,
        rule: str | None,
    ) -> None:
        """See :class:`WarmingNotices`."""
        detail = {
            "externalConnectionName": connection,
            "packageFormat": package_format,
            "reason": reason,
        }
        _announce(REPOSITORY_UNAVAILABLE, repository, rule, detail)

    def available_again(
        self,
        repository: Repository,
        connection: str,
        package_format: Format,
        since: datetime,
        *,
        rule: str | None,
    ) -> None:
        """See :class:`WarmingNotices`."""
        detail = {
            "externalConnectionName": connection,
            "packageFormat": package_format,
            "since": since.isoformat(),
        }
        _announce(REPOSITORY_AVAILABLE_AGAIN, repository, rule, detail)

    def mismatches_found(
        self, package: Package, found: Sequence[Mismatch], *, rule: str | None
    ) -> None:
        """See :class:`WarmingNotices`."""
        said = [{"version": one.version, "reason": one.reason, "note": one.note} for one in found]
        details = [{"versions": some, "rule": rule} for some in chunks(said)]
        announce(HASH_MISMATCH_FOUND, package, details, _AUTOMATION, rule or "")


def _announce(
    kind: str, repository: Repository, rule: str | None, detail: Mapping[str, object]
) -> None:
    said = {
        "automation": _AUTOMATION,
        "rule": rule,
        "domainName": repository.domain,
        "domainOwner": repository.domain_owner,
        "repositoryName": repository.name,
        **detail,
    }
    entry: clients.EventEntry = {
        "Source": OWN_SOURCE,
        "DetailType": kind,
        "Detail": json.dumps(said),
    }
    try:
        answer = clients.events().put_events(Entries=[entry])
    except (ClientError, BotoCoreError) as error:
        _log_lost(entry, str(error))
        return
    if answer["FailedEntryCount"]:
        result = answer["Entries"][0]
        _log_lost(entry, result.get("ErrorMessage", result.get("ErrorCode", "")))


def _log_lost(entry: clients.EventEntry, reason: str) -> None:
    count("NoticesLost", 1)
    logger().error(
        "notice lost",
        extra={"reason": reason, "kind": entry["DetailType"], "detail": entry["Detail"]},
    )
