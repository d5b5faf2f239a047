"""The state of a local CodeArtifact in one SQLite database, in memory or in a file."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from emulator.core import topology
from emulator.core.errors import InternalServer

SCHEMA_VERSION = 2

_SCHEMA = """
CREATE TABLE domains (
    id INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    encryption_key TEXT NOT NULL,
    groups_generation INTEGER NOT NULL,
    UNIQUE (owner, name)
);
CREATE TABLE repositories (
    id INTEGER PRIMARY KEY,
    domain INTEGER NOT NULL REFERENCES domains ON DELETE CASCADE,
    name TEXT NOT NULL,
    administrator TEXT NOT NULL,
    description TEXT NOT NULL,
    created INTEGER NOT NULL,
    external_connection TEXT,
    UNIQUE (domain, name)
);
CREATE TABLE upstreams (
    repository INTEGER NOT NULL REFERENCES repositories ON DELETE CASCADE,
    position INTEGER NOT NULL,
    upstream INTEGER NOT NULL REFERENCES repositories ON DELETE CASCADE,
    PRIMARY KEY (repository, position)
) WITHOUT ROWID;
CREATE INDEX upstreams_by_upstream ON upstreams (upstream);
CREATE TABLE package_groups (
    id INTEGER PRIMARY KEY,
    domain INTEGER NOT NULL REFERENCES domains ON DELETE CASCADE,
    pattern TEXT NOT NULL,
    created INTEGER NOT NULL,
    contact_info TEXT NOT NULL,
    description TEXT NOT NULL,
    publish TEXT NOT NULL,
    external_upstream TEXT NOT NULL,
    internal_upstream TEXT NOT NULL,
    associates_from INTEGER NOT NULL,
    deleted_until INTEGER,
    UNIQUE (domain, pattern)
);
CREATE TABLE allowed_repositories (
    package_group INTEGER NOT NULL REFERENCES package_groups ON DELETE CASCADE,
    restriction TEXT NOT NULL,
    repository INTEGER NOT NULL REFERENCES repositories ON DELETE CASCADE,
    PRIMARY KEY (package_group, restriction, repository)
) WITHOUT ROWID;
CREATE INDEX allowed_repositories_by_repository ON allowed_repositories (repository);
CREATE TABLE packages (
    id INTEGER PRIMARY KEY,
    repository INTEGER NOT NULL REFERENCES repositories ON DELETE CASCADE,
    format TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    publish TEXT NOT NULL,
    upstream TEXT NOT NULL,
    metadata TEXT NOT NULL DEFAULT '{}',
    UNIQUE (repository, format, namespace, name)
);
CREATE TABLE versions (
    id INTEGER PRIMARY KEY,
    package INTEGER NOT NULL REFERENCES packages ON DELETE CASCADE,
    version TEXT NOT NULL,
    status TEXT NOT NULL,
    revision TEXT NOT NULL,
    origin_type TEXT NOT NULL,
    origin_repository TEXT,
    origin_connection TEXT,
    published INTEGER NOT NULL,
    visible_from INTEGER NOT NULL,
    metadata TEXT NOT NULL DEFAULT '{}',
    UNIQUE (package, version)
);
CREATE INDEX versions_by_time ON versions (package, published);
CREATE INDEX versions_by_status ON versions (package, status, version);
CREATE INDEX versions_by_status_and_time ON versions (package, status, published);
CREATE TABLE blobs (
    sha256 TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    md5 TEXT NOT NULL,
    sha1 TEXT NOT NULL,
    sha512 TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE assets (
    version INTEGER NOT NULL REFERENCES versions ON DELETE CASCADE,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL REFERENCES blobs,
    checksum_refused INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (version, name)
) WITHOUT ROWID;
CREATE INDEX assets_by_blob ON assets (sha256);
CREATE TABLE sequences (
    repository INTEGER NOT NULL REFERENCES repositories ON DELETE CASCADE,
    format TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (repository, format, namespace, name)
) WITHOUT ROWID;
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    due INTEGER NOT NULL,
    event TEXT NOT NULL
);
CREATE INDEX outbox_by_due ON outbox (due, id);
CREATE TABLE tags (
    arn TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (arn, key)
) WITHOUT ROWID;
CREATE TABLE policies (
    arn TEXT PRIMARY KEY,
    revision TEXT NOT NULL,
    document TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
"""


class Store:
    """
    One SQLite connection and the lock that guards it.

    Every use of the connection is inside `transaction` or `reading`. A transaction that was left
    without an exception is on disk when a database file is used; one that was left with an
    exception has changed nothing.

    Tables ``tags`` and ``policies`` are keyed by ARN, ``settings`` by any name.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._after_commit: list[Callable[[], None]] = []
        self._connection = sqlite3.connect(
            ":memory:" if path is None else path,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
            factory=topology.Connection,
        )
        self._connection.execute("PRAGMA foreign_keys = ON")
        if path is not None:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
        self._create(path)
        self._connection.watch()

    def _create(self, path: Path | None) -> None:
        (found,) = self._connection.execute("PRAGMA user_version").fetchone()
        if found == 0:
            self._connection.executescript(
                f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
            )
        elif found != SCHEMA_VERSION:
            self._connection.close()
            raise InternalServer(
                f"{path} holds schema version {found}, this program reads version "
                f"{SCHEMA_VERSION}: "
                "start with an empty data folder"
            )

    def on_commit(self, hook: Callable[[], None]) -> None:
        """*hook* is called, outside the lock where possible, after each committed transaction."""
        with self._lock:
            self._after_commit.append(hook)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """
        Give the connection inside a transaction; calls inside one another join the outermost.

        Raises:
            InternalServer: The database could not be written (a full disk); nothing is changed.
        """
        committed = False
        with self._lock:
            if self._depth:
                yield self._connection
                return
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                raise _cannot_write(error) from error
            self._depth = 1
            try:
                yield self._connection
                self._connection.execute("COMMIT")
                committed = True
            except sqlite3.OperationalError as error:
                raise _cannot_write(error) from error
            finally:
                self._depth = 0
                if not committed:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                    self._connection.forget()
            hooks = list(self._after_commit)
        for hook in hooks:
            hook()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the connection for reading; nobody writes meanwhile."""
        with self._lock:
            yield self._connection

    def close(self) -> None:
        """The connection is closed and its file, if any, complete."""
        with self._lock:
            self._connection.close()


def _cannot_write(error: sqlite3.OperationalError) -> InternalServer:
    return InternalServer(f"The local CodeArtifact cannot write its state: {error}")
