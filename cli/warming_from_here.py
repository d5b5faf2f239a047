"""Warms a repository from the command's own process: fetch, wait until it is listed, try again."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain, repeat
from typing import TYPE_CHECKING, Final

from warm_caches.warming import confirm, warm

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

    from steward.coordinates import Format, Package, Repository
    from steward.upstream_walk import Connections
    from warm_caches.engine import Engine, How, Warmed
    from warm_caches.values import Outcome, Wanted

# Our choice: how long a public repository that does not answer is left alone between two tries.
PAUSES: Final = (5.0, 15.0, 30.0)
# Most is listed within seconds ("asynchronous persistence" takes longer at worst): our choice.
LOOKS: Final = (1.0, 2.0, 4.0, 8.0)
LOOK_EVERY: Final = 10.0
# "It can take up to 3 minutes" until a version is listed ("asynchronous persistence", User Guide).
LISTED_WITHIN: Final = 200.0
# "Quotas in AWS CodeArtifact", User Guide: 800 reads a second, of them 200 that list versions.
REQUESTS_PER_LIST: Final = 4
# Our choice: what the endpoint may take to send something, and to send a file to its end.
IDLE_SECONDS: Final = 30.0
WHOLE_SECONDS: Final = 600.0


def engine_on(
    client: "CodeArtifactClient", connections: "Connections", per_second: int, *, observe: bool
) -> "Engine":
    """
    Return the engine on *client*.

    Args:
        per_second: How many requests to the endpoint it makes at most, and a quarter as many lists.
        observe: It only says what it would fetch, and asks the endpoint for nothing.
    """
    from steward.codeartifact import CodeArtifactService
    from steward.endpoint_access import EndpointAccess
    from steward.pace import Pace
    from steward.streamed_http import StreamedHttp
    from steward.version_contents import ServiceVersionContents
    from warm_caches.engine import CONNECTIONS, Engine
    from warm_caches.fetching import EndpointFetching

    http = StreamedHttp(
        seconds_idle=IDLE_SECONDS, seconds_whole=WHOLE_SECONDS, connections=CONNECTIONS
    )
    fetching = EndpointFetching(EndpointAccess(client), http, Pace(per_second))
    return Engine(
        codeartifact=CodeArtifactService(client),
        fetching=None if observe else fetching,
        contents=ServiceVersionContents(client),
        lists=Pace(per_second / REQUESTS_PER_LIST),
        now=lambda: datetime.now(UTC),
        lacks=connections.lacks,
    )


def unconnected(
    wanted: Sequence["Wanted"], place: "Repository", connections: "Connections"
) -> dict["Format", str]:
    """
    Return what to say of the formats of *wanted* that *place* reaches no external connection for.

    Raises:
        CodeArtifactError: CodeArtifact does not say how repositories are connected.
    """
    return {
        one: f"{place.name} reaches no external connection for {one}: what it and its upstreams do "
        "not hold cannot be fetched"
        for one in sorted({each.package.format for each in wanted})
        if connections.lacks(place, one)
    }


@dataclass
class Warming:
    """
    A run from here.

    Attributes:
        outcomes: What became of each version, by package and version; the last word counts.
    """

    to: "Engine"
    how: "How"
    seconds: float
    on_outcome: Callable[["Outcome"], None]
    say: Callable[[str], None]
    outcomes: dict[tuple["Package", str | None], "Outcome"] = field(default_factory=dict)
    requests: int = 0
    lists: int = 0
    size: int = 0
    sleep: Callable[[float], None] = time.sleep

    def run(self, wanted: Sequence["Wanted"]) -> None:
        """
        Fetch what is missing of *wanted*.

        - What nobody answered for is asked for again, three times at most.
        - What was asked for is looked for until it is listed, then downloaded as a whole, then
          looked for once more.
        - After `seconds` of waiting the last word stands.
        """
        waiting = self._fetched(wanted, self.how)
        waiting = self._until_listed(waiting)
        if waiting and self.seconds > 0:
            self.say("downloading what is not listed yet")
            whole = replace(self.how, attempt=2)
            waiting = self._until_listed(self._fetched(waiting, whole))
            if waiting and self.seconds > 0:
                last = replace(self.how, attempt=3)
                self._took(warm(waiting, self.to, last, on_outcome=self._heard))

    def not_found(self) -> set["Format"]:
        """Return the formats of what nobody has, or of what a plan does not know to be there."""
        missing = ("not found", "would fetch")
        return {one.package.format for one in self.outcomes.values() if one.state in missing}

    def _fetched(self, wanted: Sequence["Wanted"], how: "How") -> tuple["Wanted", ...]:
        """Ask for *wanted*; return what has to be listed yet."""
        waiting: list[Wanted] = []
        left = tuple(wanted)
        for pause in (0.0, *PAUSES):
            if pause and not self._pause(pause, "the public repository does not answer"):
                break
            warmed = self._took(warm(left, self.to, how, on_outcome=self._heard))
            waiting += warmed.waiting
            left = warmed.left
            if not left:
                break
        return tuple(waiting)

    def _until_listed(self, waiting: tuple["Wanted", ...]) -> tuple["Wanted", ...]:
        """Look for *waiting* until it is listed, or takes longer than CodeArtifact says."""
        looked = 0.0
        for seconds in chain(LOOKS, repeat(LOOK_EVERY)):
            if not waiting or looked >= LISTED_WITHIN:
                break
            if not self._pause(seconds, f"{_versions(waiting)} not listed yet"):
                break
            looked += seconds
            waiting = self._took(confirm(waiting, self.to, self.how)).waiting
        return waiting

    def _pause(self, seconds: float, why: str) -> bool:
        """Wait, if there is that much time left; return whether there was."""
        if self.seconds < seconds:
            return False
        self.seconds -= seconds
        self.say(why)
        self.sleep(seconds)
        return True

    def _heard(self, outcome: "Outcome") -> None:
        """Note *outcome*, of which somebody who interrupts the run hears, too."""
        self.outcomes[(outcome.package, outcome.version)] = outcome
        self.on_outcome(outcome)

    def _took(self, warmed: "Warmed") -> "Warmed":
        for one in warmed.outcomes:
            self.outcomes[(one.package, one.version)] = one
        self.requests += warmed.requests
        self.lists += warmed.lists
        self.size += warmed.size
        return warmed


def _versions(wanted: Sequence["Wanted"]) -> str:
    number = sum(len(one.versions) for one in wanted)
    return f"{number:,} version{' is' if number == 1 else 's are'}"
