"""Request bodies: read whole when they must be small, in pieces when they may be large."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Receive


class BodyTooLarge(Exception):
    """A body is longer than its reader allows."""


class Disconnected(ConnectionError):
    """The client closed the connection before its request was complete."""


class Body:
    """
    The body of one request, which knows whether it has been read to its end.

    What its reader leaves, the server throws away: a client that is still sending gets its answer.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.finished = False

    async def pieces(self) -> AsyncIterator[bytes]:
        """
        Yield the body as it arrives.

        Raises:
            Disconnected: It stops before it is complete.
        """
        while not self.finished:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.finished = True
                raise Disconnected
            self.finished = not message.get("more_body", False)
            piece = message.get("body", b"")
            if piece:
                yield piece

    async def read(self, limit: int) -> bytes:
        """
        Return the whole body.

        Raises:
            BodyTooLarge: It has more than *limit* bytes; the rest is not read.
            Disconnected: It stops before it is complete.
        """
        found = bytearray()
        async for piece in self.pieces():
            found += piece
            if len(found) > limit:
                raise BodyTooLarge
        return bytes(found)
