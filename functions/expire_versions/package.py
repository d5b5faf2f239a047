"""Reconcile one package for an event: gather, decide, take the soft steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from expire_versions.collaborators import AUTOMATION, Collaborators
from expire_versions.gather import gather_retention
from expire_versions.values import Due, Retention, needs_a_mark
from steward.codeartifact import StatusChanges, TargetStatus
from steward.coordinates import Package, PackageVersion
from steward.errors import PackageNotFoundError, StatusUpdateInterruptedError
from steward.ledger import StatusChange
from steward.ledger_marks import Mark
from steward.observability import PackageLog, count
from steward.retention_rules import RetentionRule, StepName

# What is undone by a status update. The others are left to sweeps, which a limit guards.
_SOFT_STEPS: Final[Mapping[StepName, TargetStatus]] = {"unlist": "Unlisted", "archive": "Archived"}
# Our choice: 100 versions of 255 characters are a tenth of a log event ("CloudWatch Logs quotas").
VERSIONS_PER_LINE: Final = 100


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """
    What was decided about a package, and what CodeArtifact made of it.

    Attributes:
        changes: Of each rule and soft step that something was due by.
    """

    decision: Retention
    changes: tuple[tuple[str, StepName, StatusChanges], ...]


def reconcile(package: Package, to: Collaborators) -> Reconciliation:
    """
    Take the soft steps that are due for versions of *package*, and note those that begin to wait.

    Nothing is disposed of or deleted: where that is due, it is logged as left to the sweep. What is
    changed is recorded first, together with the time from which the next step waits. A version
    whose status or contents have changed since the list is left alone and reported as refused.

    Besides what :func:`expire_versions.gather.gather_retention` asks for: 1 update for each 100
    versions of one rule, step and status; 1 write to the ledger for each rule and step.

    Raises:
        PackageNotFoundError: The package or its repository does not exist (any more).
        CodeArtifactError: A call failed; what had been changed before was announced.
        LedgerError: The same for the ledger.
    """
    now = to.now()
    decision = gather_retention(package, None, to.reads, now)
    _log(package, decision)
    rules = {rule.name: rule for rule in to.reads.policy.retention_rules_for(package)}
    _mark(package, decision, to, now)
    changes: list[tuple[str, StepName, StatusChanges]] = []
    for (rule, step), due in _grouped(decision.due).items():
        target = _SOFT_STEPS.get(step)
        if target is None:
            _leave_to_the_sweep(package, due)
            continue
        done = _take(package, due, target, rules[rule], to, at=now)
        changes.append((rule, step, done))
    return Reconciliation(decision, tuple(changes))


def _take(
    package: Package,
    due: Sequence[Due],
    target: TargetStatus,
    rule: RetentionRule,
    to: Collaborators,
    *,
    at: datetime,
) -> StatusChanges:
    """Take the step, the same for all of *due*, under the time *at*."""
    versions = [one.version for one in due]
    recorded = [
        StatusChange(package, one.version, one.status, target, rule.name, AUTOMATION, at)
        for one in versions
    ]
    waits = needs_a_mark(due[0].step, rule.then)
    marks = [Mark(package, one.version, target, rule.name, at) for one in versions if waits]
    to.reads.ledger.record(recorded, marks)
    try:
        changes = to.reads.codeartifact.set_status(package, versions, target, pinned=True)
    except StatusUpdateInterruptedError as interruption:
        # The next look will not find these versions due any more: announce them now.
        _report(package, interruption.changes, target, rule.name, to)
        if isinstance(interruption.__cause__, PackageNotFoundError):
            raise interruption.__cause__ from interruption
        raise
    _report(package, changes, target, rule.name, to)
    return changes


def _mark(package: Package, decision: Retention, to: Collaborators, now: datetime) -> None:
    """Note that the versions whose waiting time begins have their status since *now*."""
    begins = set(decision.to_mark)
    by_rule: dict[str, list[PackageVersion]] = {}
    for one in decision.waiting:
        if one.version in begins:
            by_rule.setdefault(one.rule, []).append(one.version)
    for rule, versions in by_rule.items():
        to.reads.ledger.mark(package, versions, at=now, rule=rule)


def _report(
    package: Package, changes: StatusChanges, target: TargetStatus, rule: str, to: Collaborators
) -> None:
    """Log, count and announce what CodeArtifact did with the decision."""
    log = PackageLog(package)
    for refusal in changes.refused:
        log.warning(
            "refused",
            version=refusal.version.version,
            status=refusal.version.status,
            code=refusal.code,
            reason=refusal.message,
            rule=rule,
        )
    count("VersionsRefused", len(changes.refused))
    count(f"Versions{target}", len(changes.changed))
    if not changes.changed:
        return
    for some in _lines(version.version for version in changes.changed):
        log.info(target.lower(), versions=some, rule=rule)
    to.notices.versions_changed(
        package, changes.changed, status=target, automation=AUTOMATION, rule=rule
    )


def _leave_to_the_sweep(package: Package, due: Sequence[Due]) -> None:
    for some in _lines(one.version.version for one in due):
        PackageLog(package).info(
            "left to the sweep", versions=some, step=due[0].step, rule=due[0].rule
        )
    count("VersionsLeftToSweep", len(due))


def _log(package: Package, decision: Retention) -> None:
    """Log each answer: those with the same words on one line, as a package has many versions."""
    log = PackageLog(package)
    answers: dict[tuple[str, str, str | None, str | None, str | None], list[str]] = {}
    for one in decision.due:
        _add(answers, ("due", one.reason, one.rule, one.step, None), one.version)
    for each in decision.waiting:
        until = each.until.isoformat()
        _add(answers, ("waiting until", each.reason, each.rule, each.step, until), each.version)
    for kept in decision.kept:
        _add(answers, ("kept", kept.reason, kept.rule, None, None), kept.version)
    for (message, reason, rule, step, at), versions in answers.items():
        more = {"step": step, "until": at}
        said = {name: value for name, value in more.items() if value is not None}
        for some in _lines(versions):
            log.info(message, versions=some, reason=reason, rule=rule, **said)
    if not answers:
        log.info("nothing to do", reason="no retention rule applies to a version of this package")
    count("VersionsDue", len(decision.due))
    count("VersionsWaiting", len(decision.waiting))


def _add(
    answers: dict[tuple[str, str, str | None, str | None, str | None], list[str]],
    words: tuple[str, str, str | None, str | None, str | None],
    version: PackageVersion,
) -> None:
    answers.setdefault(words, []).append(version.version)


def _grouped(due: Iterable[Due]) -> dict[tuple[str, StepName], list[Due]]:
    grouped: dict[tuple[str, StepName], list[Due]] = {}
    for one in due:
        grouped.setdefault((one.rule, one.step), []).append(one)
    return grouped


def _lines(versions: Iterable[str]) -> Iterator[list[str]]:
    listed = list(versions)
    for start in range(0, len(listed), VERSIONS_PER_LINE):
        yield listed[start : start + VERSIONS_PER_LINE]
