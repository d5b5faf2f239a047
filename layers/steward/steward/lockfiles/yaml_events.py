"""
YAML that somebody else wrote: tables and lists of texts, each table with the lines of its keys.

Built from the parser's events. So a version such as ``1.10`` stays the text that it is, nothing is
ever an object, and aliases, by which small files become great ones, and depth are refused where
they are met; no tool that writes lock files has any of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

import yaml

from steward.lockfiles.locked import LockfileError

_DEEPEST: Final = 40  # our choice; the lock files of pnpm and Yarn have less than ten
_NULLS: Final = frozenset({"", "~", "null"})  # "Core Schema", YAML 1.2


class YamlTable(dict[str, object]):
    """
    A table of a YAML file: texts, tables, lists, and ``None`` for what is empty.

    Attributes:
        lines: Where each of its keys stands, counted from 1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, int] = {}


class _Open:
    """A table or list that is not yet at its end; nothing is kept of the tables in *unread*."""

    def __init__(self, held: YamlTable | list[object], unread: Collection[str] = ()) -> None:
        self.held: Final = held
        self._unread: Final = unread
        self._key: str | None = None

    def take(self, one: object, line: int) -> None:
        """Take a key, or what belongs to the last one."""
        if isinstance(self.held, list):
            self.held.append(one)
        elif self._key is not None:
            self.held[self._key] = one
            self._key = None
        elif not isinstance(one, str | None):
            raise LockfileError("it has a table or a list for a key", line)
        else:
            self._key = one or ""
            if self._key in self.held:
                raise LockfileError(f"it has {self._key:.120} twice", line)
            self.held.lines[self._key] = line

    def inner(self, held: YamlTable | list[object], line: int) -> _Open:
        """Take *held*, and return it open."""
        unread = self._key in self._unread
        self.take(None if unread else held, line)
        return _Unread(held) if unread else _Open(held)


class _Unread(_Open):
    """A table or list of which nothing is kept, nor of what is in it."""

    def take(self, one: object, line: int) -> None:
        """Keep nothing."""

    def inner(self, held: YamlTable | list[object], line: int) -> _Open:  # noqa: ARG002  nor this
        """Keep nothing of what is in it."""
        return self


class _Documents(_Open):
    """The documents of a file."""

    def inner(self, held: YamlTable | list[object], line: int) -> _Open:
        """Take a document."""
        self.take(held, line)
        return _Open(held, self._unread)


def yaml_tables(text: str, *, unread: Collection[str] = ()) -> list[YamlTable]:
    """
    Return the documents of the YAML file *text*, those that are empty left out.

    Args:
        unread: The keys of a document whose tables and lists need not be held: they are ``None``.

    Raises:
        LockfileError: It is no YAML of tables, or has anything that no lock file needs.
    """
    try:
        documents = list(_documents(text, unread))
    except yaml.MarkedYAMLError as error:
        line = None if error.problem_mark is None else error.problem_mark.line + 1
        raise LockfileError(f"it is no YAML: {error.problem or error.context}", line) from error
    except (yaml.YAMLError, UnicodeError) as error:  # characters that no YAML may have
        raise LockfileError(f"it is no YAML: {' '.join(str(error).split())}") from error
    return documents


def _documents(text: str, unread: Collection[str]) -> Iterator[YamlTable]:
    documents: list[object] = []
    opened: list[_Open] = [_Documents(documents, unread)]
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        mark = event.start_mark
        line = mark.line + 1 if mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise LockfileError("it has an alias, which no tool writes into a lock file", line)
        if isinstance(event, yaml.ScalarEvent):
            opened[-1].take(_scalar(event), line)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            if len(opened) > _DEEPEST:
                raise LockfileError("it is nested too deeply", line)
            table = isinstance(event, yaml.MappingStartEvent)
            opened.append(opened[-1].inner(YamlTable() if table else [], line))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            opened.pop()
    for document in documents:
        if isinstance(document, YamlTable):
            yield document
        elif document is not None:
            raise LockfileError("it is no YAML of tables", 1)


def _scalar(event: yaml.ScalarEvent) -> str | None:
    text = str(event.value)
    return None if event.style is None and text in _NULLS else text
