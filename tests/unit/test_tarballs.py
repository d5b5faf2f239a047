"""Gzipped tar archives that anyone may publish: what is read of them, and how much at most."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from emulator.core import crates, npm_readme, tarballs
from emulator.external.archives import tar_of

LIMIT = 2**20  # in place of the real one
HEADER = 2 * LIMIT  # what a member's description claims to have


@pytest.fixture
def bomb(tmp_path: Path) -> Path:
    """An archive whose first header has more bytes of zeros than are read."""
    described = tarfile.TarInfo("x")
    described.type, described.size = tarfile.XHDTYPE, HEADER
    file = tmp_path / "bomb.tar.gz"
    with gzip.open(file, "wb", compresslevel=1) as archive:
        archive.write(described.tobuf(tarfile.PAX_FORMAT))
        archive.write(bytes(HEADER))
    return file


def test_members_are_read_one_after_the_other(tmp_path: Path) -> None:
    """Each while it is the current one."""
    file = tmp_path / "a.tar.gz"
    file.write_bytes(tar_of({"a/b": b"one", "a/c": b"two"}))
    with tarballs.opened(file) as archive:
        read = {each.name: (archive.extractfile(each) or io.BytesIO()).read() for each in archive}
    assert read == {"a/b": b"one", "a/c": b"two"}


def test_an_archive_that_unpacks_to_too_much_is_not_read_on(
    bomb: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever describes what it brings says nothing of it."""
    monkeypatch.setattr(tarballs, "MAX_UNPACKED", LIMIT)
    with pytest.raises(tarfile.TarError, match="unpacks to more"), tarballs.opened(bomb):
        pass
    with pytest.raises(tarfile.TarError):
        crates.of_crate(bomb)
    assert npm_readme.of_tarball(bomb) == ""


@pytest.mark.parametrize("content", [b"", b"no archive", gzip.compress(b"no archive" * 99)])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    """With an error that those who read archives of others expect."""
    file = tmp_path / "a.tar.gz"
    file.write_bytes(content)
    with pytest.raises((tarfile.TarError, OSError)), tarballs.opened(file):
        pass
