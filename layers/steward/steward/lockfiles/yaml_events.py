"""
YAML that somebody else wrote: tables and lists of texts, each table with the lines of its keys.

Built from the parser's events. So a version such as ``1.10`` stays the text that it is, nothing is
ever an object, and aliases, by which small files become great ones, and depth are refused where
they are met; no tool that writes lock files has any of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import yaml

from steward.lockfiles.locked import LockfileError

if TYPE_CHECKING:
    from yaml.events import Event

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
    """A table or list that is not yet at its end."""

    def __init__(self, held: YamlTable | list[object]) -> None:
        self.held: Final = held
        self.key: str | None = None

    def take(self, one: object, line: int) -> None:
        if isinstance(self.held, list):
            self.held.append(one)
        elif self.key is not None:
            self.held[self.key] = one
            self.key = None
        elif not isinstance(one, str | None):
            raise LockfileError("it has a table or a list for a key", line)
        else:
            self.key = one or ""
            if self.key in self.held:
                raise LockfileError(f"it has {self.key:.120} twice", line)
            self.held.lines[self.key] = line


def yaml_tables(text: str) -> list[YamlTable]:
    """
    Return the documents of the YAML file *text*, those that are empty left out.

    Raises:
        LockfileError: It is no YAML of tables, or has anything that no lock file needs.
    """
    try:
        documents = list(_documents(text))
    except yaml.MarkedYAMLError as error:
        line = None if error.problem_mark is None else error.problem_mark.line + 1
        raise LockfileError(f"it is no YAML: {error.problem or error.context}", line) from error
    except (yaml.YAMLError, UnicodeError) as error:  # characters that no YAML may have
        raise LockfileError(f"it is no YAML: {' '.join(str(error).split())}") from error
    return documents


def _documents(text: str) -> Iterator[YamlTable]:
    bottom = _Open([])
    opened = [bottom]
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
            held: YamlTable | list[object] = _held(event)
            opened[-1].take(held, line)
            opened.append(_Open(held))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            opened.pop()
    for document in bottom.held:
        if isinstance(document, YamlTable):
            yield document
        elif document is not None:
            raise LockfileError("it is no YAML of tables", 1)


def _held(event: Event) -> YamlTable | list[object]:
    return YamlTable() if isinstance(event, yaml.MappingStartEvent) else []


def _scalar(event: yaml.ScalarEvent) -> str | None:
    text = str(event.value)
    return None if event.style is None and text in _NULLS else text
