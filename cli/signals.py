"""Waiting for the person who started a command to end it."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """
    Set by Ctrl-C or SIGTERM, from the moment this exists; one in a process, of the main thread.

    No lock takes part: the handler may be called in the middle of itself. And as the system may
    give a signal to any thread (signal(7)), which does not wake the main thread from what it waits
    for, the main thread waits for what Python writes to the wakeup fd whichever thread it is.
    """

    def __init__(self) -> None:
        self._asked = False
        self._breaks_off = False
        self._woken, waker = os.pipe()
        os.set_blocking(waker, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def wait(self) -> None:
        """Return when the end was asked for; at once if it was already."""
        while not self._asked:
            os.read(self._woken, 1)

    @contextmanager
    def breaking_off(self) -> Iterator[None]:
        """
        Break off the block when the end is asked for, or was already.

        The first signal alone does; a further one does not disturb what the block and those around
        it do to end. After the block, none breaks off anything.

        Raises:
            KeyboardInterrupt: The end was asked for.
        """
        self._breaks_off = True
        try:
            if self._asked:
                self._break_off()
            yield
        finally:
            self._breaks_off = False

    def _ask(self, _: int, __: FrameType | None) -> None:
        self._asked = True
        self._break_off()

    def _break_off(self) -> None:
        if self._breaks_off:
            self._breaks_off = False
            raise KeyboardInterrupt
