"""`steward plan`: what the policy wants changed in a domain, and why, before anything is."""

import os
import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.markup import escape

from cli import options
from cli.aws import domain_owner_option
from cli.output import print_json, stderr, stdout
from cli.plans import Plan

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

    from cli.aws import Aws
    from cli.deployment import Deployment
    from cli.planned_promotions import PlannedRecords
    from cli.planning_from_here import Looking
    from cli.told_progress import ToldProgress
    from steward.policy import Policy
    from sweep_repositories.plan_lines import PlanLine

MEASURED: Final = 2_000  # versions: at 150 lists a second, a quarter of a minute


@click.command("plan", short_help="Show what the policy wants changed in a domain, and why.")
@options.repositories_option
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the plan as one page for people, which needs no network.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the plan for `steward apply FILE`.",
)
@click.option(
    "--measure",
    "most",
    type=click.IntRange(0),
    default=MEASURED,
    show_default=True,
    metavar="N",
    help="Look up the sizes of at most so many versions that would be deleted; a call each.",
)
@options.policy_option
@domain_owner_option
@options.json_option
@click.pass_context
def plan_command(
    context: click.Context,
    *,
    repositories: tuple[str, ...],
    page: Path | None,
    out: Path | None,
    most: int,
    policy_path: Path,
    domain_owner: str | None,
    as_json: bool,
) -> None:
    """
    Show what every rule of the policy would change in the domain, and why.

    It looks with your AWS credentials, as a sweep does, and changes nothing: one call lists 1,000
    packages, and one the versions of a package that a rule is about, whatever rules there are. Ages
    that no name tells cost some more; docs/performance.md says how much.

    If the application is deployed, its ledger says what is exempt and what waits since when.
    Without a deployment nothing is known of either.

    \b
      steward plan
      steward plan --html plan.html
      steward plan --repository maven-snapshots --out plan.json
      steward apply plan.json

    The exit status is 0 if everything could be looked at, else 1.
    """  # noqa: D301  \b is click's mark for lines to keep
    from cli import aws, plan_tables, plans, policies
    from cli.automation_lines import automation_lines
    from cli.told_progress import ToldProgress

    for path in (page, out):
        if path is not None and not path.parent.is_dir():
            raise click.UsageError(f"there is no folder {path.parent} to write {path.name} to")
        if path is not None and not os.access(path.parent, os.W_OK):
            raise click.UsageError(f"nothing may be written to the folder {path.parent}")
    policy = policies.loaded_policy(policy_path)
    mine = aws.connect()
    owner = aws.domain_owner(mine, domain_owner)
    job = _Job(policy, policy_path, mine, owner, repositories, most)
    verbose = bool(context.find_root().params.get("verbose"))
    # In this order: what a terminal shows below everything else takes over standard output too.
    try:
        with (
            ToldProgress("asking CodeArtifact") as progress,
            automation_lines("plan", verbose=verbose),
        ):
            plan = job.run(progress)
    except KeyboardInterrupt:
        stderr().print("Interrupted: nothing was changed, and no file was written.")
        raise
    if page is not None:
        from cli.plan_page import plan_page

        plans.write_text(plan_page(plan), page)
    if out is not None:
        plans.write(plan, out)
    if as_json:
        print_json({"ok": not plan.problems, **plans.document(plan)})
    else:
        plan_tables.show(plan, stdout())
        if plan.mode_note is not None:  # below the table: above it, nobody sees it any more
            stderr().print(f"[yellow]note[/] {escape(plan.mode_note)}")
        _say_what_was_written(page, out, plan)
    context.exit(1 if plan.problems else 0)


def _say_what_was_written(page: Path | None, out: Path | None, plan: Plan) -> None:
    console = stdout()
    if page is not None:
        console.print(f"{page} shows it in a browser.", soft_wrap=True, markup=False)
    if out is not None and plan.lines:
        allowing = f" --allow-deletions {plan.deletions}" if plan.deletions > plan.limit else ""
        given = options.as_given("--policy")
        command = f"steward apply {shlex.quote(str(out))}{given}{allowing}"
        console.print(f"`{command}` does it.", soft_wrap=True, markup=False)
    elif out is not None:
        console.print(f"{out} holds a plan of nothing.", soft_wrap=True, markup=False)


@dataclass(frozen=True, slots=True)
class _Job:
    """What the command was asked for, and where."""

    policy: "Policy"
    policy_path: Path
    aws: "Aws"
    owner: str
    repositories: tuple[str, ...]
    most_measured: int

    def run(self, progress: "ToldProgress") -> Plan:
        """Look at the domain."""
        from cli import policies
        from cli.aws import explained
        from cli.looking_from_here import gathering, planned_records
        from cli.planning_from_here import (
            LISTS_PER_SECOND,
            READS_PER_SECOND,
            WRITES_PER_SECOND,
            Looking,
            repository_names,
        )
        from cli.rule_words import rule_words
        from steward.call_budget import Budget, budgeted
        from steward.coordinates import Repository

        deployment, note = self._deployment()
        client = self.aws.codeartifact()
        budget = Budget(LISTS_PER_SECOND, READS_PER_SECOND, WRITES_PER_SECOND)
        calls = budgeted(client, budget)
        made_at = datetime.now(UTC)
        domain = self.policy.domain
        with explained():
            names = repository_names(
                client, domain=domain, owner=self.owner, only=self.repositories
            )
            records = planned_records(deployment)
            locked = policies.loaded_locked(self.policy_path)
            to = gathering(self.policy, locked, client, deployment, records)
            looking = Looking()

            def seen(repository: str) -> None:
                progress.show(
                    f"{repository}: {looking.packages:,} packages seen, "
                    f"{looking.looked_at:,} looked at, {len(looking.lines):,} lines"
                )

            looking.look([Repository(domain, self.owner, name) for name in names], to, seen=seen)
            lines = self._detailed(looking, client, deployment, records, progress)
        return Plan(
            domain=domain,
            domain_owner=self.owner,
            region=self.aws.region,
            policy_digest=self.policy.digest,
            made_at=made_at,
            mode_note=note,
            lines=tuple(lines),
            kept=dict(looking.kept),
            packages=looking.packages,
            versions=looking.versions,
            problems=tuple(looking.problems),
            calls=calls.made,
            limit=self.policy.limits.deletions_per_run,
            measured=self.most_measured > 0,
            rules=rule_words(self.policy, {line.rule for line in lines}),
        )

    def _deployment(self) -> tuple["Deployment | None", str | None]:
        """Return what is deployed, and what is to be said about that."""
        from cli.deployment import find_deployment

        try:
            deployment = find_deployment(self.aws, self.policy.domain)
        except click.ClickException as error:
            return None, f"Exemptions and waiting times are not known: {error.message}"
        if deployment.mode != "enforce":
            return deployment, f"The stack {deployment.stack} only observes: it changes nothing."
        return deployment, None

    def _detailed(
        self,
        looking: "Looking",
        client: "CodeArtifactClient",
        deployment: "Deployment | None",
        records: "PlannedRecords",
        progress: "ToldProgress",
    ) -> list["PlanLine"]:
        """Return the lines with what only a plan looks up: sizes, and what the gates say."""
        from cli.measured_sizes import measured
        from cli.planned_promotions import judge_from_here
        from cli.planning_from_here import judged
        from steward.version_contents import ServiceVersionContents

        done = 0

        def seen(number: int = 1) -> None:
            nonlocal done
            done += number
            progress.show(f"{done:,} sizes and judgements looked up")

        parts = deployment.promotions if deployment else None
        judge = judge_from_here(self.policy, records, parts.osv if parts else None, client)
        lines = list(judged(looking.lines, judge, seen=seen))
        contents = ServiceVersionContents(client)
        return measured(lines, contents, most=self.most_measured, seen=seen)
