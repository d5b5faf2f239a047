"""The table of records: one item per version and rule, found by package or by what is due."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from math import floor
from typing import Final, Protocol, TypeVar, cast

from botocore.exceptions import BotoCoreError, ClientError

from promote_versions import record_items as items
from promote_versions.records import (
    Record,
    RecordConflictError,
    RecordPage,
    RecordsError,
    RequestAnswer,
    State,
)
from steward import clients, dynamodb
from steward.coordinates import Package
from steward.dynamodb import PutParameters, ReadAnswer, ReadParameters
from steward.observability import count, logger
from steward.table_items import Attribute, Item, partition

BY_STATE: Final = "by-state"  # the index: `state` (text, partition key), `due` (number, sort key)

_T = TypeVar("_T")


class Records(Protocol):
    """
    What was decided, by package, version and rule.

    Every method raises :class:`RecordsError` if the table cannot be read or written, or if an item
    in it cannot be read; the message has the item's key.
    """

    def of_package(self, package: Package) -> list[Record]:
        """Return all records of *package*, in its source repository: one consistent Query a MB."""

    def find(self, package: Package, version: str, rule: str) -> Record | None:
        """Return the record of *version* by *rule*: one consistent GetItem."""

    def put(self, record: Record) -> Record:
        """
        Keep *record* if nobody has written it since it was read; return it with its new serial.

        What does not fit into an item is cut from the facts and says that it was cut; the record
        that is returned is the one that was given, but for its serial.

        Raises:
            RecordConflictError: Somebody was faster: read it again, decide again.
        """

    def put_all(self, records: Sequence[Record]) -> list[Record]:
        """
        Put each of *records*, in calls of one; return them with their new serials.

        Raises:
            RecordConflictError: Somebody was faster with some; all the others have been written.
        """

    def due(self, now: datetime) -> Iterator[Record]:
        """
        Yield the held and the approved records that are due at *now*, earliest first by state.

        From an index that lags behind the table: whoever acts on a record reads it again. An item
        that cannot be read is reported at the end, after all that can be.
        """

    def in_state(self, state: State) -> Iterator[Record]:
        """Yield all records in *state* from the same index, as :meth:`due` does."""

    def page_in_state(self, state: State, after: str | None = None) -> RecordPage:
        """Return some records in *state*: those that follow a page's ``next``, or the first."""

    def answer_request(self, package: Package, request: str, answer: RequestAnswer) -> None:
        """Keep *answer* for a day, for whoever waits for *request*."""

    def request_answer(self, package: Package, request: str) -> RequestAnswer | None:
        """Return the answer to *request* if there is one yet: one consistent GetItem."""

    def tell_once(self, key: str, until: datetime) -> bool:
        """Return whether nobody was told of *key* yet; if so, they count as told until *until*."""


class DynamoDbRecords:
    """
    The records in their DynamoDB table.

    Attributes of the table: ``package`` (text, partition key), ``entry`` (text, sort key) and
    ``expires`` (number, time to live); the index :data:`BY_STATE` has all attributes. An index
    cannot be read consistently ("Global secondary indexes", DynamoDB Developer Guide).
    """

    def __init__(
        self, table: str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._table = table
        self._now = now

    def of_package(self, package: Package) -> list[Record]:
        """See :class:`Records`."""
        parameters: ReadParameters = {
            "TableName": self._table,
            "ConsistentRead": True,
            "KeyConditionExpression": "#package = :package AND begins_with(#entry, :kind)",
            "ExpressionAttributeNames": {"#package": "package", "#entry": "entry"},
            "ExpressionAttributeValues": {
                ":package": {"S": partition(package)},
                ":kind": {"S": items.RECORDS},
            },
        }
        pages = dynamodb.pages("Query", _query, parameters, failure=RecordsError)
        return [
            _read("Query", items.record_of, item)
            for page in pages
            for item in page.get("Items", [])
        ]

    def find(self, package: Package, version: str, rule: str) -> Record | None:
        """See :class:`Records`."""
        return self._get(items.record_key(package, version, rule), items.record_of)

    def put(self, record: Record) -> Record:
        """See :class:`Records`."""
        written = replace(record, serial=record.serial + 1)
        parameters: PutParameters = {
            "TableName": self._table,
            "Item": items.record_item(written),
            "ConditionExpression": "attribute_not_exists(#entry)",
            "ExpressionAttributeNames": {"#entry": "entry"},
        }
        if record.serial:
            parameters["ConditionExpression"] = "#serial = :serial"
            parameters["ExpressionAttributeNames"] = {"#serial": "serial"}
            parameters["ExpressionAttributeValues"] = {":serial": {"N": str(record.serial)}}
        if not _put(parameters):
            raise RecordConflictError((record,))
        return written

    def put_all(self, records: Sequence[Record]) -> list[Record]:
        """See :class:`Records`."""
        written: list[Record] = []
        conflicts: list[Record] = []
        for record in records:
            try:
                written.append(self.put(record))
            except RecordConflictError:
                conflicts.append(record)
        if conflicts:
            raise RecordConflictError(tuple(conflicts), tuple(written))
        return written

    def due(self, now: datetime) -> Iterator[Record]:
        """See :class:`Records`."""
        unreadable: list[RecordsError] = []
        for state in ("held", "approved"):
            asked = self._in_state(state)
            asked["KeyConditionExpression"] = "#state = :state AND #due <= :now"
            asked["ExpressionAttributeNames"] = {"#state": "state", "#due": "due"}
            asked["ExpressionAttributeValues"] = {
                ":state": {"S": state},
                ":now": _until(now),
            }
            pages = dynamodb.pages("Query", _query, asked, failure=RecordsError)
            yield from _readable(pages, unreadable)
        _report(unreadable)

    def in_state(self, state: State) -> Iterator[Record]:
        """See :class:`Records`."""
        unreadable: list[RecordsError] = []
        asked = self._in_state(state)
        pages = dynamodb.pages("Query", _query, asked, failure=RecordsError)
        yield from _readable(pages, unreadable)
        _report(unreadable)

    def page_in_state(self, state: State, after: str | None = None) -> RecordPage:
        """
        See :class:`Records`.

        A record that cannot be read is logged and left out: the pages behind it are wanted too.
        """
        asked = self._in_state(state)
        if after is not None:
            asked["ExclusiveStartKey"] = _start_in(after)
        page = next(dynamodb.pages("Query", _query, asked, failure=RecordsError))
        last = page.get("LastEvaluatedKey")
        return RecordPage(
            records=tuple(_readable([page], [])),
            next=json.dumps(last) if last else None,
        )

    def answer_request(self, package: Package, request: str, answer: RequestAnswer) -> None:
        """See :class:`Records`."""
        item = items.answer_item(package, request, answer, self._now())
        _put({"TableName": self._table, "Item": item})

    def request_answer(self, package: Package, request: str) -> RequestAnswer | None:
        """See :class:`Records`."""
        return self._get(items.answer_key(package, request), items.answer_of)

    def tell_once(self, key: str, until: datetime) -> bool:
        """See :class:`Records`."""
        # DynamoDB deletes expired items within days, not at once ("Time to Live", Developer Guide).
        return _put(
            {
                "TableName": self._table,
                "Item": items.told_item(key, until),
                "ConditionExpression": "attribute_not_exists(#entry) OR #expires <= :now",
                "ExpressionAttributeNames": {"#entry": "entry", "#expires": "expires"},
                "ExpressionAttributeValues": {":now": _until(self._now())},
            }
        )

    def _get(self, key: Item, reading: Callable[[Item], _T]) -> _T | None:
        try:
            answer = clients.dynamodb().get_item(
                TableName=self._table, Key=key, ConsistentRead=True
            )
        except (ClientError, BotoCoreError) as error:
            raise dynamodb.failed("GetItem", error, RecordsError) from error
        item = answer.get("Item")
        return _read("GetItem", reading, item) if item else None

    def _in_state(self, state: State) -> ReadParameters:
        return {
            "TableName": self._table,
            "IndexName": BY_STATE,
            "ConsistentRead": False,
            "KeyConditionExpression": "#state = :state",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {":state": {"S": state}},
        }


def _until(now: datetime) -> Attribute:
    """Return the last whole second that has come: times in the table are rounded up."""
    return {"N": str(floor(now.timestamp()))}


def _query(asked: ReadParameters) -> ReadAnswer:
    return clients.dynamodb().query(**asked)


def _put(parameters: PutParameters) -> bool:
    """Put an item; return whether its condition held."""
    try:
        clients.dynamodb().put_item(**parameters)
    except (ClientError, BotoCoreError) as error:
        failure = dynamodb.failed("PutItem", error, RecordsError)
        if failure.code == "ConditionalCheckFailedException":
            return False
        raise failure from error
    return True


def _read(operation: str, reading: Callable[[Item], _T], item: Item) -> _T:
    return dynamodb.read(operation, reading, item, failure=RecordsError)


def _readable(pages: Iterable[ReadAnswer], unreadable: list[RecordsError]) -> Iterator[Record]:
    """Yield the records of *pages*; log those that cannot be read, and add them to *unreadable*."""
    for page in pages:
        for item in page.get("Items", []):
            try:
                record = _read("Query", items.record_of, item)
            except RecordsError as error:
                logger().error("unreadable record", extra={"reason": str(error)})
                count("RecordsUnreadable", 1)
                unreadable.append(error)
            else:
                yield record


def _report(unreadable: Sequence[RecordsError]) -> None:
    if unreadable:
        raise RecordsError(
            "Query",
            "UnreadableEntry",
            f"{len(unreadable)} records cannot be read, the first: {unreadable[0]}",
        )


def _start_in(after: str) -> Item:
    """Return the key of the item that a page ended with."""
    try:
        key = json.loads(after)
    except (ValueError, RecursionError) as error:
        raise RecordsError("Query", "UnknownPage", f"{after!r:.200} is no page's end") from error
    return cast("Item", key)


def connect(table: str) -> Records:
    """Return the records in the DynamoDB table *table*; observe mode keeps them just the same."""
    return DynamoDbRecords(table)
