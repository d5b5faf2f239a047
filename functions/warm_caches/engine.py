"""What the engine works with, how it is told to work, and what it gives back: frozen values."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from warm_caches.tally import Tally, tally_of

if TYPE_CHECKING:
    from steward.codeartifact import CodeArtifact
    from steward.coordinates import Format, Repository
    from steward.ledger import Ledger
    from steward.version_contents import VersionContents
    from warm_caches.fetching import Fetching
    from warm_caches.values import Outcome, Wanted

AUTOMATION: Final = "warm_caches"
# Our choice, polite to the public repositories: browsers and package managers ask for less at a
# time, and 32 requests of 20 ms each are twice the 800 a second that an account has.
AT_ONCE: Final = 32
CONNECTIONS: Final = 6 * AT_ONCE  # to one host: as many formats have external connections
# Our choice: the files of a PyPI version follow the one that was asked for within a moment. What is
# listed only minutes later ("asynchronous persistence", User Guide) is for the next attempt.
SETTLE_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Engine:
    """
    Everything outside of the engine that it talks to; all of it is used by many threads.

    Attributes:
        fetching: ``None``: observe mode, the endpoint is asked for nothing.
        lists: Called before each call of CodeArtifact's API: the pace of these calls.
        now: The time that changes are recorded with.
        ledger: Where exemptions stand and changes are recorded before they are made; only asked if
            mismatches are archived. ``None``: nothing is ever archived.
        at_once: Requests to the endpoint at a time, for each format.
        settle_seconds: How long after a version was asked for it is looked for.
        monotonic: The clock that is waited by, in seconds.
        lacks: Whether a repository reaches no external connection of a format, for certain; only
            asked where something is not found, and nothing of the format comes in.
    """

    codeartifact: CodeArtifact
    fetching: Fetching | None
    contents: VersionContents
    lists: Callable[[], None]
    now: Callable[[], datetime]
    ledger: Ledger | None = None
    at_once: int = AT_ONCE
    settle_seconds: float = SETTLE_SECONDS
    monotonic: Callable[[], float] = time.monotonic
    lacks: Callable[[Repository, Format], bool] = lambda _, __: False


@dataclass(frozen=True, slots=True)
class How:
    """
    How to warm.

    Attributes:
        verify: Download, and compare with the hashes that the lock files state.
        archive_mismatches: Archive what has none of these hashes, by the rule *rule*.
        attempt: 1: redirects to the assets are not followed. 2: what was asked for before and is
            not listed is downloaded in full. 3: what is still not listed has failed.
        rule: For the ledger: ``caches[0]``.
        repeated: Somebody was at it before, and may have been stopped before they came to the
            parents and BOMs of what is there now.
    """

    verify: bool = False
    archive_mismatches: bool = False
    attempt: int = 1
    rule: str = "caches"
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Warmed:
    """
    What was done.

    Attributes:
        outcomes: One for each version that anything could be said about, as they came.
        waiting: Asked for and not listed yet: for the next attempt. A mismatch that is to be
            archived once it is listed stands here, too.
        left: Not settled, for lack of time or because nobody answered: for the same attempt.
        unanswered: The formats whose external connections do not answer.
        answered: The formats whose public repository was seen to answer: a version that was asked
            for came, or the endpoint lists one that is not held; not those *unanswered*.
        requests: Asked of the endpoint.
        lists: Calls of CodeArtifact's API that list or describe.
        size: Bytes read from the endpoint.
    """

    outcomes: tuple[Outcome, ...]
    waiting: tuple[Wanted, ...]
    left: tuple[Wanted, ...]
    unanswered: frozenset[Format]
    answered: frozenset[Format]
    requests: int
    lists: int
    size: int
    seconds: float

    @property
    def tally(self) -> Tally:
        """How many versions became what, and what it cost."""
        return tally_of(
            self.outcomes,
            requests=self.requests,
            lists=self.lists,
            size=self.size,
            seconds=self.seconds,
        )
