"""A repository in memory with public repositories behind it, and an engine that warms it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from steward.codeartifact import (
    AssociatedGroup,
    Refusal,
    StatusChanges,
    TargetStatus,
)
from steward.coordinates import (
    Format,
    OriginType,
    Package,
    PackageVersion,
    Repository,
    Restrictions,
    Status,
)
from steward.errors import CodeArtifactError, EndpointError, PackageNotFoundError
from steward.version_contents import Asset, Assets, Dependency, Description
from tests.unit.fake_origin_domain import NOW, ROOT_GROUP, FakeLedger
from warm_caches.engine import Engine, How, Warmed
from warm_caches.fetches import Available, Fetch, FetchedFile, Needed
from warm_caches.values import Outcome, State, Wanted, WantedVersion
from warm_caches.warming import confirm, warm

REPOSITORY = Repository("my-company", "012345678901", "DemoRepository")


def package(name: str, package_format: Format = "npm", namespace: str | None = None) -> Package:
    """Return a package of the repository."""
    return Package(REPOSITORY, package_format, namespace, name)


def wanted(name: str, *versions: str | WantedVersion, package_format: Format = "npm") -> Wanted:
    """Return *versions* of a package as wanted."""
    found = (WantedVersion(one) if isinstance(one, str) else one for one in versions)
    return Wanted(package(name, package_format), tuple(found))


@dataclass
class FakeWarming:
    """
    CodeArtifact, the endpoint and the public repositories behind it.

    Attributes:
        held: What the repository lists, by package.
        assets: Of its versions: name to hashes.
        public: What the public repositories have, by package: version to files with their hashes.
        needs: Of a Maven version.
        withdrawn: The versions that their publishers have withdrawn, with the reason.
        down: Formats whose public repository does not answer.
        endless: Packages with so many files that there is no time for all of them.
        unlisted_for: How many requests for a version are made before it is listed.
        broken: Operations that fail.
        calls: How often each operation was called, and the endpoint was asked.
        fetched: What it was asked for, in order: purl, and whether for the whole of it.
        at_a_time: The most requests to the endpoint that were made at once.
        before_fetch: Called before each, by the thread that makes it.
    """

    held: dict[Package, dict[str, Status]] = field(default_factory=dict)
    assets: dict[tuple[Package, str], dict[str, dict[str, str]]] = field(default_factory=dict)
    public: dict[Package, dict[str, dict[str, dict[str, str]]]] = field(default_factory=dict)
    needs: dict[tuple[Package, str], tuple[Needed, ...]] = field(default_factory=dict)
    withdrawn: dict[tuple[Package, str], str] = field(default_factory=dict)
    restricted: dict[Package, Restrictions] = field(default_factory=dict)
    group: AssociatedGroup = ROOT_GROUP
    down: set[Format] = field(default_factory=set)
    endless: set[Package] = field(default_factory=set)
    unlisted_for: int = 0
    broken: set[str] = field(default_factory=set)
    ledger: FakeLedger = field(default_factory=lambda: FakeLedger(lambda: NOW))
    calls: Counter[str] = field(default_factory=Counter)
    fetched: list[tuple[str, bool]] = field(default_factory=list)
    at_a_time: int = 0
    before_fetch: Callable[[], None] = lambda: None
    _asked: Counter[tuple[Package, str]] = field(default_factory=Counter)
    _running: int = 0
    _lock: Lock = field(default_factory=Lock)

    # What the tests say and ask.

    def publish(self, where: Package, *versions: str, **files: dict[str, str]) -> None:
        """The public repository has *versions*, each with *files*."""
        of_package = self.public.setdefault(where, {})
        for version in versions:
            of_package[version] = {name: dict(hashes) for name, hashes in files.items()}

    def hold(self, where: Package, **versions: Status) -> None:
        """The repository lists *versions* (``v1_0``: 1.0)."""
        rows = {name.removeprefix("v").replace("_", "."): one for name, one in versions.items()}
        self.held.setdefault(where, {}).update(rows)

    def engine(self, *, observe: bool = False, at_once: int = 8) -> Engine:
        """Return an engine that works on this, without pauses."""
        return Engine(
            codeartifact=_Gateway(self),
            fetching=None if observe else _Endpoint(self),
            contents=_Contents(self),
            lists=lambda: None,
            now=lambda: NOW,
            ledger=self.ledger,
            at_once=at_once,
            settle_seconds=0,
        )

    def warm(
        self,
        *some: Wanted,
        how: How | None = None,
        time_left: Callable[[], bool] = lambda: True,
        observe: bool = False,
        at_once: int = 8,
    ) -> Warmed:
        """Warm *some*; each outcome is passed on once."""
        told: list[Outcome] = []
        warmed = warm(
            some,
            self.engine(observe=observe, at_once=at_once),
            how or How(),
            on_outcome=told.append,
            time_left=time_left,
        )
        assert tuple(told) == warmed.outcomes
        return warmed

    def confirm(self, some: Sequence[Wanted]) -> Warmed:
        """Look whether *some* are listed by now."""
        return confirm(some, self.engine(), How())

    def count(self, operation: str) -> None:
        """Count a call, and let it fail if it is to."""
        with self._lock:
            self.calls[operation] += 1
        if operation in self.broken:
            raise CodeArtifactError(operation, "ThrottlingException", "of a test")

    def fetch(self, where: Package, one: WantedVersion, *, whole: bool, digest: bool) -> Fetch:
        """Answer as the endpoint."""
        with self._lock:
            self._running += 1
            self.at_a_time = max(self.at_a_time, self._running)
        try:
            self.before_fetch()
            return self._answer(where, one, whole=whole, digest=digest)
        finally:
            with self._lock:
                self._running -= 1

    def _answer(self, where: Package, one: WantedVersion, *, whole: bool, digest: bool) -> Fetch:
        with self._lock:
            self.calls["fetch"] += 1
            self.fetched.append((where.purl(one.version), whole))
            if where.format in self.down:
                return Fetch("no answer", "it timed out", requests=1)
            if where in self.endless:
                return Fetch("no time", requests=3)
            version = self.public.get(where, {}).get(one.version)
            if version is None:
                return Fetch("not found", "it is not there", 404, requests=1)
            self._asked[where, one.version] += 1
            if self._asked[where, one.version] > self.unlisted_for:
                self.held.setdefault(where, {})[one.version] = "Published"
                self.assets.setdefault((where, one.version), {}).update(version)
            return Fetch(
                "asked",
                files=tuple(
                    FetchedFile(name, 10, hashes if digest else {})
                    for name, hashes in version.items()
                ),
                needs=self.needs.get((where, one.version), ()),
                withdrawn=self.withdrawn.get((where, one.version)),
                requests=1,
                size=10 if whole else 0,
            )


def states(warmed: Warmed) -> dict[str, State]:
    """Return what became of each version, by package URL."""
    return {one.package.purl(one.version): one.state for one in warmed.outcomes}


def the_outcome(warmed: Warmed) -> Outcome:
    """Return the only outcome."""
    (found,) = warmed.outcomes
    return found


@dataclass
class _Gateway:
    of: FakeWarming

    def versions(
        self,
        package: Package,
        *,
        origin: OriginType | None = None,  # noqa: ARG002  the interface
    ) -> list[PackageVersion]:
        self.of.count("ListPackageVersions")
        if package not in self.of.held:
            raise PackageNotFoundError("ListPackageVersions", "ResourceNotFoundException", "none")
        return [PackageVersion(name, status) for name, status in self.of.held[package].items()]

    def packages(self, repository: Repository) -> Iterator[list[tuple[Package, Restrictions]]]:
        open_one = Restrictions("ALLOW", "ALLOW")
        held = [(one, self.of.restricted.get(one, open_one)) for one in self.of.held]
        for start in range(0, max(1, len(held)), 1000):
            self.of.count("ListPackages")
            assert repository == REPOSITORY
            yield held[start : start + 1000]

    def restrictions(self, package: Package) -> Restrictions:
        self.of.count("DescribePackage")
        if package not in self.of.restricted and package not in self.of.held:
            raise PackageNotFoundError("DescribePackage", "ResourceNotFoundException", "none")
        return self.of.restricted.get(package, Restrictions("ALLOW", "ALLOW"))

    def group_of(self, package: Package) -> AssociatedGroup:  # noqa: ARG002  the interface
        self.of.count("GetAssociatedPackageGroup")
        return self.of.group

    def put_restrictions(self, package: Package, restrictions: Restrictions) -> bool:
        raise AssertionError((package, restrictions))

    def set_status(
        self,
        package: Package,
        versions: Sequence[PackageVersion],
        target: TargetStatus,
        *,
        pinned: bool = False,
    ) -> StatusChanges:
        del pinned  # contents never change here
        self.of.count("UpdatePackageVersionsStatus")
        assert self.of.ledger.recorded, "recorded first"
        rows = self.of.held[package]
        refused = [one for one in versions if rows.get(one.version) != one.status]
        changed = [one for one in versions if one not in refused]
        rows.update(dict.fromkeys((one.version for one in changed), target))
        return StatusChanges(
            tuple(changed), tuple(Refusal(one, "MISMATCHED_STATUS", "changed") for one in refused)
        )


@dataclass
class _Contents:
    of: FakeWarming

    def assets(self, package: Package, version: str) -> Assets:
        self.of.count("ListPackageVersionAssets")
        found = self.of.assets.get((package, version), {})
        return Assets("r", {name: Asset(name, 10, hashes) for name, hashes in found.items()})

    def describe(self, package: Package, version: str) -> Description:
        raise AssertionError((package, version))

    def dependencies(self, package: Package, version: str) -> list[Dependency]:
        raise AssertionError((package, version))


@dataclass
class _Endpoint:
    of: FakeWarming

    @property
    def requests_made(self) -> Mapping[str, int]:
        return self.of.calls

    def fetch(self, package: Package, wanted: WantedVersion, *, whole: bool, digest: bool) -> Fetch:
        return self.of.fetch(package, wanted, whole=whole, digest=digest)

    def available(self, package: Package) -> Available:
        self.of.count("available")
        if package.format in self.of.down:
            raise EndpointError("it timed out")
        withdrawn = {version for of, version in self.of.withdrawn if of == package}
        return Available(tuple(self.of.public.get(package, ())), frozenset(withdrawn))
