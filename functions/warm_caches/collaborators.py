"""Everything outside of the deployed side of warming that it talks to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from steward.attention import Attention
    from steward.policy import Policy
    from steward.upstream_walk import Connections
    from steward.warming_notices import WarmingNotices
    from warm_caches.engine import How, Warmed
    from warm_caches.outages import Outages
    from warm_caches.planning import Sources
    from warm_caches.queue import WarmingQueue
    from warm_caches.runs import Runs
    from warm_caches.values import Outcome, Wanted


class Warm(Protocol):
    """The engine, with what it works with."""

    def __call__(
        self,
        wanted: Sequence[Wanted],
        how: How,
        *,
        on_outcome: Callable[[Outcome], None],
        time_left: Callable[[], bool],
    ) -> Warmed:
        """See :func:`warm_caches.warming.warm`; what waits may be looked for again."""


@dataclass(frozen=True, slots=True)
class Collaborators:
    """
    Everything outside of the deployed side of warming that it talks to.

    Observe mode is an engine that asks the endpoints for nothing; nothing else differs.

    Attributes:
        sources: Where it stands what is wanted.
        connections: Which public repositories a repository reaches.
        queue: The queue that the function itself works on.
    """

    warm: Warm
    sources: Sources
    connections: Connections
    policy: Policy
    runs: Runs
    outages: Outages
    queue: WarmingQueue
    notices: WarmingNotices
    attention: Attention
    now: Callable[[], datetime]
