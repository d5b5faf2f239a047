"""Public Maven repositories: any base URL or directory in the Maven 2 layout."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from emulator.core.external import (
    ORIGINAL_PUBLISH_TIME,
    PublicAsset,
    PublicPackage,
    PublicVersion,
    Unreachable,
)
from emulator.core.values import PackageId
from emulator.external.files import Directory, Files, RemoteFiles

GUESSED = (".pom", ".jar", "-javadoc.jar", "-sources.jar")
"""What comes in with a version that cannot be listed (User Guide, Maven external connections)."""

SNAPSHOT = re.compile(r".*-(SNAPSHOT|[0-9]{8}\.[0-9]{6}-[0-9]+)", re.IGNORECASE | re.DOTALL)
CHECKSUM = re.compile(r".*\.(md5|sha1|sha256|sha512|asc)", re.DOTALL)
SHA1_LENGTH = 40


class MavenLayout:
    """A public Maven repository; snapshots never come in (User Guide, Maven snapshots)."""

    format: Literal["maven"] = "maven"

    def __init__(self, location: str | Path, description: str) -> None:
        self.description = description
        text = str(location)
        self.near = "://" not in text
        self._files: Files = Directory(Path(text)) if self.near else RemoteFiles(text)

    def package(self, package: PackageId) -> PublicPackage | None:
        """Return the versions in ``maven-metadata.xml``, else those of the listed folder."""
        folder = _folder(package)
        document = self._files.read(f"{folder}/maven-metadata.xml")
        if document is not None:
            names = _versions(document)
        else:
            entries = self._files.names(folder)
            if entries is None:
                return None
            names = sorted(entry.rstrip("/") for entry in entries if entry.endswith("/"))
        return PublicPackage(
            {name: PublicVersion(name) for name in names if not SNAPSHOT.fullmatch(name)}
        )

    def assets(self, package: PackageId, version: PublicVersion) -> tuple[PublicAsset, ...]:
        """Return every asset that can be listed, else those of the usual names that exist."""
        names = self._files.names(f"{_folder(package)}/{version.version}")
        if names is None:
            names = [f"{package.name}-{version.version}{suffix}" for suffix in GUESSED]
        found = [
            self.asset(package, version.version, name)
            for name in names
            if not name.endswith("/")
            and not CHECKSUM.fullmatch(name)
            and not name.startswith("maven-metadata")
        ]
        return tuple(asset for asset in found if asset is not None)

    def asset(self, package: PackageId, version: str, name: str) -> PublicAsset | None:
        """Return the asset *name* of *version*, whatever its name, if the repository has it."""
        if SNAPSHOT.fullmatch(version) or CHECKSUM.fullmatch(name) or "/" in name:
            return None
        path = f"{_folder(package)}/{version}/{name}"
        described = self._files.describe(path)
        if described is None:
            return None
        size, published = described
        checksum = (self._files.read(f"{path}.sha1") or b"")[: SHA1_LENGTH * 4]
        sha1 = checksum.decode("ascii", "replace").strip().partition(" ")[0].lower()
        return PublicAsset(
            name=name,
            location=path,
            size=size,
            hashes={"sha1": sha1} if re.fullmatch(r"[0-9a-f]{40}", sha1) else {},
            published=published,
            metadata={ORIGINAL_PUBLISH_TIME: published.isoformat()} if published else {},
        )

    def open(self, asset: PublicAsset) -> Iterator[bytes]:
        """Yield the asset's bytes."""
        return self._files.stream(asset.location)


def _folder(package: PackageId) -> str:
    return f"{package.namespace.replace('.', '/')}/{package.name}"


def _versions(document: bytes) -> list[str]:
    try:
        root = fromstring(document)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Unreachable("The public repository sent a broken maven-metadata.xml.") from error
    names = [
        (element.text or "").strip() for element in root.iterfind("versioning/versions/version")
    ]
    return [name for name in names if name]
