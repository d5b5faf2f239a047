"""The threads that warm the packages of one format, each package in two steps with a pause."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from threading import Condition, Thread
from typing import Final, Generic, TypeVar

_LONG: Final = 6  # pauses; our choice

_Begun = TypeVar("_Begun")
_Later = TypeVar("_Later")


class Crew(Generic[_Begun, _Later]):
    """
    Threads that begin things, and look again some seconds later at what they have begun.

    What has waited long is looked at before anything else is begun, so that looks and beginnings,
    which have paces of their own, overlap. What has not is looked at when nothing is left to begin:
    the later, the more is seen. The crew has ended when there is nothing left to do.

    Args:
        begin: Called with each thing; returns what to look at later, or ``None``.
        look: Called with that.
        pause_seconds: From the end of the first to the beginning of the second, at least; six times
            as much is long.
        monotonic: The clock that is waited by, in seconds.
    """

    def __init__(
        self,
        begin: Callable[[_Begun], _Later | None],
        look: Callable[[_Later], None],
        *,
        pause_seconds: float,
        monotonic: Callable[[], float],
    ) -> None:
        self._begin = begin
        self._look = look
        self._pause_seconds = pause_seconds
        self._monotonic = monotonic
        self._to_begin: deque[_Begun] = deque()
        self._to_look: deque[tuple[float, _Later]] = deque()
        self._busy = 0
        self._error: BaseException | None = None
        self._stopped = False
        self._changed = Condition()
        self._threads: list[Thread] = []

    def add(self, things: Iterable[_Begun]) -> None:
        """Begin *things*, too; may be called by *begin*."""
        with self._changed:
            self._to_begin.extend(things)
            self._changed.notify_all()

    def start(self, threads: int) -> None:
        """Begin; *threads* at a time."""
        # Nobody waits for them at exit: an interrupted command need not hear the last answers.
        self._threads = [Thread(target=self._work, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """
        Return when everything is done.

        Raises:
            BaseException: What a step has raised; nothing more is begun after that.
        """
        for thread in self._threads:
            thread.join()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Begin nothing more and look at nothing more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _work(self) -> None:
        while (step := self._next()) is not None:
            try:
                step()
            except BaseException as error:  # noqa: BLE001  join() raises it in the caller's thread
                self._error = self._error or error
                self.stop()
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._stopped:
                wait: float | None = None
                if self._to_look:
                    waited = self._monotonic() - self._to_look[0][0]
                    wait = (_LONG if self._to_begin else 1) * self._pause_seconds - waited
                if wait is not None and wait <= 0:
                    _, later = self._to_look.popleft()
                    self._busy += 1
                    return lambda: self._look(later)
                if self._to_begin:
                    thing = self._to_begin.popleft()
                    self._busy += 1
                    return lambda: self._begin_one(thing)
                if wait is None and self._busy == 0:
                    break
                self._changed.wait(wait)
            return None

    def _begin_one(self, thing: _Begun) -> None:
        later = self._begin(thing)
        if later is not None:
            with self._changed:
                self._to_look.append((self._monotonic(), later))
