"""Finds the README in an npm tarball: newer npm clients no longer send it beside the manifest."""

from __future__ import annotations

import re
import tarfile
import zlib
from pathlib import Path

from emulator.core import tarballs

MAX_README = 1024 * 1024  # not documented: our choice

_README = re.compile(r"[^/]+/readme(\.(md|markdown|txt))?", re.IGNORECASE)


def of_tarball(path: Path) -> str:
    """Return the text of the README in the tarball's top folder; empty if there is none to read."""
    try:
        with tarballs.opened(path) as archive:
            for member in archive:
                if member.isfile() and _README.fullmatch(member.name):
                    document = archive.extractfile(member)
                    content = document.read(MAX_README) if document else b""
                    return content.decode("utf-8", "replace")
    except (OSError, EOFError, ValueError, tarfile.TarError, zlib.error):
        return ""  # whatever was uploaded is served as it is; only the README is missing
    return ""
