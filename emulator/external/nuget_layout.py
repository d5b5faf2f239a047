"""``public:nuget-org``: a folder feed of NuGet's own layout, or any feed of NuGet's v3 protocol."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import quote, urljoin

from emulator.core import nuget_versions, nuspec
from emulator.core.errors import Validation
from emulator.core.external import (
    ORIGINAL_PUBLISH_TIME,
    PublicAsset,
    PublicPackage,
    PublicVersion,
    Unreachable,
)
from emulator.core.values import PackageId
from emulator.external.files import Directory
from emulator.external.http import Remote

FLAT = "PackageBaseAddress/3.0.0"
REGISTRATIONS = "RegistrationsBaseUrl"
NEVER = 1900  # the year of publication of what the gallery has unlisted

_KEPT = (
    *("id", "version", "title", "description", "summary", "authors", "tags", "language"),
    *("projectUrl", "iconUrl", "licenseUrl", "licenseExpression", "minClientVersion"),
    "requireLicenseAcceptance",
)


class NuGetLayout:
    """
    The NuGet packages at one location.

    - A folder: ``{id}/{version}/{id}.{version}.nupkg``, lower case and normalised, as ``nuget add``
      and ``nuget init`` lay it out; the ``.nuspec`` and ``.nupkg.sha512`` beside it are used where
      they are there.
    - A URL: the service index of a v3 feed, or the folder that its ``index.json`` is in.
    """

    format: Literal["nuget"] = "nuget"

    def __init__(self, location: str | Path, description: str) -> None:
        self.description = description
        text = str(location)
        self._feed: _Feed = _RemoteFeed(text) if "://" in text else _FolderFeed(Path(text))

    def package(self, package: PackageId) -> PublicPackage | None:
        """Return the versions that are there."""
        return self._feed.package(package)

    def assets(self, package: PackageId, version: PublicVersion) -> tuple[PublicAsset, ...]:  # noqa: ARG002  protocol
        """Return the one package file."""
        return version.assets

    def asset(self, package: PackageId, version: str, name: str) -> PublicAsset | None:
        """Return the package file of *version* as it is listed now."""
        listed = self.package(package)
        return listed.asset(version, name) if listed else None

    def open(self, asset: PublicAsset) -> Iterator[bytes]:
        """Yield the package file's bytes."""
        return self._feed.open(asset)


class _Feed(Protocol):
    """One kind of feed: what it lists, and the bytes of that."""

    def package(self, package: PackageId) -> PublicPackage | None:
        """Return the versions that are there."""
        ...

    def open(self, asset: PublicAsset) -> Iterator[bytes]:
        """Yield a package file's bytes."""
        ...


class _FolderFeed:
    """A folder feed."""

    def __init__(self, root: Path) -> None:
        self._files = Directory(root)

    def package(self, package: PackageId) -> PublicPackage | None:
        names = self._files.names(package.name)
        if names is None:
            return None
        found = [self._version(package, name.rstrip("/")) for name in names if name.endswith("/")]
        versions = {each.version: each for each in found if each is not None}
        return PublicPackage(versions) if versions else None

    def open(self, asset: PublicAsset) -> Iterator[bytes]:
        return self._files.stream(asset.location)

    def _version(self, package: PackageId, folder: str) -> PublicVersion | None:
        path = f"{package.name}/{folder}/{package.name}.{folder}.nupkg"
        described = self._files.describe(path)
        if described is None:
            return None
        size, published = described
        version = nuget_versions.normalised(folder)
        metadata = self._said(package, folder, path)
        if published is not None:
            metadata[ORIGINAL_PUBLISH_TIME] = published.isoformat()
        asset = PublicAsset(
            name=nuspec.file_name(package, version),
            location=path,
            size=size,
            hashes=_sha512(self._files.read(f"{path}.sha512")),
            published=published,
        )
        return PublicVersion(version, published, (asset,), metadata)

    def _said(self, package: PackageId, folder: str, path: str) -> dict[str, object]:
        """Return what the package says of itself; nothing if it cannot be read."""
        try:
            beside = self._files.read(f"{package.name}/{folder}/{package.name}.nuspec")
            if beside is not None:
                return nuspec.metadata_of(nuspec.entry_of(beside))
            return nuspec.of_package(self._files.root / path)
        except Validation:
            return {}


class _RemoteFeed:
    """A feed of the v3 protocol."""

    def __init__(self, location: str) -> None:
        base, _, last = location.rpartition("/")
        self._index = last if last.endswith(".json") else "index.json"
        self._remote = Remote(base if last.endswith(".json") else location)
        self._resources: dict[str, str] = {}

    def package(self, package: PackageId) -> PublicPackage | None:
        try:
            return self._package(package)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unreachable(
                "The public feed sent what is no document of its protocol."
            ) from error

    def open(self, asset: PublicAsset) -> Iterator[bytes]:
        return self._remote.stream(asset.location)

    def _package(self, package: PackageId) -> PublicPackage | None:
        base = f"{self._resource(FLAT)}{quote(package.name, safe='')}/"
        document = self._document(f"{base}index.json")
        if document is None:
            return None
        entries = self._entries(package)
        found: dict[str, PublicVersion] = {}
        names = document["versions"]
        for name in names if isinstance(names, list) else ():
            version = nuget_versions.normalised(str(name))
            location = f"{base}{quote(version)}/{quote(nuspec.file_name(package, version))}"
            found[version] = _public_version(package, version, location, entries.get(version, {}))
        return PublicPackage(found)

    def _entries(self, package: PackageId) -> dict[str, Mapping[str, object]]:
        """Return the catalog entry of each version; pages of it may be elsewhere."""
        base = self._resource(REGISTRATIONS)
        document = self._document(f"{base}{quote(package.name, safe='')}/index.json")
        found: dict[str, Mapping[str, object]] = {}
        for page in _objects(document, "items"):
            whole = page if "items" in page else self._document(str(page["@id"]))
            for leaf in _objects(whole, "items"):
                entry = leaf["catalogEntry"]
                if isinstance(entry, dict):
                    found[nuget_versions.normalised(str(entry["version"]))] = entry
        return found

    def _resource(self, kind: str) -> str:
        """Return the base address of a resource, of its latest version."""
        if not self._resources:
            index = self._document(self._index)
            if index is None:
                raise Unreachable("The public feed has no service index.")
            self._resources = {
                str(each["@type"]): urljoin(self._remote.base_url, str(each["@id"]))
                for each in _objects(index, "resources")
            }
        types = [each for each in self._resources if each == kind or each.startswith(f"{kind}/")]
        if not types:
            raise Unreachable(f"The public feed has no {kind}.")
        return self._resources[max(types)].rstrip("/") + "/"

    def _document(self, url: str) -> dict[str, object] | None:
        response = self._remote.document(url, accept="application/json")
        if response is None:
            return None
        document = json.loads(response.content)
        if not isinstance(document, dict):
            raise TypeError("a document of the protocol is an object")
        return document


def _public_version(
    package: PackageId, version: str, location: str, entry: Mapping[str, object]
) -> PublicVersion:
    published = _time(entry.get("published"))
    metadata = nuspec.metadata_of(_kept(entry)) if entry else {}
    if entry.get("listed") is False or str(entry.get("published", "")).startswith(f"{NEVER}-"):
        metadata["listed"] = False
    if published is not None:
        metadata[ORIGINAL_PUBLISH_TIME] = published.isoformat()
    asset = PublicAsset(nuspec.file_name(package, version), location, published=published)
    return PublicVersion(version, published, (asset,), metadata)


def _kept(entry: Mapping[str, object]) -> dict[str, object]:
    kept = {key: entry[key] for key in _KEPT if entry.get(key)}
    kept["dependencyGroups"] = [
        {
            **({"targetFramework": group["targetFramework"]} if "targetFramework" in group else {}),
            "dependencies": [
                {"id": str(each["id"]), "range": str(each.get("range") or "(, )")}
                for each in _objects(group, "dependencies")
            ],
        }
        for group in _objects(entry, "dependencyGroups")
    ]
    return kept


def _objects(document: Mapping[str, object] | None, member: str) -> list[dict[str, object]]:
    """Return the objects in a list that may be missing."""
    found = document.get(member) if document else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _sha512(text: bytes | None) -> dict[str, str]:
    try:
        return {"sha512": base64.b64decode(text.strip(), validate=True).hex()} if text else {}
    except (binascii.Error, ValueError):
        return {}


def _time(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment if moment.year > NEVER else None
