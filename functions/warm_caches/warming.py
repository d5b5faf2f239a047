"""Warm packages of a repository: list, fetch what is missing, look whether it is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from warm_caches.engine import AT_ONCE, AUTOMATION, Engine, How, Warmed
from warm_caches.values import Outcome, Wanted

__all__ = ["AT_ONCE", "AUTOMATION", "Engine", "How", "Warmed", "confirm", "warm"]


def warm(
    wanted: Sequence[Wanted],
    to: Engine,
    how: How,
    *,
    on_outcome: Callable[[Outcome], None] = lambda _: None,
    time_left: Callable[[], bool] = lambda: True,
) -> Warmed:
    """Fetch what is missing of *wanted*, and say what became of each version."""
    raise NotImplementedError


def confirm(
    waiting: Sequence[Wanted],
    to: Engine,
    how: How,
    *,
    on_outcome: Callable[[Outcome], None] = lambda _: None,
    time_left: Callable[[], bool] = lambda: True,
) -> Warmed:
    """Look once whether *waiting* is listed by now, and ask the endpoint for nothing."""
    raise NotImplementedError
