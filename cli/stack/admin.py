"""What the stack itself answers: which schedules it has, and firing one by hand."""

import asyncio
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from cli.stack.errors import StackError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from cli.stack.schedules import Schedules

PREFIX = "/_stack/"
_SCHEDULE = re.compile(r"schedules/([A-Za-z0-9]+)")


class StackAdmin:
    """
    The ASGI application; what is not under `/_stack/` goes to *other*.

    `GET schedules` says when each is due; `POST schedules/LOGICAL_ID` fires one now.
    """

    def __init__(self, schedules: Callable[[], "Schedules | None"], other: "ASGIApp") -> None:
        self._schedules = schedules
        self._other = other

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer one request."""
        if scope["type"] != "http" or not f"{scope['path']}/".startswith(PREFIX):
            await self._other(scope, receive, send)
            return
        path = scope["path"].removeprefix(PREFIX)
        # In a thread: a schedule whose target is a state machine may take a second to fire.
        status, document = await asyncio.to_thread(self._answer, scope["method"], path)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(document).encode()})

    def _answer(self, method: str, path: str) -> tuple[int, object]:
        schedules = self._schedules()
        if schedules is None:
            return 503, {"message": "the local stack has not started yet"}
        fired = _SCHEDULE.fullmatch(path)
        if (method, path) == ("GET", "schedules"):
            due = schedules.due()
            return 200, {name: time and time.isoformat() for name, time in due.items()}
        if method != "POST" or fired is None:
            problem = "GET /_stack/schedules, or POST /_stack/schedules/LOGICAL_ID"
            return 404, {"message": f"the local stack has {problem}"}
        try:
            schedules.fire(fired[1])
        except StackError as error:
            return 404, {"message": str(error)}
        return 200, {"fired": fired[1]}
