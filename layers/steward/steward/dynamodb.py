"""DynamoDB as the tables of our own use it: the client's shape, pages, and failed calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NotRequired, Protocol, TypedDict, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from steward.errors import AwsError
from steward.table_items import Attribute, Item

_T = TypeVar("_T")


class WriteRequest(TypedDict):
    """One item to put with BatchWriteItem."""

    PutRequest: Mapping[str, Item]


class BatchWriteAnswer(TypedDict):
    """The answer of BatchWriteItem: what was not written, by table."""

    UnprocessedItems: NotRequired[Mapping[str, Sequence[WriteRequest]]]


class ReadParameters(TypedDict):
    """What Query and Scan are asked here."""

    TableName: str
    IndexName: NotRequired[str]
    ConsistentRead: bool
    KeyConditionExpression: NotRequired[str]
    FilterExpression: NotRequired[str]
    ExpressionAttributeNames: Mapping[str, str]
    ExpressionAttributeValues: Mapping[str, Attribute]
    ScanIndexForward: NotRequired[bool]
    Limit: NotRequired[int]
    ExclusiveStartKey: NotRequired[Item]


class ReadAnswer(TypedDict):
    """A page of Query or Scan."""

    Items: NotRequired[Sequence[Item]]
    LastEvaluatedKey: NotRequired[Item]


class GetAnswer(TypedDict):
    """The answer of GetItem: the item, if there is one."""

    Item: NotRequired[Item]


class PutParameters(TypedDict):
    """What PutItem is asked here."""

    TableName: str
    Item: Item
    ConditionExpression: NotRequired[str]
    ExpressionAttributeNames: NotRequired[Mapping[str, str]]
    ExpressionAttributeValues: NotRequired[Mapping[str, Attribute]]


class UpdateParameters(TypedDict):
    """What UpdateItem is asked here."""

    TableName: str
    Key: Item
    UpdateExpression: str
    ConditionExpression: NotRequired[str]
    ExpressionAttributeNames: Mapping[str, str]
    ExpressionAttributeValues: Mapping[str, Attribute]
    ReturnValues: NotRequired[str]


class UpdateAnswer(TypedDict):
    """The answer of UpdateItem: the item, if it was asked for."""

    Attributes: NotRequired[Item]


class DeleteAnswer(TypedDict):
    """The answer of DeleteItem: what was deleted, if anything was."""

    Attributes: NotRequired[Item]


class DynamoDbClient(Protocol):
    """The part of DynamoDB's client that is used here; botocore publishes no types."""

    def query(self, **parameters: object) -> ReadAnswer:
        """See Query, DynamoDB API Reference; it is given :class:`ReadParameters`."""

    def scan(self, **parameters: object) -> ReadAnswer:
        """See Scan, DynamoDB API Reference; it is given :class:`ReadParameters`."""

    def get_item(
        self,
        *,
        TableName: str,  # noqa: N803  AWS's name
        Key: Item,  # noqa: N803  AWS's name
        ConsistentRead: bool,  # noqa: N803  AWS's name
    ) -> GetAnswer:
        """See GetItem, DynamoDB API Reference."""

    def put_item(self, **parameters: object) -> object:
        """See PutItem, DynamoDB API Reference; it is given :class:`PutParameters`."""

    def update_item(self, **parameters: object) -> UpdateAnswer:
        """See UpdateItem, DynamoDB API Reference; it is given :class:`UpdateParameters`."""

    def delete_item(
        self,
        *,
        TableName: str,  # noqa: N803  AWS's name
        Key: Item,  # noqa: N803  AWS's name
        ReturnValues: str,  # noqa: N803  AWS's name
    ) -> DeleteAnswer:
        """See DeleteItem, DynamoDB API Reference."""

    def batch_write_item(
        self,
        *,
        RequestItems: Mapping[str, Sequence[WriteRequest]],  # noqa: N803  AWS's name
    ) -> BatchWriteAnswer:
        """See BatchWriteItem, DynamoDB API Reference."""


def pages(
    operation: str,
    ask: Callable[[ReadParameters], ReadAnswer],
    parameters: ReadParameters,
    *,
    failure: type[AwsError],
) -> Iterator[ReadAnswer]:
    """
    Yield all pages; one may hold no items and still not be the last one.

    Raises:
        AwsError: A call failed: a *failure*.
    """
    while True:
        try:
            page = ask(parameters)
        except (ClientError, BotoCoreError) as error:
            raise failed(operation, error, failure) from error
        yield page
        last = page.get("LastEvaluatedKey")
        if not last:
            return
        parameters["ExclusiveStartKey"] = last


def read(
    operation: str, reading: Callable[[Item], _T], item: Item, *, failure: type[AwsError]
) -> _T:
    """
    Return what *reading* finds in *item*.

    Raises:
        AwsError: It cannot be read: a *failure* with the item's key.
    """
    try:
        return reading(item)
    except (LookupError, ValueError, TypeError) as error:
        where = f"package {item.get('package')}, entry {item.get('entry')}"
        raise failure(operation, "UnreadableEntry", f"{where}: {error!r}") from error


def failed(operation: str, error: ClientError | BotoCoreError, failure: type[AwsError]) -> AwsError:
    """Return *error* as a *failure*."""
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        return failure(
            operation, details.get("Code", "Unknown"), details.get("Message", str(error))
        )
    return failure(operation, type(error).__name__, str(error))
