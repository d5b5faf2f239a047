"""The inbox of somebody who listens to the deployment's topic."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.end_to_end.played_template import client_of, until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cli.stack.stack import LocalStack


class Inbox:
    """A queue that is subscribed to the topic, as the email address of the template is."""

    def __init__(self, stack: LocalStack) -> None:
        self._sqs = client_of(stack, "sqs")
        self._url = self._sqs.create_queue(QueueName="inbox")["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        self.topic = stack.reference("AttentionTopic")
        self.sns = client_of(stack, "sns")
        self.sns.subscribe(
            TopicArn=self.topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"]
        )

    def next(self) -> Mapping[str, str]:
        """Return the next message, which has to come, with its ``Subject`` and ``Message``."""
        found: list[Mapping[str, str]] = []

        def look() -> bool:
            answer = self._sqs.receive_message(QueueUrl=self._url, WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
            return bool(found)

        until(look)
        (message,) = found
        return message

    @property
    def empty(self) -> bool:
        """Whether there is nothing to read."""
        return not self._sqs.receive_message(QueueUrl=self._url).get("Messages")
