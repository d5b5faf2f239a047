"""What is around the company in the story: a public index, and events that can be held back."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cli.stack.codeartifact import CodeArtifact
from cli.stack.json_types import Document

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from cli.demo.outside import Outside

CONNECTION = "public:pypi"


class World:
    """Opens the local CodeArtifact of the story, and stays between it and its surroundings."""

    def __init__(self) -> None:
        self.events: list[Document] = []  # CodeArtifact's so far, held back or not
        self._outside: Outside | None = None
        self._held: list[Callable[[], None]] | None = None
        self._lock = threading.RLock()

    @property
    def outside(self) -> "Outside":
        """What stands behind `CONNECTION`; there is none before the stack has started."""
        if self._outside is None:
            raise LookupError("no local CodeArtifact has been opened")
        return self._outside

    def open(
        self, *, account: str, region: str, folder: Path | None, other_services: "ASGIApp | None"
    ) -> CodeArtifact:
        """Return the emulator, connected to this world; see `OpensCodeArtifact`."""
        from cli.demo.outside import Outside
        from emulator.app import create_app
        from emulator.external.discovery import public_repositories
        from emulator.options import Options

        options = Options(account=account, region=region, data=folder)
        public = public_repositories(options)
        self._outside = Outside(public[CONNECTION])
        app = create_app(options, other_services, public={**public, CONNECTION: self._outside})
        emitted = app.state.codeartifact.events
        emitted.subscribe(self.events.append)
        return CodeArtifact(
            app=app,
            subscribe=lambda sink: emitted.subscribe(partial(self.deliver, sink)),
            close=app.close,
            clock=app.state.codeartifact.clock,
        )

    def deliver(self, sink: Callable[[Document], None], event: Document) -> None:
        """Give *event* to *sink*: now, or when the block of `late_events` ends."""
        with self._lock:
            if self._held is None:
                sink(event)
            else:
                self._held.append(partial(sink, event))

    @contextmanager
    def late_events(self) -> Iterator[None]:
        """Hold events back until the end of the block; CodeArtifact promises no time for them."""
        with self._lock:
            self._held = []
        try:
            yield
        finally:
            with self._lock:
                held, self._held = self._held, None
                for give in held:
                    give()
