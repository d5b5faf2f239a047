"""The routes that package managers use, by format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec

from emulator.formats.endpoint import Route

FORMATS = ("cargo", "maven", "npm", "nuget", "pypi", "ruby")


def client_routes() -> Mapping[str, Sequence[Route]]:
    """Return the data-plane routes of each package format that has any."""
    modules = {fmt: f"emulator.formats.{fmt}" for fmt in FORMATS}
    return {
        fmt: import_module(module).routes()
        for fmt, module in modules.items()
        if find_spec(module) is not None
    }
