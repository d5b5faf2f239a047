"""
Package groups: what exists is read, and brought to what the policy declares.

Trigger: a person (`steward groups`); groups have no events ("Monitoring CodeArtifact events").
Decision: :func:`enforce_origin_controls.groups.plan`, by the policy's ``groups``.
Effect: package groups are created, changed and, if they are ours, removed.
Undo: the policy file's earlier version, applied again. No package or version is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from enforce_origin_controls.groups import (
    Change,
    Plan,
    Step,
    change_for,
    lists_to_read,
    plan,
    reason_to_wait,
    steps_for,
    undeclared,
)
from steward.coordinates import RestrictionMode, RestrictionType
from steward.errors import PackageGroupError
from steward.group_restrictions import ROOT, PackageGroup
from steward.package_groups import PackageGroups
from steward.policy import GroupDeclaration

Progress = Callable[[str], None]
Result = Literal["created", "updated", "removed", "unchanged", "left", "refused", "held back"]

_DONE: Final[dict[str, Result]] = {"create": "created", "update": "updated", "remove": "removed"}
ADOPTED: Final = "Made by somebody else: changed, but never removed."
_MISSING: Final = "ResourceNotFoundException"
_EXISTS: Final = "ConflictException"


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What became of one package group.

    Attributes:
        rule: Its declaration's place in the policy file, ``None`` if it is not declared.
        change: What was to be changed, ``None`` if it was as declared, or is left.
        remarks: What else a person should know, as sentences.
    """

    pattern: str
    rule: str | None
    result: Result
    change: Change | None = None
    remarks: tuple[str, ...] = ()

    @property
    def as_declared(self) -> bool:
        """Whether the group is now what the policy says of it."""
        return self.result not in {"refused", "held back"}


def planned(
    groups: PackageGroups,
    declared: Sequence[GroupDeclaration],
    *,
    progress: Progress = lambda _: None,
) -> Plan:
    """
    Return what has to change in the domain; nothing is written.

    Calls: one per 1,000 groups of the domain; one per 1,000 repositories on each allow-list that
    the policy declares for an existing group, none for an empty one; one for the tags of each
    undeclared group, and of each existing one that has to change. The root's tags are never read.

    Raises:
        PackageGroupError: A call failed; nothing has been changed.
    """
    progress("reading the domain's package groups")
    existing = {group.pattern: group for group in groups.all()}
    allowed: dict[tuple[str, RestrictionType], frozenset[str]] = {}
    for pattern, kind in lists_to_read(declared, existing.values()):
        if pattern not in existing:  # it has vanished since the list was read
            continue
        progress(f"reading who is allowed in {pattern}")
        try:
            allowed[pattern, kind] = groups.allowed_repositories(pattern, kind)
        except PackageGroupError as error:
            if error.code != _MISSING:
                raise
            del existing[pattern]
    first = plan(declared, list(existing.values()), allowed=allowed, ours=())
    changing = {change.pattern for change in first.changes} - {ROOT}
    asked = undeclared(declared, existing.values())
    asked += [group for pattern, group in existing.items() if pattern in changing]
    ours: set[str] = set()
    for group in asked:
        progress(f"reading the tags of {group.pattern}")
        try:
            if groups.is_ours(group):
                ours.add(group.pattern)
        except PackageGroupError as error:
            if error.code != _MISSING:
                raise
            del existing[group.pattern]
    return plan(declared, list(existing.values()), allowed=allowed, ours=ours)


def apply(
    wanted: Plan, groups: PackageGroups, *, progress: Progress = lambda _: None
) -> list[Outcome]:
    """
    Return what became of every group, in the order of *wanted*; refusals do not hold up the others.

    Calls: one for each group to create or remove; for each group to change one per 100 entries that
    its allow-lists gain or lose, at least one; a second one if it gets modes of its own and becomes
    an heir for other types.

    - A group that somebody has made meanwhile is read again and changed.
    - A group that somebody has removed meanwhile is created again.
    - A group is held back if opening it would open one below it that could not be closed, or if it
      would inherit from one above it that could not be.
    """
    work = _Work(
        groups,
        declared={one.pattern: one.declaration for one in wanted.changes if one.declaration},
        changes={one.pattern: one for one in wanted.changes},
    )
    for step in steps_for(wanted.changes):
        if step.kind == "create":
            progress(f"create {step.change.pattern}")
            work.take(step)
    for step in steps_for(work.changes.values()):  # what is created by now may want something else
        if step.kind != "create":
            progress(f"{step.kind} {step.change.pattern}")
            work.take(step)
    outcomes = [_outcome(change, work, wanted.adopted) for change in wanted.changes]
    outcomes += [Outcome(str(one.pattern), one.name, "unchanged") for one in wanted.unchanged]
    outcomes += [Outcome(pattern, None, "left") for pattern in wanted.left]
    return outcomes


@dataclass(slots=True)
class _Work:
    """Takes steps, and remembers by pattern what came in between."""

    groups: PackageGroups
    declared: Mapping[str, GroupDeclaration]
    changes: dict[str, Change]
    failures: dict[str, tuple[Result, Change]] = field(default_factory=dict)
    remarks: dict[str, list[str]] = field(default_factory=dict)

    def take(self, step: Step) -> None:
        """Take *step*, unless its group has failed before."""
        change = step.change
        if change.pattern in self.failures:
            return
        reason = reason_to_wait(step, [failed for _, failed in self.failures.values()])
        if reason is not None:
            self._fail(change, "held back", reason)
            return
        try:
            self._take(step)
        except PackageGroupError as error:
            self._fail(change, "refused", _explained(error, change))

    def remark(self, change: Change, sentence: str) -> None:
        """Tell *sentence* about the group of *change*."""
        self.remarks.setdefault(change.pattern, []).append(sentence)

    def _take(self, step: Step) -> None:
        change = step.change
        if step.kind == "create":
            self._create(change)
        elif step.kind == "remove":
            self._remove(change)
        elif step.kind == "release":
            self._write(change, change.inherited)
        else:
            self._write(change, change.own_modes, with_lists=True)

    def _create(self, change: Change) -> None:
        try:
            self.groups.create(change.pattern)
        except PackageGroupError as error:
            if error.code != _EXISTS:
                raise
            self._adopt(change, self.groups.group(change.pattern))

    def _adopt(self, change: Change, group: PackageGroup) -> None:
        """Change what the next steps do with a group that was not there when they were planned."""
        declaration = self.declared[change.pattern]
        ours = self.groups.is_ours(group)
        self.remark(
            change,
            "Made by somebody else meanwhile: changed, "
            + ("and ours by its tag." if ours else "but not ours, so never removed."),
        )
        allowed = {
            (pattern, kind): self.groups.allowed_repositories(pattern, kind)
            for pattern, kind in lists_to_read([declaration], [group])
        }
        rest = change_for(declaration, group, (), allowed)
        if rest is None:
            del self.changes[change.pattern]
        else:
            self.changes[change.pattern] = rest

    def _remove(self, change: Change) -> None:
        try:
            self.groups.remove(change.pattern)
        except PackageGroupError as error:
            if error.code != _MISSING:
                raise
            self.remark(change, "Somebody else had removed it already.")

    def _write(
        self,
        change: Change,
        modes: Mapping[RestrictionType, RestrictionMode],
        *,
        with_lists: bool = False,
    ) -> None:
        try:
            self.groups.restrict(
                change.pattern,
                modes,
                add=change.add if with_lists else (),
                remove=change.remove if with_lists else (),
            )
        except PackageGroupError as error:
            if not self._has_vanished(change, error):
                raise
            self._create_again(change)

    def _has_vanished(self, change: Change, error: PackageGroupError) -> bool:
        """Return whether the group is what *error* misses, and not a repository."""
        if error.code != _MISSING or change.pattern == ROOT or error.resource_type == "repository":
            return False
        try:
            self.groups.group(change.pattern)
        except PackageGroupError as vanished:
            return vanished.code == _MISSING
        return False

    def _create_again(self, change: Change) -> None:
        self.groups.create(change.pattern)
        self.remark(change, "Removed by somebody else meanwhile: created again.")
        anew = change_for(self.declared[change.pattern], None, (), {})
        if anew is not None and (anew.modes or anew.add):
            self.groups.restrict(anew.pattern, anew.modes, add=anew.add)

    def _fail(self, change: Change, result: Result, sentence: str) -> None:
        self.failures[change.pattern] = (result, change)
        self.remark(change, sentence)


def _outcome(change: Change, work: _Work, adopted: frozenset[str]) -> Outcome:
    failure = work.failures.get(change.pattern)
    done = work.changes.get(change.pattern)
    result: Result = "unchanged" if done is None else _DONE[done.action]
    outcome = Outcome(
        pattern=change.pattern,
        rule=None if change.declaration is None else change.declaration.name,
        result=result if failure is None else failure[0],
        change=done,
        remarks=tuple(work.remarks.get(change.pattern, ())),
    )
    if change.pattern in adopted and failure is None:
        return replace(outcome, remarks=(*outcome.remarks, ADOPTED))
    return outcome


def _explained(error: PackageGroupError, change: Change) -> str:
    """Return what was refused and what to do, naming the place in the policy."""
    declaration = change.declaration
    if declaration is None:
        return f"{error}. It is no longer declared: remove it by hand, or run this again."
    names = {entry.repository for entry in change.add}
    if error.code == _MISSING and names and error.resource_type in {"repository", None}:
        known = error.resource in names
        missing = repr(error.resource) if known else "of one of these names"
        return (
            f"The domain has no repository {missing}, which {declaration.name} has in `allow_in`: "
            "create it or correct the policy." + ("" if known else f" ({error})")
        )
    return f"{error}."
