"""Serves assets: a redirect to a pre-signed URL of the same server, and what that URL answers."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from emulator.core.ingestion import Download, find_download
from emulator.core.state import State
from emulator.core.transfers import begun, complete
from emulator.formats import asset_bodies

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = "/_assets/"

LIFETIME = timedelta(minutes=15)  # not documented: our choice
_SECONDS = int(LIFETIME.total_seconds())
DATE = "%Y%m%dT%H%M%SZ"  # as in signature version 4

_KEY = secrets.token_bytes(32)
_SHA256 = re.compile(r"[0-9a-f]{64}")


async def respond(state: State, request: Request, download: Download) -> Response:
    """
    Return the answer to a data-plane GET or HEAD of an asset.

    A redirect (status: the switch ``redirectStatus``) to a pre-signed URL that names the asset and
    expires, as CodeArtifact's to S3; with that status 200, the asset itself. The URL names this
    server by its other name, ``localhost`` or ``127.0.0.1``: like S3 it is another host, so that
    clients do not send their token along.
    """
    status = int(str(state.faults.switch("redirectStatus")))
    if status == HTTPStatus.OK:
        arriving = await run_in_threadpool(begun, download)
        if arriving is None:
            return _refusal(404, "NoSuchKey", "The asset does not exist any more.")
        return await asset_bodies.answer(request, arriving)
    return RedirectResponse(_presigned(state, request, download), status)


def assets(state: State) -> ASGIApp:
    """
    Build the application that answers the pre-signed URLs, ``/_assets/{key}/{name}?X-Amz-...``.

    GET and HEAD, with Range, ETag, Last-Modified and If-None-Match. 403 when the URL has expired or
    was not signed by this process, 404 when the asset is gone, 400 when an ``Authorization`` header
    comes along (as S3 does).
    """

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = await _answer(state, request)
        await response(scope, receive, send)

    return application


@dataclass(frozen=True, slots=True)
class _Signed:
    """What the signature of a pre-signed URL covers."""

    key: str
    name: str
    date: str
    published: str

    def signature(self) -> str:
        """Return what only this process can compute."""
        text = f"{self.key}\n{self.name}\n{self.date}\n{self.published}"
        return hmac.new(_KEY, text.encode(), hashlib.sha256).hexdigest()

    def expires(self) -> datetime:
        """Return when the URL ends; only for a date that this process signed."""
        return datetime.strptime(self.date, DATE).replace(tzinfo=UTC) + LIFETIME


async def _answer(state: State, request: Request) -> Response:
    if request.method not in {"GET", "HEAD"}:
        return _refusal(405, "MethodNotAllowed", "The method is not allowed on this resource.")
    if "authorization" in request.headers:
        return _refusal(400, "InvalidArgument", "Only one auth mechanism allowed")
    raw_path = request.scope.get("raw_path") or request.url.path.encode()
    key, _, name = raw_path.decode("latin-1").partition(PREFIX)[2].partition("/")
    query = request.query_params
    signed = _Signed(key, unquote(name), query.get("X-Amz-Date", ""), query.get("x-published", ""))
    signature = query.get("X-Amz-Signature", "")
    if not hmac.compare_digest(signed.signature().encode(), signature.encode()):
        return _refusal(403, "SignatureDoesNotMatch", "The URL was not signed by this server.")
    if state.clock.now() >= signed.expires():
        return _refusal(403, "AccessDenied", "Request has expired")
    download = await run_in_threadpool(_download, state, signed)
    if download is None:
        return _refusal(404, "NoSuchKey", "The specified key does not exist.")
    return await asset_bodies.answer(request, download)


def _presigned(state: State, request: Request, download: Download) -> str:
    published = str(int(download.published.timestamp()))
    date = state.clock.now().strftime(DATE)
    signed = _Signed(download.key, download.name, date, published)
    query = (  # of letters and digits alone: nothing in it has to be quoted
        f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={date}&X-Amz-Expires={_SECONDS}"
        f"&X-Amz-SignedHeaders=host&x-published={published}&X-Amz-Signature={signed.signature()}"
    )
    base = _other_name(request.scope["scheme"], request.headers.get("host"), _served(request.scope))
    return f"{base}{PREFIX}{signed.key}/{quote(signed.name, safe='')}?{query}"


@lru_cache(maxsize=256)
def _other_name(scheme: str, asked: str | None, served: tuple[str, int | None] | None) -> str:
    """Return this server's base URL under the loopback name that the client did not use."""
    headers = [] if asked is None else [(b"host", asked.encode("latin-1"))]
    url = URL(scope={"scheme": scheme, "server": served, "headers": headers, "path": "/"})
    host = "127.0.0.1" if url.hostname == "localhost" else "localhost"
    port = f":{url.port}" if url.port else ""
    return f"{url.scheme}://{host}{port}"


def _served(scope: Scope) -> tuple[str, int | None] | None:
    server = scope.get("server")
    return None if server is None else (server[0], server[1])


def _download(state: State, signed: _Signed) -> Download | None:
    if not _SHA256.fullmatch(signed.key):
        found = find_download(state, signed.key)
        return None if found is None else begun(found)
    published = datetime.fromtimestamp(int(signed.published), UTC)
    return complete(state.assets, signed.key, signed.name, published)


def _refusal(status: int, code: str, message: str) -> Response:
    """Return an error in the shape of S3's."""
    body = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return Response(
        f'<?xml version="1.0" encoding="UTF-8"?>\n{body}', status, media_type="application/xml"
    )
