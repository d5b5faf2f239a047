"""What an automation has changed in a package, and putting it back."""

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


@dataclass(frozen=True, slots=True)
class Part:
    """
    The restrictions of a package, or one version, that an automation has changed.

    Attributes:
        change: The newest one that is recorded for it.
        now: What it is now, None if it does not exist any more.
        outcome: How it stands or, later, what became of it.
        reason: Why, for people. Empty where the outcome says it all.
    """

    change: Change
    now: Restrictions | Status | None
    outcome: Outcome
    reason: str = ""

    @property
    def version(self) -> str | None:
        """The version, None for the restrictions."""
        return self.change.version if isinstance(self.change, StatusChange) else None

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


def look(package: "Package", changes: Sequence[Change], codeartifact: CodeArtifact) -> list[Part]:
    """
    Return how each of *changes* stands.

    One call for the restrictions, and one per 1,000 versions, if *changes* are about them.

    Raises:
        PackageNotFoundError: The package or its repository does not exist (any more).
        CodeArtifactError: A call failed.
    """
    restrictions: Restrictions | None = None
    statuses: dict[str, Status] = {}
    if any(isinstance(change, RestrictionsChange) for change in changes):
        restrictions = codeartifact.restrictions(package)
    if any(isinstance(change, StatusChange) for change in changes):
        statuses = {one.version: one.status for one in codeartifact.versions(package)}
    return [standing(change, restrictions, statuses) for change in changes]


def standing(
    change: Change, restrictions: Restrictions | None, statuses: Mapping[str, Status]
) -> Part:
    """
    Return how the part that *change* changed stands, by what is there now.

    - `changed`: as the automation left it, so it can be put back.
    - `already back`: as it was before.
    - `changed since`: something else; whoever did that knew more than the record.
    - `gone`: the version is not there any more.
    - `impossible`: the status it had is none that can be set (UpdatePackageVersionsStatus, API
      Reference: Published, Unlisted and Archived can).
    """
    now: Restrictions | Status | None = restrictions
    if isinstance(change, StatusChange):
        now = statuses.get(change.version)
    if now is None or now == "Deleted":
        return Part(change, None, "gone", "it does not exist any more")
    if now == change.before:
        return Part(change, now, "already back")
    if now != change.after:
        return Part(change, now, "changed since", f"it was set to {change.after}, then to {now}")
    if isinstance(change, StatusChange) and not _is_target(change.before):
        return Part(
            change, now, "impossible", f"CodeArtifact sets no version to {change.before} again"
        )
    return Part(change, now, "changed")


def put_back(package: "Package", parts: Sequence[Part], codeartifact: CodeArtifact) -> list[Part]:
    """
    Return *parts* as they are after those that stood as `changed` were put back, or refused.

    Versions are guarded by the status that the automation gave them: one call per 100 versions of
    one status. A failure of one call keeps no other from being tried; nothing is raised.
    """
    done = {
        part.version: _with_restrictions_back(package, part, codeartifact)
        for part in parts
        if part.outcome == "changed" and isinstance(part.change, RestrictionsChange)
    }
    for target in _TARGETS:
        some = [
            part
            for part in parts
            if part.outcome == "changed"
            and isinstance(part.change, StatusChange)
            and part.change.before == target
        ]
        if some:
            done |= _with_statuses_back(package, some, target, codeartifact)
    return [done.get(part.version, part) for part in parts]


def by_status(parts: Iterable[Part]) -> dict[tuple[TargetStatus, str], list[PackageVersion]]:
    """
    Return the versions of *parts* that were put back, by the status that they have now and by rule.

    They have the status that the automation had given them, which was theirs until then.
    """
    found: dict[tuple[TargetStatus, str], list[PackageVersion]] = {}
    for part in parts:
        change = part.change
        if (
            part.outcome == "put back"
            and isinstance(change, StatusChange)
            and _is_target(change.before)
        ):
            version = PackageVersion(change.version, change.after)
            found.setdefault((change.before, change.rule), []).append(version)
    return found


def _with_restrictions_back(package: "Package", part: Part, codeartifact: CodeArtifact) -> Part:
    before = part.change.before
    if not isinstance(before, Restrictions):  # a status is put back with others of its kind
        return part
    try:
        codeartifact.put_restrictions(package, before)
    except CodeArtifactError as error:
        return replace(part, outcome="failed", reason=_said(error))
    return replace(part, outcome="put back", now=before)


def _with_statuses_back(
    package: "Package", parts: Sequence[Part], target: TargetStatus, codeartifact: CodeArtifact
) -> dict[str | None, Part]:
    """Return *parts*, by version, after their versions were set to *target*, or refused."""
    versions = [
        PackageVersion(part.change.version, part.change.after)
        for part in parts
        if isinstance(part.change, StatusChange)
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
        part.version: replace(part, outcome="put back", now=target)
        if part.version in changed
        else replace(part, outcome="failed", reason=refused.get(part.version or "", failure))
        for part in parts
    }


def _said(error: CodeArtifactError) -> str:
    if isinstance(error, PackageNotFoundError):
        return "it does not exist any more"
    return str(error)


def _is_target(status: Status) -> TypeGuard[TargetStatus]:
    return status in _TARGETS
