"""
Fetch through a repository what its users' builds will need, before they need it.

Trigger: the queue ``WarmingQueue``, with the messages of a schedule and of ``steward warm
--deployed``, and this function's own: batches of packages, and what was left of them.
Decision: :mod:`warm_caches.decision` and :mod:`warm_caches.newest`, by the policy's ``caches``.
Effect: CodeArtifact takes in versions that it does not hold, since they are asked for. What has not
the hash of the lock file is told to people, and ``Archived`` where the rule says so.
Undo: ``steward restore PURL --repository REPOSITORY --domain DOMAIN --version VERSION`` brings back
what was archived, for a while. What was fetched stays: CodeArtifact holds it as if a build had
asked for it.

Its own changes do not wake it: it listens to no event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Final

from steward import codeartifact as gateway
from steward import ledger
from steward.attention import SnsAttention
from steward.batches import BatchResponse, Message, Work, carry_out, failures, read_batch
from steward.cache_rules import LOCKED_FILE, load_locked
from steward.deployed import settings_and_policy
from steward.invocation import Invocation, time_left
from steward.observability import flush_metrics, logger
from steward.pace import Pace
from steward.upstream_walk import Connections
from steward.warming_notices import BusWarmingNotices
from warm_caches import messages, warming
from warm_caches.collaborators import Collaborators
from warm_caches.engine import CONNECTIONS, Engine, How, Warmed
from warm_caches.looking_again import look_again
from warm_caches.messages import WarmCaches, WarmingMessage
from warm_caches.objects import S3Objects
from warm_caches.outages_table import DynamoDbOutages
from warm_caches.planning import Sources
from warm_caches.plans import Delivery, warm_caches
from warm_caches.queue import SqsWarmingQueue
from warm_caches.runs_table import DynamoDbRuns
from warm_caches.worker import warm_packages

if TYPE_CHECKING:
    from steward.codeartifact import CodeArtifact
    from steward.endpoint_access import EndpointAccess
    from steward.ledger import Ledger
    from steward.settings import Mode
    from steward.streamed_http import StreamedHttp
    from warm_caches.fetching import Fetching
    from warm_caches.values import Outcome, Wanted

# Our choice: half a gigabyte at the pace of one connection. Whoever sends so slowly that it takes
# longer has not answered.
SECONDS_WHOLE: Final = 100.0
SECONDS_IDLE: Final = 10.0  # our choice, as the clients of AWS have
# Our choice: the last request may take all of its time, wait twice for 20 s because there were too
# many, and what is left has to be written and sent. The function is stopped at its timeout.
MILLISECONDS_TO_END: Final = 150_000
# Half of what an account has, for two functions at a time: "Quotas in AWS CodeArtifact", User Guide
# (200 ListPackageVersions and 800 reads a second). The comments of MaximumConcurrency count on it.
LISTS_PER_SECOND: Final = 50.0
REQUESTS_PER_SECOND: Final = 150.0  # with the lists 200


@dataclass(frozen=True, slots=True)
class _Read:
    """A message that was read, and how it was delivered."""

    content: WarmingMessage
    delivery: Delivery


def handler(event: object, context: Invocation | None) -> BatchResponse:
    """Do what the messages of the SQS batch *event* ask for."""
    enough = time_left(context, milliseconds=MILLISECONDS_TO_END)
    response = warm_in_batch(event, collaborators(), time_left=enough)
    flush_metrics()
    return response


def warm_in_batch(
    batch: object, to: Collaborators, *, time_left: Callable[[], bool] = lambda: True
) -> BatchResponse:
    """Do what the messages of the SQS batch *batch* ask for; return the messages to retry."""
    reading = read_batch(batch, partial(_read, to=to))
    failed = carry_out(_work(reading.read, to, time_left), of="Tasks", time_left=time_left)
    return failures([*reading.malformed, *failed])


@cache
def collaborators() -> Collaborators:
    """
    Return what the environment asks for, made at the first call and kept for the next ones.

    Raises:
        SettingsError: The environment is wrong, or the policy is for another domain.
        PolicyError: The compiled policy cannot be read.
    """
    chosen, policy = settings_and_policy()
    codeartifact = gateway.connect(chosen.mode)
    lists = Pace(LISTS_PER_SECOND)
    table = chosen.needed("warming_table")
    kept = ledger.connect(chosen.mode, chosen.needed("ledger_table"))
    connections = Connections(gateway.connect_repositories())
    return Collaborators(
        warm=_Warm(chosen.mode, codeartifact, kept, lists, connections),
        sources=Sources(
            codeartifact,
            S3Objects(),
            lambda: load_locked(chosen.policy.parent / LOCKED_FILE),
            lists,
        ),
        connections=connections,
        policy=policy,
        runs=DynamoDbRuns(table),
        outages=DynamoDbOutages(table),
        queue=SqsWarmingQueue(chosen.queue_url),
        notices=BusWarmingNotices(),
        attention=SnsAttention(chosen.attention_topic),
        now=_now,
    )


def _now() -> datetime:
    return datetime.now(UTC)


class _Warm:
    """The engine as the environment has it, with the pages of endpoints read anew each time."""

    def __init__(
        self,
        mode: Mode,
        codeartifact: CodeArtifact,
        ledger: Ledger,
        lists: Callable[[], None],
        connections: Connections,
    ) -> None:
        self._engine = Engine(
            codeartifact=codeartifact,
            fetching=None,
            contents=gateway.connect_contents(),
            lists=lists,
            now=_now,
            ledger=ledger,
            lacks=connections.lacks,
        )
        self._fetches = mode == "enforce"
        self._requests = Pace(REQUESTS_PER_SECOND)

    def __call__(
        self,
        wanted: Sequence[Wanted],
        how: How,
        *,
        on_outcome: Callable[[Outcome], None],
        time_left: Callable[[], bool],
    ) -> Warmed:
        """See :func:`warm_caches.warming.warm` and :func:`warm_caches.looking_again.look_again`."""
        fetching = self._fetching(time_left) if self._fetches else None
        engine = replace(self._engine, fetching=fetching)
        warmed = warming.warm(wanted, engine, how, on_outcome=on_outcome, time_left=time_left)
        return look_again(warmed, engine, how, on_outcome=on_outcome, time_left=time_left)

    def _fetching(self, time_left: Callable[[], bool]) -> Fetching:
        # Project pages are read once for each of these; connections and tokens stay.
        from warm_caches.fetching import EndpointFetching  # noqa: PLC0415  only enforce mode asks

        return EndpointFetching(*_endpoints(), self._requests, time_left=time_left)


@cache
def _endpoints() -> tuple[EndpointAccess, StreamedHttp]:
    """Return what opens the endpoints, and the connections to them."""
    from steward.streamed_http import StreamedHttp  # noqa: PLC0415  only enforce mode asks

    http = StreamedHttp(
        seconds_idle=SECONDS_IDLE, seconds_whole=SECONDS_WHOLE, connections=CONNECTIONS
    )
    return gateway.connect_endpoint_access(), http


def _read(message: Message, *, to: Collaborators) -> _Read:
    """
    Return what *message* asks for, and how it was delivered.

    Raises:
        MalformedMessageError: Nothing that is known here, or nobody can tell in which account.
    """
    content = messages.read(message.body, account=message.account, domain=to.policy.domain)
    often = message.attributes.get("ApproximateReceiveCount", "")
    repeated = often.isdecimal() and int(often) > 1
    return _Read(content, Delivery(message.id, _sent(message, to), message.account, repeated))


def _sent(message: Message, to: Collaborators) -> datetime:
    """Return when *message* was sent, which is the same at each delivery."""
    said = message.attributes.get("SentTimestamp", "")
    if not said.isdecimal():
        return to.now()
    return datetime.fromtimestamp(int(said) / 1000, UTC)


def _work(
    read: Iterable[tuple[str, _Read]], to: Collaborators, time_left: Callable[[], bool]
) -> Iterator[Work]:
    for message_id, one in read:
        content = one.content
        if isinstance(content, WarmCaches):
            act = partial(warm_caches, content, one.delivery, to, time_left=time_left)
            yield Work([message_id], act, _TaskLog({"rule": content.rule}))
        else:
            repeated = one.delivery.repeated
            act = partial(warm_packages, content, to, repeated=repeated, time_left=time_left)
            log = _TaskLog({"run": content.run, "batch": content.batch})
            yield Work([message_id], act, log)


@dataclass(frozen=True, slots=True)
class _TaskLog:
    """Log lines about what a message asks for."""

    about: dict[str, str | None]

    def warning(self, message: str, **keys: object) -> None:
        """Log what will be tried again."""
        logger().warning(message, extra={**self.about, **keys}, stacklevel=2)

    def error(self, message: str, **keys: object) -> None:
        """Log what went wrong."""
        logger().error(message, extra={**self.about, **keys}, stacklevel=2)
