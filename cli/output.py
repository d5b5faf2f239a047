"""What commands print: results on standard output, everything else on standard error."""

import json
import os
from typing import Final, NoReturn

import click
from rich.console import Console

_NO_EDGE: Final = 100_000  # columns: more than any table has, and rich needs a number


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


def print_json(document: object) -> None:
    """Print one line of JSON on standard output, at once."""
    click.echo(json.dumps(document, separators=(", ", ": "), ensure_ascii=False))


def fail(message: str) -> NoReturn:
    """End the command with the message on standard error and exit status 1."""
    raise click.ClickException(message)
