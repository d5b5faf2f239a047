"""What one look has seen of packages: each list and each query is made once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from promote_versions.gather import Gatherer
from steward.coordinates import Package, PackageVersion, Repository
from steward.errors import PackageNotFoundError

if TYPE_CHECKING:
    from promote_versions.collaborators import Collaborators
    from promote_versions.records import Record
    from steward.promotion_rules import PromotionRule


@dataclass(frozen=True, slots=True)
class Seen:
    """
    One package in the repository that rules copy from.

    Attributes:
        versions: What the repository lists, by version; empty if the package does not exist.
        records: What was decided before, by version and rule.
        gatherer: Whoever looks up the facts.
    """

    package: Package
    versions: Mapping[str, PackageVersion]
    records: Mapping[tuple[str, str], Record]
    gatherer: Gatherer


@dataclass
class SeenPackages:
    """
    All packages that a look comes to: the one that was asked for, and its dependencies.

    Attributes:
        time_left: When it says no, no further dependency is looked at in this look.
    """

    to: Collaborators
    time_left: Callable[[], bool] = lambda: True
    _seen: dict[Package, Seen] = field(default_factory=dict)
    _destinations: dict[Package, Mapping[str, PackageVersion]] = field(default_factory=dict)
    _ways: dict[tuple[str, Package], str | None] = field(default_factory=dict)

    def of(self, package: Package) -> Seen:
        """
        Return what there is of *package*: 1 ListPackageVersions (per 1,000 versions), 1 Query.

        Raises:
            CodeArtifactError: The list failed.
            RecordsError: The query failed.
        """
        if package not in self._seen:
            try:
                listed = self.to.codeartifact.versions(package)
            except PackageNotFoundError:
                listed = []
            records = self.to.records.of_package(package)
            self._seen[package] = Seen(
                package,
                {one.version: one for one in listed},
                {(one.version, one.rule): one for one in records},
                Gatherer(package, self.to),
            )
        return self._seen[package]

    def knows(self, package: Package) -> bool:
        """Return whether :meth:`of` costs nothing any more."""
        return package in self._seen

    def in_destination(self, package: Package, to: str) -> Mapping[str, PackageVersion]:
        """
        Return the versions of *package* that the repository *to* holds: 1 ListPackageVersions.

        Raises:
            CodeArtifactError: The list failed.
        """
        there = destined(package, to)
        if there not in self._destinations:
            try:
                listed = self.to.codeartifact.versions(there)
            except PackageNotFoundError:
                listed = []
            self._destinations[there] = {one.version: one for one in listed}
        return self._destinations[there]

    def held_in_destination(self, package: Package, to: str, versions: Iterable[str]) -> set[str]:
        """
        Return which of *versions* the repository *to* holds, in whatever status.

        1 ListPackageVersions, and 1 DescribePackageVersion for each that it does not list: whether
        it lists archived versions is documented in two ways.

        Raises:
            CodeArtifactError: A call failed.
        """
        wanted = set(versions)
        found = wanted & self.in_destination(package, to).keys()
        for version in sorted(wanted - found):
            try:
                self.to.contents.describe(destined(package, to), version)
            except PackageNotFoundError:
                continue
            found.add(version)
        return found

    def way_around(self, package: Package, rule: PromotionRule) -> str | None:
        """
        Return how clients of ``rule.to`` get *package* without any gate, if they can.

        Raises:
            CodeArtifactError: Nobody can tell; nothing is promoted then.
        """
        if (rule.name, package) not in self._ways:
            way = self.to.topology.way_around(rule, package)
            self._ways[rule.name, package] = None if way is None else way.text
        return self._ways[rule.name, package]


def destined(package: Package, to: str) -> Package:
    """Return *package* as the repository *to* of the same domain holds it."""
    here = package.repository
    return replace(package, repository=Repository(here.domain, here.domain_owner, to))
