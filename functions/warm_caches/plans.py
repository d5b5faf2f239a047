"""The runs of the policy's caches: started, planned in batches, and put on the queue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from steward.coordinates import Repository
from steward.observability import logger
from warm_caches.messages import WarmCaches, WarmPackages, new_request, run_id
from warm_caches.planning import MAX_BATCHES, Plan, plan
from warm_caches.runs import PLAN, PLAN_GOES_ON, Run, below
from warm_caches.settling import Done, Rest, settle, settled_before
from warm_caches.tally import Tally
from warm_caches.telling import tell_problems

if TYPE_CHECKING:
    from steward.cache_rules import CacheRule
    from warm_caches.collaborators import Collaborators


@dataclass(frozen=True, slots=True)
class Delivery:
    """
    What the queue says of a message, each time that it delivers it.

    Attributes:
        account: Of the queue, which is that of the domain.
        repeated: It was delivered before.
    """

    message_id: str
    sent: datetime
    account: str
    repeated: bool = False


def warm_caches(
    message: WarmCaches, delivery: Delivery, to: Collaborators, *, time_left: Callable[[], bool]
) -> None:
    """
    Start a run of the rule that *message* names, and have its batches warmed.

    A message that names none becomes one for each rule. The ids of runs come from the message, so
    one that is delivered twice starts one run.

    - While a run of a rule is still going no other one starts, for six hours.
    - Who asks for a rule that is not there, or is still going, finds a run that says so.

    What it costs besides the plan (:func:`warm_caches.planning.plan`): 1 PutItem for the claim, 1
    for the run, 1 UpdateItem, 1 PutItem for each problem, 1 DescribeRepository, and 1 call of SQS
    for ten batches.

    Raises:
        CodeArtifactError: Nobody can tell whether the repository is there.
        PolicyError: The lock files of the policy cannot be read.
        RunsError: The table cannot be read or written.
        QueueError: Some batches were not sent.
    """
    request = message.request or new_request(delivery.sent, delivery.message_id)
    if message.rule is None:
        rules = [one.name for one in to.policy.caches]
        logger().info("caches", extra={"request": request, "rules": rules})
        scheduled = message.request is None or message.scheduled
        to.queue.send(WarmCaches(name, request, scheduled=scheduled) for name in rules)
        return
    rule = next((one for one in to.policy.caches if one.name == message.rule), None)
    if rule is None:
        _without_rule(message.rule, message, request, delivery, to)
        return
    run = _started(rule, request, message, to)
    batch = message.batch or PLAN
    repository = Repository(to.policy.domain, delivery.account, rule.repository)
    if run is None or settled_before(run, repository, batch, to):
        return
    if to.connections.missing(repository):
        found = Plan((), (f"{repository.domain} has no repository {repository.name}",))
    else:
        found = plan(rule, repository, to.sources, page=message.page, time_left=time_left)
    rest = list(_rest(rule, found, request, run, batch))
    problems = list(found.problems)
    room = MAX_BATCHES - len(run.begun)
    if len(rest) > room:
        problems.append(f"too many packages for one run: {len(rest) - room} batches are left out")
        del rest[max(room, 0) :]
    done = Done(batch, Tally(), rest, packages=found.packages, problems=problems)
    tell_problems(problems, run, repository, to)
    extra = {"run": run.id, "packages": found.packages, "batches": len(found.batches)}
    logger().info("planned", extra=extra)
    settle(run, repository, done, to)


def _started(rule: CacheRule, request: str, message: WarmCaches, to: Collaborators) -> Run | None:
    """Return the run of *rule* that the message is about; ``None``: another one is going."""
    name = run_id(request, rule.name)
    now = to.now()
    if not to.runs.claim(rule.name, name, now):
        known = to.runs.find(name)
        if known is not None:  # it was given up, and another one has begun
            return known
        reason = "another run of it is still going"
        logger().info("still running", extra={"rule": rule.name, "run": name, "reason": reason})
        if not (message.scheduled or message.request is None):
            _refuse(rule.name, rule.repository, request, f"{rule.name}: {reason}", to)
        return None
    run = to.runs.start(Run(name, rule.name, rule.repository, now))
    if run.finished is not None:  # its message came once more, and has just claimed the rule again
        to.runs.release(run, now)
    return run


def _without_rule(
    name: str, message: WarmCaches, request: str, delivery: Delivery, to: Collaborators
) -> None:
    """End what a message asks for of a rule that the policy has not, or has no more."""
    reason = f"the policy has no {name}"
    run = None if message.batch is None else to.runs.find(run_id(request, name))
    if run is None or message.batch is None:
        _refuse(name, "", request, reason, to)
        return
    repository = Repository(to.policy.domain, delivery.account, run.repository)
    tell_problems([reason], run, repository, to)
    settle(run, repository, Done(message.batch, Tally(), problems=[reason]), to)


def _refuse(rule: str, repository: str, request: str, reason: str, to: Collaborators) -> None:
    """Leave a run that is over for whoever looks for it."""
    now = to.now()
    logger().warning("not warmed", extra={"rule": rule, "reason": reason})
    run = Run(
        run_id(request, rule),
        rule,
        repository,
        now,
        ended=frozenset({PLAN}),
        finished=now,
        problems=(reason,),
    )
    to.runs.start(run)


def _rest(rule: CacheRule, found: Plan, request: str, run: Run, batch: str) -> Iterator[Rest]:
    for number, packages in enumerate(found.batches):
        yield Rest(
            WarmPackages(
                run=run.id,
                batch=below(batch, str(number)),
                rule=rule.name,
                repository=rule.repository,
                packages=packages,
                verify=rule.verify,
                archive_mismatches=rule.on_mismatch == "archive",
            )
        )
    if found.next_page is not None:
        goes_on = below(batch, PLAN_GOES_ON)
        yield Rest(WarmCaches(rule.name, request, goes_on, found.next_page, scheduled=True))
