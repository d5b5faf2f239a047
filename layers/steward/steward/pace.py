"""How fast requests are made where a quota is low: so many a second, over all threads."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Final

# CopyPackageVersions has a quota of 5 requests a second in an account and region ("Quotas in AWS
# CodeArtifact", User Guide). Our choice to stay below: clocks and networks shift requests a little.
COPIES_PER_SECOND: Final = 4.9
# ListPackageVersionAssets has one of 200 (the same page). Our choice: half, for others need it too.
ASSET_LISTS_PER_SECOND: Final = 100.0


class Pace:
    """
    A token bucket of one token: calls return evenly spaced, in the order in which they came.

    - There is no burst, neither after a start nor after a pause: how large a burst CodeArtifact
      takes is not documented.
    - The first call waits like every other one: the process before this one may just have made its
      last request.

    Args:
        per_second: How many calls may return in a second.
        monotonic: The clock that is waited by, in seconds.
        sleep: Waits for so many seconds.
    """

    def __init__(
        self,
        per_second: float,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval = 1 / per_second
        self._monotonic = monotonic
        self._sleep = sleep
        self._next = monotonic() + self._interval
        self._taking = Lock()

    def __call__(self) -> None:
        """Return when the next request may be made; threads share the pace."""
        with self._taking:
            at = max(self._monotonic(), self._next)
            self._next = at + self._interval
        # A sleep may end a little early where the clock is coarse.
        while (remaining := at - self._monotonic()) > 0:
            self._sleep(remaining)
