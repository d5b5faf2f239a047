"""Puts one local CodeArtifact together: which part of it answers which request."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import anyio

from emulator import admin, signatures
from emulator.control_plane import ControlPlane
from emulator.core.state import open_state
from emulator.external import discovery
from emulator.formats import downloads, endpoint
from emulator.options import Options

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from emulator.core.external import PublicRepository
    from emulator.core.state import State

MAX_HEADER_BYTES = 65_536  # our choice; tokens have 1.5 kB, and pip sends two
MAX_TARGET_BYTES = 32_768  # our choice; the longest valid query string has about 10 kB

_DATA_PLANE = re.compile(r"/[a-z]{1,16}/d/")


@dataclass(frozen=True, slots=True)
class AppState:
    """What `LocalCodeArtifact.state` holds."""

    codeartifact: State


class LocalCodeArtifact:
    """
    The ASGI application of the whole server.

    - ``/_emulator/...`` is the admin API, ``/_assets/...`` the pre-signed asset URLs;
    - a request signed for another service than ``codeartifact`` goes to *other_services*;
    - ``/{format}/d/...`` are the repository endpoints;
    - ``/v1/...``, and everything signed for ``codeartifact``, is the control plane;
    - the rest goes to *other_services*, without which it is a clear 404.
    """

    def __init__(self, state: State, other_services: ASGIApp | None) -> None:
        self.state = AppState(state)
        self._other_services = other_services
        self._control_plane = ControlPlane(state)
        self._data_plane = endpoint.build(state)
        self._assets = downloads.assets(state)
        self._admin = admin.build(state)

    def served_at(self, url: str) -> None:
        """Endpoints and asset URLs begin with *url* from now on."""
        self.state.codeartifact.base_url = url.rstrip("/")

    def close(self) -> None:
        """Background work has ended and files are complete; nothing is answered any more."""
        self.state.codeartifact.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        too_large = _too_large(scope)
        if too_large is not None:
            await _refuse(send, *too_large)
            return
        path: str = scope["path"]
        if path.startswith("/_emulator/"):
            await self._admin(scope, receive, send)
        elif path.startswith(downloads.PREFIX):
            await self._assets(scope, receive, send)
        else:
            await self._route(scope, path, receive, send)

    async def _route(self, scope: Scope, path: str, receive: Receive, send: Send) -> None:
        service = _service(scope)
        target: ASGIApp | None = self._other_services
        if service in {None, "codeartifact"}:
            if _DATA_PLANE.match(path):
                target = self._data_plane
            elif service is not None or path.startswith("/v1/"):
                target = self._control_plane
        if target is None:
            await _refuse(send, *_no_target(service, path))
            return
        if target is not self._other_services:
            latency = self.state.codeartifact.faults.latency_ms
            if latency:
                await anyio.sleep(latency / 1000)
        await target(scope, receive, send)


def create_app(
    options: Options,
    other_services: ASGIApp | None = None,
    *,
    public: Mapping[str, PublicRepository] | None = None,
) -> LocalCodeArtifact:
    """
    Return a local CodeArtifact, opened with *options*; call its ``close`` when done.

    Its domain state is ``app.state.codeartifact``.

    Args:
        options: Account, Region, where the state is kept.
        other_services: Answers whatever is not CodeArtifact's.
        public: What is behind each external connection; ``None`` asks *options* and this machine.

    Raises:
        InternalServer: The data folder holds a state of another version.
    """
    state = open_state(options)
    state.public.update(discovery.public_repositories(options) if public is None else public)
    return LocalCodeArtifact(state, other_services)


def _service(scope: Scope) -> str | None:
    """Return the service that the request is signed for, in its header or its query."""
    authorization = next(
        (value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"),
        None,
    )
    if authorization is not None and not authorization.startswith("AWS4-"):
        return None
    signed = signatures.credential(authorization, scope["query_string"].decode("latin-1"))
    return None if signed is None else signed.service


def _too_large(scope: Scope) -> tuple[HTTPStatus, str, str] | None:
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_TARGET_BYTES:
        return (
            HTTPStatus.REQUEST_URI_TOO_LONG,
            "RequestUriTooLongException",
            f"Path and query have more than {MAX_TARGET_BYTES} bytes.",
        )
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADER_BYTES:
        return (
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            "RequestHeaderFieldsTooLargeException",
            f"The headers have more than {MAX_HEADER_BYTES} bytes.",
        )
    return None


def _no_target(service: str | None, path: str) -> tuple[HTTPStatus, str, str]:
    if service is None:
        return (
            HTTPStatus.NOT_FOUND,
            "ResourceNotFoundException",
            f"The local CodeArtifact has nothing at {path[:200]!r}.",
        )
    return (
        HTTPStatus.NOT_IMPLEMENTED,
        "NotImplementedByLocalCodeArtifact",
        f"This server answers for codeartifact alone; the request is signed for {service!r}.",
    )


async def _refuse(send: Send, status: HTTPStatus, code: str, message: str) -> None:
    body = json.dumps({"message": message}).encode()
    await send(
        {
            "type": "http.response.start",
            "status": int(status),
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
                (b"x-amzn-errortype", code.encode()),
                (b"connection", b"close"),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
