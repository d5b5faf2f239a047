"""What the local stack needs of the local CodeArtifact, and how it gets it."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cli.stack.clock import Clock, MachineClock
from cli.stack.errors import StackError
from cli.stack.json_types import Document

if TYPE_CHECKING:
    from starlette.types import ASGIApp


@dataclass(frozen=True, slots=True)
class CodeArtifact:
    """A local CodeArtifact: its application, its events, its end, and its time."""

    app: "ASGIApp"
    subscribe: Callable[[Callable[[Document], None]], None]  # the sink gets complete events
    close: Callable[[], None]
    clock: Clock = field(default_factory=MachineClock)


def open_codeartifact(
    *, account: str, region: str, folder: Path | None, other_services: "ASGIApp | None"
) -> CodeArtifact:
    """
    Return the emulator; requests that are signed for other services go to *other_services*.

    It keeps its state in *folder*, or in memory only.

    Raises:
        StackError: The folder cannot be used.
    """
    from emulator.app import create_app
    from emulator.core.errors import InternalServer
    from emulator.options import Options

    options = Options(account=account, region=region, data=folder)
    try:
        app = create_app(options, other_services=other_services)
    except (OSError, sqlite3.Error, InternalServer) as error:
        raise StackError(f"cannot keep the local CodeArtifact in {folder}: {error}") from error
    state = app.state.codeartifact
    return CodeArtifact(
        app=app, subscribe=state.events.subscribe, close=app.close, clock=state.clock
    )
