"""The package groups of one domain in memory: hierarchy, settings in force, and who is in which."""

from __future__ import annotations

import sqlite3
import threading
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from emulator.core import group_patterns
from emulator.core.clock import moment
from emulator.core.errors import ResourceNotFound
from emulator.core.group_patterns import ROOT, Pattern
from emulator.core.group_rows import TYPES, Entry, entries
from emulator.core.rows import domain_not_found
from emulator.core.topology import remembered
from emulator.core.values import (
    Association,
    AssociationType,
    DomainId,
    EffectiveMode,
    PackageGroup,
    PackageGroupId,
    PackageId,
    RestrictionMode,
    RestrictionType,
)


class Index:
    """
    The groups of a domain as they are from one time until another, or until one of them changes.

    What it returns holds for the time it was made for.
    """

    def __init__(self, domain: DomainId, held: Iterable[Entry], now: int) -> None:
        self.domain = domain
        self._entries = {str(each.pattern): each for each in held}
        self._now = now
        times = {
            time
            for each in self._entries.values()
            for time in (each.associates_from, each.deleted_until or 0)
        }
        self._from = max((time for time in times if time <= now), default=0)
        self._until = min((time for time in times if time > now), default=None)
        self._existing = {
            pattern: each for pattern, each in self._entries.items() if each.deleted_until is None
        }
        self._by_stem = _Stems((each.pattern.stem, each) for each in self._existing.values())
        associating = [each for each in self._entries.values() if each.associates(now)]
        self._by_folded_stem = _Stems((each.pattern.folded_stem, each) for each in associating)
        self._only_root = len(associating) == 1
        self._groups: dict[str, PackageGroup] = {}
        self._associations: dict[tuple[str, AssociationType], Association] = {}
        self._children: dict[str, list[str]] | None = None
        self.patterns: Sequence[str] = sorted(self._existing)

    def holds(self, now: int) -> bool:
        """Return whether the index is right at the time *now*, if no group has changed."""
        return self._from <= now and (self._until is None or now < self._until)

    def group(self, pattern: str) -> PackageGroup:
        """
        Return the group.

        Raises:
            ResourceNotFound: There is none of this pattern.
        """
        if pattern not in self._existing:
            raise ResourceNotFound(
                f"Package group not found. Package group '{pattern}' in domain "
                f"'{self.domain.name}' owned by account '{self.domain.owner}' does not exist",
                resource_id=pattern,
                resource_type=None,
            )
        return self._group(pattern)

    def after(self, pattern: str) -> Sequence[str]:
        """Return the patterns of the groups behind *pattern*, in order."""
        return self.patterns[bisect_right(self.patterns, pattern) :]

    def children(self, pattern: str) -> Sequence[str]:
        """Return the patterns of the groups whose parent is *pattern*, in order."""
        if self._children is None:
            children: dict[str, list[str]] = defaultdict(list)
            for each in self.patterns:
                parent = self._parent(self._existing[each].pattern)
                if parent is not None:
                    children[parent].append(each)
            self._children = children
        return self._children.get(pattern, [])

    def associated(self, package: PackageId) -> Association:
        """
        Return the group that *package* is in, and how.

        The most specific of the groups whose pattern it matches, strongly or weakly ("Package
        group definition syntax and matching behavior", User Guide). So a longer pattern that it
        matches weakly keeps it from a shorter one that it matches strongly. Which of several that
        are equally long when folded, see `_rank`: not documented, our choice.
        """
        if self._only_root:
            return self._association(ROOT, "STRONG")
        path, folded_path = group_patterns.path(package), group_patterns.folded_path(package)
        for candidates in self._by_folded_stem.prefixes(folded_path):
            found = [
                each.pattern
                for each in candidates
                if each.pattern.matches_loosely(path, folded_path)
            ]
            if found:
                best = min(found, key=lambda each: _rank(each, path))
                return self._association(str(best), "STRONG" if best.matches(path) else "WEAK")
        return self._association(ROOT, "STRONG")

    def with_group(self, pattern: Pattern) -> Index:
        """Return what the index were if a group of *pattern* existed and packages were in it."""
        modes: dict[RestrictionType, RestrictionMode] = dict.fromkeys(TYPES, "INHERIT")
        added = Entry(pattern, self._now, "", "", modes)
        return Index(self.domain, [*self._entries.values(), added], self._now)

    def _association(self, pattern: str, kind: AssociationType) -> Association:
        found = self._associations.get((pattern, kind))
        if found is None:
            found = Association(self._group(pattern), kind)
            self._associations[pattern, kind] = found
        return found

    def _group(self, pattern: str) -> PackageGroup:
        """Return the group; a deleted one too, while packages are still in it."""
        wanted: list[tuple[str, str | None]] = []
        at: str | None = pattern
        while at is not None and at not in self._groups:
            parent = self._parent(self._entries[at].pattern)
            wanted.append((at, parent))
            at = parent
        for each, parent in reversed(wanted):  # ancestors first
            self._groups[each] = self._made(self._entries[each], parent)
        return self._groups[pattern]

    def _made(self, entry: Entry, parent: str | None) -> PackageGroup:
        own = PackageGroupId(self.domain, str(entry.pattern))
        restrictions: dict[RestrictionType, EffectiveMode] = {}
        for kind in TYPES:
            mode = entry.modes[kind]
            if mode != "INHERIT" or parent is None:
                restrictions[kind] = EffectiveMode(mode, mode, own)
            else:  # that of the first ancestor which has one
                inherited = self._groups[parent].restrictions[kind]
                restrictions[kind] = EffectiveMode(mode, inherited.mode, inherited.source)
        return PackageGroup(
            own,
            moment(entry.created),
            entry.contact_info,
            entry.description,
            MappingProxyType(restrictions),
            None if parent is None else PackageGroupId(self.domain, parent),
        )

    def _parent(self, pattern: Pattern) -> str | None:
        """Return the most specific of the other existing groups that cover *pattern*."""
        for candidates in self._by_stem.prefixes(pattern.stem):
            found = [
                each.pattern
                for each in candidates
                if each.pattern != pattern and each.pattern.covers(pattern)
            ]
            if found:
                return str(found[0])
        return None


class _Stems:
    """Groups by the beginning of a path, for finding those that a path begins with."""

    def __init__(self, entries: Iterable[tuple[str, Entry]]) -> None:
        self._entries: dict[str, list[Entry]] = defaultdict(list)
        for stem, entry in entries:
            self._entries[stem].append(entry)
        self._lengths = sorted({len(stem) for stem in self._entries}, reverse=True)

    def prefixes(self, path: str) -> Iterator[list[Entry]]:
        """Yield the groups whose stem *path* begins with, by stem, the longest first."""
        for length in self._lengths:
            if length <= len(path):
                found = self._entries.get(path[:length])
                if found:
                    yield found


@dataclass(slots=True)
class Indexes:
    """
    The latest index of each domain.

    The store gives a domain another generation with each change of its groups, in the same
    transaction: an index of another generation than the store's is never used.
    """

    _latest: dict[DomainId, tuple[int, Index]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, connection: sqlite3.Connection, domain: DomainId, now: int) -> Index:
        """
        Return the index of *domain* at the time *now*.

        Raises:
            ResourceNotFound: There is no such domain.
        """
        row, present = remembered(
            connection, ("groups", domain), lambda asked: _generation(asked, domain)
        )
        with self._lock:
            generation, index = self._latest.get(domain, (None, None))
            if index is None or generation != present or not index.holds(now):
                index = Index(domain, entries(connection, row), now)
                self._latest[domain] = (present, index)
        return index


def _generation(connection: sqlite3.Connection, domain: DomainId) -> tuple[int, int]:
    """Return the row id of *domain* and the generation of its groups."""
    row = connection.execute(
        "SELECT id, groups_generation FROM domains WHERE owner = ? AND name = ?",
        (domain.owner, domain.name),
    ).fetchone()
    if row is None:
        raise domain_not_found(domain)
    return int(row[0]), int(row[1])


def _rank(pattern: Pattern, path: str) -> tuple[bool, bool, int, str]:
    """
    Return what orders patterns of equally long folded stems, the one to take first.

    A strong match before a weak one, a whole name (``$``) before a beginning, then the pattern that
    is longer as it is written, then the first in the order of code points.
    """
    return (not pattern.matches(path), pattern.suffix != "$", -len(pattern.stem), str(pattern))
