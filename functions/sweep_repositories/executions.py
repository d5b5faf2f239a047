"""Which sweeps are running, as Step Functions knows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from steward.clients import StatesClient
from steward.errors import AwsError


class ExecutionsError(AwsError):
    """Step Functions does not tell which sweeps are running."""


@dataclass(frozen=True, slots=True)
class Execution:
    """An execution of the state machine; its name is that of the run."""

    name: str
    started: datetime


class Executions(Protocol):
    """The executions of state machines."""

    def running(self, state_machine: str) -> list[Execution]:
        """
        Return the executions that are running: 1 ListExecutions per 1,000.

        One that has just begun may not be among them ("eventually consistent", API Reference).

        Raises:
            ExecutionsError: Step Functions does not tell.
        """


class StatesExecutions:
    """The executions, by Step Functions itself; *client* is what botocore makes."""

    def __init__(self, client: StatesClient) -> None:
        self._client = client

    def running(self, state_machine: str) -> list[Execution]:
        """See :class:`Executions`."""
        found: list[Execution] = []
        following: dict[str, str] = {}
        while True:
            try:
                page = self._client.list_executions(
                    stateMachineArn=state_machine,
                    statusFilter="RUNNING",
                    maxResults=1000,
                    **following,
                )
            except (ClientError, BotoCoreError) as error:
                raise _failure(error) from error
            found += [Execution(row["name"], row["startDate"]) for row in page["executions"]]
            token = page.get("nextToken")
            if not token:
                return found
            following = {"nextToken": token}


def _failure(error: ClientError | BotoCoreError) -> ExecutionsError:
    code = type(error).__name__
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", code)
    return ExecutionsError("ListExecutions", code, str(error))
