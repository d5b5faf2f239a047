"""Starts a sweep of the deployment, and follows it to its summary."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol, TypedDict
from uuid import uuid4

import click

from cli.aws import explained
from cli.output import fail

if TYPE_CHECKING:
    from cli.aws import Aws
    from sweep_repositories.objects import Objects
    from sweep_repositories.progress import Progress
    from sweep_repositories.summary import Summary

_PAUSE_SECONDS: Final = 1.0
_RUNNING: Final = "RUNNING"  # ExecutionStatus, Step Functions API Reference
_DENIED: Final = "AccessDeniedException"  # ListRepositoriesInDomain, service model
_SUCCEEDED: Final = "SUCCEEDED"


class _Execution(TypedDict):
    executionArn: str


class _Described(TypedDict, total=False):
    status: str
    error: str
    cause: str


class StatesClient(Protocol):
    """The part of Step Functions' client that is used here; botocore publishes no types."""

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> _Execution:  # noqa: A002, N803  AWS's names
        """See StartExecution, Step Functions API Reference."""

    def describe_execution(self, *, executionArn: str) -> _Described:  # noqa: N803  AWS's name
        """See DescribeExecution, Step Functions API Reference."""


@dataclass(frozen=True, slots=True)
class Wish:
    """
    What a sweep is asked for.

    Attributes:
        policy_digest: The policy that whoever asks has read; another one that is deployed ends it.
        allow_deletions: How many versions this one may delete; None: as many as the policy says.
        repositories: Only these; none: all of the domain.
        requested_by: Who asks.
        plan_only: Nothing is to be changed.
    """

    policy_digest: str
    allow_deletions: int | None
    repositories: tuple[str, ...]
    requested_by: str
    plan_only: bool

    def document(self) -> Mapping[str, object]:
        """Return it as the input of an execution."""
        return {
            "policyDigest": self.policy_digest,
            "allowDeletions": self.allow_deletions,
            "repositories": list(self.repositories) or None,
            "requestedBy": self.requested_by,
            "planOnly": self.plan_only,
        }


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep that has been started."""

    run: str
    execution: str


def check_names(aws: "Aws", domain: str, repositories: Sequence[str]) -> None:
    """
    Return if *domain* has *repositories*, or if the caller may not know: the sweep finds it then.

    1 ListRepositoriesInDomain for 1,000.

    Raises:
        click.ClickException: It lacks one, or there is no such domain; nothing was started.
    """
    from botocore.exceptions import ClientError

    from cli.planning_from_here import repository_names

    with explained():
        try:
            repository_names(
                aws.codeartifact(),
                domain=domain,
                owner=aws.account,
                only=repositories,
                told_by="AWS_PROFILE and AWS_DEFAULT_REGION",
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != _DENIED:
                raise


def start(states: StatesClient, state_machine: str, wish: Wish) -> Sweep:
    """Start a sweep: one call, StartExecution."""
    run = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid4().hex[:8]}"
    answer = states.start_execution(
        stateMachineArn=state_machine, name=run, input=json.dumps(wish.document())
    )
    return Sweep(run, answer["executionArn"])


def follow(
    sweep: Sweep,
    states: StatesClient,
    objects: "Objects",
    *,
    on_progress: Callable[["Progress"], None],
    pause: Callable[[float], None] = time.sleep,
) -> "Summary":
    """
    Return what *sweep* came to, when it is over; 1 DescribeExecution and some reads a second.

    Raises:
        click.ClickException: The execution failed as a whole, or AWS could not be asked; the
            message says where to look.
    """
    from sweep_repositories.progress import progress

    while True:
        with _going_on(sweep):
            described = states.describe_execution(executionArn=sweep.execution)
            if described.get("status") != _RUNNING:
                break
            on_progress(progress(objects, sweep.run))
        pause(_PAUSE_SECONDS)
    if described.get("status") != _SUCCEEDED:
        fail(
            f"the sweep {sweep.run} ended as {described.get('status')}: {_cause(described)}. What "
            "it had done stays done, and doing it again does no harm: docs/operations.md says how "
            f"to redrive {sweep.execution}."
        )
    return summary_of(sweep.run, objects)


def _cause(described: _Described) -> str:
    """Return why an execution ended: of a function's error, what it says."""
    cause = str(described.get("cause") or described.get("error") or "no cause was given")
    try:
        # "Lambda function errors in Python", Lambda Developer Guide
        said: object = json.loads(cause)["errorMessage"]
    except (ValueError, LookupError, TypeError):
        said = cause
    return f"{said!s:.2000}".rstrip(". ")


@contextmanager
def _going_on(sweep: Sweep) -> Iterator[None]:
    """
    Look at *sweep*, and say that it goes on if that fails.

    Raises:
        click.ClickException: AWS could not be asked; the message says that and what to do.
    """
    try:
        with explained():
            yield
    except click.ClickException as error:
        raise click.ClickException(f"{error.message} {alone(sweep)}") from error


def alone(sweep: Sweep) -> str:
    """Return what becomes of *sweep* if nobody waits for it any more."""
    return (
        "The sweep goes on without anybody waiting, and announces its end. `aws stepfunctions "
        f"describe-execution --execution-arn {sweep.execution}` says how far it is; with "
        "`stop-execution` it ends, and what it has done stays done."
    )


def summary_of(run: str, objects: "Objects") -> "Summary":
    """
    Return the summary of the sweep *run*.

    Raises:
        click.ClickException: There is none, or none that this version can read.
    """
    from sweep_repositories import keys
    from sweep_repositories.summary import summary_in

    text = objects.read(keys.summary(run))
    if text is None:
        fail(f"the sweep {run} has left no summary: its execution in Step Functions says why.")
    try:
        return summary_in(text)
    except ValueError as error:
        fail(f"the summary of the sweep {run} was written by another version: {error}")
