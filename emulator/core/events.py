"""The events that CodeArtifact emits: written with the change itself, handed over after it."""

from __future__ import annotations

import base64
import json
import logging
import secrets
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from emulator.core.clock import Clock, moment, stamp
from emulator.core.errors import CodeArtifactError
from emulator.core.faults import Faults
from emulator.core.rows import repository_row
from emulator.core.store import Store
from emulator.core.values import PackageId, RepositoryId, Status

Event = dict[str, object]
Sink = Callable[[Event], None]
Operation = Literal["Created", "Updated", "Deleted"]

DETAIL_TYPE = "CodeArtifact Package Version State Change"
MAX_UNDELIVERED = 10_000  # our choice: what is kept while nobody has subscribed
_BATCH = 100
_HOLD_SECONDS = 0.05  # how long a reordered event waits for a later one
_RETRY_SECONDS = 0.5
_IDLE_SECONDS = 3600.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """
    What happened to one package version ("Monitoring CodeArtifact events", User Guide).

    Attributes:
        state: The version's status afterwards; before, if it was deleted.
        not_before: The event is not delivered earlier.
    """

    repository: RepositoryId
    administrator: str
    package: PackageId
    version: str
    operation: Operation
    state: Status
    revision: str
    assets_added: int = 0
    assets_removed: int = 0
    assets_updated: int = 0
    metadata_updated: bool = False
    status_changed: bool = False
    not_before: datetime | None = None


def package_arn(region: str, repository: RepositoryId, package: PackageId) -> str:
    """Return the package's ARN; its account is the domain's owner (User Guide, events)."""
    domain = repository.domain
    return (
        f"arn:aws:codeartifact:{region}:{domain.owner}:package/{domain.name}/{repository.name}"
        f"/{package.format}/{package.namespace}/{package.name}"
    )


class EventSource:
    """
    Writes events in the transaction of the change and delivers them after it, at least once.

    An event stays in the outbox until every sink has returned. What a killed process left there is
    delivered after the next start, with the same ``eventDeduplicationId``. While nobody has
    subscribed the newest `MAX_UNDELIVERED` are kept.
    """

    def __init__(self, store: Store, clock: Clock, faults: Faults, region: str) -> None:
        self._store = store
        self._clock = clock
        self._faults = faults
        self._region = region
        self._sinks: list[Sink] = []
        self._wake = threading.Condition()
        self._pending = True
        self._closed = False
        self._thread: threading.Thread | None = None
        store.on_commit(self._notify)
        clock.watch(self._notify)

    # Writing

    def emit(self, connection: sqlite3.Connection, *changes: Change) -> None:
        """
        The event of each change is in the outbox when the caller's transaction commits.

        Args:
            changes: Of versions of one package in one repository, in the order they were made.
        """
        if not changes:
            return
        now = self._clock.now()
        precedes = self._faults.on("eventPrecedesVisibility")
        last = self._last_sequence(connection, changes[0], len(changes))
        connection.executemany(
            "INSERT INTO outbox (due, event) VALUES (?, ?)",
            [
                (
                    stamp(now if precedes else max(now, change.not_before or now)),
                    json.dumps(envelope),
                )
                for sequence, change in enumerate(changes, start=last - len(changes) + 1)
                for envelope in self._envelopes(change, sequence, now)
            ],
        )
        if not self._sinks:
            connection.execute(
                "DELETE FROM outbox WHERE id <= (SELECT MAX(id) FROM outbox) - ?",
                (MAX_UNDELIVERED,),
            )

    def _last_sequence(self, connection: sqlite3.Connection, change: Change, count: int) -> int:
        """Take *count* numbers for the package of *change*; return the last of them."""
        repository, package = change.repository, change.package
        (number,) = connection.execute(
            "INSERT INTO sequences (repository, format, namespace, name, last)"
            " VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET last = last + excluded.last RETURNING last",
            (
                repository_row(connection, repository),
                package.format,
                package.namespace,
                package.name,
                count,
            ),
        ).fetchone()
        return int(number)

    def _envelopes(self, change: Change, sequence: int, now: datetime) -> list[Event]:
        repository, package = change.repository, change.package
        state = change.state
        if change.operation == "Deleted" and self._faults.switch("deletedEventState") == "Deleted":
            state = "Deleted"
        detail: Event = {
            "domainName": repository.domain.name,
            "domainOwner": repository.domain.owner,
            "repositoryName": repository.name,
            "repositoryAdministrator": change.administrator,
            "packageFormat": package.format,
            "packageNamespace": package.namespace or None,
            "packageName": package.name,
            "packageVersion": change.version,
            "packageVersionState": state,
            "packageVersionRevision": change.revision,
            "changes": {
                "assetsAdded": change.assets_added,
                "assetsRemoved": change.assets_removed,
                "assetsUpdated": change.assets_updated,
                "metadataUpdated": change.metadata_updated,
                "statusChanged": change.status_changed,
            },
            "operationType": change.operation,
            "sequenceNumber": sequence,
            "eventDeduplicationId": base64.b64encode(secrets.token_bytes(32)).decode(),
        }
        at = now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        receivers = dict.fromkeys((repository.domain.owner, change.administrator))
        return [
            {
                "version": "0",
                "id": str(uuid.uuid4()),
                "detail-type": DETAIL_TYPE,
                "source": "aws.codeartifact",
                "account": account,
                "time": at,
                "region": self._region,
                "resources": [package_arn(self._region, repository, package)],
                "detail": detail,
            }
            for account in receivers
        ]

    # Delivering

    def subscribe(self, sink: Sink) -> None:
        """
        *sink* gets every event that has not been delivered yet, and all that follow.

        It is called from one worker thread. If it raises, the event is handed over again later, to
        all sinks.
        """
        with self._wake:
            self._sinks.append(sink)
            self._pending = True
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="codeartifact-events", daemon=True
                )
                self._thread.start()
            self._wake.notify_all()

    def unsubscribe(self, sink: Sink) -> None:
        """*sink* gets no further events."""
        with self._wake:
            self._sinks.remove(sink)

    def drain(self, timeout_seconds: float = 10.0) -> bool:
        """Wait until every event that is due was delivered; whether that happened in time."""
        deadline = time.monotonic() + timeout_seconds
        while not self._drained():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            # The outbox is never read under this lock: its writers hold the store's when they come.
            with self._wake:
                self._wake.wait(min(left, _HOLD_SECONDS))
        return True

    def close(self) -> None:
        """Nothing is delivered any more; what is left stays in the outbox."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _drained(self) -> bool:
        with self._store.reading() as connection:
            query = "SELECT 1 FROM outbox WHERE due <= ? LIMIT 1"
            return connection.execute(query, (stamp(self._clock.now()),)).fetchone() is None

    def _notify(self) -> None:
        with self._wake:
            self._pending = True
            self._wake.notify_all()

    def _run(self) -> None:
        wait = 0.0
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._pending or self._closed, wait)
                if self._closed:
                    return
                self._pending = False
            try:
                wait = self._deliver_due()
            except (
                CodeArtifactError,
                sqlite3.Error,
            ):  # a full disk, for one: it may have room soon
                logger.exception("delivery of events failed, it is tried again")
                wait = _RETRY_SECONDS
            with self._wake:
                self._wake.notify_all()

    def _deliver_due(self) -> float:
        """Deliver what is due; return after how many seconds to look again."""
        while not self._closed and self._sinks:
            rows = self._due()
            if not rows:
                break
            delivered = self._deliver(rows)
            self._forget(delivered)
            if len(delivered) < len(rows):
                return _RETRY_SECONDS
        return self._next_due()

    def _due(self) -> list[tuple[int, str]]:
        with self._store.reading() as connection:
            return connection.execute(
                "SELECT id, event FROM outbox WHERE due <= ? ORDER BY due, id LIMIT ?",
                (stamp(self._clock.now()), _BATCH),
            ).fetchall()

    def _deliver(self, rows: list[tuple[int, str]]) -> list[int]:
        probability = self._faults.settings.events
        delivered: list[int] = []
        held: list[tuple[int, Event]] = []
        queue = [(row, json.loads(event)) for row, event in rows]
        for row, event in queue:
            if self._faults.chance(probability.drop):
                delivered.append(row)
                continue
            if self._faults.chance(probability.reorder):
                held.append((row, event))
                continue
            if not self._hand_over(event, probability.duplicate):
                return delivered
            delivered.append(row)
        if held and len(held) == len(rows):
            with self._wake:  # give a later event the time to overtake
                self._wake.wait_for(lambda: self._pending or self._closed, _HOLD_SECONDS)
            delivered.extend(self._overtake(held[-1][0]))
        for row, event in reversed(held):
            if not self._hand_over(event, probability.duplicate):
                return delivered
            delivered.append(row)
        return delivered

    def _overtake(self, after: int) -> list[int]:
        """Deliver what came in while every event of the batch was held."""
        with self._store.reading() as connection:
            rows = connection.execute(
                "SELECT id, event FROM outbox WHERE id > ? AND due <= ? ORDER BY id LIMIT ?",
                (after, stamp(self._clock.now()), _BATCH),
            ).fetchall()
        return [row for row, event in rows if self._hand_over(json.loads(event), 0.0)]

    def _hand_over(self, event: Event, duplicate: float) -> bool:
        copies = [event]
        if self._faults.chance(duplicate):  # the id is of the delivery (User Guide, events)
            copies.append({**event, "id": str(uuid.uuid4())})
        for each in copies:
            for sink in list(self._sinks):
                try:
                    sink(each)
                except Exception:  # a sink is foreign code: its failure must not end delivery
                    logger.exception("a sink failed, the event will be delivered again")
                    return False
        return True

    def _forget(self, delivered: list[int]) -> None:
        if delivered:
            with self._store.transaction() as connection:
                connection.executemany(
                    "DELETE FROM outbox WHERE id = ?", [(row,) for row in delivered]
                )

    def _next_due(self) -> float:
        if self._clock.frozen or not self._sinks:
            return _IDLE_SECONDS
        with self._store.reading() as connection:
            (due,) = connection.execute("SELECT MIN(due) FROM outbox").fetchone()
        if due is None:
            return _IDLE_SECONDS
        return max(0.0, (moment(due) - self._clock.now()) / timedelta(seconds=1))
