"""Serves one ASGI application on one loopback port, in a thread."""

import errno
import socket
import threading
import time
from typing import TYPE_CHECKING

from cli.stack.errors import PortInUseError, StackError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

HOST = "127.0.0.1"
_START_SECONDS = 30.0
_GRACE_SECONDS = 1  # for requests under way, when the server is asked to end


def bind(port: int) -> socket.socket:
    """
    Return a listening-to-be socket on the port; 0 takes a free one.

    Raises:
        PortInUseError: Another program has the port.
        StackError: The system refuses the port for another reason.
    """
    # asyncio sets TCP_NODELAY only where the protocol is named; without it, each answer that is
    # sent in two pieces waits 40 ms for the client's acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(port) from error
        raise StackError(f"cannot listen on port {port} of {HOST}: {error.strerror}") from error
    return listener


class Server:
    """uvicorn in a thread of its own."""

    def __init__(self, app: "ASGIApp", listener: socket.socket) -> None:
        """Nothing is answered before `start`."""
        import uvicorn

        self._listener = listener
        self.endpoint = f"http://{HOST}:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="server", daemon=True
        )

    def start(self) -> None:
        """
        Answer requests from now on.

        Raises:
            StackError: The server did not start.
        """
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise StackError("the Web server did not start")
            time.sleep(0.005)

    def stop(self) -> None:
        """Answer nothing more and free the port."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(timeout=5 * _GRACE_SECONDS)
        self._listener.close()
