"""The outages of public repositories, in the DynamoDB table of warming."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from steward.table_items import Attribute, Item, moment_in, time_text, whole_seconds
from warm_caches.outages import Outage
from warm_caches.runs import KEPT_FOR, MAX_PROBLEM
from warm_caches.table import Table, until

_OUTAGES: Final = "outages"  # the subject; the entries are the external connections


class DynamoDbOutages:
    """The outages in their table."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def begin(self, connection: str, reason: str, now: datetime) -> bool:
        """See :class:`~warm_caches.outages.Outages`."""
        names = {"#seen": "seen", "#reason": "reason", "#expires": "expires", "#entry": "entry"}
        values: dict[str, Attribute] = {
            ":now": {"S": time_text(now)},
            ":reason": {"S": reason[:MAX_PROBLEM]},
            ":expires": whole_seconds(now + KEPT_FOR),
            ":today": until(now),
        }
        change = "SET #seen = :now, #reason = :reason, #expires = :expires"
        again = self._table.update(
            _OUTAGES,
            connection,
            change,
            where="attribute_exists(#entry) AND #expires > :today",
            names=names,
            values=values,
        )
        if again is not None:
            return False
        new = self._table.update(
            _OUTAGES,
            connection,
            f"{change}, #since = :now",
            where="attribute_not_exists(#entry) OR #expires <= :today",
            names={**names, "#since": "since"},
            values=values,
        )
        return new is not None

    def current(self) -> list[Outage]:
        """See :class:`~warm_caches.outages.Outages`."""
        return list(self._table.query(_OUTAGES, _outage_of))

    def end(self, connection: str) -> Outage | None:
        """See :class:`~warm_caches.outages.Outages`."""
        return self._table.delete(_OUTAGES, connection, _outage_of)


def _outage_of(item: Item) -> Outage:
    return Outage(
        connection=item["entry"]["S"],
        reason=item["reason"]["S"],
        since=moment_in(item["since"]["S"]),
        seen=moment_in(item["seen"]["S"]),
    )
