"""Everything outside of this automation that it talks to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

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


class Named(Protocol):
    """A rule, of which only the name matters."""

    @property
    def name(self) -> str:
        """Its place in the policy file."""


class Listeners(Protocol):
    """Where people and programs are told of what was found and done, and where that is noted."""

    @property
    def ledger(self) -> Ledger:
        """What was changed and told."""

    @property
    def notices(self) -> Notices:
        """The announcements on the bus."""

    @property
    def attention(self) -> Attention:
        """What reaches a person."""

    @property
    def now(self) -> Callable[[], datetime]:
        """The time, aware."""
