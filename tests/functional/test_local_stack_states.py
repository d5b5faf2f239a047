"""A state machine of a template: its tasks, its maps over S3, its errors, its schedule, its end."""

import io
import json
from collections.abc import Iterator

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from cli.stack.errors import StackError
from cli.stack.function_logs import FunctionLogs
from cli.stack.json_types import Document
from cli.stack.resources import Unplayed
from cli.stack.stack import LocalStack
from cli.stack.state_machines import Execution
from tests.functional.played_stack import ACCOUNT, client, until
from tests.functional.test_local_stack_services import FIXTURES, options

FUNCTION = "codeartifact-steward-Counting"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/machine"
PARSER = "moto.stepfunctions.parser.models"


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    """Play the template with the state machine that counts words."""
    with LocalStack(
        options(FIXTURES / "states.yaml"), logs=FunctionLogs(echo=io.StringIO())
    ) as running:
        yield running


@pytest.fixture
def states(stack: LocalStack) -> BaseClient:
    """Return a client of Step Functions as anybody has it."""
    return client(stack, "stepfunctions")


def counted(stack: LocalStack, *texts: str) -> Execution:
    """Return the execution that has counted the words of *texts*."""
    return stack.wait_for_execution(stack.start_execution("Machine", {"texts": list(texts)}))


def test_it_maps_over_a_manifest_on_s3_and_adds_up(stack: LocalStack) -> None:
    """Each item is a task of the stack's function; the results come in the order of the items."""
    execution = counted(stack, "one two", "three", "four five six")
    assert execution.status == "SUCCEEDED"
    assert execution.output == {"words": 6, "left_out": []}


@pytest.mark.parametrize(
    ("texts", "output"),
    [
        pytest.param(["not yet"], {"words": 2, "left_out": []}, id="Retry tries an error again"),
        pytest.param(["two looks"], {"words": 2, "left_out": []}, id="Choice goes round again"),
        pytest.param(
            ["unreadable", "a b"], {"words": 2, "left_out": ["UnreadableError"]}, id="Catch goes on"
        ),
    ],
)
def test_a_function_s_error_has_the_name_of_its_exception(
    stack: LocalStack, texts: list[str], output: Document
) -> None:
    """So Retry and Catch of a definition know it."""
    assert counted(stack, *texts).output == output


def test_an_error_that_nothing_catches_fails_the_map_and_the_execution(stack: LocalStack) -> None:
    """No failed item is tolerated unless the definition says so."""
    execution = counted(stack, "broken", "a b")
    assert (execution.status, execution.output) == ("FAILED", None)
    assert execution.error == "States.ExceedToleratedFailureThreshold"
    assert execution.cause == "1 of 2 items have failed"


def test_a_choice_may_fail_the_execution_with_words_from_the_template(stack: LocalStack) -> None:
    """`DefinitionSubstitutions` are text, in the middle of a sentence, too."""
    execution = counted(stack, "word " * 101)
    assert (execution.status, execution.error) == ("FAILED", "TooManyWords")
    assert execution.cause == "more than 100"


def test_the_api_starts_lists_describes_and_stops_executions(
    stack: LocalStack, states: BaseClient
) -> None:
    """A name is optional; one that is stopped is aborted."""
    machine = stack.reference("Machine")
    texts = json.dumps({"texts": ["slow"]})
    arns = [
        states.start_execution(stateMachineArn=machine, input=texts)["executionArn"]
        for _ in range(2)
    ]
    assert len(set(arns)) == 2
    assert stack.executions_left == 2
    running = states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")
    assert {execution["executionArn"] for execution in running["executions"]} == set(arns)
    until(lambda: states.get_execution_history(executionArn=arns[0])["events"])
    for arn in arns:
        states.stop_execution(executionArn=arn)
        assert stack.wait_for_execution(arn).status == "ABORTED"
    assert states.describe_execution(executionArn=arns[0])["status"] == "ABORTED"


def test_a_schedule_starts_an_execution_with_its_input(stack: LocalStack) -> None:
    """By hand here; by the clock it is the same."""
    before = {execution.arn for execution in stack.state_machines.executions()}
    stack.fire("Nightly")
    (new,) = [
        execution for execution in stack.state_machines.executions() if execution.arn not in before
    ]
    assert stack.wait_for_execution(new.arn).output == {"words": 2, "left_out": []}


def test_a_schedule_whose_state_machine_is_not_there_uses_its_dead_letter_queue(
    stack: LocalStack,
) -> None:
    """The message says why."""
    stack.fire("Misguided")
    answer = client(stack, "sqs").receive_message(
        QueueUrl=stack.reference("Undelivered"), MessageAttributeNames=["All"]
    )
    (message,) = answer["Messages"]
    attributes = message["MessageAttributes"]
    assert "State Machine Does Not Exist" in attributes["ERROR_MESSAGE"]["StringValue"]
    assert attributes["TARGET_ARN"]["StringValue"].endswith("-of-somebody-else")


def test_what_has_no_effect_is_named(stack: LocalStack) -> None:
    """A dashboard, and of a bucket and of a state machine what moto does not do."""
    assert [part for part in stack.unplayed if part.resource_type != "AWS::IAM::Role"] == [
        Unplayed("AWS::CloudWatch::Dashboard", "no metrics are collected", ("Board",)),
        Unplayed("AWS::S3::Bucket", "it ends with the stack", ("Batches",)),
        Unplayed(
            "AWS::S3::Bucket", "nothing of it is encrypted, and everybody may read it", ("Batches",)
        ),
        Unplayed("AWS::S3::Bucket", "objects stay when their time is over", ("Batches",)),
        Unplayed(
            "AWS::S3::BucketPolicy", "policies of buckets are not enforced", ("BatchesPolicy",)
        ),
        Unplayed(
            "AWS::StepFunctions::StateMachine",
            "executions write no log; their history can be asked for",
            ("Machine",),
        ),
    ]


@pytest.mark.parametrize(
    "named",
    [
        FUNCTION,
        f"{FUNCTION}:$LATEST",
        f"{ACCOUNT}:function:{FUNCTION}",
        f"arn:aws:lambda:us-west-2:{ACCOUNT}:function:{FUNCTION}",
    ],
)
def test_invoke_reaches_a_function_by_name_or_arn(stack: LocalStack, named: str) -> None:
    """And answers with what the function answers."""
    answer = client(stack, "lambda").invoke(
        FunctionName=named, Payload=json.dumps({"step": "sum", "counts": [{"words": 2}]})
    )
    assert answer["StatusCode"] == 200
    assert "FunctionError" not in answer
    assert json.loads(answer["Payload"].read()) == {"words": 2, "left_out": []}


def test_invoke_of_a_function_that_fails_says_how(stack: LocalStack) -> None:
    """The call succeeds; the payload has the name of the exception and its words."""
    answer = client(stack, "lambda").invoke(FunctionName=FUNCTION, Payload=b'{"step": "rest"}')
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.loads(answer["Payload"].read()) == {
        "errorType": "KeyError",
        "errorMessage": "'rest'",
    }


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param({"FunctionName": "nobody"}, "ResourceNotFoundException", id="no function"),
        pytest.param(
            {"FunctionName": FUNCTION, "InvocationType": "Event"},
            "InvalidParameterValueException",
            id="an invocation that nobody waits for",
        ),
    ],
)
def test_invoke_refuses_what_it_cannot_do(
    stack: LocalStack, arguments: dict[str, str], code: str
) -> None:
    """With Lambda's own error."""
    with pytest.raises(ClientError) as caught:
        client(stack, "lambda").invoke(**arguments)
    assert caught.value.response["Error"]["Code"] == code


def test_a_state_machine_or_execution_that_is_not_there_is_a_clear_error(stack: LocalStack) -> None:
    """The message says which there are."""
    with pytest.raises(StackError, match="no state machine 'Nobody'; the template has Machine"):
        stack.start_execution("Nobody")
    with pytest.raises(StackError, match="there is no execution arn:nobody"):
        stack.wait_for_execution("arn:nobody")
