"""What the emulator's tests share: its core alone, and its data plane on a loopback port."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from emulator.core import domains
from emulator.core.state import State, open_state
from emulator.formats import downloads, endpoint
from emulator.options import Options
from emulator.server import RunningServer
from tests.functional.emulator.data_plane import DOMAIN, DataPlane
from tests.functional.emulator.local_core import Core, opened
from tests.functional.emulator.public_index import Index, served

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


@pytest.fixture
def core() -> Iterator[Core]:
    """A core with two empty repositories, which collects its events."""
    with opened() as made:
        yield made


@pytest.fixture
def index() -> Iterator[Index]:
    """A public index that answers what the test tells it to."""
    with served() as made:
        yield made


class Switchboard:
    """An application that hands each request to the data plane of the running test."""

    def __init__(self) -> None:
        self.current: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        assert self.current is not None
        await self.current(scope, receive, send)


@pytest.fixture(scope="session")
def switchboard() -> Iterator[tuple[str, Switchboard]]:
    """One server for all tests of the data plane: its URL, and where to plug in a state."""
    board = Switchboard()
    with RunningServer(board) as server:
        yield server.url, board


@pytest.fixture
def plane(switchboard: tuple[str, Switchboard]) -> Iterator[DataPlane]:
    """A data plane with the domain ``my-company`` and no repository."""
    url, board = switchboard
    state = open_state(Options())
    state.base_url = url
    domains.create(state, DOMAIN, encryption_key=None, tags={})
    board.current = _app(state)
    yield DataPlane(state)
    board.current = None
    state.close()


def _app(state: State) -> ASGIApp:
    data, assets = endpoint.build(state), downloads.assets(state)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        signed = scope["path"].startswith(downloads.PREFIX)
        await (assets if signed else data)(scope, receive, send)

    return app
