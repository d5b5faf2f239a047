"""Reads request bodies: streamed into the asset store, or whole when they are small by nature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from emulator.core.state import State
from emulator.core.values import Blob

if TYPE_CHECKING:
    from starlette.requests import Request

WRITTEN_AT_ONCE = 1024 * 1024  # bytes handed to the hashing thread at a time


async def stored(request: Request, state: State) -> Blob:
    """
    Return the request's body as a stored blob; at most a few megabytes of it are in memory.

    Nothing is left behind when the client goes away first, the disk is full or the body is larger
    than an asset may be.

    Raises:
        ClientDisconnect: The body ended before its announced length.
        ServiceQuotaExceeded: It is larger than an asset may be.
    """
    with await run_in_threadpool(state.assets.writer) as writer:
        waiting = bytearray()
        async for chunk in request.stream():
            waiting += chunk
            if len(waiting) >= WRITTEN_AT_ONCE:
                await run_in_threadpool(writer.write, bytes(waiting))
                waiting.clear()
        await run_in_threadpool(writer.write, bytes(waiting))
        return await run_in_threadpool(writer.finish)


async def small(request: Request, *, limit: int) -> bytes:
    """
    Return the request's body, of at most *limit* bytes.

    Raises:
        HTTPException: It is larger; 413.
        ClientDisconnect: The body ended before its announced length.
    """
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > limit:
            raise HTTPException(413, f"The body is larger than {limit} bytes.")
    return bytes(content)
