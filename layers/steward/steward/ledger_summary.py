"""
The one item of the ledger's table that tells of the exemptions of all packages: read and kept true.

It says when the last exemption was written and until when the last of them all holds. It is written
before the exemption itself: it may promise more than there is, never less. That an exemption was
ended early does not change it. Writers of earlier releases do not know it; so whoever writes it for
the first time, a restore or a sweep, reads all exemptions that there are. It has no time to live.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from steward import clients, dynamodb
from steward.dynamodb import PutParameters
from steward.errors import LedgerError
from steward.ledger_entries import Exemption
from steward.ledger_exemptions import LONG_AGO, UNKNOWN_EXEMPTIONS, ExemptionsAt
from steward.table_items import Item, moment_in, time_text

# No package's key, which begins with the 12 digits of an account; no entry of any other kind.
# The policy of a role in template.yaml names it.
KEY: Final[Item] = {"package": {"S": "#exemptions"}, "entry": {"S": "#exemptions"}}
# Our choice: how often two who write at the same time may be in each other's way.
ATTEMPTS: Final = 5


def read(table: str) -> ExemptionsAt:
    """
    Return what the item says: one GetItem, strongly consistent.

    Raises:
        LedgerError: It cannot be read.
    """
    try:
        answer = clients.dynamodb().get_item(TableName=table, Key=KEY, ConsistentRead=True)
    except (ClientError, BotoCoreError) as error:
        raise dynamodb.failed("GetItem", error, LedgerError) from error
    item = answer.get("Item")
    if not item:
        return UNKNOWN_EXEMPTIONS
    return dynamodb.read("GetItem", _known, item, failure=LedgerError)


def extend(
    table: str, exemption: Exemption, *, now: datetime, others: Callable[[], Iterable[Exemption]]
) -> None:
    """
    Have the item tell of *exemption*, too, which is about to be written.

    One GetItem and one PutItem, more if somebody else writes at the same time.

    Args:
        table: The table's name.
        exemption: What is about to be written.
        now: The time, aware.
        others: Reads all exemptions; called only while the item does not exist.

    Raises:
        LedgerError: A call failed, or others kept being faster.
    """
    for _ in range(ATTEMPTS):
        before = read(table)
        untils = [exemption.until]
        if before.until is None:
            untils += [one.until for one in others()]
        else:
            untils.append(before.until)
        written = now if before.written is None else max(now, before.written)
        if _put(table, before, written=written, until=max(untils)):
            return
    raise LedgerError("PutItem", "Overtaken", "others kept writing exemptions at the same time")


def settle(table: str, *, all_exemptions: Callable[[], Iterable[Exemption]]) -> None:
    """
    Have the item tell of all exemptions that there are, if it tells of none yet.

    One GetItem; while the item does not exist, also whatever reads the exemptions, and one PutItem.
    Who exempts something in the meantime writes the item first and wins: it stays as it is then.

    Args:
        table: The table's name.
        all_exemptions: Reads all exemptions; called only while the item does not exist.

    Raises:
        LedgerError: A call failed.
    """
    before = read(table)
    if before.until is not None:
        return
    found = list(all_exemptions())
    written = max((one.made for one in found), default=LONG_AGO)
    until = max((one.until for one in found), default=LONG_AGO)
    _put(table, before, written=written, until=until)


def _put(table: str, before: ExemptionsAt, *, written: datetime, until: datetime) -> bool:
    """Replace the item if it still says *before*; return whether it did."""
    parameters: PutParameters = {
        "TableName": table,
        "Item": {
            **KEY,
            "written": {"S": time_text(written)},
            "until": {"S": time_text(until)},
        },
        "ExpressionAttributeNames": {"#until": "until"},
        "ConditionExpression": "attribute_not_exists(#until)",
    }
    if before.written is not None and before.until is not None:
        parameters["ConditionExpression"] = "#until = :until AND #written = :written"
        parameters["ExpressionAttributeNames"] = {"#until": "until", "#written": "written"}
        parameters["ExpressionAttributeValues"] = {
            ":until": {"S": time_text(before.until)},
            ":written": {"S": time_text(before.written)},
        }
    try:
        clients.dynamodb().put_item(**parameters)
    except (ClientError, BotoCoreError) as error:
        failure = dynamodb.failed("PutItem", error, LedgerError)
        if failure.code == "ConditionalCheckFailedException":
            return False
        raise failure from error
    return True


def _known(item: Item) -> ExemptionsAt:
    return ExemptionsAt(moment_in(item["written"]["S"]), moment_in(item["until"]["S"]))
