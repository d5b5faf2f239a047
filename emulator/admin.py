"""The admin API under ``/_emulator/``: what tests and demonstrations tell the emulator itself."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulator import admin_clock, admin_faults, admin_state, json_documents, osv, requests
from emulator.core import seed
from emulator.core.errors import CodeArtifactError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from emulator.core.state import State

logger = logging.getLogger(__name__)

PREFIX = "/_emulator/"
MAX_BODY_BYTES = 256 * 1024 * 1024  # our choice: a seed of 100,000 versions has about 20 MB


def build(state: State) -> ASGIApp:
    """
    Return the application of the admin API.

    - ``GET health``: account, Region, and what is behind each external connection;
    - ``POST seed``: adds a document of domains; ``GET state``: everything, in the same form;
    - ``GET requests``: requests by operation since the last ``DELETE requests``;
    - ``GET faults``, ``PUT faults`` (replaces all of them): see `admin_faults`;
    - ``GET clock``, ``PUT clock``: see `admin_clock`;
    - ``osv/...``: see `osv`.

    Answers and errors are JSON objects, errors ``{"error": "..."}``.
    """
    api = AdminApi(state)
    return Starlette(
        routes=[
            Route(f"{PREFIX}health", api.health, methods=["GET"]),
            Route(f"{PREFIX}seed", api.seed, methods=["POST"]),
            Route(f"{PREFIX}state", api.whole_state, methods=["GET"]),
            Route(f"{PREFIX}requests", api.requests, methods=["GET", "DELETE"]),
            Route(f"{PREFIX}faults", api.faults, methods=["GET", "PUT"]),
            Route(f"{PREFIX}clock", api.clock, methods=["GET", "PUT"]),
            *osv.routes(f"{PREFIX}osv/", state),
        ],
        exception_handlers={
            HTTPException: _http_error,
            CodeArtifactError: _refused,
            Exception: _failed,
        },
    )


class AdminApi:
    """The handlers of the admin API of one local CodeArtifact."""

    def __init__(self, state: State) -> None:
        self.state = state

    async def health(self, _: Request) -> Response:
        """Answer as soon as the emulator does, with what it was started as."""
        options = self.state.options
        return JSONResponse(
            {
                "status": "ok",
                "endpoint": self.state.base_url,
                "account": options.account,
                "region": options.region,
                "data": None if options.data is None else str(options.data),
                "externalConnections": {
                    name: public.description for name, public in sorted(self.state.public.items())
                },
            }
        )

    async def seed(self, request: Request) -> Response:
        """Add what the document describes, all of it or nothing; no events."""
        document = await _json(request)
        seeded = await run_in_threadpool(seed.apply, self.state, document)
        return JSONResponse({"seeded": asdict(seeded)})

    async def whole_state(self, _: Request) -> Response:
        """Return everything the emulator holds, in the form of a seed document."""
        return JSONResponse(await run_in_threadpool(admin_state.document, self.state))

    async def requests(self, request: Request) -> Response:
        """Return the requests by name; a DELETE returns them for the last time."""
        read = requests.forget if request.method == "DELETE" else requests.counted
        return JSONResponse(dict(read(self.state)))

    async def faults(self, request: Request) -> Response:
        """Return the faults in force, after a PUT the new ones."""
        if request.method == "PUT":
            settings = admin_faults.settings(self.state, await _json(request))
            self.state.faults.set(settings)
        return JSONResponse(admin_faults.document(self.state))

    async def clock(self, request: Request) -> Response:
        """Return the time, after a PUT the new one."""
        if request.method == "PUT":
            admin_clock.apply(self.state.clock, await _json(request))
        return JSONResponse(admin_clock.document(self.state.clock))


async def _json(request: Request) -> object:
    """
    Return the request's JSON.

    Raises:
        HTTPException: It is none, or too large.
    """
    found = bytearray()
    async for piece in request.stream():
        found += piece
        if len(found) > MAX_BODY_BYTES:
            raise HTTPException(413, f"The body has more than {MAX_BODY_BYTES} bytes.")
    try:
        return await run_in_threadpool(json_documents.parse, found)
    except ValueError as error:
        raise HTTPException(400, f"The body is not JSON: {error}") from error


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for nothing else
    detail = error.detail
    if error.status_code == 404:  # noqa: PLR2004  HTTP's number
        detail = f"The admin API has health, seed, state, requests, faults, clock and osv: {detail}"
    return JSONResponse({"error": detail}, error.status_code, headers=error.headers)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, CodeArtifactError)  # noqa: S101  registered for nothing else
    return JSONResponse({"error": error.message}, error.status)


async def _failed(request: Request, error: Exception) -> Response:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return JSONResponse({"error": "The admin API failed; the log says how."}, 500)
