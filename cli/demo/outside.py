"""The public Python index of the story: the machine's, with an attacker's package over it."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from emulator.core.external import PublicAsset, PublicPackage, PublicVersion
from emulator.core.values import Format, PackageId
from emulator.external.pypi_index import package_of

if TYPE_CHECKING:
    from emulator.core.external import PublicRepository


class Outside:
    """
    A public index with files of the demonstration over it, in this process.

    A name that was registered here is answered from here alone: nobody else is asked for it, so it
    need not exist anywhere, and with a network or without the story is the same.
    """

    def __init__(self, index: "PublicRepository") -> None:
        """Lay nothing over *index* yet."""
        self._index = index
        self._files: dict[str, dict[str, bytes]] = {}  # by project, by file name
        self._released: dict[str, datetime] = {}  # by file name
        self.questions = 0  # how often somebody asked for a name that was registered here

    @property
    def format(self) -> Format:
        """The package format that it speaks."""
        return self._index.format

    @property
    def description(self) -> str:
        """What is under the demonstration's own files, for people."""
        return self._index.description

    def register(
        self, project: str, file: str, content: bytes, *, released: datetime | None = None
    ) -> None:
        """Offer a file of *project*, whose name is normalised, from now on."""
        self._files.setdefault(project, {})[file] = content
        if released is not None:
            self._released[file] = released

    def package(self, package: PackageId) -> PublicPackage | None:
        """Return what *package* offers now."""
        files = self._files.get(package.name)
        if files is None:
            return self._index.package(package)
        self.questions += 1
        return package_of([self._asset(name, content) for name, content in files.items()])

    def assets(self, package: PackageId, version: PublicVersion) -> tuple[PublicAsset, ...]:
        """Return the assets that come in with *version*."""
        if package.name in self._files:
            return version.assets
        return self._index.assets(package, version)

    def asset(self, package: PackageId, version: str, name: str) -> PublicAsset | None:
        """Return one asset by its name."""
        files = self._files.get(package.name)
        if files is None:
            return self._index.asset(package, version, name)
        self.questions += 1
        return self._asset(name, files[name]) if name in files else None

    def open(self, asset: PublicAsset) -> Iterator[bytes]:
        """Yield the bytes of *asset*."""
        for files in self._files.values():
            content = files.get(asset.name)
            if content is not None and asset.location == _location(asset.name):
                return iter([content])
        return self._index.open(asset)

    def _asset(self, name: str, content: bytes) -> PublicAsset:
        released = self._released.get(name)
        uploaded = {} if released is None else {"upload-time": released.isoformat()}
        return PublicAsset(
            name=name,
            location=_location(name),
            size=len(content),
            hashes={"sha256": hashlib.sha256(content).hexdigest()},
            published=released,
            metadata={"yanked": False, **uploaded},
        )


def _location(name: str) -> str:
    return f"demonstration/{name}"
