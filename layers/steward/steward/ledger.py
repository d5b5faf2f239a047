"""
The ledger: a table of our own with what people have exempted, what was changed, what was told.

It holds nothing that a decision about CodeArtifact's state needs; that is always read from
CodeArtifact. Without the ledger a restore would be undone, a change could not be, and people would
be told of the same finding at every event.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from steward import clients, dynamodb, ledger_summary
from steward import ledger_entries as entries
from steward.coordinates import Package, PackageVersion
from steward.dynamodb import ReadParameters, WriteRequest
from steward.errors import AwsError, LedgerError
from steward.ledger_entries import (
    CHANGES_KEPT_FOR,
    Change,
    Exemption,
    RestrictionsChange,
    StatusChange,
)
from steward.ledger_exemptions import NO_EXEMPTIONS, UNKNOWN_EXEMPTIONS, ExemptionsAt
from steward.ledger_marks import (
    MARKS,
    MARKS_KEPT_FOR,
    NO_MARKS,
    Mark,
    Marks,
    mark_items,
    marks_of,
)
from steward.settings import Mode
from steward.table_items import Item, key, partition

__all__ = [
    "CHANGES_KEPT_FOR",
    "MARKS_KEPT_FOR",
    "NO_EXEMPTIONS",
    "NO_MARKS",
    "UNKNOWN_EXEMPTIONS",
    "Change",
    "DynamoDbLedger",
    "Exemption",
    "ExemptionsAt",
    "Ledger",
    "Mark",
    "Marks",
    "ObservedLedger",
    "RestrictionsChange",
    "StatusChange",
    "connect",
]

MAX_ITEMS_PER_CALL: Final = 25  # BatchWriteItem, DynamoDB API Reference
# Our choice: what DynamoDB has not taken after 0.1 + 0.2 + 0.4 + 0.8 s goes back to the queue, as
# that can wait longer than a function should. BatchWriteItem (API Reference) asks for a backoff.
ATTEMPTS: Final = 5
FIRST_PAUSE_SECONDS: Final = 0.1

_T = TypeVar("_T")


class Ledger(Protocol):
    """
    What was exempted, changed and told, by package.

    Reads see every write that was finished before. Every method raises :class:`LedgerError`.
    """

    def exemptions(self, package: Package) -> list[Exemption]:
        """
        Return the exemptions of *package*: one Query.

        Expired ones may be among them for some days: ask :meth:`Exemption.in_force`.
        """

    def exempt(self, exemption: Exemption) -> None:
        """Keep *exemption*, instead of the one there may be for the same package and version."""

    def end_exemption(self, package: Package, version: str | None) -> bool:
        """End the exemption of *version* (``None``: the restrictions); return if there was one."""

    def all_exemptions(self) -> Iterator[Exemption]:
        """Yield the exemptions of all packages in no particular order; reads the whole table."""

    def exemptions_at(self) -> ExemptionsAt:
        """
        Return what is known of the exemptions of all packages: one GetItem.

        Whoever looks at many packages asks this first, and :meth:`exemptions` of a package only if
        there can be one. Nothing is known until :meth:`settle_exemptions`, or until the first
        exemption was written by this release.
        """

    def settle_exemptions(self) -> None:
        """
        Have :meth:`exemptions_at` know of all exemptions that there are.

        One GetItem; the first time of a table also one Scan (a call for each MB) and one PutItem.
        """

    def record(self, changes: Sequence[Change], marks: Sequence[Mark] = ()) -> None:
        """
        Keep *changes* for a year and *marks* for 400 days; the same twice is kept once.

        Those that differ only in the version share an item, as long as it stays small; one call
        writes 25 items, changes before marks. If it fails, some may have been kept. Changes are
        recorded before they are made.
        """

    def changes(self, package: Package) -> list[Change]:
        """Return what was recorded about *package*, newest first; one Query per MB."""

    def mark(
        self, package: Package, versions: Sequence[PackageVersion], *, at: datetime, rule: str
    ) -> None:
        """Remember for 400 days that *versions* have the statuses they bear since *at*."""

    def marks(self, package: Package) -> Marks:
        """Return since when versions of *package* have their statuses: one Query per MB."""

    def told(self, package: Package) -> frozenset[str]:
        """Return the findings about *package* that people have been told of: one Query."""

    def mark_told(self, package: Package, keys: Sequence[str], *, until: datetime) -> None:
        """Remember until *until* that people have been told of the findings *keys*."""


class DynamoDbLedger:
    """
    The ledger in its DynamoDB table.

    Attributes of the table: ``package`` (text, partition key), ``entry`` (text, sort key) and
    ``expires`` (number, time to live). Reads are strongly consistent: whoever restores writes an
    exemption first, and the event of what is restored must not be faster.
    """

    def __init__(
        self,
        table: str,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._table = table
        self._now = now
        self._pause = pause

    def exemptions(self, package: Package) -> list[Exemption]:
        """See :class:`Ledger`."""
        items = self._query(package, entries.EXEMPTIONS)
        return [_read("Query", entries.exemption_of, item) for item in items]

    def exempt(self, exemption: Exemption) -> None:
        """See :class:`Ledger`."""
        ledger_summary.extend(self._table, exemption, now=self._now(), others=self.all_exemptions)
        try:
            clients.dynamodb().put_item(
                TableName=self._table, Item=entries.exemption_item(exemption)
            )
        except (ClientError, BotoCoreError) as error:
            raise _failure("PutItem", error) from error

    def end_exemption(self, package: Package, version: str | None) -> bool:
        """See :class:`Ledger`."""
        try:
            answer = clients.dynamodb().delete_item(
                TableName=self._table,
                Key=key(package, entries.exemption_entry(version)),
                ReturnValues="ALL_OLD",
            )
        except (ClientError, BotoCoreError) as error:
            raise _failure("DeleteItem", error) from error
        return bool(answer.get("Attributes"))

    def all_exemptions(self) -> Iterator[Exemption]:
        """See :class:`Ledger`."""
        parameters: ReadParameters = {
            "TableName": self._table,
            "ConsistentRead": True,
            "FilterExpression": "begins_with(#entry, :kind)",
            "ExpressionAttributeNames": {"#entry": "entry"},
            "ExpressionAttributeValues": {":kind": {"S": entries.EXEMPTIONS}},
        }
        for page in dynamodb.pages(
            "Scan",
            lambda asked: clients.dynamodb().scan(**asked),
            parameters,
            failure=LedgerError,
        ):
            for item in page.get("Items", []):
                yield _read("Scan", entries.exemption_of, item)

    def exemptions_at(self) -> ExemptionsAt:
        """See :class:`Ledger`."""
        return ledger_summary.read(self._table)

    def settle_exemptions(self) -> None:
        """See :class:`Ledger`."""
        ledger_summary.settle(self._table, all_exemptions=self.all_exemptions)

    def record(self, changes: Sequence[Change], marks: Sequence[Mark] = ()) -> None:
        """See :class:`Ledger`."""
        self._put([*entries.change_items(changes), *mark_items(marks)])

    def changes(self, package: Package) -> list[Change]:
        """See :class:`Ledger`."""
        items = self._query(package, entries.CHANGES, newest_first=True)
        found = [one for item in items for one in _read("Query", entries.changes_of, item)]
        # An attempt that came to its end only in part may have shared other items.
        return list(dict.fromkeys(found))

    def mark(
        self, package: Package, versions: Sequence[PackageVersion], *, at: datetime, rule: str
    ) -> None:
        """See :class:`Ledger`."""
        self._put(mark_items(Mark(package, one.version, one.status, rule, at) for one in versions))

    def marks(self, package: Package) -> Marks:
        """See :class:`Ledger`."""
        items = self._query(package, MARKS)
        return Marks(one for item in items for one in _read("Query", marks_of, item))

    def told(self, package: Package) -> frozenset[str]:
        """See :class:`Ledger`."""
        now = self._now()
        items = self._query(package, entries.TOLD)
        found = (_read("Query", lambda item: entries.told_finding(item, now), one) for one in items)
        return frozenset(finding for finding in found if finding is not None)

    def mark_told(self, package: Package, keys: Sequence[str], *, until: datetime) -> None:
        """See :class:`Ledger`."""
        self._put([entries.told_item(package, finding, until) for finding in keys])

    def _query(self, package: Package, kind: str, *, newest_first: bool = False) -> Iterator[Item]:
        parameters: ReadParameters = {
            "TableName": self._table,
            "ConsistentRead": True,
            "KeyConditionExpression": "#package = :package AND begins_with(#entry, :kind)",
            "ExpressionAttributeNames": {"#package": "package", "#entry": "entry"},
            "ExpressionAttributeValues": {
                ":package": {"S": partition(package)},
                ":kind": {"S": kind},
            },
            "ScanIndexForward": not newest_first,
        }
        for page in dynamodb.pages(
            "Query",
            lambda asked: clients.dynamodb().query(**asked),
            parameters,
            failure=LedgerError,
        ):
            yield from page.get("Items", [])

    def _put(self, items: Sequence[Item]) -> None:
        """Write *items*; BatchWriteItem refuses a call in which two have the same key."""
        by_key = {(item["package"]["S"], item["entry"]["S"]): item for item in items}
        requests: list[WriteRequest] = [{"PutRequest": {"Item": one}} for one in by_key.values()]
        for start in range(0, len(requests), MAX_ITEMS_PER_CALL):
            self._write(requests[start : start + MAX_ITEMS_PER_CALL])

    def _write(self, requests: Sequence[WriteRequest]) -> None:
        for attempt in range(ATTEMPTS):
            if attempt:
                self._pause(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
            try:
                answer = clients.dynamodb().batch_write_item(RequestItems={self._table: requests})
            except (ClientError, BotoCoreError) as error:
                raise _failure("BatchWriteItem", error) from error
            requests = (answer.get("UnprocessedItems") or {}).get(self._table, [])
            if not requests:
                return
        raise LedgerError(
            "BatchWriteItem", "UnprocessedItems", f"{len(requests)} items were not written"
        )


class ObservedLedger:
    """
    The ledger for observe mode: nothing is changed in CodeArtifact, so no change is recorded.

    What people do (exemptions) and what they are told is the same in both modes.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def exemptions(self, package: Package) -> list[Exemption]:
        """See :class:`Ledger`."""
        return self._ledger.exemptions(package)

    def exempt(self, exemption: Exemption) -> None:
        """See :class:`Ledger`."""
        self._ledger.exempt(exemption)

    def end_exemption(self, package: Package, version: str | None) -> bool:
        """See :class:`Ledger`."""
        return self._ledger.end_exemption(package, version)

    def all_exemptions(self) -> Iterator[Exemption]:
        """See :class:`Ledger`."""
        return self._ledger.all_exemptions()

    def exemptions_at(self) -> ExemptionsAt:
        """See :class:`Ledger`."""
        return self._ledger.exemptions_at()

    def settle_exemptions(self) -> None:
        """See :class:`Ledger`: it is about what people do, not about changes."""
        self._ledger.settle_exemptions()

    def record(self, changes: Sequence[Change], marks: Sequence[Mark] = ()) -> None:
        """Record nothing: nothing was changed, and nothing waits for what comes next."""

    def changes(self, package: Package) -> list[Change]:
        """See :class:`Ledger`."""
        return self._ledger.changes(package)

    def mark(
        self, package: Package, versions: Sequence[PackageVersion], *, at: datetime, rule: str
    ) -> None:
        """Remember nothing: no step was taken, so none waits for the next one."""

    def marks(self, package: Package) -> Marks:
        """See :class:`Ledger`."""
        return self._ledger.marks(package)

    def told(self, package: Package) -> frozenset[str]:
        """See :class:`Ledger`."""
        return self._ledger.told(package)

    def mark_told(self, package: Package, keys: Sequence[str], *, until: datetime) -> None:
        """See :class:`Ledger`."""
        self._ledger.mark_told(package, keys, until=until)


def connect(mode: Mode, table: str) -> Ledger:
    """Return the ledger in the DynamoDB table *table* as *mode* may use it."""
    ledger = DynamoDbLedger(table)
    return ledger if mode == "enforce" else ObservedLedger(ledger)


def _read(operation: str, reading: Callable[[Item], _T], item: Item) -> _T:
    return dynamodb.read(operation, reading, item, failure=LedgerError)


def _failure(operation: str, error: ClientError | BotoCoreError) -> AwsError:
    return dynamodb.failed(operation, error, LedgerError)
