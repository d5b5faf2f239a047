"""What commands print: results on standard output, everything else on standard error."""

import json
from typing import NoReturn

import click
from rich.console import Console


def stderr() -> Console:
    """Return the console for progress and logs."""
    return Console(stderr=True, highlight=False)


def stdout() -> Console:
    """Return the console for results that people read."""
    return Console(highlight=False)


def print_json(document: object) -> None:
    """Print one line of JSON on standard output, at once."""
    click.echo(json.dumps(document, separators=(", ", ": "), ensure_ascii=False))


def fail(message: str) -> NoReturn:
    """End the command with the message on standard error and exit status 1."""
    raise click.ClickException(message)
