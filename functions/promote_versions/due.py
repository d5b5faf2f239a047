"""Have looked at what is due: held versions whose time has come, and copies nobody confirmed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from steward.observability import count, logger

if TYPE_CHECKING:
    from promote_versions.collaborators import Collaborators
    from steward.coordinates import Package

# Our choice: ten calls of SendMessageBatch, between two looks at the clock.
PACKAGES_AT_ONCE: Final = 100


def look_at_what_is_due(to: Collaborators, *, time_left: Callable[[], bool]) -> int:
    """
    Have every package looked at of which some version is due; return how many there are.

    One query of an index for each MB of what is due, however much is held, and one message a
    package. When *time_left* says no, what remains is left to the next time: it stays due.

    Raises:
        RecordsError: The index cannot be read, or holds what nobody wrote; what came before has
            been asked for.
        QueueError: A message was not accepted.
    """
    seen: set[Package] = set()
    some: list[Package] = []
    ended = "all of them"
    try:
        for record in to.records.due(to.now()):
            if record.package in seen:
                continue
            if len(some) == PACKAGES_AT_ONCE:
                to.own_queue.look(*some)
                some.clear()
                if not time_left():
                    ended = "no time left for the others"
                    break
            seen.add(record.package)
            some.append(record.package)
    finally:
        if some:
            to.own_queue.look(*some)
        logger().info("looked for what is due", extra={"packages": len(seen), "reason": ended})
        count("PackagesDue", len(seen))
    return len(seen)
