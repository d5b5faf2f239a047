"""What the ``origins`` rule wants of a package: the decisions that its events lead to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from enforce_origin_controls import decision as decide
from enforce_origin_controls.collaborators import AUTOMATION
from enforce_origin_controls.decision import Drifted, Mixed, Settled
from enforce_origin_controls.outcome import Found
from enforce_origin_controls.telling import MIXED, finding
from steward.codeartifact import AssociatedGroup
from steward.coordinates import Package, PackageVersion, Restrictions
from steward.ledger import Exemption
from steward.policy import OriginRule
from sweep_repositories.plan_lines import MixedOrigin, PlanLine
from sweep_repositories.wanted import Wanted, joined, planned

WHY: Final = "it came from outside, and the policy calls the package internal"


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What is looked up if it matters, once at most.

    Attributes:
        exemptions: Of the package.
        told: The findings about the package that people know of.
        group: The package group that the package belongs to.
    """

    exemptions: Callable[[], Sequence[Exemption]]
    told: Callable[[], Collection[str]]
    group: Callable[[], AssociatedGroup]


@dataclass(frozen=True, slots=True)
class OriginFindings:
    """
    What the rule makes of a package.

    Attributes:
        lines: About its restrictions and its mixed origin.
        wanted: The versions from outside that are to be archived.
        report: The versions from outside that people are only to be told of.
        kept: How many things stay as they are by an exemption, or are known already.
    """

    lines: tuple[PlanLine, ...] = ()
    wanted: tuple[Wanted, ...] = ()
    report: tuple[PackageVersion, ...] = ()
    kept: int = 0


def needs_versions(rule: OriginRule, current: Restrictions, *, promoted_to: bool) -> bool:
    """
    Return whether a row of the list of packages does not tell all that *rule* asks for.

    A package that is internal may hold versions from outside, however well its door is closed by
    now: somebody may have called it internal later, and the work of an earlier sweep may have ended
    between the two.
    """
    return rule.kind == "internal" or decide.by_row(rule, current, promoted_to=promoted_to) is None


def origin_findings(
    package: Package,
    rule: OriginRule,
    current: Restrictions,
    versions: Sequence[PackageVersion],
    *,
    promoted_to: bool,
    asked: Asked,
    now: datetime,
) -> OriginFindings:
    """
    Return what *rule* makes of *package*.

    An exemption, the package's group and what was told are only looked up if they can matter.

    Args:
        current: The restrictions as the list of packages showed them: the line is refused when it
            is applied if they are others by then.
        versions: All of them, where :func:`needs_versions` says so.
    """
    decision = decide.by_row(rule, current, promoted_to=promoted_to) or decide.by_origins(
        current, versions, repository=package.repository.name
    )
    lines: list[PlanLine] = []
    kept = 0
    if isinstance(decision, Drifted):
        if decide.exemption(asked.exemptions(), None, now=now) is not None:
            kept += 1
        else:
            lines += _restrict(package, rule, decision, asked)
    elif isinstance(decision, Mixed):
        if MIXED in asked.told():
            kept += 1
        else:
            lines.append(_mixed(package, rule, decision))
    in_use = decide.in_use_from_outside(versions) if rule.kind == "internal" else []
    if not in_use:
        return OriginFindings(tuple(lines), kept=kept)
    external = decide.external_versions(in_use, rule=rule, exemptions=asked.exemptions(), now=now)
    wanted = tuple(Wanted(one, "archive", AUTOMATION, rule.name, WHY) for one in external.archive)
    return OriginFindings(tuple(lines), wanted, external.report, kept + len(external.kept))


def untold(versions: Iterable[PackageVersion], asked: Asked) -> tuple[PackageVersion, ...]:
    """Return those of *versions*, which are only reported, that nobody has been told of yet."""
    found = list(versions)
    if not found:
        return ()
    told = asked.told()
    return tuple(one for one in found if finding(Found(one, "reported", WHY)) not in told)


def report_line(package: Package, rule: OriginRule, versions: Sequence[PackageVersion]) -> PlanLine:
    """Return the line that has a person told of *versions*."""
    found = tuple(planned(one, WHY) for one in versions)
    return PlanLine(
        package=package,
        automation=AUTOMATION,
        rule=rule.name,
        action="report",
        reason=joined(one.reason for one in found),
        versions=found,
    )


def _restrict(package: Package, rule: OriginRule, drifted: Drifted, asked: Asked) -> list[PlanLine]:
    if rule.kind == "inferred":
        decision = decide.unless_grouped(drifted, asked.group())
        if isinstance(decision, Settled):
            return []
    line = PlanLine(
        package=package,
        automation=AUTOMATION,
        rule=rule.name,
        action="restrict",
        reason=drifted.reason,
        before=drifted.before,
        after=drifted.after,
    )
    return [line]


def _mixed(package: Package, rule: OriginRule, mixed: Mixed) -> PlanLine:
    return replace(
        report_line(package, rule, ()),
        reason=mixed.reason,
        mixed=MixedOrigin(mixed.internal, mixed.external),
    )
