"""npm's ``package-lock.json``, in its versions 1 to 3 ("package-lock.json", npm)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from steward.lockfiles import npm_entries
from steward.lockfiles.entries import Entries
from steward.lockfiles.lines import Lines
from steward.lockfiles.locked import Lockfile, LockfileError
from steward.lockfiles.parsed import Table, from_json, table_in, text_in

_FOLDER: Final = "node_modules/"
_VERSIONS: Final = (1, 2, 3)
_DEPENDENCIES: Final = (
    "dependencies",
    "devDependencies",
    "optionalDependencies",
    "peerDependencies",
)


def entries(text: str) -> Lockfile:
    """
    Return the packages in *text*, by the names that their own package.json has.

    Passed over are links, what comes from Git, a URL or a file, and what is in the archive of the
    package that bundles it. The host of ``resolved`` is not looked at: npm itself asks the
    registry that it is configured with ("replace-registry-host"), and files of mixed mirrors are
    common. Parts of the project (workspaces) are no entries, only the links to them are.
    """
    content = from_json(text)
    if content.get("lockfileVersion") not in _VERSIONS:
        raise LockfileError("it has no lockfileVersion 1, 2 or 3")
    found, lines = Entries("npm"), Lines(text)
    if "packages" in content:
        _packages(content, found, lines)
    else:
        _dependencies(content, found, lines)
    return found.lockfile()


def _packages(content: Table, found: Entries, lines: Lines) -> None:
    packages = list(_items(content, "packages"))
    urls = {url for _, package in packages for url in _urls(package)}
    for path, package in packages:
        _, folder, installed = path.rpartition(_FOLDER)
        if not folder:
            continue
        line = lines.of_quoted(path)
        name = text_in(package, "name") or installed  # an alias is installed under another name
        resolved = text_in(package, "resolved") or ""
        if package.get("link") is True:
            found.pass_over(name, "is a link to a folder", line)
        elif resolved in urls:
            found.pass_over(name, "comes from a URL", line)
        elif package.get("inBundle") is True and not resolved:
            found.pass_over(name, "is in the archive of a package that bundles it", line)
        else:
            reason = npm_entries.elsewhere(resolved)
            if reason and not resolved.startswith(("http:", "https:")):
                found.pass_over(name, reason, line)
            else:
                _add(found, name, package, lines, line)


def _urls(package: Table) -> Iterator[str]:
    """Yield what *package* asks for by URL; npm writes the same into ``resolved``."""
    for key in _DEPENDENCIES:
        for spec in table_in(package, key).values():
            if isinstance(spec, str) and spec.startswith(("http:", "https:")):
                yield spec


def _dependencies(content: Table, found: Entries, lines: Lines) -> None:
    """Add the dependencies of version 1, where each may have some of its own."""
    unread = [_items(content, "dependencies")]
    while unread:
        installed, package = next(unread[-1], (None, content))
        if installed is None:
            unread.pop()
            continue
        line = lines.of(f'"{installed}": {{')
        version = text_in(package, "version") or ""
        reason = npm_entries.elsewhere(version)
        if package.get("bundled") is True:
            found.pass_over(installed, "is in the archive of a package that bundles it", line)
        elif reason:
            found.pass_over(installed, reason, line)
        elif version.startswith("npm:"):
            name, _, version = version.removeprefix("npm:").rpartition("@")
            _add(found, name, {**package, "version": version}, lines, line)
        else:
            _add(found, installed, package, lines, line)
        unread.append(_items(package, "dependencies"))


def _add(found: Entries, name: str, package: Table, lines: Lines, line: int | None) -> None:
    version, integrity = package.get("version"), package.get("integrity", "")
    if isinstance(version, str) and isinstance(integrity, str):
        npm_entries.add(found, name, version, integrity, line=line, locate=lines.of_quoted)
        return
    at = lines.of('"integrity"') if integrity else line
    reason = "has no version, or an integrity that is no text"
    found.pass_over(name, reason, at, damage=f"{name} {reason}" if integrity else None)


def _items(holder: Table, key: str) -> Iterator[tuple[str, Table]]:
    packages = holder.get(key, {})
    if not isinstance(packages, dict) or not all(
        isinstance(one, dict) for one in packages.values()
    ):
        raise LockfileError(f"its {key} are no object of objects")
    return iter(packages.items())
