"""How the demonstration speaks: numbered steps, each of which is checked before the next."""

import json
import time
from collections.abc import Callable
from typing import TypeVar

from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

INDENT = (0, 0, 0, 3)

Seen = TypeVar("Seen")


class StepFailedError(Exception):
    """A step did not do what it said; the message says what was seen instead."""


class Story:
    """Tells the steps on a console and keeps what was seen, for `--json`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._steps: list[dict[str, object]] = []
        self._began = time.monotonic()

    @property
    def steps(self) -> list[dict[str, object]]:
        """What each step said and what was seen in it, in order."""
        return self._steps

    @property
    def seconds(self) -> float:
        """Seconds since the story began."""
        return time.monotonic() - self._began

    def title(self, title: str, text: str) -> None:
        """Open the story."""
        self._console.print()
        self._console.print(Panel(text, title=f"[bold]{title}[/]", title_align="left"))

    def chapter(self, title: str) -> None:
        """Open a part of the story."""
        self._console.print()
        self._console.print(Rule(f"[bold cyan]{title}[/]", align="left", style="cyan"))

    def step(self, says: str) -> None:
        """Say what happens next."""
        self._steps.append({"step": says})
        self._console.print()
        self._console.print(f"[bold cyan]{len(self._steps):>2}[/] [bold]{says}[/]")

    def command(self, line: str) -> None:
        """Show a command as a user would type it."""
        self._show(Text(f"$ {line}", style="green"))

    def note(self, text: str) -> None:
        """Explain something in a line."""
        self._show(Text.from_markup(text, style="bright_black", overflow="fold"))

    def quote(self, words: str) -> None:
        """Show what a program has said."""
        self._show(Text(words, style="yellow", overflow="fold"))

    @property
    def width(self) -> int:
        """How many columns there are for what a program has said."""
        return self._console.width - INDENT[-1]

    @property
    def colours(self) -> bool:
        """Whether what is shown has colours."""
        return self._console.color_system is not None

    def output(self, text: str) -> None:
        """Show what a program has printed for people, colours and all."""
        self._show(Text.from_ansi(text.rstrip()))

    def url(self, name: str, url: str) -> None:
        """Give a URL or a path a name for the commands that follow; it stays whole for copying."""
        self._console.print(f"   {name}={url}", style="bright_black", soft_wrap=True)

    def table(self, table: Table) -> None:
        """Show a table."""
        self._show(table)

    def document(self, document: object) -> None:
        """Show a JSON document."""
        self._show(Syntax(json.dumps(document, indent=2), "json", background_color="default"))

    def rules(self, text: str) -> None:
        """Show a part of a policy, which is YAML."""
        self._show(Syntax(text.rstrip(), "yaml", background_color="default"))

    def message(self, subject: str, text: str) -> None:
        """Show a message to a person; its lines stay whole for copying."""
        for line in (f"Subject: {subject}", "", *text.splitlines()):
            content = Text.assemble(("   │ ", "yellow"), line)
            self._console.print(content, soft_wrap=True)

    def confirm(self, fact: str, **seen: object) -> None:
        """Say that the step's promise was seen to hold, and keep what was seen."""
        self._steps[-1].update(seen)
        self._show(Text.assemble(("✓ ", "bold green"), fact))

    def end(self, text: str) -> None:
        """Close the story."""
        self._console.print()
        self._console.print(Panel(text, style="green"))

    def failed(self, error: Exception) -> None:
        """Say which step failed, and how."""
        self._console.print()
        where = f"step {len(self._steps)}" if self._steps else "the start"
        self._console.print(Panel(Text(str(error)), title=f"{where} failed", style="red"))

    def _show(self, content: Text | Table | Syntax) -> None:
        self._console.print(Padding(content, INDENT))


def until(
    look: Callable[[], Seen | None],
    *,
    what: str,
    timeout_seconds: float,
    pause_seconds: float = 0.2,
) -> Seen:
    """
    Return what *look* sees, as soon as it sees something.

    Raises:
        StepFailedError: *what* did not happen in time.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        seen = look()
        if seen is not None:
            return seen
        if time.monotonic() >= deadline:
            raise StepFailedError(f"not seen within {timeout_seconds:.0f} s: {what}")
        time.sleep(pause_seconds)
