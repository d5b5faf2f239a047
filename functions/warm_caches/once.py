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
    weight: int = 1
    making: Lock = field(default_factory=Lock)
    made: list[_Kept] = field(default_factory=list)


class Once(Generic[_Key, _Kept]):
    """
    A cache in which each thing is made by one thread while the others wait for it.

    What could not be made is made again for the next one who wants it.
    """

    def __init__(
        self,
        largest: int,
        *,
        weigh: Callable[[_Kept], int] = lambda _: 1,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Keep what was wanted last, each thing for five minutes.

        Args:
            largest: What all of it may weigh; the thing that was wanted last is always kept.
            weigh: What a thing weighs; 1 unless it is said.
            monotonic: The clock, in seconds.
        """
        self._largest = largest
        self._weigh = weigh
        self._monotonic = monotonic
        self._slots: OrderedDict[_Key, _Slot[_Kept]] = OrderedDict()
        self._weight = 0
        self._lock = Lock()

    def get(self, key: _Key, make: Callable[[], _Kept]) -> _Kept:
        """Return what *make* returned for *key*, now or before; what it raises is raised."""
        with self._lock:
            now, slot = self._monotonic(), self._slots.get(key)
            if slot is None or now >= slot.until:
                self._drop(key)
                slot = self._slots[key] = _Slot(now + KEPT_SECONDS)
                self._weight += slot.weight
            self._slots.move_to_end(key)
            self._shed()
        if not slot.made:
            with slot.making:
                if not slot.made:
                    slot.made.append(make())
                    self._weighed(key, slot)
        return slot.made[0]

    def forget(self, key: _Key) -> None:
        """What is kept for *key* is made again for the next one who wants it."""
        with self._lock:
            self._drop(key)

    def _weighed(self, key: _Key, slot: _Slot[_Kept]) -> None:
        """Count what was made for *key*, if it is still kept."""
        with self._lock:
            if self._slots.get(key) is slot:
                self._weight -= slot.weight
                slot.weight = self._weigh(slot.made[0])
                self._weight += slot.weight
                self._shed()

    def _shed(self) -> None:
        while self._weight > self._largest and len(self._slots) > 1:
            self._drop(next(iter(self._slots)))

    def _drop(self, key: _Key) -> None:
        slot = self._slots.pop(key, None)
        if slot is not None:
            self._weight -= slot.weight
