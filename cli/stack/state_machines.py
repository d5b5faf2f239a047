"""
Plays the template's state machines on moto's interpreter of the Amazon States Language.

Importing the interpreter takes most of a second, so that happens at the first request for Step
Functions, or when a schedule fires; what is wrong with a definition shows then. Tasks reach the
stack's functions as everything else does, by Invoke (`cli.stack.lambda_api`).
"""

import json
import logging
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast
from uuid import uuid4

import yaml

from cli.stack.errors import StackError, TemplateError
from cli.stack.json_types import Document, as_document
from cli.stack.map_failures import make_maps_fail_beyond_their_tolerance

if TYPE_CHECKING:
    from moto.stepfunctions.parser.backend.execution import Execution as MotoExecution
    from moto.stepfunctions.parser.models import StepFunctionsParserBackend

ExecutionStatus = Literal["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z0-9_]+)\}")  # AWS::StepFunctions::StateMachine, guide
_LOOK_AGAIN_SECONDS = 0.02
_BEGIN_SECONDS = 2.0  # our choice: parsing the definition takes less
_END_SECONDS = 5.0  # our choice: a task or a retry's pause that lasts longer is left to its thread

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StateMachine:
    """One state machine as the template has it."""

    arn: str
    name: str
    role: str
    definition: str  # JSON, its placeholders filled in


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution, as far as it has come."""

    arn: str
    name: str
    state_machine: str  # ARN
    status: ExecutionStatus
    output: object  # None unless it has succeeded
    error: str | None
    cause: str | None


def state_machine(
    name: str, arn: str, properties: Document, definitions: Mapping[str, Path]
) -> StateMachine:
    """
    Return the state machine with these resolved properties.

    CloudFormation makes JSON of a file first and fills `DefinitionSubstitutions` in then: of
    `MaxConcurrency: ${Workers}` comes a text, which Step Functions refuses, here and there.

    Args:
        name: Of the state machine.
        arn: Of the state machine.
        properties: Those of the resource.
        definitions: The files that stand for objects on S3, by the object's key.

    Raises:
        TemplateError: There is no definition, it cannot be read, it is neither JSON nor YAML, or a
            placeholder in it has no value. In AWS such a placeholder would stay as it is, and the
            state machine fail when it runs.
    """
    text = _definition_text(name, properties, definitions)
    values = as_document(properties.get("DefinitionSubstitutions", {}), name)
    missing = sorted({found for found in _PLACEHOLDER.findall(text) if found not in values})
    if missing:
        names = ", ".join(missing)
        raise TemplateError(f"{name}: DefinitionSubstitutions gives no value for {names}")
    filled = _PLACEHOLDER.sub(lambda found: _as_text(values[found[1]]), text)
    try:
        definition = json.dumps(as_document(json.loads(filled), name))
    except (ValueError, TypeError) as error:
        raise TemplateError(f"{name}: its definition cannot be read: {error}") from error
    return StateMachine(arn, name, str(properties.get("RoleArn", "")), definition)


class StateMachines:
    """Starts executions, knows how each stands, and ends them."""

    def __init__(self, machines: Mapping[str, StateMachine], account: str, region: str) -> None:
        """Know the state machines by their logical ids; nothing is imported yet."""
        self._machines = dict(machines)
        self._account = account
        self._region = region
        self._lock = threading.Lock()
        self._backend: StepFunctionsParserBackend | None = None

    def prepare(self) -> "StepFunctionsParserBackend":
        """
        Make moto interpret what it is asked to run, the template's state machines among it.

        Raises:
            TemplateError: A definition is none.
        """
        with self._lock:
            if self._backend is None:
                self._backend = self._prepared()
            return self._backend

    def start(self, arn: str, execution_input: str = "{}", *, name: str | None = None) -> str:
        """
        Start an execution and return its ARN.

        Raises:
            StackError: There is no such state machine, its definition is none, or the input is no
                JSON.
        """
        from moto.core.exceptions import JsonRESTError, ServiceException

        try:
            started = self.prepare().start_execution(arn, name or str(uuid4()), execution_input)
        except (JsonRESTError, ServiceException) as error:
            raise StackError(f"{arn}: {error.message}") from error
        return str(started.exec_arn)

    def arn(self, logical_id: str) -> str:
        """
        Return the ARN of a state machine of the template.

        Raises:
            StackError: The template has no such state machine.
        """
        if logical_id not in self._machines:
            known = ", ".join(sorted(self._machines)) or "none"
            raise StackError(f"there is no state machine {logical_id!r}; the template has {known}")
        return self._machines[logical_id].arn

    def executions(self) -> list[Execution]:
        """Return every execution since the stack started, those of one state machine in order."""
        return [_execution(found) for found in self._known()]

    def wait(self, arn: str, *, timeout_seconds: float) -> Execution:
        """
        Return the execution when it has ended.

        Raises:
            StackError: There is no such execution, or it has not ended by then.
        """
        found = next((known for known in self._known() if known.exec_arn == arn), None)
        if found is None:
            raise StackError(f"there is no execution {arn}")
        if not _ended([found], timeout_seconds):
            raise StackError(f"{arn} is still running after {timeout_seconds:g} s")
        return _execution(found)

    def stop(self) -> None:
        """Have every execution end where it is; one that is in a task ends when the task does."""
        for execution in self._known():
            if _is_running(execution) and _has_begun(execution):
                execution.stop(stop_date=datetime.now(UTC), error=None, cause="the stack stops")

    def wait_for_the_end(self) -> None:
        """Return when every execution has ended, or some seconds later."""
        if not _ended(self._known(), _END_SECONDS):
            _logger.warning("an execution of a state machine does not end")

    def _known(self) -> "list[MotoExecution]":
        if self._backend is None:
            return []
        # Of the interpreter's own class, which the parent of its backend does not know.
        return cast("list[MotoExecution]", self._backend._get_executions())  # noqa: SLF001  the one place that lists them all

    def _prepared(self) -> "StepFunctionsParserBackend":
        from moto.core.config import default_user_config
        from moto.core.exceptions import JsonRESTError, ServiceException
        from moto.stepfunctions.parser.models import stepfunctions_parser_backends

        make_maps_fail_beyond_their_tolerance()
        # It writes a page for each error of a task, also of one that the definition catches.
        logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)
        default_user_config["stepfunctions"] = {"execute_state_machine": True}
        backend = stepfunctions_parser_backends[self._account][self._region]
        for machine in self._machines.values():
            try:
                backend.create_state_machine(machine.name, machine.definition, machine.role)
            except (JsonRESTError, ServiceException) as error:
                message = f"{machine.name}: moto does not take its definition: {error.message}"
                raise TemplateError(message) from error
        return backend


@contextmanager
def interpreter_at(port: int) -> Iterator[None]:
    """
    Let moto's interpreter find the stack at *port*, and forget afterwards that it may interpret.

    It sends every task to `http://localhost:MOTO_PORT`.
    """
    before = os.environ.get("MOTO_PORT")
    os.environ["MOTO_PORT"] = str(port)
    try:
        yield
    finally:
        os.environ.pop("MOTO_PORT")
        if before is not None:
            os.environ["MOTO_PORT"] = before
        from moto.core.config import default_user_config

        default_user_config["stepfunctions"] = {"execute_state_machine": False}


def _definition_text(name: str, properties: Document, definitions: Mapping[str, Path]) -> str:
    """Return the definition as JSON whose placeholders are still in it."""
    if "DefinitionString" in properties:
        return str(properties["DefinitionString"])
    if "Definition" in properties:
        return json.dumps(properties["Definition"])
    location = as_document(properties.get("DefinitionS3Location", {}), name)
    path = definitions.get(str(location.get("Key")))
    if path is None:
        raise TemplateError(f"{name}: its definition is no file of this machine")
    try:
        return json.dumps(yaml.safe_load(path.read_text(encoding="utf-8")))  # JSON is YAML, too
    except OSError as error:
        raise TemplateError(f"{name}: cannot read {path}: {error.strerror}") from error
    except (yaml.YAMLError, TypeError) as error:  # TypeError: of a date, which JSON has not
        raise TemplateError(f"{name}: {path} cannot be read: {error}") from error


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_running(execution: "MotoExecution") -> bool:
    return str(execution.status) == "RUNNING"


def _has_begun(execution: "MotoExecution") -> bool:
    """Return whether the execution can be stopped: it can some milliseconds after its start."""
    deadline = time.monotonic() + _BEGIN_SECONDS
    while time.monotonic() < deadline:
        if execution.exec_worker is not None and execution.exec_worker.env is not None:
            return True
        time.sleep(_LOOK_AGAIN_SECONDS)
    return False


def _ended(executions: "list[MotoExecution]", seconds: float) -> bool:
    """Return whether none of them runs any more, waiting for it."""
    deadline = time.monotonic() + seconds
    while any(_is_running(execution) for execution in executions):
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_AGAIN_SECONDS)
    return True


def _execution(found: "MotoExecution") -> Execution:
    status: ExecutionStatus = found.status
    return Execution(
        arn=str(found.exec_arn),
        name=str(found.name),
        state_machine=str(found.state_machine.arn),
        status=status,
        output=found.output if status == "SUCCEEDED" else None,
        error=found.error,
        cause=found.cause,
    )
