"""What follows the local CodeArtifact's clock: schedules and functions. And FIFO queues."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from moto.sqs.models import sqs_backends
from starlette.types import ASGIApp

from cli.stack.clock import Chronicle
from cli.stack.codeartifact import CodeArtifact
from cli.stack.errors import StackError
from cli.stack.function_logs import FunctionLogs
from cli.stack.json_types import Document
from cli.stack.queues import receive
from cli.stack.resources import Unplayed
from cli.stack.stack import LocalStack, StackOptions
from emulator.core.clock import Clock
from tests.functional.played_stack import client, until

FIXTURES = Path(__file__).with_name("stack_fixtures")
DAY = timedelta(days=1)


def played(clock: Clock, **parameters: str) -> LocalStack:
    """Return a stack of the template with a clock; its CodeArtifact has that and nothing else."""

    def open_codeartifact(
        *, account: str, region: str, folder: Path | None, other_services: ASGIApp | None
    ) -> CodeArtifact:
        del account, region, folder
        assert other_services is not None

        def subscribe(_: Callable[[Document], None]) -> None:
            """Nothing will ever be emitted."""

        return CodeArtifact(other_services, subscribe, lambda: None, clock)

    options = StackOptions(
        compiled_policy='{"domain": "my-company"}',
        template=FIXTURES / "clocked.yaml",
        parameters=parameters,
        open_codeartifact=open_codeartifact,
    )
    return LocalStack(options, logs=FunctionLogs(echo=io.StringIO()))


@pytest.fixture(scope="module")
def module_clock() -> Clock:
    """Return the clock of the module's stack."""
    return Clock()


@pytest.fixture(scope="module")
def module_stack(module_clock: Clock) -> Iterator[LocalStack]:
    """Play the template with a clock."""
    with played(module_clock) as running:
        yield running


@pytest.fixture
def clock(module_clock: Clock) -> Clock:
    """Return the clock, with the machine's time."""
    module_clock.resume()
    return module_clock


@pytest.fixture
def stack(module_stack: LocalStack, clock: Clock) -> LocalStack:
    """Return the stack, with the machine's time and nothing on its queues."""
    del clock
    for name in ("Orders", "DeadOrders", "Reminders"):
        queue = sqs_backends["012345678901"]["us-west-2"].queues[
            module_stack.attribute(name, "QueueName")
        ]
        with queue._messages_lock:
            queue._messages.clear()
            queue.pending_messages.clear()
    return module_stack


@pytest.fixture
def patient_orders(stack: LocalStack) -> Iterator[LocalStack]:
    """Return the stack, with as much time for a batch of orders as AWS asks for, six times 20 s."""
    orders = {"QueueUrl": stack.reference("Orders")}
    sqs = client(stack, "sqs")
    sqs.set_queue_attributes(**orders, Attributes={"VisibilityTimeout": "120"})
    yield stack
    sqs.set_queue_attributes(**orders, Attributes={"VisibilityTimeout": "1"})


def noted(stack: LocalStack) -> list[str]:
    """Return what the function got, in order."""
    lines = [line.text for line in stack.logs.lines()]
    return [line.removeprefix("noted ") for line in lines if line.startswith("noted ")]


def noted_by_time(stack: LocalStack) -> list[str]:
    """Return what the function got, in the order in which its processes got it."""
    when: list[tuple[int, int, str]] = []
    batches: dict[str, int] = {}
    for position, line in enumerate(stack.logs.lines()):
        if line.text.startswith('{"batch"'):
            batches[line.log_stream] = json.loads(line.text)["at"]
        elif line.text.startswith("noted "):
            at = batches[line.log_stream]
            when.append((at, position, line.text.removeprefix("noted ")))
    return [text for _, _, text in sorted(when)]


def reminders(stack: LocalStack) -> list[str]:
    """Return what came to the queue of reminders, and take it away."""
    received = client(stack, "sqs").receive_message(
        QueueUrl=stack.reference("Reminders"), MaxNumberOfMessages=10, WaitTimeSeconds=5
    )
    return [message["Body"] for message in received.get("Messages", [])]


def order(stack: LocalStack, body: str, group: str = "copies") -> str:
    """Put a message on the FIFO queue and return its id; a body is taken once."""
    answer = client(stack, "sqs").send_message(
        QueueUrl=stack.reference("Orders"),
        MessageBody=body,
        MessageGroupId=group,
        MessageDeduplicationId=body,
    )
    return str(answer["MessageId"])


def described(stack: LocalStack) -> dict[str, float]:
    """Return what the function says of its own surroundings."""
    seen = stack.invoke("Noting", {"Records": [{"body": "describe"}]})
    assert isinstance(seen, dict)
    return seen


def test_a_schedule_fires_once_when_the_clock_is_set_on(stack: LocalStack, clock: Clock) -> None:
    """However many of its times were passed over."""
    clock.advance(9 * DAY)
    assert reminders(stack) == ["every two days"]
    assert stack.schedules is not None
    due = stack.schedules.due()["EveryTwoDays"]
    assert due is not None
    assert timedelta() < due - clock.now() <= 2 * DAY


def test_a_schedule_can_be_fired_by_hand(stack: LocalStack) -> None:
    """By its logical id; one that does not exist is named."""
    stack.fire("EveryTwoDays")
    assert reminders(stack) == ["every two days"]
    with pytest.raises(StackError, match="the template has EveryTwoDays, Nightly"):
        stack.fire("Hourly")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("GET", "/schedules", 200, id="when they are due"),
        pytest.param("POST", "/schedules/EveryTwoDays", 200, id="firing one"),
        pytest.param("POST", "/schedules/Hourly", 404, id="firing one that is not there"),
        pytest.param("DELETE", "/schedules", 404, id="anything else"),
        pytest.param("GET", "", 404, id="nothing at all, which is no bucket of S3 either"),
    ],
)
def test_schedules_can_be_fired_from_another_program(
    stack: LocalStack, method: str, path: str, status: int
) -> None:
    """Whoever runs `steward up` need not wait for the clock."""
    url = f"{stack.endpoint}/_stack{path}"
    with closing(HTTPConnection(stack.endpoint.removeprefix("http://"), timeout=10)) as connection:
        connection.request(method, url)
        answer = connection.getresponse()
        document = json.loads(answer.read())
    assert answer.status == status
    if status == 404:
        assert "message" in document
    elif method == "POST":
        assert reminders(stack) == ["every two days"]
    else:
        assert datetime.fromisoformat(document["EveryTwoDays"]) > datetime.now(UTC)


def test_a_schedule_reaches_a_function_through_a_fifo_queue(stack: LocalStack) -> None:
    """In the message group that its target names."""
    stack.fire("Nightly")
    until(lambda: any(text.startswith("nightly ") for text in noted(stack)))


def test_a_delayed_message_comes_when_the_clock_is_set_on(stack: LocalStack, clock: Clock) -> None:
    """Not a second before its delay is over by that clock."""
    queue = sqs_backends["012345678901"]["us-west-2"].queues[
        stack.attribute("Reminders", "QueueName")
    ]
    times = Chronicle(clock)

    def came() -> list[object]:
        received = receive(queue, limit=10, wait_seconds=0, times=times)
        return [one.record["body"] for one in received]

    for delay in (300, 600):
        client(stack, "sqs").send_message(
            QueueUrl=stack.reference("Reminders"), MessageBody=f"in {delay} s", DelaySeconds=delay
        )
    clock.advance(timedelta(seconds=240))
    assert came() == []
    clock.advance(timedelta(seconds=60))
    assert came() == ["in 300 s"]
    clock.freeze()
    clock.advance(timedelta(seconds=300))
    assert came() == ["in 600 s"]


def test_a_stack_that_does_not_run_fires_nothing() -> None:
    """It says why."""
    with pytest.raises(StackError, match="not started"):
        played(Clock()).fire("Nightly")


@pytest.mark.parametrize(
    "ahead",
    [
        pytest.param(8 * DAY, id="a clock that was advanced"),
        pytest.param(timedelta(), id="the machine's own"),
    ],
)
def test_a_function_has_the_local_codeartifacts_time(
    stack: LocalStack, clock: Clock, ahead: timedelta
) -> None:
    """Also one whose process ran before; its time limit is as ever."""
    described(stack)
    clock.advance(ahead)
    seen = described(stack)
    assert abs(seen["now"] - clock.now().timestamp()) < 60
    assert 0 < seen["remaining"] < 21_000


def test_a_function_has_a_frozen_clocks_time(stack: LocalStack, clock: Clock) -> None:
    """From where it stands, the process's own time runs on."""
    clock.freeze(datetime(2030, 1, 1, tzinfo=UTC))
    assert 0 <= described(stack)["now"] - clock.now().timestamp() < 60


def test_nothing_is_restarted_while_nobody_sets_the_clock(stack: LocalStack) -> None:
    """A process serves one invocation after the other."""
    described(stack)
    before = stack.functions["Noting"].process_ids()
    described(stack)
    assert stack.functions["Noting"].process_ids() == before


def test_a_fifo_queue_has_the_name_and_attributes_of_one(stack: LocalStack) -> None:
    """Its name ends in `.fifo`, as CreateQueue asks for; so does that of its dead letters."""
    for logical_id in ("Orders", "DeadOrders"):
        url = stack.reference(logical_id)
        assert url.endswith(f"/codeartifact-steward-{logical_id}.fifo")
        attributes = client(stack, "sqs").get_queue_attributes(
            QueueUrl=url, AttributeNames=["FifoQueue"]
        )
        assert attributes["Attributes"]["FifoQueue"] == "true"


def test_a_group_of_a_fifo_queue_is_worked_off_in_order(patient_orders: LocalStack) -> None:
    """Also by a mapping that would run five batches at once; another group is in nobody's way."""
    names = [f"order {number}" for number in range(30)]
    for name in names:
        order(patient_orders, name)
    order(patient_orders, "of another group", group="others")
    until(lambda: patient_orders.messages_left == 0)
    # What it said arrives later, and what several processes said, in any order.
    until(lambda: {*names, "of another group"} <= set(noted(patient_orders)))
    assert [text for text in noted_by_time(patient_orders) if text in names] == names


def test_what_is_sent_twice_with_one_deduplication_id_comes_once(stack: LocalStack) -> None:
    """While the first is on the queue, as moto has it; SQS would remember it for five minutes."""
    order(stack, "fail")
    until(lambda: "fail" in noted(stack))  # it holds up its group
    order(stack, "the same")
    order(stack, "the same")
    until(lambda: "the same" in noted(stack) and stack.messages_left == 0)
    assert noted(stack).count("the same") == 1


def test_a_failed_message_holds_up_its_group_until_it_is_a_dead_letter(stack: LocalStack) -> None:
    """Then the group goes on; the dead letter is in the other FIFO queue."""
    before = len(noted(stack))
    order(stack, "fail")
    until(lambda: "fail" in noted(stack)[before:])
    order(stack, "after the failure")
    until(lambda: "after the failure" in noted(stack))
    assert noted(stack)[before:] == ["fail", "fail", "after the failure"]
    received = client(stack, "sqs").receive_message(
        QueueUrl=stack.reference("DeadOrders"), WaitTimeSeconds=5
    )
    assert [message["Body"] for message in received["Messages"]] == ["fail"]


def test_a_fifo_queue_refuses_a_message_without_a_group(stack: LocalStack) -> None:
    """As SQS does."""
    with pytest.raises(ClientError, match="MessageGroupId"):
        client(stack, "sqs").send_message(QueueUrl=stack.reference("Orders"), MessageBody="loose")


def test_what_of_schedules_has_no_effect_is_named(stack: LocalStack) -> None:
    """Windows are not waited for, and roles are not asked."""
    assert [part for part in stack.unplayed if part.resource_type != "AWS::IAM::Role"] == [
        Unplayed(
            "AWS::Scheduler::Schedule",
            "it fires at its time, whatever its flexible time window",
            ("Nightly",),
        ),
    ]


def test_an_index_of_a_table_answers_queries(stack: LocalStack) -> None:
    """What is due comes first, as its range key says."""
    dynamodb = client(stack, "dynamodb")
    for package, due in (("late", "30"), ("early", "10")):
        item = {"package": {"S": package}, "state": {"S": "held"}, "due": {"N": due}}
        dynamodb.put_item(TableName=stack.reference("Records"), Item=item)
    found = dynamodb.query(
        TableName=stack.reference("Records"),
        IndexName="by-state",
        KeyConditionExpression="#state = :held AND due <= :now",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":held": {"S": "held"}, ":now": {"N": "20"}},
    )
    assert [item["package"]["S"] for item in found["Items"]] == ["early"]


def test_vulnerabilities_are_asked_for_here(stack: LocalStack) -> None:
    """Without a value of its own, `OsvUrl` is the local CodeArtifact's own OSV."""
    environment = json.loads(json.dumps(described(stack)["environment"]))
    assert environment["OSV_URL"] == f"{stack.endpoint}/_emulator/osv"
