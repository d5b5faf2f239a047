"""
The Lambda Runtime API, for one function process.

Lambda Developer Guide, "Using the Lambda runtime API". The runtime client knows its server only by
host and port, so each process has a server of its own.
"""

import json
import logging
import threading
import time
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from uuid import uuid4

from cli.stack.errors import FunctionError

_PREFIX = "/2018-06-01/runtime/"
_LOOK_AGAIN_SECONDS = 0.1

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Invocation:
    """One event on its way to the process, and the response on its way back."""

    payload: bytes
    timeout_seconds: float
    request_id: str = field(default_factory=lambda: str(uuid4()))
    taken: threading.Event = field(default_factory=threading.Event)
    response: "Future[bytes]" = field(default_factory=Future)

    def succeed(self, response: bytes) -> None:
        """End the invocation with a response, unless it has ended."""
        with suppress(InvalidStateError):
            self.response.set_result(response)

    def fail(self, error: FunctionError) -> None:
        """End the invocation with an error, unless it has ended."""
        with suppress(InvalidStateError):
            self.response.set_exception(error)


class RuntimeApi:
    """Offers invocations to one process, one at a time, and takes its responses."""

    def __init__(self, function_arn: str, *, ahead: timedelta = timedelta()) -> None:
        """Listen on a free port of the loopback address at once, for a process so far *ahead*."""
        self.function_arn = function_arn
        self.ahead = ahead
        self.closed = threading.Event()
        self.offered: SimpleQueue[Invocation] = SimpleQueue()
        self.current: Invocation | None = None
        self.init_error: FunctionError | None = None
        self._server = _Server(self)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": _LOOK_AGAIN_SECONDS},
            name="runtime-api",
            daemon=True,
        )
        self._thread.start()

    @property
    def address(self) -> str:
        """The value of AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_port}"

    def offer(self, invocation: Invocation) -> None:
        """Give the process this invocation when it asks for the next one."""
        self.current = invocation
        self.offered.put(invocation)

    def close(self) -> None:
        """Free the port; a process that still waits is told that there is nothing more."""
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, api: RuntimeApi) -> None:
        self.api = api
        super().__init__(("127.0.0.1", 0), _Requests)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002  the base class's signature
        """Say little when a process goes away in the middle of a request: that is its end."""
        _logger.debug("a request of %s from %s broke off", self.api.function_arn, client_address)


class _Requests(BaseHTTPRequestHandler):
    """
    The four requests that a runtime makes.

    Headers and body leave in one segment and at once: in two, each invocation waits 40 ms for a
    delayed acknowledgement.
    """

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        """Answer `invocation/next` when there is an invocation."""
        if self.path != f"{_PREFIX}invocation/next":
            self._answer(404)
            return
        invocation = self._next()
        if invocation is None:
            self._answer(410)
            return
        ahead = self.server.api.ahead.total_seconds()
        deadline = int((time.time() + ahead + invocation.timeout_seconds) * 1000)
        invocation.taken.set()
        self._answer(
            200,
            invocation.payload,
            {
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": self.server.api.function_arn,
            },
        )

    def do_POST(self) -> None:
        """Take a response, the error of an invocation, or the error of the start."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        api = self.server.api
        current = api.current
        if self.path == f"{_PREFIX}init/error":
            api.init_error = _reported_error(body)
            if current is not None:
                current.fail(api.init_error)
            self._answer(202)
        elif current is None or not self.path.startswith(
            f"{_PREFIX}invocation/{current.request_id}/"
        ):
            self._answer(400, b'{"errorType":"InvalidRequestID"}')
        elif self.path.endswith("/response"):
            self._answer(202)
            current.succeed(body)
        elif self.path.endswith("/error"):
            self._answer(202)
            current.fail(_reported_error(body))
        else:
            self._answer(404)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Say nothing: what a function does stands in its own log."""

    def _next(self) -> Invocation | None:
        api = self.server.api
        while not api.closed.is_set():
            try:
                return api.offered.get(timeout=_LOOK_AGAIN_SECONDS)
            except Empty:
                continue
        return None

    def _answer(
        self, status: int, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def _reported_error(body: bytes) -> FunctionError:
    """Return the error that the runtime client reports, whatever state its report is in."""
    try:
        report = json.loads(body or b"{}")
    except ValueError:
        report = {}
    if not isinstance(report, dict):
        report = {}
    return FunctionError(
        str(report.get("errorType") or "Runtime.Unknown"), str(report.get("errorMessage") or "")
    )
