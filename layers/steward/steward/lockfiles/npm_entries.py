"""What the lock files of npm, pnpm and Yarn have in common: names, hashes, other places."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Final

from steward.lockfiles.entries import Entries

_NAME: Final = re.compile(r"(?:@(?P<scope>[^@/]+)/)?(?P<name>[^@/]+)")
# How dependencies are written that are in no registry ("Package spec", npm).
_ELSEWHERE: Final = (
    (("git", "github:", "gitlab:", "bitbucket:", "gist:", "ssh:"), "comes from a Git repository"),
    (("http:", "https:"), "comes from a URL"),
    (("file:", "link:", "portal:", "./", "../", "/", "~/"), "is a file or a folder"),
    (("workspace:",), "is a part of the project itself"),
)


def elsewhere(spec: str) -> str | None:
    """Return why what is asked for by *spec* is in no registry; ``None`` if it may be in one."""
    for beginnings, reason in _ELSEWHERE:
        if spec.startswith(beginnings):
            return reason
    if ":" in spec.removeprefix("npm:"):
        return "comes from a place of another kind"
    # `user/repository`, a repository of GitHub; an alias of a scoped package has a slash as well.
    return None if spec.startswith("npm:") or "/" not in spec else "comes from a Git repository"


def add(
    found: Entries,
    name: str,
    version: str,
    integrity: str,
    *,
    line: int | None,
    locate: Callable[[str], int | None] | None = None,
) -> None:
    """
    Add *version* of the package *name* (``@scope/name``) to *found*.

    It is passed over if *name* is no such name, or *integrity* is no text of hashes. SHA-1 of old
    entries says too little to be compared.

    Args:
        integrity: As in "Subresource Integrity" (W3C); empty if there is none.
        locate: Gives the line of *integrity*, if it is damaged.
    """
    names = _NAME.fullmatch(name)
    if names is None:
        found.pass_over(f"{name} {version}", "has a name that no package can have", line)
        return
    hashes: list[tuple[str, str]] = []
    for part in integrity.split():
        kind, _, encoded = part.partition("?")[0].partition("-")
        try:
            hashes.append((kind, base64.b64decode(encoded, validate=True).hex()))
        except (binascii.Error, ValueError):
            encoded = ""
        if not encoded:
            at = (locate(integrity) if locate else None) or line
            reason = f"has an integrity that is none: {part:.120}"
            found.pass_over(name, reason, at, damage=f"{name} {reason}")
            return
    found.add(
        (names["scope"], names["name"]),
        version,
        line=line,
        hashes=hashes,
        locate=(lambda _: locate(integrity)) if locate else None,
    )
