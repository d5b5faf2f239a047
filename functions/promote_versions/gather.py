"""Look up what the gates of a package's rules judge by: once, however many rules ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

from promote_versions.facts import Unavailable, VersionFacts, Vulnerability
from steward.errors import CodeArtifactError, StewardError

if TYPE_CHECKING:
    from datetime import datetime

    from promote_versions.collaborators import Collaborators
    from promote_versions.decision import Need
    from promote_versions.facts import DependencyFact
    from steward.coordinates import Package, PackageVersion
    from steward.endpoint import Release
    from steward.version_contents import Asset, Dependency, Licence

# POST /v1/querybatch takes 1,000 queries (OSV API); our choice to stay far below, as the answer to
# each is waited for.
VERSIONS_PER_OSV_BATCH: Final = 100
# Our choice: look-ups of single versions that run at once. With some 50 ms a call this is a fifth
# of the 800 reads a second that an account has (quotas, User Guide).
AT_ONCE: Final = 8
# The formats whose endpoint answers about all versions at once (:mod:`steward.endpoint`).
ONE_REQUEST: Final = frozenset({"npm", "pypi", "cargo"})
# Our choice: whoever has failed so often in a row is not asked about further versions.
FAILURES_IN_A_ROW: Final = 2

_T = TypeVar("_T")


class Gatherer:
    """
    The facts about versions of one package, each looked up once.

    For *n* versions and what their rules need, this takes

    - release times: 1 request to the endpoint; Maven *n* (see :mod:`steward.endpoint`);
    - vulnerabilities and security fixes: 1 batch of OSV for each 100 versions, and 1 request for
      each vulnerability that the process has not met before; NuGet one DescribePackageVersion
      more, for the spelling of the name;
    - licences: *n* DescribePackageVersion;
    - assets: *n* ListPackageVersionAssets;
    - dependencies: *n* ListPackageVersionDependencies.

    A look-up that fails makes this one fact :class:`Unavailable`, and is not repeated in this look.
    So does an answer about another revision: somebody has changed the version meanwhile.
    """

    def __init__(self, package: Package, to: Collaborators) -> None:
        self._package = package
        self._to = to
        self._expected: tuple[str, ...] = ()
        self._releases: dict[str, Release | Unavailable] = {}
        self._vulnerabilities: dict[str, tuple[Vulnerability, ...] | Unavailable] = {}
        self._of_package: tuple[Vulnerability, ...] | Unavailable | None = None
        self._spelt: str | None = None
        self._licences: dict[str, tuple[Licence, ...] | Unavailable] = {}
        self._assets: dict[str, dict[str, Asset] | Unavailable] = {}
        self._dependencies: dict[str, list[Dependency] | Unavailable] = {}

    def expect(self, versions: Iterable[PackageVersion]) -> None:
        """Have a request to the endpoint be about *versions* too, which are looked up later."""
        if self._package.format in ONE_REQUEST:
            self._expected = tuple(version.version for version in versions)

    def look_up(self, versions: Sequence[PackageVersion], needs: frozenset[Need]) -> None:
        """Look up what *needs* names about *versions*, unless it is known already."""
        names = [version.version for version in versions]
        if "release_times" in needs:
            self._look_up_releases(names)
        if "vulnerabilities" in needs or "security_fixes" in needs:
            self._look_up_vulnerabilities(names, of_package="security_fixes" in needs)
        if "licences" in needs:
            self._each(versions, self._licences, self._licences_of)
        if "assets" in needs:
            self._each(versions, self._assets, self._assets_of)
        if "dependencies" in needs:
            self._each(versions, self._dependencies, self._dependencies_of)

    def facts(
        self,
        version: PackageVersion,
        *,
        dependencies: tuple[DependencyFact, ...] | Unavailable = (),
        bypass: str | None = None,
    ) -> VersionFacts:
        """Return what was looked up about *version*; what nobody asked for is empty."""
        name = version.version
        release = self._releases.get(name)
        released_at: datetime | Unavailable | None = None
        withdrawn: str | None = None
        if isinstance(release, Unavailable):
            released_at = release
        elif release is not None:
            released_at, withdrawn = release.released_at, release.withdrawn
        return VersionFacts(
            package=self._package,
            version=version,
            released_at=released_at,
            withdrawn=withdrawn,
            vulnerabilities=self._vulnerabilities.get(name, ()),
            security_fix=self._is_security_fix(name),
            licences=self._licences.get(name, ()),
            assets=self._assets.get(name, {}),
            dependencies=dependencies,
            bypass=bypass,
        )

    def dependencies(self, version: PackageVersion) -> Sequence[Dependency] | Unavailable:
        """Return what *version* depends on, as it was looked up."""
        return self._dependencies.get(version.version, [])

    def _look_up_releases(self, names: Sequence[str]) -> None:
        new = [name for name in names if name not in self._releases]
        if not new:
            return
        known = {*new, *self._releases}
        new += [name for name in self._expected if name not in known]
        try:
            found = self._to.endpoint.releases(self._package, new)
        except StewardError as error:  # CodeArtifact gives the token and the address
            self._releases |= dict.fromkeys(new, Unavailable(f"the endpoint was asked: {error}"))
            return
        nothing = Unavailable("the endpoint was asked and said nothing of this version")
        self._releases |= {name: found.get(name, nothing) for name in new}

    def _look_up_vulnerabilities(self, names: Sequence[str], *, of_package: bool) -> None:
        new = [name for name in names if name not in self._vulnerabilities]
        failures = 0
        for start in range(0, len(new), VERSIONS_PER_OSV_BATCH):
            some = new[start : start + VERSIONS_PER_OSV_BATCH]
            about_package = of_package and self._of_package is None
            try:
                answer = self._to.osv.ask(
                    self._package, some, of_package=about_package, spelt=self._spelling(some[0])
                )
            except StewardError as error:
                failures += 1
                left = new[start:] if failures == FAILURES_IN_A_ROW else some
                unavailable = Unavailable(f"OSV was asked: {error}")
                self._vulnerabilities |= dict.fromkeys(left, unavailable)
                if left is not some:
                    return
                continue
            failures = 0
            self._vulnerabilities |= {name: answer.by_version.get(name, ()) for name in some}
            if about_package:
                self._of_package = answer.of_package

    def _spelling(self, version: str) -> str | None:
        """
        Return the name as OSV needs it; only NuGet's is stored in another spelling.

        Raises:
            CodeArtifactError: The version cannot be described.
        """
        if self._package.format != "nuget":
            return None
        if self._spelt is None:
            self._spelt = self._to.contents.describe(self._package, version).display_name
        return self._spelt

    def _is_security_fix(self, name: str) -> bool:
        known = self._of_package
        if known is None or isinstance(known, Unavailable):
            return False
        return any(name in one.fixed and not one.withdrawn for one in known)

    def _licences_of(self, version: PackageVersion) -> tuple[Licence, ...] | Unavailable:
        description = self._to.contents.describe(self._package, version.version)
        return self._unless_changed(version, description.revision) or description.licences

    def _assets_of(self, version: PackageVersion) -> dict[str, Asset] | Unavailable:
        found = self._to.contents.assets(self._package, version.version)
        return self._unless_changed(version, found.revision) or dict(found.assets)

    def _dependencies_of(self, version: PackageVersion) -> list[Dependency] | Unavailable:
        return self._to.contents.dependencies(self._package, version.version)

    def _unless_changed(self, version: PackageVersion, revision: str | None) -> Unavailable | None:
        if revision is None or revision == version.revision:
            return None
        return Unavailable("the version was changed while it was looked at")

    def _each(
        self,
        versions: Iterable[PackageVersion],
        known: dict[str, _T | Unavailable],
        ask: Callable[[PackageVersion], _T | Unavailable],
    ) -> None:
        """Ask about each of *versions* that is not *known* yet, some at once."""

        def answered(version: PackageVersion) -> _T | Unavailable:
            try:
                return ask(version)
            except CodeArtifactError as error:
                return Unavailable(f"CodeArtifact was asked: {error}")

        new = [version for version in versions if version.version not in known]
        if not new:
            return
        with ThreadPoolExecutor(min(AT_ONCE, len(new))) as pool:
            for version, answer in zip(new, pool.map(answered, new), strict=True):
                known[version.version] = answer
