"""`steward sweep`: have the deployment bring the whole domain to what the policy says."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

import click

from cli import options
from cli.output import print_json, say, stderr, stdout

if TYPE_CHECKING:
    from sweep_repositories.objects import S3Client
    from sweep_repositories.progress import Progress


@click.command("sweep", short_help="Have the deployment sweep the domain now.")
@options.repositories_option
@click.option(
    "--allow-deletions",
    type=click.IntRange(0),
    metavar="N",
    help="Let this sweep delete up to N versions, whatever the policy's limit is.",
)
@click.option("--plan", "plan_only", is_flag=True, help="Only have it say what it would do.")
@click.option("--no-wait", is_flag=True, help="Start it, and do not wait for its end.")
@options.policy_option
@options.json_option
@click.pass_context
def sweep_command(
    context: click.Context,
    *,
    repositories: tuple[str, ...],
    allow_deletions: int | None,
    plan_only: bool,
    no_wait: bool,
    policy_path: Path,
    as_json: bool,
) -> None:
    """
    Have the deployment bring the whole domain to what its policy says.

    It starts the state machine that the schedule starts too, waits for it, and prints what it came
    to: what was changed, refused and kept, by rule, and what it cost. The deployed policy is what
    counts; if it is not the file that --policy names, nothing is begun.

    A sweep that would delete more versions than the policy's `limits` allow changes nothing at all.
    Whoever has read `steward plan` lets it go on with --allow-deletions. One sweep runs at a time.

    \b
      steward sweep --plan
      steward sweep
      steward sweep --allow-deletions 1200

    The exit status is 0 if all was done (with --no-wait: if it was started), else 1.
    """  # noqa: D301  \b is click's mark for lines to keep
    from cli import aws, policies, sweep_tables, sweeping
    from cli.deployment import find_sweeps
    from sweep_repositories.objects import S3Objects

    policy = policies.loaded_policy(policy_path)
    mine = aws.connect()
    deployment, parts = find_sweeps(mine, policy.domain)
    sweeping.check_names(mine, policy.domain, repositories)
    if deployment.mode != "enforce":
        stderr().print(
            f"The stack {deployment.stack} only observes: it says what it would change.",
            soft_wrap=True,
            markup=False,
        )
    wish = sweeping.Wish(policy.digest, allow_deletions, repositories, mine.arn, plan_only)
    states = cast("sweeping.StatesClient", mine.client("stepfunctions"))
    objects = S3Objects(parts.bucket, cast("S3Client", mine.client("s3")))
    with aws.explained():
        sweep = sweeping.start(states, parts.state_machine, wish)
        if no_wait:
            if as_json:
                print_json({"ok": True, "run": sweep.run, "execution": sweep.execution})
            else:
                stdout().print(f"Started: {sweep.execution}", soft_wrap=True, markup=False)
            return
        try:
            with _Watching() as watching:
                summary = sweeping.follow(sweep, states, objects, on_progress=watching.show)
        except KeyboardInterrupt:
            say(stderr(), sweeping.alone(sweep))
            raise
    well = sweep_tables.is_well(summary)
    if as_json:
        print_json({"ok": well, **json.loads(summary.to_json())})
    else:
        sweep_tables.show(summary, stdout())
    context.exit(0 if well else 1)


class _Watching:
    """Shows on standard error how far the sweep is: a bar in a terminal, else a line at changes."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._console = stderr()
        self._draws = self._console.is_terminal and not self._console.is_dumb_terminal
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(20),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._draws,
        )
        self._task = self._bar.add_task("starting", total=None)
        self._said = ""

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, progress: "Progress") -> None:
        """Show how far it has come."""
        text, done, total = _told(progress)
        self._bar.update(self._task, description=text, completed=done, total=total)
        if not self._draws and text != self._said:
            self._console.print(text, soft_wrap=True, markup=False)
        self._said = text


def _told(progress: "Progress") -> tuple[str, int, int | None]:
    """Return what *progress* says: in words, and how much of how much is done."""
    if progress.state in ("gathering", "weighing") and progress.batches is not None:
        text = f"looking at packages: {progress.gathered:,} of {progress.batches:,} batches"
        return text, progress.gathered, progress.batches
    if progress.state == "applying" and progress.parts is not None:
        text = f"applying the plan: {progress.applied:,} of {progress.parts:,} parts"
        return text, progress.applied, progress.parts
    words: dict[str, str] = {
        "not begun": "starting",
        "listing": "listing packages",
        "summarizing": "summing up",
        "over": "summing up",
    }
    return words.get(progress.state, progress.state), 0, None
