"""Finds the public repositories that this machine's own clients are configured with."""

from __future__ import annotations

from emulator.core.external import PublicRepository
from emulator.options import Options


def public_repositories(options: Options) -> dict[str, PublicRepository]:
    """Return an adapter for every external connection that *options* or this machine configure."""
    raise NotImplementedError
