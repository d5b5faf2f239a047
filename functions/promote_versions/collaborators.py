"""Everything outside of the judge of promotions that it talks to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from promote_versions.osv import Osv
    from promote_versions.queues import CopiesQueue, PromotionsQueue
    from promote_versions.records_table import Records
    from promote_versions.topology import Topology
    from steward.attention import Attention
    from steward.codeartifact import CodeArtifact
    from steward.endpoint import Endpoint
    from steward.ledger import Ledger
    from steward.policy import Policy
    from steward.promotion_notices import PromotionNotices
    from steward.version_contents import VersionContents

AUTOMATION: Final = "promote_versions"


@dataclass(frozen=True, slots=True)
class Collaborators:
    """
    Everything outside of the judge that it talks to.

    Observe mode is a gateway that changes nothing, a ledger that records no changes and a queue
    that only logs what would be copied; nothing else differs.

    Attributes:
        own_queue: The queue that the judge itself works on.
        ledger: Where recalls are recorded before they are made, and exemptions stand.
    """

    codeartifact: CodeArtifact
    contents: VersionContents
    topology: Topology
    endpoint: Endpoint
    osv: Osv
    policy: Policy
    records: Records
    own_queue: PromotionsQueue
    copies: CopiesQueue
    ledger: Ledger
    notices: PromotionNotices
    attention: Attention
    now: Callable[[], datetime]
