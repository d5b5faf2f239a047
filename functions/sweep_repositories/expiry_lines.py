"""What the ``retention`` rules want of a package: the decision that its events lead to."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from expire_versions.gather import RetentionReads, gather_retention
from expire_versions.values import Retention, Waiting, needs_a_mark, next_step, status_after
from steward.coordinates import Package, PackageVersion
from steward.retention_rules import StepName
from sweep_repositories.plan_lines import PlanLine
from sweep_repositories.wanted import Wanted, joined, planned

if TYPE_CHECKING:
    from steward.retention_rules import RetentionRule

AUTOMATION: Final = "expire_versions"


@dataclass(frozen=True, slots=True)
class ExpiryFindings:
    """
    What the rules make of a package.

    Attributes:
        wanted: The steps that are due.
        marks: The lines that note when the waiting time of a version begins.
        kept: How many versions stay, or wait for their next step, by rule; "" where none selects
            them.
    """

    wanted: tuple[Wanted, ...]
    marks: tuple[PlanLine, ...]
    kept: Mapping[str, int]


def expiry_findings(
    package: Package,
    versions: Sequence[PackageVersion],
    rules: Iterable[RetentionRule],
    to: RetentionReads,
    now: datetime,
) -> ExpiryFindings:
    """
    Return what *rules* make of *package*; what is asked for besides, the expiry's gathering says.

    Args:
        versions: All of them, listed as :func:`expire_versions.gather.lists_by_time` asks for.
    """
    retention = gather_retention(package, versions, to, now)
    by_name = {rule.name: rule for rule in rules}
    wanted = tuple(
        Wanted(
            one.version,
            one.step,
            AUTOMATION,
            one.rule,
            one.reason,
            follows=_waits_after(one.step, by_name.get(one.rule)),
        )
        for one in retention.due
    )
    kept: dict[str, int] = {}
    for name in [one.rule or "" for one in retention.kept] + [
        one.rule for one in retention.waiting
    ]:
        kept[name] = kept.get(name, 0) + 1
    return ExpiryFindings(wanted, tuple(_marks(package, retention)), kept)


def without(marks: Iterable[PlanLine], going: Container[str]) -> list[PlanLine]:
    """Return *marks* without the versions *going*, whose status another line changes."""
    left = (
        replace(line, versions=tuple(one for one in line.versions if one.version not in going))
        for line in marks
    )
    return [line for line in left if line.versions]


def _waits_after(step: StepName, rule: RetentionRule | None) -> StepName | None:
    if rule is None or not needs_a_mark(step, rule.then):
        return None
    following = next_step(status_after(step), rule.then)
    return None if following is None else following.name


def _marks(package: Package, retention: Retention) -> list[PlanLine]:
    to_mark = {one.version for one in retention.to_mark}
    grouped: dict[tuple[str, StepName], list[Waiting]] = {}
    for one in retention.waiting:
        if one.version.version in to_mark:
            grouped.setdefault((one.rule, one.step), []).append(one)
    return [
        PlanLine(
            package=package,
            automation=AUTOMATION,
            rule=rule,
            action="mark",
            reason=joined(one.reason for one in group),
            versions=tuple(
                replace(planned(one.version, one.reason), until=one.until) for one in group
            ),
            step=step,
        )
        for (rule, step), group in grouped.items()
    ]
