"""``Pipfile.lock``, specification 6 ("Pipfile & Pipfile.lock", Pipenv)."""

from __future__ import annotations

from typing import Final

from steward.lockfiles.entries import Entries
from steward.lockfiles.lines import Lines
from steward.lockfiles.locked import Lockfile, LockfileError
from steward.lockfiles.parsed import Table, from_json, table_in, tables_in, text_in

_SPECIFICATION: Final = 6
_ELSEWHERE: Final = {
    "git": "comes from a Git repository",
    "hg": "comes from version control",
    "svn": "comes from version control",
    "bzr": "comes from version control",
    "file": "comes from a URL or a file",
    "path": "is a folder or a file",
}


def entries(text: str) -> Lockfile:
    """
    Return the packages of all categories in *text*: default, develop and the project's own.

    Passed over is what comes from no index, and what the file says to come from another one than
    the first of its sources, which is the default.
    """
    content = from_json(text)
    about = table_in(content, "_meta")
    if about.get("pipfile-spec") != _SPECIFICATION:
        raise LockfileError(f"its _meta has no pipfile-spec {_SPECIFICATION}")
    default = next((text_in(one, "name") for one in tables_in(about, "sources")), None)
    found, lines = Entries("pypi"), Lines(text)
    for category in content:
        if category == "_meta":
            continue
        for name, package in table_in(content, category).items():
            line = lines.of(f'"{name}": {{')
            if isinstance(package, dict):
                _add(found, name, package, default, lines=lines, line=line)
            else:
                found.pass_over(name, "is no table", line, damage=f"{name} is no table")
    return found.lockfile()


def _add(
    found: Entries,
    name: str,
    package: Table,
    default: str | None,
    *,
    lines: Lines,
    line: int | None,
) -> None:
    version, listed = text_in(package, "version") or "", package.get("hashes", [])
    if elsewhere := [why for key, why in _ELSEWHERE.items() if key in package]:
        found.pass_over(name, elsewhere[0], line)
    elif text_in(package, "index") not in {None, default}:
        found.pass_over(name, "comes from another index than the first of the file", line)
    elif not version.startswith("=="):
        found.pass_over(name, "is pinned to no version with ==", line)
    elif not isinstance(listed, list):
        found.pass_over(name, "has no list of hashes", line, damage=f"{name} has no hashes")
    else:
        parts = (str(one).partition(":") for one in listed)
        hashes = [(kind, digest) for kind, _, digest in parts]
        number = version.lstrip("=").strip()
        found.add((None, name), number, line=line, hashes=hashes, locate=lines.of)
