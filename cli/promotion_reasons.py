"""Why a version is where it is, for people: each reason once, and commands where they fit."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

    from promote_versions.records import Record, State
    from promote_versions.verdicts import Outcome

_INDENT: Final = "  "
_QUOTED: Final = re.compile(r"[:,]? ?`([^`\n]+)`[,.]?")
_LONG: Final = 40  # our choice: what is shorter fits into the narrowest column of reasons
_SENTENCE: Final = re.compile(r"\. (?=[A-Z])")
_DECIDING: "Final[dict[State, Outcome]]" = {"held": "hold", "refused": "refuse"}


@dataclass(frozen=True, slots=True)
class Reason:
    """
    What a gate has said.

    Attributes:
        text: What is wrong, to be read in a table.
        remedy: What to do about it, if there is a command in it that no table has room for.
    """

    text: str
    remedy: str = ""


def split(text: str) -> Reason:
    """Return *text* in two: the sentences before the first with a long command, and the rest."""
    command = next(_commands(text), None)
    if command is None:
        return Reason(text)
    ends = [one.end() for one in _SENTENCE.finditer(text, 0, command.start())]
    if not ends:
        return Reason(text)
    return Reason(text[: ends[-1]].strip().removesuffix("."), text[ends[-1] :])


def of_record(record: "Record") -> str:
    """Return the reason of the state of *record*, without the remedies."""
    said = [split(one).text for one in _reasons(record)]
    return "; ".join([*(one.removesuffix(".") for one in said[:-1]), *said[-1:]])


def is_said_by_gates(record: "Record") -> bool:
    """Return whether the reason of *record* is nothing but what its gates have said."""
    return "; ".join(_deciding(record)) == record.reason


def _reasons(record: "Record") -> list[str]:
    return _deciding(record) if is_said_by_gates(record) else [record.reason]


def _deciding(record: "Record") -> list[str]:
    outcome = _DECIDING.get(record.state)
    return [one.reason for one in record.verdicts if one.outcome == outcome]


def remedies(records: "Iterable[Record]") -> list[str]:
    """Return what to do about the reasons of *records*, each remedy once."""
    found = (split(reason).remedy for record in records for reason in _reasons(record))
    return [one for one in dict.fromkeys(found) if one]


def print_remedies(records: "Iterable[Record]", console: "Console") -> None:
    """Print what to do about the reasons of *records*; a command is a line that nothing breaks."""
    shown = remedies(records)
    for remedy in shown:
        console.print()
        for line, is_command in _lines(remedy):
            if is_command:
                console.print(Text(_INDENT + line), soft_wrap=True)
            else:
                console.print(Text(line))
    if shown:
        console.print()


def in_lines(text: str) -> str:
    """Return *text* with each long command on a line of its own, as it is to be typed."""
    return "\n".join(
        f"{_INDENT}{line}" if is_command else line for line, is_command in _lines(text)
    )


def _lines(text: str) -> "Iterator[tuple[str, bool]]":
    """Yield what stands in *text*, and whether it is a long command."""
    start = 0
    for command in _commands(text):
        if before := text[start : command.start()].strip():
            yield f"{before}:", False
        yield command[1], True
        start = command.end()
    if rest := text[start:].strip():
        yield rest, False


def _commands(text: str) -> "Iterator[re.Match[str]]":
    return (one for one in _QUOTED.finditer(text) if len(one[1]) >= _LONG)
