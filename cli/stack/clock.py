"""The time of the local CodeArtifact, as the rest of the stack follows it."""

import threading
from bisect import bisect_right
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


class Chronicle:
    """
    What time it was, by a clock that may have been set since, at a time of the machine's.

    Of times before the last setting, a clock that stood still is taken for one that ran.
    """

    def __init__(self, clock: Clock) -> None:
        """Follow *clock* from now on."""
        self._clock = clock
        self._lock = threading.Lock()
        self._set_at = [datetime.min.replace(tzinfo=UTC)]
        self._ahead = [ahead(clock)]
        clock.watch(self._note)

    def time(self, machine_time: datetime) -> datetime:
        """Return the clock's time at *machine_time*, which is not in the future."""
        with self._lock:
            setting = self._ahead[bisect_right(self._set_at, machine_time) - 1]
        return min(machine_time + setting, self._clock.now())

    def _note(self) -> None:
        now = datetime.now(UTC)
        # moto's times are whole milliseconds: one of this very millisecond comes after.
        now -= timedelta(microseconds=now.microsecond % 1000)
        with self._lock:
            self._set_at.append(now)
            self._ahead.append(ahead(self._clock))
