"""`steward promote`: have versions judged and copied now."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import options
from cli.approving import purls_argument, wait_option
from cli.aws import domain_owner_option
from cli.output import fail, print_json, stderr, stdout

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient
    from rich.status import Status

    from cli.aws import Aws
    from cli.promotion_runs import Run
    from cli.promotion_subjects import Subjects
    from promote_versions.records_table import Records
    from steward.codeartifact import CodeArtifact
    from steward.coordinates import Package, Repository
    from steward.policy import Policy
    from steward.promotion_rules import PromotionRule


@click.command("promote", short_help="Have versions judged and copied now.")
@purls_argument
@click.option(
    "--repository",
    metavar="NAME",
    help="Everything that this repository holds and its destinations do not; or with PURL, only "
    "the promotions from it.",
)
@click.option("--rule", metavar="NAME", help="Only this rule of the policy's `promotions`.")
@click.option("--plan", "only_plan", is_flag=True, help="Only show what would be decided, here.")
@wait_option
@options.policy_option
@domain_owner_option
@options.json_option
@click.pass_context
def promote_command(
    context: click.Context,
    *,
    purls: tuple[str, ...],
    repository: str | None,
    rule: str | None,
    only_plan: bool,
    wait_seconds: int,
    policy_path: Path,
    domain_owner: str | None,
    as_json: bool,
) -> None:
    """
    Have versions judged anew by the policy's `promotions`, and copied if they pass.

    PURL is a package URL (pkg:pypi/requests, or pkg:pypi/requests@2.32.4 to see only that version).
    Without any, --repository NAME takes everything that the repository holds and the destinations
    of its promotions do not: one call for 1,000 packages, and for each package one, and one more
    for each destination.

    The deployment does it, not this command: what is held or refused is judged again, also if it is
    not due, and what passes is copied by the deployment's own role, five packages a second and up
    to 100 versions of each. The policy given here has to be the one that is deployed. With --plan
    the gates are asked from here, with your AWS credentials, and nothing is written, told or
    copied.

    If clients of a destination get versions past the gates (it has the source, or an external
    connection, among its upstreams), nothing is promoted there: the message says how, and what
    closes the way.

    \b
      steward promote pkg:pypi/requests
      steward promote --repository pypi-intake --plan

    The exit status is 0 if everything that was asked for was judged, and each version named in a
    PURL is in its destination; else 1. With --plan the second does not matter, with --wait 0
    neither does.
    """  # noqa: D301  \b is click's mark for lines to keep
    from cli import aws, policies, promotion_runs
    from cli.automation_lines import automation_lines
    from cli.promotion_subjects import rules_meant
    from steward.coordinates import Repository

    if not purls and repository is None:
        raise click.UsageError("say what to promote: package URLs, or --repository NAME")
    policy = policies.loaded_policy(policy_path)
    rules = rules_meant(policy, rule, repository or "")
    mine = aws.connect()
    place = Repository(policy.domain, aws.domain_owner(mine, domain_owner), repository or "")
    job = _Job(purls, rules, policy, place, mine)
    verbose = bool(context.find_root().params.get("verbose"))
    with automation_lines("promote", verbose=verbose), aws.explained():
        run = job.plan() if only_plan else job.promote(wait_seconds)
    if as_json:
        print_json(promotion_runs.document(run))
    else:
        promotion_runs.show(run, stdout())
    context.exit(0 if run.complete else 1)


@dataclass(frozen=True, slots=True)
class _Job:
    """
    What the command was asked for, and where.

    Attributes:
        place: What is to be promoted from; with an empty name, whatever the rules say.
    """

    purls: tuple[str, ...]
    rules: Sequence["PromotionRule"]
    policy: "Policy"
    place: "Repository"
    aws: "Aws"

    def plan(self) -> "Run":
        """Judge from here, and keep nothing."""
        from cli.deployment import find_promotions
        from cli.planned_promotions import PlannedRecords, judge_from_here
        from cli.promotion_requests import settled
        from cli.promotion_runs import Run
        from promote_versions.package import reconcile
        from promote_versions.records_table import DynamoDbRecords
        from steward.errors import StewardError

        records, osv = PlannedRecords(None), None
        try:
            _, parts = find_promotions(self.aws, self.policy.domain)
        except click.ClickException as error:
            text = f"what was decided before and which OSV to ask are not known: {error.message}"
            stderr().print(text, soft_wrap=True, markup=False)
        else:
            records, osv = PlannedRecords(DynamoDbRecords(parts.table)), parts.osv
        to = judge_from_here(self.policy, records, osv, self.aws.codeartifact())
        problems: list[str] = []
        judged: list[Package] = []
        with stderr().status("asking CodeArtifact") as status:
            subjects = self._subjects(to.codeartifact, records, status)
            for number, package in enumerate(subjects.packages, 1):
                status.update(f"{number:,} of {len(subjects.packages):,} packages")
                try:
                    reconcile(package, to, anew=True)
                except StewardError as error:
                    where = package.repository.name
                    problems.append(f"{package.purl()} in {where}: {error}")
                else:
                    judged.append(package)
        known = [one for package in judged for one in records.of_package(package)]
        return Run(
            plan=True,
            packages=len(judged),
            records=[one for one in known if subjects.means(one)],
            wanted=subjects.wanted,
            problems=[*problems, *subjects.absent(judged, known)],
            settled=settled(known, known),  # a plan brings nothing anywhere
            rules=[one.name for one in self.policy.promotions],
        )

    def promote(self, wait_seconds: int) -> "Run":
        """Have the deployment judge and copy; return what became of it."""
        from cli.deployment import find_promotions
        from cli.promotion_requests import ask, follow, problems, settled
        from cli.promotion_runs import Run
        from promote_versions.queues import SqsPromotionsQueue
        from promote_versions.records_table import DynamoDbRecords
        from steward.codeartifact import CodeArtifactService

        deployment, parts = find_promotions(self.aws, self.policy.domain)
        table = DynamoDbRecords(parts.table)
        client = self.aws.codeartifact()
        observing = deployment.mode != "enforce"
        with stderr().status("asking CodeArtifact") as status:
            subjects = self._subjects(CodeArtifactService(client), table, status)
            packages = subjects.packages
            self._refuse_ways_around(subjects, client)
            # Of a whole repository, only what is not in its destination is asked for.
            named = packages if self.purls else ()
            before = [one for package in named for one in table.of_package(package)]
            queue = SqsPromotionsQueue(parts.queue)
            request = ask(packages, queue, policy_digest=self.policy.digest)
            if not wait_seconds:
                return Run(plan=False, packages=0, records=(), sent=len(packages))
            followed = follow(
                packages,
                request,
                table,
                seconds=wait_seconds,
                enforcing=not observing,
                means=subjects.means,
                progress=status.update,
            )
        return Run(
            plan=False,
            packages=len(followed.judged),
            records=[one for one in followed.records if subjects.means(one)],
            wanted=subjects.wanted,
            problems=[
                *problems(followed, self.policy.digest, wait_seconds),
                *subjects.absent(followed.judged, followed.records),
            ],
            under_way=followed.copying,
            observing=observing,
            settled=settled(before, followed.records),
            rules=[one.name for one in self.policy.promotions],
        )

    def _subjects(
        self, codeartifact: "CodeArtifact", records: "Records", status: "Status"
    ) -> "Subjects":
        from cli.promotion_subjects import everything, named

        if self.purls:
            return named(self.purls, self.policy, self.rules, self.place)
        listed = 0

        def seen(packages: int) -> None:
            nonlocal listed
            listed += packages
            status.update(f"{listed:,} packages listed")

        return everything(
            self.place,
            self.policy,
            self.rules,
            codeartifact=codeartifact,
            records=records,
            seen=seen,
        )

    def _refuse_ways_around(self, subjects: "Subjects", client: "CodeArtifactClient") -> None:
        """
        Return if no package gets into a destination without being judged.

        Raises:
            click.ClickException: One does; the message says how, and what closes the way.
        """
        from cli.promotion_reasons import in_lines
        from promote_versions.topology import Topology
        from steward.codeartifact import CodeArtifactService
        from steward.package_groups import PackageGroups
        from steward.repositories import ServiceRepositories

        topology = Topology(
            ServiceRepositories(client),
            CodeArtifactService(client),
            lambda domain, owner: PackageGroups(client, domain=domain, domain_owner=owner),
        )
        ways = {
            way.text
            for package in subjects.packages
            for rule in subjects.rules_of(package)
            if (way := topology.way_around(rule, package)) is not None
        }
        if ways:
            text = "\n".join(in_lines(way) for way in sorted(ways))
            fail(f"nothing is promoted past a way around the gates.\n{text}")
