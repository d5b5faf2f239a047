"""The data plane: routes a request to its package format once its sender may do what it asks."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from emulator.core import access, arns, repositories, tokens
from emulator.core.errors import CodeArtifactError, Throttling
from emulator.core.external import ConnectionUnavailable
from emulator.core.origins import PublishBlocked
from emulator.core.state import State
from emulator.core.values import Caller, PackageId, RepositoryId
from emulator.formats import authentication, paths
from emulator.requests import count

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

READ = "ReadFromRepository"
PackageAction = Literal["PublishPackageVersion", "PutPackageMetadata"]

MAX_DRAINED = 64 * 1024 * 1024  # not documented: our choice; beyond it the connection is closed

NOT_IMPLEMENTED = frozenset({"swift", "generic"})
"""Formats whose packages are reached through the control plane alone."""


@dataclass(frozen=True, slots=True)
class Visit:
    """
    One authenticated request to one repository's endpoint.

    Attributes:
        path: The path below the repository, decoded and safe.
        parameters: The named groups of the route that matched.
    """

    state: State
    caller: Caller
    repository: RepositoryId
    path: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)

    async def authorize(self, action: PackageAction, package: PackageId) -> None:
        """
        Return if the caller may do *action* to *package* in this repository.

        Raises:
            AccessDenied: A policy forbids it, or none allows it to another account.
        """
        await run_in_threadpool(
            access.authorize,
            self.state,
            self.caller,
            f"codeartifact:{action}",
            arns.of_package(self.state, self.repository, package),
            repository=self.repository,
        )


Handler = Callable[[Request, Visit], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Route:
    """
    What one package format answers to.

    Attributes:
        kind: Counted and throttled under ``{format}:{kind}``; reads under ``ReadFromRepository``
            too.
        methods: HTTP methods; ``HEAD`` must be named.
        pattern: Matched against the whole of ``Visit.path``.
        reads: The sender needs ReadFromRepository, checked before the handler runs. Every other
            handler calls ``Visit.authorize`` as soon as it knows the package.
    """

    kind: str
    methods: frozenset[str]
    pattern: re.Pattern[str]
    handler: Handler
    reads: bool = True


def build(state: State) -> ASGIApp:
    """
    Return the application that answers ``/{format}/d/{domain}-{owner}/{repository}/...``.

    In this order, and the request body is read to its end whatever the answer:

    - 404 for a path of another shape or a format that is not implemented; 400 for an unsafe path;
    - 401 with a Basic and a Bearer challenge without a token that is valid for this very domain;
    - 404 for an unknown repository, 403 for a sender who may not;
    - injected faults: 429 with ``Retry-After``, 500;
    - what the route's handler answers, or its CodeArtifactError under its own status.
    """
    from emulator.client_routes import client_routes

    return Endpoint(state, client_routes())


class Endpoint:
    """The ASGI application of the data plane, over the routes of each package format."""

    def __init__(self, state: State, routes: Mapping[str, Sequence[Route]]) -> None:
        self.state = state
        self.routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        body = Body(receive)
        request = Request(scope, body)
        raw_path = scope.get("raw_path") or scope["path"].encode()
        address = paths.split(raw_path.decode("latin-1"))
        try:
            response = await self._answer(request, address)
        except ClientDisconnect:
            return
        except CodeArtifactError as error:
            response = _refusal(address, self._status(error), error.message)
            if isinstance(error, Throttling):
                response.headers["Retry-After"] = str(error.retry_after_seconds)
        except HTTPException as error:
            response = _refusal(address, error.status_code, error.detail)
            for name, value in (error.headers or {}).items():
                response.headers[name] = value
        if not await body.drain():
            response.headers["Connection"] = "close"
        await response(scope, receive, send)

    def _status(self, error: CodeArtifactError) -> int:
        if isinstance(error, PublishBlocked):
            return int(self.state.faults.switch("blockedPublishStatus"))
        if isinstance(error, ConnectionUnavailable):
            return int(self.state.faults.switch("unavailableConnectionStatus"))
        return error.status

    async def _answer(self, request: Request, address: paths.EndpointPath | None) -> Response:
        if address is None:
            raise HTTPException(404, "No repository endpoint has this path.")
        if address.format not in self.routes:
            words = (
                "is not implemented by" if address.format in NOT_IMPLEMENTED else "is unknown to"
            )
            raise HTTPException(
                404, f"The format {address.format!r} {words} the local CodeArtifact."
            )
        try:
            path = paths.decoded(address.rest, scoped_names=address.format == "npm")
        except paths.UnsafePath as error:
            raise HTTPException(400, str(error)) from error
        found = await run_in_threadpool(self._visit, request, address, path)
        if found is None:
            return self._challenge(request, address)
        route, visit = found
        return await route.handler(request, visit)

    def _visit(
        self, request: Request, address: paths.EndpointPath, path: str
    ) -> tuple[Route, Visit] | None:
        """Return where an admitted request goes; None without a valid token."""
        caller = self._caller(request.headers.get("authorization"), address)
        if caller is None:
            return None
        route, parameters = self._route(address.format, request.method, path)
        count(self.state, f"{address.format}:{route.kind}")
        self._admit(caller, address, route)
        return route, Visit(self.state, caller, address.repository, path, parameters)

    def _caller(self, authorization: str | None, address: paths.EndpointPath) -> Caller | None:
        bare = address.format in authentication.BARE
        token = authentication.token_of(authorization, bare=bare)
        if token is None:
            return None
        try:
            claims = tokens.verify(self.state, token)
        except tokens.InvalidToken:
            return None
        return claims.caller if claims.domain == address.repository.domain else None

    def _admit(self, caller: Caller, address: paths.EndpointPath, route: Route) -> None:
        state, repository = self.state, address.repository
        repositories.describe(state, repository)
        if route.reads:
            access.authorize(
                state,
                caller,
                f"codeartifact:{READ}",
                arns.of_repository(state, repository),
                repository=repository,
            )
        state.faults.check(f"{address.format}:{route.kind}", *((READ,) if route.reads else ()))

    def _challenge(self, request: Request, address: paths.EndpointPath) -> Response:
        """Refuse without a token by 401; with a bad one as the switch says (not documented)."""
        status = 401
        if "authorization" in request.headers:
            status = int(self.state.faults.switch("invalidTokenStatus"))
        if status != HTTPStatus.UNAUTHORIZED:
            return _refusal(address, status, "Not found.")
        response = _refusal(address, status, "A valid CodeArtifact authorization token is needed.")
        for challenge in authentication.CHALLENGES:
            response.headers.append("WWW-Authenticate", challenge)
        return response

    def _route(self, fmt: str, method: str, path: str) -> tuple[Route, Mapping[str, str]]:
        allowed: set[str] = set()
        for route in self.routes[fmt]:
            match = route.pattern.fullmatch(path)
            if match is None:
                continue
            if method in route.methods:
                return route, {k: v for k, v in match.groupdict().items() if v is not None}
            allowed |= route.methods
        if allowed:
            names = ", ".join(sorted(allowed))
            raise HTTPException(405, f"Only {names} is answered here.", {"Allow": names})
        raise HTTPException(404, f"The local CodeArtifact has no {fmt} route for this path.")


def _refusal(address: paths.EndpointPath | None, status: int, message: str) -> Response:
    """Return an error body that the format's client prints: JSON for npm, cargo, else text."""
    match address.format if address is not None else None:
        case "npm":
            return JSONResponse({"error": message}, status)
        case "cargo":  # The Cargo Book, registry web API
            return JSONResponse({"errors": [{"detail": message}]}, status)
        case _:
            return PlainTextResponse(message + "\n", status)


class Body:
    """The ``receive`` of a request, which knows whether the body has been read to its end."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.finished = False

    async def __call__(self) -> Message:
        """Return the next message of the connection."""
        message = await self._receive()
        self.finished = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def drain(self) -> bool:
        """
        Read what the handler has left of the body; False when that is too much.

        A client that has sent ``Expect: 100-continue`` or keeps the connection alive would
        otherwise have its next request taken for the rest of this one.
        """
        drained = 0
        while not self.finished and drained <= MAX_DRAINED:
            message = await self()
            drained += len(message.get("body", b""))
        return self.finished
