"""What the calls of a sweep cost in a month, as far as it is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# US dollars for 10,000 requests. "AWS CodeArtifact pricing" has this figure for most regions; we
# have it from third parties, the free tier is not taken off, and data transfer, storage and the
# other services (Step Functions, Lambda, S3) are not in it. So it tells how large, not how much.
PRICE_PER_10_000_REQUESTS: Final = 0.05
SWEEPS_PER_MONTH: Final = 30  # one a day, as SweepSchedule has it unless it is changed


def cost_per_month(calls: Mapping[str, int]) -> float:
    """Return the US dollars that these calls come to if they are made once a day."""
    cost = sum(calls.values()) * SWEEPS_PER_MONTH * PRICE_PER_10_000_REQUESTS / 10_000
    return round(cost, 4)
