"""The entries of a lock file while it is read: one for each version, whatever is wrong aside."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from steward.coordinates import Format, stored_names
from steward.lockfiles.locked import (
    MAX_ENTRIES,
    Locked,
    Lockfile,
    LockfileError,
    PassedOver,
    is_storable,
    known_hash,
)

SNAPSHOT: Final = "is a snapshot"  # why snapshots of Maven are passed over

_Key = tuple[str | None, str, str]

_SHOWN: Final = 120  # characters of an entry that somebody else wrote


class Entries:
    """
    What was read of a lock file so far.

    Readers call :meth:`add` for what is in a package repository and :meth:`pass_over` for what is
    not; they never raise because of a single entry.
    """

    def __init__(self, package_format: Format) -> None:
        self._format: Final = package_format
        self._entries: dict[_Key, Locked] = {}
        self._passed_over: list[PassedOver] = []
        self._damage: list[PassedOver] = []
        self._snapshots: dict[_Key, Locked] = {}
        self._count = 0

    def add(
        self,
        names: tuple[str | None, str],
        version: str,
        *,
        line: int | None = None,
        hashes: Iterable[tuple[str, str]] = (),
        files: Iterable[str] = (),
        locate: Callable[[str], int | None] | None = None,
    ) -> None:
        """
        Add a version, or what one more entry says of it: hashes and files are united.

        It is passed over if its namespace, name, version or files cannot be ones of CodeArtifact,
        or if one of its hashes is cut or is no hexadecimal.

        Args:
            names: Namespace and name, in any spelling.
            hashes: Kind (``sha256``, in any spelling) and hexadecimal digest of each; kinds that
                are not compared are left out here.
            locate: Gives the line of a digest, which is asked for one that is cut.
        """
        what = "/".join(part for part in names if part)
        files = frozenset(files)
        namespace, name = stored_names(self._format, *names)
        # As it is written and as it is stored: PyPI's normalisation makes a name of two dots.
        parts = (namespace or "-", name, names[1], version, *files)
        if not all(is_storable(part) for part in parts):
            self.pass_over(
                f"{what} {version}", "has a name or version that no package can have", line
            )
            return
        known: set[str] = set()
        for kind, digest in hashes:
            try:
                one = known_hash(kind, digest, of=what)
            except LockfileError as error:
                reason = str(error).removeprefix(f"{what} ")
                at = (locate(digest) if locate else None) or line
                self.pass_over(what, reason, at, damage=str(error), cut=True)
                return
            known |= {one} if one else set()
        self._count_one()
        key = (namespace, name, version)
        before = self._entries.get(key)
        self._entries[key] = Locked(
            self._format,
            namespace,
            name,
            version,
            frozenset(known) | (before.hashes if before else frozenset()),
            files | (before.files if before else frozenset()),
            before.line if before else line,
        )

    def pass_over(
        self,
        what: str,
        reason: str,
        line: int | None = None,
        *,
        damage: str | None = None,
        cut: bool = False,
    ) -> None:
        """
        Report the entry *what*.

        Args:
            reason: The end of a sentence that begins with "passed over: it".
            damage: The whole sentence, if a tool that checks hashes would refuse the file for it.
            cut: See :class:`PassedOver`.
        """
        self._count_one()
        self._passed_over.append(PassedOver(_shown(what), _shown(reason), line, cut))
        if damage:
            self._damage.append(PassedOver(_shown(what), damage, line))

    def pass_over_snapshot(
        self, what: str, names: tuple[str, str], version: str, line: int | None = None
    ) -> None:
        """Report the entry *what*, which names a snapshot of Maven: never from outside."""
        self.pass_over(what, SNAPSHOT, line)
        if all(is_storable(part) for part in (*names, version)):
            key = (*names, version)
            self._snapshots.setdefault(key, Locked(self._format, *key, line=line))

    def damaged(self, what: str, problem: str, line: int | None = None) -> None:
        """Report that a tool that checks hashes would refuse the file, whose entry is of use."""
        self._damage.append(PassedOver(_shown(what), problem, line))

    def lockfile(self) -> Lockfile:
        """Return what was read."""
        return Lockfile(
            tuple(self._entries.values()),
            tuple(self._passed_over),
            tuple(self._damage),
            tuple(self._snapshots.values()),
        )

    def _count_one(self) -> None:
        self._count += 1
        if self._count > MAX_ENTRIES:
            raise LockfileError(f"it has more than {MAX_ENTRIES:,} entries")


def _shown(text: str) -> str:
    """Return *text* so that it can stand in a line of a log or a terminal, whoever wrote it."""
    plain = "".join(one if one.isprintable() else "\ufffd" for one in text[: 2 * _SHOWN])
    return plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}..."
