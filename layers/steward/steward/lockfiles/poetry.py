"""``poetry.lock``, of Poetry 1.1 and later ("Installing with poetry.lock", Poetry)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from steward.lockfiles.entries import Entries
from steward.lockfiles.indexes import ELSEWHERE, usual_index
from steward.lockfiles.lines import Lines, tables
from steward.lockfiles.locked import Lockfile, LockfileError
from steward.lockfiles.parsed import Table, from_toml, table_in, tables_in, text_in

_SOURCES: Final = {
    "git": "comes from a Git repository",
    "url": "comes from a URL",
    "file": "is a file",
    "directory": "is a folder",
}


def entries(text: str) -> Lockfile:
    """
    Return the packages in *text* that come from the index that most come from.

    Where a package has no source that is Poetry's default one. Hashes stand with each package
    since version 2 of the file, in a table of all packages before.
    """
    content = from_toml(text)
    metadata = table_in(content, "metadata")
    if not str(metadata.get("lock-version", "")).startswith(("1.", "2.")):
        raise LockfileError("its metadata have no lock-version 1 or 2")
    found, lines = Entries("pypi"), Lines(text)
    packages, files = tables_in(content, "package"), table_in(metadata, "files")
    usual = usual_index(_index(one) for one in packages if _type(one) not in _SOURCES)
    for package, offset in zip(packages, tables(text, "package", len(packages)), strict=True):
        line = None if offset is None else lines.at(offset)
        name, version = text_in(package, "name"), text_in(package, "version")
        if name is None or version is None:
            problem = f"{name or 'a package'} has no name or no version"
            found.pass_over(name or "a package", "has no name or version", line, damage=problem)
        elif _type(package) in _SOURCES:
            found.pass_over(name, _SOURCES[_type(package)], line)
        elif _index(package) != usual:
            found.pass_over(name, ELSEWHERE, line)
        else:
            holder = package if "files" in package else {"files": files.get(name, [])}
            hashes = _hashes_of(holder)
            found.add((None, name), version, line=line, hashes=hashes, locate=lines.of)
    return found.lockfile()


def _type(package: Table) -> str:
    return text_in(table_in(package, "source"), "type") or ""


def _index(package: Table) -> str:
    return text_in(table_in(package, "source"), "url") or ""


def _hashes_of(holder: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for file in tables_in(holder, "files"):
        kind, _, digest = (text_in(file, "hash") or "").partition(":")
        if kind:
            yield kind, digest
