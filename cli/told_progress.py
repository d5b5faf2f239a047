"""How far a command is, on standard error, where nobody knows how long it takes."""

import time
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Final, Self

from cli.output import stderr

if TYPE_CHECKING:
    from rich.console import Console

LINE_EVERY_SECONDS: Final = 10.0  # where there is no terminal that can change a line


class ToldProgress:
    """
    Shows how far a command is: in a terminal one line that changes, else a line now and then.

    Several threads may tell it.

    Args:
        begun: What is shown first.
        clock: Seconds that only ever grow.
    """

    def __init__(
        self,
        begun: str,
        console: "Console | None" = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console or stderr()
        # Neither a pipe nor a terminal that cannot move its cursor (TERM=dumb) has a changing line.
        self._draws = self._console.is_terminal and not self._console.is_dumb_terminal
        self._status = self._console.status(begun)
        self._clock = clock
        self._said_at = clock()
        self._saying = Lock()

    def __enter__(self) -> Self:
        if self._draws:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._draws:
            self._status.stop()

    def show(self, text: str) -> None:
        """It is this far."""
        with self._saying:
            if self._draws:
                self._status.update(text)
            elif self._clock() - self._said_at >= LINE_EVERY_SECONDS:
                self._said_at = self._clock()
                self._console.print(text, soft_wrap=True, markup=False)

    def say(self, text: str) -> None:
        """People are to read this, wherever they are."""
        with self._saying:
            self._console.print(text, markup=False, soft_wrap=not self._console.is_terminal)
