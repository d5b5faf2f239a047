"""From a batch of SQS messages to the work that it asks for, and the answer that Lambda expects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, Protocol, TypedDict, TypeVar, cast

from steward import events
from steward.coordinates import Package
from steward.errors import BatchError, MalformedMessageError, StewardError
from steward.observability import PackageLog, count, logger

_T = TypeVar("_T")


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


@dataclass(frozen=True, slots=True)
class Message:
    """
    A message as Lambda hands it over ("Using Lambda with Amazon SQS": the event's shape).

    Attributes:
        attributes: What SQS itself says about the message (``SentTimestamp``, ``SenderId``).
        queue_arn: The queue that it was on.
    """

    id: str
    body: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    queue_arn: str = ""

    @property
    def account(self) -> str:
        """The account of the queue; empty if its ARN names none."""
        # arn:aws:sqs:region:account:name ("Using Lambda with Amazon SQS", Lambda Developer Guide)
        return self.queue_arn.rpartition(":")[0].rpartition(":")[2]


@dataclass(frozen=True, slots=True)
class Reading(Generic[_T]):
    """
    What the messages of a batch say.

    Attributes:
        read: Id and content of each message that could be read, in the order of the batch.
        malformed: The ids of the others.
    """

    read: tuple[tuple[str, _T], ...]
    malformed: tuple[str, ...]


class Log(Protocol):
    """Where it is written what became of a piece of work."""

    def warning(self, message: str, **keys: object) -> None:
        """Log what will be tried again."""

    def error(self, message: str, **keys: object) -> None:
        """Log what went wrong."""


@dataclass(frozen=True, slots=True)
class Work:
    """
    One piece of what a batch asks for.

    Attributes:
        messages: The ids of the messages that ask for it.
        act: What does it. A :class:`StewardError` that it raises leaves the messages on the queue.
        about: Logs with what the piece is about.
    """

    messages: Sequence[str]
    act: Callable[[], None]
    about: Log


def reconcile_batch(
    batch: object, reconcile: Callable[[Look], None], *, time_left: Callable[[], bool]
) -> BatchResponse:
    """
    Reconcile each package that the messages of *batch* name, once; return the messages that failed.

    What fails, and what becomes of the rest: :func:`read_batch` and :func:`carry_out`.

    Raises:
        BatchError: *batch* is no batch of SQS messages.
    """
    reading = read_batch(batch, lambda message: events.hint_in(message.body))
    waiting: dict[Package, list[str]] = {}
    new: set[Package] = set()
    for message_id, hint in reading.read:
        waiting.setdefault(hint.package, []).append(message_id)
        if not hint.repeated:
            new.add(hint.package)

    def looks() -> Iterator[Work]:
        for package, message_ids in waiting.items():
            look = Look(package, repeated=package not in new)
            yield Work(message_ids, partial(reconcile, look), PackageLog(package))

    failed = carry_out(looks(), of="Packages", time_left=time_left)
    return failures([*reading.malformed, *failed])


def read_batch(batch: object, read: Callable[[Message], _T]) -> Reading[_T]:
    """
    Return what each message of *batch* says, by *read*.

    One for which *read* raises a :class:`MalformedMessageError` fails by itself, every time, until
    it is on the dead-letter queue; the others go on.

    Raises:
        BatchError: *batch* is no batch of SQS messages.
    """
    good: list[tuple[str, _T]] = []
    malformed: list[str] = []
    for message in _messages(batch):
        try:
            good.append((message.id, read(message)))
        except MalformedMessageError as error:
            # ascii(): the reason quotes the message, which may hold what no log can encode.
            reason = ascii(str(error))
            logger().error("malformed message", extra={"message_id": message.id, "reason": reason})
            malformed.append(message.id)
    count("MessagesReceived", len(good) + len(malformed))
    count("MessagesMalformed", len(malformed))
    return Reading(tuple(good), tuple(malformed))


def carry_out(work: Iterable[Work], *, of: str, time_left: Callable[[], bool]) -> list[str]:
    """
    Do each piece of *work*; return the ids of the messages whose work is not done.

    - If it raises a :class:`StewardError`, all messages that ask for it fail.
    - Once *time_left* says no, what remains fails without being tried: a function that is stopped
      by its timeout would bring back what is finished too.
    - Whatever happens to one piece, the others go on.

    Args:
        of: What the pieces are, in the names of metrics.
    """
    failed: list[str] = []
    received = 0
    for piece in work:
        received += 1
        message_ids = list(piece.messages)
        if not time_left():
            piece.about.warning("put off", reason="no time left", message_ids=message_ids)
            count(f"{of}PutOff", 1)
            failed += message_ids
            continue
        try:
            piece.act()
        except StewardError as error:
            piece.about.error("failed", reason=str(error), message_ids=message_ids)
            count(f"{of}Failed", 1)
            failed += message_ids
    count(f"{of}Received", received)
    return failed


def failures(message_ids: Sequence[str]) -> BatchResponse:
    """Return the answer that leaves the messages *message_ids* on the queue, each named once."""
    return {"batchItemFailures": [{"itemIdentifier": one} for one in dict.fromkeys(message_ids)]}


def _messages(batch: object) -> Iterator[Message]:
    """Yield each message of *batch*."""
    records = cast("dict[str, object]", batch).get("Records") if isinstance(batch, dict) else None
    if not isinstance(records, list):
        raise BatchError("the function was called without Records; its only trigger is its queue")
    for record in cast("list[object]", records):
        if not isinstance(record, dict) or not isinstance(record.get("messageId"), str):
            raise BatchError("a record has no messageId: this is no batch of SQS messages")
        body, arn = record.get("body"), record.get("eventSourceARN")
        given = record.get("attributes")
        attributes = cast("dict[object, object]", given) if isinstance(given, dict) else {}
        yield Message(
            id=record["messageId"],
            body=body if isinstance(body, str) else "",
            attributes={
                name: str(value) for name, value in attributes.items() if isinstance(name, str)
            },
            queue_arn=arn if isinstance(arn, str) else "",
        )
