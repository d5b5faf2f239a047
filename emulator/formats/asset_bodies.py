"""Answers with the bytes of an asset: whole, a range of them, or as they arrive."""

from __future__ import annotations

import logging
import re
import time
from email.utils import format_datetime
from typing import TYPE_CHECKING, BinaryIO

import anyio
from anyio.to_thread import run_sync
from starlette.responses import Response

from emulator.core.ingestion import Download

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

logger = logging.getLogger(__name__)

BLOCK = 4 * 1024 * 1024  # read at once, by a thread: the fewer, the faster
CHUNK = 1024 * 1024  # sent at once
POLL_SECONDS = 0.01
OPEN_SECONDS = 5.0  # a growing file is in between two names for microseconds

_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)")


class Interrupted(Exception):
    """An asset stopped arriving: the connection must break, lest it be taken for whole."""


async def answer(request: Request, download: Download) -> Response:
    """
    Return 200, 206, 304 or 416 for a GET or HEAD of *download*, as RFC 9110 has it.

    ``ETag`` (once the asset is stored), ``Last-Modified`` (the original publish time) and
    ``Content-Length`` (once the size is known) are those of the asset. An asset whose size nobody
    has told yet is sent in chunks as it arrives; HEAD and Range wait for its end.
    """
    wanted = request.headers.get("range")
    if download.size is None and (request.method == "HEAD" or wanted):
        await run_sync(download.finished.wait)
    if download.failed is not None:
        return Response(download.failed, 502, media_type="text/plain")
    headers = {
        "Content-Type": "application/octet-stream",
        "Accept-Ranges": "bytes",
        "Last-Modified": format_datetime(download.published, usegmt=True),
    }
    if download.finished.is_set():
        headers["ETag"] = f'"{download.key}"'
        if _matches(request.headers.get("if-none-match"), headers["ETag"]):
            return Response(status_code=304, headers=headers)
    size = download.size
    if size is None:
        return AssetResponse(download, 200, headers)
    span = _span(wanted, size)
    if span is None:
        headers["Content-Range"] = f"bytes */{size}"
        return Response(status_code=416, headers=headers)
    start, stop = span
    status = 200
    if wanted is not None and _RANGE.fullmatch(wanted):
        status = 206
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    headers["Content-Length"] = str(stop - start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return AssetResponse(download, status, headers, start, stop)


class AssetResponse(Response):
    """Sends the bytes from *start* to *stop* of a file that may still grow."""

    def __init__(
        self,
        download: Download,
        status: int,
        headers: dict[str, str],
        start: int = 0,
        stop: int | None = None,
    ) -> None:
        super().__init__(status_code=status, headers=headers)
        if stop is None:
            del self.headers["content-length"]
        self.download = download
        self.start = start
        self.stop = stop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI
        """Send the response; raise when the asset stops arriving."""
        file = await run_sync(_opened, self.download)
        try:
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            await run_sync(file.seek, self.start)
            left = None if self.stop is None else self.stop - self.start
            while left is None or left > 0:
                finished = self.download.finished.is_set()
                block = await run_sync(file.read, BLOCK if left is None else min(BLOCK, left))
                if block:
                    await _send_block(send, memoryview(block))
                    left = None if left is None else left - len(block)
                elif not finished:
                    await anyio.sleep(POLL_SECONDS)
                elif left is None and self.download.failed is None:
                    break
                else:
                    raise Interrupted(self.download.failed or "The asset is shorter than said.")
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await run_sync(file.close)


async def _send_block(send: Send, block: memoryview) -> None:
    for start in range(0, len(block), CHUNK):
        chunk = block[start : start + CHUNK]
        await send({"type": "http.response.body", "body": chunk, "more_body": True})


def _opened(download: Download) -> BinaryIO:
    """Return the file of *download*, wherever it is by now."""
    deadline = time.monotonic() + OPEN_SECONDS
    while True:
        try:
            return download.path.open("rb", buffering=0)
        except FileNotFoundError:
            if time.monotonic() > deadline or download.failed is not None:
                raise
            time.sleep(POLL_SECONDS)


def _matches(header: str | None, etag: str) -> bool:
    return header is not None and (header.strip() == "*" or etag in header)


def _span(header: str | None, size: int) -> tuple[int, int] | None:
    """
    Return the first byte asked for and the one after the last; None when there is no such byte.

    Several ranges, other units and malformed headers mean: everything (RFC 9110, Range).
    """
    match = _RANGE.fullmatch(header or "")
    if match is None or match.group(0) == "bytes=-":
        return 0, size
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        return (size - length, size) if length else None
    start = int(first)
    stop = min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return 0, size
    return (start, stop) if start < size else None
