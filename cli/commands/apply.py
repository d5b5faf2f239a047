"""`steward apply`: do exactly what a plan says, but for what has changed since."""

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final, Self

import click

from cli import options
from cli.origin_tables import counted_noun
from cli.output import DocumentedFailure, fail, print_json, stdout
from cli.told_progress import ToldProgress

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

    from cli.applying_from_here import Run
    from cli.aws import Aws
    from cli.deployment import Deployment
    from cli.plans import Plan
    from steward.notices import Notices
    from steward.policy import Policy
    from sweep_repositories.applying import Applied, Applying

_NAMED: Final = 5  # packages that something is deleted of; the plan has them all


@click.command("apply", short_help="Do what a plan says, but for what has changed since.")
@click.argument(
    "plan_path",
    metavar="PLAN",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--allow-deletions",
    type=click.IntRange(0),
    metavar="N",
    help="Delete up to N versions, whatever the policy's limit is.",
)
@options.policy_option
@options.json_option
@click.pass_context
def apply_command(
    context: click.Context,
    *,
    plan_path: Path,
    allow_deletions: int | None,
    policy_path: Path,
    as_json: bool,
) -> None:
    """
    Do what the plan in the file PLAN says, with your AWS credentials.

    PLAN is what `steward plan --out PLAN` has written. Nothing is listed again: a version whose
    status or contents have changed since, and restrictions that somebody else has changed, are
    left alone and named. So is what somebody has exempted since. Applying a plan twice does
    nothing the second time.

    Each change is recorded in the deployment's ledger before it is made, for `steward restore`; the
    event bus hears of it. What is disposed of or deleted, nothing brings back: a plan that deletes
    more than the policy's `limits` allow needs --allow-deletions.

    The policy has to be the one that the plan was made with: if it has changed, make a new plan.

    The exit status is 0 if all of it was done, else 1.
    """
    from cli import applying_from_here, aws, plans, policies
    from cli.automation_lines import automation_lines

    policy = policies.loaded_policy(policy_path)
    plan = plans.read(plan_path)
    _refuse_another_policy(plan, policy, policy_path)
    _refuse_too_much(plan, policy, allow_deletions, plan_path)
    mine = aws.connect()
    _refuse_another_place(plan, mine)
    job = _Job(plan, mine)
    verbose = bool(context.find_root().params.get("verbose"))
    # In this order: what a terminal shows below everything else takes over standard output too.
    with _Progress(len(plan.lines)) as progress, automation_lines("apply", verbose=verbose):
        run = job.run(progress)
    if as_json:
        print_json(applying_from_here.document(run))
    elif not plan.lines:
        stdout().print("The plan asks for nothing.")
    else:
        applying_from_here.show(run, stdout())
    if run.failure is not None:
        raise DocumentedFailure(run.failure)
    context.exit(0 if run.complete else 1)


def _refuse_another_policy(plan: "Plan", policy: "Policy", path: Path) -> None:
    """
    Return if *plan* was made with *policy*.

    Raises:
        click.ClickException: It was not.
    """
    if plan.domain != policy.domain:
        fail(f"the plan is for the domain {plan.domain}, the policy {path} for {policy.domain}.")
    if plan.policy_digest != policy.digest:
        fail(
            f"the policy {path}, or a lock file that it names, has changed since the plan was "
            "made, so nothing was done. Make a new plan: "
            f"`steward plan{options.as_given('--policy')} --out FILE`."
        )


def _refuse_too_much(plan: "Plan", policy: "Policy", allowed: int | None, plan_path: Path) -> None:
    """
    Return if *plan* does not delete more than it may.

    Raises:
        click.ClickException: It does; nothing was done.
    """
    limit = policy.limits.deletions_per_run if allowed is None else allowed
    if plan.deletions > limit:
        whose = "the policy's `limits` allow" if allowed is None else "--allow-deletions allows"
        fail(
            f"the plan deletes {plan.deletions:,} versions, and {whose} {limit:,} in one run: "
            "nothing was done. If that is what you want: `steward apply "
            f"{shlex.quote(str(plan_path))}{options.as_given('--policy')} "
            f"--allow-deletions {plan.deletions}`."
        )


def _refuse_another_place(plan: "Plan", aws: "Aws") -> None:
    """
    Return if the caller's region is that of *plan*.

    Raises:
        click.ClickException: It is another one, where another domain of the name may be.
    """
    if plan.region != aws.region:
        fail(
            f"the plan is for the region {plan.region}, yours is {aws.region}: set "
            "AWS_DEFAULT_REGION."
        )


@dataclass(frozen=True, slots=True)
class _Job:
    """A plan that may be applied."""

    plan: "Plan"
    aws: "Aws"

    def run(self, progress: "_Progress") -> "Run":
        """Apply it; a failure that ends the run early is in what is returned."""
        from cli import applying_from_here as here
        from cli.aws import explained
        from cli.deployment import find_deployment
        from cli.planning_from_here import LISTS_PER_SECOND, READS_PER_SECOND, WRITES_PER_SECOND
        from steward.call_budget import Budget, budgeted
        from steward.notices import BufferedNotices

        if not self.plan.lines:
            return here.Run(self.plan.domain, (), 0, 0)
        deployment = find_deployment(self.aws, self.plan.domain)
        progress.say(self._what_it_changes(deployment))
        client = self.aws.codeartifact()
        calls = budgeted(client, Budget(LISTS_PER_SECOND, READS_PER_SECOND, WRITES_PER_SECOND))
        failure: str | None = None
        try:
            with explained(), BufferedNotices() as notices:
                to = self._applying(client, deployment, notices)
                here.apply_all(self.plan.lines, to, seen=progress.seen)
        except click.ClickException as error:
            failure = error.message
        except KeyboardInterrupt:
            failure = "interrupted: what is listed was done. The same command does the rest."
        return here.Run(
            self.plan.domain,
            tuple(progress.applied),
            len(self.plan.lines),
            sum(calls.made.values()),
            failure,
        )

    def _applying(
        self, client: "CodeArtifactClient", deployment: "Deployment", notices: "Notices"
    ) -> "Applying":
        from promote_versions.queues import SqsPromotionsQueue
        from steward import ledger as ledgers
        from steward.attention import SnsAttention
        from steward.codeartifact import CodeArtifactService
        from steward.removals import RemovalService
        from sweep_repositories.applying import Applying

        ledger = ledgers.connect("enforce", deployment.ledger)
        parts = deployment.promotions
        return Applying(
            codeartifact=CodeArtifactService(client),
            removals=RemovalService(client),
            ledger=ledger,
            exemptions=ledger.exemptions_at(),
            planned_at=self.plan.made_at,
            promotions=SqsPromotionsQueue(parts.queue) if parts else None,
            notices=notices,
            attention=SnsAttention(deployment.attention_topic),
            now=lambda: datetime.now(UTC),
        )

    def _what_it_changes(self, deployment: "Deployment") -> str:
        """Return what is about to be changed, and where: nobody is asked."""
        text = (
            f"Changing packages of the domain {self.plan.domain}, account "
            f"{self.plan.domain_owner}, region {self.plan.region}, as planned at "
            f"{self.plan.made_at:%Y-%m-%d %H:%M} UTC."
        )
        if deleting := _what_it_deletes(self.plan):
            text += f" {deleting}"
        if deployment.mode != "enforce":
            text += f" The stack {deployment.stack} only observes: it does not keep them so."
        return text


def _what_it_deletes(plan: "Plan") -> str:
    """Return how much of *plan* nothing brings back, and of which packages; most versions first."""
    counts = Counter[str]()
    for line in plan.lines:
        if line.deletions:
            counts[line.package.purl()] += line.deletions
    if not counts:
        return ""
    named = ", ".join(purl for purl, _ in counts.most_common(_NAMED))
    more = f" and {len(counts) - _NAMED:,} more" if len(counts) > _NAMED else ""
    return (
        f"{counted_noun(plan.deletions, 'version')} of {counted_noun(len(counts), 'package')} will "
        f"be gone for good: of {named}{more}."
    )


class _Progress:
    """Shows on standard error how far the run is, and keeps what became of the lines."""

    def __init__(self, lines: int) -> None:
        self._lines = lines
        self._told = ToldProgress("applying the plan")
        self._adding = Lock()
        self.applied: list[Applied] = []

    def __enter__(self) -> Self:
        self._told.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._told.__exit__()

    def say(self, text: str) -> None:
        """People are to read this."""
        self._told.say(text)

    def seen(self, applied: Sequence["Applied"]) -> None:
        """The lines of one package are done."""
        with self._adding:
            self.applied += applied
            done = len(self.applied)
        self._told.show(f"{done:,} of {self._lines:,} lines applied")
