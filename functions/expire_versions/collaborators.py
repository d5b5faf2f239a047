"""Everything outside of this automation that it talks to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from expire_versions.gather import RetentionReads
from steward.notices import VersionNotices

AUTOMATION: Final = "expire_versions"


@dataclass(frozen=True, slots=True)
class Collaborators:
    """
    Everything outside of this automation that it talks to.

    Observe mode is a gateway that changes nothing and a ledger that records and marks nothing;
    nothing else differs.

    Attributes:
        reads: What the decision is made from; its gateway and its ledger are written to as well.
    """

    reads: RetentionReads
    notices: VersionNotices
    now: Callable[[], datetime]
