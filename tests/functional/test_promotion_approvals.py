"""Approvals over SQS as moto plays it: from the message of a person to the record and the look."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest

from promote_versions import messages
from promote_versions.approvals import Collaborators, approve_in_batch
from promote_versions.messages import ApprovalMessage, CopyOrder, Look, approval_body, order_in
from promote_versions.queues import SqsCopiesQueue, SqsPromotionsQueue
from promote_versions.records import ApprovalDecision, Record
from promote_versions.records_table import DynamoDbRecords
from steward import clients, patterns
from steward.coordinates import Package, Repository
from steward.observability import flush_metrics
from steward.policy import Policy
from steward.promotion_rules import PromotionRule, Requirements
from steward.purls import parse_purl
from tests.functional.promotions_table import create_table, moto_clients
from tests.unit.lambda_runtime import metric

if TYPE_CHECKING:
    from botocore.client import BaseClient

NOW = datetime(2026, 3, 1, 10, 15, tzinfo=UTC)
RULE = PromotionRule(
    name="public-to-approved",
    packages=(patterns.parse("/pypi/*"),),
    source="pypi-intake",
    to="pypi-approved",
    require=Requirements(approval="manual"),
    include_dependencies=False,
    recall="report",
    digest="5" * 64,
)


@dataclass
class Account:
    """An account with the queues and the table of promotion."""

    sqs: BaseClient
    approvals: str
    promotions: str
    copies: str
    records: DynamoDbRecords

    def send(self, body: str) -> None:
        """Send *body* as a person does, who cannot say who they are."""
        self.sqs.send_message(QueueUrl=self.approvals, MessageBody=body)

    def approve(self) -> list[str]:
        """Run the function on what is on its queue; return the ids of messages that stay."""
        records = self.received(self.approvals)
        to = Collaborators(
            Policy("0" * 64, "my-company", (), (), None, (RULE,)),
            self.records,
            SqsPromotionsQueue(self.promotions),
            lambda: NOW,
        )
        response = approve_in_batch({"Records": records}, to)
        return [one["itemIdentifier"] for one in response["batchItemFailures"]]

    def received(self, url: str) -> list[dict[str, object]]:
        """Return the messages of a queue as Lambda hands them to a function."""
        arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        answer = self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"]
        )
        found = cast("list[dict[str, object]]", answer.get("Messages", []))
        for one in found:
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        return [
            {
                "messageId": one["MessageId"],
                "body": one["Body"],
                "attributes": one["Attributes"],
                "eventSourceARN": arn["Attributes"]["QueueArn"],
            }
            for one in found
        ]

    def bodies(self, url: str) -> list[str]:
        """Return the bodies of what is on a queue."""
        return [str(one["body"]) for one in self.received(url)]

    @property
    def package(self) -> Package:
        """The package whose versions are approved: its domain is in the account of the queue."""
        owner = self.approvals.split("/")[3]
        return Package(Repository("my-company", owner, "pypi-intake"), "pypi", None, "requests")

    def hold(self, version: str = "1.0") -> Record:
        """Have a version wait for a person."""
        return self.records.put(
            Record(
                package=self.package,
                version=version,
                rule=RULE.name,
                to="pypi-approved",
                revision="R1",
                state="held",
                verdicts=(),
                requirements=RULE.digest,
                decided_at=NOW - timedelta(hours=1),
                asked=True,
            )
        )

    def record(self, version: str = "1.0") -> Record:
        """Return the record of a version."""
        found = self.records.find(self.package, version, RULE.name)
        assert found is not None
        return found


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An account with nothing in its table and its queues."""
    with moto_clients() as client:
        dynamodb, sqs = client("dynamodb"), client("sqs")
        monkeypatch.setattr(clients, "dynamodb", lambda: dynamodb)
        monkeypatch.setattr(clients, "sqs", lambda: sqs)
        create_table(dynamodb, "promotions")
        approvals, looks = (
            sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("approvals", "looks")
        )
        fifo = sqs.create_queue(QueueName="copies.fifo", Attributes={"FifoQueue": "true"})
        records = DynamoDbRecords("promotions", now=lambda: NOW)
        yield Account(sqs, approvals, looks, fifo["QueueUrl"], records)


def said(
    decision: ApprovalDecision = "approve", version: str = "1.0", revision: str | None = None
) -> str:
    """Return what a person sends."""
    purl = parse_purl(f"pkg:pypi/requests@{version}")
    return approval_body(ApprovalMessage(purl, RULE.name, decision, "read the diff", revision))


def test_an_approval_reaches_the_record_and_the_judge(account: Account) -> None:
    """With the sender that SQS names and the time that SQS noted."""
    account.hold()
    before = datetime.now(UTC)
    account.send(said())
    (message,) = account.sqs.receive_message(
        QueueUrl=account.approvals, AttributeNames=["SenderId"], VisibilityTimeout=0
    )["Messages"]
    assert account.approve() == []
    approval = account.record().approval
    assert approval is not None
    assert approval.who == message["Attributes"]["SenderId"]
    assert abs(approval.at - before) < timedelta(minutes=5)
    assert (approval.decision, approval.reason, approval.revision) == (
        "approve",
        "read the diff",
        "R1",
    )
    assert [one.version for one in account.records.due(NOW + timedelta(seconds=1))] == ["1.0"]
    assert [messages.read(body) for body in account.bodies(account.promotions)] == [
        Look(account.package)
    ]


def test_a_forged_body_changes_nothing(account: Account) -> None:
    """Whoever it claims to be from; it stays on the queue until it is a dead letter."""
    account.hold()
    account.send(json.dumps({**json.loads(said()), "who": "arn:aws:iam::1:user/boss"}))
    account.send(json.dumps({**json.loads(said()), "SenderId": "AIDABOSS"}))
    assert len(account.approve()) == 2
    assert account.record().serial == 1
    assert account.record().approval is None
    assert account.bodies(account.promotions) == []


def test_messages_may_come_twice_and_in_any_order(account: Account) -> None:
    """The approvals of several versions, one of which is about a revision that is gone."""
    for version in ("1.0", "1.1", "1.2"):
        account.hold(version)
    for body in (said(version="1.1"), said(version="1.0"), said(version="1.2", revision="R0")):
        account.send(body)
        account.send(body)
    assert account.approve() == []
    approvals = {version: account.record(version).approval for version in ("1.0", "1.1", "1.2")}
    assert {version for version, approval in approvals.items() if approval} == {"1.0", "1.1"}
    assert account.bodies(account.promotions) == [messages.look(account.package)]


def test_nothing_was_held(account: Account) -> None:
    """No record comes into being by an approval."""
    account.send(said())
    assert account.approve() == []
    assert account.records.of_package(account.package) == []


def test_orders_leave_their_queue_in_order_and_once(account: Account) -> None:
    """Sent again within five minutes, an order is the same message."""
    queue = SqsCopiesQueue(account.copies)
    orders = [
        CopyOrder(account.package, RULE.name, "pypi-approved", {f"1.{n}": "R1"}, (), NOW)
        for n in range(12)
    ]
    queue.order(*orders)
    queue.order(*orders)
    taken: list[str] = []
    while bodies := account.bodies(account.copies):
        taken += bodies
    assert [order_in(body) for body in taken] == orders


def test_what_people_decide_is_counted_apart(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the judge makes of it is another metric: nothing is counted twice under one name."""
    flush_metrics()
    capsys.readouterr()  # what other tests have counted
    account.hold("1.0")
    account.hold("1.1")
    account.send(said("approve", "1.0"))
    account.send(said("reject", "1.1"))
    account.approve()
    flush_metrics()
    written = capsys.readouterr().out
    assert metric(written, "ApprovalsRecorded") == [1.0]
    assert metric(written, "RejectionsRecorded") == [1.0]
    assert metric(written, "VersionsApproved") == []
