"""Whether files are those that a lock file lists; pure."""

from __future__ import annotations

from collections.abc import Sequence

from warm_caches.fetches import FetchedFile


def mismatches(locked: frozenset[str], files: Sequence[FetchedFile]) -> tuple[FetchedFile, ...]:
    """
    Return those of *files* that a build with the lock file would refuse.

    - A file that has one of the *locked* hashes is the one that was locked.
    - If each locked hash is that of one of *files*, the lock file does not list the others: they
      are nothing that was locked (a POM where Gradle verifies none, a wheel for another platform).
    - Any other file is not what was locked.
    - Nothing is said of a version without locked hashes, nor of files without hashes.

    Args:
        locked: ``SHA-256:`` or ``SHA-512:`` and lower-case hexadecimal, of any file of the version:
            most lock files do not say of which.
    """
    if not locked or locked <= {each for file in files for each in _hashes_of(file)}:
        return ()
    return tuple(file for file in files if file.hashes and not has_one_of(file, locked))


def has_one_of(file: FetchedFile, locked: frozenset[str]) -> bool:
    """Return whether *file* has one of the *locked* hashes."""
    return not locked.isdisjoint(_hashes_of(file))


def _hashes_of(file: FetchedFile) -> set[str]:
    return {f"{kind}:{value}" for kind, value in file.hashes.items()}
