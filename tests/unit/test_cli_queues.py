"""Receiving from and deleting in moto's queues, in process."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from moto.sqs.exceptions import ReceiptHandleIsInvalid
from moto.sqs.models import Queue, SQSBackend

from cli.stack import queues
from cli.stack.clock import Chronicle, MachineClock
from cli.stack.queues import Received, delete, make_queues_thread_safe, receive
from emulator.core.clock import Clock


@pytest.fixture
def backend() -> Iterator[SQSBackend]:
    """Return a region of a made-up account without queues."""
    from moto.sqs.models import sqs_backends

    make_queues_thread_safe()
    region = sqs_backends["210987654321"]["us-west-2"]
    yield region
    region.queues.clear()


def bodies(queue: Queue, limit: int = 10) -> list[str]:
    """Receive what there is now and return the texts."""
    return [str(message.record["body"]) for message in receive(queue, limit=limit, wait_seconds=0)]


def test_messages_come_oldest_first_up_to_the_limit(backend: SQSBackend) -> None:
    """And each comes once while it is in somebody's hands."""
    queue = backend.create_queue("queue")
    for number in range(5):
        backend.send_message("queue", f"message {number}")
    assert bodies(queue, limit=3) == ["message 0", "message 1", "message 2"]
    assert bodies(queue) == ["message 3", "message 4"]
    assert bodies(queue) == []


def test_a_record_is_what_lambda_hands_over(backend: SQSBackend) -> None:
    """All keys of the Developer Guide's example."""
    queue = backend.create_queue("queue")
    attribute = {"DataType": "String", "StringValue": "why"}
    backend.send_message("queue", "text", message_attributes={"reason": attribute})
    (message,) = receive(queue, limit=1, wait_seconds=0)
    record = message.record
    assert record["eventSourceARN"] == "arn:aws:sqs:us-west-2:210987654321:queue"
    assert record["messageAttributes"] == {"reason": {"dataType": "String", "stringValue": "why"}}
    assert record["attributes"]["ApproximateReceiveCount"] == "1"  # type: ignore[index]  # a JSON object
    assert json.loads(json.dumps(record)) == record
    assert set(record) == {
        "messageId",
        "receiptHandle",
        "body",
        "attributes",
        "messageAttributes",
        "md5OfBody",
        "eventSource",
        "eventSourceARN",
        "awsRegion",
    }


def test_a_message_received_too_often_is_moved(backend: SQSBackend) -> None:
    """After `maxReceiveCount` it is in the dead-letter queue, and only there."""
    dead_letters = backend.create_queue("dead-letters")
    redrive = {"deadLetterTargetArn": dead_letters.queue_arn, "maxReceiveCount": 2}
    queue = backend.create_queue("queue", VisibilityTimeout=0, RedrivePolicy=json.dumps(redrive))
    backend.send_message("queue", "bad")
    assert [bodies(queue), bodies(queue), bodies(queue)] == [["bad"], ["bad"], []]
    assert bodies(dead_letters) == ["bad"]


def test_a_group_of_a_fifo_queue_waits_for_its_message_in_hand(backend: SQSBackend) -> None:
    """Other groups do not."""
    queue = backend.create_queue("queue.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    backend.send_message("queue.fifo", "a1", group_id="a")
    assert bodies(queue) == ["a1"]
    backend.send_message("queue.fifo", "a2", group_id="a")
    backend.send_message("queue.fifo", "b1", group_id="b")
    assert bodies(queue) == ["b1"]


def test_deleting_takes_one_message_and_twice_does_no_harm(backend: SQSBackend) -> None:
    """A handle that no message ever had is an error."""
    queue = backend.create_queue("queue", VisibilityTimeout=0)
    backend.send_message("queue", "first")
    backend.send_message("queue", "second")
    (message,) = receive(queue, limit=1, wait_seconds=0)
    delete(queue, message.receipt_handle)
    delete(queue, message.receipt_handle)
    assert bodies(queue) == ["second"]
    with pytest.raises(ReceiptHandleIsInvalid):
        delete(queue, "made up")


def test_a_waiting_receiver_wakes_when_a_message_comes(backend: SQSBackend) -> None:
    """It waits on the queue's own lock, which senders notify."""
    queue = backend.create_queue("queue")
    threading.Timer(0.05, backend.send_message, ("queue", "late")).start()
    (message,) = receive(queue, limit=1, wait_seconds=10)
    assert message.record["body"] == "late"


def test_senders_and_deleters_at_once_lose_nothing(backend: SQSBackend) -> None:
    """What was sent while others deleted is there, and nothing was received twice."""
    queue = backend.create_queue("queue")
    received: list[str] = []

    def send() -> None:
        for number in range(300):
            backend.send_message("queue", f"{threading.get_ident()}-{number}")

    def take() -> None:
        while messages := receive(queue, limit=10, wait_seconds=0.3):
            for message in messages:
                received.append(message.message_id)
                delete(queue, message.receipt_handle)

    threads = [threading.Thread(target=work) for work in (send, send, take, take)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(received) == len(set(received)) == 600
    assert queue.approximate_number_of_messages == 0


def sent_at(queue: Queue, times: Chronicle) -> datetime:
    """Receive the one message there is, and return when it was sent."""
    (message,) = receive(queue, limit=1, wait_seconds=0, times=times)
    attributes = message.record["attributes"]
    return datetime.fromtimestamp(int(attributes["SentTimestamp"]) / 1000, UTC)  # type: ignore[index]  # a JSON object


def test_a_message_was_sent_in_the_time_that_was_in_force_then(backend: SQSBackend) -> None:
    """A clock that is set on afterwards does not make it later."""
    queue = backend.create_queue("queue")
    clock = Clock()
    clock.advance(timedelta(days=2))
    times = Chronicle(clock)
    early = datetime.now(UTC) - timedelta(seconds=1)
    clock.advance(timedelta(days=5))
    assert abs(times.time(early) - early - timedelta(days=2)) < timedelta(seconds=1)
    backend.send_message("queue", "late")
    assert abs(sent_at(queue, times) - clock.now()) < timedelta(seconds=10)


def test_nothing_is_sent_after_the_time_at_which_a_clock_stands_still(backend: SQSBackend) -> None:
    """Functions compare the two."""
    queue = backend.create_queue("queue")
    clock = Clock()
    times = Chronicle(clock)
    clock.freeze()
    backend.send_message("queue", "text")
    assert sent_at(queue, times) <= clock.now()


def test_without_a_clock_of_ones_own_times_are_the_machines(backend: SQSBackend) -> None:
    """To the millisecond, as moto has them."""
    queue = backend.create_queue("queue")
    backend.send_message("queue", "text")
    (message,) = queue._messages
    assert sent_at(queue, Chronicle(MachineClock())).timestamp() * 1000 == pytest.approx(
        message.sent_timestamp
    )


def test_whoever_waits_for_a_group_hears_when_the_message_before_is_done(
    backend: SQSBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, not at the next look: a batch of a FIFO queue follows the other without a pause."""
    monkeypatch.setattr(queues, "LONGEST_WAIT_SECONDS", 60.0)
    queue = backend.create_queue("orders.fifo", FifoQueue="true")
    for body in ("first", "second"):
        backend.send_message("orders.fifo", body, group_id="g", deduplication_id=body)
    (first,) = receive(queue, limit=1, wait_seconds=0)
    received: list[Received] = []
    waiter = threading.Thread(
        target=lambda: received.extend(receive(queue, limit=1, wait_seconds=60)), daemon=True
    )
    waiter.start()
    deadline = time.monotonic() + 10
    while not queue._messages_lock._waiters:  # type: ignore[attr-defined]  # those of a Condition
        assert time.monotonic() < deadline
        time.sleep(0.01)
    delete(queue, first.receipt_handle)
    waiter.join(timeout=10)
    assert [message.record["body"] for message in received] == ["second"]
