"""What needs a person: short messages on an SNS topic, for whoever subscribed to it."""

from __future__ import annotations

import re
from typing import Final, Literal, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from steward import clients
from steward.observability import count, logger

# Publish, SNS API Reference: a subject is ASCII, without line breaks or control characters, begins
# with a letter, number or punctuation mark, and is "less than 100 characters" long.
MAX_SUBJECT: Final = 99
# The same page: a message has at most 262,144 bytes of UTF-8. Our choice to stay below: how the
# subject counts is not documented.
MAX_TEXT_BYTES: Final = 250_000
# Our choice: enough of a message that nobody got to act on, and far from the limit of a log event.
LOGGED_CHARACTERS: Final = 10_000
_CUT: Final = "\n\n[The rest of this message was too long to be sent.]"
_NO_SUBJECT: Final = "CodeArtifact Steward"


Delivery = Literal["delivered", "nobody listens", "lost"]


class Attention(Protocol):
    """Where an automation turns to a person."""

    def tell(self, subject: str, text: str) -> Delivery:
        """
        Tell *text* to whoever listens; return what became of it.

        A message without a listener is logged. One that is lost is logged and counted, and nothing
        is raised: what it is about has been found, and is found again at the next look if it is not
        marked as told.
        """


class SnsClient(Protocol):
    """The part of SNS's client that is used here; botocore publishes no types."""

    def publish(self, *, TopicArn: str, Subject: str, Message: str) -> object:  # noqa: N803  AWS's names
        """See Publish, SNS API Reference."""


class SnsAttention:
    """An SNS topic, or nobody."""

    def __init__(self, topic_arn: str | None) -> None:
        self._topic_arn = topic_arn

    def tell(self, subject: str, text: str) -> Delivery:
        """See :class:`Attention`; a subject or text that SNS would refuse is made fit."""
        if self._topic_arn is None:
            said = {"subject": subject, "text": text[:LOGGED_CHARACTERS]}
            logger().warning("nobody listens", extra=said)
            return "nobody listens"
        fit = _subject(subject)
        try:
            clients.sns().publish(TopicArn=self._topic_arn, Subject=fit, Message=_text(text) or fit)
        except (ClientError, BotoCoreError) as error:
            logger().error(
                "message lost",
                extra={
                    "subject": subject,
                    "text": text[:LOGGED_CHARACTERS],
                    "reason": str(error),
                    "topic": self._topic_arn,
                },
            )
            count("MessagesLost", 1)
            return "lost"
        return "delivered"


def _subject(text: str) -> str:
    """Return *text* in ASCII on one line, other characters as ``?``, cut to what SNS takes."""
    line = re.sub(r"[\x00-\x20\x7f]+", " ", text.encode("ascii", "replace").decode()).strip()
    return f"{line[: MAX_SUBJECT - 3]}..." if len(line) > MAX_SUBJECT else line or _NO_SUBJECT


def _text(text: str) -> str:
    """Return *text*, cut between two characters if it is too long, with a note."""
    encoded = text.encode(errors="replace")  # half a surrogate pair cannot be sent
    if len(encoded) <= MAX_TEXT_BYTES:
        return encoded.decode()
    return encoded[: MAX_TEXT_BYTES - len(_CUT)].decode(errors="ignore") + _CUT
