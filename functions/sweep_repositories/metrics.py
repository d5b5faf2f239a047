"""What CloudWatch counts of sweeps; alarms and the dashboard of template.yaml name the same."""

from __future__ import annotations

from typing import Final

from steward.observability import count
from steward.sweep_notices import STOPPED
from sweep_repositories.summary import Summary

VERSIONS_CHANGED: Final = "SweepVersionsChanged"
VERSIONS_REFUSED: Final = "SweepVersionsRefused"
VERSIONS_PLANNED: Final = "SweepVersionsPlanned"
DELETIONS_PLANNED: Final = "SweepDeletionsPlanned"
PACKAGES_LOOKED_AT: Final = "SweepPackagesLookedAt"  # batch by batch
PACKAGES_APPLIED: Final = "SweepPackagesApplied"  # part by part
PACKAGES_FAILED: Final = "SweepPackagesFailed"
SWEEPS_FINISHED: Final = "SweepsFinished"
SWEEPS_STOPPED: Final = "SweepsStopped"  # at the limit of deletions; they wait for a person
SWEEPS_NOT_BEGUN: Final = "SweepsNotBegun"  # another one was running, or another policy was meant
SECONDS: Final = "SweepSeconds"
CALLS: Final = "SweepCalls"


def count_sweep(summary: Summary) -> None:
    """Count a sweep that is over."""
    count(VERSIONS_PLANNED, summary.total("planned"))
    count(VERSIONS_CHANGED, summary.total("changed"))
    count(VERSIONS_REFUSED, summary.total("refused"))
    count(DELETIONS_PLANNED, summary.deletions)
    count(PACKAGES_FAILED, summary.failed_packages)
    stopped = summary.outcome == "stopped"
    count(SWEEPS_STOPPED, int(stopped))
    count(SWEEPS_NOT_BEGUN, int(summary.outcome in STOPPED and not stopped))
    count(SWEEPS_FINISHED, int(summary.outcome not in STOPPED))
    count(SECONDS, round((summary.finished - summary.started).total_seconds()))
    count(CALLS, sum(summary.calls.values()))
