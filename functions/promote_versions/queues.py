"""Where promotion sends its messages: looks and rechecks to itself, orders to the copier."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from promote_versions import messages
from promote_versions.messages import CopyOrder
from steward import clients
from steward.clients import MessageEntry
from steward.coordinates import Package
from steward.errors import QueueError
from steward.observability import PackageLog, count
from steward.own_queue import SqsOwnQueue

MAX_ENTRIES: Final = 10  # SendMessageBatch, SQS API Reference
# Of a message, and of all messages of a call. Our choice: SQS allows more today, but a queue may be
# set to this, which was the limit for long (MaximumMessageSize, SetQueueAttributes, API Reference).
MAX_BYTES: Final = 262_144
# All copies share one quota ("Quotas in CodeArtifact": CopyPackageVersions, 5 a second), so all are
# one group: SQS hands out nothing of a group while something of it is being worked on.
COPIES_GROUP: Final = "copies"


class PromotionsQueue(Protocol):
    """The judge's own queue. Every method raises :class:`QueueError`."""

    def look(
        self, *packages: Package, request: str | None = None, policy_digest: str | None = None
    ) -> None:
        """Have each of *packages* looked at, ten a call."""

    def recheck(self, *packages: Package) -> None:
        """Have what was promoted of each of *packages* checked again, ten a call."""

    def continue_recheck(self, after: str) -> None:
        """Have the check of everything go on after *after*."""

    def look_again(self, package: Package, *, after: timedelta) -> None:
        """Have *package* looked at again, not before *after*, which is at most 15 minutes."""


class CopiesQueue(Protocol):
    """The copier's queue. Orders are carried out one after the other, in the order they came."""

    def order(self, *orders: CopyOrder) -> None:
        """
        Order copies; the same order twice within five minutes is one.

        Raises:
            QueueError: Some were not accepted; all of them may be ordered again.
        """


class SqsPromotionsQueue:
    """The judge's own queue in SQS."""

    def __init__(self, url: str) -> None:
        self._url = url

    def look(
        self, *packages: Package, request: str | None = None, policy_digest: str | None = None
    ) -> None:
        """See :class:`PromotionsQueue`."""
        _send(
            self._url,
            (
                messages.look(package, request=request, policy_digest=policy_digest)
                for package in packages
            ),
        )

    def recheck(self, *packages: Package) -> None:
        """See :class:`PromotionsQueue`."""
        _send(self._url, map(messages.recheck, packages))

    def continue_recheck(self, after: str) -> None:
        """See :class:`PromotionsQueue`."""
        _send(self._url, [messages.recheck_all(after)])

    def look_again(self, package: Package, *, after: timedelta) -> None:
        """See :class:`PromotionsQueue`."""
        SqsOwnQueue(self._url).look_again(package, after=after)


class SqsCopiesQueue:
    """The copier's queue in SQS, which is a FIFO queue."""

    def __init__(self, url: str) -> None:
        self._url = url

    def order(self, *orders: CopyOrder) -> None:
        """
        See :class:`CopiesQueue`.

        An order that is too long for a message becomes several.
        """
        pieces = (piece for order in orders for piece in _pieces(order))
        _send(self._url, map(messages.body_of, pieces), group=COPIES_GROUP)
        for order in orders:
            PackageLog(order.package).info("copy ordered", **_words(order))
            count("CopiesOrdered", len(order.revisions))


class ObservedCopiesQueue:
    """The copier's queue for observe mode: orders are logged and go nowhere."""

    def order(self, *orders: CopyOrder) -> None:
        """Log what would be copied."""
        for order in orders:
            PackageLog(order.package).info("would copy", **_words(order))


def _words(order: CopyOrder) -> dict[str, object]:
    return {"versions": list(order.revisions), "to": order.to, "rule": order.rule}


def _pieces(order: CopyOrder) -> Iterator[CopyOrder]:
    """
    Yield *order*, in parts of at most 100 versions that fit into a message.

    One version that depends on so many others that it fits into none is ordered without them: the
    queue keeps the order of what was ordered, and the copier believes the records alone.
    """
    versions = sorted(order.revisions.items())
    fits = len(messages.body_of(order)) <= MAX_BYTES
    if len(versions) > 1 and (len(versions) > messages.MAX_ORDERED or not fits):
        middle = len(versions) // 2
        yield from _pieces(replace(order, revisions=dict(versions[:middle])))
        yield from _pieces(replace(order, revisions=dict(versions[middle:])))
    elif versions:
        yield order if fits else replace(order, after=())


def _send(url: str, bodies: Iterable[str], *, group: str | None = None) -> None:
    """Send *bodies* in their order; bodies are ASCII, so a character is a byte."""
    entries: list[MessageEntry] = []
    size = 0
    for body in bodies:
        if len(entries) == MAX_ENTRIES or size + len(body) > MAX_BYTES:
            _send_batch(url, entries)
            entries, size = [], 0
        entry = MessageEntry(Id=str(len(entries)), MessageBody=body)
        if group is not None:
            entry["MessageGroupId"] = group
            entry["MessageDeduplicationId"] = sha256(body.encode()).hexdigest()
        entries.append(entry)
        size += len(body)
    if entries:
        _send_batch(url, entries)


def _send_batch(url: str, entries: Sequence[MessageEntry]) -> None:
    try:
        answer = clients.sqs().send_message_batch(QueueUrl=url, Entries=entries)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "Unknown")
        raise QueueError("SendMessageBatch", code, str(error)) from error
    except BotoCoreError as error:
        raise QueueError("SendMessageBatch", type(error).__name__, str(error)) from error
    failed = answer.get("Failed") or []
    if failed:
        first = failed[0]
        raise QueueError(
            "SendMessageBatch",
            first.get("Code", "Unknown"),
            f"{len(failed)} of {len(entries)} messages were not accepted: "
            f"{first.get('Message', '')}",
        )
