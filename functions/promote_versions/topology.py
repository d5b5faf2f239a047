"""What promotions need to know of how the repositories of a domain are connected."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from promote_versions.bypass import (
    UPSTREAM_TYPES,
    GroupSettings,
    PackageControls,
    Way,
    routes,
    way_around,
)
from steward.codeartifact import CodeArtifact
from steward.coordinates import (
    UNRESTRICTED,
    Package,
    Repository,
    Restrictions,
    RestrictionType,
)
from steward.errors import PackageNotFoundError
from steward.group_restrictions import PackageGroup
from steward.promotion_rules import PromotionRule
from steward.repositories import Repositories
from steward.upstream_walk import Reach, walk

# Our choice: topologies change by hand, and a way that was opened is found within minutes.
KEPT_SECONDS: Final = 300.0

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Groups(Protocol):
    """The package groups of one domain, as :class:`steward.package_groups.PackageGroups`."""

    def all(self) -> list[PackageGroup]:
        """Return every group of the domain, the root included; one call per 1,000."""

    def allowed_repositories(self, pattern: str, kind: RestrictionType) -> frozenset[str]:
        """Return the names on one allow-list of the group; one call per 1,000."""


@dataclass(slots=True)
class _Kept:
    """What was asked for lately."""

    monotonic: Callable[[], float]
    reaches: dict[Repository, tuple[float, Reach]] = field(default_factory=dict)
    settings: dict[tuple[str, str], tuple[float, GroupSettings]] = field(default_factory=dict)

    def get(
        self, kept: dict[_Key, tuple[float, _Value]], key: _Key, ask: Callable[[], _Value]
    ) -> _Value:
        now = self.monotonic()
        if key in kept and now - kept[key][0] < KEPT_SECONDS:
            return kept[key][1]
        value = ask()
        kept[key] = (now, value)
        return value


class Topology:
    """
    What promotions need to know of the domain's repositories.

    Where versions can come from into a repository, and the domain's package groups, are asked for
    once in five minutes and process, and for each request; what restricts a package, each time.

    Args:
        groups: Gives the package groups of a domain, by its name and owner.
    """

    def __init__(
        self,
        repositories: Repositories,
        codeartifact: CodeArtifact,
        groups: Callable[[str, str], Groups],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._repositories = repositories
        self._codeartifact = codeartifact
        self._groups = groups
        self._kept = _Kept(monotonic)
        self._requests: frozenset[str] = frozenset()

    def forget(self, requests: Iterable[str]) -> None:
        """
        Ask for everything afresh, since people have asked for something under these ids.

        What they know by now may be younger than what is kept. A request about many packages is
        looked at package by package: only the first of those looks forgets.
        """
        new = frozenset(requests)
        if not new <= self._requests:
            self._kept.reaches.clear()
            self._kept.settings.clear()
        self._requests = new

    def way_around(self, rule: PromotionRule, package: Package) -> Way | None:
        """
        Return a way by which *package* gets into ``rule.to`` without promotion, if one is open.

        At most 25 calls of DescribeRepository, mostly none. Only where the topology has a way, one
        call of DescribePackage in ``rule.to``, and one of GetAssociatedPackageGroup; only where the
        group has an allow-list, the groups and the allow-lists of the domain.

        Args:
            package: In any repository of the domain.

        Raises:
            CodeArtifactError: A call failed.
            PackageGroupError: A call about package groups failed.
        """
        place = package.repository
        there = Repository(place.domain, place.domain_owner, rule.to)
        reach = self.reach(there)
        if not routes(rule, reach, package.format):
            return None
        held = Package(there, package.format, package.namespace, package.name)
        return way_around(rule, reach, package, self._controls(held))

    def reach(self, repository: Repository) -> Reach:
        """Return what a search that starts in *repository* comes to."""
        return self._kept.get(
            self._kept.reaches, repository, lambda: walk(self._repositories, repository)
        )

    def group_settings(self, domain: str, owner: str) -> GroupSettings:
        """Return the package groups of the domain, with the allow-lists about upstreams."""
        return self._kept.get(
            self._kept.settings,
            (domain, owner),
            lambda: group_settings(self._groups(domain, owner)),
        )

    def _controls(self, package: Package) -> PackageControls:
        upstream = self._restrictions(package).upstream
        group = self._codeartifact.group_of(package)
        listed = any(
            group.modes.get(kind) == "ALLOW_SPECIFIC_REPOSITORIES" for kind in UPSTREAM_TYPES
        )
        if upstream == "BLOCK" or not listed:
            return PackageControls(upstream, group)
        place = package.repository
        settings = self.group_settings(place.domain, place.domain_owner)
        return PackageControls(upstream, group, settings)

    def _restrictions(self, package: Package) -> Restrictions:
        try:
            return self._codeartifact.restrictions(package)
        except PackageNotFoundError:
            return UNRESTRICTED


def group_settings(groups: Groups) -> GroupSettings:
    """
    Return the package groups, with the allow-lists that say who may have upstreams' versions.

    One call for 1,000 groups, and one for each allow-list.

    Raises:
        PackageGroupError: A call failed.
    """
    found = groups.all()
    return GroupSettings(
        tuple(found),
        {
            (group.pattern, kind): groups.allowed_repositories(group.pattern, kind)
            for group in found
            for kind in UPSTREAM_TYPES
            if group.modes.get(kind) == "ALLOW_SPECIFIC_REPOSITORIES"
        },
    )
