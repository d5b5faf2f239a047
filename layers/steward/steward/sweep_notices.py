"""
Announcements of what a sweep has done, as events for whoever subscribes to them.

They go to the default bus as those of :mod:`steward.notices` do: one event at the end of each
sweep, ``Sweep Finished``, or ``Sweep Stopped`` if it changed nothing because it may not have:
it would have deleted too much, another sweep was running, or the policy was another one.

``detail`` holds ``automation``, ``domainName``, ``domainOwner``, ``run``, ``outcome``
(``finished``, ``nothing to do``, ``planned``, ``stopped``, ``another sweep is running``, ``another
policy``), ``mode``, ``startedAt``, ``finishedAt``, ``repositories``, ``packages`` (how many were
``seen``, ``lookedAt`` and ``failed``), ``versions`` (how many were ``lookedAt``, ``planned``,
``changed``, ``already``, ``refused`` and ``kept``), ``deletions``, ``deletionsLimit``, ``calls``,
``estimatedCostPerMonth`` in US dollars (see ``cost.py`` of the automation for how little is known
of prices) and ``summary``, the key of the whole of it in ``SweepsBucket``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol, get_args

from botocore.exceptions import BotoCoreError, ClientError

from steward import clients
from steward.events import OWN_SOURCE
from steward.observability import count, logger

SWEEP_FINISHED: Final = "Sweep Finished"
SWEEP_STOPPED: Final = "Sweep Stopped"

Outcome = Literal[
    "finished",
    "nothing to do",
    "planned",
    "stopped",
    "another sweep is running",
    "another policy",
]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
# What ends a sweep before it could change anything, and was not meant to.
STOPPED: Final[frozenset[Outcome]] = frozenset(
    {"stopped", "another sweep is running", "another policy"}
)

_AUTOMATION: Final = "sweep_repositories"


@dataclass(frozen=True, slots=True)
class SweepReport:
    """
    What a sweep has done, in numbers.

    Attributes:
        packages: How many became what, under the names of the event; likewise *versions*.
        deletions: How many versions it would have disposed of or deleted.
        calls: To CodeArtifact, of all operations.
        summary: The key of the whole of it in the bucket of the deployment's sweeps.
    """

    domain: str
    domain_owner: str
    run: str
    outcome: Outcome
    mode: str
    started: datetime
    finished: datetime
    repositories: int
    packages: Mapping[str, int]
    versions: Mapping[str, int]
    deletions: int
    deletions_limit: int
    calls: int
    cost_per_month: float
    summary: str


class SweepNotices(Protocol):
    """
    Where the end of a sweep is announced.

    A notice that cannot be delivered is logged with all it says, and nothing is raised.
    """

    def sweep_ended(self, report: SweepReport) -> None:
        """Announce that a sweep is over."""


class BusSweepNotices:
    """Announcements on the default event bus."""

    def sweep_ended(self, report: SweepReport) -> None:
        """See :class:`SweepNotices`."""
        kind = SWEEP_STOPPED if report.outcome in STOPPED else SWEEP_FINISHED
        entry: clients.EventEntry = {
            "Source": OWN_SOURCE,
            "DetailType": kind,
            "Detail": json.dumps(_detail(report)),
        }
        try:
            answer = clients.events().put_events(Entries=[entry])
        except (ClientError, BotoCoreError) as error:
            _log_lost(entry, str(error))
            return
        if answer["FailedEntryCount"]:
            result = answer["Entries"][0]
            _log_lost(entry, result.get("ErrorMessage", result.get("ErrorCode", "")))


def _detail(report: SweepReport) -> dict[str, object]:
    return {
        "automation": _AUTOMATION,
        "domainName": report.domain,
        "domainOwner": report.domain_owner,
        "run": report.run,
        "outcome": report.outcome,
        "mode": report.mode,
        "startedAt": report.started.isoformat(),
        "finishedAt": report.finished.isoformat(),
        "repositories": report.repositories,
        "packages": dict(report.packages),
        "versions": dict(report.versions),
        "deletions": report.deletions,
        "deletionsLimit": report.deletions_limit,
        "calls": report.calls,
        "estimatedCostPerMonth": report.cost_per_month,
        "summary": report.summary,
    }


def _log_lost(entry: clients.EventEntry, reason: str) -> None:
    count("NoticesLost", 1)
    logger().error(
        "notice lost",
        extra={"reason": reason, "kind": entry["DetailType"], "detail": entry["Detail"]},
    )
