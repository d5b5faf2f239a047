"""The control plane: an HTTP request becomes an operation's call, its result a response."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from starlette.concurrency import run_in_threadpool

from emulator import requests, signatures
from emulator.api import assets, registry, targets
from emulator.bodies import Body, BodyTooLarge
from emulator.core.errors import CodeArtifactError, InternalServer, Validation
from emulator.core.state import State
from emulator.wire import model, parsing, serialising

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 1_048_576  # our choice: the largest valid request has about 60 kB


class TooLarge(CodeArtifactError):
    """A request larger than any valid one."""

    code: ClassVar[str] = "RequestEntityTooLargeException"
    status: ClassVar[int] = 413


class ControlPlane:
    """
    The ASGI application of ``/v1/...``.

    In this order: 403 for a request that is not signed, ValidationException for an unknown
    operation, injected faults, ValidationException for members that break a constraint, then what
    the operation says. A request is counted as soon as its operation is known.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.model = model.load()
        self.functions = registry.functions()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        body = Body(receive)
        try:
            answer = await self._answer(scope, body)
        except CodeArtifactError as error:
            answer = serialising.refusal(error)
        except ConnectionError:
            return  # the client has gone: nobody is waiting
        except Exception:
            logger.exception("%s %s failed", scope["method"], scope["path"])
            answer = serialising.refusal(
                InternalServer("The local CodeArtifact failed; its log says how.")
            )
        if isinstance(answer, assets.Content):
            await answer.send(send)
            return
        await send(
            {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
        )
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope, body: Body) -> serialising.Reply | assets.Content:
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        caller = signatures.caller(
            headers.get("authorization"), default_account=self.state.options.account
        )
        operation = self._operation(scope)
        requests.count(self.state, operation.name)
        self.state.faults.check(operation.name)
        raw = b"" if operation.streams_in else await self._small(body)
        members = parsing.parse(operation, parsing.query_pairs(scope["query_string"]), headers, raw)
        if operation.streams_in:
            result: Mapping[str, object] = await assets.publish_package_version(
                self.state, caller, members, headers.get("content-length"), body
            )
        else:
            function = self.functions[operation.name]
            stored = targets.with_stored_versions(members)
            result = await run_in_threadpool(function, self.state, caller, stored)
        reply = serialising.reply(operation, result)
        if operation.streams_out:
            return assets.Content(reply, result["asset"])
        return reply

    def _operation(self, scope: Scope) -> model.Operation:
        operation = self.model.by_route.get((scope["method"], scope["path"]))
        if operation is None:
            raise Validation(
                f"CodeArtifact has no operation {scope['method']} {scope['path'][:200]}",
                reason="UNKNOWN_OPERATION",
            )
        return operation

    async def _small(self, body: Body) -> bytes:
        try:
            return await body.read(MAX_BODY_BYTES)
        except BodyTooLarge as error:
            raise TooLarge(f"The body has more than {MAX_BODY_BYTES} bytes.") from error
