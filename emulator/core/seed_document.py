"""The seed document: what may stand in it, checked as a whole before anything is written."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast, get_args

from emulator.core import group_patterns, seed_contents
from emulator.core.errors import Validation
from emulator.core.origins import Arrival
from emulator.core.repositories import EXTERNAL_CONNECTIONS
from emulator.core.seed_nodes import Node
from emulator.core.values import (
    DomainId,
    Format,
    Origin,
    OriginType,
    PackageId,
    RepositoryId,
    Restriction,
    RestrictionMode,
    RestrictionType,
    Status,
    stored_version,
)

# Constraints of the service model
_DOMAIN = re.compile(r"[a-z][a-z0-9\-]{0,48}[a-z0-9]")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{1,99}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_NAME = re.compile(r"[^#/\s]{1,255}")
_ASSET = re.compile(r"[^\x00-\x1f\x7f]{1,255}")
_ANY = re.compile(r"[^\x00-\x1f\x7f]*")
_DOMAIN_KEYS = "name owner repositories packageGroups"
_STATUSES = frozenset(get_args(Status)) - {"Deleted"}
_NAMESPACE_REQUIRED = frozenset({"maven", "swift", "generic"})
_NAMESPACE_REFUSED = frozenset({"pypi", "nuget", "ruby", "cargo"})

DEFAULT_ASSET_BYTES = 256


@dataclass(frozen=True, slots=True)
class SeedAsset:
    """An asset: its *content*, or else its *size*, for which bytes are made up."""

    name: str
    size: int
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class SeedVersion:
    """A version; *published* ``None`` is the time of seeding."""

    version: str
    status: Status
    published: datetime | None
    origin: Origin
    assets: tuple[SeedAsset, ...]
    metadata: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class SeedPackage:
    """
    A package.

    Attributes:
        arrival: How its first version came; a package without one is as if it were published.
        publish: ``None`` leaves it to the defaults; the same for *upstream*.
    """

    id: PackageId
    arrival: Arrival
    publish: Restriction | None
    upstream: Restriction | None
    dist_tags: Mapping[str, str]
    versions: tuple[SeedVersion, ...]


@dataclass(frozen=True, slots=True)
class SeedRepository:
    """A repository; what is ``None`` stays as it is in a repository that exists."""

    id: RepositoryId
    administrator: str
    description: str | None
    upstreams: tuple[str, ...] | None
    external_connection: str | None
    packages: tuple[SeedPackage, ...]


@dataclass(frozen=True, slots=True)
class SeedPackageGroup:
    """A package group; what is not given stays as it is in a group that exists."""

    pattern: str
    restrictions: Mapping[RestrictionType, RestrictionMode]
    allowed_repositories: tuple[tuple[RestrictionType, str], ...]
    contact_info: str | None
    description: str | None
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SeedDomain:
    """A domain."""

    id: DomainId
    repositories: tuple[SeedRepository, ...]
    package_groups: tuple[SeedPackageGroup, ...]


def parse(document: object, *, account: str) -> tuple[SeedDomain, ...]:
    """
    Return what *document* describes; domains without an owner belong to *account*.

    Raises:
        Validation: A part of it is wrong; the message begins with the path of this part.
    """
    root = Node(document, "seed", "domains")
    return root.unique(
        [_domain(each, account) for each in root.each("domains", _DOMAIN_KEYS)],
        lambda each: each.id,
    )


def _domain(node: Node, account: str) -> SeedDomain:
    owner = node.text("owner", _ACCOUNT, account)
    domain = DomainId(owner, node.text("name", _DOMAIN))
    keys = "name administrator description upstreams externalConnection packages"
    found = [_repository(each, domain) for each in node.each("repositories", keys)]
    group_keys = "pattern restrictions allowedRepositories contactInfo description tags"
    groups = [_package_group(each) for each in node.each("packageGroups", group_keys)]
    return SeedDomain(
        domain,
        node.unique(found, lambda each: each.id.name),
        node.unique(groups, lambda each: each.pattern),
    )


def _package_group(node: Node) -> SeedPackageGroup:
    pattern = node.text("pattern", _ANY)
    try:
        group_patterns.parse(pattern)
    except Validation as error:
        raise node.refuse("pattern", f"is none: {error.message}") from None
    types, modes = frozenset(get_args(RestrictionType)), frozenset(get_args(RestrictionMode))
    given = node.inner("restrictions", " ".join(types))
    restrictions: dict[RestrictionType, RestrictionMode] = {
        kind: given.choice(kind, modes)
        for kind in sorted(types)
        if given is not None and given.get(kind) is not None
    }
    allowed = node.inner("allowedRepositories", " ".join(types))
    return SeedPackageGroup(
        pattern,
        restrictions,
        tuple(
            (kind, name)
            for kind in sorted(types)
            for name in (allowed.texts(kind) if allowed is not None else None) or ()
        ),
        None if node.get("contactInfo") is None else node.text("contactInfo", _ANY),
        None if node.get("description") is None else node.text("description", _ANY),
        {key: str(value) for key, value in node.mapping("tags").items()},
    )


def _repository(node: Node, domain: DomainId) -> SeedRepository:
    repository = RepositoryId(domain, node.text("name", _REPOSITORY))
    description = node.get("description")
    if description is not None and not isinstance(description, str):
        raise node.refuse("description", "must be a string")
    connection: str | None = None
    if node.get("externalConnection") is not None:
        connection = node.choice("externalConnection", frozenset(EXTERNAL_CONNECTIONS))
    found = [
        _package(each, repository, connection)
        for each in node.each("packages", "format namespace package restrictions distTags versions")
    ]
    return SeedRepository(
        repository,
        node.text("administrator", _ACCOUNT, domain.owner),
        description,
        node.texts("upstreams"),
        connection,
        node.unique(found, lambda each: each.id),
    )


def _package(node: Node, repository: RepositoryId, connection: str | None) -> SeedPackage:
    fmt: Format = node.choice("format", frozenset(get_args(Format)))
    namespace = None if node.get("namespace") is None else node.text("namespace", _NAME)
    if namespace is None and fmt in _NAMESPACE_REQUIRED:
        raise node.refuse("namespace", f"is required for {fmt}")
    if namespace is not None and fmt in _NAMESPACE_REFUSED:
        raise node.refuse("namespace", f"does not exist for {fmt}")
    package = PackageId.normalised(fmt, namespace, node.text("package", _NAME))
    if connection is not None and EXTERNAL_CONNECTIONS[connection] != fmt:
        connection = None
    keys = f"version status publishedTime origin assets metadata {seed_contents.KEYS}"
    versions = node.unique(
        [_version(each, repository, package, connection) for each in node.each("versions", keys)],
        lambda each: each.version,
    )
    tags = {tag: str(version) for tag, version in node.mapping("distTags").items()}
    external = bool(versions) and versions[0].origin.type == "EXTERNAL"
    given = node.inner("restrictions", "publish upstream")
    return SeedPackage(
        package,
        "ingested" if external else "published",
        _restriction(given, "publish"),
        _restriction(given, "upstream"),
        tags,
        versions,
    )


def _restriction(node: Node | None, key: str) -> Restriction | None:
    if node is None or node.get(key) is None:
        return None
    both: frozenset[Restriction] = frozenset({"ALLOW", "BLOCK"})
    return node.choice(key, both)


def _version(
    node: Node, repository: RepositoryId, package: PackageId, connection: str | None
) -> SeedVersion:
    version = stored_version(package.format, node.text("version", _NAME))
    status: Status = node.choice("status", cast("frozenset[Status]", _STATUSES), "Published")
    given = [_asset(each) for each in node.each("assets", "name size content contentBase64")]
    if node.get("assets") is None and status != "Disposed":
        given = [SeedAsset(default_asset(package, version), DEFAULT_ASSET_BYTES)]
    if given and status == "Disposed":
        raise node.refuse("assets", "must be empty: a Disposed version has none")
    assets = node.unique(given, lambda each: each.name)
    origin = _origin(node, repository, connection)
    published = node.time("publishedTime")
    metadata = seed_contents.metadata_of(node, package, [each.name for each in assets])
    return SeedVersion(version, status, published, origin, assets, metadata)


def _asset(node: Node) -> SeedAsset:
    name = node.text("name", _ASSET)
    content = node.get("content")
    if content is not None:
        if not isinstance(content, str):
            raise node.refuse("content", "must be a string")
        return SeedAsset(name, len(content.encode()), content.encode())
    if (encoded := node.get("contentBase64")) is not None:
        try:
            decoded = base64.b64decode(str(encoded), validate=True)
        except ValueError:
            raise node.refuse("contentBase64", "must be base64") from None
        return SeedAsset(name, len(decoded), decoded)
    size = node.get("size")
    if size is None:
        size = DEFAULT_ASSET_BYTES
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise node.refuse("size", f"must be a number of bytes, not {size!r}")
    return SeedAsset(name, size)


def _origin(node: Node, repository: RepositoryId, connection: str | None) -> Origin:
    types: frozenset[OriginType] = frozenset({"INTERNAL", "EXTERNAL", "UNKNOWN"})
    default: OriginType = "INTERNAL" if connection is None else "EXTERNAL"
    entry_repository: str | None = None
    if isinstance(node.get("origin"), dict):
        inner = cast("Node", node.inner("origin", "originType domainEntryPoint"))
        kind = inner.choice("originType", types, default)
        entry = inner.inner("domainEntryPoint", "repositoryName externalConnectionName")
        if entry is not None and entry.get("repositoryName") is not None:
            entry_repository = entry.text("repositoryName", _REPOSITORY)
        elif entry is not None:
            connection = entry.choice("externalConnectionName", frozenset(EXTERNAL_CONNECTIONS))
    else:
        kind = node.choice("origin", types, default)
    if kind == "EXTERNAL" and entry_repository is None:
        return Origin(kind, external_connection=connection)
    return Origin(kind, repository=entry_repository or repository.name)


_ENDINGS: Mapping[Format, str] = {"maven": "jar", "cargo": "crate", "ruby": "gem"}


def default_asset(package: PackageId, version: str) -> str:
    """Return the name of the one asset that a version of no given assets has."""
    match package.format:
        case "npm":
            return "package.tgz"
        case "pypi":
            return f"{package.name.replace('-', '_')}-{version}.tar.gz"
        case "nuget":
            return f"{package.name}.{version}.nupkg"
        case _:
            ending = _ENDINGS.get(package.format, "zip")
            return f"{package.name}-{version}.{ending}"
