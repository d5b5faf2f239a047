"""The asset store, the database under it, and what a full disk does to them."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.core import domains
from emulator.core.assets import AssetStore
from emulator.core.errors import InternalServer, ServiceQuotaExceeded
from emulator.core.state import open_state
from emulator.core.store import Store
from emulator.core.values import DomainId
from emulator.options import Options


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AssetStore]:
    """A store that keeps its folder."""
    found = AssetStore(tmp_path / "assets")
    yield found
    found.close()


def files(store: AssetStore) -> list[Path]:
    """Return every file in the store's folder."""
    return [path for path in store.root.rglob("*") if path.is_file()]


def test_an_asset_lies_under_its_sha_256_with_all_hashes(store: AssetStore) -> None:
    """And nothing else is left."""
    content = os.urandom(100_000)
    with store.writer() as writer:
        for start in range(0, len(content), 7_000):
            writer.write(content[start : start + 7_000])
        blob = writer.finish()
    assert files(store) == [store.path(blob.sha256)]
    assert store.path(blob.sha256).read_bytes() == content
    assert blob.size == len(content)
    for name in ("md5", "sha1", "sha256", "sha512"):
        assert getattr(blob, name) == hashlib.new(name, content).hexdigest()


def test_a_growing_asset_can_be_read_and_is_no_asset_yet(store: AssetStore) -> None:
    """Bytes are readable as soon as they are written."""
    writer = store.writer()
    writer.write(b"half")
    assert writer.path.read_bytes() == b"half"
    with writer.path.open("rb") as reader:
        writer.write(b" and half")
        blob = writer.finish()
        assert reader.read() == b"half and half"
    assert store.contains(blob.sha256)


def test_an_upload_that_breaks_off_leaves_nothing(store: AssetStore) -> None:
    """The writer forgets when its block ends without finish."""
    with pytest.raises(ConnectionError), store.writer() as writer:  # noqa: PT012  the block
        writer.write(b"half")
        raise ConnectionError
    assert files(store) == []


def test_the_same_bytes_twice_are_one_file(store: AssetStore) -> None:
    """Content-addressed."""
    assert store.store(b"same") == store.store(b"same")
    assert len(files(store)) == 1


def test_an_asset_over_the_limit_is_refused_and_leaves_nothing(store: AssetStore) -> None:
    """The quota is checked while the bytes arrive; the limit itself is allowed."""
    with store.writer(limit=10) as writer:
        writer.write(b"0123456789")
        with pytest.raises(ServiceQuotaExceeded):
            writer.write(b"x")
    assert files(store) == []


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_full_disk_is_a_clear_error_and_leaves_nothing(
    store: AssetStore, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """
    Whichever system call finds the disk full.

    They are patched because a test cannot fill the disk of the machine it runs on.
    """

    def full(*arguments: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", str(arguments[:0]))

    with store.writer() as writer:
        if call == "write":
            monkeypatch.setattr(writer, "_file", _FullFile(writer._file.fileno()))
        elif call == "fsync":
            monkeypatch.setattr(os, "fsync", full)
        else:
            monkeypatch.setattr(Path, "replace", full)
        with pytest.raises(InternalServer, match="cannot store the asset: No space left"):
            _write_and_finish(writer)
    monkeypatch.undo()
    assert files(store) == []


def _write_and_finish(writer: object) -> None:
    writer.write(b"content")  # type: ignore[attr-defined]  # an AssetWriter with a patched inside
    writer.finish()  # type: ignore[attr-defined]  # the same


class _FullFile:
    """A file on a full disk."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, content: object) -> int:
        """Fail as a full disk does."""
        del content
        raise OSError(errno.ENOSPC, "No space left on device")

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self._descriptor)


def test_a_full_database_is_a_clear_error_and_changes_nothing(tmp_path: Path) -> None:
    """SQLite's own page limit plays the full disk; afterwards the state is as it was."""
    state = open_state(Options(data=tmp_path))
    domain = DomainId("012345678901", "my-company")
    domains.create(state, domain)
    with state.store.reading() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(InternalServer, match="cannot write its state"):
        domains.create(
            state,
            DomainId("012345678901", "second-company"),
            tags={f"key-{number}": "x" * 256 for number in range(500)},
        )
    found, _ = domains.page(state, "012345678901", limit=10)
    assert [each.id for each in found] == [domain]
    state.close()


def test_opening_removes_what_no_version_refers_to(tmp_path: Path) -> None:
    """Half-written files and blobs of deleted versions."""
    state = open_state(Options(data=tmp_path))
    blob = state.assets.store(b"nobody refers to this")
    writer = state.assets.writer()
    writer.write(b"half")
    state.close()
    assert state.assets.contains(blob.sha256)
    again = open_state(Options(data=tmp_path))
    assert files(again.assets) == []
    again.close()


def test_in_memory_nothing_is_left_after_close() -> None:
    """The temporary folder goes with the state."""
    state = open_state(Options())
    state.assets.store(b"content")
    state.close()
    assert not state.assets.root.exists()


def test_a_database_of_another_version_is_refused(tmp_path: Path) -> None:
    """With both versions and what to do."""
    path = tmp_path / "state.sqlite3"
    found = Store(path)
    with found.reading() as connection:
        connection.execute("PRAGMA user_version = 99")
    found.close()
    with pytest.raises(InternalServer, match="schema version 99"):
        Store(path)


def test_a_transaction_inside_a_transaction_is_undone_with_it(tmp_path: Path) -> None:
    """The outermost decides."""
    found = Store(tmp_path / "state.sqlite3")
    statement = "INSERT INTO settings VALUES ('a', 'b')"
    with pytest.raises(RuntimeError), found.transaction():  # noqa: PT012  the block
        with found.transaction() as connection:
            connection.execute(statement)
        raise RuntimeError
    with found.reading() as connection:
        assert connection.execute("SELECT * FROM settings").fetchall() == []
    found.close()
