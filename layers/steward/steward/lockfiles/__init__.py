"""
The hashes in a project's lock file, by package URL. Read when a policy is compiled, never later.

=============================================== =======================================
file                                            written by
=============================================== =======================================
``requirements.txt`` and other ``.txt``         pip-compile, ``uv pip compile`` (hashes)
``pylock.toml``, ``pylock.NAME.toml``           any installer of Python packages (PEP 751)
``package-lock.json``, ``npm-shrinkwrap.json``  npm
``verification-metadata.xml``                   Gradle
=============================================== =======================================
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from steward.lockfiles.locked import Hashes, LockfileError

__all__ = ["Hashes", "LockfileError", "hashes_in"]

_CONFLICT: Final = re.compile(r"(?:<{7}|>{7}|\|{7})(?: .*)?|={7}")
_PYLOCK: Final = re.compile(r"pylock(?:\.[^.]+)?\.toml")  # "File name", PEP 751


def hashes_in(file_name: str, text: str) -> Hashes:
    """
    Return the hashes that the lock file *text* lists, by package URL with version.

    Names are spelt as CodeArtifact stores them. Of hashes of a kind that CodeArtifact does not
    compute nothing is returned; neither of what comes from no package repository (a Git commit, a
    folder), nor of an entry without a hash where the file's own tool allows one.

    Args:
        file_name: Without folders; it says what kind of file it is.
        text: In any of the ways to end lines, with or without a byte order mark.

    Raises:
        LockfileError: It is no such file, or a damaged one.
    """
    read = _reader(file_name)
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    for number, line in enumerate(lines.split("\n"), 1):
        if _CONFLICT.fullmatch(line):
            raise LockfileError("a merge conflict was left in it", number)
    return read(lines)


def _reader(file_name: str) -> Callable[[str], Hashes]:
    # Each brings a parser of its own, and few policies name more than one kind of file.
    if file_name in {"package-lock.json", "npm-shrinkwrap.json"}:
        from steward.lockfiles.package_lock import hashes  # noqa: PLC0415
    elif file_name == "verification-metadata.xml":
        from steward.lockfiles.gradle_verification import hashes  # noqa: PLC0415
    elif _PYLOCK.fullmatch(file_name):
        from steward.lockfiles.pylock import hashes  # noqa: PLC0415
    elif file_name.endswith(".txt"):
        from steward.lockfiles.requirements import hashes  # noqa: PLC0415
    else:
        raise LockfileError(
            f"{file_name} is no kind of lock file that is known: requirements.txt, pylock.toml, "
            "package-lock.json, npm-shrinkwrap.json or verification-metadata.xml"
        )
    return hashes
