"""How long a gate holds a version for want of a fact, before the fact is asked for again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

# Our choice: a service that did not answer mostly does so again before long.
UNANSWERED: Final = timedelta(minutes=15)
# Our choice: what nobody knows yet is added by people, who take their time.
UNKNOWN: Final = timedelta(days=1)

_LAST: Final = datetime.max.replace(tzinfo=UTC)


def later(moment: datetime, by: timedelta) -> datetime:
    """Return the time *by* after *moment*, or the end of all times if that is sooner."""
    return _LAST if by >= _LAST - moment else moment + by
