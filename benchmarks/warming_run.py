"""A run of warming that is never over, for benchmarks of the function that warms caches."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from benchmarks.sample_events import ACCOUNT, DOMAIN, NAMESPACE, REPOSITORY
from steward.coordinates import Package, Repository
from warm_caches.messages import WarmPackages, body_of
from warm_caches.runs import Run
from warm_caches.runs_table import RUNS, DynamoDbRuns
from warm_caches.values import Wanted, WantedVersion

TABLE: Final = "benchmark-warming"
RULE: Final = "caches[0]"
# One of its two batches is asked for, so that its end is not that of the run.
RUN: Final = Run(
    "benchmark", RULE, REPOSITORY, datetime(2026, 3, 1, tzinfo=UTC), frozenset({"p.0", "p.1"})
)


def create_table(dynamodb: Any) -> None:  # noqa: ANN401  botocore has no types for it
    """Create a table of warming like that of template.yaml."""
    keys = {"subject": "HASH", "entry": "RANGE"}
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": one, "KeyType": kind} for one, kind in keys.items()],
        AttributeDefinitions=[{"AttributeName": one, "AttributeType": "S"} for one in keys],
        BillingMode="PAY_PER_REQUEST",
    )


def begin(dynamodb: Any) -> None:  # noqa: ANN401  botocore has no types for it
    """Begin the run as if nothing was done in it yet."""
    key = {"subject": {"S": RUNS}, "entry": {"S": RUN.id}}
    dynamodb.delete_item(TableName=TABLE, Key=key)
    DynamoDbRuns(TABLE).start(RUN)


def batch_of(version: str) -> dict[str, object]:
    """Return a message of the run that asks for *version* of a package."""
    package = Package(Repository(DOMAIN, ACCOUNT, REPOSITORY), "maven", NAMESPACE, "pkg-1")
    wanted = Wanted(package, (WantedVersion(version),))
    body: dict[str, object] = json.loads(
        body_of(WarmPackages(RUN.id, "p.0", RULE, REPOSITORY, (wanted,)))
    )
    return body
