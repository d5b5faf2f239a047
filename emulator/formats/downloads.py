"""Serves assets: a redirect to a pre-signed URL of the same server, and what that URL answers."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from emulator.core.ingestion import Download
from emulator.core.state import State

PREFIX = "/_assets/"


async def respond(state: State, request: Request, download: Download) -> Response:
    """
    Return the answer to a data-plane GET or HEAD of an asset.

    A redirect (status: the switch ``redirectStatus``) to a pre-signed URL that ends with the asset's
    name and expires, as CodeArtifact's to S3; with ``options.redirect_assets`` off, the asset itself.
    """
    raise NotImplementedError


def assets(state: State) -> ASGIApp:
    """
    Build the application that answers the pre-signed URLs, ``/_assets/{key}/{name}?X-Amz-...``.

    GET and HEAD, with Range, ETag, Last-Modified and If-None-Match. 403 when the URL has expired or
    was not signed by this process, 404 when the asset is gone, 400 when an ``Authorization`` header
    comes along (as S3 does).
    """
    raise NotImplementedError
