"""
What a project's lock file names: versions of packages, by package URL, and their hashes.

=================================================== ==========================================
file                                                written by
=================================================== ==========================================
``requirements.txt`` and other ``.txt``             pip-compile, ``uv pip compile``, pip freeze
``.txt`` with coordinates of Maven                  ``mvn dependency:list``
``pylock.toml``, ``pylock.NAME.toml``               any installer of Python packages (PEP 751)
``poetry.lock``                                     Poetry
``uv.lock``                                         uv
``Pipfile.lock``                                    Pipenv
``package-lock.json``, ``npm-shrinkwrap.json``      npm
``pnpm-lock.yaml``                                  pnpm
``yarn.lock``                                       Yarn, both of the first version and later ones
``gradle.lockfile``, also of settings and scripts   Gradle
``verification-metadata.xml``                       Gradle
``packages.lock.json``, ``packages.NAME.lock.json`` NuGet
``Cargo.lock``                                      Cargo
``Gemfile.lock``, ``gems.locked``                   Bundler
=================================================== ==========================================

Each has a module of its own, which is imported when a file of its kind is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import Final

from steward.lockfiles.locked import (
    MAX_BYTES,
    Hashes,
    Locked,
    Lockfile,
    LockfileError,
    PassedOver,
)

__all__ = [
    "MAX_BYTES",
    "Hashes",
    "Locked",
    "Lockfile",
    "LockfileError",
    "PassedOver",
    "hashes_in",
    "known_file",
    "read",
]

_CONFLICT: Final = re.compile(r"^(?:(?:<{7}|>{7}|\|{7})(?: .*)?|={7})$", re.MULTILINE)

# The module that reads a file, by the file's name.
_READERS: Final = tuple(
    (re.compile(pattern), module)
    for pattern, module in (
        (r"package-lock\.json|npm-shrinkwrap\.json", "package_lock"),
        (r"pnpm-lock\.yaml", "pnpm_lock"),
        (r"yarn\.lock", "yarn_lock"),
        (r"pylock(?:\.[^.]+)?\.toml", "pylock"),  # "File name", PEP 751
        (r"poetry\.lock", "poetry"),
        (r"uv\.lock", "uv_lock"),
        (r"Pipfile\.lock", "pipfile_lock"),
        (r"verification-metadata\.xml", "gradle_verification"),
        (r"(?:buildscript-|settings-)?gradle\.lockfile", "gradle_lockfile"),
        (r"packages\.(?:[^.]+\.)?lock\.json", "packages_lock"),
        (r"Cargo\.lock", "cargo_lock"),
        (r"Gemfile\.lock|gems\.locked", "gemfile_lock"),
        (r".*\.txt", "requirements"),
    )
)
_KNOWN: Final = (
    "requirements.txt, pylock.toml, poetry.lock, uv.lock, Pipfile.lock, package-lock.json, "
    "npm-shrinkwrap.json, pnpm-lock.yaml, yarn.lock, gradle.lockfile, verification-metadata.xml, "
    "packages.lock.json, Cargo.lock, Gemfile.lock or what mvn dependency:list prints, as .txt"
)
# Colours, which Maven writes into logs, and some versions of its plugin into files: ECMA-48, "SGR".
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
# `   group:artifact:jar:1.0:compile`, with or without Maven's own `[INFO]` before it; no
# requirement of pip has three colons in its first word, but a URL may.
_OF_MAVEN: Final = re.compile(r"^(?:\[INFO\])?[ \t]*[\w.-]+:[\w.-]+:[\w.-]+:[\w.-]+", re.MULTILINE)


def known_file(file_name: str) -> bool:
    """Return whether :func:`read` has a reader for *file_name*: a name, a path or an S3 key."""
    return _module(file_name) is not None


def read(file_name: str, text: str) -> Lockfile:
    """
    Return what the lock file *text* names, and what of it was passed over.

    Names are spelt as CodeArtifact stores them. Packages for other machines than this one, and
    optional ones, are among the entries: builds run on other machines. What comes from no package
    repository (a Git commit, a folder, a URL), is the project's own or is pinned to no version is
    passed over, with the reason and the line.

    Args:
        file_name: A name, a path or an S3 key; its last part says what kind of file it is.
        text: In any of the ways to end lines, with or without a byte order mark.

    Raises:
        LockfileError: The file as a whole is of no use.
    """
    module = _module(file_name)
    if module is None:
        raise LockfileError(f"{_base(file_name)} is no kind of lock file that is known: {_KNOWN}")
    if len(text) > MAX_BYTES:
        raise LockfileError(f"it has more than {MAX_BYTES:,} bytes")
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if conflict := _CONFLICT.search(lines):
        number = lines.count("\n", 0, conflict.start()) + 1
        raise LockfileError("a merge conflict was left in it", number)
    if module == "requirements":
        lines = _COLOURS.sub("", lines)
        if _OF_MAVEN.search(lines):
            module = "maven_list"
    entries: Callable[[str], Lockfile] = import_module(f"steward.lockfiles.{module}").entries
    return entries(lines)


def hashes_in(file_name: str, text: str) -> Hashes:
    """
    Return the hashes that the lock file *text* lists, by package URL with version.

    Of hashes of a kind that CodeArtifact does not compute nothing is returned; neither of what
    comes from no package repository, nor of an entry without a hash where the file's own tool
    allows one.

    Args:
        file_name: And text: as for :func:`read`.

    Raises:
        LockfileError: The file is of no use, or an entry of it is damaged: whoever relies on the
            hashes of a file must not rely on half of it.
    """
    lockfile = read(file_name, text)
    for damage in lockfile.damage:
        raise LockfileError(damage.reason, damage.line)
    return {entry.purl: set(entry.hashes) for entry in lockfile.entries if entry.hashes}


def _module(file_name: str) -> str | None:
    base = _base(file_name)
    return next((module for known, module in _READERS if known.fullmatch(base)), None)


def _base(file_name: str) -> str:
    return file_name.rpartition("/")[2]
