"""Take the step of one line: record it, have CodeArtifact take it, announce what was changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from enforce_origin_controls import collaborators as origins
from enforce_origin_controls.outcome import Found
from enforce_origin_controls.telling import tell_archived, tell_late, tell_left
from steward.errors import (
    CodeArtifactError,
    PackageNotFoundError,
    RemovalInterruptedError,
    StatusUpdateInterruptedError,
)
from steward.ledger import StatusChange
from steward.ledger_marks import Mark
from steward.removals import RemovalResult
from steward.retention_rules import StepName
from sweep_repositories.applied import Applying, Progress, Refused, RuleOfLine
from sweep_repositories.plan_lines import STATUS_AFTER, PlanLine, PlannedVersion

if TYPE_CHECKING:
    from steward.codeartifact_answers import Refusal
    from steward.coordinates import PackageVersion, Status

# Our choice. DeletePackageVersions takes no revisions: a version that was deleted and published
# again after the plan looks as planned. After this time, and where a clock has jumped, the package
# is listed again to find out.
FRESH: Final = timedelta(hours=1)
# What CodeArtifact answers about a version that is not as it was planned. Which of these it is for
# one that has taken the step already is not documented for every step.
_CHANGED_SINCE: Final = frozenset({"MISMATCHED_STATUS", "MISMATCHED_REVISION", "NOT_ALLOWED"})


def take_step(
    line: PlanLine,
    step: StepName,
    versions: Sequence[PlannedVersion],
    to: Applying,
    progress: Progress,
) -> None:
    """
    Have *versions* take the *step* that *line* is; add what became of each to *progress*.

    What has the status already that the step leads to is told apart from what was refused: where
    CodeArtifact says that some have changed since the plan, the package is listed again, once.

    Raises:
        PackageNotFoundError: There is no such package any more, and the line does not delete.
        CodeArtifactError: A call failed; what was done before is in *progress*, and announced.
        LedgerError: It could not be recorded, so nothing was done; or it could not be noted that
            people were told.
    """
    listed = [one.listed() for one in versions]
    if step == "delete" and abs(to.now() - to.planned_at) > FRESH:
        listed = _as_planned(line, listed, to, progress)
        if not listed:
            return
    at = to.now()
    _record(line, step, listed, at, to)
    done, interruption = _attempt(line, step, listed, to)
    already, refused = _sorted_out(line, step, done, to)
    progress.changed += [one.version for one in done.removed]
    progress.already += [one.version for one in already]
    progress.refused += refused
    if line.automation == origins.AUTOMATION:
        if not _tell(line, done, already, at, to):
            progress.problem = "nobody could be told of what was archived"
    elif done.removed:
        to.notices.versions_changed(
            line.package,
            done.removed,
            status=STATUS_AFTER[step],
            automation=line.automation,
            rule=line.rule,
        )
    if interruption is not None:
        raise interruption


def _as_planned(
    line: PlanLine, listed: Sequence[PackageVersion], to: Applying, progress: Progress
) -> list[PackageVersion]:
    """Return those of *listed* whose contents are still those of the plan, or are gone."""
    try:
        now = {one.version: one for one in to.codeartifact.versions(line.package)}
    except PackageNotFoundError:
        return list(listed)  # the deletion finds out that they are gone
    left: list[PackageVersion] = []
    for one in listed:
        current = now.get(one.version)
        if current is None or one.revision is None or current.revision in (None, one.revision):
            left.append(one)
        else:
            message = "it has been published again since the plan"
            progress.refused.append(Refused(one.version, "MISMATCHED_REVISION", message))
    return left


def _record(
    line: PlanLine, step: StepName, listed: Sequence[PackageVersion], at: datetime, to: Applying
) -> None:
    after = STATUS_AFTER[step]
    changes = [
        StatusChange(line.package, one.version, one.status, after, line.rule, line.automation, at)
        for one in listed
    ]
    marks = [Mark(line.package, one.version, after, line.rule, at) for one in listed]
    to.ledger.record(changes, marks if line.step is not None else ())


def _attempt(
    line: PlanLine, step: StepName, listed: Sequence[PackageVersion], to: Applying
) -> tuple[RemovalResult, CodeArtifactError | None]:
    """Return what was done, and what ended it before it was all done."""
    try:
        return _call(line, step, listed, to), None
    except StatusUpdateInterruptedError as error:
        return RemovalResult(error.changes.changed, (), error.changes.refused), error
    except RemovalInterruptedError as error:
        return error.done, error
    except PackageNotFoundError:
        if step != "delete":
            raise
        return RemovalResult(gone=tuple(listed)), None


def _call(
    line: PlanLine, step: StepName, listed: Sequence[PackageVersion], to: Applying
) -> RemovalResult:
    match step:
        case "dispose":
            return to.removals.dispose(line.package, listed)
        case "delete":
            return to.removals.delete(line.package, listed)
        case "unlist":
            changes = to.codeartifact.set_status(line.package, listed, "Unlisted", pinned=True)
        case "archive":
            changes = to.codeartifact.set_status(line.package, listed, "Archived", pinned=True)
    return RemovalResult(changes.changed, (), changes.refused)


def _sorted_out(
    line: PlanLine, step: StepName, done: RemovalResult, to: Applying
) -> tuple[list[PackageVersion], list[Refused]]:
    """
    Return what was so already, and what was refused.

    Whether archived versions are listed is documented in two ways: one that was not as planned,
    exists and is not listed is archived.
    """
    already: list[PackageVersion] = []
    refused: list[Refused] = []
    if step == "delete":
        already += done.gone
    else:
        refused += [
            Refused(one.version, "NOT_FOUND", "it does not exist any more") for one in done.gone
        ]
    now = None if step == "delete" else _statuses(line, done.refused, to)
    hidden: Status | None = "Archived" if step == "archive" else None
    for one in done.refused:
        name = one.version.version
        if (
            now is not None
            and one.code in _CHANGED_SINCE
            and now.get(name, hidden) == STATUS_AFTER[step]
        ):
            already.append(one.version)
        else:
            refused.append(Refused(name, one.code, one.message))
    return already, refused


def _statuses(line: PlanLine, refused: Iterable[Refusal], to: Applying) -> dict[str, Status] | None:
    """Return the status of each version that is listed by now, if any was changed since."""
    if not any(one.code in _CHANGED_SINCE for one in refused):
        return None
    try:
        return {one.version: one.status for one in to.codeartifact.versions(line.package)}
    except PackageNotFoundError:
        return None


def _tell(
    line: PlanLine,
    done: RemovalResult,
    already: Sequence[PackageVersion],
    at: datetime,
    to: Applying,
) -> bool:
    """
    Tell people of the versions from outside among *done*, as it is done on events.

    Returns:
        Whether nothing is left to be told: if something is, the line has to be applied again.
    """
    rule = RuleOfLine(line.rule)
    why = {one.version: one.reason for one in line.versions}
    archived = [Found(one, "archived", why[one.version]) for one in done.removed]
    refused = [
        Found(one.version, "refused", one.message or one.code, one.code) for one in done.refused
    ]
    # What somebody has changed meanwhile is looked at again by the next sweep.
    refused = [one for one in refused if not one.overtaken]
    told = tell_archived(line.package, [*archived, *refused], rule, to, at=at)
    if already:
        told = tell_late(line.package, already, rule, to) and told
    tell_left(line.package, refused, rule, to)
    return told
