"""What commands print: results on standard output, everything else on standard error."""

import json
import os
import re
from typing import Final, NoReturn

import click
from rich.console import Console

_NO_EDGE: Final = 100_000  # columns: more than any table has, and rich needs a number

_WORD: Final = re.compile(r"(?:`[^`]*`|\S)+")  # with the command that is a part of it


class DocumentedFailure(click.ClickException):
    """The command failed, and has printed a document of its own that says so, if asked for JSON."""


def stderr() -> Console:
    """Return the console for progress and logs."""
    return Console(stderr=True, highlight=False)


def stdout() -> Console:
    """
    Return the console for results that people read.

    In a file or a pipe a line is a line, to be searched and copied: only a terminal, or COLUMNS,
    has an edge to wrap at.
    """
    console = Console(highlight=False)
    if not console.is_terminal and not os.environ.get("COLUMNS"):
        console.width = _NO_EDGE
    return console


def say(console: Console, sentence: str) -> None:
    """
    Print *sentence*, foreign text and all, in lines that fit the console.

    What stands between two backticks stays in one piece, longer than a line or not: a command that
    is copied from two lines is two commands.
    """
    line = ""
    for word in _WORD.findall(sentence):
        longer = f"{line} {word}" if line else word
        if line and len(longer) > console.width:
            console.print(line, soft_wrap=True, markup=False)
            longer = word
        line = longer
    console.print(line, soft_wrap=True, markup=False)


def print_json(document: object) -> None:
    """Print one line of JSON on standard output, at once."""
    click.echo(json.dumps(document, separators=(", ", ": "), ensure_ascii=False))


def fail(message: str) -> NoReturn:
    """End the command with the message on standard error and exit status 1."""
    raise click.ClickException(message)
