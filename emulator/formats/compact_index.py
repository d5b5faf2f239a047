"""Writes the text files of RubyGems' Compact Index."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from emulator.core.gems import ANY_VERSION, Entry

SEPARATOR = "---\n"


@dataclass(frozen=True, slots=True)
class ListedGem:
    """A gem as an index lists it; *checksum* is its SHA-256 in hexadecimal, if anybody knows."""

    entry: Entry
    version: str
    file_name: str
    checksum: str
    published: datetime


def info(gems: Iterable[ListedGem]) -> bytes:
    """Return ``info/{gem}``: a line for each gem ("The Compact Index API", RubyGems guides)."""
    return (SEPARATOR + "".join(f"{_line(each)}\n" for each in gems)).encode()


def names(gems: Iterable[str]) -> bytes:
    """Return ``names``."""
    return (SEPARATOR + "".join(f"{name}\n" for name in gems)).encode()


def versions(gems: Mapping[str, tuple[ListedGem, ...]], created: datetime) -> bytes:
    """Return ``versions``: a line for each name, with the MD5 of its ``info``."""
    lines = [f"created_at: {created.isoformat()}\n", SEPARATOR]
    for name, listed in gems.items():
        checksum = hashlib.md5(info(listed), usedforsecurity=False).hexdigest()
        numbers = ",".join(each.entry.full_version for each in listed)
        lines.append(f"{name} {numbers} {checksum}\n")
    return "".join(lines).encode()


def etag(content: bytes) -> str:
    """Return the ETag that Bundler compares with the file that it keeps: its MD5."""
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


def _line(gem: ListedGem) -> str:
    entry = gem.entry
    needs = ",".join(f"{name}:{_joined(wanted)}" for name, wanted in entry.dependencies)
    says = [f"checksum:{gem.checksum}"] if gem.checksum else []
    if entry.ruby != ANY_VERSION:
        says.append(f"ruby:{_joined(entry.ruby)}")
    if entry.rubygems != ANY_VERSION:
        says.append(f"rubygems:{_joined(entry.rubygems)}")
    return f"{entry.full_version} {needs}|{','.join(says)}"


def _joined(requirement: str) -> str:
    return "&".join(part.strip() for part in requirement.split(","))
