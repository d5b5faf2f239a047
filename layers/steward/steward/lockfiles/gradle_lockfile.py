"""Gradle's ``gradle.lockfile`` ("Locking Versions", Gradle User Manual)."""

from __future__ import annotations

import re
from typing import Final

from steward.lockfiles.entries import Entries
from steward.lockfiles.locked import Lockfile, LockfileError
from steward.versions import is_snapshot

_LOCKED: Final = re.compile(
    r"(?P<group>[^\s:=]+):(?P<module>[^\s:=]+):(?P<version>[^\s:=]+)(?:=[^\s:=]*)?"
)
_LAST: Final = "empty="


def entries(text: str) -> Lockfile:
    """
    Return the modules that *text* locks, each ``group:module:version=configurations``.

    It has no hashes; ``verification-metadata.xml`` has. Its last line names the configurations that
    are empty ("empty="): without one the file may be cut, which is reported.

    Raises:
        LockfileError: No line of it is one of Gradle's.
    """
    found = Entries("maven")
    strange: list[tuple[int, str]] = []
    locked = whole = False
    for number, line in enumerate(text.split("\n"), 1):
        said = line.strip()
        if not said or said.startswith("#"):
            continue
        module = _LOCKED.fullmatch(said)
        if said.startswith(_LAST):
            whole = True
        elif module is None:
            strange.append((number, said))
        elif is_snapshot("maven", module["version"]):  # never from outside (User Guide)
            locked = True
            names = module["group"], module["module"]
            found.pass_over_snapshot(said.partition("=")[0], names, module["version"], number)
        else:
            locked = True
            found.add((module["group"], module["module"]), module["version"], line=number)
    if strange and not locked:
        raise LockfileError("it is no lock file of Gradle", strange[0][0])
    for number, said in strange:
        found.pass_over(said, "is no line of group:module:version=configurations", number)
    if not whole:
        found.pass_over("the end of the file", "lacks the line empty=, and may be cut")
    return found.lockfile()
