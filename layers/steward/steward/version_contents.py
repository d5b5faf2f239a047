"""What is in a version: its licences, its assets with their hashes, and its dependencies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, cast

from botocore.exceptions import BotoCoreError, ClientError

from steward import codeartifact_requests as requests
from steward.codeartifact_answers import failure, required
from steward.coordinates import Package, Status
from steward.errors import CodeArtifactError

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient
    from mypy_boto3_codeartifact.type_defs import (
        AssetSummaryTypeDef,
        LicenseInfoTypeDef,
        ListPackageVersionAssetsResultTypeDef,
        ListPackageVersionDependenciesResultTypeDef,
        PackageDependencyTypeDef,
    )

PAGE: Final = 1000  # the greatest maxResults of ListPackageVersionAssets, service model


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence as the version's own metadata names it: free text, an SPDX expression or a link."""

    name: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class Description:
    """
    A version as DescribePackageVersion tells it.

    Its ``publishedTime`` is left out: the time of ingestion or of the last update, never that of
    the public release (User Guide, package age gating).

    Attributes:
        licences: Empty if the version names none.
        display_name: The package's name as its publisher writes it, if CodeArtifact tells it.
    """

    revision: str
    status: Status
    licences: tuple[Licence, ...]
    display_name: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Asset:
    """
    A file of a version.

    Attributes:
        size: In bytes, if it is known.
        hashes: ``MD5``, ``SHA-1``, ``SHA-256`` and ``SHA-512``, each in lower-case hexadecimal;
            those that the answer leaves out are left out.
    """

    name: str
    size: int | None
    hashes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Assets:
    """
    The files of a version, by name.

    Attributes:
        revision: The revision that they belong to, all of them, if the answer tells it.
    """

    revision: str | None
    assets: Mapping[str, Asset]


@dataclass(frozen=True, slots=True)
class Dependency:
    """
    A package that a version needs, as the version's own metadata says.

    Attributes:
        namespace: Maven's groupId or npm's scope without ``@``.
        type: npm: ``regular dev peer optional``; Maven: ``optional parent compile runtime test
            system provided``; PyPI: ``Requires-Dist`` (PackageDependency, API Reference).
        requirement: Which versions will do, in the format's own syntax.
    """

    namespace: str | None
    name: str
    type: str | None
    requirement: str | None


class VersionContents(Protocol):
    """
    What is in a version, asked version by version; only the repository itself is looked at.

    Every method raises

    - :class:`PackageNotFoundError`: the repository, the package or the version does not exist;
    - :class:`CodeArtifactError`: a call failed, or its answer lacks what was asked for.
    """

    def describe(self, package: Package, version: str) -> Description:
        """Return what *version* of *package* says about itself: one call."""

    def assets(self, package: Package, version: str) -> Assets:
        """
        Return the files of *version* of *package*: one call per 1,000.

        Raises:
            CodeArtifactError: The version changed while its files were listed, too.
        """

    def dependencies(self, package: Package, version: str) -> list[Dependency]:
        """
        Return what *version* of *package* depends on, each once: one call a page.

        Maven's come from its own POM; parent POMs are not read (ListPackageVersionDependencies,
        API Reference).
        """


class ServiceVersionContents:
    """What is in a version, by CodeArtifact itself."""

    def __init__(self, client: CodeArtifactClient) -> None:
        self._client = client

    def describe(self, package: Package, version: str) -> Description:
        """See :class:`VersionContents`."""
        operation = "DescribePackageVersion"
        try:
            answer = self._client.describe_package_version(**requests.versioned(package, version))
        except (ClientError, BotoCoreError) as error:
            raise failure(operation, error) from error
        described = required(operation, "packageVersion", answer.get("packageVersion"))
        return Description(
            required(operation, "revision", described.get("revision")),
            required(operation, "status", described.get("status")),
            _licences_in(described.get("licenses") or []),
            described.get("displayName") or None,
        )

    def assets(self, package: Package, version: str) -> Assets:
        """See :class:`VersionContents`."""
        operation = "ListPackageVersionAssets"
        parameters = cast(
            "requests.ListAssetsParameters",
            {**requests.versioned(package, version), "maxResults": PAGE},
        )
        found: dict[str, Asset] = {}
        revisions: set[str | None] = set()
        token: str | None = None
        while True:
            page = self._assets_page(parameters)
            revisions.add(page.get("versionRevision"))
            if len(revisions) > 1:
                # Files of two revisions are the files of neither.
                raise CodeArtifactError(operation, "RevisionChanged", "the version has changed")
            for summary in page.get("assets") or []:
                found[summary["name"]] = _asset_in(summary)
            token = requests.following(operation, page.get("nextToken"), after=token)
            if token is None:
                return Assets(revisions.pop(), found)
            parameters["nextToken"] = token

    def dependencies(self, package: Package, version: str) -> list[Dependency]:
        """See :class:`VersionContents`."""
        # The SDK has no paginator for this operation, and the request no maxResults.
        operation = "ListPackageVersionDependencies"
        parameters = cast(
            "requests.ListDependenciesParameters", requests.versioned(package, version)
        )
        found: dict[Dependency, None] = {}
        token: str | None = None
        while True:
            page = self._dependencies_page(parameters)
            for row in page.get("dependencies") or []:
                found[_dependency_in(operation, row)] = None
            token = requests.following(operation, page.get("nextToken"), after=token)
            if token is None:
                return list(found)
            parameters["nextToken"] = token

    def _assets_page(
        self, parameters: requests.ListAssetsParameters
    ) -> ListPackageVersionAssetsResultTypeDef:
        try:
            return self._client.list_package_version_assets(**parameters)
        except (ClientError, BotoCoreError) as error:
            raise failure("ListPackageVersionAssets", error) from error

    def _dependencies_page(
        self, parameters: requests.ListDependenciesParameters
    ) -> ListPackageVersionDependenciesResultTypeDef:
        try:
            return self._client.list_package_version_dependencies(**parameters)
        except (ClientError, BotoCoreError) as error:
            raise failure("ListPackageVersionDependencies", error) from error


def _licences_in(licences: list[LicenseInfoTypeDef]) -> tuple[Licence, ...]:
    found = (Licence(each.get("name") or None, each.get("url") or None) for each in licences)
    return tuple(each for each in found if each.name or each.url)


def _asset_in(summary: AssetSummaryTypeDef) -> Asset:
    hashes = {str(name): digest.lower() for name, digest in (summary.get("hashes") or {}).items()}
    return Asset(summary["name"], summary.get("size"), hashes)


def _dependency_in(operation: str, row: PackageDependencyTypeDef) -> Dependency:
    return Dependency(
        row.get("namespace") or None,
        required(operation, "package", row.get("package") or None),
        row.get("dependencyType") or None,
        row.get("versionRequirement") or None,
    )
