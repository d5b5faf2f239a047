"""How requests to CodeArtifact name a package, and how its pages are followed."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from steward.coordinates import Format, OriginType, Package
from steward.errors import CodeArtifactError


class NameParameters(TypedDict):
    """A package of a domain, in whatever repository."""

    domain: str
    domainOwner: str
    format: Format
    package: str
    namespace: NotRequired[str]


class PackageParameters(NameParameters):
    """A package of one repository."""

    repository: str


class ListVersionsParameters(PackageParameters):
    """A page of ListPackageVersions."""

    maxResults: int
    nextToken: NotRequired[str]
    originType: NotRequired[OriginType]
    sortBy: NotRequired[Literal["PUBLISHED_TIME"]]


class VersionParameters(PackageParameters):
    """A version of a package of one repository."""

    packageVersion: str


class ListAssetsParameters(VersionParameters):
    """A page of ListPackageVersionAssets."""

    maxResults: int
    nextToken: NotRequired[str]


class ListDependenciesParameters(VersionParameters):
    """A page of ListPackageVersionDependencies, which takes no size."""

    nextToken: NotRequired[str]


def named(package: Package) -> NameParameters:
    """
    Return the parameters that name *package*, without its repository.

    A namespace is left out where there is none: the service model refuses an empty one.
    """
    parameters: NameParameters = {
        "domain": package.repository.domain,
        "domainOwner": package.repository.domain_owner,
        "format": package.format,
        "package": package.name,
    }
    if package.namespace:
        parameters["namespace"] = package.namespace
    return parameters


def located(package: Package) -> PackageParameters:
    """Return the parameters that name *package* in its repository."""
    return {**named(package), "repository": package.repository.name}


def versioned(package: Package, version: str) -> VersionParameters:
    """Return the parameters that name *version* of *package* in its repository."""
    return {**located(package), "packageVersion": version}


def following(operation: str, token: str | None, *, after: str | None) -> str | None:
    """
    Return *token* if it leads to another page, else ``None``; *after* is that of this page.

    Raises:
        CodeArtifactError: The answer leads back to itself: nobody would come to the end.
    """
    if not token:
        return None
    if token == after:
        raise CodeArtifactError(operation, "RepeatedToken", "the answer leads back to itself")
    return token
