"""The first step of a sweep: may it go on, and over which repositories."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from steward.errors import LedgerError
from steward.observability import logger
from sweep_repositories import runs
from sweep_repositories.collaborators import Planning
from sweep_repositories.executions import Execution
from sweep_repositories.listing import Cursor, added
from sweep_repositories.members import Document, member
from sweep_repositories.runs import Request, Run, SweepEventError

GO_ON = "go on"


def begin(event: Document, to: Planning) -> Mapping[str, object]:
    """
    Write down what is asked for; return how the sweep goes on.

    - ``another policy``: whoever asks has another policy in mind than the one that is deployed.
    - ``another sweep is running``: an older execution is. Of two that begin at the same time, the
      one with the lesser name goes on. Should Step Functions not know of the other one yet, both
      do: they want the same, and what one has done the other finds done.

    If it goes on, the ledger knows of all exemptions, in either mode, unless it cannot be read.

    Raises:
        SweepEventError: The event is not what the definition sends, or names a repository that the
            domain does not have.
    """
    request, before = runs.request_in(event.get("input")), to.calls_made()
    execution = Execution(
        member(event, "run", str), datetime.fromisoformat(member(event, "startedAt", str))
    )
    policy, owner = to.deployed.policy, _account(member(event, "execution", str))
    outcome = _outcome(execution, member(event, "stateMachine", str), request, to)
    limit, allowed = policy.limits.deletions_per_run, request.allow_deletions
    run = Run(
        name=execution.name,
        # By this clock, as its end will be: the local stack's may be set, and Step Functions' not.
        started=to.now().astimezone(UTC),
        mode=to.deployed.mode,
        policy_digest=policy.digest,
        domain=policy.domain,
        domain_owner=owner,
        deletions_limit=limit if allowed is None else allowed,
        request=request,
        repositories=_repositories(request, owner, to) if outcome == GO_ON else (),
    )
    if outcome == GO_ON:
        _settle_exemptions(to)
    runs.write(run, to.objects)
    logger().info(
        "sweep begun" if outcome == GO_ON else "sweep ended",
        extra={"run": run.name, "outcome": outcome, "repositories": len(run.repositories)},
    )
    cursor = Cursor(calls=added({}, before, to.calls_made()))
    return {"run": run.name, "outcome": outcome, "cursor": cursor.to_document()}


def _outcome(execution: Execution, state_machine: str, request: Request, to: Planning) -> str:
    if request.policy_digest not in (None, to.deployed.policy.digest):
        return "another policy"
    ourselves = (execution.started, execution.name)
    others = [
        (one.started, one.name)
        for one in to.executions.running(state_machine)
        if one.name != execution.name
    ]
    return "another sweep is running" if any(one < ourselves for one in others) else GO_ON


def _repositories(request: Request, owner: str, to: Planning) -> tuple[str, ...]:
    there = [one.name for one in to.lists.repositories(to.deployed.policy.domain, owner)]
    if request.repositories is None:
        return tuple(there)
    if missing := [name for name in request.repositories if name not in there]:
        raise SweepEventError(f"the domain has no repository {missing[0]!r:.200}")
    return tuple(name for name in there if name in request.repositories)


def _settle_exemptions(to: Planning) -> None:
    """Have one question to the ledger answer for all packages; otherwise each is asked about."""
    try:
        to.settle_exemptions()
    except LedgerError as error:
        logger().warning("exemptions not known", extra={"reason": str(error)})


def _account(arn: str) -> str:
    """Return the account of an execution, whose domain it sweeps."""
    # arn:partition:service:region:account:resource ("Amazon Resource Names", IAM User Guide)
    found = re.fullmatch(r"(?:[^:]*:){4}([0-9]{12}):.*", arn)
    if found is None:
        raise SweepEventError(f"execution is no ARN: {arn!r:.200}")
    return found[1]
