"""
What the pollers do to moto's queues, in process.

moto's queues are plain lists meant for one thread; here senders, receivers and the Web server work
on them at once. Every access is put under the lock that each of moto's queues has for its waiters.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar, cast
from uuid import uuid4

from cli.stack.clock import Chronicle
from cli.stack.json_types import Document

if TYPE_CHECKING:
    from moto.sqs.models import Message, Queue, SQSBackend

_P = ParamSpec("_P")
_R = TypeVar("_R")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_WAIT_SECONDS = 1.0  # a waiter looks again at least this often, so that it can be stopped


@dataclass(frozen=True, slots=True)
class Received:
    """One message as it was received: what a function gets, and the handle to delete it."""

    message_id: str
    receipt_handle: str
    record: Document  # Lambda Developer Guide, "Example Amazon SQS message event"
    size: int


def make_queues_thread_safe() -> None:
    """
    Put moto's operations on a queue under that queue's lock; a second call changes nothing.

    Without it a delete that rebuilds the list loses a message that is sent meanwhile, and two
    receivers get the same message. Waiting for messages lets go of the lock (it is a Condition's).
    """
    from moto.sqs.models import SQSBackend

    if hasattr(SQSBackend, "_locked_by_the_local_stack"):
        return
    for name in (
        "receive_message", "send_message", "change_message_visibility", "purge_queue"
    ):  # fmt: skip
        setattr(SQSBackend, name, _under_lock(getattr(SQSBackend, name)))
    setattr(SQSBackend, "delete_message", _delete_from_backend)  # noqa: B010  a method, to mypy
    SQSBackend._locked_by_the_local_stack = True  # type: ignore[attr-defined]  # noqa: SLF001  our own mark


def _under_lock(
    operation: "Callable[Concatenate[SQSBackend, str, _P], _R]",
) -> "Callable[Concatenate[SQSBackend, str, _P], _R]":
    @wraps(operation)
    def locked(backend: "SQSBackend", queue_name: str, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        queue = backend.get_queue(queue_name)
        with queue._messages_lock:  # noqa: SLF001  moto's own lock, so that its waiters wake
            return operation(backend, queue_name, *args, **kwargs)

    return cast("Callable[Concatenate[SQSBackend, str, _P], _R]", locked)


def _delete_from_backend(backend: "SQSBackend", queue_name: str, receipt_handle: str) -> None:
    """Delete a message by receipt handle, as moto does, in one pass and under the lock."""
    delete(backend.get_queue(queue_name), receipt_handle)


def send(
    backend: "SQSBackend",
    queue: "Queue",
    body: str,
    *,
    group_id: str | None = None,
    attributes: dict[str, str] | None = None,
) -> None:
    """
    Put a message on the queue, with text attributes, under the queue's own delay.

    To a standard queue directly: moto's own way looks at every message in the queue several times
    before it adds one.
    """
    from moto.sqs.models import Message

    message_attributes = {
        name: {"DataType": "String", "StringValue": value}
        for name, value in (attributes or {}).items()
    }
    if queue.fifo_queue:
        backend.send_message(queue.name, body, message_attributes, group_id=group_id)
        return
    message = Message(str(uuid4()), body)
    message.message_attributes = message_attributes
    message.mark_sent(delay_seconds=queue.delay_seconds)  # type: ignore[attr-defined]  # moto sets it with setattr
    queue.add_message(message)


def delete(queue: "Queue", receipt_handle: str) -> None:
    """
    Take the message with this receipt handle out of the queue; deleting it twice is no error.

    Raises:
        ReceiptHandleIsInvalid: No message of the queue ever had this handle.
    """
    from moto.sqs.exceptions import ReceiptHandleIsInvalid

    with queue._messages_lock:  # noqa: SLF001  see make_queues_thread_safe
        for index, message in enumerate(queue._messages):  # noqa: SLF001  moto has no public list
            if message.receipt_handle == receipt_handle or (
                message._old_receipt_handles and message.had_receipt_handle(receipt_handle)  # noqa: SLF001  skips a list per message
            ):
                del queue._messages[index]  # noqa: SLF001  as above
                queue.pending_messages.discard(message)
                queue.deleted_messages.update(h for h in message.all_receipt_handles if h)
                if queue.fifo_queue:  # what is behind it in its group can be had now
                    queue._messages_lock.notify_all()  # noqa: SLF001  as above
                return
        if receipt_handle not in queue.deleted_messages:
            raise ReceiptHandleIsInvalid


def receive(
    queue: "Queue", *, limit: int, wait_seconds: float, times: Chronicle | None = None
) -> list[Received]:
    """
    Receive up to *limit* messages, oldest first, waiting up to *wait_seconds* for the first.

    - Delayed messages and those in somebody's hands are passed over.
    - A message that was received `maxReceiveCount` times goes to the dead-letter queue instead.
    - The rest becomes invisible for the queue's visibility timeout.

    One pass over the queue, however deep it is. Timeouts are the machine's, and so are delays, but
    one that is over by *times*, because somebody has set that clock on, is over. When messages were
    sent and first received is said in the time of *times*.
    """
    deadline = time.monotonic() + wait_seconds
    with queue._messages_lock:  # noqa: SLF001  see make_queues_thread_safe
        while True:
            received, next_change = _take(queue, limit, times)
            remaining = deadline - time.monotonic()
            if received or remaining <= 0:
                return received
            until_change = LONGEST_WAIT_SECONDS if next_change is None else next_change
            wait = min(remaining, until_change, LONGEST_WAIT_SECONDS)
            queue._messages_lock.wait(max(wait, 0.001))  # noqa: SLF001  as above


def _take(
    queue: "Queue", limit: int, times: Chronicle | None
) -> tuple[list[Received], float | None]:
    """Return the messages to be had now, and the seconds until one more turns visible."""
    now = time.time() * 1000
    received: list[Received] = []
    dead: list[Message] = []
    next_change: float | None = None
    redrive = queue.redrive_policy if queue.dead_letter_queue is not None else None
    most_receives = int(redrive["maxReceiveCount"]) if redrive else None
    busy_groups = {
        message.group_id
        for message in queue.pending_messages
        if message.group_id is not None and message.visible_at > now
    }
    for message in queue._messages:  # noqa: SLF001  moto has no public list
        if len(received) >= limit:
            break
        available_at = max(message.visible_at, message.delayed_until)
        if available_at > now and _is_due(message, now, times):
            available_at = message.visible_at
        if available_at > now:
            seconds = (available_at - now) / 1000
            next_change = seconds if next_change is None else min(next_change, seconds)
            continue
        queue.pending_messages.discard(message)
        if queue.fifo_queue and message.group_id in busy_groups:
            continue
        if most_receives is not None and message.approximate_receive_count >= most_receives:
            dead.append(message)
            continue
        queue.pending_messages.add(message)
        message.mark_received(visibility_timeout=queue.visibility_timeout)  # type: ignore[attr-defined]  # moto sets it with setattr
        received.append(_received(queue, message, times))
    for message in dead:
        queue._messages.remove(message)  # noqa: SLF001  as above
        queue.dead_letter_queue.add_message(message)  # type: ignore[union-attr]  # dead is empty without one
    return received, next_change


def _is_due(message: "Message", now: float, times: Chronicle | None) -> bool:
    """Return whether the delay of *message* is over by *times*; *now* is in milliseconds."""
    if times is None or message.delayed_until <= now:
        return True
    sent = int(str(message.sent_timestamp))
    waited = times.time(_moment(now)) - times.time(_moment(sent))
    return waited >= timedelta(milliseconds=message.delayed_until - sent)


def _received(queue: "Queue", message: "Message", times: Chronicle | None) -> Received:
    """Return the message as Lambda hands it to a function."""
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "SentTimestamp": _stamp(message.sent_timestamp, times),
        "SenderId": message.sender_id,
        "ApproximateFirstReceiveTimestamp": _stamp(
            message.approximate_first_receive_timestamp, times
        ),
    }
    if message.group_id is not None:
        attributes["MessageGroupId"] = message.group_id
    if message.deduplication_id is not None:
        attributes["MessageDeduplicationId"] = message.deduplication_id
    if message.sequence_number is not None:
        attributes["SequenceNumber"] = message.sequence_number
    record: Document = {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": {
            name: {
                "dataType": value["DataType"],
                "stringValue": value.get("StringValue"),
            }
            for name, value in message.message_attributes.items()
        },
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.queue_arn,
        "awsRegion": queue.region,
    }
    return Received(message.id, str(message.receipt_handle), record, len(message.body))


def _stamp(milliseconds: object, times: Chronicle | None) -> str:
    """Return a time of moto's, which is the machine's, as milliseconds since 1970 of *times*."""
    if times is None:
        return str(milliseconds)
    moment = times.time(_moment(int(str(milliseconds))))
    return str((moment - _EPOCH) // timedelta(milliseconds=1))


def _moment(milliseconds: float) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
