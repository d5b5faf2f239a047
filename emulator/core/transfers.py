"""Assets on their way in from a public repository, and who waits for them."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.core.assets import AssetStore
from emulator.core.values import Asset, Blob, PackageId, RepositoryId

if TYPE_CHECKING:
    from emulator.core.external import PublicAsset, PublicVersion

MAX_REMEMBERED = 4_096  # downloads whose pre-signed URLs still find them: our choice


@dataclass(slots=True)
class Download:
    """
    The bytes of one asset, complete or still arriving.

    Attributes:
        key: What its pre-signed URL names: the SHA-256 of a stored asset, else an id of its own.
        path: The file that holds what is in by now; it may move while it grows.
        size: Bytes; None while the public repository has not said.
        published: The original publish time, served as ``Last-Modified``.
        finished: Set when all bytes are in, or none will come any more.
        blob: What is stored; None until everything is.
        failed: Why no more will come; None while they do.
        begin: What makes it arrive, asked by `begun`; None when it does already.
    """

    key: str
    name: str
    path: Path
    finished: threading.Event
    published: datetime
    size: int | None = None
    blob: Blob | None = None
    failed: str | None = None
    begin: Callable[[], Download | None] | None = None


def begun(download: Download) -> Download | None:
    """
    Return *download* with its bytes in or arriving; None when its asset is gone by now.

    May wait for the network. What does not arrive because nobody answers has ``failed``.
    """
    from emulator.core.errors import ResourceNotFound
    from emulator.core.external import Unreachable

    if download.begin is None:
        return download
    try:
        return download.begin()
    except ResourceNotFound:
        return None
    except Unreachable as error:
        download.failed = str(error)
        download.finished.set()
        return download


def stored(store: AssetStore, asset: Asset, published: datetime) -> Download:
    """Return the download of an asset that is all there."""
    finished = threading.Event()
    finished.set()
    return Download(
        key=asset.blob.sha256,
        name=asset.name,
        path=store.path(asset.blob.sha256),
        finished=finished,
        published=published,
        size=asset.blob.size,
        blob=asset.blob,
    )


def complete(store: AssetStore, sha256: str, name: str, published: datetime) -> Download | None:
    """Return the download of stored bytes, known by their hash alone; None when they are gone."""
    path = store.path(sha256)
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return None
    finished = threading.Event()
    finished.set()
    return Download(sha256, name, path, finished, published, size)


class TransferFailed(Exception):
    """An asset did not come in: its repository broke off, or sent other bytes than it lists."""


class Transfer:
    """One asset's transfer into the asset store, started at most once."""

    def __init__(self, asset: PublicAsset, published: datetime) -> None:
        self.asset = asset
        self.begun = threading.Event()
        self.withdrawn = False
        self.download = Download(
            key=uuid.uuid4().hex,
            name=asset.name,
            path=Path(),
            finished=threading.Event(),
            published=published,
            size=asset.size,
        )
        self._claim = threading.Lock()

    def claim(self) -> bool:
        """Return True to the one caller that is to `run` it."""
        return self._claim.acquire(blocking=False)

    def run(self, store: AssetStore, source: Callable[[PublicAsset], Iterator[bytes]]) -> None:
        """
        The asset is in the store, with the hashes that were listed, or ``failed`` says why not.

        ``begun`` is set with the first bytes, ``finished`` in any case.
        """
        from emulator.core.errors import CodeArtifactError
        from emulator.core.external import Unreachable, Withdrawn

        try:
            blob = self._receive(store, source)
            self.download.key, self.download.size = blob.sha256, blob.size
            self.download.blob = blob
        except Withdrawn as error:
            self.withdrawn = True
            self.download.failed = str(error)
        except (Unreachable, TransferFailed, CodeArtifactError, OSError) as error:
            self.download.failed = str(error)
        finally:
            self.download.finished.set()
            self.begun.set()

    def _receive(self, store: AssetStore, source: Callable[[PublicAsset], Iterator[bytes]]) -> Blob:
        with store.writer() as writer:
            self.download.path = writer.path
            for chunk in source(self.asset):
                writer.write(chunk)
                self.begun.set()
            if self.asset.size is not None and writer.size != self.asset.size:
                raise TransferFailed(
                    f"{self.asset.name}: {self.asset.size} bytes are listed, {writer.size} came"
                )
            if mismatch := _mismatch(self.asset, writer.hexdigests()):
                raise TransferFailed(f"{self.asset.name}: the {mismatch} is not the one listed")
            blob = writer.finish()
        self.download.path = store.path(blob.sha256)
        return blob


def _mismatch(asset: PublicAsset, digests: dict[str, str]) -> str | None:
    return next(
        (name for name, listed in asset.hashes.items() if digests.get(name, listed) != listed), None
    )


@dataclass(slots=True)
class Import:
    """
    One version on its way in, with the repositories that will hold it.

    Attributes:
        entry: The repository with the external connection.
        destinations: The repositories whose clients asked, in the order in which they did.
        created: When each of them, and the entry, was created: one that is deleted and created
            again under its name on the way is another one, and gets nothing.
        pending: Transfers, and the look at what else belongs to the version, that have not ended.
        ended: Nobody joins it any more.
        lock: Guards all of it.
    """

    entry: RepositoryId
    package: PackageId
    version: PublicVersion
    destinations: dict[RepositoryId, None] = field(default_factory=dict)
    created: dict[RepositoryId, datetime] = field(default_factory=dict)
    transfers: dict[str, Transfer] = field(default_factory=dict)
    listed: bool = False
    pending: int = 0
    ended: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock, compare=False, repr=False)

    @property
    def published(self) -> datetime | None:
        """When the version was first published: as listed, else its oldest asset."""
        times = [each.asset.published for each in self.transfers.values() if each.asset.published]
        return self.version.published or min(times, default=None)

    @property
    def arrived(self) -> dict[str, Blob]:
        """What is stored by now, by the names of the assets."""
        return {
            name: each.download.blob
            for name, each in self.transfers.items()
            if each.download.blob is not None
        }

    @property
    def key(self) -> tuple[RepositoryId, PackageId, str]:
        """What joins concurrent requests for one version."""
        return self.entry, self.package, self.version.version


class Imports:
    """Which versions are coming in through one external connection; ``lock`` guards the list."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.running: dict[tuple[RepositoryId, PackageId, str], Import] = {}
        self._downloads: OrderedDict[str, Download] = OrderedDict()

    def remember(self, key: str, download: Download) -> None:
        """`find` returns *download* for *key* from now on, until many others have come."""
        with self.lock:
            self._downloads[key] = download
            while len(self._downloads) > MAX_REMEMBERED:
                self._downloads.popitem(last=False)

    def find(self, key: str) -> Download | None:
        """Return the download that was remembered under *key*."""
        with self.lock:
            return self._downloads.get(key)

    def version(
        self, entry: RepositoryId, package: PackageId, version: str
    ) -> PublicVersion | None:
        """Return *version* if it is coming in to *entry*."""
        with self.lock:
            running = self.running.get((entry, package, version))
        return running.version if running else None

    def versions(self, entry: RepositoryId, package: PackageId) -> list[PublicVersion]:
        """Return the versions of *package* that are coming in to *entry*."""
        with self.lock:
            return [
                each.version
                for each in self.running.values()
                if each.entry == entry and each.package == package
            ]
