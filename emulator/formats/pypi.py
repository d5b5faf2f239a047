"""The PyPI endpoint of a repository: simple pages, files and uploads."""

from __future__ import annotations

from emulator.formats.endpoint import Route


def routes() -> list[Route]:
    """Return what ``/pypi/d/{domain}-{owner}/{repository}/`` answers to."""
    raise NotImplementedError
