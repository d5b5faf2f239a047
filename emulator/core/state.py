"""Everything that one local CodeArtifact holds, put together."""

from __future__ import annotations

import fcntl
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from emulator.core.assets import AssetStore
from emulator.core.clock import Clock
from emulator.core.errors import InternalServer
from emulator.core.events import EventSource
from emulator.core.faults import Faults
from emulator.core.group_index import Indexes
from emulator.core.store import Store
from emulator.options import Options

if TYPE_CHECKING:
    from emulator.core.external import PublicRepository

_BACKGROUND_WORKERS = 8


@dataclass(slots=True)
class State:
    """
    One local CodeArtifact.

    Attributes:
        base_url: Where it is served, without a slash at the end; set when the port is known.
        public: External connection name to what is behind it.
        background: Runs what outlives a request, such as the rest of an ingestion.
        folder: Keeps other processes out of the data folder.
        group_indexes: The package groups of each domain, as last read.
    """

    options: Options
    store: Store
    assets: AssetStore
    clock: Clock
    faults: Faults
    events: EventSource
    base_url: str = "http://127.0.0.1:4566"
    public: dict[str, PublicRepository] = field(default_factory=dict)
    background: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_BACKGROUND_WORKERS, "codeartifact-background")
    )
    folder: ExitStack = field(default_factory=ExitStack)
    group_indexes: Indexes = field(default_factory=Indexes)

    def close(self) -> None:
        """Background work has ended, delivery has stopped, files are complete."""
        self.background.shutdown(cancel_futures=True)
        self.events.close()
        self.store.close()
        self.assets.close()
        self.folder.close()


def open_state(options: Options) -> State:
    """
    Open the state that ``options.data`` holds, or an empty one that lasts as long as the process.

    Raises:
        InternalServer: The data folder is of another version, account or region, or in use.
    """
    clock, faults = Clock(), Faults()
    with ExitStack() as opened:
        if options.data is None:
            store, assets = Store(), AssetStore()
        else:
            opened.enter_context(_locked(options.data))
            store = Store(options.data / "state.sqlite3")
            opened.callback(store.close)
            _claim(store, options)
            assets = AssetStore(options.data / "assets")
            with store.reading() as connection:
                assets.collect(
                    row[0] for row in connection.execute("SELECT DISTINCT sha256 FROM assets")
                )
        events = EventSource(store, clock, faults, options.region)
        return State(options, store, assets, clock, faults, events, folder=opened.pop_all())


def _claim(store: Store, options: Options) -> None:
    """
    Make *store* that of the options' account and region for good.

    ARNs, which tags and policies are kept by, and endpoints name both: under others they would be
    lost from sight. A store from before this was remembered is taken for that of the options.
    """
    wanted = {"account": options.account, "region": options.region}
    with store.transaction() as connection:
        connection.executemany(
            "INSERT OR IGNORE INTO settings (name, value) VALUES (?, ?)", wanted.items()
        )
        rows = connection.execute("SELECT name, value FROM settings").fetchall()
    kept = {name: value for name, value in rows if name in wanted}
    if kept != wanted:
        raise InternalServer(
            f"{options.data} is of the account {kept['account']} in {kept['region']}, this is "
            f"{options.account} in {options.region}: start with those, or with a folder of its own"
        )


def _locked(folder: Path) -> IO[bytes]:
    """
    Return a file whose closing, or the end of this process, lets others use *folder* again.

    Two at once would remove each other's uploads and deliver each event twice.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "lock").open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise InternalServer(
            f"{folder} is in use by another local CodeArtifact: stop that one, or give this one a "
            "folder of its own"
        ) from error
    return lock
