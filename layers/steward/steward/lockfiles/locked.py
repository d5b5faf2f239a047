"""What all lock files have in common: packages with their hashes, and ways to be of no use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from steward.coordinates import Format, purl_of
from steward.errors import StewardError

# By package URL with version: `SHA-256:` or `SHA-512:` and lower-case hexadecimal.
Hashes = dict[str, set[str]]

# Bytes of a file. Lock files of the largest public projects have less than half (our measure); a
# function parses this much within its memory and time.
MAX_BYTES: Final = 16_000_000
MAX_ENTRIES: Final = 100_000  # of one file; our choice: a hundred times what large projects have

# Those of "hashes" in AssetSummary (API Reference) that still say what a file is.
_LENGTHS: Final = {"SHA-256": 64, "SHA-512": 128}
_HEXADECIMAL: Final = re.compile(r"[0-9a-f]+")
# PackageNamespace, PackageName and PackageVersion (service model); no backslash: our choice.
_NAME: Final = re.compile(r"[^#/\\\s]{1,255}")
_STEPS: Final = frozenset({".", ".."})


@dataclass(frozen=True, slots=True)
class Locked:
    """
    A version of a package that a lock file names.

    Attributes:
        namespace: And name: spelt as CodeArtifact stores them.
        hashes: ``SHA-256:`` or ``SHA-512:`` and lower-case hexadecimal: those that the file lists
            for any file of the version. Other kinds are left out: CodeArtifact's hashes of assets
            cannot be compared with them.
        files: Names of files that have to be there besides those that come by themselves: Maven's
            classifiers and types, gems of a platform.
        line: Where its entry begins, counted from 1, if that is known. Versions that differ in
            nothing else are equal.
    """

    format: Format
    namespace: str | None
    name: str
    version: str
    hashes: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    line: int | None = None

    @property
    def purl(self) -> str:
        """The package URL, with the version."""
        return purl_of(self.format, self.namespace, self.name, self.version)


@dataclass(frozen=True, slots=True)
class PassedOver:
    """
    An entry of a lock file that names no version of a package repository: reported, not guessed.

    Attributes:
        what: The entry, as the file has it, cut to a length that fits a line.
        reason: Why, as the end of a sentence that begins with "passed over: it".
        line: Where it begins, counted from 1, if that is known.
        cut: It names one all the same, but its hash is cut off: the file is damaged there.
    """

    what: str
    reason: str
    line: int | None = None
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Lockfile:
    """
    What a lock file says.

    Attributes:
        entries: One for each version of a package, in the order of the file.
        passed_over: What is not among them, and why.
        damage: What a tool that checks hashes would refuse the file for. :func:`hashes_in` does
            so too; whoever only wants to know what builds need goes on.
        snapshots: Of what is passed over, Maven's snapshots: no public repository has them, and
            somebody builds with them all the same.
    """

    entries: tuple[Locked, ...]
    passed_over: tuple[PassedOver, ...] = ()
    damage: tuple[PassedOver, ...] = ()
    snapshots: tuple[Locked, ...] = ()


class LockfileError(StewardError):
    """
    A lock file as a whole is of no use: damaged, too large, or of a kind or version not known.

    Attributes:
        line: Where, counted from 1, if that is known.
    """

    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(problem if line is None else f"line {line}: {problem}")
        self.line = line


def known_hash(kind: str, digest: str, *, of: str, line: int | None = None) -> str | None:
    """
    Return the hash as :data:`Hashes` has it; ``None`` if it is of a kind that is not compared.

    Args:
        kind: In any spelling: ``sha256``, ``SHA-256``.
        of: What has the hash, for the message.

    Raises:
        LockfileError: It is too short, too long or no hexadecimal: somebody cut the file.
    """
    name = kind.upper().replace("SHA", "SHA-").replace("--", "-")
    if name not in _LENGTHS:
        return None
    value = digest.lower()
    if len(value) != _LENGTHS[name] or not _HEXADECIMAL.fullmatch(value):
        raise LockfileError(f"{of} has a {name} that is none: {digest:.140}", line)
    return f"{name}:{value}"


def is_storable(part: str) -> bool:
    """
    Return whether *part* can be a namespace, name or version in CodeArtifact.

    Whatever would leave the path of a URL or of a folder cannot, nor what is not printable.
    """
    return bool(_NAME.fullmatch(part)) and part not in _STEPS and part.isprintable()
