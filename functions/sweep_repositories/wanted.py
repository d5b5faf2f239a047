"""What several automations want of the versions of one package, and what comes of it: pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from steward.coordinates import Format, Package, PackageVersion
from steward.retention_rules import STEPS, StepName
from steward.versions import build_of, is_snapshot_alias
from sweep_repositories.plan_lines import Action, PlanLine, PlannedVersion

# The door is closed before what came in is put away; what can be undone goes before what cannot.
ORDER: Final[tuple[Action, ...]] = (
    "restrict",
    "archive",
    "unlist",
    "dispose",
    "delete",
    "mark",
    "promote",
    "report",
)
# Of two that want the same, the one whose findings people are told of comes first.
_BEFORE_OTHERS: Final = ("enforce_origin_controls", "expire_versions", "unlist_snapshot_builds")
# Our choice: what fits into a line of a table.
_REASONS: Final = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    A step that a rule of one automation wants one version to take, and why.

    Attributes:
        follows: The step after it, if that has to wait from this one on.
    """

    version: PackageVersion
    step: StepName
    automation: str
    rule: str
    reason: str
    follows: StepName | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """
    What comes of all that is wanted.

    Attributes:
        chosen: One step for each version that anybody wants something of.
        overruled: What is not done, as another automation wants as much or more of the version.
    """

    chosen: tuple[Wanted, ...]
    overruled: tuple[Wanted, ...]


def furthest(wanted: Iterable[Wanted]) -> Chosen:
    """
    Return for each version the step that leads furthest on its way out, in the order they came.

    Where two automations want the same step, the controls of origins have it, then expiry: people
    are told what became of versions from outside, and expiry keeps the time of its steps.
    """
    asked = list(wanted)
    best: dict[str, Wanted] = {}
    for one in asked:
        other = best.get(one.version.version)
        if other is None or _weight(one) > _weight(other):
            best[one.version.version] = one
    chosen = set(map(id, best.values()))
    return Chosen(
        tuple(one for one in asked if id(one) in chosen),
        tuple(one for one in asked if id(one) not in chosen),
    )


def lines_of(
    package: Package, chosen: Iterable[Wanted], versions: Iterable[PackageVersion]
) -> list[PlanLine]:
    """
    Return the lines that have *chosen* done, one for each automation, rule and step.

    The newest build of each series comes last in its line, and ``X-SNAPSHOT`` after it: should the
    work end in between, clients still find the newest build. As one call takes versions of one
    status, statuses come one after the other.

    Args:
        versions: All versions of the package.
    """
    lasts = _lasts(package.format, versions)
    grouped: dict[tuple[str, str, StepName], list[Wanted]] = {}
    for one in chosen:
        grouped.setdefault((one.automation, one.rule, one.step), []).append(one)
    lines: list[tuple[int, PlanLine]] = []
    for (automation, rule, step), group in grouped.items():
        ordered = _ordered(group, lasts)
        line = PlanLine(
            package=package,
            automation=automation,
            rule=rule,
            action=step,
            reason=joined(one.reason for one in ordered),
            versions=tuple(planned(one.version, one.reason) for one in ordered),
            step=ordered[0].follows,
        )
        last = max(lasts.get(one.version.version, 0) for one in ordered)
        lines.append((last, line))
    return [line for _, line in sorted(lines, key=lambda one: one[0])]


def in_order(lines: Iterable[PlanLine]) -> tuple[PlanLine, ...]:
    """Return *lines* in the order in which they are applied; what is alike stays as it came."""
    return tuple(sorted(lines, key=lambda line: ORDER.index(line.action)))


def planned(version: PackageVersion, reason: str) -> PlannedVersion:
    """Return *version* as a line has it."""
    return PlannedVersion(
        version.version, version.status, version.revision, reason, origin=version.origin
    )


def joined(reasons: Iterable[str]) -> str:
    """Return the different ones among *reasons* as one text for people."""
    different = list(dict.fromkeys(reasons))
    shown = "; ".join(different[:_REASONS])
    left = len(different) - _REASONS
    return f"{shown}; and {left} other reasons" if left > 0 else shown


def _weight(one: Wanted) -> tuple[int, int]:
    rank = _BEFORE_OTHERS.index(one.automation) if one.automation in _BEFORE_OTHERS else 99
    return STEPS.index(one.step), -rank


def _lasts(package_format: Format, versions: Iterable[PackageVersion]) -> dict[str, int]:
    """Return which of *versions* go last: 1 the newest build of each series, 2 ``X-SNAPSHOT``."""
    if package_format != "maven":
        return {}
    lasts: dict[str, int] = {}
    newest: dict[str, tuple[tuple[int, ...], str]] = {}
    for one in versions:
        if is_snapshot_alias(package_format, one.version):
            lasts[one.version] = 2
        elif (build := build_of(package_format, one.version)) is not None:
            known = newest.get(build.series)
            if known is None or known[0] < build.position:
                newest[build.series] = (build.position, one.version)
    return lasts | {version: 1 for _, version in newest.values()}


def _ordered(group: Sequence[Wanted], lasts: dict[str, int]) -> list[Wanted]:
    """Return *group* status by status, what goes last at the end, otherwise as it came."""
    of_status: dict[str, int] = {}
    for one in group:
        status = one.version.status
        of_status[status] = max(of_status.get(status, 0), lasts.get(one.version.version, 0))
    return sorted(
        group,
        key=lambda one: (
            of_status[one.version.status],
            one.version.status,
            lasts.get(one.version.version, 0),
        ),
    )
