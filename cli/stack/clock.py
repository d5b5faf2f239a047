"""The time of the local CodeArtifact, as the rest of the stack follows it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

TOLERANCE = timedelta(seconds=5)  # our choice: nothing in a policy is finer, and processes are slow


class Clock(Protocol):
    """A clock that somebody may set, and that says so."""

    def now(self) -> datetime:
        """Return the present time, aware."""

    def watch(self, watcher: Callable[[], None]) -> None:
        """*watcher* is called each time the clock is set."""


class MachineClock:
    """The machine's own clock, which nobody sets."""

    def now(self) -> datetime:
        """Return the present time."""
        return datetime.now(UTC)

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call nobody: there is nothing to tell."""


def ahead(clock: Clock) -> timedelta:
    """
    Return how far *clock* is ahead of the machine's; below zero if it is behind.

    Less than `TOLERANCE` is nothing: it is what asking two clocks one after the other may cost.
    """
    difference = clock.now() - datetime.now(UTC)
    return difference if abs(difference) >= TOLERANCE else timedelta()
