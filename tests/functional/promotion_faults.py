"""Promotion with its table and queues in moto, where any call may fail and any worker may die."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, Literal, cast

import botocore.session
import moto.sqs.models
import pytest
from botocore.config import Config

from promote_versions import approvals, copying, messages
from promote_versions.app import promote_in_batch
from promote_versions.approvals import approve_in_batch
from promote_versions.collaborators import Collaborators
from promote_versions.copier import copy_in_batch
from promote_versions.osv import HttpOsv
from promote_versions.queues import SqsCopiesQueue, SqsPromotionsQueue
from promote_versions.records import ApprovalDecision, Record
from promote_versions.records_table import DynamoDbRecords
from promote_versions.topology import Topology
from steward import clients
from steward.batches import BatchResponse
from steward.codeartifact import CodeArtifactService
from steward.copies import CopyService
from steward.endpoint import ServiceEndpoint
from steward.package_groups import PackageGroups
from steward.repositories import ServiceRepositories
from steward.version_contents import ServiceVersionContents
from tests.functional.failing_calls import Faults, Killed
from tests.functional.promotion_domain import INTAKE, PromotionDomain
from tests.functional.promotions_table import create_table, moto_clients

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from mypy_boto3_codeartifact import CodeArtifactClient

    from steward.coordinates import Package

Queue = Literal["promotions", "approvals", "copies"]
QUEUES: tuple[Queue, ...] = ("promotions", "approvals", "copies")
AT_ONCE = 10  # messages that SQS gives at once
MOST_RECEIVES = 5  # maxReceiveCount of the template's queues
# Longer than SQS allows: a message that has expired stops moto from giving out those behind it.
RETENTION_SECONDS = 10**9

_numbers = count()


class FaultyPromotions:
    """
    The three functions of promotion, their table, their queues, and the clock of all of it.

    Attributes:
        domain: The local CodeArtifact and the local OSV, and what others do there.
        faults: What goes wrong.
        dead_letters: The bodies of messages that no function could do anything with.
    """

    def __init__(
        self,
        domain: PromotionDomain,
        environment: pytest.MonkeyPatch,
        make: Callable[[str], BaseClient],
    ) -> None:
        """Let the functions' clients fail, and those of the test work."""
        self.domain, self.environment, self.make = domain, environment, make
        self.faults = Faults()
        self.dead_letters: list[str] = []
        session = botocore.session.Session()
        session.set_credentials("dummy", "dummy")
        endpoint = self.domain.client.meta.endpoint_url
        config = Config(retries={"mode": "standard", "total_max_attempts": 1})
        client = session.create_client(
            "codeartifact", region_name="us-west-2", endpoint_url=endpoint, config=config
        )
        self.client = cast("CodeArtifactClient", self.faults.watch(cast("BaseClient", client)))
        self.sqs, self.dynamodb = self.make("sqs"), self.make("dynamodb")
        faulty = {name: self.faults.watch(self.make(name)) for name in ("sqs", "dynamodb")}
        for name, one in faulty.items():
            self.environment.setattr(clients, name, lambda one=one: one)
        milliseconds = lambda *_: self.domain.now.timestamp() * 1000  # noqa: E731  a clock
        seconds = lambda *_: self.domain.now.timestamp()  # noqa: E731  a clock
        self.environment.setattr(moto.sqs.models, "unix_time_millis", milliseconds)
        self.environment.setattr(moto.sqs.models, "unix_time", seconds)
        self.start_again()

    def start_again(self) -> None:
        """Nothing is queued, recorded or known, and nothing goes wrong."""
        self.faults.end()
        self.faults.calls.clear()
        self.dead_letters.clear()
        self.domain.start_again()
        self.domain.state.clock.freeze(self.domain.now)
        number = next(_numbers)
        self.table = f"promotions-{number}"
        create_table(self.dynamodb, self.table)
        self.urls: dict[Queue, str] = {
            name: self._queue(f"{name}-{number}", fifo=name == "copies") for name in QUEUES
        }
        self.records = DynamoDbRecords(self.table, now=lambda: self.domain.now)
        self.osv = HttpOsv(self.osv_url)
        self.topology = self._topology()

    @property
    def osv_url(self) -> str:
        """The base URL of the local OSV."""
        return f"{str(self.domain.http.base_url).rstrip('/')}/_emulator/osv"

    def _queue(self, name: str, *, fifo: bool) -> str:
        attributes = {
            "VisibilityTimeout": "0",  # what failed has come back when it is asked for again
            "MessageRetentionPeriod": str(RETENTION_SECONDS),
        }
        if fifo:
            attributes["FifoQueue"] = "true"
        made = self.sqs.create_queue(QueueName=f"{name}{'.fifo' * fifo}", Attributes=attributes)
        return str(made["QueueUrl"])

    def _topology(self) -> Topology:
        return Topology(
            ServiceRepositories(self.client),
            CodeArtifactService(self.client),
            lambda domain, owner: PackageGroups(self.client, domain=domain, domain_owner=owner),
            monotonic=self._seconds,
        )

    def _seconds(self) -> float:
        return self.domain.now.timestamp()

    # What others do

    def advance(self, duration: timedelta) -> None:
        """Time passes, for everybody."""
        self.domain.now += duration
        self.domain.state.clock.freeze(self.domain.now)

    def send(self, queue: Queue, *bodies: str, copies: int = 1) -> None:
        """Somebody puts messages on a queue."""
        for body in bodies:
            for _ in range(copies):
                group = {"MessageGroupId": "copies", "MessageDeduplicationId": f"{next(_numbers)}"}
                self.sqs.send_message(
                    QueueUrl=self.urls[queue],
                    MessageBody=body,
                    **(group if queue == "copies" else {}),
                )

    def events(self, *, copies: int = 1) -> int:
        """What CodeArtifact has said since is on the queue; return how many events that were."""
        queued = self.domain.take_queued()
        self.send("promotions", *map(json.dumps, queued), copies=copies)
        return len(queued)

    def say(
        self,
        decision: ApprovalDecision,
        package: Package,
        version: str,
        *,
        revision: str | None = None,
        copies: int = 1,
        **forged: str,
    ) -> None:
        """A person approves or rejects a version, or somebody pretends to be one."""
        body = {
            "purl": package.purl(version),
            "rule": self.rule,
            "decision": decision,
            "reason": "read it",
            **({"revision": revision} if revision else {}),
            **forged,
        }
        self.send("approvals", json.dumps(body), copies=copies)

    @property
    def rule(self) -> str:
        """The name of the only rule."""
        return self.domain.policy.promotions[0].name

    # What the functions do

    def take(self, queue: Queue) -> list[dict[str, Any]]:
        """Return a batch of what is on a queue, as Lambda hands it over."""
        url = self.urls[queue]
        answer = self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=AT_ONCE, AttributeNames=["All"]
        )
        return [
            {
                "messageId": one["MessageId"],
                "receiptHandle": one["ReceiptHandle"],
                "body": one["Body"],
                "attributes": one["Attributes"],
                "eventSourceARN": f"arn:aws:sqs:us-west-2:{INTAKE.domain_owner}:{queue}",
            }
            for one in answer.get("Messages", [])
        ]

    def work(
        self,
        queue: Queue,
        arrange: Callable[[list[dict[str, Any]]], Sequence[dict[str, Any]]] = lambda batch: batch,
    ) -> bool:
        """
        A function works on one batch of its queue; return whether there was any.

        What failed comes back at once, and all of it if the worker died; what has come back more
        often than a queue of the template would bear is a dead letter.

        Args:
            arrange: Makes of a batch the one that is delivered: other orders, doubles.
        """
        batch = self.take(queue)
        if not batch:
            return False
        try:
            response = self.deliver(queue, arrange(batch))
            failed = {item["itemIdentifier"] for item in response["batchItemFailures"]}
        except Killed:
            failed = {one["messageId"] for one in batch}
        finally:
            self.faults.revive()
        for one in batch:
            where = {"QueueUrl": self.urls[queue], "ReceiptHandle": one["receiptHandle"]}
            often = int(one["attributes"]["ApproximateReceiveCount"])
            if one["messageId"] in failed and often < MOST_RECEIVES:
                continue
            if one["messageId"] in failed:
                self.dead_letters.append(one["body"])
            self.sqs.delete_message(**where)
        return True

    def deliver(self, queue: Queue, records: Sequence[Mapping[str, Any]]) -> BatchResponse:
        """The function of a queue works on *records*."""
        batch = {"Records": list(records)}
        if queue == "promotions":
            return promote_in_batch(batch, self.judge())
        if queue == "approvals":
            to = approvals.Collaborators(
                self.domain.policy, self.records, self._promotions(), lambda: self.domain.now
            )
            return approve_in_batch(batch, to)
        return copy_in_batch(batch, self.copier())

    def work_off(self, *, rounds: int = 200) -> None:
        """Everything that can be worked on now is, and what follows from it."""
        for _ in range(rounds):
            arrived = self.events()
            worked = [self.work(queue) for queue in QUEUES]
            if not any(worked) and not arrived:
                return
        raise AssertionError("promotion does not come to rest")

    def wait(self, duration: timedelta) -> None:
        """Time passes, and the schedule has what is due looked at; all of it is worked off."""
        self.advance(duration)
        self.send("promotions", messages.due_now())
        self.work_off()

    def recheck(self, package: Package) -> None:
        """What was promoted of *package* is checked again."""
        self.send("promotions", messages.recheck(package))
        self.work_off()

    def waiting(self) -> int:
        """Return how many messages there are, those that are delayed or being worked on too."""
        names = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesDelayed",
            "ApproximateNumberOfMessagesNotVisible",
        ]
        return sum(
            int(number)
            for url in self.urls.values()
            for number in self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)[
                "Attributes"
            ].values()
        )

    def judge(self) -> Collaborators:
        """Return what the judge talks to."""
        return replace(
            self.domain.collaborators(),
            codeartifact=CodeArtifactService(self.client),
            contents=ServiceVersionContents(self.client),
            topology=self.topology,
            endpoint=ServiceEndpoint(self.client, now=lambda: self.domain.now),
            osv=self.osv,
            records=self.records,
            own_queue=self._promotions(),
            copies=SqsCopiesQueue(self.urls["copies"]),
        )

    def copier(self) -> copying.Collaborators:
        """Return what the copier talks to."""
        return replace(
            self.domain.copier(),
            codeartifact=CodeArtifactService(self.client),
            contents=ServiceVersionContents(self.client),
            copies=CopyService(self.client, lambda: None),
            records=self.records,
            queue=self._promotions(),
        )

    def _promotions(self) -> SqsPromotionsQueue:
        return SqsPromotionsQueue(self.urls["promotions"])

    # What there is to see

    def found(self, package: Package) -> dict[str, Record]:
        """Return the record of each version of *package*; no fault disturbs."""
        with self.faults.suspended():
            return {one.version: one for one in self.records.of_package(package)}

    def items(self) -> list[Mapping[str, object]]:
        """Return everything that stands in the table."""
        return sorted(self.dynamodb.scan(TableName=self.table)["Items"], key=repr)


@contextmanager
def faulty(domain: PromotionDomain) -> Iterator[FaultyPromotions]:
    """Give the functions of *domain* a table and queues in moto."""
    with moto_clients() as make, pytest.MonkeyPatch.context() as environment:
        yield FaultyPromotions(domain, environment, make)
    domain.state.clock.resume()
