"""The queue of warming, to which plans and workers send what is left to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from math import ceil
from typing import Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from steward import clients
from steward.clients import MessageEntry
from steward.errors import QueueError
from warm_caches.messages import MAX_BYTES, WarmingMessage, body_of

MAX_ENTRIES: Final = 10  # SendMessageBatch, SQS API Reference
MAX_DELAY: Final = timedelta(seconds=900)  # DelaySeconds of SendMessage, SQS API Reference


class WarmingQueue(Protocol):
    """
    Where messages of warming are sent.

    Every method raises :class:`QueueError` if a message was not accepted; all of them may be sent
    again then, for each counts once.
    """

    def send(self, messages: Iterable[WarmingMessage]) -> None:
        """Send *messages*, ten a call at most."""

    def send_later(self, message: WarmingMessage, *, after: timedelta) -> None:
        """Send *message*, to be received not before *after*, at most :data:`MAX_DELAY`: 1 call."""


class SqsWarmingQueue:
    """The queue in SQS."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, messages: Iterable[WarmingMessage]) -> None:
        """See :class:`WarmingQueue`; bodies are ASCII, so a character is a byte."""
        entries: list[MessageEntry] = []
        size = 0
        for body in map(body_of, messages):
            if entries and (len(entries) == MAX_ENTRIES or size + len(body) > MAX_BYTES):
                self._send(entries)
                entries, size = [], 0
            entries.append(MessageEntry(Id=str(len(entries)), MessageBody=body))
            size += len(body)
        if entries:
            self._send(entries)

    def send_later(self, message: WarmingMessage, *, after: timedelta) -> None:
        """See :class:`WarmingQueue`."""
        try:
            clients.sqs().send_message(
                QueueUrl=self._url,
                MessageBody=body_of(message),
                DelaySeconds=ceil(after.total_seconds()),
            )
        except (ClientError, BotoCoreError) as error:
            raise _failed("SendMessage", error) from error

    def _send(self, entries: Sequence[MessageEntry]) -> None:
        try:
            answer = clients.sqs().send_message_batch(QueueUrl=self._url, Entries=entries)
        except (ClientError, BotoCoreError) as error:
            raise _failed("SendMessageBatch", error) from error
        failed = answer.get("Failed") or []
        if failed:
            first = failed[0]
            raise QueueError(
                "SendMessageBatch",
                first.get("Code", "Unknown"),
                f"{len(failed)} of {len(entries)} messages were not accepted: "
                f"{first.get('Message', '')}",
            )


def _failed(operation: str, error: ClientError | BotoCoreError) -> QueueError:
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "Unknown")
        return QueueError(operation, code, str(error))
    return QueueError(operation, type(error).__name__, str(error))
