"""What is asked for once, kept for a while, and shared by the threads that want it."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, Generic, TypeVar

# Our choice: longer than a batch takes. A function lives on, and what public repositories offer
# changes.
KEPT_SECONDS: Final = 300.0

_Key = TypeVar("_Key", bound=Hashable)
_Kept = TypeVar("_Kept")


@dataclass(slots=True)
class _Slot(Generic[_Kept]):
    until: float
    making: Lock = field(default_factory=Lock)
    made: list[_Kept] = field(default_factory=list)


class Once(Generic[_Key, _Kept]):
    """
    A cache in which each thing is made by one thread while the others wait for it.

    What could not be made is made again for the next one who wants it.
    """

    def __init__(self, largest: int, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Keep the *largest* things that were wanted last, each for five minutes."""
        self._largest = largest
        self._monotonic = monotonic
        self._slots: OrderedDict[_Key, _Slot[_Kept]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: _Key, make: Callable[[], _Kept]) -> _Kept:
        """Return what *make* returned for *key*, now or before; what it raises is raised."""
        with self._lock:
            now, slot = self._monotonic(), self._slots.get(key)
            if slot is None or now >= slot.until:
                slot = self._slots[key] = _Slot(now + KEPT_SECONDS)
            self._slots.move_to_end(key)
            if len(self._slots) > self._largest:
                self._slots.popitem(last=False)
        if not slot.made:
            with slot.making:
                if not slot.made:
                    slot.made.append(make())
        return slot.made[0]

    def forget(self, key: _Key) -> None:
        """What is kept for *key* is made again for the next one who wants it."""
        with self._lock:
            self._slots.pop(key, None)
