"""From an event to a function and back: router, queue, poller, Runtime API, function process."""

import io
import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.types import ASGIApp

from cli.stack.codeartifact import CodeArtifact
from cli.stack.errors import FunctionError
from cli.stack.function_logs import FunctionLogs
from cli.stack.functions import Function, FunctionSettings
from cli.stack.json_types import Document
from cli.stack.stack import LocalStack, StackOptions
from tests.functional.played_stack import ACCOUNT, client, until

FIXTURES = Path(__file__).with_name("stack_fixtures")


class EventSource:
    """Stands in for the local CodeArtifact: it has events, and answers nothing itself."""

    def __init__(self) -> None:
        self.emit: Callable[[Document], None]

    def open(
        self, *, account: str, region: str, folder: Path | None, other_services: ASGIApp | None
    ) -> CodeArtifact:
        """Return what a stack needs of a CodeArtifact."""
        del account, region, folder
        assert other_services is not None

        def subscribe(sink: Callable[[Document], None]) -> None:
            self.emit = sink

        return CodeArtifact(other_services, subscribe, lambda: None)


@pytest.fixture(scope="module")
def source() -> EventSource:
    """Return the events' source of the module's stack."""
    return EventSource()


@pytest.fixture(scope="module")
def stack(source: EventSource) -> Iterator[LocalStack]:
    """Play the small template, in enforce mode."""
    options = StackOptions(
        compiled_policy='{"domain": "my-company"}',
        mode="enforce",
        template=FIXTURES / "template.yaml",
        open_codeartifact=source.open,
    )
    with LocalStack(options, logs=FunctionLogs(echo=io.StringIO())) as running:
        yield running


def event(**detail: object) -> Document:
    """Return an event as CodeArtifact's are, short."""
    return {
        "version": "0",
        "id": "1",
        "detail-type": "CodeArtifact Package Version State Change",
        "source": "aws.codeartifact",
        "account": ACCOUNT,
        "time": "2026-03-01T10:15:00Z",
        "region": "us-west-2",
        "resources": [],
        "detail": {"domainName": "my-company", **detail},
    }


def noted(stack: LocalStack, text: str) -> bool:
    """Return whether the function says that it got this message."""
    return any(line.text == f"noted {text}" for line in stack.logs.lines())


def depth(stack: LocalStack, queue: str) -> int:
    """Return how many messages a queue holds, visible or not."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = client(stack, "sqs").get_queue_attributes(
        QueueUrl=stack.reference(queue), AttributeNames=names
    )
    return sum(int(answer["Attributes"][name]) for name in names)


def send(stack: LocalStack, body: str, **options: object) -> None:
    """Send a message to the function's queue."""
    client(stack, "sqs").send_message(
        QueueUrl=stack.reference("Queue"), MessageBody=body, **options
    )


def test_an_event_of_the_watched_domain_reaches_the_function_whole(
    stack: LocalStack, source: EventSource
) -> None:
    """The message is the envelope, compact, `account` included; then the queue is empty."""
    sent = event(packageName="whole")
    source.emit(sent)
    compact = json.dumps(sent, separators=(",", ":"))
    assert stack.logs.wait_for(lambda line: line.text == f"noted {compact}", timeout_seconds=20)
    until(lambda: depth(stack, "Queue") == 0)


def test_an_event_of_another_domain_reaches_no_one(stack: LocalStack, source: EventSource) -> None:
    """The rule's pattern has the policy's domain in it."""
    source.emit(event(domainName="other-company", packageName="unheard"))
    send(stack, "after the unheard")
    until(lambda: noted(stack, "after the unheard"))
    assert not any("unheard" in line.text.replace("the unheard", "") for line in stack.logs.lines())


def test_put_events_from_anyone_goes_the_same_way(stack: LocalStack) -> None:
    """Each entry gets an id or an error of its own; the good one arrives."""
    entry = {"Source": "aws.codeartifact", "DetailType": "d", "Detail": "{}"}
    good = {**entry, "Detail": '{"domainName": "my-company", "packageName": "put"}'}
    answer = client(stack, "events").put_events(Entries=[good, {**entry, "Detail": "no JSON"}])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][1]["ErrorCode"] == "MalformedDetail"
    event_id = answer["Entries"][0]["EventId"]
    found = stack.logs.wait_for(lambda line: event_id in line.text, timeout_seconds=20)
    assert found is not None
    arrived = json.loads(found.text.removeprefix("noted "))
    assert (arrived["account"], arrived["region"]) == (ACCOUNT, "us-west-2")
    assert arrived["detail"]["packageName"] == "put"


def test_rules_that_anyone_changes_count_at_once(stack: LocalStack, source: EventSource) -> None:
    """A disabled rule delivers nothing; a new rule with a queue of its own delivers."""
    events, sqs = client(stack, "events"), client(stack, "sqs")
    rule = stack.reference("Rule")
    events.disable_rule(Name=rule)
    source.emit(event(packageName="while disabled"))
    events.enable_rule(Name=rule)

    pattern = json.dumps({"detail": {"packageName": [{"prefix": "mine-"}]}})
    arn = events.put_rule(Name="mine", EventPattern=pattern)["RuleArn"]
    policy = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
        "Condition": {"ArnEquals": {"aws:SourceArn": arn}},
    }
    url = sqs.create_queue(
        QueueName="mine", Attributes={"Policy": json.dumps({"Statement": [policy]})}
    )["QueueUrl"]
    queue_arn = f"arn:aws:sqs:us-west-2:{ACCOUNT}:mine"
    transformer = {
        "InputPathsMap": {"name": "$.detail.packageName"},
        "InputTemplate": '"it is <name>"',
    }
    target = {"Id": "1", "Arn": queue_arn, "InputTransformer": transformer}
    events.put_targets(Rule="mine", Targets=[target])
    source.emit(event(packageName="mine-1"))
    received = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    assert [message["Body"] for message in received] == ['"it is mine-1"']

    events.remove_targets(Rule="mine", Ids=["1"])
    events.delete_rule(Name="mine")
    assert not any("while disabled" in line.text for line in stack.logs.lines())


def test_an_event_that_a_queue_refuses_goes_to_the_target_s_dead_letter_queue(
    stack: LocalStack, source: EventSource
) -> None:
    """Without the queue's policy EventBridge may not send; the reason travels with the event."""
    sqs = client(stack, "sqs")
    url = stack.reference("Queue")
    names = {"QueueUrl": url, "AttributeNames": ["Policy"]}
    policy = sqs.get_queue_attributes(**names)["Attributes"]["Policy"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": '{"Statement": []}'})
    source.emit(event(packageName="refused"))
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    message = sqs.receive_message(
        QueueUrl=stack.reference("Undelivered"), MessageAttributeNames=["All"], WaitTimeSeconds=5
    )["Messages"][0]
    assert json.loads(message["Body"])["detail"]["packageName"] == "refused"
    attributes = {
        name: value["StringValue"] for name, value in message["MessageAttributes"].items()
    }
    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS"
    assert attributes["RULE_ARN"] == stack.attribute("Rule", "Arn")


def test_a_target_that_makes_no_sense_costs_the_others_nothing(stack: LocalStack) -> None:
    """Half an ARN leads nowhere; the target after it gets the event."""
    group = "arn:aws:logs:us-west-2:012345678901:log-group:/odd"
    client(stack, "logs").create_log_group(logGroupName="/odd")
    events = client(stack, "events")
    events.put_rule(Name="odd", EventPattern='{"source": ["odd"]}')
    targets = [{"Id": "half", "Arn": "arn:aws:sqs:us-west-2"}, {"Id": "whole", "Arn": group}]
    events.put_targets(Rule="odd", Targets=targets)
    assert stack.router.route({"source": "odd", "detail": {}}) == 1


def test_only_the_failed_message_of_a_batch_comes_again_and_then_is_a_dead_letter(
    stack: LocalStack,
) -> None:
    """`batchItemFailures` names one; it is received `maxReceiveCount` times and moved."""
    sqs = client(stack, "sqs")
    bodies = ["good one", "fail", "good two"]
    sqs.send_message_batch(
        QueueUrl=stack.reference("Queue"),
        Entries=[{"Id": str(i), "MessageBody": body} for i, body in enumerate(bodies)],
    )
    dead_letters = stack.reference("DeadLetters")
    received = sqs.receive_message(QueueUrl=dead_letters, WaitTimeSeconds=20)["Messages"]
    assert [message["Body"] for message in received] == ["fail"]
    sqs.delete_message(QueueUrl=dead_letters, ReceiptHandle=received[0]["ReceiptHandle"])
    lines = [line.text for line in stack.logs.lines()]
    counts = {body: lines.count(f"noted {body}") for body in bodies}
    assert counts == {"good one": 1, "fail": 2, "good two": 1}
    assert depth(stack, "Queue") == 0


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("raise", id="an exception in the handler"),
        pytest.param("exit", id="a process that ends"),
        pytest.param("hang", id="a handler that takes longer than the timeout"),
    ],
)
def test_a_batch_that_fails_as_a_whole_becomes_a_dead_letter(stack: LocalStack, body: str) -> None:
    """Whatever ends the invocation, the function serves the next message."""
    sqs = client(stack, "sqs")
    send(stack, body)
    dead_letters = stack.reference("DeadLetters")
    received = sqs.receive_message(QueueUrl=dead_letters, WaitTimeSeconds=20)["Messages"]
    assert [message["Body"] for message in received] == [body]
    sqs.delete_message(QueueUrl=dead_letters, ReceiptHandle=received[0]["ReceiptHandle"])
    send(stack, f"after {body}")
    until(lambda: noted(stack, f"after {body}"))


def test_a_function_that_runs_too_long_is_reported_as_lambda_does(stack: LocalStack) -> None:
    """The message is Lambda's, with the template's timeout in it."""
    with pytest.raises(FunctionError, match=r"Task timed out after 2\.00 seconds") as caught:
        stack.invoke("Noting", {"Records": [{"body": "hang"}]})
    assert caught.value.error_type == "Sandbox.Timedout"


def test_a_process_that_cannot_be_started_is_a_failed_invocation(tmp_path: Path) -> None:
    """The caller, who may be a poller, learns why; nothing is left behind."""
    settings = FunctionSettings(
        name="nobody",
        arn="arn:aws:lambda:us-west-2:012345678901:function:nobody",
        handler="app.handler",
        runtime="python3.13",
        code=tmp_path / "gone",
        import_roots=(),
        environment={},
        log_group="/aws/lambda/nobody",
    )
    function = Function(settings, FunctionLogs(echo=io.StringIO()))
    with pytest.raises(FunctionError, match=r"Runtime\.StartError.*gone"):
        function.invoke(b"{}")
    assert function.process_ids() == []


def test_a_killed_process_is_replaced(stack: LocalStack) -> None:
    """Whoever kills a function's process costs no message."""
    import os

    stack.invoke("Noting", {"Records": []})
    for process in stack.functions["Noting"].process_ids():
        os.kill(process, signal.SIGKILL)
    send(stack, "after the kill")
    until(lambda: noted(stack, "after the kill"))


def test_a_delayed_message_comes_when_its_delay_is_over(stack: LocalStack) -> None:
    """`DelaySeconds` counts in real time, and a later message overtakes."""
    sent = time.time()
    send(stack, "delayed", DelaySeconds=1)
    send(stack, "overtaking")
    line = stack.logs.wait_for(lambda line: line.text == "noted delayed", timeout_seconds=20)
    assert line is not None
    assert line.written_at - sent >= 1
    texts = [line.text for line in stack.logs.lines()]
    assert texts.index("noted overtaking") < texts.index("noted delayed")


def test_a_deep_queue_is_worked_off_without_losing_or_doubling(stack: LocalStack) -> None:
    """Two functions at once, while messages still come in."""
    entry = {"Source": "aws.codeartifact", "DetailType": "d"}
    names = [f"deep-{number}" for number in range(2000)]
    for name in names:
        detail = json.dumps({"domainName": "my-company", "packageName": name})
        stack.router.put_events(ACCOUNT, [{**entry, "Detail": detail}])
    until(lambda: depth(stack, "Queue") == 0, seconds=60)
    arrived = [
        json.loads(line.text.removeprefix("noted "))["detail"]["packageName"]
        for line in stack.logs.lines()
        if '"packageName":"deep-' in line.text
    ]
    assert sorted(arrived) == sorted(names)
    assert len(stack.functions["Noting"].process_ids()) <= 2


def test_a_function_sees_what_lambda_would_show_it(stack: LocalStack) -> None:
    """Its code, its layers, the runtime's packages, the template's variables; nothing of ours."""
    seen = stack.invoke("Noting", {"Records": [{"body": "describe"}]})
    assert isinstance(seen, dict)
    assert seen["greeting"] == "hello from the layer"
    assert seen["policy"] == '{"domain": "my-company"}'
    assert seen["modules"] == ["botocore"]
    assert 0 < seen["remaining"] <= 2000
    environment = seen["environment"]
    assert environment["MODE"] == "enforce"
    assert environment["AWS_ENDPOINT_URL"] == stack.endpoint
    assert environment["AWS_ACCESS_KEY_ID"] == ACCOUNT
    assert environment["QUEUE_URL"] == stack.reference("Queue")
    assert environment["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/codeartifact-steward-noting"
    assert "HOME" not in environment


def test_log_lines_are_in_cloudwatch_logs_too(stack: LocalStack) -> None:
    """They stand in the group that the template gives the function."""
    send(stack, "for the log")
    until(lambda: noted(stack, "for the log"))
    logs = client(stack, "logs")
    group = "/aws/lambda/codeartifact-steward-noting"

    def messages() -> list[str]:
        found = logs.filter_log_events(logGroupName=group, filterPattern="log")["events"]
        return [line["message"] for line in found]

    until(lambda: "noted for the log" in messages())
