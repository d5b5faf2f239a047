"""Everything outside of this automation that it talks to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from steward.attention import Attention
from steward.codeartifact import CodeArtifact
from steward.ledger import Ledger
from steward.notices import Notices
from steward.own_queue import OwnQueue
from steward.policy import Policy

AUTOMATION: Final = "enforce_origin_controls"


@dataclass(frozen=True, slots=True)
class Collaborators:
    """
    Everything outside of this automation that it talks to.

    Observe mode is a gateway that changes nothing and a ledger that records no changes; nothing
    else differs.
    """

    codeartifact: CodeArtifact
    policy: Policy
    ledger: Ledger
    own_queue: OwnQueue
    notices: Notices
    attention: Attention
    now: Callable[[], datetime]
