"""What all lock files have in common: hashes by package URL, and ways to be damaged."""

from __future__ import annotations

import re
from typing import Final

from steward.coordinates import Format, purl_of, stored_names
from steward.errors import StewardError

# By package URL with version: `SHA-256:` or `SHA-512:` and lower-case hexadecimal.
Hashes = dict[str, set[str]]

# Those of "hashes" in AssetSummary (API Reference) that still say what a file is.
_LENGTHS: Final = {"SHA-256": 64, "SHA-512": 128}
_HEXADECIMAL: Final = re.compile(r"[0-9a-f]+")


class LockfileError(StewardError):
    """
    A lock file cannot be read, or does not say what it should.

    Attributes:
        line: Where, counted from 1, if that is known.
    """

    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(problem if line is None else f"line {line}: {problem}")
        self.line = line


def known_hash(kind: str, digest: str, *, of: str, line: int | None = None) -> str | None:
    """
    Return the hash as :data:`Hashes` has it; ``None`` if it is of a kind that is not compared.

    Args:
        kind: In any spelling: ``sha256``, ``SHA-256``.
        of: What has the hash, for the message.

    Raises:
        LockfileError: It is too short, too long or no hexadecimal: somebody cut the file.
    """
    name = kind.upper().replace("SHA", "SHA-").replace("--", "-")
    if name not in _LENGTHS:
        return None
    value = digest.lower()
    if len(value) != _LENGTHS[name] or not _HEXADECIMAL.fullmatch(value):
        raise LockfileError(f"{of} has a {name} that is none: {digest:.140}", line)
    return f"{name}:{value}"


def add(
    hashes: Hashes,
    package_format: Format,
    names: tuple[str | None, str],
    version: str,
    found: set[str],
) -> None:
    """Add *found*, if there is any, to the *hashes* of one version."""
    if found:
        namespace, name = stored_names(package_format, *names)
        hashes.setdefault(purl_of(package_format, namespace, name, version), set()).update(found)
