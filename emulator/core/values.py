"""The nouns of CodeArtifact as frozen values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from emulator.core import nuget_versions

Format = Literal["npm", "pypi", "maven", "nuget", "generic", "ruby", "swift", "cargo"]
Status = Literal["Published", "Unfinished", "Unlisted", "Archived", "Disposed", "Deleted"]
OriginType = Literal["INTERNAL", "EXTERNAL", "UNKNOWN"]
Restriction = Literal["ALLOW", "BLOCK"]
RestrictionType = Literal["PUBLISH", "EXTERNAL_UPSTREAM", "INTERNAL_UPSTREAM"]
RestrictionMode = Literal["ALLOW", "ALLOW_SPECIFIC_REPOSITORIES", "BLOCK", "INHERIT"]
AssociationType = Literal["STRONG", "WEAK"]
ErrorCode = Literal[
    "ALREADY_EXISTS",
    "MISMATCHED_REVISION",
    "MISMATCHED_STATUS",
    "NOT_ALLOWED",
    "NOT_FOUND",
    "SKIPPED",
]

SERVED: frozenset[Status] = frozenset({"Published", "Unlisted"})
"""Statuses whose assets clients may download (User Guide, package version status)."""


@dataclass(frozen=True, slots=True, order=True)
class DomainId:
    """A domain, by the account that owns it and its name."""

    owner: str
    name: str


@dataclass(frozen=True, slots=True, order=True)
class RepositoryId:
    """A repository, by its domain and name."""

    domain: DomainId
    name: str


@dataclass(frozen=True, slots=True, order=True)
class PackageId:
    """A package, by format, namespace (``""`` when it has none) and *normalised* name."""

    format: Format
    namespace: str
    name: str

    @classmethod
    def normalised(cls, fmt: Format, namespace: str | None, name: str) -> PackageId:
        """Return the coordinates as CodeArtifact stores them (User Guide, name normalisation)."""
        match fmt:
            case "pypi":
                return cls(fmt, namespace or "", re.sub(r"[-_.]+", "-", name).lower())
            case "nuget":
                return cls(fmt, namespace or "", name.lower())
            case "swift":
                return cls(fmt, (namespace or "").lower(), name.lower())
            case _:
                return cls(fmt, namespace or "", name)


def stored_version(fmt: Format, version: str) -> str:
    """Return the version as CodeArtifact stores it (User Guide, NuGet version normalisation)."""
    return nuget_versions.normalised(version) if fmt == "nuget" else version


@dataclass(frozen=True, slots=True, order=True)
class PackageGroupId:
    """A package group, by its domain and pattern."""

    domain: DomainId
    pattern: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a whole account, spoken for by one access key id or token."""

    account: str
    arn: str


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain as DescribeDomain shows it."""

    id: DomainId
    created: datetime
    encryption_key: str
    repository_count: int = 0
    asset_size_bytes: int = 0
    status: Literal["Active", "Deleted"] = "Active"


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository as DescribeRepository shows it; *upstreams* in priority order."""

    id: RepositoryId
    administrator: str
    description: str
    created: datetime
    upstreams: tuple[str, ...] = ()
    external_connection: str | None = None


@dataclass(frozen=True, slots=True)
class Restrictions:
    """A package's origin configuration in one repository."""

    publish: Restriction
    upstream: Restriction


@dataclass(frozen=True, slots=True)
class Package:
    """A package record of one repository; *metadata* is the format's own (npm: dist-tags)."""

    repository: RepositoryId
    id: PackageId
    restrictions: Restrictions
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EffectiveMode:
    """
    How versions of one restriction type may enter the packages of a group.

    Attributes:
        own: The group's own mode.
        mode: The mode in force; never ``INHERIT``.
        source: The group that *mode* comes from: the group itself, or an ancestor.
    """

    own: RestrictionMode
    mode: RestrictionMode
    source: PackageGroupId


@dataclass(frozen=True, slots=True)
class PackageGroup:
    """
    A package group as DescribePackageGroup shows it, without its lists of repositories.

    Attributes:
        parent: The next less specific group; only the root group ``/*`` has none.
    """

    id: PackageGroupId
    created: datetime
    contact_info: str
    description: str
    restrictions: Mapping[RestrictionType, EffectiveMode]
    parent: PackageGroupId | None


@dataclass(frozen=True, slots=True)
class Association:
    """The one group that a package is in, by its name or by a variation of it (``WEAK``)."""

    group: PackageGroup
    type: AssociationType


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a version first entered the domain."""

    type: OriginType
    repository: str | None = None
    external_connection: str | None = None


@dataclass(frozen=True, slots=True)
class Blob:
    """Stored bytes: their size in bytes and hashes in lower-case hexadecimal."""

    size: int
    md5: str
    sha1: str
    sha256: str
    sha512: str


@dataclass(frozen=True, slots=True)
class Asset:
    """A named blob of a package version."""

    name: str
    blob: Blob


@dataclass(frozen=True, slots=True)
class Version:
    """
    A package version of one repository.

    Attributes:
        published: When it entered or last changed in this repository (``publishedTime``).
        metadata: The format's own version metadata, as its module stored it.
        visible_from: Control-plane reads do not show it before this time.
    """

    repository: RepositoryId
    package: PackageId
    version: str
    status: Status
    revision: str
    origin: Origin
    published: datetime
    visible_from: datetime
    metadata: Mapping[str, object] = field(default_factory=dict)
    assets: tuple[Asset, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """Why one version of a bulk call was refused."""

    code: ErrorCode
    message: str


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What a bulk call did, by version: accepted ``(revision, status)`` and refused."""

    successful: Mapping[str, tuple[str, Status]]
    failed: Mapping[str, Refused]
