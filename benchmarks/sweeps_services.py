"""Every service but CodeArtifact that a sweep talks to: moto, served by a process of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from a2wsgi import WSGIMiddleware
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from emulator.server import serve

if TYPE_CHECKING:
    from a2wsgi.wsgi_typing import WSGIApp
    from starlette.types import ASGIApp

THREADS = 32


def main() -> None:
    """Serve until SIGTERM; print where, as JSON."""
    moto = cast("WSGIApp", DomainDispatcherApplication(create_backend_app))
    application = cast("ASGIApp", WSGIMiddleware(moto, workers=THREADS))
    serve(application, 0, lambda url: print(json.dumps({"endpoint": url}), flush=True))
