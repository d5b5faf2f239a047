"""The event source mapping: from a queue, in batches, to a function and back."""

import json
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cli.stack.clock import Chronicle
from cli.stack.errors import FunctionError
from cli.stack.partial_batch import failed_messages
from cli.stack.queues import LONGEST_WAIT_SECONDS, Received, delete, receive

if TYPE_CHECKING:
    from moto.sqs.models import Queue

_logger = logging.getLogger(__name__)

BATCH_SIZE = 10  # CreateEventSourceMapping, API Reference: default for Amazon SQS
CONCURRENCY = 5  # Lambda Developer Guide, "Scaling for Amazon SQS": starts with five batches
PAYLOAD_BYTES = 6 * 1024 * 1024  # Lambda quotas: invocation payload


@dataclass(frozen=True, slots=True)
class Mapping:
    """The settings of one `AWS::Lambda::EventSourceMapping` that has a queue as its source."""

    function: str  # physical name
    queue_arn: str
    batch_size: int = BATCH_SIZE
    window_seconds: float = 0
    reports_failures: bool = False
    concurrency: int = CONCURRENCY


class QueuePoller:
    """Polls one queue and invokes one function, up to the mapping's concurrency at once."""

    def __init__(
        self,
        mapping: Mapping,
        *,
        queue: "Queue",
        invoke: Callable[[bytes], bytes],
        times: Chronicle | None = None,
    ) -> None:
        """Nothing is polled before `start`; *times* says when messages were sent."""
        self.mapping = mapping
        self._queue = queue
        self._times = times
        self._invoke = invoke
        self._stopping = threading.Event()
        self._free = threading.Semaphore(mapping.concurrency)
        self._executor = ThreadPoolExecutor(
            mapping.concurrency, thread_name_prefix=f"invoke-{mapping.function}"
        )
        self._thread = threading.Thread(target=self._poll, name=f"poll-{queue.name}", daemon=True)

    def start(self) -> None:
        """Poll from now on, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Receive nothing more; what is being worked on ends with its function."""
        self._stopping.set()
        self._thread.join(timeout=5 * LONGEST_WAIT_SECONDS)
        self._executor.shutdown(wait=False, cancel_futures=True)

    @property
    def messages_left(self) -> int:
        """The number of messages that are waiting, delayed, or in a function's hands."""
        return len(self._queue._messages)  # noqa: SLF001  moto has no public list

    def _poll(self) -> None:
        while not self._stopping.is_set():
            if not self._free.acquire(timeout=LONGEST_WAIT_SECONDS):
                continue
            batch = self._gather()
            if batch and not self._stopping.is_set():
                self._executor.submit(self._hand_over, batch)
            else:
                self._free.release()

    def _gather(self) -> list[Received]:
        """
        Return the next batch.

        A batch is handed over when it is full, when the window that its first message opened is
        over, or when it would not fit a payload (Lambda Developer Guide, "Batching behavior").
        """
        limit = self.mapping.batch_size
        batch = receive(
            self._queue, limit=limit, wait_seconds=LONGEST_WAIT_SECONDS, times=self._times
        )
        window_ends = time.monotonic() + self.mapping.window_seconds
        size = sum(message.size for message in batch)
        while batch and len(batch) < limit and size < PAYLOAD_BYTES // 2:
            remaining = window_ends - time.monotonic()
            if remaining <= 0 or self._stopping.is_set():
                break
            more = receive(
                self._queue,
                limit=limit - len(batch),
                wait_seconds=min(remaining, LONGEST_WAIT_SECONDS),
                times=self._times,
            )
            size += sum(message.size for message in more)
            batch.extend(more)
        return batch

    def _hand_over(self, batch: list[Received]) -> None:
        """Invoke the function with the batch, and delete what it did not fail."""
        try:
            event = {"Records": [message.record for message in batch]}
            payload = json.dumps(event, separators=(",", ":")).encode()
            failed: set[str] = set()
            try:
                response = self._invoke(payload)
            except FunctionError as error:
                _logger.warning("%s failed a batch: %s", self.mapping.function, error)
                failed = {message.message_id for message in batch}
            else:
                if self.mapping.reports_failures:
                    failed = failed_messages(response, {message.message_id for message in batch})
            for message in batch:
                if message.message_id not in failed:
                    self._delete(message)
        finally:
            self._free.release()

    def _delete(self, message: Received) -> None:
        from moto.sqs.exceptions import ReceiptHandleIsInvalid

        try:
            delete(self._queue, message.receipt_handle)
        except ReceiptHandleIsInvalid:
            _logger.info("message %s was purged meanwhile", message.message_id)
