"""
HTTP requests for assets: whatever their size, one piece of them is held at a time.

What :mod:`steward.bounded_http` says of deadlines, of broken connections and of compression holds
here too. An asset's address leads to the one it is stored at, pre-signed, on another host ("Only
one auth mechanism allowed", S3): credentials are never sent along.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError, ProtocolError

from steward.addresses import redirected, same_host
from steward.bounded_http import CONNECT_SECONDS, RequestFailedError, deadlined_pools, kind_of
from steward.errors import EndpointError

PIECE: Final = 65_536
LARGEST: Final = 5 * 1024**3  # "Asset file size maximum", Quotas in AWS CodeArtifact, User Guide
FOLLOWED_AT_MOST: Final = 3  # our choice; CodeArtifact has one

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_OK: Final = 200


class AnswerTooLargeError(RequestFailedError):
    """An answer is larger than was allowed."""


class _Ends(threading.local):
    """When the answer that this thread waits for has to be there."""

    at = 0.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """
    An answer that was read to its end and dropped.

    Attributes:
        headers: By lower-case name.
        size: Bytes of the body.
        hashes: ``SHA-256`` and ``SHA-512`` in lower-case hexadecimal, if they were wanted.
        content: The first bytes of the body, as many as were to be kept.
        redirected: Whether a redirect was followed: then it is somebody else's answer.
    """

    status: int
    headers: Mapping[str, str]
    size: int = 0
    hashes: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    redirected: bool = False


class StreamedHttp:
    """A pool of connections; threads share it."""

    def __init__(self, *, seconds_idle: float, seconds_whole: float, connections: int) -> None:
        """
        Make no connection yet.

        Args:
            seconds_idle: How long nothing may come.
            seconds_whole: What an answer may take to its end, with the redirects before it.
            connections: How many are kept open to a host; as many as threads will ask.
        """
        self._whole = seconds_whole
        self._ends = _Ends()
        self._hosts: dict[tuple[str, str], urllib3.HTTPConnectionPool] = {}
        self._timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=seconds_idle)
        self._pools = urllib3.PoolManager(maxsize=connections, timeout=self._timeout)
        self._pools.pool_classes_by_scheme = deadlined_pools(
            lambda: self._ends.at, seconds_idle=seconds_idle
        )

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        follow: bool,
        digest: bool = False,
        keep: int = 0,
        largest: int = LARGEST,
        into: Callable[[bytes], None] | None = None,
    ) -> Fetched:
        """
        Return what *url* answers, whatever its status, once its body was read and dropped.

        Args:
            follow: Whether redirects are followed, three at most. ``Authorization`` stays with the
                scheme, host and port of *url*. Else a redirect is the answer.
            digest: Tell the hashes of the body.
            keep: How many bytes of the body to keep.
            largest: How many bytes it may have.
            into: Gets each piece of the body of a 200; what it raises is raised.

        Raises:
            AnswerTooLargeError: See there.
            RequestFailedError: No answer came, or not all of it in time, or it leads in circles, to
                what is no address or where others could read or change what comes. Its message
                names neither headers nor a query.
        """
        self._ends.at = time.monotonic() + self._whole
        sent = {"Accept-Encoding": "identity", **headers}
        followed = False
        for _ in range(FOLLOWED_AT_MOST + 1):
            response = self._begun(url, sent)
            if response.status not in _REDIRECTS:
                return self._read(
                    response,
                    url,
                    digest=digest,
                    keep=keep,
                    largest=largest,
                    into=into,
                    redirected=followed,
                )
            self._dropped(response)
            location = response.headers.get("location")
            if not follow or location is None:
                return Fetched(response.status, _named(response), redirected=followed)
            target = _target(url, location)
            if not same_host(url, target):
                sent.pop("Authorization", None)
            url, followed = target, True
        problem = f"{_shown(url)} was redirected more than {FOLLOWED_AT_MOST} times"
        raise RequestFailedError(problem)

    def _begun(self, url: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """Return an answer whose body has not been read, sent for twice if need be."""
        try:
            try:
                return self._send(url, headers)
            except ProtocolError:
                return self._send(url, headers)
        except (HTTPError, OSError, ValueError) as error:
            raise RequestFailedError(f"{_shown(url)} did not answer: {kind_of(error)}") from None

    def _send(self, url: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        if time.monotonic() >= self._ends.at:
            raise TimeoutError
        parts = urlsplit(url)
        host = (parts.scheme, parts.netloc)
        pool = self._hosts.get(host)
        if pool is None:
            pool = self._hosts.setdefault(host, self._pools.connection_from_url(url))
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        return pool.urlopen(
            "GET",
            path,
            headers=headers,
            retries=False,
            redirect=False,
            timeout=self._timeout,
            preload_content=False,
            decode_content=False,
            enforce_content_length=True,  # what urllib3 1 does not do by itself
        )

    def _read(
        self,
        response: urllib3.BaseHTTPResponse,
        url: str,
        *,
        digest: bool,
        keep: int,
        largest: int,
        into: Callable[[bytes], None] | None,
        redirected: bool,
    ) -> Fetched:
        """Return the answer once its body was read; a failure closes the connection."""
        digests = [hashlib.sha256(), hashlib.sha512()] if digest else []
        size, kept = 0, bytearray()
        try:
            while piece := _piece(response, url):
                size += len(piece)
                _refuse_more(size, largest, url)
                for each in digests:
                    each.update(piece)
                if len(kept) < keep:
                    kept += piece[: keep - len(kept)]
                if into is not None and response.status == _OK:
                    into(piece)
        except BaseException:
            response.close()
            raise
        response.release_conn()
        names = ("SHA-256", "SHA-512")
        hashes = {name: each.hexdigest() for name, each in zip(names, digests, strict=False)}
        return Fetched(response.status, _named(response), size, hashes, bytes(kept), redirected)

    def _dropped(self, response: urllib3.BaseHTTPResponse) -> None:
        """Make the connection of a redirect free again; close it rather than read much."""
        try:
            rest = response.read(PIECE, decode_content=False)
            if len(rest) == PIECE and response.read(1, decode_content=False):
                response.close()
        except (HTTPError, OSError):
            response.close()
        response.release_conn()


def _piece(response: urllib3.BaseHTTPResponse, url: str) -> bytes:
    try:
        piece: bytes = response.read(PIECE, decode_content=False)
    except (HTTPError, OSError, ValueError) as error:
        problem = f"{_shown(url)} broke off its answer: {kind_of(error)}"
        raise RequestFailedError(problem) from None
    return piece


def _refuse_more(size: int, largest: int, url: str) -> None:
    if size > largest:
        raise AnswerTooLargeError(f"{_shown(url)} answered more than {largest} bytes")


def _named(response: urllib3.BaseHTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _target(url: str, location: str) -> str:
    try:
        return redirected(url, location)
    except EndpointError as error:
        raise RequestFailedError(str(error)) from None


def _shown(url: str) -> str:
    """Return *url* without its query, which may be what opens it."""
    return url.partition("?")[0]
