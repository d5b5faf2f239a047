"""``pylock.toml``, Python's own lock file (PEP 751, "pylock.toml Specification")."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Final

from steward.lockfiles.locked import Hashes, LockfileError, add, known_hash

_LINE: Final = re.compile(r"\(at line (?P<line>[0-9]+)")
_FROM_ELSEWHERE: Final = ("vcs", "directory", "archive")


def hashes(text: str) -> Hashes:
    """
    Return the hashes of the source distributions and wheels of all packages in *text*.

    A package that comes from elsewhere (version control, a folder, an archive) has none here.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = _LINE.search(str(error))  # else it is "at end of document"
        line = int(where["line"]) if where else text.count("\n") + 1
        raise LockfileError(f"it is no TOML: {error}", line) from error
    except RecursionError as error:
        raise LockfileError("it is nested too deeply") from error
    packages = content.get("packages")
    if not str(content.get("lock-version", "")).startswith("1.") or not isinstance(packages, list):
        raise LockfileError("it has no lock-version 1 or no packages")
    found: Hashes = {}
    for package in packages:
        if not isinstance(package, dict) or not isinstance(package.get("name"), str):
            raise LockfileError("one of its packages has no name")
        name, version = package["name"], package.get("version")
        if any(key in package for key in _FROM_ELSEWHERE):
            continue
        if not isinstance(version, str):
            raise LockfileError(f"{name} has no version", _line_of(text, name))
        add(found, "pypi", (None, name), version, set(_hashes_of(package, text)))
    return found


def _hashes_of(package: dict[str, object], text: str) -> Iterator[str]:
    wheels = package.get("wheels", [])
    files = [*(wheels if isinstance(wheels, list) else [wheels]), package.get("sdist", {})]
    for file in files:
        listed = file.get("hashes", {}) if isinstance(file, dict) else None
        if not isinstance(listed, dict):
            raise LockfileError(f"{package['name']} has files without a table of hashes")
        for kind, digest in listed.items():
            line = _line_of(text, str(digest))
            known = known_hash(kind, str(digest), of=str(package["name"]), line=line)
            if known:
                yield known


def _line_of(text: str, value: str) -> int | None:
    at = text.find(f'"{value}"')
    return None if at < 0 else text.count("\n", 0, at) + 1
