"""
Carry out the lines of one package, as they were planned: what has changed since is left alone.

- A change is recorded in the ledger before it is made, announced after it.
- CodeArtifact itself refuses versions that have another status than planned, or other contents
  (``expectedStatus``, ``versionRevisions``; DeletePackageVersions takes no revisions).
- A line may be applied again: what an earlier attempt has done is told apart from what others did.
- Exemptions that were written after the plan count.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from enforce_origin_controls.decision import Mixed
from enforce_origin_controls.outcome import Found
from enforce_origin_controls.telling import tell_left, tell_mixed
from steward.errors import PackageNotFoundError, StewardError
from steward.ledger import RestrictionsChange
from steward.observability import PackageLog
from sweep_repositories.applied import (
    THE_PACKAGE,
    Applied,
    Applying,
    Judge,
    Progress,
    Refused,
    RuleOfLine,
)
from sweep_repositories.steps import take_step
from sweep_repositories.wanted import in_order

if TYPE_CHECKING:
    from steward.coordinates import Package
    from steward.ledger import Exemption
    from sweep_repositories.plan_lines import PlanLine, PlannedVersion

__all__ = ["THE_PACKAGE", "Applied", "Applying", "Judge", "Refused", "apply_lines"]

# Our choice: 100 versions of 255 characters are a tenth of a log event ("CloudWatch Logs quotas").
VERSIONS_PER_LINE: Final = 100


def apply_lines(lines: Sequence[PlanLine], to: Applying) -> list[Applied]:
    """
    Carry out *lines*, all of one package, in their order; return what became of each.

    For a package: 1 BatchWriteItem and then 1 call per 100 versions of one status for each line
    that takes a step, more where some are refused; 1 DescribePackage and 1 write for restrictions;
    1 message for all that is to be judged. A ListPackageVersions only where versions were refused
    that an earlier attempt may have changed, or where a plan that deletes is not fresh any more
    (:mod:`sweep_repositories.steps`).

    A line that fails holds up none of the others; nothing is raised for it.

    Raises:
        ValueError: They are not all of one package.
    """
    packages = {line.package for line in lines}
    if len(packages) > 1:
        raise ValueError(f"these lines are about {len(packages)} packages")
    if not lines:
        return []
    work = _Work(lines[0].package, to)
    return [work.apply(line) for line in in_order(lines)]


class _Work:
    """The lines of one package; each thing is asked for once at most."""

    def __init__(self, package: Package, to: Applying) -> None:
        self._package = package
        self._to = to
        self._exemptions: list[Exemption] | None = None
        self._asked_the_judge = False

    def apply(self, line: PlanLine) -> Applied:
        progress = Progress()
        try:
            self._carry_out(line, progress)
        except PackageNotFoundError as error:
            progress.refused.append(Refused(None, "NOT_FOUND", str(error)))
        except StewardError as error:
            progress.problem = str(error)
        applied = Applied(
            line,
            tuple(progress.changed),
            tuple(progress.already),
            tuple(progress.refused),
            tuple(progress.kept),
            progress.problem,
        )
        _log(applied)
        return applied

    def _carry_out(self, line: PlanLine, progress: Progress) -> None:
        match line.action:
            case "restrict":
                self._restrict(line, progress)
            case "mark":
                versions = self._not_exempt(line.versions, progress)
                if versions:
                    listed = [one.listed() for one in versions]
                    self._to.ledger.mark(self._package, listed, at=self._to.now(), rule=line.rule)
                    progress.changed += [one.version for one in versions]
            case "promote":
                self._have_judged(line, progress)
            case "report":
                self._report(line, progress)
            case "unlist" | "archive" | "dispose" | "delete":
                versions = self._not_exempt(line.versions, progress)
                if versions:
                    take_step(line, line.action, versions, self._to, progress)

    def _restrict(self, line: PlanLine, progress: Progress) -> None:
        before, after = line.before, line.after
        if before is None or after is None:
            raise ValueError("a line that restricts needs before and after")
        current = self._to.codeartifact.restrictions(self._package)
        if current == after:
            progress.already.append(THE_PACKAGE)
            return
        if current != before:
            message = f"they have changed since the plan: {current}"
            progress.refused.append(Refused(None, "MISMATCHED_RESTRICTIONS", message))
            return
        if any(one.version is None and one.in_force(self._to.now()) for one in self._exempted()):
            progress.kept.append(THE_PACKAGE)
            return
        change = RestrictionsChange(
            self._package, before, after, line.rule, line.automation, self._to.now()
        )
        self._to.ledger.record([change])
        if not self._to.codeartifact.put_restrictions(self._package, after):
            return
        progress.changed.append(THE_PACKAGE)
        self._to.notices.restrictions_changed(
            self._package, before, after, automation=line.automation, rule=line.rule
        )

    def _have_judged(self, line: PlanLine, progress: Progress) -> None:
        if self._to.promotions is None:
            progress.problem = "nobody is there to judge what may be promoted"
            return
        if not self._asked_the_judge:
            self._to.promotions.look(self._package)  # by all rules
            self._asked_the_judge = True
        progress.changed += [one.version for one in line.versions]

    def _report(self, line: PlanLine, progress: Progress) -> None:
        rule = RuleOfLine(line.rule)
        if line.mixed is not None:
            mixed = Mixed(line.mixed.internal, line.mixed.external)
            tell_mixed(self._package, mixed, rule, self._to)
            progress.changed.append(THE_PACKAGE)
        if line.versions:
            found = [Found(one.listed(), "reported", one.reason) for one in line.versions]
            tell_left(self._package, found, rule, self._to)
            progress.changed += [one.version for one in line.versions]

    def _not_exempt(
        self, versions: Sequence[PlannedVersion], progress: Progress
    ) -> list[PlannedVersion]:
        exempt = {one.version for one in self._exempted() if one.in_force(self._to.now())}
        progress.kept += [one.version for one in versions if one.version in exempt]
        return [one for one in versions if one.version not in exempt]

    def _exempted(self) -> list[Exemption]:
        """Return the exemptions of the package, without asking if there are no new ones."""
        if self._exemptions is None:
            new = self._to.exemptions.written_since(self._to.planned_at)
            self._exemptions = self._to.ledger.exemptions(self._package) if new else []
        return self._exemptions


def _log(applied: Applied) -> None:
    line = applied.line
    log = PackageLog(line.package)
    said = {"action": line.action, "automation": line.automation, "rule": line.rule}
    for message, names in (
        ("changed", applied.changed),
        ("already so", applied.already),
        ("kept", applied.kept),
    ):
        for start in range(0, len(names), VERSIONS_PER_LINE):
            some = [one for one in names[start : start + VERSIONS_PER_LINE] if one != THE_PACKAGE]
            log.info(message, **said, **({"versions": some} if some else {}))
    for refused in applied.refused:
        about = {} if refused.version is None else {"version": refused.version}
        log.warning("refused", code=refused.code, reason=refused.message, **said, **about)
    if applied.problem is not None:
        log.error("not applied", reason=applied.problem, **said)
