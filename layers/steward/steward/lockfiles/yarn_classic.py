"""``yarn.lock`` of Yarn 1, whose format is its own ("yarn.lock", Yarn Classic)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from steward.lockfiles import npm_entries
from steward.lockfiles.entries import Entries
from steward.lockfiles.locked import Lockfile, LockfileError

_TOKEN: Final = re.compile(
    r'"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s",:](?:[^\s",]*[^\s",:])?)'
)
_PROPERTY: Final = re.compile(r'  (?P<key>"[^"]+"|[^\s":]+) (?P<value>"(?:[^"\\]|\\.)*"|[^\s"]\S*)')
_TABLE: Final = re.compile(r'  (?P<key>"[^"]+"|[^\s":]+):')
_OF_TABLE: Final = "    "
_DESCRIPTOR: Final = re.compile(r"(?P<name>@?[^@]+)@(?P<asked>.*)")
# `alias@npm:name@range`, and without a range the newest; what begins like one is no name.
_REAL: Final = re.compile(r"npm:(?P<name>@[^@/]+/[^@/]+|(?!v?[0-9])[\w-][^@/]*)(?:@(?P<asked>.*))?")


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of the file: by what it is asked for, and what that is."""

    asked: tuple[str, ...]
    line: int
    properties: dict[str, str] = field(default_factory=dict)


def entries(text: str) -> Lockfile:
    """
    Return the packages in *text*, with their ``integrity``; an alias by the package's own name.

    Whether a package comes from a registry says what it is asked for by: a range or a tag, or
    else a URL, a repository, a folder. The host of ``resolved`` is not looked at, as with npm.
    """
    found = Entries("npm")
    for entry in _entries(text):
        name, asked = _name(entry)
        version = entry.properties.get("version")
        reason = npm_entries.elsewhere(asked)
        if not name or version is None:
            problem = f"{entry.asked[0]:.120} has no name or no version"
            found.pass_over(entry.asked[0], "has no name or version", entry.line, damage=problem)
        elif reason:
            found.pass_over(entry.asked[0], reason, entry.line)
        else:
            integrity = entry.properties.get("integrity", "")
            npm_entries.add(found, name, version, integrity, line=entry.line)
    return found.lockfile()


def _name(entry: _Entry) -> tuple[str, str]:
    """Return the name that the package itself has, and by what it is asked for."""
    described = _DESCRIPTOR.fullmatch(entry.asked[0])
    if described is None:
        return "", ""
    name, asked = described["name"], described["asked"]
    real = _REAL.fullmatch(asked)
    return (real["name"], real["asked"] or "") if real else (name, asked)


def _entries(text: str) -> Iterator[_Entry]:
    """
    Yield the entries of *text*.

    Raises:
        LockfileError: A line is none of the format, or the file ends within an entry.
    """
    entry: _Entry | None = None
    in_table = False
    number = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not line[0].isspace() and line.endswith(":"):
            if entry:
                yield entry
            entry, in_table = _Entry(_asked(line, number), number), False
        elif entry and in_table and line.startswith(_OF_TABLE):
            continue  # what the package needs has entries of its own
        elif entry and (one := _PROPERTY.fullmatch(line)):
            in_table = False
            entry.properties[one["key"].strip('"')] = one["value"].strip('"')
        elif entry and _TABLE.fullmatch(line):
            in_table = True
        else:
            raise LockfileError("it is no line of a yarn.lock, or the file was cut", number)
    if entry:
        if "version" not in entry.properties:
            raise LockfileError("the file ends within an entry", number)
        yield entry


def _asked(line: str, number: int) -> tuple[str, ...]:
    found = tuple(one["quoted"] or one["plain"] or "" for one in _TOKEN.finditer(line))
    if not found or not found[0]:
        raise LockfileError("it is no line of a yarn.lock, or the file was cut", number)
    return found
