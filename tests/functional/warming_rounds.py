"""Warming on a local CodeArtifact until nothing is left to try, as the function does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tests.functional.warming_domain import WarmingDomain, states
from warm_caches.engine import Engine, How
from warm_caches.values import Wanted
from warm_caches.warming import warm

LISTED_AFTER_SECONDS = 180  # what the worker waits for, and what CodeArtifact may take
MOST_TRIES = 60


def warmed_at_last(
    domain: WarmingDomain,
    *some: Wanted,
    how: How | None = None,
    engine: Engine | None = None,
    between: Callable[[], None] = lambda: None,
) -> dict[str, str]:
    """
    Warm *some*: what waits by the next attempt, some minutes later, what is left at once.

    Returns:
        The last word about each version, by package URL.
    """
    found: dict[str, str] = {}
    engine = engine or domain.engine()
    to_do: list[tuple[Sequence[Wanted], How]] = [(some, how or How())]
    for _ in range(MOST_TRIES):
        if not to_do:
            return found
        wanted, by = to_do.pop(0)
        warmed = warm(wanted, engine, by)
        found |= states(warmed)
        if warmed.left:
            to_do.append((warmed.left, by))
        if warmed.waiting and by.attempt < 3:
            domain.local.admin("PUT", "clock", {"advance": LISTED_AFTER_SECONDS})
            to_do.append((warmed.waiting, replace(by, attempt=by.attempt + 1)))
        between()
    raise AssertionError(f"warming does not come to rest: {to_do}")
