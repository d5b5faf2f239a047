"""The table of records: one item per version and rule, found by package or by what is due."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from promote_versions.records import Record, RecordPage, RequestAnswer, State
from steward.coordinates import Package


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
