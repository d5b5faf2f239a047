"""The one clock of a local CodeArtifact, which tests may freeze and advance."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def stamp(moment: datetime) -> int:
    """Return *moment* (aware) as whole microseconds since 1970, as the store keeps it."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment(stamped: int) -> datetime:
    """Return the aware UTC time that `stamp` was given."""
    return _EPOCH + timedelta(microseconds=stamped)


class Clock:
    """
    The time as the local CodeArtifact sees it, always aware and in UTC.

    It runs with the machine's clock until `freeze` or `advance` is called.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frozen: datetime | None = None
        self._offset = timedelta()
        self._watchers: list[Callable[[], None]] = []

    def now(self) -> datetime:
        """Return the present time."""
        with self._lock:
            return self._now()

    def _now(self) -> datetime:
        return self._frozen if self._frozen is not None else datetime.now(UTC) + self._offset

    @property
    def frozen(self) -> bool:
        """Whether the time stands still."""
        with self._lock:
            return self._frozen is not None

    def freeze(self, at: datetime | None = None) -> None:
        """The time stands still at *at* (default: the present time) until `resume`."""
        with self._lock:
            self._frozen = self._now() if at is None else at.astimezone(UTC)
        self._changed()

    def advance(self, by: timedelta) -> None:
        """The time is *by* later; it stays frozen if it was, else runs on from there."""
        with self._lock:
            if self._frozen is None:
                self._offset += by
            else:
                self._frozen += by
        self._changed()

    def resume(self) -> None:
        """The time is the machine's again."""
        with self._lock:
            self._frozen = None
            self._offset = timedelta()
        self._changed()

    def watch(self, watcher: Callable[[], None]) -> None:
        """*watcher* is called, without arguments, each time the clock is set."""
        with self._lock:
            self._watchers.append(watcher)

    def _changed(self) -> None:
        with self._lock:
            watchers = list(self._watchers)
        for watcher in watchers:
            watcher()
