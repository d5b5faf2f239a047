"""Serves one ASGI application on one loopback port, with errors that say what to do."""

import errno
from typing import TYPE_CHECKING

from cli.stack.errors import PortInUseError, StackError
from emulator.server import HOST, RunningServer, bound_socket

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def require_free(port: int) -> None:
    """
    Return if the port can be had now; 0 always can.

    Asked before anything slow is done and before a data folder is opened.

    Raises:
        PortInUseError: Another program has the port.
        StackError: The system refuses the port for another reason.
    """
    try:
        bound_socket(port).close()
    except OSError as error:
        raise _refusal(port, error) from error


def serve(app: "ASGIApp", port: int) -> RunningServer:
    """
    Return a server that answers requests to *app*, in a thread of its own.

    Raises:
        PortInUseError: Another program has the port.
        StackError: The server did not start.
    """
    try:
        return RunningServer(app, port).start()
    except OSError as error:
        raise _refusal(port, error) from error
    except RuntimeError as error:
        raise StackError(str(error)) from error


def _refusal(port: int, error: OSError) -> StackError:
    if error.errno == errno.EADDRINUSE:
        return PortInUseError(port)
    return StackError(f"cannot listen on port {port} of {HOST}: {error.strerror}")
