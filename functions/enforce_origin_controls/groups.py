"""The decision: how a domain's package groups become what the policy declares. Values only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from steward import patterns
from steward.coordinates import RestrictionMode, RestrictionType
from steward.errors import PatternError
from steward.group_restrictions import ROOT, TYPES, AllowedRepository, PackageGroup
from steward.patterns import Pattern
from steward.policy import GroupDeclaration

Action = Literal["create", "update", "remove"]
StepKind = Literal["create", "restrict", "release", "remove"]

_LISTED: Final[RestrictionMode] = "ALLOW_SPECIFIC_REPOSITORIES"
_OPENNESS: Final[dict[RestrictionMode, int]] = {"BLOCK": 0, _LISTED: 1, "ALLOW": 2}
_INHERITING: Final[dict[RestrictionType, RestrictionMode]] = dict.fromkeys(TYPES, "INHERIT")

AllowLists = Mapping[tuple[str, RestrictionType], Collection[str]]


@dataclass(frozen=True, slots=True)
class Change:
    """
    What has to become different about one package group.

    Attributes:
        declaration: What the policy says of it; ``None`` if it is to be removed.
        before: Its own modes now; a group that is to be created inherits everything.
        effective: What they come to now.
        modes: Its own modes that have to change, as they will be.
        add: The entries to add to its allow-lists.
        remove: The entries to take out of them.
    """

    pattern: str
    action: Action
    declaration: GroupDeclaration | None
    before: Mapping[RestrictionType, RestrictionMode]
    effective: Mapping[RestrictionType, RestrictionMode]
    modes: Mapping[RestrictionType, RestrictionMode]
    add: tuple[AllowedRepository, ...] = ()
    remove: tuple[AllowedRepository, ...] = ()

    @property
    def own_modes(self) -> dict[RestrictionType, RestrictionMode]:
        """Those of its new modes that are not inherited."""
        return {kind: mode for kind, mode in self.modes.items() if mode != "INHERIT"}

    @property
    def inherited(self) -> dict[RestrictionType, RestrictionMode]:
        """Those of its new modes that are inherited."""
        return {kind: mode for kind, mode in self.modes.items() if mode == "INHERIT"}

    @property
    def closes(self) -> frozenset[RestrictionType]:
        """The types that it inherits now, and that it will restrict itself."""
        return frozenset(
            kind
            for kind, mode in self.own_modes.items()
            if mode != "ALLOW" and self.before[kind] == "INHERIT"
        )

    @property
    def opens(self) -> frozenset[RestrictionType]:
        """The types for which its packages, or those of groups below it, may get more freedom."""
        if self.action == "remove":
            left = {kind: mode for kind, mode in self.before.items() if mode != "INHERIT"}
            return frozenset(kind for kind, mode in left.items() if mode != "ALLOW")
        opened = {entry.type for entry in self.add if entry.type not in self.modes}
        for kind, mode in self.modes.items():
            least = _OPENNESS[self.effective[kind]]
            another_list = mode == _LISTED and least == _OPENNESS[_LISTED]
            if another_list or _OPENNESS.get(mode, _OPENNESS["ALLOW"]) > least:
                opened.add(kind)
        return frozenset(opened)

    @property
    def too_free(self) -> frozenset[RestrictionType]:
        """The types for which it may have more freedom than it should, while it stays as it is."""
        wanted = _INHERITING if self.action == "remove" else self.modes
        closing = {
            kind
            for kind, mode in wanted.items()
            if mode not in {"ALLOW", self.before[kind]} and self.before[kind] != "BLOCK"
        }
        return frozenset(closing | {entry.type for entry in self.remove})


@dataclass(frozen=True, slots=True)
class Step:
    """One part of a change, at its place among the parts of the others."""

    kind: StepKind
    change: Change


@dataclass(frozen=True, slots=True)
class Plan:
    """
    The answer for every package group of the domain and of the policy.

    Attributes:
        changes: Groups that have to change, least specific first.
        unchanged: Groups that are as they are declared.
        left: Groups that are neither declared nor ours, nor the root.
        adopted: Declared groups among ``changes`` that somebody else made: they are brought to what
            the policy says, get no tag, and so are never removed.
    """

    changes: tuple[Change, ...]
    unchanged: tuple[GroupDeclaration, ...]
    left: tuple[str, ...]
    adopted: frozenset[str] = frozenset()


def lists_to_read(
    declared: Iterable[GroupDeclaration], existing: Iterable[PackageGroup]
) -> list[tuple[str, RestrictionType]]:
    """
    Return the allow-lists that a plan has to know, by pattern and type.

    Those are the lists of existing groups for which the policy has an ``allow_in``, unless they are
    empty. Lists of other modes count for nothing in CodeArtifact; they are left as they are.
    """
    by_pattern = {group.pattern: group for group in existing}
    return [
        (str(one.pattern), kind)
        for one in declared
        if (group := by_pattern.get(str(one.pattern))) is not None
        for kind in TYPES
        if one.modes[kind] == _LISTED and group.counts.get(kind) != 0
    ]


def undeclared(
    declared: Iterable[GroupDeclaration], existing: Iterable[PackageGroup]
) -> list[PackageGroup]:
    """Return the groups that are to be removed if they are ours: never the root."""
    wanted = {str(one.pattern) for one in declared} | {ROOT}
    return [group for group in existing if group.pattern not in wanted]


def plan(
    declared: Sequence[GroupDeclaration],
    existing: Sequence[PackageGroup],
    *,
    allowed: AllowLists,
    ours: Collection[str],
) -> Plan:
    """
    Return what has to change so that the domain's package groups are the declared ones.

    - A declared group that does not exist is created.
    - A declared group gets the modes of the policy, and for each ``allow_in`` exactly its list.
    - A group that is not declared is removed if it is ours, else left. The root is never created
      or removed, and left unless it is declared.
    - What is already so is not written.

    Args:
        declared: What the policy says, one declaration a pattern.
        existing: Every group of the domain.
        allowed: What stands on the lists that :func:`lists_to_read` asked for.
        ours: Which of the groups have our tag, as far as somebody has asked.
    """
    by_pattern = {group.pattern: group for group in existing}
    changes: list[Change] = []
    unchanged: list[GroupDeclaration] = []
    for one in declared:
        change = change_for(one, by_pattern.get(str(one.pattern)), existing, allowed)
        if change is None:
            unchanged.append(one)
        else:
            changes.append(change)
    left: list[str] = []
    for group in undeclared(declared, existing):
        if group.pattern in ours:
            changes.append(
                Change(group.pattern, "remove", None, group.modes, group.effective, modes={})
            )
        else:
            left.append(group.pattern)
    return Plan(
        changes=tuple(sorted(changes, key=_specificity)),
        unchanged=tuple(unchanged),
        left=tuple(sorted(left)),
        adopted=frozenset(
            change.pattern
            for change in changes
            if change.action == "update" and change.pattern not in {*ours, ROOT}
        ),
    )


def change_for(
    declaration: GroupDeclaration,
    group: PackageGroup | None,
    existing: Iterable[PackageGroup],
    allowed: AllowLists,
) -> Change | None:
    """
    Return what has to change about one declared group, ``None`` if nothing has.

    Args:
        declaration: What the policy says of it.
        group: The group, if it exists.
        existing: Every group: a new one inherits from the most specific one that covers it.
        allowed: What stands on its allow-lists.
    """
    pattern = str(declaration.pattern)
    before = _INHERITING if group is None else group.modes
    effective = _inherited(pattern, existing) if group is None else group.effective
    modes = {kind: mode for kind, mode in declaration.modes.items() if mode != before[kind]}
    add: set[AllowedRepository] = set()
    remove: set[AllowedRepository] = set()
    for kind, names in declaration.allowed.items():
        present = set(allowed.get((pattern, kind), ()))
        add |= {AllowedRepository(kind, name) for name in set(names) - present}
        remove |= {AllowedRepository(kind, name) for name in present - set(names)}
    if group is not None and not (modes or add or remove):
        return None
    return Change(
        pattern,
        "create" if group is None else "update",
        declaration,
        before,
        effective,
        modes,
        tuple(sorted(add)),
        tuple(sorted(remove)),
    )


def steps_for(changes: Iterable[Change]) -> list[Step]:
    """
    Return the steps of *changes* in an order in which no package is between two policies.

    1. Groups are created, parents first. A new group inherits each type of restriction, so nothing
       is opened or closed by that, and CodeArtifact has time to associate packages with it.
    2. Groups get modes of their own and their lists, children first: whoever inherits and is about
       to have a mode of its own has it before its parent changes.
    3. Groups become heirs, or are removed and leave their packages to their parent, parents first:
       by now, and only now, the parent is what the policy says.

    So what a package may do changes once for each type, from what it was to what it will be: no
    step closes what is open before and after, or opens what is closed before and after.
    """
    changes = sorted(changes, key=_specificity)
    steps = [Step("create", one) for one in changes if one.action == "create"]
    steps += [
        Step("restrict", one) for one in reversed(changes) if one.own_modes or one.add or one.remove
    ]
    for one in changes:
        if one.action == "remove":
            steps.append(Step("remove", one))
        elif one.inherited:
            steps.append(Step("release", one))
    return steps


def reason_to_wait(step: Step, failed: Iterable[Change]) -> str | None:
    """
    Return why the step would open packages against the policy by now, as a sentence, if it would.

    - A group below it was to be closed and is not: it inherits, so its packages are opened too.
    - It would inherit from a group above it that has more freedom than it should have.

    Our choice: it waits for the next run. What gives no more freedom goes on.
    """
    if step.kind == "create":
        return None
    change = step.change
    gives_up: frozenset[RestrictionType] = frozenset()
    if step.kind == "remove":
        gives_up = change.opens
    elif step.kind == "release":
        gives_up = change.opens & change.inherited.keys()
    for other in failed:
        if other.pattern == change.pattern:
            continue
        if other.closes & change.opens and _covers(change.pattern, other.pattern):
            return f"{other.pattern}, which is below it, would be opened."
        if other.too_free & gives_up and _covers(other.pattern, change.pattern):
            return f"{other.pattern}, which is above it, is more open than declared."
    return None


def _specificity(change: Change) -> tuple[int, bool, bool, str]:
    """Of two groups that share a package, the parent comes first (`Pattern.specificity`)."""
    pattern = change.pattern
    return len(pattern), pattern.endswith("$"), pattern.endswith("~"), pattern


def _inherited(
    pattern: str, existing: Iterable[PackageGroup]
) -> Mapping[RestrictionType, RestrictionMode]:
    parents = [group for group in existing if _covers(group.pattern, pattern)]
    parent = max(parents, key=lambda group: len(group.pattern), default=None)
    return dict.fromkeys(TYPES, "ALLOW") if parent is None else parent.effective


def _covers(pattern: str, other: str) -> bool:
    above, below = _parsed(pattern), _parsed(other)
    return above is not None and below is not None and above.covers(below)


@lru_cache(maxsize=10_000)
def _parsed(text: str) -> Pattern | None:
    try:
        return patterns.parse(text)
    except PatternError:  # somebody else's group, with a pattern that this project does not know
        return None
