"""What is sent to the queues of promotion, in how many calls, and what is not accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import EndpointConnectionError

from promote_versions import messages
from promote_versions.messages import CopyOrder, Look, Recheck, RecheckAll, order_in
from promote_versions.queues import (
    MAX_BYTES,
    ObservedCopiesQueue,
    SqsCopiesQueue,
    SqsPromotionsQueue,
)
from steward import clients
from steward.clients import MessageEntry, SendBatchAnswer
from steward.coordinates import Package
from steward.errors import QueueError
from tests.unit.fake_codeartifact import package, refused
from tests.unit.logged_lines import Lines

NOW = datetime(2026, 3, 1, 10, 15, tzinfo=UTC)


@dataclass
class FakeSqs:
    """A client of SQS that keeps what it is sent."""

    calls: list[list[MessageEntry]] = field(default_factory=list)
    delayed: list[tuple[str, int]] = field(default_factory=list)
    answer: SendBatchAnswer = field(default_factory=SendBatchAnswer)
    error: Exception | None = None

    def send_message(self, *, QueueUrl: str, MessageBody: str, DelaySeconds: int) -> object:  # noqa: N803  AWS's names
        """Keep the message."""
        assert QueueUrl == "url"
        self.delayed.append((MessageBody, DelaySeconds))
        return {}

    def send_message_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803  AWS's name
        Entries: Sequence[MessageEntry],  # noqa: N803  AWS's name
    ) -> SendBatchAnswer:
        """Keep the messages, by the rules of SendMessageBatch."""
        assert QueueUrl == "url"
        assert 1 <= len(Entries) <= 10
        assert len({entry["Id"] for entry in Entries}) == len(Entries)
        assert sum(len(entry["MessageBody"].encode()) for entry in Entries) <= MAX_BYTES
        if self.error:
            raise self.error
        self.calls.append(list(Entries))
        return self.answer

    @property
    def bodies(self) -> list[str]:
        """All bodies in order."""
        return [entry["MessageBody"] for call in self.calls for entry in call]


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> FakeSqs:
    """Put a fake in the place of SQS's client."""
    fake = FakeSqs()
    monkeypatch.setattr(clients, "sqs", lambda: fake)
    return fake


def packages(number: int) -> list[Package]:
    """Return so many packages."""
    return [package(f"p{n}") for n in range(number)]


def order(
    versions: int = 1, *, after: tuple[tuple[Package, str], ...] = (), length: int = 1
) -> CopyOrder:
    """Return an order of so many versions, whose names have *length* characters of two bytes."""
    revisions = {f"{n}".rjust(length, "é"): "R" for n in range(versions)}
    return CopyOrder(package(), "r", "releases", revisions, after, NOW)


def test_looks_are_sent_ten_a_call(sqs: FakeSqs) -> None:
    """In their order; nothing is sent for nobody."""
    queue = SqsPromotionsQueue("url")
    queue.look()
    assert sqs.calls == []
    queue.look(*packages(21))
    assert [len(call) for call in sqs.calls] == [10, 10, 1]
    assert [messages.read(body) for body in sqs.bodies] == [Look(one) for one in packages(21)]
    assert all("MessageGroupId" not in entry for call in sqs.calls for entry in call)


def test_what_the_judge_sends_is_what_it_reads(sqs: FakeSqs) -> None:
    """A look that is answered, rechecks, and where they go on."""
    queue = SqsPromotionsQueue("url")
    queue.look(package(), request="id", policy_digest="0" * 64)
    queue.recheck(package())
    queue.continue_recheck("somewhere")
    queue.look_again(package(), after=timedelta(seconds=1.5))
    assert [messages.read(body) for body in sqs.bodies] == [
        Look(package(), "id", "0" * 64),
        Recheck(package()),
        RecheckAll("somewhere"),
    ]
    ((body, seconds),) = sqs.delayed
    assert (messages.read(body), seconds) == (Look(package()), 2)


def test_orders_are_one_group_and_each_is_sent_once(sqs: FakeSqs) -> None:
    """The same order has the same deduplication id, another one has another."""
    queue = SqsCopiesQueue("url")
    queue.order(order(1), order(2), order(1))
    first, second, again = sqs.calls[0]
    assert {entry["MessageGroupId"] for entry in sqs.calls[0]} == {"copies"}
    assert first["MessageDeduplicationId"] == again["MessageDeduplicationId"]
    assert first["MessageDeduplicationId"] != second["MessageDeduplicationId"]
    assert (
        len(first["MessageDeduplicationId"]) <= 128
    )  # SendMessageBatchRequestEntry, API Reference


@pytest.mark.parametrize(
    ("versions", "length", "pieces"),
    [
        pytest.param(100, 5, 1, id="100 versions are one order"),
        pytest.param(101, 5, 2, id="101 versions are two"),
        pytest.param(100, 255, 1, id="the longest names fit"),
    ],
)
def test_an_order_is_as_many_messages_as_it_needs(
    versions: int, length: int, pieces: int, sqs: FakeSqs
) -> None:
    """Together they order each version once."""
    whole = order(versions, length=length)
    SqsCopiesQueue("url").order(whole)
    read = [order_in(body) for body in sqs.bodies]
    assert len(read) == pieces
    ordered = [version for one in read for version in one.revisions]
    assert sorted(ordered) == sorted(whole.revisions)


def test_an_order_with_more_dependencies_than_fit_is_sent_without_them(sqs: FakeSqs) -> None:
    """The copier reads in the records what it may copy, and orders keep their order."""
    after = tuple((package("d" * 255), f"{n}") for n in range(1_000))
    SqsCopiesQueue("url").order(order(2, after=after))
    read = [order_in(body) for body in sqs.bodies]
    assert [list(one.revisions) for one in read] == [["0"], ["1"]]
    assert all(one.after == () for one in read)


def test_calls_stay_under_the_size_that_sqs_takes(sqs: FakeSqs) -> None:
    """However few messages go into one."""
    SqsCopiesQueue("url").order(*[order(100, length=255)] * 7)
    assert len(sqs.bodies) == 7
    assert len(sqs.calls) > 1


def test_messages_that_are_not_accepted_are_an_error(sqs: FakeSqs) -> None:
    """The call itself succeeds."""
    sqs.answer = {"Failed": [{"Id": "0", "Code": "InternalError", "Message": "try again"}]}
    with pytest.raises(QueueError, match="1 of 3 messages were not accepted: try again"):
        SqsPromotionsQueue("url").look(*packages(3))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (refused("SendMessageBatch", "AccessDenied"), "AccessDenied"),
        (EndpointConnectionError(endpoint_url="http://sqs"), "EndpointConnectionError"),
    ],
    ids=["SQS refuses", "SQS is not there"],
)
def test_a_call_that_fails_is_an_error(error: Exception, code: str, sqs: FakeSqs) -> None:
    """The message that led here comes back."""
    sqs.error = error
    with pytest.raises(QueueError) as raised:
        SqsCopiesQueue("url").order(order())
    assert raised.value.code == code


def test_observing_orders_nothing(sqs: FakeSqs, lines: Lines) -> None:
    """It says what would be copied."""
    ObservedCopiesQueue().order(order(2))
    assert sqs.calls == []
    (line,) = lines.of("would copy")
    assert (line["versions"], line["to"], line["rule"]) == (["0", "1"], "releases", "r")
    assert lines.of("copy ordered") == []


def test_an_order_is_logged_once_it_is_sent(sqs: FakeSqs, lines: Lines) -> None:
    """Not before, and not if the queue does not take it."""
    SqsCopiesQueue("url").order(order(2))
    (line,) = lines.of("copy ordered")
    assert (line["versions"], line["to"], line["rule"]) == (["0", "1"], "releases", "r")
    sqs.error = EndpointConnectionError(endpoint_url="http://sqs")
    with pytest.raises(QueueError):
        SqsCopiesQueue("url").order(order(2))
    assert lines.messages() == ["copy ordered"]
