"""``yarn.lock``: which of its two formats a file has, and the packages of the later one."""

from __future__ import annotations

import re
from typing import Final

from steward.lockfiles import npm_entries, yarn_classic
from steward.lockfiles.entries import Entries
from steward.lockfiles.locked import Lockfile, LockfileError
from steward.lockfiles.parsed import table_in, text_in
from steward.lockfiles.yaml_events import YamlTable, yaml_tables

_METADATA: Final = "__metadata"
_LATER: Final = re.compile(rf"^{_METADATA}:", re.MULTILINE)
_CLASSIC: Final = re.compile(r"^# yarn lockfile v1$", re.MULTILINE)
_VERSIONS: Final = tuple(str(number) for number in range(3, 11))  # Yarn 2 to 4, and its betas
_LOCATOR: Final = re.compile(r"(?P<name>(?:@[^@/]+/)?[^@/]+)@(?P<place>.+)")
_PROJECT: Final = "workspace:."


def entries(text: str) -> Lockfile:
    """
    Return the packages in *text*, of Yarn 1 or of a later one.

    A later one's ``checksum`` is of the archive that Yarn makes, not of the registry's file: no
    hash is returned. A patched package is there without its patch too, so the patched one is
    passed over in silence, as is the project itself.
    """
    if _LATER.search(text):
        return _of_later(text)
    if _CLASSIC.search(text):
        return yarn_classic.entries(text)
    raise LockfileError("it says neither `# yarn lockfile v1` nor has it __metadata")


def _of_later(text: str) -> Lockfile:
    documents = yaml_tables(text)
    content = documents[0] if documents else YamlTable()
    version = text_in(table_in(content, _METADATA), "version")
    if len(documents) != 1 or version not in _VERSIONS:
        line = content.lines.get(_METADATA)
        raise LockfileError("its __metadata have no version that is known: 3 to 10", line)
    found = Entries("npm")
    for key, package in content.items():
        if key != _METADATA:
            held = package if isinstance(package, YamlTable) else YamlTable()
            _add(found, key, held, content.lines[key])
    return found.lockfile()


def _add(found: Entries, key: str, package: YamlTable, line: int) -> None:
    located = _LOCATOR.fullmatch(text_in(package, "resolution") or "")
    version = text_in(package, "version")
    if located is None or version is None:
        problem = f"{key:.120} has no version or no resolution"
        found.pass_over(key, "has no version or no resolution", line, damage=problem)
        return
    name, place = located["name"], located["place"]
    if place.startswith("npm:"):
        # Behind `::` stands how it was fetched, where that is not the usual way.
        registered = place.removeprefix("npm:").partition("::")[0]
        npm_entries.add(found, name, registered, "", line=line)
    elif not place.startswith("patch:") and place != _PROJECT:
        reason = npm_entries.elsewhere(place)
        found.pass_over(name, reason or "comes from a place of another kind", line)
