"""``uv.lock``, version 1 ("Locking and syncing", uv)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from steward.lockfiles.entries import Entries
from steward.lockfiles.indexes import ELSEWHERE, usual_index
from steward.lockfiles.lines import Lines, tables
from steward.lockfiles.locked import Lockfile, LockfileError
from steward.lockfiles.parsed import Table, from_toml, table_in, tables_in, text_in

_SOURCES: Final = {
    "git": "comes from a Git repository",
    "url": "comes from a URL",
    "path": "is a file",
    "directory": "is a folder",
    "editable": "is a folder",
    "virtual": "is a folder",
}


def entries(text: str) -> Lockfile:
    """
    Return the packages in *text* that come from the index that most come from.

    The project itself is no entry; the parts of a workspace, and whatever comes from no index or
    another one, are passed over.
    """
    content = from_toml(text)
    if content.get("version") != 1:
        raise LockfileError("it has no version 1, or no version of uv.lock")
    found, lines = Entries("pypi"), Lines(text)
    packages = tables_in(content, "package")
    usual = usual_index(index for one in packages if (index := _index(one)))
    for package, offset in zip(packages, tables(text, "package", len(packages)), strict=True):
        line = None if offset is None else lines.at(offset)
        name, version = text_in(package, "name") or "a package", text_in(package, "version")
        source, index = table_in(package, "source"), _index(package)
        if "." in (source.get("virtual"), source.get("editable")):
            continue
        if elsewhere := [why for key, why in _SOURCES.items() if key in source]:
            found.pass_over(name, elsewhere[0], line)
        elif index is None or "://" not in index:
            found.pass_over(name, "comes from an index that is a folder, or from nowhere", line)
        elif index != usual:
            found.pass_over(name, ELSEWHERE, line)
        elif version is None:
            found.pass_over(name, "has no version", line, damage=f"{name} has no version")
        else:
            hashes = _hashes_of(package)
            found.add((None, name), version, line=line, hashes=hashes, locate=lines.of)
    return found.lockfile()


def _index(package: Table) -> str | None:
    return text_in(table_in(package, "source"), "registry")


def _hashes_of(package: Table) -> Iterator[tuple[str, str]]:
    """Yield the hashes of all files; those of uv are ``sha256:`` and hexadecimal."""
    for file in (table_in(package, "sdist"), *tables_in(package, "wheels")):
        kind, _, digest = (text_in(file, "hash") or "").partition(":")
        if kind:
            yield kind, digest
