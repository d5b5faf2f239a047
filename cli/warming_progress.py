"""How far `steward warm` is, on standard error."""

from collections import Counter
from threading import Lock
from typing import TYPE_CHECKING, Final, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.output import stderr

if TYPE_CHECKING:
    from warm_caches.values import Outcome

_LINE_EVERY: Final = 250  # versions, where there is no terminal to draw a bar in


class WarmingProgress:
    """Shows on standard error how far the run is: a bar in a terminal, else a line now and then."""

    def __init__(self, versions: int) -> None:
        self._console = stderr()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[told]}"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("warming", total=versions, told="")
        self._states: Counter[str] = Counter()
        self._seen = 0
        self._versions = versions
        self._counting = Lock()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def add(self, outcome: "Outcome") -> None:
        """Something became of one version."""
        with self._counting:
            self._seen += 1
            self._states[outcome.state] += 1
            self._versions = max(self._versions, self._seen)
            told = ", ".join(f"{number:,} {state}" for state, number in self._states.items())
            self._bar.update(self._task, completed=self._seen, total=self._versions, told=told)
            if not self._console.is_terminal and self._seen % _LINE_EVERY == 0:
                self._console.print(f"{self._seen:,} of {self._versions:,} versions: {told}")

    def say(self, what: str) -> None:
        """The run does something else now."""
        self._bar.update(self._task, description=what)
        if not self._console.is_terminal:
            self._console.print(what)
