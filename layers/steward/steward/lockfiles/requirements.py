"""Python requirements: "Requirements File Format" and "Secure installs", pip."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from steward.lockfiles.entries import Entries
from steward.lockfiles.locked import Lockfile, LockfileError

_COMMENT: Final = re.compile(r"(?:^|\s)#.*$")
_PINNED: Final = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*"
    r"={2,3}\s*(?P<version>[^\s;,*$]+)\s*(?:;.*)?"
)
_HASH: Final = re.compile(r"(?:^|\s)--hash(?:=|\s+)(?P<kind>[^:\s]+):(?P<digest>\S*)")
# "Per-requirement options", pip
_BUILD_OPTION: Final = re.compile(r"\s--(?:config-settings?|global-option)[=\s].*$")
# The short ones may stand right before the name: `-rbase.txt`.
_OTHER_FILE: Final = re.compile(r"-[rc]|--(?:requirement|constraint)(?:[\s=]|$)")
_EDITABLE: Final = ("-e", "--editable")
_FROM_ELSEWHERE: Final = re.compile(
    r"[^\s;]*\s*@\s*\S+|(?:git|hg|svn|bzr)\+\S+|[a-z]+://\S+|\.{0,2}/\S*"
    r"|[^\s;=<>~!]+\.(?:whl|zip|tar\.gz)(?=[\s;]|$)"
)
_STRONG: Final = frozenset({"sha256", "sha384", "sha512"})  # "Hash-checking mode", pip
_LONGEST: Final = 2_000  # characters of a requirement without its hashes; our choice


def entries(text: str) -> Lockfile:
    """
    Return the requirements in *text* that are pinned with ``==``, extras and markers aside.

    Where one of them has a hash, pip demands that all are pinned and have one ("Hash-checking
    mode"): all that it would refuse is damage here. Options of pip are passed over in silence,
    except those that name another file. What the environment is to fill in (``${NAME}``, "Using
    environment variables") is no version.
    """
    found = Entries("pypi")
    for number, line in _logical_lines(text):
        requirement = _BUILD_OPTION.sub("", _HASH.sub("", line)).strip()
        if _OTHER_FILE.match(line):
            problem = f"{line!r:.200} names another file: put that one into the policy as well"
            found.pass_over(line, "names another file, which is not read", number, damage=problem)
            continue
        if line.startswith("-") and not line.startswith((*_EDITABLE, "--hash")):
            continue
        pinned = _PINNED.fullmatch(requirement) if len(requirement) <= _LONGEST else None
        if pinned is None:
            problem = f"{requirement!r:.200} is pinned to no version with =="
            found.pass_over(requirement, _why_not(requirement), number, damage=problem)
            continue
        hashes = [(match["kind"].lower(), match["digest"]) for match in _HASH.finditer(line)]
        if not hashes:
            found.damaged(requirement, f"{requirement!r:.200} has no hash", number)
        for kind, _ in hashes:
            if kind not in _STRONG:
                found.damaged(requirement, f"pip knows no hash called {kind!r:.40}", number)
        found.add((None, pinned["name"]), pinned["version"], line=number, hashes=hashes)
    return found.lockfile()


def _why_not(requirement: str) -> str:
    if len(requirement) > _LONGEST:
        return "is too long for a requirement"
    if requirement.startswith(_EDITABLE) or _FROM_ELSEWHERE.match(requirement):
        return "comes from a URL, a folder or version control"
    return "is pinned to no version with =="


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
