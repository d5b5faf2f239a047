"""The inbox of the person who is told: a queue that is subscribed to the attention topic."""

import json
from dataclasses import dataclass

from cli.stack.services import Services
from cli.stack.stack import LocalStack

ADDRESS = "platform-team@mycompany.example"  # a domain that belongs to nobody (RFC 2606)


@dataclass(frozen=True, slots=True)
class Message:
    """What SNS gives to its subscribers."""

    subject: str
    text: str


class Inbox:
    """Gets every message of the topic from now on, as the e-mail subscription beside it does."""

    def __init__(self, stack: LocalStack, name: str) -> None:
        """Subscribe a queue of this *name*, which nothing else has."""
        services = Services(stack.endpoint, stack.options.account, stack.options.region)
        self._sqs = services.client("sqs")
        made = services.queue(name, {})
        self._url = str(made.reference)
        services.subscription(
            name,
            {
                "TopicArn": stack.reference("AttentionTopic"),
                "Protocol": "sqs",
                "Endpoint": made.attributes["Arn"],
            },
        )

    def new(self) -> list[Message]:
        """Return the messages that came since the last look."""
        received = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
        found = []
        for message in received.get("Messages", []):
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            notification = json.loads(message["Body"])
            found.append(Message(str(notification["Subject"]), str(notification["Message"])))
        return found
