"""
Fires the template's schedules, those whose target is a queue or a state machine.

The time is the local CodeArtifact's. When somebody sets that clock on, each schedule that became
due meanwhile fires once, not once for each time that was passed over (our choice: what is due now
is due now). A rate begins with its first interval: EventBridge Scheduler fires at once when the
schedule is made, and here that would be at each start (our choice).
"""

import json
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast
from uuid import uuid4

from moto.core.exceptions import ServiceException

from cli.stack.clock import Clock
from cli.stack.errors import StackError
from cli.stack.json_types import Document, as_document
from cli.stack.queues import send
from cli.stack.schedule_times import Next, next_time

if TYPE_CHECKING:
    from moto.sqs.models import Queue, SQSBackend

_logger = logging.getLogger(__name__)

StartExecution = Callable[[str, str], object]
"""Starts an execution of the state machine of that ARN with that input; raises StackError."""

_LONGEST_WAIT = timedelta(seconds=30)  # our choice: a machine that slept is noticed by then


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule, as the template has it."""

    name: str
    arn: str
    target: Document
    enabled: bool
    next: Next


def _no_state_machine(arn: str, _: str) -> object:
    raise StackError(f"there is no state machine {arn}")


def schedule(name: str, arn: str, properties: Document) -> Schedule:
    """
    Return the schedule with these resolved properties.

    Raises:
        TemplateError: Its expression or its time zone is none.
    """
    return Schedule(
        name=name,
        arn=arn,
        target=as_document(properties["Target"], name),
        enabled=properties.get("State", "ENABLED") == "ENABLED",
        next=next_time(
            str(properties["ScheduleExpression"]),
            str(properties.get("ScheduleExpressionTimezone", "UTC")),
        ),
    )


class Schedules:
    """Fires schedules when they are due, in a thread of its own, or when it is told to."""

    def __init__(
        self,
        schedules: dict[str, Schedule],
        clock: Clock,
        start_execution: StartExecution = _no_state_machine,
    ) -> None:
        """Know the schedules by their logical ids; nothing is due before `start`."""
        self._schedules = schedules
        self._clock = clock
        self._start_execution = start_execution
        self._due: dict[str, datetime | None] = {}
        self._seen = clock.now()
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="schedules", daemon=True)

    def start(self) -> None:
        """Look at the clock from now on, and each time that it is set."""
        self._begin(self._clock.now())
        self._clock.watch(self._wake)
        self._thread.start()

    def stop(self) -> None:
        """Fire nothing more."""
        self._stopping.set()
        self._wake()
        if self._thread.is_alive():
            self._thread.join(timeout=_LONGEST_WAIT.total_seconds())

    def due(self) -> dict[str, datetime | None]:
        """Return when each schedule fires next, by logical id; None if it does not."""
        with self._changed:
            return {name: self._due.get(name) for name in self._schedules}

    def fire(self, logical_id: str) -> None:
        """
        Fire one schedule now, whether it is due, and enabled, or not.

        Raises:
            StackError: The template has no such schedule.
        """
        if logical_id not in self._schedules:
            known = ", ".join(sorted(self._schedules)) or "none"
            raise StackError(f"there is no schedule {logical_id!r}; the template has {known}")
        self._deliver(self._schedules[logical_id], self._clock.now())

    def fire_what_is_due(self) -> list[str]:
        """Fire each schedule whose time has come, once, and return their logical ids."""
        now = self._clock.now()
        with self._changed:
            if now < self._seen:  # somebody set the clock back
                self._begin(now)
            self._seen = now
            found: dict[str, datetime] = {}
            for name, time in self._due.items():
                if time is not None and time <= now:
                    found[name] = time
                    self._due[name] = self._after(name, time, now)
        for name, time in found.items():
            self._deliver(self._schedules[name], time)
        return list(found)

    def _deliver(self, schedule: Schedule, time: datetime) -> None:
        """Send the target its input, or the dead-letter queue, or say it is lost."""
        text = _input(schedule, time)
        problem = self._sent(schedule.target, text)
        if problem is None:
            return
        _logger.warning("schedule %s: %s", schedule.name, problem)
        if not _sent_to_dead_letters(schedule, text, problem):
            _logger.warning("schedule %s: its message is lost", schedule.name)

    def _sent(self, target: Document, text: str) -> str | None:
        """Send the target its input; return why that cannot be, None if it can."""
        arn = str(target["Arn"])
        try:
            if ":stateMachine:" in arn:
                self._start_execution(arn, text)
                return None
            found = _queue(arn)
            if found is None:
                return f"there is no queue {arn}"
            parameters = cast("dict[str, str]", target.get("SqsParameters") or {})
            send(*found, text, group_id=parameters.get("MessageGroupId"))
        except (ServiceException, StackError) as error:
            # A FIFO queue without a group, a text that is too long or no JSON, no state machine.
            return str(error)
        return None

    def _begin(self, now: datetime) -> None:
        self._due = {
            name: schedule.next(now) if schedule.enabled else None
            for name, schedule in self._schedules.items()
        }

    def _after(self, name: str, time: datetime, now: datetime) -> datetime | None:
        """Return the first time after *now*: of a rate, still in step unless some were missed."""
        following = self._schedules[name].next(time)
        return (
            following if following is None or following > now else self._schedules[name].next(now)
        )

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.fire_what_is_due()
            with self._changed:
                if not self._stopping.is_set():
                    self._changed.wait(self._until_next().total_seconds())

    def _until_next(self) -> timedelta:
        times = [time for time in self._due.values() if time is not None]
        remaining = min(times, default=datetime.max.replace(tzinfo=UTC)) - self._clock.now()
        return min(max(remaining, timedelta()), _LONGEST_WAIT)


def _sent_to_dead_letters(schedule: Schedule, text: str, problem: str) -> bool:
    """Return whether the schedule has a dead-letter queue, which has the message then."""
    target = schedule.target
    found = _queue(cast("dict[str, str]", target.get("DeadLetterConfig") or {}).get("Arn", ""))
    if found is None:
        return False
    # EventBridge Scheduler User Guide, "Configuring a dead-letter queue"
    attributes = {
        "SCHEDULE_ARN": schedule.arn,
        "TARGET_ARN": str(target["Arn"]),
        "ERROR_MESSAGE": problem,
    }
    with suppress(ServiceException):  # of a FIFO queue, which cannot be one of these
        send(*found, text, attributes=attributes)
        return True
    return False


def _queue(arn: str) -> "tuple[SQSBackend, Queue] | None":
    from moto.sqs.models import sqs_backends

    if arn.count(":") != 5 or ":sqs:" not in arn:  # noqa: PLR2004  an ARN has six parts
        return None
    _, _, _, region, account, name = arn.split(":")
    backend = sqs_backends[account][region]
    queue = backend.queues.get(name)
    return None if queue is None else (backend, queue)


def _input(schedule: Schedule, time: datetime) -> str:
    """
    Return what the target gets: its `Input` with the context attributes filled in.

    Without one it is an event as EventBridge Scheduler makes it (User Guide, "Adding context
    attributes", "Managing targets").
    """
    stamp = time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    execution = str(uuid4())
    if schedule.target.get("Input") is None:
        _, _, _, region, account, _ = schedule.arn.split(":", 5)
        document: Document = {
            "version": "0",
            "id": execution,
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": account,
            "time": stamp,
            "region": region,
            "resources": [schedule.arn],
            "detail": "{}",
        }
        return json.dumps(document, separators=(",", ":"))
    text = str(schedule.target["Input"])
    for name, value in {
        "schedule-arn": schedule.arn,
        "scheduled-time": stamp,
        "execution-id": execution,
        "attempt-number": "1",
    }.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text
