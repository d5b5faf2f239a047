"""Where promotion sends its messages: looks and rechecks to itself, orders to the copier."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from promote_versions.messages import CopyOrder
from steward.coordinates import Package


class PromotionsQueue(Protocol):
    """The judge's own queue. Every method raises :class:`QueueError`."""

    def look(
        self, *packages: Package, request: str | None = None, policy_digest: str | None = None
    ) -> None:
        """Have each of *packages* looked at, ten a call."""

    def recheck(self, *packages: Package) -> None:
        """Have what was promoted of each of *packages* checked again, ten a call."""

    def continue_recheck(self, after: str) -> None:
        """Have the check of everything go on after *after*."""

    def look_again(self, package: Package, *, after: timedelta) -> None:
        """Have *package* looked at again, not before *after*, which is at most 15 minutes."""


class CopiesQueue(Protocol):
    """The copier's queue. Orders are carried out one after the other, in the order they came."""

    def order(self, *orders: CopyOrder) -> None:
        """
        Order copies; the same order twice within five minutes is one.

        Raises:
            QueueError: Some were not accepted; all of them may be ordered again.
        """
