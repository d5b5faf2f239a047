"""The files of a public repository, below a base URL or a folder of this machine."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from emulator.core.external import Unreachable, Withdrawn
from emulator.external.http import CHUNK, Remote, last_modified


class Files(Protocol):
    """Files below one root, by relative path."""

    def read(self, path: str) -> bytes | None:
        """Return a small file whole; None when it is not there."""
        ...

    def describe(self, path: str) -> tuple[int | None, datetime | None] | None:
        """Return a file's size and age, as far as they are known; None when it is not there."""
        ...

    def names(self, path: str) -> list[str] | None:
        """Return the names in a folder, folders with a slash; None when this cannot be told."""
        ...

    def stream(self, path: str) -> Iterator[bytes]:
        """Yield a file's bytes."""
        ...


class RemoteFiles:
    """Files below a base URL; folders cannot be listed."""

    def __init__(self, base_url: str) -> None:
        self._remote = Remote(base_url)

    def read(self, path: str) -> bytes | None:
        """Return a small file whole."""
        response = self._remote.document(_quoted(path))
        return None if response is None else response.content

    def describe(self, path: str) -> tuple[int | None, datetime | None] | None:
        """Return what the file's headers say."""
        headers = self._remote.head(_quoted(path))
        if headers is None:
            return None
        length = headers.get("content-length", "")
        return int(length) if length.isdigit() else None, last_modified(headers)

    def names(self, path: str) -> list[str] | None:  # noqa: ARG002  protocol
        """Return None: HTTP has no folders."""
        return None

    def stream(self, path: str) -> Iterator[bytes]:
        """Yield a file's bytes."""
        return self._remote.stream(_quoted(path))


class Directory:
    """
    Files below a folder of this machine.

    A name that is longer than those of files is not there; what may not be read is no answer.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()

    def read(self, path: str) -> bytes | None:
        """Return a small file whole."""
        try:
            file = self._path(path)
            return file.read_bytes() if file.is_file() else None
        except OSError as error:
            _absent(error)
            return None

    def describe(self, path: str) -> tuple[int | None, datetime | None] | None:
        """Return what the file system says."""
        try:
            status = self._path(path).stat()
        except OSError as error:
            if error.errno not in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
                _absent(error)
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        return status.st_size, datetime.fromtimestamp(int(status.st_mtime), UTC)

    def names(self, path: str) -> list[str] | None:
        """Return what the folder holds."""
        try:
            folder = self._path(path)
            if not folder.is_dir():
                return None
            return sorted(f"{e.name}/" if e.is_dir() else e.name for e in folder.iterdir())
        except OSError as error:
            _absent(error)
            return None

    def stream(self, path: str) -> Iterator[bytes]:
        """Yield a file's bytes."""
        try:
            with self._path(path).open("rb") as file:
                while chunk := file.read(CHUNK):
                    yield chunk
        except FileNotFoundError as error:
            raise Withdrawn("The folder no longer holds this asset.") from error
        except OSError as error:
            _absent(error)
            raise Withdrawn("The folder cannot hold this asset.") from error

    def _path(self, path: str) -> Path:
        """Return the file at *path*; a folder that is gone answers nothing at all."""
        root = str(self.root)
        if not os.path.isdir(root):  # noqa: PTH112  of each file of each version: Path takes longer
            raise Unreachable("The folder of the public repository does not exist.")
        file = os.path.realpath(os.path.join(root, path))  # noqa: PTH118  the same
        if file != root and not file.startswith(f"{root.rstrip(os.sep)}{os.sep}"):
            raise Unreachable("The path leaves the folder of the public repository.")
        return Path(file)


def _absent(error: OSError) -> None:
    """
    Return if *error* says that there can be no such file.

    Raises:
        Unreachable: It says something else.
    """
    if error.errno != errno.ENAMETOOLONG:
        raise Unreachable(f"The folder cannot be read: {error.strerror}") from error


def _quoted(path: str) -> str:
    """Return *path* as a URL has it; nothing in a name leads elsewhere than below the base."""
    if {".", ".."} & set(path.split("/")):
        raise Unreachable("The path leaves the public repository.")
    return quote(path)
