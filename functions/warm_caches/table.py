"""The calls of the table of warming: items by subject and entry, each with its time to live."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from math import floor
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from steward import clients, dynamodb
from steward.dynamodb import PutParameters, ReadParameters, UpdateParameters
from steward.table_items import Attribute, Item
from warm_caches.runs import RunsError

_T = TypeVar("_T")


class Table:
    """
    The DynamoDB table of warming.

    Attributes of the table: ``subject`` (text, partition key), ``entry`` (text, sort key) and
    ``expires`` (number, time to live). Reads are strongly consistent. Every method raises
    :class:`RunsError`.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def get(self, subject: str, entry: str, reading: Callable[[Item], _T]) -> _T | None:
        """Return what *reading* finds in an item, if there is one: 1 GetItem."""
        try:
            answer = clients.dynamodb().get_item(
                TableName=self._name, Key=key(subject, entry), ConsistentRead=True
            )
        except (ClientError, BotoCoreError) as error:
            raise dynamodb.failed("GetItem", error, RunsError) from error
        item = answer.get("Item")
        return read("GetItem", reading, item) if item else None

    def query(
        self,
        subject: str,
        reading: Callable[[Item], _T],
        *,
        begins: str = "",
        newest_first: bool = False,
        page: int | None = None,
    ) -> Iterator[_T]:
        """
        Yield what *reading* finds in the items of *subject* whose entries begin with *begins*.

        One Query a MB, or for each *page* of items.
        """
        parameters: ReadParameters = {
            "TableName": self._name,
            "ConsistentRead": True,
            "KeyConditionExpression": "#subject = :subject",
            "ExpressionAttributeNames": {"#subject": "subject"},
            "ExpressionAttributeValues": {":subject": {"S": subject}},
            "ScanIndexForward": not newest_first,
        }
        if begins:
            parameters["KeyConditionExpression"] += " AND begins_with(#entry, :begins)"
            parameters["ExpressionAttributeNames"] = {"#subject": "subject", "#entry": "entry"}
            parameters["ExpressionAttributeValues"] = {
                ":subject": {"S": subject},
                ":begins": {"S": begins},
            }
        if page is not None:
            parameters["Limit"] = page
        pages = dynamodb.pages(
            "Query", lambda asked: clients.dynamodb().query(**asked), parameters, failure=RunsError
        )
        for one in pages:
            for item in one.get("Items", []):
                yield read("Query", reading, item)

    def put(
        self,
        item: Item,
        *,
        where: str,
        names: Mapping[str, str],
        values: Mapping[str, Attribute] | None = None,
    ) -> bool:
        """Put *item* if the condition *where* holds; return whether it does: 1 PutItem."""
        parameters: PutParameters = {
            "TableName": self._name,
            "Item": item,
            "ConditionExpression": where,
            "ExpressionAttributeNames": names,
        }
        if values:
            parameters["ExpressionAttributeValues"] = values
        try:
            clients.dynamodb().put_item(**parameters)
        except (ClientError, BotoCoreError) as error:
            return _unmet("PutItem", error)
        return True

    def update(
        self,
        subject: str,
        entry: str,
        change: str,
        *,
        where: str,
        names: Mapping[str, str],
        values: Mapping[str, Attribute],
    ) -> Item | None:
        """
        Change an item if the condition *where* holds: 1 UpdateItem.

        Returns:
            The item as it is now; ``None`` if the condition does not hold.
        """
        parameters: UpdateParameters = {
            "TableName": self._name,
            "Key": key(subject, entry),
            "UpdateExpression": change,
            "ConditionExpression": where,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
            "ReturnValues": "ALL_NEW",
        }
        try:
            answer = clients.dynamodb().update_item(**parameters)
        except (ClientError, BotoCoreError) as error:
            _unmet("UpdateItem", error)
            return None
        return answer.get("Attributes", {})

    def delete(self, subject: str, entry: str, reading: Callable[[Item], _T]) -> _T | None:
        """Delete an item; return what *reading* finds in it, if there was one: 1 DeleteItem."""
        try:
            answer = clients.dynamodb().delete_item(
                TableName=self._name, Key=key(subject, entry), ReturnValues="ALL_OLD"
            )
        except (ClientError, BotoCoreError) as error:
            raise dynamodb.failed("DeleteItem", error, RunsError) from error
        item = answer.get("Attributes")
        return read("DeleteItem", reading, item) if item else None


def key(subject: str, entry: str) -> dict[str, Attribute]:
    """Return the key of an item."""
    return {"subject": {"S": subject}, "entry": {"S": entry}}


def until(now: datetime) -> Attribute:
    """Return the last whole second that has come: times in the table are rounded up."""
    return {"N": str(floor(now.timestamp()))}


def read(operation: str, reading: Callable[[Item], _T], item: Item) -> _T:
    """
    Return what *reading* finds in *item*.

    Raises:
        RunsError: It cannot be read; the message has its key.
    """
    try:
        return reading(item)
    except (LookupError, ValueError, TypeError) as error:
        where = f"subject {item.get('subject')}, entry {item.get('entry')}"
        raise RunsError(operation, "UnreadableEntry", f"{where}: {error!r}") from error


def _unmet(operation: str, error: ClientError | BotoCoreError) -> bool:
    """Return ``False`` if a call failed because its condition did not hold; raise else."""
    failure = dynamodb.failed(operation, error, RunsError)
    if failure.code == "ConditionalCheckFailedException":
        return False
    raise failure from error
