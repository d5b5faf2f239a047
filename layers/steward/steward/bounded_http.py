"""
HTTP requests whose answers are bounded: in size, in what they cost to read, and in time.

A client's timeouts hold for one read from the socket; whoever sends a byte a second keeps it
waiting for good. Here the whole answer has a deadline. A few bytes of JSON (``[],``) become many of
memory, so what a document holds is counted before it is read. Redirects are answers like others:
nobody is sent to another host without being asked. Nothing is asked for compressed, so nothing can
grow.
"""

from __future__ import annotations

import http.client
import io
import json
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Final, TypeVar

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, ProtocolError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CONNECT_SECONDS: Final = 3.0
_PIECE: Final = 65_536
# Our choice: 30 MB of an npm packument have some 1,400,000. Measured: at most 100 bytes of memory
# each, so 200 MB of the 512 that a function has.
MEMBERS: Final = 2_000_000

_Question = TypeVar("_Question")
_Told = TypeVar("_Told")


class RequestFailedError(Exception):
    """No answer came, or not all of it in time, or it is larger than was allowed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """
    An answer, whatever its status.

    Attributes:
        headers: By lower-case name.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    def document(self, *, members: int = MEMBERS) -> object:
        """
        Return the JSON of the body.

        Args:
            members: How many commas and opening brackets it may have at most, even in texts: each
                member of a list or an object has one of them before it.

        Raises:
            ValueError: It is none, is nested too deeply, or has too many members.
        """
        if sum(map(self.body.count, (b",", b"[", b"{"))) > members:
            raise ValueError(f"it has more than {members} members")
        try:
            document: object = json.loads(self.body)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        return document


class BoundedHttp:
    """
    A pool of connections; it may be shared by threads.

    A request whose connection broke before an answer came is sent once more: a function that was
    frozen finds its connections closed. Send only what may be repeated.
    """

    def __init__(self, *, seconds: float, largest: int, connections: int = 8) -> None:
        """
        Make no connection yet.

        Args:
            seconds: What an answer may take from its first byte to its last, and the time until
                the first.
            largest: Bytes of a body.
        """
        self._seconds = seconds
        self._largest = largest
        self._pool = urllib3.PoolManager(
            maxsize=connections,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=seconds),
        )
        self._pool.pool_classes_by_scheme = deadlined_pools(
            lambda: time.monotonic() + seconds, seconds_idle=seconds
        )

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> Answer:
        """
        Return what *url* answers; the body of a HEAD is empty.

        Raises:
            RequestFailedError: See there. Its message names neither headers nor a query.
        """
        where = url.partition("?")[0]
        sent = {"Accept-Encoding": "identity", **headers}
        try:
            try:
                response = self._send(method, url, sent, body)
            except ProtocolError:
                response = self._send(method, url, sent, body)
        except (HTTPError, OSError, ValueError) as error:
            raise RequestFailedError(f"{where} did not answer: {kind_of(error)}") from None
        try:
            content = self._body(response, where)
        except (HTTPError, OSError, ValueError) as error:
            response.close()
            raise RequestFailedError(f"{where} broke off its answer: {kind_of(error)}") from None
        except RequestFailedError:
            response.close()
            raise
        response.release_conn()
        named = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, named, content)

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> urllib3.BaseHTTPResponse:
        return self._pool.request(
            method,
            url,
            body=body,
            headers=headers,
            retries=False,
            redirect=False,
            preload_content=False,
            enforce_content_length=True,  # what urllib3 1 does not do by itself
        )

    def _body(self, response: urllib3.BaseHTTPResponse, where: str) -> bytes:
        found = bytearray()
        while piece := response.read(_PIECE, decode_content=False):
            found += piece
            if len(found) > self._largest:
                raise RequestFailedError(f"{where} answered more than {self._largest} bytes")
        return bytes(found)


def side_by_side(
    ask: Callable[[_Question], _Told],
    questions: Iterable[_Question],
    *,
    at_once: int,
    within: float,
) -> list[_Told]:
    """
    Return what *ask* returns for each of *questions*, in their order.

    One failure ends it: what has not been asked yet is not asked any more, so that a service that
    is down costs one time-out and not one for each question.

    Args:
        at_once: How many are asked at a time.
        within: Seconds after which no further question is asked.

    Raises:
        RequestFailedError: There was no time for all of them.
        Exception: What *ask* raised first, by the order of *questions*.
    """
    end = time.monotonic() + within
    failed = Event()

    def asked(question: _Question) -> _Told:
        if failed.is_set() or time.monotonic() >= end:
            failed.set()
            raise RequestFailedError("there was no time left for all requests")
        try:
            return ask(question)
        except BaseException:
            failed.set()
            raise

    with ThreadPoolExecutor(max_workers=at_once) as pool:
        # They begin in their order: what failed stands before what was not asked any more.
        return list(pool.map(asked, questions))


def kind_of(error: Exception) -> str:
    """Return what failed without its words: those may hold the whole address."""
    reason = getattr(error, "reason", None)
    return type(reason if isinstance(reason, Exception) else error).__name__


class _Deadlined(io.RawIOBase):
    """The stream of an answer; each read waits no longer than what is left until the deadline."""

    def __init__(
        self, stream: io.RawIOBase, sock: socket.socket, deadline: float, idle: float
    ) -> None:
        self._stream = stream
        self._socket = sock
        self._deadline = deadline
        self._idle = idle

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._socket.settimeout(min(left, self._idle))
        return self._stream.readinto(buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()


def deadlined_pools(
    deadline: Callable[[], float], *, seconds_idle: float
) -> dict[str, type[urllib3.HTTPConnectionPool]]:
    """
    Return the pools of connections whose answers end in time.

    Args:
        deadline: When the answer that begins now has to end, by the monotonic clock.
        seconds_idle: How long each read may wait before that.
    """

    class Response(http.client.HTTPResponse):
        def __init__(
            self,
            sock: socket.socket,
            debuglevel: int = 0,
            method: str | None = None,
            url: str | None = None,
        ) -> None:
            super().__init__(sock, debuglevel, method, url)
            raw = self.fp.detach()
            deadlined = _Deadlined(raw, sock, deadline(), seconds_idle)
            self.fp = io.BufferedReader(deadlined)

    class Plain(HTTPConnection):
        response_class = Response

    class Secure(HTTPSConnection):
        response_class = Response

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
