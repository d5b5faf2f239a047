"""The bytes of assets: a folder of files, each named after the SHA-256 of what it holds."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from emulator.core.errors import InternalServer, ServiceQuotaExceeded
from emulator.core.values import Blob

MAX_ASSET_BYTES = 5 * 10**9  # "Asset file size maximum", User Guide, quotas
_INCOMING = "incoming"


class AssetStore:
    """
    Content-addressed files under *root*, or in a temporary folder that `close` removes.

    A file is complete as soon as it has its name: it is written elsewhere in the folder and
    renamed.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.durable = root is not None
        self.root = root or Path(tempfile.mkdtemp(prefix="codeartifact-assets-"))
        self._lock = threading.Lock()
        self._unsettled: Counter[str] = Counter()
        self._at = str(self.root)
        self._folders: set[str] = set()
        self._incoming = self.root / _INCOMING
        self._incoming.mkdir(parents=True, exist_ok=True)

    def writer(self, limit: int = MAX_ASSET_BYTES) -> AssetWriter:
        """Return a writer for one asset of at most *limit* bytes."""
        return AssetWriter(self, self._incoming, limit=limit)

    def store(self, content: bytes) -> Blob:
        """*content* is stored; for the small documents that the emulator itself makes."""
        with self.writer() as writer:
            writer.write(content)
            return writer.finish()

    def accept(self, path: Path, sha256: str) -> None:
        """The file at *path* is the blob; it stays at least until it is settled as often."""
        target = self.path(sha256)
        if sha256[:2] not in self._folders:
            target.parent.mkdir(exist_ok=True)
            self._folders.add(sha256[:2])
        with self._lock:
            path.replace(target)
            self._unsettled[sha256] += 1

    def settle(self, sha256: str, *, held: bool) -> None:
        """An upload of the blob has ended; it is gone if nothing has *held* it and none goes on."""
        with self._lock:
            self._unsettled[sha256] -= 1
            if self._unsettled[sha256] > 0:
                return
            del self._unsettled[sha256]
            if not held:
                self.path(sha256).unlink(missing_ok=True)

    def path(self, sha256: str) -> Path:
        """Return where the blob is, or would be."""
        return Path(f"{self._at}/{sha256[:2]}/{sha256}")

    def contains(self, sha256: str) -> bool:
        """Whether the blob is stored."""
        return self.path(sha256).is_file()

    def collect(self, referenced: Iterable[str]) -> int:
        """
        Remove what a killed process left half written and every blob not in *referenced*.

        Only safe while nobody writes, so it runs when the state is opened.

        Returns:
            How many files were removed.
        """
        wanted = set(referenced)
        removed = 0
        for path in self.root.glob("*/*"):
            if path.parent.name == _INCOMING or path.name not in wanted:
                path.unlink()
                removed += 1
        return removed

    def close(self) -> None:
        """A temporary folder is gone; a given one stays."""
        if not self.durable:
            shutil.rmtree(self.root, ignore_errors=True)


class AssetWriter:
    """
    Takes the bytes of one asset; as a context manager it forgets them unless `finish` was called.

    Attributes:
        path: The growing file, which others may read meanwhile. `finish` moves it; whoever opened
            it before reads on.
        size: Bytes written so far.
    """

    def __init__(self, store: AssetStore, folder: Path, *, limit: int) -> None:
        self._store = store
        self._limit = limit
        self._hashes = tuple(
            hashlib.new(name, usedforsecurity=False) for name in ("md5", "sha1", "sha256", "sha512")
        )
        self.size = 0
        self._open = True
        self.path = folder / secrets.token_hex(16)
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise _cannot_write(error) from error
        self._file = os.fdopen(descriptor, "wb", buffering=0)

    def write(self, content: bytes | memoryview) -> None:
        """
        *content* is appended and visible to readers of `path`.

        Raises:
            InternalServer: The disk is full or broken; nothing of the asset is left behind.
            ServiceQuotaExceeded: The asset is larger than allowed; nothing is left behind either.
        """
        if self.size + len(content) > self._limit:
            self.abort()
            raise ServiceQuotaExceeded(
                f"Asset exceeds the maximum size of {self._limit} bytes",
                resource_id="asset",
                resource_type="asset",
            )
        for each in self._hashes:
            each.update(content)
        view = memoryview(content)
        try:
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            self.abort()
            raise _cannot_write(error) from error
        self.size += len(content)

    def hexdigests(self) -> dict[str, str]:
        """Return the hashes of what has been written, by algorithm, in lower-case hexadecimal."""
        return {each.name: each.hexdigest() for each in self._hashes}

    def finish(self) -> Blob:
        """
        Everything written is stored under its SHA-256, durably if the store keeps its folder.

        Raises:
            InternalServer: The disk is full or broken; nothing of the asset is left behind.
        """
        md5, sha1, sha256, sha512 = (each.hexdigest() for each in self._hashes)
        target = self._store.path(sha256)
        try:
            if self._store.durable:
                os.fsync(self._file.fileno())
            self._file.close()
            self._store.accept(self.path, sha256)
            if self._store.durable:
                _sync_folder(target.parent)
                _sync_folder(self._store.root)
        except OSError as error:
            self.abort()
            raise _cannot_write(error) from error
        self._open = False
        return Blob(size=self.size, md5=md5, sha1=sha1, sha256=sha256, sha512=sha512)

    def abort(self) -> None:
        """Nothing of what was written is left; without effect after `finish`."""
        if self._open:
            self._open = False
            self._file.close()
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.abort()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _cannot_write(error: OSError) -> InternalServer:
    return InternalServer(
        f"The local CodeArtifact cannot store the asset: {error.strerror or error}"
    )
