"""
What ``mvn dependency:list`` and ``mvn dependency:resolve-plugins`` print, into a file or a log.

"Apache Maven Dependency Plugin", goals ``dependency:list`` and ``dependency:resolve-plugins``.
"""

from __future__ import annotations

import re
from typing import Final

from steward.lockfiles.entries import Entries
from steward.lockfiles.locked import Lockfile, LockfileError
from steward.versions import is_snapshot

_LEVEL: Final = re.compile(r"^\[(?:INFO|WARNING)\]")
_COORDINATES: Final = re.compile(r"\s+(?P<parts>[^\s:]+(?::[^\s:]+){3,5})(?=[\s:]|$)")
_FAILED: Final = re.compile(r"^(?:\[INFO\] )?BUILD FAILURE\b", re.MULTILINE)
# "Dependency Scope", Introduction to the Dependency Mechanism.
_SCOPES: Final = frozenset({"compile", "provided", "runtime", "test", "system", "import"})
# "Default Artifact Handlers Reference", Maven: the extensions that are not called as the type.
_EXTENSIONS: Final = {
    "test-jar": "jar",
    "maven-plugin": "jar",
    "ejb": "jar",
    "ejb-client": "jar",
    "java-source": "jar",
    "javadoc": "jar",
}
# How many parts stand before the scope: group, artifact, type, perhaps a classifier, version.
_BEFORE_SCOPE: Final = (5, 4)


def entries(text: str) -> Lockfile:
    """
    Return the artifacts that Maven listed.

    - ``group:artifact:type[:classifier]:version[:scope]``, with or without Maven's ``[INFO]``; what
      stands behind it (a file, a module, ``(optional)``) is left out, and so are all other lines.
    - ``files`` are those that do not come with POM and JAR: with a classifier, or of another type.
    - Without the colours of a terminal: :func:`steward.lockfiles.read` takes them off.
    - Scope ``system`` is a path of somebody's machine, and snapshots never come through external
      connections ("Maven snapshots", User Guide): both are passed over. Whether one of the others
      is the project's own no line says.

    Raises:
        LockfileError: Maven says that its build failed: the list is not whole.
    """
    if failed := _FAILED.search(text):
        at = text.count("\n", 0, failed.start()) + 1
        raise LockfileError("Maven's build failed: the list is not whole", at)
    found = Entries("maven")
    for number, line in enumerate(text.split("\n"), 1):
        listed = _COORDINATES.match(f" {_LEVEL.sub('', line)}")
        if listed is not None:
            _add(found, listed["parts"].split(":"), number)
    return found.lockfile()


def _add(found: Entries, parts: list[str], line: int) -> None:
    what = ":".join(parts)
    # Behind the scope stands a file, if Maven was asked for it.
    ends = (end for end in _BEFORE_SCOPE if parts[end:] and parts[end] in _SCOPES)
    end = next(ends, max(_BEFORE_SCOPE))
    scope = next(iter(parts[end:]), None)
    del parts[end:]
    group, artifact, kind, *classifiers, version = parts
    if scope == "system":
        found.pass_over(what, "comes from a path of the machine", line)
    elif is_snapshot("maven", version):
        found.pass_over_snapshot(what, (group, artifact), version, line)
    else:
        extension = _EXTENSIONS.get(kind, kind)
        suffix = "".join(f"-{classifier}" for classifier in classifiers)
        comes_by_itself = not classifiers and extension in {"jar", "pom"}
        files = () if comes_by_itself else (f"{artifact}-{version}{suffix}.{extension}",)
        found.add((group, artifact), version, line=line, files=files)
