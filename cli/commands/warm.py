"""`steward warm`: fetch what builds will ask for, before they ask."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cli import options, warming_tables
from cli import warming_by_deployment as by_deployment
from cli.automation_lines import automation_lines
from cli.aws import domain_owner_option, explained
from cli.output import DocumentedFailure, fail, print_json, stderr, stdout
from cli.warming_progress import WarmingProgress

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

    from cli.aws import Aws
    from cli.deployment import WarmingParts
    from cli.warming_subjects import Subjects
    from cli.warming_tables import Run
    from steward.coordinates import Format, Repository
    from warm_caches.queue import WarmingQueue
    from warm_caches.runs import Run as WarmingRun
    from warm_caches.runs import Runs

# "Quotas in AWS CodeArtifact", User Guide: an account has 800 reads a second, of them 200 that list
# versions. Half is the builds' own, unless somebody says otherwise.
MOST_REQUESTS: Final = 800
REQUESTS_PER_SECOND: Final = 400
WAIT_SECONDS: Final = 420


@click.command("warm", short_help="Fetch what builds will ask for, before they ask.")
@click.argument(
    "lockfiles",
    nargs=-1,
    metavar="[LOCKFILE]...",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--repository",
    metavar="NAME",
    help="The repository that the builds use. With --deployed alone: only the caches of this one.",
)
@click.option(
    "--package",
    "purls",
    multiple=True,
    metavar="PURL",
    help="This package too, in its newest version, or the version in the package URL; may be given "
    "again.",
)
@click.option(
    "--newest",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="How many of the newest versions of each --package.",
)
@click.option("--prereleases", is_flag=True, help="Pre-releases count as newest versions too.")
@click.option(
    "--verify",
    is_flag=True,
    help="Download every file and compare it with the lock file's hash; a version that differs is "
    "reported.",
)
@click.option("--plan", "only_plan", is_flag=True, help="Only show what would be fetched.")
@click.option(
    "--requests-per-second",
    type=click.IntRange(1, MOST_REQUESTS),
    default=REQUESTS_PER_SECOND,
    show_default=True,
    help="The budget, of the 800 reads a second that an account has; a quarter of it for lists.",
)
@click.option(
    "--wait",
    "wait_seconds",
    type=click.IntRange(0),
    default=WAIT_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait at most for what is not listed yet, or not answered.",
)
@click.option(
    "--deployed",
    is_flag=True,
    help="Have the deployment do it: the lock files given here, or without any the caches of its "
    "policy.",
)
@click.option("--watch", is_flag=True, help="Follow the deployment's runs until they are done.")
@options.policy_option
@options.domain_option
@domain_owner_option
@options.json_option
@click.pass_context
def warm_command(
    context: click.Context,
    *,
    lockfiles: tuple[Path, ...],
    repository: str | None,
    purls: tuple[str, ...],
    newest: int,
    prereleases: bool,
    verify: bool,
    only_plan: bool,
    requests_per_second: int,
    wait_seconds: int,
    deployed: bool,
    watch: bool,
    policy_path: Path,
    domain: str | None,
    domain_owner: str | None,
    as_json: bool,
) -> None:
    """
    Bring into a repository what lock files name, through its external connections.

    Each LOCKFILE is one of pip, uv, Poetry, Pipenv, npm, pnpm, Yarn, Maven (`mvn
    dependency:list`), Gradle, NuGet, Cargo or Bundler, known by its name. What the repository
    holds already is left alone: one call lists the versions of a package. The rest is asked for
    as a client asks, with your AWS credentials and without holding any file, until CodeArtifact
    lists it. The policy needs no `caches` for it; with --domain it is not read at all.

    With --deployed the deployment's function does it, which is also what its schedule does by the
    policy's `caches`; --watch follows it, or alone shows what it did last.

    \b
      steward warm requirements.txt package-lock.json --repository DemoRepository
      steward warm --package pkg:maven/org.slf4j/slf4j-api --newest 3 --repository DemoRepository
      steward warm --deployed --watch

    The exit status is 0 if the repository holds all of it in the end (with --plan: would get it;
    with --wait 0: all was asked for), else 1.
    """  # noqa: D301  \b is click's mark for lines to keep
    from cli import aws, policies
    from cli.warming_subjects import subjects_in
    from steward.coordinates import Repository

    named = bool(lockfiles or purls)
    _refuse_nonsense(
        named=named,
        placed=repository is not None,
        deployed=deployed,
        watch=watch,
        only_plan=only_plan,
        owner_given=domain_owner is not None,
    )
    of = domain or policies.domain_of(policy_path)
    mine = aws.connect()
    place = Repository(of, aws.domain_owner(mine, domain_owner), repository or "")
    subjects = subjects_in(lockfiles, purls, place, newest=newest, prereleases=prereleases)
    if deployed or watch:
        deployment = _Deployed(mine, place, wait_seconds, watch, as_json)
        if named:
            well = deployment.lock_files(subjects, verify=verify)
        elif deployed:
            well = deployment.caches(_rules_of(repository, policy_path))
        else:
            well = deployment.latest(repository)
        context.exit(0 if well else 1)
    verbose = bool(context.find_root().params.get("verbose"))
    job = _Job(subjects, place, mine, verify, only_plan, requests_per_second, wait_seconds)
    # In this order: what a terminal shows below everything else takes over standard output too.
    with WarmingProgress(subjects.versions) as progress, automation_lines("warm", verbose=verbose):
        run = job.run(progress, owner_given=domain_owner is not None)
    if as_json:
        print_json(warming_tables.document(run))
    elif run.outcomes or run.problems or run.failure is None:
        warming_tables.show(run, stdout())
    if run.failure is not None:
        raise DocumentedFailure(run.failure)
    context.exit(0 if run.complete else 1)


def _rules_of(repository: str | None, policy_path: Path) -> list[str]:
    """
    Return the names of the policy's caches for *repository*; none stands for all of them.

    Raises:
        click.ClickException: There are none for this repository.
    """
    from cli import policies

    if repository is None:
        return []
    caches = policies.loaded_policy(policy_path).caches
    names = [one.name for one in caches if one.repository == repository]
    if not names:
        fail(f"no `caches` of the policy {policy_path} are for the repository {repository}.")
    return names


def _refuse_nonsense(
    *, named: bool, placed: bool, deployed: bool, watch: bool, only_plan: bool, owner_given: bool
) -> None:
    """
    Return if the options go together.

    Raises:
        click.UsageError: They do not; the message says what to add or to leave out.
    """
    if not named and not deployed and not watch:
        raise click.UsageError("say what to warm: lock files, or --package PURL, or --deployed")
    if named and not placed:
        raise click.UsageError("say where: --repository NAME")
    if only_plan and (deployed or watch):
        raise click.UsageError("--plan looks from here, so it has neither --deployed nor --watch")
    if named and watch and not deployed:
        raise click.UsageError("--watch follows the deployment: add --deployed")
    if owner_given and (deployed or watch):
        raise click.UsageError(
            "the deployment looks after the domain of its own account: --deployed and --watch "
            "have no --domain-owner"
        )


@dataclass(frozen=True, slots=True)
class _Job:
    """What was asked for, to be done from here."""

    subjects: "Subjects"
    place: "Repository"
    aws: "Aws"
    verify: bool
    only_plan: bool
    requests_per_second: int
    wait_seconds: int

    def run(self, progress: WarmingProgress, *, owner_given: bool) -> "Run":
        """Warm the repository; a failure that ends it early is in what is returned."""
        from cli.warming_from_here import Warming, engine_on, unconnected
        from steward.repositories import ServiceRepositories
        from steward.upstream_walk import Connections
        from warm_caches.engine import How

        client = self.aws.codeartifact()
        connections = Connections(ServiceRepositories(client))
        warming = Warming(
            engine_on(client, connections, self.requests_per_second, observe=self.only_plan),
            How(verify=self.verify),
            float(0 if self.only_plan else self.wait_seconds),
            progress.add,
            progress.say,
        )
        started, failure = time.monotonic(), None
        lacking: dict[Format, str] = {}
        try:
            with explained():
                self._look_for_repository(client, owner_given=owner_given)
                lacking = unconnected(self.subjects.wanted, self.place, connections)
                for problem in lacking.values():
                    stderr().print(problem, soft_wrap=True, markup=False)
                warming.run(self.subjects.wanted)
        except click.ClickException as error:
            failure = error.message
        except KeyboardInterrupt:
            failure = (
                "interrupted: what is listed was fetched, and perhaps some more. The same command "
                "does the rest."
            )
        missing = warming.not_found()
        return warming_tables.Run(
            domain=self.place.domain,
            repository=self.place.name,
            plan=self.only_plan,
            waited=self.wait_seconds > 0,
            outcomes=tuple(warming.outcomes.values()),
            passed_over=self.subjects.passed_over,
            problems=(
                *self.subjects.problems,
                *(text for one, text in lacking.items() if one in missing),
            ),
            lists=warming.lists,
            requests=warming.requests,
            size=warming.size,
            seconds=time.monotonic() - started,
            failure=failure,
        )

    def _look_for_repository(self, client: "CodeArtifactClient", *, owner_given: bool) -> None:
        """
        Return if the repository is there: else every package in it would be "not found".

        Raises:
            click.ClickException: It is not.
        """
        from steward.errors import PackageNotFoundError
        from steward.repositories import ServiceRepositories

        try:
            ServiceRepositories(client).describe(self.place)
        except PackageNotFoundError as error:
            remedy = "" if owner_given else " Another account's needs --domain-owner."
            fail(
                f"there is no repository {self.place.name} in the domain {self.place.domain} of "
                f"the account {self.place.domain_owner}, region {self.aws.region}: {error}.{remedy}"
            )


@dataclass(frozen=True, slots=True)
class _Deployed:
    """The deployment, which is asked to warm caches; each method returns whether all is well."""

    aws: "Aws"
    place: "Repository"
    wait_seconds: int
    watch: bool
    as_json: bool

    def lock_files(self, subjects: "Subjects", *, verify: bool) -> bool:
        """Have it warm what lock files name."""
        parts, runs = self._found()
        warming_tables.show_passed_over(subjects.passed_over, stderr())
        with explained():
            request = by_deployment.ask_for(
                subjects, self.place, _queue(parts), runs, verify=verify
            )
            return self._follow(runs, request, expected=1)

    def caches(self, rules: Sequence[str]) -> bool:
        """Have it warm the caches *rules* of its policy, all of them if none is named."""
        parts, runs = self._found()
        with explained():
            request = by_deployment.ask_for_caches(_queue(parts), rules)
            return self._follow(runs, request, expected=len(rules) or None)

    def latest(self, repository: str | None) -> bool:
        """Show what it did last, of *repository* if one is given, until that is done."""
        _, runs = self._found()

        def newest() -> list["WarmingRun"]:
            return runs.latest(repository=repository)

        with explained():
            found = newest()
            if any(one.finished is None for one in found):
                found = by_deployment.follow(
                    newest, expected=len(found), seconds=self.wait_seconds, console=stderr()
                )
        if not found and not self.as_json:
            stdout().print("the deployment has not warmed anything in the last 30 days.")
        return self._shown(found)

    def _found(self) -> tuple["WarmingParts", "Runs"]:
        from cli.deployment import find_warming
        from warm_caches.runs_table import DynamoDbRuns

        deployment, parts = find_warming(self.aws, self.place.domain)
        if deployment.mode != "enforce":
            text = f"The stack {deployment.stack} only observes: it says what it would fetch."
            stderr().print(text, soft_wrap=True, markup=False)
        return parts, DynamoDbRuns(parts.table)

    def _follow(self, runs: "Runs", request: str, *, expected: int | None) -> bool:
        if not self.watch:
            if self.as_json:
                print_json({"ok": True, "request": request})
            else:
                stdout().print("The deployment was asked: `steward warm --watch` shows the runs.")
            return True
        found = by_deployment.follow(
            lambda: runs.of_request(request),
            expected=expected,
            seconds=self.wait_seconds,
            console=stderr(),
        )
        if not found:
            fail(
                f"no run was begun within {self.wait_seconds} s. One of the same cache may be "
                "going on still: `steward warm --watch` shows it. Or the function is failing: "
                "docs/operations.md says what to look at."
            )
        return self._shown(found)

    def _shown(self, found: Sequence["WarmingRun"]) -> bool:
        well = all(by_deployment.is_well(one) for one in found)
        if self.as_json:
            print_json(by_deployment.document(found, ok=well))
        elif found:
            stdout().print(by_deployment.table_of(found))
            by_deployment.print_problems(found, stdout())
        return well


def _queue(parts: "WarmingParts") -> "WarmingQueue":
    from warm_caches.queue import SqsWarmingQueue

    return SqsWarmingQueue(parts.queue)
