"""Names and small properties of things in CodeArtifact, as frozen values; package URLs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal, TypeGuard, get_args
from urllib.parse import quote

Format = Literal["npm", "pypi", "maven", "nuget", "generic", "ruby", "swift", "cargo"]
Status = Literal["Published", "Unfinished", "Unlisted", "Archived", "Disposed", "Deleted"]
OriginType = Literal["INTERNAL", "EXTERNAL", "UNKNOWN"]
# Package origin controls: of a package (AllowPublish, AllowUpstream) and of a package group
# (PackageGroupOriginRestrictionType, PackageGroupOriginRestrictionMode), service model.
Restriction = Literal["ALLOW", "BLOCK"]
RestrictionType = Literal["PUBLISH", "EXTERNAL_UPSTREAM", "INTERNAL_UPSTREAM"]
RestrictionMode = Literal["ALLOW", "ALLOW_SPECIFIC_REPOSITORIES", "BLOCK", "INHERIT"]

FORMATS: Final[tuple[Format, ...]] = get_args(Format)  # PackageFormat, service model
RESTRICTION_TYPES: Final[tuple[RestrictionType, ...]] = get_args(RestrictionType)

# "Package URL types" of the purl specification; the other formats are called alike there.
_PURL_TYPES: Final[dict[Format, str]] = {"ruby": "gem"}


def is_format(text: str) -> TypeGuard[Format]:
    """Return whether *text* is a package format of CodeArtifact."""
    return text in FORMATS


def normalised(package_format: Format, name: str) -> str:
    """
    Return the package name *name* as CodeArtifact stores it.

    "Python package name normalization", "NuGet package name ..." and "Swift package name and
    namespace normalization" in the User Guide.
    """
    if package_format == "pypi":
        return re.sub(r"[-_.]+", "-", name).lower()
    return name.lower() if package_format in ("nuget", "swift") else name


def stored_names(
    package_format: Format, namespace: str | None, name: str
) -> tuple[str | None, str]:
    """
    Return namespace and name of a package as CodeArtifact stores them, however they are spelt.

    So rules and our own table know them. npm's scopes are stored without their ``@`` ("namespace"
    of PackageSummary, API Reference); an empty namespace is none.
    """
    if namespace and package_format == "npm":
        namespace = namespace.removeprefix("@")
    if namespace and package_format == "swift":
        namespace = normalised("swift", namespace)
    return namespace or None, normalised(package_format, name)


def purl_of(
    package_format: Format, namespace: str | None, name: str, version: str | None = None
) -> str:
    """Return the package URL of a package, in whatever repository, or of a version of it."""
    if namespace and package_format == "npm":
        namespace = f"@{namespace}"
    parts = [quote(part, safe="") for part in (namespace, name) if part]
    suffix = f"@{quote(version, safe='')}" if version else ""
    return f"pkg:{_PURL_TYPES.get(package_format, package_format)}/{'/'.join(parts)}{suffix}"


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository of a domain. Domain names are unique per account, hence the owner."""

    domain: str
    domain_owner: str
    name: str


@dataclass(frozen=True, slots=True)
class Package:
    """
    A package of one repository.

    Attributes:
        namespace: Maven's groupId or npm's scope without ``@``; ``None`` where there is none,
            never empty: the service model refuses an empty namespace.
        name: As CodeArtifact stores it, normalised for PyPI, NuGet and Swift: :func:`stored_names`.
    """

    repository: Repository
    format: Format
    namespace: str | None
    name: str

    @property
    def path(self) -> str:
        """The package path that package-group patterns are matched with (User Guide)."""
        return f"/{self.format}/{self.namespace or ''}/{self.name}"

    def purl(self, version: str | None = None) -> str:
        """Return the package URL, of *version* if one is given."""
        return purl_of(self.format, self.namespace, self.name, version)


@dataclass(frozen=True, slots=True)
class Restrictions:
    """
    The origin restrictions of one package in one repository.

    "Editing package origin controls", User Guide.

    Attributes:
        publish: Whether versions may be published to the repository directly.
        upstream: Whether versions may come from upstream repositories and external connections.
    """

    publish: Restriction
    upstream: Restriction

    def __str__(self) -> str:
        return f"publish {self.publish}, upstream {self.upstream}"


# The restrictions of a package that has none of its own: nothing is forbidden by it.
UNRESTRICTED: Final = Restrictions("ALLOW", "ALLOW")


@dataclass(frozen=True, slots=True)
class Origin:
    """
    How a version first entered its *domain*; later assets do not change it (API Reference).

    Attributes:
        repository: The repository that an ``INTERNAL`` version was published to, if it is known.
        external_connection: What an ``EXTERNAL`` version came through (``public:npmjs``), if known.
    """

    type: OriginType
    repository: str | None = None
    external_connection: str | None = None


UNKNOWN_ORIGIN: Final = Origin("UNKNOWN")


@dataclass(frozen=True, slots=True)
class PackageVersion:
    """
    A version of a package, in the status it had when it was listed.

    Attributes:
        revision: What its assets and metadata were then; ``None`` if the answer did not tell. Two
            listings of a version are equal whatever their revisions.
    """

    version: str
    status: Status
    origin: Origin = UNKNOWN_ORIGIN
    revision: str | None = field(default=None, compare=False)
