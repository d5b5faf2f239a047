"""How many versions became what, and what it cost; tallies of several batches add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warm_caches.values import Outcome


@dataclass(frozen=True, slots=True)
class Tally:
    """
    How many versions became what, and what it cost.

    What is asked again counts once it is settled: ``waiting`` and ``no answer`` stand nowhere.

    Attributes:
        size: Bytes read from the endpoint.
        requests: Asked of the endpoint.
        lists: Calls of CodeArtifact's API that list or describe.
        seconds: Of work; batches that ran side by side each count their own.
    """

    warm: int = 0
    fetched: int = 0
    not_found: int = 0
    blocked: int = 0
    mismatched: int = 0
    failed: int = 0
    size: int = 0
    requests: int = 0
    lists: int = 0
    seconds: float = 0.0
    would_fetch: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


def tally_of(
    outcomes: Iterable[Outcome],
    *,
    requests: int = 0,
    lists: int = 0,
    size: int = 0,
    seconds: float = 0.0,
) -> Tally:
    """Return the tally of *outcomes*, which had the cost that is given."""
    states = Counter(outcome.state for outcome in outcomes)
    return Tally(
        warm=states["warm"],
        fetched=states["fetched"],
        not_found=states["not found"],
        blocked=states["blocked"],
        mismatched=states["mismatch"],
        failed=states["failed"],
        size=size,
        requests=requests,
        lists=lists,
        seconds=seconds,
        would_fetch=states["would fetch"],
    )
