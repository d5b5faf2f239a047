"""Waiting for the person who started a command to end it."""

import signal
import threading
from types import FrameType


class Interruption:
    """Set by Ctrl-C or SIGTERM, from the moment this exists."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def wait(self) -> None:
        """Return when the end was asked for; at once if it was already."""
        while not self._asked.wait(timeout=3600):
            continue

    def _ask(self, _: int, __: FrameType | None) -> None:
        self._asked.set()
