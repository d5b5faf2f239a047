"""What automations have changed in a package, and putting it back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, TypeGuard, get_args

from steward.codeartifact import CodeArtifact, TargetStatus
from steward.coordinates import PackageVersion, Restrictions, Status
from steward.errors import CodeArtifactError, PackageNotFoundError, StatusUpdateInterruptedError
from steward.ledger import Change, RestrictionsChange, StatusChange

if TYPE_CHECKING:
    from steward.coordinates import Package

# What can be said of a part before anything is done, and after.
Standing = Literal["changed", "already back", "changed since", "gone", "impossible"]
Outcome = Literal[Standing, "put back", "failed"]

_TARGETS: Final[tuple[TargetStatus, ...]] = get_args(TargetStatus)
_HOLDING: Final = frozenset[Outcome]({"changed", "already back"})
_DISPOSED: Final = "it was disposed of: its assets are gone for good, and no status comes back"
_DELETED: Final = "it was deleted, which nobody can undo; it can be published again"


@dataclass(frozen=True, slots=True)
class Part:
    """
    The restrictions of a package, or one version, that an automation has changed.

    Attributes:
        change: The newest one that is recorded for it; of a version that was taken further step by
            step, with the status that it had before the first of these steps.
        now: What it is now, None if it does not exist any more.
        outcome: How it stands or, later, what became of it.
        reason: Why, for people. Empty where the outcome says it all.
        found: What it was before it was put back, None for all others.
    """

    change: Change
    now: Restrictions | Status | None
    outcome: Outcome
    reason: str = ""
    found: Restrictions | Status | None = None

    @property
    def version(self) -> str | None:
        """The version, None for the restrictions."""
        return self.change.version if isinstance(self.change, StatusChange) else None

    @property
    def target(self) -> TargetStatus | None:
        """The status to put a version back to: Published if it was Unfinished; None: no status."""
        return _target(self.change)

    @property
    def to_exempt(self) -> bool:
        """Whether the automation has to leave it alone from now on."""
        return self.outcome in _HOLDING


def newest_changes(changes: Iterable[Change], parts: Sequence[str | None] = ()) -> list[Change]:
    """
    Return the newest change of the restrictions, then of each version, by their names.

    Args:
        changes: Of one package, newest first.
        parts: Only these versions, and the restrictions only if None is among them. Empty for
            everything.
    """
    newest: dict[str | None, Change] = {}
    for change in changes:
        newest.setdefault(change.version if isinstance(change, StatusChange) else None, change)
    if parts:
        return [newest[part] for part in parts if part in newest]
    return [newest[part] for part in sorted(newest, key=lambda part: part or "")]


def look(
    package: "Package",
    newest: Sequence[Change],
    codeartifact: CodeArtifact,
    *,
    changes: Sequence[Change],
) -> list[Part]:
    """
    Return how each of *newest* stands.

    One call for the restrictions, and one per 1,000 versions, if *newest* are about them.

    Args:
        changes: All that is recorded of the package, newest first.

    Raises:
        PackageNotFoundError: The package or its repository does not exist (any more).
        CodeArtifactError: A call failed.
    """
    restrictions: Restrictions | None = None
    statuses: dict[str, Status] = {}
    if any(isinstance(change, RestrictionsChange) for change in newest):
        restrictions = codeartifact.restrictions(package)
    if any(isinstance(change, StatusChange) for change in newest):
        statuses = {one.version: one.status for one in codeartifact.versions(package)}
    return [standing(change, restrictions, statuses, changes=changes) for change in newest]


def standing(
    change: Change,
    restrictions: Restrictions | None,
    statuses: Mapping[str, Status],
    *,
    changes: Sequence[Change] = (),
) -> Part:
    """
    Return how the part that *change* changed stands, by what is there now.

    - `changed`: as the automation left it, so it can be put back. If one rule of one automation has
      taken a version further step by step (Unlisted, later Archived), all these steps are put back
      at once, whichever of them was the last that was really taken.
    - `already back`: as it was before.
    - `changed since`: something else; whoever did that knew more than the record.
    - `gone`: the version is not there any more. If an automation deleted it, the reason says so.
    - `impossible`: it was disposed of, which nobody can undo ("Dispose of package versions", User
      Guide).

    A version that was Unfinished goes back to Published, as nothing can be set to Unfinished
    (UpdatePackageVersionsStatus, API Reference: Published, Unlisted and Archived can).

    Args:
        change: The newest change of the part.
        restrictions: Those of the package now.
        statuses: Of its versions now.
        changes: All that is recorded of the package, newest first.
    """
    if isinstance(change, RestrictionsChange):
        return _restrictions_standing(change, restrictions)
    first, left_as = _steps(change, changes)
    whole = replace(change, before=first)
    now = statuses.get(change.version)
    if now is None or now == "Deleted":
        deleted = change.after == "Deleted"
        return Part(whole, None, "gone", _DELETED if deleted else "it does not exist any more")
    if now == "Disposed":
        return Part(whole, now, "impossible", _DISPOSED)
    if now in (first, _target(whole)):
        return Part(whole, now, "already back")
    if now not in left_as:
        return Part(whole, now, "changed since", f"it was set to {change.after}, then to {now}")
    return Part(whole, now, "changed")


def put_back(package: "Package", parts: Sequence[Part], codeartifact: CodeArtifact) -> list[Part]:
    """
    Return *parts* as they are after those that stood as `changed` were put back, or refused.

    Versions are guarded by the status that they were found in: one call per 100 versions of one
    status. A failure of one call keeps no other from being tried; nothing is raised.
    """
    done = {
        part.version: _with_restrictions_back(package, part, codeartifact)
        for part in parts
        if part.outcome == "changed" and isinstance(part.change, RestrictionsChange)
    }
    for target in _TARGETS:
        some = [part for part in parts if part.outcome == "changed" and part.target == target]
        if some:
            done |= _with_statuses_back(package, some, target, codeartifact)
    return [done.get(part.version, part) for part in parts]


def by_status(parts: Iterable[Part]) -> dict[tuple[TargetStatus, str], list[PackageVersion]]:
    """
    Return the versions of *parts* that were put back, by the status that they have now and by rule.

    They have the status that they were found in, which was theirs until then.
    """
    found: dict[tuple[TargetStatus, str], list[PackageVersion]] = {}
    for part in parts:
        was, target, version = part.found, part.target, part.version
        if part.outcome == "put back" and target is not None and version is not None:
            if isinstance(was, Restrictions) or was is None:
                continue
            found.setdefault((target, part.change.rule), []).append(PackageVersion(version, was))
    return found


def _restrictions_standing(change: RestrictionsChange, now: Restrictions | None) -> Part:
    if now is None:
        return Part(change, None, "gone", "it does not exist any more")
    if now == change.before:
        return Part(change, now, "already back")
    if now != change.after:
        return Part(change, now, "changed since", f"it was set to {change.after}, then to {now}")
    return Part(change, now, "changed")


def _steps(newest: StatusChange, changes: Iterable[Change]) -> tuple[Status, frozenset[Status]]:
    """
    Return the status before the first of the steps that led to *newest*, and those they led to.

    A step that was recorded again, because CodeArtifact refused it or the call failed, is one step.
    """
    first = newest.before
    left_as = {newest.after}
    for change in changes:
        if (
            not isinstance(change, StatusChange)
            or change.version != newest.version
            or change.at > newest.at
        ):
            continue
        if change.after == first and _by_the_same(change, newest):
            left_as.add(change.after)
            first = change.before
        elif change.before != first:
            break
    return first, frozenset(left_as)


def _by_the_same(one: StatusChange, other: StatusChange) -> bool:
    return (one.automation, one.rule) == (other.automation, other.rule)


def _with_restrictions_back(package: "Package", part: Part, codeartifact: CodeArtifact) -> Part:
    before = part.change.before
    if not isinstance(before, Restrictions):  # a status is put back with others of its kind
        return part
    try:
        codeartifact.put_restrictions(package, before)
    except CodeArtifactError as error:
        return replace(part, outcome="failed", reason=_said(error))
    return replace(part, outcome="put back", now=before, found=part.now)


def _with_statuses_back(
    package: "Package", parts: Sequence[Part], target: TargetStatus, codeartifact: CodeArtifact
) -> dict[str | None, Part]:
    """Return *parts*, by version, after their versions were set to *target*, or refused."""
    versions = [
        PackageVersion(part.change.version, part.now)
        for part in parts
        if isinstance(part.change, StatusChange) and _is_status(part.now)
    ]
    failure = "CodeArtifact did not get to it"
    try:
        changes = codeartifact.set_status(package, versions, target)
    except StatusUpdateInterruptedError as error:
        changes, failure = error.changes, _said(error)
    except CodeArtifactError as error:
        return {
            part.version: replace(part, outcome="failed", reason=_said(error)) for part in parts
        }
    changed = {version.version for version in changes.changed}
    refused = {one.version.version: f"{one.code}: {one.message}" for one in changes.refused}
    return {
        part.version: replace(part, outcome="put back", now=target, found=part.now)
        if part.version in changed
        else replace(part, outcome="failed", reason=refused.get(part.version or "", failure))
        for part in parts
    }


def _said(error: CodeArtifactError) -> str:
    if isinstance(error, PackageNotFoundError):
        return "it does not exist any more"
    return str(error)


def _target(change: Change) -> TargetStatus | None:
    if not isinstance(change, StatusChange):
        return None
    if change.before == "Unfinished":
        return "Published"
    return change.before if _is_target(change.before) else None


def _is_target(status: Status) -> TypeGuard[TargetStatus]:
    return status in _TARGETS


def _is_status(now: Restrictions | Status | None) -> TypeGuard[Status]:
    return isinstance(now, str)
