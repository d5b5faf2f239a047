"""Gzipped tar archives of anyone who may publish: read one member after the other, up to a size."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MAX_UNPACKED = 256 * 1024 * 1024  # read in search of a member at most: our choice


@contextmanager
def opened(path: Path) -> Iterator[tarfile.TarFile]:
    """
    Return the archive at *path* for one pass over its members.

    Also what only describes a member counts: a header may claim any size, and unpack to it.

    Raises:
        tarfile.TarError: It is none, or more than `MAX_UNPACKED` bytes of it were read; then also
            while it is read.
        OSError: It is not gzipped; then also while it is read.
    """
    with _Limited(path) as unpacked, tarfile.open(fileobj=unpacked, mode="r|") as archive:
        yield archive


class _Limited(gzip.GzipFile):
    """A file of which no more than `MAX_UNPACKED` bytes are read."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.left = MAX_UNPACKED

    def read(self, size: int | None = -1) -> bytes:
        content = super().read(size)
        self.left -= len(content)
        if self.left < 0:
            raise tarfile.ReadError(f"It unpacks to more than {MAX_UNPACKED} bytes.")
        return content
