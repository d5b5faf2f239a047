"""The compiled policy at run time: frozen values, and which rule is whose."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, TypeVar

from steward import patterns
from steward.coordinates import Package, Restriction, RestrictionMode, RestrictionType
from steward.errors import PolicyError, StewardError
from steward.patterns import Pattern

if TYPE_CHECKING:
    from steward.cache_rules import CacheRule, CompiledCache
    from steward.promotion_rules import CompiledPromotion, PromotionRule
    from steward.retention_rules import CompiledLimits, CompiledRetention, RetentionRule

OriginKind = Literal["internal", "public", "inferred", "explicit"]
ExternalVersions = Literal["archive", "report"]


class CompiledSnapshotRule(TypedDict):
    """A ``snapshots`` rule as the policy compiler writes it."""

    name: str
    packages: list[str]
    repositories: list[str]
    unfinished_grace_seconds: int


class CompiledOriginRule(TypedDict):
    """An ``origins`` rule as the policy compiler writes it."""

    name: str
    packages: list[str]
    repositories: list[str]
    kind: OriginKind
    publish: Restriction | None
    upstream: Restriction | None
    external: ExternalVersions | None


class CompiledGroup(TypedDict):
    """A package group of ``groups`` as the policy compiler writes it."""

    name: str
    pattern: str
    modes: dict[RestrictionType, RestrictionMode]
    allowed: dict[RestrictionType, list[str]]


class CompiledPolicy(TypedDict):
    """What the policy compiler writes and :func:`load` reads."""

    digest: str
    domain: str
    snapshots: list[CompiledSnapshotRule]
    origins: list[CompiledOriginRule]
    groups: list[CompiledGroup] | None
    promotions: list[CompiledPromotion]
    caches: list[CompiledCache]
    retention: list[CompiledRetention]
    limits: CompiledLimits


@dataclass(frozen=True, slots=True)
class ScopedRule:
    """
    A rule about some packages in some repositories.

    Attributes:
        name: Its place in the policy file, ``snapshots[0]`` for the first of its section.
        repositories: Shell patterns (``*-snapshots``); one of them has to match.
    """

    name: str
    packages: tuple[Pattern, ...]
    repositories: tuple[str, ...]

    def applies_to(self, package: Package) -> bool:
        """Return whether the rule speaks about *package*."""
        repository, path = package.repository.name, package.path
        return any(fnmatchcase(repository, glob) for glob in self.repositories) and any(
            pattern.matches(path) for pattern in self.packages
        )


Rule = TypeVar("Rule", bound=ScopedRule)


@dataclass(frozen=True, slots=True)
class SnapshotRule(ScopedRule):
    """
    Which packages have their replaced builds unlisted.

    Attributes:
        unfinished_grace: How long an ``Unfinished`` build may still be somebody's upload.
    """

    unfinished_grace: timedelta


@dataclass(frozen=True, slots=True)
class OriginRule(ScopedRule):
    """
    Where new versions of some packages may come from.

    Attributes:
        kind: ``internal`` and ``public`` have both restrictions, ``inferred`` has neither: its
            come from how the package's versions entered. ``explicit`` has those that the policy
            gives.
        publish: What this restriction has to be; ``None`` leaves it as it is.
        upstream: The same for the other one.
        external: What becomes of a version from outside; ``None`` unless the kind is ``internal``.
    """

    kind: OriginKind
    publish: Restriction | None = None
    upstream: Restriction | None = None
    external: ExternalVersions | None = None


@dataclass(frozen=True, slots=True)
class GroupDeclaration:
    """
    A package group that the domain has to have.

    Attributes:
        name: Its place in the policy file, ``groups[0]`` for the first.
        modes: For all three restriction types. What the policy leaves out is ``INHERIT``, or
            ``ALLOW`` for the root group, which has no parent.
        allowed: Names of repositories, for exactly those types whose mode is
            ``ALLOW_SPECIFIC_REPOSITORIES``.
    """

    name: str
    pattern: Pattern
    modes: Mapping[RestrictionType, RestrictionMode]
    allowed: Mapping[RestrictionType, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Limits:
    """
    How much a run may do without asking a person.

    Attributes:
        deletions_per_run: How many versions one run disposes of and deletes at most; 0: none. What
            would go beyond stops before the first.
    """

    deletions_per_run: int = 500


@dataclass(frozen=True, slots=True)
class Policy:
    """
    What the owners of a domain want done in it.

    Attributes:
        digest: SHA-256 of the policy file and the lock files that it names, in hexadecimal.
        groups: ``None`` if the policy has no such section: then package groups are nobody's
            business here, and those that an earlier policy declared stay.
    """

    digest: str
    domain: str
    snapshots: tuple[SnapshotRule, ...] = ()
    origins: tuple[OriginRule, ...] = ()
    groups: tuple[GroupDeclaration, ...] | None = None
    promotions: tuple[PromotionRule, ...] = ()
    caches: tuple[CacheRule, ...] = ()
    retention: tuple[RetentionRule, ...] = ()
    limits: Limits = Limits()

    def snapshot_rule_for(self, package: Package) -> SnapshotRule | None:
        """Return the first ``snapshots`` rule that applies to *package*, if any does."""
        return self._first(self.snapshots, package)

    def origin_rule_for(self, package: Package) -> OriginRule | None:
        """Return the first ``origins`` rule that applies to *package*, if any does."""
        return self._first(self.origins, package)

    def group_for(self, package: Package) -> GroupDeclaration | None:
        """
        Return the most specific of the declared groups whose pattern matches *package*.

        The domain may have others, and a package that matches a more specific one only weakly
        belongs to that one: ``GetAssociatedPackageGroup`` knows, the policy does not.
        """
        if package.repository.domain != self.domain:
            return None
        matching = [group for group in self.groups or () if group.pattern.matches(package.path)]
        return max(matching, key=lambda group: group.pattern.specificity, default=None)

    def promotes_to(self, repository_name: str) -> bool:
        """Return whether a rule of ``promotions`` ends in the repository."""
        return any(rule.to == repository_name for rule in self.promotions)

    def promotion_rules_for(self, package: Package) -> tuple[PromotionRule, ...]:
        """
        Return the ``promotions`` rules for *package* where it is, in the order of the file.

        The first that applies for each pair of repositories; so one at most for each destination.
        """
        if package.repository.domain != self.domain:
            return ()
        first: dict[str, PromotionRule] = {}
        for rule in self.promotions:
            if rule.to not in first and rule.applies_to(package):
                first[rule.to] = rule
        return tuple(first.values())

    def promotion_rule(self, name: str) -> PromotionRule | None:
        """Return the ``promotions`` rule of that name, if there is one."""
        return next((rule for rule in self.promotions if rule.name == name), None)

    def cache_rule(self, name: str) -> CacheRule | None:
        """Return the ``caches`` rule of that name (``caches[0]``), if there is one."""
        return next((rule for rule in self.caches if rule.name == name), None)

    def retention_rules_for(self, package: Package) -> tuple[RetentionRule, ...]:
        """
        Return the ``retention`` rules that apply to *package*, in the order of the file.

        Of these, the first that selects a version governs it.
        """
        if package.repository.domain != self.domain:
            return ()
        return tuple(rule for rule in self.retention if rule.applies_to(package))

    def _first(self, rules: tuple[Rule, ...], package: Package) -> Rule | None:
        if package.repository.domain != self.domain:
            return None
        return next((rule for rule in rules if rule.applies_to(package)), None)


def load(path: Path, *, retention: bool = True) -> Policy:
    """
    Return the compiled policy in the file *path*.

    Args:
        retention: Whether its rules of ``retention`` are read; else it has none.

    Raises:
        PolicyError: There is no such file, or the policy compiler did not write it.
    """
    try:
        document: CompiledPolicy = json.loads(path.read_text(encoding="utf-8"))
        return Policy(
            digest=document["digest"],
            domain=document["domain"],
            snapshots=tuple(_snapshot_rule(rule) for rule in document["snapshots"]),
            origins=tuple(_origin_rule(rule) for rule in document["origins"]),
            groups=_groups(document["groups"]),
            promotions=_promotions(document["promotions"]),
            caches=_caches(document["caches"]),
            retention=_retention(document["retention"]) if retention else (),
            limits=Limits(document["limits"]["deletions_per_run"]),
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError, StewardError) as error:
        raise PolicyError(f"{path} is no compiled policy: {error!r}") from error


def _snapshot_rule(rule: CompiledSnapshotRule) -> SnapshotRule:
    return SnapshotRule(
        name=rule["name"],
        packages=_patterns(rule["packages"]),
        repositories=tuple(rule["repositories"]),
        unfinished_grace=timedelta(seconds=rule["unfinished_grace_seconds"]),
    )


def _origin_rule(rule: CompiledOriginRule) -> OriginRule:
    return OriginRule(
        name=rule["name"],
        packages=_patterns(rule["packages"]),
        repositories=tuple(rule["repositories"]),
        kind=rule["kind"],
        publish=rule["publish"],
        upstream=rule["upstream"],
        external=rule["external"],
    )


def _groups(groups: list[CompiledGroup] | None) -> tuple[GroupDeclaration, ...] | None:
    return None if groups is None else tuple(_group(group) for group in groups)


def _group(group: CompiledGroup) -> GroupDeclaration:
    return GroupDeclaration(
        name=group["name"],
        pattern=patterns.parse(group["pattern"]),
        modes=group["modes"],
        allowed={kind: tuple(names) for kind, names in group["allowed"].items()},
    )


def _promotions(rules: list[CompiledPromotion]) -> tuple[PromotionRule, ...]:
    if not rules:
        return ()
    from steward.promotion_rules import (  # noqa: PLC0415  milliseconds of a cold start
        promotion_rule,
        staged,
    )

    return staged([promotion_rule(rule) for rule in rules])


def _caches(rules: list[CompiledCache]) -> tuple[CacheRule, ...]:
    if not rules:
        return ()
    from steward.cache_rules import cache_rule  # noqa: PLC0415  only warming has a use for it

    return tuple(cache_rule(rule) for rule in rules)


def _retention(rules: list[CompiledRetention]) -> tuple[RetentionRule, ...]:
    if not rules:
        return ()
    from steward.retention_rules import (  # noqa: PLC0415  milliseconds of a cold start
        retention_rule,
    )

    return tuple(retention_rule(rule) for rule in rules)


def _patterns(texts: list[str]) -> tuple[Pattern, ...]:
    return tuple(patterns.parse(text) for text in texts)
