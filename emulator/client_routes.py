"""The routes that package managers use, by format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from emulator.formats import cargo, maven, npm, nuget, pypi, ruby
from emulator.formats.endpoint import Route


def client_routes() -> Mapping[str, Sequence[Route]]:
    """Return the data-plane routes of each package format that has any."""
    return {
        "cargo": cargo.routes(),
        "maven": maven.routes(),
        "npm": npm.routes(),
        "nuget": nuget.routes(),
        "pypi": pypi.routes(),
        "ruby": ruby.routes(),
    }
