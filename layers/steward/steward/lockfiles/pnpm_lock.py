"""``pnpm-lock.yaml``, in its versions 5.3 to 9 ("pnpm-lock.yaml", pnpm)."""

from __future__ import annotations

import re
from typing import Final

from steward.lockfiles import npm_entries
from steward.lockfiles.entries import Entries
from steward.lockfiles.locked import Lockfile, LockfileError
from steward.lockfiles.parsed import table_in, text_in
from steward.lockfiles.yaml_events import YamlTable, yaml_tables

_VERSION: Final = re.compile(r"(?P<major>5\.[34]|6\.[01]|9\.0)(?:-inlineSpecifiers)?")
_UNREAD: Final = frozenset({"importers", "snapshots"})  # most of a file, and no package in it
_PARTS: Final = {
    # `/name/1.0.0_peers` and `/@scope/name/1.0.0_peers`
    "5": re.compile(r"/(?P<name>(?:@[^/]+/)?[^/]+)/(?P<version>[^/_]+)(?:_.*)?"),
    # `/name@1.0.0(peer@2.0.0)`
    "6": re.compile(r"/(?P<name>@?[^@]+)@(?P<version>[^(/:]+)(?:\(.*)?"),
    # `name@1.0.0`; the peers stand in the keys of `snapshots` only
    "9": re.compile(r"(?P<name>@?[^@]+)@(?P<version>[^(/:]+)(?:\(.*)?"),
}
# What a key begins with where its package is in no registry; before it, in version 9, its name.
_ELSEWHERE: Final = re.compile(r"(?:@?[^@(]+@)?(?P<place>(?:git|https?|ssh|file|link)[+:].*)")


def entries(text: str) -> Lockfile:
    """
    Return the packages in *text*; one that was resolved with several sets of peers is one version.

    A key that is no name and version of the registry (Git, a URL, a folder, in version 5 also
    another registry) is passed over; parts of the project are no entries of the file. Of a file of
    several documents those that have packages are read: pnpm puts its own tools into one.
    """
    documents = [one for one in yaml_tables(text, unread=_UNREAD) if "lockfileVersion" in one]
    if not documents:
        raise LockfileError("it has no lockfileVersion")
    found = Entries("npm")
    for content in documents:
        version = text_in(content, "lockfileVersion") or ""
        if not _VERSION.fullmatch(version):
            line = content.lines["lockfileVersion"]
            raise LockfileError(f"its lockfileVersion {version:.20} is none of 5.3 to 9.0", line)
        packages = content.get("packages")
        if packages is not None and not isinstance(packages, YamlTable):
            raise LockfileError("its packages are no table", content.lines["packages"])
        for key in packages or ():
            _add(found, key, packages or YamlTable(), _PARTS[version[0]])
    return found.lockfile()


def _add(found: Entries, key: str, packages: YamlTable, parts: re.Pattern[str]) -> None:
    line = packages.lines[key]
    resolution = table_in(table_in(packages, key), "resolution")
    integrity = text_in(resolution, "integrity") or ""
    named = parts.fullmatch(key)
    elsewhere = _ELSEWHERE.fullmatch(key)
    if resolution.get("type") == "git" or "repo" in resolution:
        found.pass_over(key, "comes from a Git repository", line)
    elif "directory" in resolution:
        found.pass_over(key, "is a folder", line)
    elif elsewhere:
        reason = npm_entries.elsewhere(elsewhere["place"])
        found.pass_over(key, reason or "comes from a place of another kind", line)
    elif named is None:
        found.pass_over(key, "comes from a URL, a Git repository or another registry", line)
    elif not resolution:
        found.pass_over(key, "has no resolution", line, damage=f"{key:.120} has no resolution")
    else:
        npm_entries.add(found, named["name"], named["version"], integrity, line=line)
