"""``public:crates-io``: a local registry of Cargo's own, or a sparse registry at a base URL."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import quote

from emulator.core.crates import INDEX, index_folder
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

PUBLISHED = "pubtime"  # of an index entry, "JSON schema", Registry Index, The Cargo Book

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_VERSION = re.compile(r"[0-9A-Za-z.+-]{1,255}")
_MARKER = re.compile(r"\{(crate|version|prefix|lowerprefix|sha256-checksum)\}")


Found = tuple[str, int | None, datetime | None]
"""Where a crate is, its size and its age, as far as they are known."""


class Registry(Protocol):
    """Where index files and crates are."""

    def lines(self, name: str) -> bytes | None:
        """Return the index file of the crate *name*; None when there is none."""
        ...

    def crate(self, name: str, version: str, checksum: str) -> Found:
        """Return where a crate is, its size and its age, as far as they are known."""
        ...

    def stream(self, location: str) -> Iterator[bytes]:
        """Yield the bytes of a crate."""
        ...


class CargoLayout:
    """
    The crates of one registry.

    A folder has Cargo's own layout of a local registry ("Source Replacement", The Cargo Book):
    ``index/`` with the index files and beside it ``{name}-{version}.crate``; or, as on a file
    server, ``crates/{name}/{name}-{version}.crate``. A base URL is that of a sparse registry.
    """

    format: Literal["cargo"] = "cargo"

    def __init__(self, location: str | Path, description: str) -> None:
        self.description = description
        text = str(location)
        self._registry: Registry = (
            SparseRegistry(text.removeprefix("sparse+"))
            if "://" in text
            else LocalRegistry(Path(text))
        )

    def package(self, package: PackageId) -> PublicPackage | None:
        """Return what the index file lists, what is yanked too."""
        if not _NAME.fullmatch(package.name):
            return None
        document = self._registry.lines(package.name.lower())
        if document is None:
            return None
        try:
            entries = [json.loads(line) for line in document.splitlines() if line.strip()]
            versions = [self._version(each) for each in entries]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unreachable("The public registry sent a broken index file.") from error
        return PublicPackage({each.version: each for each in versions})

    def assets(self, package: PackageId, version: PublicVersion) -> tuple[PublicAsset, ...]:  # noqa: ARG002  protocol
        """Return the one crate."""
        return version.assets

    def asset(self, package: PackageId, version: str, name: str) -> PublicAsset | None:
        """Return the crate of *version* as the index lists it now."""
        listed = self.package(package)
        return listed.asset(version, name) if listed else None

    def open(self, asset: PublicAsset) -> Iterator[bytes]:
        """Yield the crate's bytes."""
        return self._registry.stream(asset.location)

    def _version(self, entry: Mapping[str, object]) -> PublicVersion:
        name, version, checksum = str(entry["name"]), str(entry["vers"]), str(entry["cksum"])
        if not _NAME.fullmatch(name) or not _VERSION.fullmatch(version):
            raise ValueError("an entry of another crate")
        location, size, age = self._registry.crate(name, version, checksum)
        published = _time(entry.get(PUBLISHED)) or age
        metadata: dict[str, object] = {
            INDEX: {key: value for key, value in entry.items() if key != "cksum"}
        }
        if published is not None:
            metadata[ORIGINAL_PUBLISH_TIME] = published.isoformat()
        asset = PublicAsset(
            name=f"{name}-{version}.crate",
            location=location,
            size=size,
            hashes={"sha256": checksum.lower()},
            published=published,
        )
        return PublicVersion(version, published, (asset,), metadata)


class LocalRegistry:
    """A folder of this machine."""

    def __init__(self, root: Path) -> None:
        self._files = Directory(root)

    def lines(self, name: str) -> bytes | None:
        """Return the file below ``index/``."""
        return self._files.read(f"index/{index_folder(name)}/{name}")

    def crate(self, name: str, version: str, checksum: str) -> Found:  # noqa: ARG002  protocol
        """Return the file beside the index, else the one in the crate's own folder."""
        beside = f"{name}-{version}.crate"
        for path in (beside, f"crates/{name}/{beside}"):
            described = self._files.describe(path)
            if described is not None:
                return path, *described
        return beside, None, None

    def stream(self, location: str) -> Iterator[bytes]:
        """Yield the file's bytes."""
        return self._files.stream(location)


class SparseRegistry:
    """A registry that is served over HTTP; its ``config.json`` says where the crates are."""

    def __init__(self, base_url: str) -> None:
        self._remote = Remote(base_url)
        self._download: str | None = None

    def lines(self, name: str) -> bytes | None:
        """Return the index file."""
        response = self._remote.document(quote(f"{index_folder(name)}/{name}"))
        return None if response is None else response.content

    def crate(self, name: str, version: str, checksum: str) -> Found:
        """Return the URL that ``dl`` gives ("Index Configuration", The Cargo Book)."""
        template = self._template()
        if not _MARKER.search(template):
            template = f"{template}/{{crate}}/{{version}}/download"
        values = {
            "crate": name,
            "version": quote(version, safe=""),
            "prefix": index_folder(name),
            "lowerprefix": index_folder(name.lower()),
            "sha256-checksum": checksum,
        }
        return _MARKER.sub(lambda match: values[match[1]], template), None, None

    def stream(self, location: str) -> Iterator[bytes]:
        """Yield the crate's bytes."""
        return self._remote.stream(location)

    def _template(self) -> str:
        if self._download is None:
            response = self._remote.document("config.json")
            try:
                self._download = str(json.loads(response.content if response else b"")["dl"])
            except (ValueError, KeyError, TypeError) as error:
                raise Unreachable("The public registry has no usable config.json.") from error
        return self._download


def _time(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
