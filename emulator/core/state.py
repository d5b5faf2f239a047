"""Everything that one local CodeArtifact holds, put together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulator.core.assets import AssetStore
from emulator.core.clock import Clock
from emulator.core.events import EventSource
from emulator.core.faults import Faults
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

    def close(self) -> None:
        """Background work has ended, delivery has stopped, files are complete."""
        self.background.shutdown(cancel_futures=True)
        self.events.close()
        self.store.close()
        self.assets.close()


def open_state(options: Options) -> State:
    """
    Open the state that ``options.data`` holds, or an empty one that lasts as long as the process.

    Raises:
        InternalServer: The data folder is of another version.
    """
    if options.data is None:
        store, assets = Store(), AssetStore()
    else:
        options.data.mkdir(parents=True, exist_ok=True)
        store = Store(options.data / "state.sqlite3")
        assets = AssetStore(options.data / "assets")
        with store.reading() as connection:
            assets.collect(
                row[0] for row in connection.execute("SELECT DISTINCT sha256 FROM assets")
            )
    clock = Clock()
    faults = Faults()
    events = EventSource(store, clock, faults, options.region)
    return State(options, store, assets, clock, faults, events)
