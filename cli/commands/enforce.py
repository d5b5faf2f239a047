"""`steward enforce`: a whole repository becomes what the policy's `origins` say."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final, Self

import click

from cli import options
from cli.aws import domain_owner_option
from cli.output import DocumentedFailure, fail, print_json, stderr, stdout

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

    from cli.aws import Aws
    from cli.deployment import Deployment
    from cli.origin_tables import Run
    from enforce_origin_controls.collaborators import Collaborators
    from enforce_origin_controls.outcome import Outcome
    from steward.coordinates import Repository
    from steward.policy import Policy

WORKERS: Final = 8  # some 40 writes a second of the 100 that an account has (User Guide, quotas)


@click.command("enforce", short_help="Bring a repository to what the policy's origins say.")
@click.option("--repository", required=True, metavar="NAME", help="The repository.")
@click.option(
    "--deep",
    is_flag=True,
    help="Look for versions from outside in every internal package, one call each; without it "
    "only in those whose restrictions are changed.",
)
@click.option("--plan", "only_plan", is_flag=True, help="Only show what would be done.")
@options.policy_option
@domain_owner_option
@options.json_option
@click.pass_context
def enforce_command(
    context: click.Context,
    *,
    repository: str,
    deep: bool,
    only_plan: bool,
    policy_path: Path,
    domain_owner: str | None,
    as_json: bool,
) -> None:
    """
    Bring every package of a repository to what the policy's `origins` say.

    It does what the automation does at each event, at once and with your AWS credentials: one call
    lists 1,000 packages with their restrictions, and only what has drifted costs more. People and
    the event bus hear of what it finds and does, as from the automation.

    What was there before is recorded in the deployment, for `steward restore`. With --plan nothing
    is changed and told, and no deployment is needed.

    \b
      steward enforce --repository npm-internal --plan --deep

    The exit status is 0 if the repository is as the policy says (with --plan: if that could be
    worked out), 1 if anything was refused or failed.
    """  # noqa: D301  \b is click's mark for lines to keep
    from cli import aws, origin_tables, policies
    from cli.automation_lines import automation_lines
    from steward.coordinates import Repository

    policy = policies.loaded_policy(policy_path)
    if not policy.origins:
        fail(
            f"the policy {policy_path} has no `origins`, so there is nothing to enforce; "
            "docs/policy.md says what to write."
        )
    mine = aws.connect()
    where = Repository(policy.domain, aws.domain_owner(mine, domain_owner), repository)
    client = mine.codeartifact()
    progress = _Progress(client)
    to = _collaborators(policy, client, mine, where, only_plan=only_plan)
    verbose = bool(context.find_root().params.get("verbose"))
    # In this order: what a terminal shows below everything else takes over standard output too.
    with progress, automation_lines("enforce", verbose=verbose):
        run = _run(
            where,
            to,
            progress,
            mine,
            deep=deep,
            only_plan=only_plan,
            owner_given=domain_owner is not None,
        )
    if as_json:
        print_json(origin_tables.document(run))
    elif run.packages or run.failure is None:
        stdout().print(origin_tables.of_run(run))
    if run.failure is not None:
        raise DocumentedFailure(run.failure)
    context.exit(0 if run.complete else 1)


@dataclass
class _Progress:
    """Shows on standard error how far the run is, and counts what it costs."""

    client: "CodeArtifactClient"
    packages: int = 0
    calls: int = 0
    outcomes: list["Outcome"] = field(default_factory=list)
    _counting: Lock = field(default_factory=Lock)

    def __enter__(self) -> Self:
        # Each request that is sent, retries among them: quotas count those too.
        self.client.meta.events.register("before-send.codeartifact", self._count)
        self._console = stderr()
        self._status = self._console.status("asking CodeArtifact")
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def seen(self, packages: int) -> None:
        """A page of so many packages is done."""
        self.packages += packages
        self._show()
        if not self._console.is_terminal:
            self._console.print(self._text())

    def add(self, outcome: "Outcome") -> None:
        """A package that is worth a line is done."""
        self.outcomes.append(outcome)
        self._show()

    def _show(self) -> None:
        self._status.update(self._text())

    def _text(self) -> str:
        from cli.origin_tables import counted_noun

        looked_at = counted_noun(self.packages, "package")
        return f"{looked_at} looked at, {len(self.outcomes):,} to report"

    def _count(self, **_: object) -> None:
        with self._counting:
            self.calls += 1


def _collaborators(
    policy: "Policy",
    client: "CodeArtifactClient",
    aws: "Aws",
    where: "Repository",
    *,
    only_plan: bool,
) -> "Collaborators":
    """Return what the automation talks to, as this run may use it; say so if it changes things."""
    from cli import silence
    from cli.deployment import find_deployment
    from enforce_origin_controls.collaborators import Collaborators
    from steward import ledger as ledgers
    from steward.attention import SnsAttention
    from steward.codeartifact import CodeArtifactService, ObservedCodeArtifact
    from steward.notices import BusNotices

    service = CodeArtifactService(client)
    if not only_plan:
        deployment = find_deployment(aws, policy.domain)
        _say_that_it_acts(where, deployment, aws)
        return Collaborators(
            codeartifact=service,
            policy=policy,
            ledger=ledgers.connect("enforce", deployment.ledger),
            own_queue=silence.NoSecondLook(),
            notices=BusNotices(),
            attention=SnsAttention(deployment.attention_topic),
            now=lambda: datetime.now(UTC),
        )
    ledger: ledgers.Ledger = silence.NoLedger()
    try:
        ledger = ledgers.connect("observe", find_deployment(aws, policy.domain).ledger)
    except click.ClickException as error:
        stderr().print(f"exemptions are not known: {error.message}", soft_wrap=True, markup=False)
    return Collaborators(
        codeartifact=ObservedCodeArtifact(service),
        policy=policy,
        ledger=ledger,
        own_queue=silence.NoSecondLook(),
        notices=silence.NoNotices(),
        attention=silence.NoAttention(),
        now=lambda: datetime.now(UTC),
    )


def _say_that_it_acts(where: "Repository", deployment: "Deployment", aws: "Aws") -> None:
    """Tell people what is about to be changed, and where: nobody is asked."""
    text = (
        f"Changing the packages of {where.name} in the domain {where.domain}, account "
        f"{where.domain_owner}, region {aws.region}, to what the policy says."
    )
    if deployment.mode != "enforce":
        text += (
            f" The stack {deployment.stack} only observes: it does not keep them so. `--plan` "
            "observes here, too."
        )
    stderr().print(text, soft_wrap=True, markup=False)


def _run(
    where: "Repository",
    to: "Collaborators",
    progress: _Progress,
    aws: "Aws",
    *,
    deep: bool,
    only_plan: bool,
    owner_given: bool,
) -> "Run":
    """Reconcile the repository; a failure that ends it early is in what is returned."""
    from cli.aws import explained
    from cli.origin_tables import Run
    from enforce_origin_controls.repository import enforce_in_repository
    from steward.errors import PackageNotFoundError

    failure: str | None = None
    try:
        with explained():
            try:
                for outcome in enforce_in_repository(
                    where, to, deep=deep, workers=WORKERS, seen=progress.seen
                ):
                    progress.add(outcome)
            except PackageNotFoundError as error:
                remedy = "" if owner_given else " Another account's needs --domain-owner."
                fail(
                    f"there is no repository {where.name} in the domain {where.domain} of the "
                    f"account {where.domain_owner}, region {aws.region}: {error}. The domain is "
                    f"the policy's.{remedy}"
                )
    except click.ClickException as error:
        failure = error.message
    except KeyboardInterrupt:
        failure = (
            "interrupted: what is listed was done, and perhaps some more. The same command does "
            "the rest."
        )
    return Run(
        domain=where.domain,
        repository=where.name,
        plan=only_plan,
        packages=progress.packages,
        calls=progress.calls,
        archiving=frozenset(rule.name for rule in to.policy.origins if rule.external == "archive"),
        outcomes=progress.outcomes,
        failure=failure,
    )
