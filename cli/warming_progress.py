"""How far `steward warm` is, on standard error."""

from collections import Counter
from threading import Lock
from typing import TYPE_CHECKING, Final, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column

from cli.output import stderr
from cli.warming_tables import STATES

if TYPE_CHECKING:
    from rich.console import Console

    from steward.coordinates import Package
    from warm_caches.values import Outcome

_LINE_EVERY: Final = 250  # versions, where there is no terminal to draw a bar in
_BAR: Final = 20  # characters of a bar: 80 columns have room for what became of the versions


class WarmingProgress:
    """
    Shows on standard error how far the run is: a bar in a terminal, else a line now and then.

    Each version counts once, by the last that was heard of it.
    """

    def __init__(self, versions: int, console: "Console | None" = None) -> None:
        self._console = console or stderr()
        # Neither a pipe nor a terminal that cannot move its cursor (TERM=dumb) shows a bar.
        self._draws = self._console.is_terminal and not self._console.is_dumb_terminal
        self._bar = Progress(
            BarColumn(_BAR),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TimeElapsedColumn(table_column=Column(no_wrap=True)),
            TextColumn(
                "{task.description}",
                markup=False,
                table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"),
            ),
            console=self._console,
            transient=True,
            expand=True,
            disable=not self._draws,
        )
        self._task = self._bar.add_task("", total=versions)
        self._states: dict[tuple[Package, str | None], str] = {}
        self._counted: Counter[str] = Counter()
        self._said = ""
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
            key = (outcome.package, outcome.version)
            known = self._states.get(key)
            if known is not None:
                self._counted[known] -= 1
            self._states[key] = outcome.state
            self._counted[outcome.state] += 1
            self._show()
            seen = len(self._states)
            if not self._draws and known is None and seen % _LINE_EVERY == 0:
                self._console.print(
                    f"{seen:,} of {self._versions:,} versions: {self._told()}", soft_wrap=True
                )

    def say(self, what: str) -> None:
        """The run does something else now."""
        with self._counting:
            self._said = what
            self._show()
        if not self._draws:
            self._console.print(what, soft_wrap=True)

    def _show(self) -> None:
        self._versions = max(self._versions, len(self._states))
        text = "; ".join(one for one in (self._said, self._told()) if one)
        self._bar.update(
            self._task, completed=len(self._states), total=self._versions, description=text
        )

    def _told(self) -> str:
        """Return how many versions became what, the worst first: a line may be too short."""
        return ", ".join(
            f"{self._counted[state]:,} {state}" for state in [*STATES][::-1] if self._counted[state]
        )
