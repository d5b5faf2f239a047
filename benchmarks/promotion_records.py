"""The table of promotion's records as the benchmarks need it, and records to fill it with."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from benchmarks.sample_events import ACCOUNT, DOMAIN
from promote_versions import record_items
from promote_versions.records import Record
from promote_versions.records_table import BY_STATE
from steward.coordinates import Package, Repository

WRITTEN_AT_ONCE = 25  # BatchWriteItem, DynamoDB API Reference


def create_table(dynamodb: Any, name: str) -> None:  # noqa: ANN401  botocore has no types for it
    """Create a table of records like that of template.yaml."""
    kinds = {"package": "S", "entry": "S", "state": "S", "due": "N"}
    keys = [("package", "HASH"), ("entry", "RANGE")], [("state", "HASH"), ("due", "RANGE")]
    table, index = ([{"AttributeName": one, "KeyType": kind} for one, kind in key] for key in keys)
    dynamodb.create_table(
        TableName=name,
        KeySchema=table,
        GlobalSecondaryIndexes=[
            {"IndexName": BY_STATE, "KeySchema": index, "Projection": {"ProjectionType": "ALL"}}
        ],
        AttributeDefinitions=[
            {"AttributeName": one, "AttributeType": kind} for one, kind in kinds.items()
        ],
        BillingMode="PAY_PER_REQUEST",
    )


def fill(dynamodb: Any, table: str, *, held: int, due: int, now: datetime) -> None:  # noqa: ANN401  botocore has no types for it
    """Put records of so many held versions into *table*, of which so many are due at *now*."""
    items = [
        {"PutRequest": {"Item": record_items.record_item(_held(number, now, due=number < due))}}
        for number in range(held)
    ]
    for start in range(0, held, WRITTEN_AT_ONCE):
        some = items[start : start + WRITTEN_AT_ONCE]
        dynamodb.batch_write_item(RequestItems={table: some})


def _held(number: int, now: datetime, *, due: bool) -> Record:
    """Return a record that is held, and due a minute ago or later."""
    return Record(
        Package(Repository(DOMAIN, ACCOUNT, "intake"), "pypi", None, f"held-{number}"),
        "1.0.0",
        "gated",
        "approved",
        "a-revision",
        "held",
        (),
        "a-digest",
        now - timedelta(days=1),
        due=now + timedelta(minutes=-1 if due else number + 1),
    )
