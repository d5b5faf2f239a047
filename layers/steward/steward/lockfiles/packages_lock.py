"""NuGet's ``packages.lock.json`` ("Locking dependencies", PackageReference in project files)."""

from __future__ import annotations

from typing import Final

from steward.lockfiles.entries import Entries
from steward.lockfiles.lines import Lines
from steward.lockfiles.locked import Lockfile, LockfileError
from steward.lockfiles.parsed import from_json, text_in

_VERSIONS: Final = (1, 2)  # 2: with Central Package Management
_PROJECT: Final = "project"  # "type" of an entry that is another project of the solution


def entries(text: str) -> Lockfile:
    """
    Return the packages that *text* resolves, for all of its target frameworks.

    Without hashes: NuGet computes ``contentHash`` over the package without its signature, so of a
    signed package (those of the public repository are) it is no hash of the file that CodeArtifact
    holds. Entries of the type ``Project`` are passed over.

    Raises:
        LockfileError: It is no JSON, or has no version 1 or 2.
    """
    content = from_json(text)
    version, frameworks = content.get("version"), content.get("dependencies")
    if isinstance(version, bool) or version not in _VERSIONS or not isinstance(frameworks, dict):
        raise LockfileError("it has no version 1 or 2, or no dependencies")
    found = Entries("nuget")
    lines = Lines(text)
    for framework, packages in frameworks.items():
        if not isinstance(packages, dict):
            found.pass_over(f"{framework}", "has no object of packages", None)
            continue
        for name, entry in packages.items():
            line = lines.of(f'"{name}": {{')
            kind = text_in(entry, "type") if isinstance(entry, dict) else None
            resolved = text_in(entry, "resolved") if isinstance(entry, dict) else None
            if kind is not None and kind.lower() == _PROJECT:
                found.pass_over(name, "is a project of the solution", line)
            elif resolved is None:
                found.pass_over(name, "has no resolved version", line)
            else:
                found.add((None, name), resolved, line=line)
    return found.lockfile()
