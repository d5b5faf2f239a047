"""
Every AWS service but CodeArtifact: moto, in this process, as an ASGI application.

Some things differ from moto's own server. A caller whose access key id is an account id speaks as
that account, and anyone else as the stack's own. PutEvents goes to the stack's event router, Invoke
to its functions. What would make or change a stack of CloudFormation is refused. And moto's
interpreter of state machines is there when it is wanted.
"""

import asyncio
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from uuid import uuid4

from cli.stack import cloudformation, lambda_api
from cli.stack.errors import StackError
from cli.stack.json_types import Document
from cli.stack.router import ENTRIES_PER_CALL, EventRouter

if TYPE_CHECKING:
    from a2wsgi.wsgi_typing import WSGIApp
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CREDENTIAL = re.compile(
    r"(?:Credential=|X-Amz-Credential=)([^/%,&]+)(?:/|%2F)\d{8}(?:/|%2F)([^/%]+)(?:/|%2F)([^/%]+)"
)
_ACCOUNT = re.compile(r"\d{12}")
_ACCOUNT_HEADER = b"x-moto-account-id"  # moto documentation, "Multi-Account support"
_WORKERS = 32  # threads: each long poll of a client holds one for up to 20 s
_INVOCATIONS = 32  # at once: our choice, above what the template's state machine asks for
_STATES = "states"  # as requests for Step Functions are signed
_START_EXECUTION = b"AWSStepFunctions.StartExecution"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request comes from, and for which region and service it is signed."""

    account: str
    region: str
    service: str = ""


def _no_function(_: str) -> lambda_api.Invoke | None:
    return None


@dataclass(frozen=True, slots=True)
class OwnParts:
    """What a stack has of its own for Lambda and Step Functions."""

    # What invokes the function of a name.
    function: Callable[[str], lambda_api.Invoke | None] = _no_function
    # Called before each request for Step Functions, in a thread.
    prepare_states: Callable[[], object] = object


_NOTHING_OF_ITS_OWN = OwnParts()


class MotoServices:
    """The ASGI application."""

    def __init__(
        self, router: EventRouter, *, account: str, region: str, own: OwnParts = _NOTHING_OF_ITS_OWN
    ) -> None:
        """Import moto, which takes a second or two."""
        from a2wsgi import WSGIMiddleware
        from moto.moto_server.werkzeug_app import (
            DomainDispatcherApplication,
            create_backend_app,
        )

        from cli.stack.queues import make_queues_thread_safe

        make_queues_thread_safe()
        self._router = router
        self._own = own
        self._invocations = ThreadPoolExecutor(_INVOCATIONS, thread_name_prefix="invoke")
        self._default = Caller(account, region)
        moto = cast("WSGIApp", DomainDispatcherApplication(create_backend_app))
        self._moto = cast("ASGIApp", WSGIMiddleware(moto, workers=_WORKERS))

    def close(self) -> None:
        """Take no more invocations; those under way end by themselves."""
        self._invocations.shutdown(wait=False)

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._moto(scope, receive, send)
            return
        headers = dict(scope["headers"])
        caller = self._caller(scope, headers)
        is_put_events = headers.get(b"x-amz-target") == b"AWSEvents.PutEvents"
        if is_put_events and caller.region == self._default.region:
            await self._put_events(caller, receive, send)
            return
        if caller.service == cloudformation.SERVICE:
            body = await _body(receive)
            refused = cloudformation.refusal(body, scope.get("query_string", b""))
            if refused is not None:
                await _answer(send, 400, b"text/xml", refused)
                return
            receive = _again(body, receive)
        if caller.service == lambda_api.SERVICE and lambda_api.PATH.fullmatch(scope["path"]):
            await self._invoke(scope["path"], headers, receive, send)
            return
        if caller.service == _STATES:
            try:
                await asyncio.to_thread(self._own.prepare_states)
            except StackError as error:
                failed = {"__type": "InvalidDefinition", "message": str(error)}
                body = json.dumps(failed).encode()
                await _answer(send, 400, b"application/x-amz-json-1.0", body)
                return
            if headers.get(b"x-amz-target") == _START_EXECUTION:
                body = _named(await _body(receive))
                receive = _again(body, receive)
                scope = _with_length(scope, len(body))
        kept = [pair for pair in scope["headers"] if pair[0] != _ACCOUNT_HEADER]
        account_header = (_ACCOUNT_HEADER, caller.account.encode())
        await self._moto({**scope, "headers": [*kept, account_header]}, receive, send)

    def _caller(self, scope: "Scope", headers: dict[bytes, bytes]) -> Caller:
        """Return the account and region of the signature, in the header or in the query."""
        signed = headers.get(b"authorization", b"") or scope.get("query_string", b"")
        found = _CREDENTIAL.search(signed.decode("latin-1"))
        if found is None:
            return self._default
        key, region, service = found.groups()
        return Caller(key if _ACCOUNT.fullmatch(key) else self._default.account, region, service)

    async def _invoke(
        self, path: str, headers: dict[bytes, bytes], receive: "Receive", send: "Send"
    ) -> None:
        """Answer Invoke; each takes a thread until the function has answered."""
        found = lambda_api.PATH.fullmatch(path)
        named = "" if found is None else found[1]
        kind = headers.get(b"x-amz-invocation-type", b"RequestResponse").decode("latin-1")
        answer = await asyncio.get_running_loop().run_in_executor(
            self._invocations,
            lambda_api.answer,
            named,
            kind,
            await _body(receive),
            self._own.function,
        )
        more = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        await _answer(send, answer.status, b"application/json", answer.body, more)

    async def _put_events(self, caller: Caller, receive: "Receive", send: "Send") -> None:
        status, answer = 200, cast("Document", {})
        entries = _entries(await _body(receive))
        if entries is None:
            status = 400
            answer = {
                "__type": "ValidationException",
                "message": "1 validation error detected: Value at 'entries' failed to satisfy "
                f"constraint: Member must have length between 1 and {ENTRIES_PER_CALL}",
            }
        else:
            answer = await asyncio.to_thread(self._router.put_events, caller.account, entries)
        await _answer(send, status, b"application/x-amz-json-1.1", json.dumps(answer).encode())


async def _body(receive: "Receive") -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body.extend(message.get("body", b""))
        if not message.get("more_body"):
            return bytes(body)


def _again(body: bytes, receive: "Receive") -> "Receive":
    """Return what gives *body*, which has been read, once more, and then what *receive* gives."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def give() -> "Message":
        return messages.pop() if messages else await receive()

    return give


def _named(body: bytes) -> bytes:
    """
    Return a StartExecution request with a name in it.

    A name is optional (API Reference, StartExecution); without one, moto takes the second execution
    for the first.
    """
    try:
        request = json.loads(body)
    except ValueError:
        return body
    if not isinstance(request, dict) or request.get("name"):
        return body
    return json.dumps({**request, "name": str(uuid4())}).encode()


def _with_length(scope: "Scope", length: int) -> "Scope":
    kept = [pair for pair in scope["headers"] if pair[0] != b"content-length"]
    return {**scope, "headers": [*kept, (b"content-length", str(length).encode())]}


async def _answer(
    send: "Send",
    status: int,
    content_type: bytes,
    body: bytes,
    more: list[tuple[bytes, bytes]] | None = None,
) -> None:
    headers = [(b"content-type", content_type), *(more or [])]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def forget_everything() -> None:
    """Drop every resource that moto holds in this process."""
    from moto.moto_api._internal.models import moto_api_backend

    moto_api_backend.reset()


def _entries(body: bytes) -> list[Document] | None:
    """Return the entries of a PutEvents request, None unless there are 1 to 10 of them."""
    try:
        entries = json.loads(body)["Entries"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(entries, list) or not 1 <= len(entries) <= ENTRIES_PER_CALL:
        return None
    return entries if all(isinstance(entry, dict) for entry in entries) else None
