"""DynamoDB as the ledger uses it, with one table in memory."""

from collections.abc import Callable, Mapping, Sequence

import pytest

from steward import clients
from steward.dynamodb import BatchWriteAnswer, GetAnswer, ReadAnswer, WriteRequest
from steward.ledger import DynamoDbLedger
from steward.table_items import Item
from tests.unit.ledger_values import NOW


class FakeTable:
    """
    DynamoDB with one table; *takes* says how many items each BatchWriteItem call takes.

    Attributes:
        items: What was written.
        answers: What Query and Scan answer, page by page; then nothing.
        failing: The operation that fails with the error, None for all.
        conditions: Of the items that PutItem wrote under one.
        before_put: Called with each item that PutItem is to write; may raise.
    """

    def __init__(
        self,
        *,
        takes: Sequence[int] = (),
        error: Exception | None = None,
        failing: str | None = None,
    ) -> None:
        self.takes = list(takes)
        self.error = error
        self.failing = failing
        self.before_put: Callable[[Item], None] = lambda _: None
        self.items: list[Item] = []
        self.answers: list[ReadAnswer] = []
        self.asked: list[dict[str, object]] = []
        self.conditions: list[object] = []

    def query(self, **parameters: object) -> ReadAnswer:
        """Answer with the next page."""
        return self._page("Query", parameters)

    def scan(self, **parameters: object) -> ReadAnswer:
        """Answer with the next page."""
        return self._page("Scan", parameters)

    def get_item(self, **parameters: object) -> GetAnswer:
        """Find what was written last under the key."""
        self._fail("GetItem")
        assert parameters["ConsistentRead"] is True
        found = [one for one in self.items if _key(one) == parameters["Key"]]
        return {"Item": found[-1]} if found else {}

    def put_item(self, *, Item: Item, **condition: object) -> object:  # noqa: N803  AWS's name
        """Keep the item; whether the condition holds is not looked at."""
        self._fail("PutItem")
        self.before_put(Item)
        assert ("ConditionExpression" in condition) == (Item["entry"]["S"] == "#exemptions")
        if "ConditionExpression" in condition:
            self.conditions.append(condition["ConditionExpression"])
        self.items.append(Item)
        return {}

    def delete_item(self, *, TableName: str, Key: Item, ReturnValues: str) -> object:  # noqa: N803  AWS's names
        """Find nothing."""
        del TableName, Key
        self._fail("DeleteItem")
        assert ReturnValues == "ALL_OLD"
        return {}

    def batch_write_item(
        self,
        *,
        RequestItems: Mapping[str, Sequence[WriteRequest]],  # noqa: N803  AWS's name
    ) -> BatchWriteAnswer:
        """Take the first items of the call and hand back the others."""
        self._fail("BatchWriteItem")
        ((table, requests),) = RequestItems.items()
        assert 1 <= len(requests) <= 25
        takes = self.takes.pop(0) if self.takes else len(requests)
        self.items += [request["PutRequest"]["Item"] for request in requests[:takes]]
        left = requests[takes:]
        return {"UnprocessedItems": {table: left} if left else {}}

    def _page(self, operation: str, parameters: dict[str, object]) -> ReadAnswer:
        self._fail(operation)
        assert parameters["ConsistentRead"] is True  # an exemption is written just before an event
        self.asked.append(parameters)
        return self.answers.pop(0) if self.answers else {}

    def _fail(self, operation: str) -> None:
        if self.error and self.failing in (None, operation):
            raise self.error


def _key(item: Item) -> Item:
    return {"package": item["package"], "entry": item["entry"]}


def ledger(
    monkeypatch: pytest.MonkeyPatch, table: FakeTable, pauses: list[float] | None = None
) -> DynamoDbLedger:
    """Return a ledger in *table* that waits for nothing and remembers how long it would have."""
    monkeypatch.setattr(clients, "dynamodb", lambda: table)
    waited: list[float] = [] if pauses is None else pauses
    return DynamoDbLedger("ledger", now=lambda: NOW, pause=waited.append)
