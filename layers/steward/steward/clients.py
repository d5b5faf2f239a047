"""The one botocore session of a process, and how its clients time out and retry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, NotRequired, Protocol, TypedDict, cast

import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

    from steward.attention import SnsClient
    from steward.dynamodb import DynamoDbClient

# botocore and not boto3: the latter's resources and S3 transfers cost start-up time and nobody here
# uses them. "standard" retries throttling, 5xx and broken connections with backoff ("Retry
# behavior", AWS SDKs and Tools Reference Guide). What still fails after three attempts goes back to
# the queue, which can wait longer than a function should.
_CONFIG = Config(
    connect_timeout=3,
    read_timeout=10,
    max_pool_connections=64,  # our choice: who warms caches lists with as many threads
    retries={"mode": "standard", "total_max_attempts": 3},
)
# Clients may be shared by threads, a session may not ("Multithreading", Boto3 Developer Guide).
_MAKING = Lock()


class EventEntry(TypedDict):
    """An entry of PutEvents (EventBridge API Reference)."""

    Source: str
    DetailType: str
    Detail: str


class EventResult(TypedDict, total=False):
    """What became of one entry: an id, or an error."""

    EventId: str
    ErrorCode: str
    ErrorMessage: str


class PutEventsAnswer(TypedDict):
    """The answer of PutEvents; the entries stand in the order of the request."""

    FailedEntryCount: int
    Entries: list[EventResult]


class EventsClient(Protocol):
    """The part of EventBridge's client that is used here; botocore publishes no types."""

    def put_events(self, *, Entries: list[EventEntry]) -> PutEventsAnswer:  # noqa: N803  AWS's name
        """See PutEvents, EventBridge API Reference."""


class MessageEntry(TypedDict):
    """
    An entry of SendMessageBatch (SQS API Reference).

    The last two are for FIFO queues, and required there.
    """

    Id: str
    MessageBody: str
    MessageGroupId: NotRequired[str]
    MessageDeduplicationId: NotRequired[str]


class MessageFailure(TypedDict, total=False):
    """An entry that was not accepted."""

    Id: str
    Code: str
    Message: str
    SenderFault: bool


class SendBatchAnswer(TypedDict, total=False):
    """The answer of SendMessageBatch: which entries were not accepted."""

    Failed: Sequence[MessageFailure]


class SqsClient(Protocol):
    """The part of SQS's client that is used here; botocore publishes no types."""

    def send_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803  AWS's name
        MessageBody: str,  # noqa: N803  AWS's name
        DelaySeconds: int,  # noqa: N803  AWS's name
    ) -> object:
        """See SendMessage, SQS API Reference."""

    def send_message_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803  AWS's name
        Entries: Sequence[MessageEntry],  # noqa: N803  AWS's name
    ) -> SendBatchAnswer:
        """See SendMessageBatch, SQS API Reference."""


class Body(Protocol):
    """What an object on S3 holds, read piece by piece."""

    def read(self, amt: int, /) -> bytes:
        """Return at most *amt* bytes; none at the end."""

    def close(self) -> None:
        """Leave the rest unread."""


class GetObjectAnswer(TypedDict):
    """The part of the answer of GetObject that is used here."""

    ContentLength: int
    Body: Body


class S3Client(Protocol):
    """The part of S3's client that is used here; botocore publishes no types."""

    def get_object(
        self,
        *,
        Bucket: str,  # noqa: N803  AWS's name
        Key: str,  # noqa: N803  AWS's name
    ) -> GetObjectAnswer:
        """See GetObject, S3 API Reference."""


class ExecutionRow(TypedDict):
    """The part of an execution in the answer of ListExecutions that is used here."""

    name: str
    startDate: datetime


class ListExecutionsAnswer(TypedDict):
    """The answer of ListExecutions (Step Functions API Reference)."""

    executions: Sequence[ExecutionRow]
    nextToken: NotRequired[str]


class StatesClient(Protocol):
    """The part of the client of Step Functions that is used here; botocore publishes no types."""

    def list_executions(
        self,
        *,
        stateMachineArn: str,  # noqa: N803  AWS's name
        statusFilter: str,  # noqa: N803  AWS's name
        maxResults: int,  # noqa: N803  AWS's name
        nextToken: str = ...,  # noqa: N803  AWS's name
    ) -> ListExecutionsAnswer:
        """See ListExecutions, Step Functions API Reference."""


@cache
def codeartifact() -> CodeArtifactClient:
    """Return the client of CodeArtifact, made at first use; only the gateway asks for it."""
    return cast("CodeArtifactClient", _client("codeartifact"))


@cache
def events() -> EventsClient:
    """Return the client of EventBridge, made at first use."""
    return cast("EventsClient", _client("events"))


@cache
def sqs() -> SqsClient:
    """Return the client of SQS, made at first use."""
    return cast("SqsClient", _client("sqs"))


@cache
def dynamodb() -> DynamoDbClient:
    """Return the client of DynamoDB, made at first use."""
    return cast("DynamoDbClient", _client("dynamodb"))


@cache
def sns() -> SnsClient:
    """Return the client of SNS, made at first use."""
    return cast("SnsClient", _client("sns"))


@cache
def s3() -> S3Client:
    """Return the client of S3, made at first use."""
    return cast("S3Client", _client("s3"))


@cache
def step_functions() -> StatesClient:
    """Return the client of Step Functions, made at first use."""
    return cast("StatesClient", _client("stepfunctions"))


def _client(service: str) -> object:
    with _MAKING:
        client: object = _session().create_client(service, config=_CONFIG)
    return client


@cache
def _session() -> botocore.session.Session:
    # One for all: what a session reads (endpoints, credentials) is half the price of a client.
    return botocore.session.get_session()
