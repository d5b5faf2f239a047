"""What a call of the engine has done until now, noted by many threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import RLock
from typing import TYPE_CHECKING

from warm_caches.values import Wanted, WantedVersion
from warm_caches.wanting import united

if TYPE_CHECKING:
    from steward.coordinates import Package
    from warm_caches.values import Outcome


class Progress:
    """
    What became of each version, what is not settled, and what it cost.

    Args:
        on_outcome: Called with each outcome, by one thread at a time.
    """

    def __init__(self, on_outcome: Callable[[Outcome], None]) -> None:
        self._on_outcome = on_outcome
        self._lock = RLock()
        self._outcomes: list[Outcome] = []
        self._waiting: list[Wanted] = []
        self._left: list[Wanted] = []
        self._requests = 0
        self._lists = 0
        self._size = 0

    def settle(self, outcomes: Iterable[Outcome]) -> None:
        """Note *outcomes*, and pass each of them on."""
        with self._lock:
            for one in outcomes:
                self._outcomes.append(one)
                self._on_outcome(one)

    def wait_for(self, package: Package, version: WantedVersion) -> None:
        """Note that *version* was asked for and is not listed yet."""
        with self._lock:
            self._waiting.append(Wanted(package, (version,)))

    def leave(self, wanted: Wanted) -> None:
        """Note that *wanted* has to be tried again."""
        with self._lock:
            self._left.append(wanted)

    def listed(self, calls: int = 1) -> None:
        """Count calls of CodeArtifact's API."""
        with self._lock:
            self._lists += calls

    def requested(self, requests: int, size: int = 0) -> None:
        """Count requests to the endpoint, and the bytes that came of them."""
        with self._lock:
            self._requests += requests
            self._size += size

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """All of them, as they came."""
        return tuple(self._outcomes)

    @property
    def waiting(self) -> tuple[Wanted, ...]:
        """What was asked for and is not listed yet, each package once."""
        return united(self._waiting)

    @property
    def left(self) -> tuple[Wanted, ...]:
        """What has to be tried again, each package as seldom as :func:`united` can."""
        return united(self._left)

    @property
    def requests(self) -> int:
        """Asked of the endpoint."""
        return self._requests

    @property
    def lists(self) -> int:
        """Calls of CodeArtifact's API that list or describe."""
        return self._lists

    @property
    def size(self) -> int:
        """Bytes read from the endpoint."""
        return self._size
