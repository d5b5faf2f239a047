"""What the local stack needs of the local CodeArtifact, and how it gets it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cli.stack.json_types import Document

if TYPE_CHECKING:
    from starlette.types import ASGIApp


@dataclass(frozen=True, slots=True)
class CodeArtifact:
    """A local CodeArtifact: its application, its events, and what to do around its life."""

    app: "ASGIApp"
    subscribe: Callable[[Callable[[Document], None]], None]  # the sink gets complete events
    set_base_url: Callable[[str], None]
    close: Callable[[], None]


def open_codeartifact(
    *, account: str, region: str, folder: Path | None, other_services: "ASGIApp | None"
) -> CodeArtifact:
    """
    Return the emulator; requests that are signed for other services go to *other_services*.

    It keeps its state in *folder*, or in memory only.
    """
    from emulator.app import create_app
    from emulator.options import Options

    options = Options(account=account, region=region, data=folder)
    app = create_app(options, other_services=other_services)
    state = app.state.codeartifact

    def set_base_url(url: str) -> None:
        state.base_url = url

    return CodeArtifact(
        app=app,
        subscribe=state.events.subscribe,
        set_base_url=set_base_url,
        close=state.close,
    )
