"""What Lambda says about the run of a function: how much time is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Invocation(Protocol):
    """The part of Lambda's context object that is used here."""

    def get_remaining_time_in_millis(self) -> int:
        """See "AWS Lambda context object in Python", Lambda Developer Guide."""


def time_left(context: Invocation | None, *, milliseconds: int) -> Callable[[], bool]:
    """Return what tells whether more than *milliseconds* are left; without *context* they are."""
    return lambda: context is None or context.get_remaining_time_in_millis() > milliseconds
