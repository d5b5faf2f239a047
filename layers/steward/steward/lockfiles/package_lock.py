"""npm's ``package-lock.json``, in its versions 1 to 3 ("package-lock.json", npm)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Final

from steward.lockfiles.locked import Hashes, LockfileError, add, known_hash

_FOLDER: Final = "node_modules/"
_VERSIONS: Final = (1, 2, 3)

_Entry = Mapping[str, object]


def hashes(text: str) -> Hashes:
    """
    Return the hashes in the ``integrity`` of all packages in *text*.

    A package without one has none here: npm itself leaves it out for Git commits, folders and
    packages that another one brings with it. SHA-1 of old entries says too little to be compared.
    """
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise LockfileError(f"it is no JSON: {error.msg}", error.lineno) from error
    except RecursionError as error:
        raise LockfileError("it is nested too deeply") from error
    if not isinstance(content, dict) or content.get("lockfileVersion") not in _VERSIONS:
        raise LockfileError("it has no lockfileVersion 1, 2 or 3")
    found: Hashes = {}
    entries = _packages(content) if "packages" in content else _dependencies(content)
    for name, entry in entries:
        integrity, version = entry.get("integrity"), entry.get("version")
        if integrity is None:
            continue
        line = _line_of(text, str(integrity))
        if not isinstance(version, str) or not isinstance(integrity, str):
            raise LockfileError(f"{name} has no version, or an integrity that is no text", line)
        scope, _, base = name.rpartition("/")
        listed = set(_sha(integrity, name, line))
        add(found, "npm", (scope or None, base), _published(version), listed)
    return found


def _packages(content: _Entry) -> Iterator[tuple[str, _Entry]]:
    """Yield what `node_modules` holds, by the name that its own package.json has."""
    for path, entry in _items(content, "packages"):
        _, folder, installed = path.rpartition(_FOLDER)
        if folder:
            name = entry.get("name", installed)  # an alias is installed under another name
            yield str(name), entry


def _dependencies(content: _Entry) -> Iterator[tuple[str, _Entry]]:
    """Yield the dependencies of version 1, where each may have some of its own."""
    unread = [content]
    while unread:
        for installed, entry in _items(unread.pop(), "dependencies"):
            version = str(entry.get("version", ""))
            aliased = version.startswith("npm:")
            name = version.removeprefix("npm:").rpartition("@")[0] if aliased else installed
            yield name, entry
            if "dependencies" in entry:
                unread.append(entry)


def _items(holder: _Entry, key: str) -> Iterator[tuple[str, _Entry]]:
    entries = holder.get(key, {})
    if not isinstance(entries, dict) or not all(isinstance(one, dict) for one in entries.values()):
        raise LockfileError(f"its {key} are no object of objects")
    yield from entries.items()


def _published(version: str) -> str:
    return version.rpartition("@")[2] if version.startswith("npm:") else version


def _sha(integrity: str, name: str, line: int | None) -> Iterator[str]:
    """Yield the hashes of a "Subresource Integrity" text (W3C), several with spaces between."""
    for part in integrity.split():
        kind, dash, encoded = part.partition("?")[0].partition("-")
        try:
            digest = base64.b64decode(encoded, validate=True).hex()
        except (binascii.Error, ValueError) as error:
            raise LockfileError(
                f"{name} has an integrity that is none: {part:.120}", line
            ) from error
        if not dash:
            raise LockfileError(f"{name} has an integrity that is none: {part:.120}", line)
        known = known_hash(kind, digest, of=name, line=line)
        if known:
            yield known


def _line_of(text: str, value: str) -> int | None:
    at = text.find(f'"{value}"')
    return None if at < 0 else text.count("\n", 0, at) + 1
