"""Python requirements with hashes: "Requirements File Format" and "Secure installs", pip."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from steward.lockfiles.locked import Hashes, LockfileError, add, known_hash

_COMMENT: Final = re.compile(r"(?:^|\s+)#.*$")
_PINNED: Final = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*"
    r"={2,3}\s*(?P<version>[^\s;,*]+)\s*(?:;.*)?"
)
_HASH: Final = re.compile(r"(?:^|\s)--hash(?:=|\s+)(?P<kind>[^:\s]+):(?P<digest>\S*)")
_OTHER_FILE: Final = re.compile(r"(?:-r|-c|--requirement|--constraint)(?:[\s=]|$)")
_STRONG: Final = frozenset({"sha256", "sha384", "sha512"})  # "Hash-checking mode", pip


def hashes(text: str) -> Hashes:
    """
    Return the hashes of the requirements in *text*, which pins every one and has one of each.

    That is what pip itself demands as soon as one of them has a hash ("Hash-checking mode").
    Options of pip are passed over, except those that name another file.
    """
    found: Hashes = {}
    for number, line in _logical_lines(text):
        if _OTHER_FILE.match(line):
            raise LockfileError(
                f"{line!r} names another file: put that one into the policy as well", number
            )
        if line.startswith("-") and not line.startswith(("-e", "--editable", "--hash")):
            continue
        requirement = _HASH.sub("", line).strip()
        pinned = _PINNED.fullmatch(requirement)
        if pinned is None:
            raise LockfileError(f"{requirement!r:.200} is pinned to no version with ==", number)
        version = pinned["version"]
        kinds = [(match["kind"].lower(), match["digest"]) for match in _HASH.finditer(line)]
        if not kinds:
            raise LockfileError(f"{requirement!r:.200} has no hash", number)
        if unknown := [kind for kind, _ in kinds if kind not in _STRONG]:
            raise LockfileError(f"pip knows no hash called {unknown[0]!r:.40}", number)
        known = (known_hash(kind, digest, of=requirement, line=number) for kind, digest in kinds)
        add(found, "pypi", (None, pinned["name"]), version, {one for one in known if one})
    return found


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """
    Yield each requirement with the number of its first line, comments and continuations gone.

    Raises:
        LockfileError: The file ends where a line should go on.
    """
    parts: list[str] = []
    first = 0
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        # pip joins lines before it takes comments off; one that is nothing but a comment ends it.
        whole = line.rstrip(" \t")
        comment = whole.lstrip().startswith("#")
        first = first if parts else number
        if whole.endswith("\\") and not comment:
            parts.append(whole[:-1])
            continue
        parts.append("" if comment else whole)
        joined = _COMMENT.sub("", " ".join(parts)).strip()
        parts = []
        if joined:
            yield first, joined
    if parts:
        raise LockfileError("the file ends within a requirement", first)
