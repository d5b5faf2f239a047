"""Schedules by a clock that tests set: what fires, how often, and what the queue gets."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from moto.sqs.models import SQSBackend

from cli.stack.errors import StackError
from cli.stack.json_types import Document
from cli.stack.schedules import Schedules, schedule
from emulator.core.clock import Clock

ACCOUNT = "210987654321"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ARN = f"arn:aws:scheduler:us-west-2:{ACCOUNT}:schedule/default/due"


@pytest.fixture
def queues() -> Iterator[SQSBackend]:
    """Return a region of a made-up account with a queue and a place for dead letters."""
    from moto.sqs.models import sqs_backends

    region = sqs_backends[ACCOUNT]["us-west-2"]
    region.create_queue("queue")
    region.create_queue("dead-letters")
    yield region
    region.queues.clear()


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still at noon."""
    clock = Clock()
    clock.freeze(NOON)
    return clock


def arn_of(queue: str) -> str:
    """Return the ARN of a queue."""
    return f"arn:aws:sqs:us-west-2:{ACCOUNT}:{queue}"


def running(clock: Clock, expression: str = "rate(5 minutes)", **target: object) -> Schedules:
    """Return schedules with one that is called `Due`; no thread looks at the clock."""
    properties: Document = {
        "ScheduleExpression": expression,
        "Target": {"Arn": arn_of("queue"), "Input": "due", **target},
    }
    schedules = Schedules({"Due": schedule("due", ARN, properties)}, clock)
    schedules._begin(clock.now())
    return schedules


def bodies(queues: SQSBackend, queue: str = "queue") -> list[str]:
    """Return the texts of the messages in a queue."""
    return [message.body for message in queues.get_queue(queue)._messages]


@pytest.mark.parametrize(
    ("advanced", "fired"),
    [
        pytest.param(timedelta(minutes=4, seconds=59), 0, id="a second before its time"),
        pytest.param(timedelta(minutes=5), 1, id="at its time"),
        pytest.param(timedelta(days=8), 1, id="long after it: once, not for each time missed"),
    ],
)
def test_a_schedule_fires_when_the_clock_says_so(
    queues: SQSBackend, clock: Clock, advanced: timedelta, fired: int
) -> None:
    """And not before; nor a second time for the same look at the clock."""
    schedules = running(clock)
    clock.advance(advanced)
    schedules.fire_what_is_due()
    assert schedules.fire_what_is_due() == []
    assert bodies(queues) == ["due"] * fired


def test_a_rate_keeps_its_step(queues: SQSBackend, clock: Clock) -> None:
    """A look that comes late does not move the next time."""
    schedules = running(clock)
    clock.advance(timedelta(minutes=7))
    assert schedules.fire_what_is_due() == ["Due"]
    assert schedules.due() == {"Due": NOON + timedelta(minutes=10)}
    assert bodies(queues) == ["due"]


def test_a_clock_that_is_set_back_begins_anew(queues: SQSBackend, clock: Clock) -> None:
    """Else nothing would be due before the time that it was set back from."""
    schedules = running(clock)
    clock.advance(timedelta(days=30))
    schedules.fire_what_is_due()
    clock.freeze(NOON)
    schedules.fire_what_is_due()
    clock.advance(timedelta(minutes=5))
    assert schedules.fire_what_is_due() == ["Due"]
    assert bodies(queues) == ["due", "due"]


def test_a_disabled_schedule_fires_by_hand_only(queues: SQSBackend, clock: Clock) -> None:
    """`State` is the template's."""
    properties: Document = {
        "ScheduleExpression": "rate(1 minute)",
        "State": "DISABLED",
        "Target": {"Arn": arn_of("queue"), "Input": "by hand"},
    }
    schedules = Schedules({"Due": schedule("due", ARN, properties)}, clock)
    schedules._begin(clock.now())
    clock.advance(timedelta(hours=1))
    assert schedules.fire_what_is_due() == []
    schedules.fire("Due")
    assert bodies(queues) == ["by hand"]


def test_a_schedule_that_does_not_exist_cannot_be_fired(clock: Clock) -> None:
    """The error says which ones do."""
    with pytest.raises(StackError, match="no schedule 'Overdue'; the template has Due"):
        running(clock).fire("Overdue")


def test_context_attributes_of_the_input_are_filled_in(queues: SQSBackend, clock: Clock) -> None:
    """The time is the one that was due, not the one at which somebody looked."""
    text = '{"time": "<aws.scheduler.scheduled-time>", "of": "<aws.scheduler.schedule-arn>"}'
    schedules = running(clock, Input=text)
    clock.advance(timedelta(minutes=7))
    schedules.fire_what_is_due()
    assert json.loads(bodies(queues)[0]) == {"time": "2026-03-01T12:05:00Z", "of": ARN}


def test_without_an_input_the_queue_gets_a_scheduled_event(
    queues: SQSBackend, clock: Clock
) -> None:
    """As EventBridge Scheduler makes it."""
    schedules = running(clock, Input=None)
    schedules.fire("Due")
    event = json.loads(bodies(queues)[0])
    assert (event["source"], event["detail-type"]) == ("aws.scheduler", "Scheduled Event")
    assert (event["time"], event["resources"]) == ("2026-03-01T12:00:00Z", [ARN])


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(arn_of("gone"), id="a queue that is gone"),
        pytest.param("arn:aws:lambda:us-west-2:210987654321:function:f", id="another service"),
    ],
)
def test_a_message_that_reaches_no_queue_is_a_dead_letter(
    queues: SQSBackend, clock: Clock, target: str
) -> None:
    """With the target that was meant."""
    schedules = running(clock, Arn=target, DeadLetterConfig={"Arn": arn_of("dead-letters")})
    schedules.fire("Due")
    (message,) = queues.get_queue("dead-letters")._messages
    assert message.body == "due"
    assert message.message_attributes["TARGET_ARN"]["StringValue"] == target


def test_a_fifo_queue_that_needs_a_group_refuses_the_message(
    queues: SQSBackend, clock: Clock
) -> None:
    """What the queue says goes with it to the dead letters."""
    queues.create_queue("orders.fifo", FifoQueue="true")
    schedules = running(
        clock, Arn=arn_of("orders.fifo"), DeadLetterConfig={"Arn": arn_of("dead-letters")}
    )
    schedules.fire("Due")
    (message,) = queues.get_queue("dead-letters")._messages
    assert "MessageGroupId" in message.message_attributes["ERROR_MESSAGE"]["StringValue"]


def test_dead_letters_that_are_refused_too_are_lost_and_the_next_come(
    queues: SQSBackend, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """EventBridge Scheduler takes a standard queue only; the schedule goes on here, too."""
    queues.create_queue("letters.fifo", FifoQueue="true")
    schedules = running(clock, Arn=arn_of("gone"), DeadLetterConfig={"Arn": arn_of("letters.fifo")})
    for _ in range(2):
        clock.advance(timedelta(minutes=5))
        assert schedules.fire_what_is_due() == ["Due"]
    assert caplog.messages.count("schedule due: its message is lost") == 2


@pytest.mark.parametrize("expression", ["rate(5 minutes)", "cron(0 3 * * ? *)"])
def test_a_clock_that_is_set_to_the_end_of_time_fires_and_then_no_more(
    queues: SQSBackend, clock: Clock, expression: str
) -> None:
    """There is no time after it, and nothing breaks; set back, the schedule is due again."""
    schedules = running(clock, expression)
    clock.freeze(datetime(9999, 12, 31, 23, 59, tzinfo=UTC))
    assert schedules.fire_what_is_due() == ["Due"]
    assert schedules.due() == {"Due": None}
    assert schedules.fire_what_is_due() == []
    clock.freeze(NOON)
    assert schedules.fire_what_is_due() == []
    assert schedules.due()["Due"] is not None
    assert bodies(queues) == ["due"]


def test_a_message_that_nothing_takes_is_lost_and_the_next_comes(
    queues: SQSBackend, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says so; the schedule goes on."""
    schedules = running(clock, Arn=arn_of("gone"))
    for _ in range(2):
        clock.advance(timedelta(minutes=5))
        assert schedules.fire_what_is_due() == ["Due"]
    assert caplog.messages.count("schedule due: its message is lost") == 2
    assert bodies(queues) == []
