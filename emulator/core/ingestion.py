"""Brings versions in from public repositories: streamed at once, recorded when complete."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from emulator.core.values import Blob


@dataclass(slots=True)
class Download:
    """
    The bytes of one asset, complete or still arriving.

    Attributes:
        key: What its pre-signed URL names: the SHA-256 of a stored asset, else an id of its own.
        size: Bytes; None while the public repository has not said.
        published: The original publish time, served as ``Last-Modified``.
        finished: Set when all bytes are in, or none will come any more.
        failed: Why no more will come; None while they do.
    """

    key: str
    name: str
    path: Path
    finished: threading.Event
    published: datetime
    size: int | None = None
    blob: Blob | None = None
    failed: str | None = None
