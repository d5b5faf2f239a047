"""Clients of moto, and the table of records as template.yaml describes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import botocore.session

from promote_versions.records_table import BY_STATE

if TYPE_CHECKING:
    from botocore.client import BaseClient


@contextmanager
def moto_clients() -> Iterator[Callable[[str], BaseClient]]:
    """Yield what makes a client of a service as moto plays it; no socket is opened."""
    from moto import mock_aws

    with mock_aws():
        session = botocore.session.Session()
        session.set_credentials("012345678901", "local")
        yield lambda service: session.create_client(service, region_name="us-west-2")


def create_table(dynamodb: BaseClient, name: str) -> None:
    """Create the table of records, empty."""
    kinds = {"package": "S", "entry": "S", "state": "S", "due": "N"}
    dynamodb.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": "package", "KeyType": "HASH"},
            {"AttributeName": "entry", "KeyType": "RANGE"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": BY_STATE,
                "KeySchema": [
                    {"AttributeName": "state", "KeyType": "HASH"},
                    {"AttributeName": "due", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        AttributeDefinitions=[
            {"AttributeName": attribute, "AttributeType": kind} for attribute, kind in kinds.items()
        ],
        BillingMode="PAY_PER_REQUEST",
    )
