"""The routes that package managers use, by format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from emulator.formats import maven, npm, pypi
from emulator.formats.endpoint import Route


def client_routes() -> Mapping[str, Sequence[Route]]:
    """Return the data-plane routes of each package format that has any."""
    return {"maven": maven.routes(), "npm": npm.routes(), "pypi": pypi.routes()}
