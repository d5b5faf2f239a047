"""Stacks with a state machine that are started for one test: what is wrong, tolerated, or ends."""

import io
import json
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from cli.stack.errors import StackError, TemplateError
from cli.stack.function_logs import FunctionLogs
from cli.stack.stack import LocalStack
from tests.functional.played_stack import ACCOUNT, client
from tests.functional.test_local_stack_services import FIXTURES, options

ROLE = f"arn:aws:iam::{ACCOUNT}:role/machine"
PARSER = "moto.stepfunctions.parser.models"


def test_a_start_of_the_stack_does_not_import_the_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes most of a second, and few sessions sweep."""
    monkeypatch.delitem(sys.modules, PARSER, raising=False)
    template = tmp_path / "template.yaml"
    template.write_text((FIXTURES / "states.yaml").read_text())
    (tmp_path / "states.asl.yaml").write_text((FIXTURES / "states.asl.yaml").read_text())
    (tmp_path / "functions").mkdir()
    with LocalStack(options(template)) as running:
        assert running.executions_left == 0
        assert PARSER not in sys.modules


def test_failed_items_that_are_tolerated_fail_nothing(tmp_path: Path) -> None:
    """The rest of the definition goes on without them."""
    definition = {
        "StartAt": "Map",
        "States": {
            "Map": {
                "Type": "Map",
                "ToleratedFailureCount": 1,
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": "Fail",
                    "States": {"Fail": {"Type": "Fail", "Error": "Always"}},
                },
                "ResultPath": None,
                "End": True,
            }
        },
    }
    template = tmp_path / "template.json"
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": ROLE, "DefinitionString": json.dumps(definition)},
    }
    template.write_text(json.dumps({"Resources": {"Machine": machine}}))
    with LocalStack(options(template)) as running:
        states = client(running, "stepfunctions")
        for items, status in (([1], "SUCCEEDED"), ([1, 2], "FAILED")):
            started = states.start_execution(
                stateMachineArn=running.reference("Machine"), input=json.dumps(items)
            )
            assert running.wait_for_execution(started["executionArn"]).status == status


def test_stopping_the_stack_ends_what_runs() -> None:
    """No execution is left that would look for a stack that is gone."""
    stack = LocalStack(options(FIXTURES / "states.yaml"), logs=FunctionLogs(echo=io.StringIO()))
    with stack:
        stack.start_execution("Machine", {"texts": ["slow", "slow", "slow"]})
        with pytest.raises(StackError, match=r"still running after 0\.1 s"):
            stack.wait_for_execution(stack.state_machines.executions()[0].arn, timeout_seconds=0.1)
    assert stack.executions_left == 0


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        pytest.param(None, "cannot read .*states.asl.yaml: No such file", id="no file"),
        pytest.param("{", "states.asl.yaml cannot be read", id="no YAML"),
        pytest.param(
            "{StartAt: A, States: {A: {Type: Wait, Timestamp: 2026-03-01}}}",
            "states.asl.yaml cannot be read: .* date is not JSON",
            id="a date of YAML's",
        ),
        pytest.param("[]", "its definition cannot be read: expected an object", id="a list"),
        pytest.param(
            "StartAt: ${First}", "gives no value for First", id="a placeholder without a value"
        ),
    ],
)
def test_a_definition_that_cannot_be_played_keeps_the_stack_from_starting(
    tmp_path: Path, definition: str | None, message: str
) -> None:
    """What can be known without the interpreter is said at once."""
    template = tmp_path / "template.yaml"
    template.write_text((FIXTURES / "states.yaml").read_text())
    (tmp_path / "functions").mkdir()
    if definition is not None:
        (tmp_path / "states.asl.yaml").write_text(definition)
    with pytest.raises(TemplateError, match=message):
        LocalStack(options(template)).start()


def test_a_number_that_is_substituted_is_a_text_and_refused(tmp_path: Path) -> None:
    """As in AWS, where a file is JSON before its placeholders are filled in."""
    template = tmp_path / "template.yaml"
    template.write_text((FIXTURES / "states.yaml").read_text())
    (tmp_path / "functions").mkdir()
    wait = "{StartAt: A, States: {A: {Type: Wait, End: true, Seconds: 1}}}"
    for seconds, refused in (("1", False), ('"${Limit}"', True)):
        (tmp_path / "states.asl.yaml").write_text(wait.replace("Seconds: 1", f"Seconds: {seconds}"))
        with LocalStack(options(template)) as running:
            if refused:
                with pytest.raises(StackError, match="does not take its definition"):
                    running.start_execution("Machine")
            else:
                arn = running.start_execution("Machine")
                assert running.wait_for_execution(arn).status == "SUCCEEDED"


def test_a_definition_that_is_no_state_machine_is_said_at_its_first_use(tmp_path: Path) -> None:
    """To whoever asks, by the API or by the stack."""
    template = tmp_path / "template.yaml"
    template.write_text((FIXTURES / "states.yaml").read_text())
    (tmp_path / "functions").mkdir()
    (tmp_path / "states.asl.yaml").write_text("StartAt: Nowhere\nStates: {Here: {Type: Nothing}}")
    with LocalStack(options(template)) as running:
        with pytest.raises(StackError, match="does not take its definition"):
            running.start_execution("Machine")
        with pytest.raises(ClientError, match="does not take its definition"):
            client(running, "stepfunctions").list_state_machines()
