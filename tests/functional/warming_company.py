"""The deployed side of warming on moto's queue, table and buckets, with an engine that plays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import moto.sqs.models
import pytest

from steward import clients
from steward.batches import BatchResponse
from steward.cache_rules import CacheRule
from steward.coordinates import UNRESTRICTED, Format, Package, Repository, Restrictions
from steward.policy import Policy
from steward.repositories import ExternalConnection, RepositoryDescription
from steward.upstream_walk import Connections
from steward.warming_notices import Mismatch, RunSummary
from tests.functional.failing_calls import Faults, Killed
from tests.functional.promotions_table import moto_clients
from tests.functional.warming_table import create_table
from warm_caches.app import warm_in_batch
from warm_caches.collaborators import Collaborators
from warm_caches.engine import How, Warmed
from warm_caches.messages import WarmCaches, WarmingMessage, body_of
from warm_caches.objects import S3Objects
from warm_caches.outages_table import DynamoDbOutages
from warm_caches.planning import Sources
from warm_caches.queue import SqsWarmingQueue
from warm_caches.runs import Run
from warm_caches.runs_table import DynamoDbRuns
from warm_caches.values import Outcome, Wanted

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from steward.attention import Delivery
    from steward.lockfiles import Locked

ACCOUNT = "012345678901"
DOMAIN = "my-company"
REPOSITORY = "DemoRepository"
THERE = Repository(DOMAIN, ACCOUNT, REPOSITORY)
BUCKET = "lock-files"
START = datetime(2026, 3, 1, 10, 15, 0, tzinfo=UTC)
MOST_RECEIVES = 5  # maxReceiveCount of the template's queue
# Longer than SQS allows: a message that has expired stops moto from giving out those behind it.
RETENTION_SECONDS = 10**9
PUBLIC: Mapping[Format, str] = {
    "pypi": "public:pypi",
    "npm": "public:npmjs",
    "maven": "public:maven-central",
}

_numbers = count()


@dataclass
class PlayedEngine:
    """
    A repository, and the public repositories behind it, as the engine would find them.

    Attributes:
        held: Package URLs of what is there.
        unknown: Package URLs that the public repositories do not have.
        mismatched: Package URLs of what has another hash.
        down: Formats whose public repository does not answer.
        slow: Package URLs that are only listed by an attempt of this number.
        at_a_time: So many packages fit into the time of a message; ``None``: all.
        observed: The endpoint is asked for nothing.
        fetched: How often each package URL was asked for.
        hows: How each call was told to work.
    """

    held: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    mismatched: set[str] = field(default_factory=set)
    down: set[Format] = field(default_factory=set)
    slow: dict[str, int] = field(default_factory=dict)
    at_a_time: int | None = None
    observed: bool = False
    fetched: dict[str, int] = field(default_factory=dict)
    hows: list[How] = field(default_factory=list)

    def __call__(
        self,
        wanted: Sequence[Wanted],
        how: How,
        *,
        on_outcome: Callable[[Outcome], None],
        time_left: Callable[[], bool],
    ) -> Warmed:
        """Warm what can be."""
        self.hows.append(how)
        done = [] if not time_left() else list(wanted[: self.at_a_time])
        left = list(wanted[len(done) :])
        outcomes: list[Outcome] = []
        waiting: list[Wanted] = []
        for one in done:
            if one.package.format in self.down and not self._is_held(one):
                left.append(one)
                continue
            for version in one.versions:
                outcome = self._outcome(one.package, version.version, how)
                if outcome is None:
                    waiting.append(replace(one, versions=(version,)))
                else:
                    outcomes.append(outcome)
        for outcome in outcomes:
            on_outcome(outcome)
        return Warmed(
            outcomes=tuple(outcomes),
            waiting=tuple(waiting),
            left=tuple(left),
            unanswered=frozenset(one.package.format for one in left) & self.down,
            answered=frozenset(one.package.format for one in outcomes if one.state == "fetched"),
            requests=0,
            lists=len(done),
            size=0,
            seconds=0.25,
        )

    def _is_held(self, one: Wanted) -> bool:
        return all(one.package.purl(each.version) in self.held for each in one.versions)

    def _outcome(self, package: Package, version: str, how: How) -> Outcome | None:
        purl = package.purl(version)
        if purl in self.mismatched and how.verify:
            return Outcome(package, version, "mismatch", "no listed hash")
        if purl in self.held:
            return Outcome(package, version, "warm")
        if self.observed:
            return Outcome(package, version, "would fetch")
        self.fetched[purl] = self.fetched.get(purl, 0) + 1
        if purl in self.unknown:
            return Outcome(package, version, "not found")
        if how.attempt < self.slow.get(purl, 1):
            return None
        self.held.add(purl)
        return Outcome(package, version, "fetched")


@dataclass
class HeldPackages:
    """What ListPackages shows, page by page; nothing else of CodeArtifact is asked here."""

    pages: list[list[Package]] = field(default_factory=list)
    listed: int = 0

    def packages(self, _: Repository) -> Iterator[list[tuple[Package, Restrictions]]]:
        """Yield the pages."""
        for page in self.pages:
            self.listed += 1
            yield [(one, UNRESTRICTED) for one in page]


@dataclass
class PublicConnections:
    """A repository whose upstreams have the external connections of three formats."""

    described: int = 0

    def describe(self, repository: Repository) -> RepositoryDescription:
        """Return how *repository* is connected."""
        self.described += 1
        if repository.name == REPOSITORY:
            return RepositoryDescription(REPOSITORY, tuple(f"{one}-store" for one in PUBLIC), ())
        package_format = next(one for one in PUBLIC if repository.name == f"{one}-store")
        connection = ExternalConnection(PUBLIC[package_format], package_format)
        return RepositoryDescription(repository.name, (), (connection,))


@dataclass
class Heard:
    """What people and subscribers were told."""

    told: list[tuple[str, str]] = field(default_factory=list)
    summaries: list[RunSummary] = field(default_factory=list)
    outages: list[tuple[str, str]] = field(default_factory=list)
    mismatches: list[str] = field(default_factory=list)
    delivery: Delivery = "delivered"

    def tell(self, subject: str, text: str) -> Delivery:
        """Hear a message for people."""
        if self.delivery != "lost":
            self.told.append((subject, text))
        return self.delivery

    def cache_warmed(self, _: Repository, summary: RunSummary, *, rule: str | None) -> None:  # noqa: ARG002  the interface
        """Hear that a run is over."""
        self.summaries.append(summary)

    def unavailable(
        self,
        _: Repository,
        connection: str,
        package_format: Format,  # noqa: ARG002  the interface
        reason: str,  # noqa: ARG002  the interface
        *,
        rule: str | None,  # noqa: ARG002  the interface
    ) -> None:
        """Hear of an outage."""
        self.outages.append(("begins", connection))

    def available_again(
        self,
        _: Repository,
        connection: str,
        package_format: Format,  # noqa: ARG002  the interface
        since: datetime,  # noqa: ARG002  the interface
        *,
        rule: str | None,  # noqa: ARG002  the interface
    ) -> None:
        """Hear of its end."""
        self.outages.append(("ends", connection))

    def mismatches_found(
        self,
        package: Package,
        found: Sequence[Mismatch],
        *,
        rule: str | None,  # noqa: ARG002  the interface
    ) -> None:
        """Hear of wrong files."""
        self.mismatches += [package.purl(one.version) for one in found]


class WarmingCompany:
    """
    The function, its queue, its table and its buckets, and the clock of all of it.

    Attributes:
        faults: What goes wrong with calls of SQS, DynamoDB and S3.
        dead_letters: The bodies of messages that the function could do nothing with.
        has_time: Whether a worker has time left.
        arranged: Gives the function something else to talk to.
    """

    def __init__(
        self, environment: pytest.MonkeyPatch, make: Callable[[str], BaseClient], *rules: CacheRule
    ) -> None:
        """Let the function's clients fail, and those of the test work."""
        self.faults = Faults()
        self.dead_letters: list[str] = []
        self.now = START
        self.sqs, self.dynamodb, self.s3 = make("sqs"), make("dynamodb"), make("s3")
        for name in ("sqs", "dynamodb", "s3"):
            faulty = self.faults.watch(make(name))
            environment.setattr(clients, name, lambda faulty=faulty: faulty)
        milliseconds = lambda *_: self.now.timestamp() * 1000  # noqa: E731  a clock
        seconds = lambda *_: self.now.timestamp()  # noqa: E731  a clock
        environment.setattr(moto.sqs.models, "unix_time_millis", milliseconds)
        environment.setattr(moto.sqs.models, "unix_time", seconds)
        number = next(_numbers)
        self.table = f"warming-{number}"
        create_table(self.dynamodb, self.table)
        attributes = {
            "VisibilityTimeout": "0",  # what failed has come back when it is asked for again
            "MessageRetentionPeriod": str(RETENTION_SECONDS),
        }
        made = self.sqs.create_queue(QueueName=f"warming-{number}", Attributes=attributes)
        self.url = str(made["QueueUrl"])
        self.bucket = f"{BUCKET}-{number}"
        where = {"LocationConstraint": "us-west-2"}
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration=where)
        self.policy = Policy("0" * 64, DOMAIN, (), caches=rules)
        self.engine = PlayedEngine()
        self.held = HeldPackages()
        self.heard = Heard()
        self.locked: dict[str, tuple[Locked, ...]] = {}
        self.connections = PublicConnections()
        self.has_time: Callable[[], bool] = lambda: True
        self.arranged: Callable[[Collaborators], Collaborators] = lambda to: to

    # What others do

    def advance(self, duration: timedelta) -> None:
        """Time passes, for everybody."""
        self.now += duration

    def tick(self, **said: Any) -> None:  # noqa: ANN401  the fields of a message
        """The schedule, or a person, has the caches warmed."""
        self.send(WarmCaches(**said))

    def send(self, message: WarmingMessage | str, *, copies: int = 1) -> None:
        """Somebody puts a message on the queue."""
        body = message if isinstance(message, str) else body_of(message)
        for _ in range(copies):
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def upload(self, key: str, content: bytes) -> str:
        """Somebody puts a lock file on S3; return its URL."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        return f"s3://{self.bucket}/{key}"

    # What the function does

    def collaborators(self) -> Collaborators:
        """Return what the function talks to."""
        to = Collaborators(
            warm=self.engine,
            sources=Sources(self.held, S3Objects(), lambda: self.locked),  # type: ignore[arg-type]  # the part of the gateway that plans ask
            connections=Connections(self.connections),
            policy=self.policy,
            runs=self.runs,
            outages=self.outages,
            queue=SqsWarmingQueue(self.url),
            notices=self.heard,
            attention=self.heard,
            now=lambda: self.now,
        )
        return self.arranged(to)

    @property
    def runs(self) -> DynamoDbRuns:
        """The runs in the table."""
        return DynamoDbRuns(self.table)

    @property
    def outages(self) -> DynamoDbOutages:
        """The outages in the table."""
        return DynamoDbOutages(self.table)

    def take(self) -> list[dict[str, Any]]:
        """Return a batch of one message that is on the queue, as Lambda hands it over."""
        answer = self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=1, AttributeNames=["All"]
        )
        return [
            {
                "messageId": one["MessageId"],
                "receiptHandle": one["ReceiptHandle"],
                "body": one["Body"],
                "attributes": one["Attributes"],
                "eventSourceARN": f"arn:aws:sqs:us-west-2:{ACCOUNT}:warming",
            }
            for one in answer.get("Messages", [])
        ]

    def deliver(self, records: Sequence[Mapping[str, Any]]) -> BatchResponse:
        """The function works on *records*."""
        return warm_in_batch(
            {"Records": list(records)}, self.collaborators(), time_left=self.has_time
        )

    def work(self, *, copies: int = 1) -> bool:
        """
        The function works on one message, maybe several times; return whether there was one.

        What failed comes back at once, and so does what the worker died over; what has come back
        more often than the queue of the template would bear is a dead letter.
        """
        batch = self.take()
        if not batch:
            return False
        try:
            failed = [self.deliver(batch)["batchItemFailures"] for _ in range(copies)][-1]
        except Killed:
            failed = [{"itemIdentifier": batch[0]["messageId"]}]
        finally:
            self.faults.revive()
        often = int(batch[0]["attributes"]["ApproximateReceiveCount"])
        if failed and often < MOST_RECEIVES:
            return True
        if failed:
            self.dead_letters.append(batch[0]["body"])
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=batch[0]["receiptHandle"])
        return True

    def work_off(self, *, copies: int = 1, most: int = 500) -> int:
        """Everything that can be worked on now is; return how many messages that took."""
        for number in range(most):
            if not self.work(copies=copies):
                return number
        raise AssertionError("warming does not come to rest")

    def wait(self, duration: timedelta) -> int:
        """Time passes, and what is due by then is worked off; return how many messages it took."""
        self.advance(duration)
        return self.work_off()

    # What there is to see

    def last(self) -> Run:
        """Return the newest run."""
        with self.faults.suspended():
            return self.runs.latest(limit=1)[0]


@contextmanager
def company(*rules: CacheRule) -> Iterator[WarmingCompany]:
    """Give the function a queue, a table and a bucket in moto."""
    with moto_clients() as make, pytest.MonkeyPatch.context() as environment:
        yield WarmingCompany(environment, make, *rules)
