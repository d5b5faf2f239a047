"""Messages that an automation sends to its own queue, to be woken again later."""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from steward import clients, events
from steward.coordinates import Package
from steward.errors import QueueError

MAX_DELAY: Final = timedelta(seconds=900)  # DelaySeconds of SendMessage, SQS API Reference


class OwnQueue(Protocol):
    """Where an automation asks to be woken again."""

    def look_again(self, package: Package, *, after: timedelta) -> None:
        """
        Have *package* looked at again, not before *after*, which is at most :data:`MAX_DELAY`.

        Raises:
            QueueError: The message was not accepted.
        """


class SqsOwnQueue:
    """The automation's own SQS queue."""

    def __init__(self, url: str) -> None:
        self._url = url

    def look_again(self, package: Package, *, after: timedelta) -> None:
        """See :class:`OwnQueue`."""
        try:
            clients.sqs().send_message(
                QueueUrl=self._url,
                MessageBody=events.look_again(package),
                DelaySeconds=ceil(after.total_seconds()),
            )
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "Unknown")
            raise QueueError("SendMessage", code, str(error)) from error
        except BotoCoreError as error:
            raise QueueError("SendMessage", type(error).__name__, str(error)) from error
