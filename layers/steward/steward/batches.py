"""From a batch of SQS messages to one look per package, and the answer that Lambda expects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypedDict, cast

from steward import events
from steward.coordinates import Package
from steward.errors import BatchError, MalformedMessageError, StewardError
from steward.observability import PackageLog, count, logger


@dataclass(frozen=True, slots=True)
class Look:
    """
    A look at one package that messages of a batch ask for.

    Attributes:
        repeated: Nobody but we ourselves asked for it, with delayed messages: there was an earlier
            look. If an event of CodeArtifact names the package too, the look is not repeated.
    """

    package: Package
    repeated: bool


class FailedItem(TypedDict):
    """A message that stays on the queue."""

    itemIdentifier: str


class BatchResponse(TypedDict):
    """
    The messages of a batch that stay on the queue; the others are deleted.

    "Implementing partial batch responses", Lambda Developer Guide. SQS shows a failed message again
    and at last moves it to the dead-letter queue.
    """

    batchItemFailures: list[FailedItem]


def reconcile_batch(
    batch: object, reconcile: Callable[[Look], None], *, time_left: Callable[[], bool]
) -> BatchResponse:
    """
    Reconcile each package that the messages of *batch* name, once; return the messages that failed.

    - A message that is malformed fails by itself, every time, until it is on the dead-letter queue.
    - If *reconcile* raises a :class:`StewardError`, all messages of that package fail.
    - Once *time_left* says no, the packages that remain fail without being looked at: a function
      that is stopped by its timeout would bring back the finished ones too.
    - Whatever happens to one message or package, the others go on.

    Raises:
        BatchError: *batch* is no batch of SQS messages.
    """
    failed: list[str] = []
    waiting: dict[Package, list[str]] = {}
    new: set[Package] = set()
    received = 0
    for message_id, body in _messages(batch):
        received += 1
        try:
            hint = events.hint_in(body)
            waiting.setdefault(hint.package, []).append(message_id)
            if not hint.repeated:
                new.add(hint.package)
        except MalformedMessageError as error:
            # ascii(): the reason quotes the message, which may hold what no log can encode.
            reason = ascii(str(error))
            logger().error("malformed message", extra={"message_id": message_id, "reason": reason})
            failed.append(message_id)
    count("MessagesReceived", received)
    count("MessagesMalformed", len(failed))
    for package, message_ids in waiting.items():
        if not time_left():
            PackageLog(package).warning("put off", reason="no time left", message_ids=message_ids)
            count("PackagesPutOff", 1)
            failed += message_ids
            continue
        try:
            reconcile(Look(package, repeated=package not in new))
        except StewardError as error:
            PackageLog(package).error("failed", reason=str(error), message_ids=message_ids)
            count("PackagesFailed", 1)
            failed += message_ids
    count("PackagesReceived", len(waiting))
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _messages(batch: object) -> Iterator[tuple[str, str]]:
    """Yield id and body of each message ("Using Lambda with Amazon SQS": the event's shape)."""
    records = cast("dict[str, object]", batch).get("Records") if isinstance(batch, dict) else None
    if not isinstance(records, list):
        raise BatchError("the function was called without Records; its only trigger is its queue")
    for record in cast("list[object]", records):
        if not isinstance(record, dict) or not isinstance(record.get("messageId"), str):
            raise BatchError("a record has no messageId: this is no batch of SQS messages")
        body = record.get("body")
        yield record["messageId"], body if isinstance(body, str) else ""
