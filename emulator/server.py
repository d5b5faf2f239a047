"""Serves an ASGI application on the loopback interface, for a program or for a test."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, cast

import uvicorn

if TYPE_CHECKING:
    from starlette.types import ASGIApp

HOST = "127.0.0.1"
BACKLOG = 2048


class _HasState(Protocol):
    def served_at(self, url: str) -> None: ...


def bound_socket(port: int) -> socket.socket:
    """
    Return a listening socket on the loopback interface; port 0 takes a free one.

    Raises:
        OSError: The port is taken.
    """
    # asyncio sets TCP_NODELAY only where the protocol is named; without it, each answer that is
    # sent in two pieces waits 40 ms for the client's acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def serve(app: ASGIApp, port: int, on_ready: Callable[[str], None]) -> None:
    """
    Serve *app* on *port* until SIGINT or SIGTERM; call *on_ready* with the URL when it answers.

    An application of `emulator.app.create_app` is told its URL first.
    """
    listener = bound_socket(port)
    url = _announce(app, listener)
    server = _Server(_config(app), lambda: on_ready(url))
    server.run(sockets=[listener])


class RunningServer:
    """
    A server in a thread of its own, for tests and for programs with something else to do.

    Attributes:
        url: Where it answers, from the moment that the context is entered.
    """

    def __init__(self, app: ASGIApp, port: int = 0) -> None:
        self._ready = threading.Event()
        self._listener = bound_socket(port)
        self.url = _announce(app, self._listener)
        self._server = _Server(_config(app), self._ready.set)
        self._thread = threading.Thread(
            target=self._server.run,
            kwargs={"sockets": [self._listener]},
            name="local-codeartifact-server",
            daemon=True,
        )

    def start(self) -> Self:
        """The server answers."""
        self._thread.start()
        while not self._ready.wait(0.05):
            if not self._thread.is_alive():
                raise RuntimeError(f"The server at {self.url} did not start.")
        return self

    def stop(self) -> None:
        """The server has stopped and its port is free."""
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


class _Server(uvicorn.Server):
    """uvicorn, saying when it is ready."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,  # connections that clients keep in pools must not close under them
        timeout_graceful_shutdown=3,
    )


def _announce(app: ASGIApp, listener: socket.socket) -> str:
    url = f"http://{HOST}:{listener.getsockname()[1]}"
    if hasattr(app, "served_at"):
        cast("_HasState", app).served_at(url)
    return url
