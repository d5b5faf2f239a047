"""``pylock.toml``, Python's own lock file (PEP 751, "pylock.toml Specification")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from steward.lockfiles.entries import Entries
from steward.lockfiles.lines import Lines, tables
from steward.lockfiles.locked import Lockfile, LockfileError
from steward.lockfiles.parsed import Table, from_toml, tables_in, text_in

_FROM_ELSEWHERE: Final = {
    "vcs": "comes from version control",
    "directory": "is a folder",
    "archive": "comes from a URL or a file",
}


def entries(text: str) -> Lockfile:
    """
    Return the packages in *text*, with the hashes of their source distributions and wheels.

    A package that comes from elsewhere (version control, a folder, an archive) is passed over.
    The ``index`` of a package is not looked at: it is optional, and says nothing of the others.
    """
    content = from_toml(text)
    if not str(content.get("lock-version", "")).startswith("1.") or "packages" not in content:
        raise LockfileError("it has no lock-version 1 or no packages")
    found, lines = Entries("pypi"), Lines(text)
    packages = tables_in(content, "packages")
    for package, offset in zip(packages, tables(text, "packages", len(packages)), strict=True):
        begin = None if offset is None else lines.at(offset)
        name, version = text_in(package, "name"), text_in(package, "version")
        if name is None:
            found.pass_over("a package", "has no name", begin, damage="a package has no name")
            continue
        if elsewhere := [why for key, why in _FROM_ELSEWHERE.items() if key in package]:
            found.pass_over(name, elsewhere[0], begin)
            continue
        if version is None:
            at = lines.of_quoted(name) or begin
            found.pass_over(name, "has no version", at, damage=f"{name} has no version")
            continue
        try:
            hashes = list(_hashes_of(package))
        except LockfileError as error:
            found.pass_over(name, str(error), begin, damage=f"{name} {error}")
            continue
        found.add((None, name), version, line=begin, hashes=hashes, locate=lines.of_quoted)
    return found.lockfile()


def _hashes_of(package: Table) -> Iterator[tuple[str, str]]:
    for file in _files(package):
        listed = file.get("hashes", {}) if isinstance(file, dict) else None
        if not isinstance(listed, dict):
            raise LockfileError("has files without a table of hashes")
        for kind, digest in listed.items():
            yield kind, str(digest)


def _files(package: Table) -> list[object]:
    wheels = package.get("wheels", [])
    return [*(wheels if isinstance(wheels, list) else [wheels]), package.get("sdist", {})]
