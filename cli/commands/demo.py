"""`steward demo`: the main jobs on this machine, step by step."""

import io
import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console

from cli import options
from cli.output import print_json, stderr
from cli.signals import Interruption


@click.command("demo", short_help="Show the main jobs on this machine, step by step.")
@options.policy_option
@options.json_option
@click.pass_context
def demo_command(context: click.Context, *, policy_path: Path, as_json: bool) -> None:
    """
    Show builds unlisted, an attack stopped, packages promoted, an outage, and a sweep.

    It starts a local stack in enforce mode on a free port, needs no AWS account, takes less than
    four minutes, and ends with 0 only if every step did what it says.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from cli.demo import (
        dependency_confusion,
        outage,
        promotion,
        python_packages,
        retention,
        snapshot_builds,
    )
    from cli.demo.company import Company
    from cli.demo.inbox import ADDRESS
    from cli.demo.played_policy import played_policy
    from cli.demo.story import StepFailedError, Story
    from cli.demo.world import World
    from cli.stack.errors import StackError
    from cli.stack.function_logs import FunctionLogs
    from cli.stack.stack import LocalStack, StackOptions

    # Prose in frames: it is wrapped also where no terminal says how wide.
    story = Story(stderr() if as_json else Console(highlight=False))
    world = World()
    interruption = Interruption()
    with tempfile.TemporaryDirectory(prefix="steward-demo-") as folder:
        scratch = Path(folder)
        played = played_policy(policy_path, scratch / "policy")
        stack = LocalStack(
            StackOptions(
                compiled_policy=played.compiled,
                locked=played.locked,
                mode="enforce",
                parameters={
                    "NotificationEmail": ADDRESS,
                    "LockfilesBucket": outage.BUCKET,
                    # Days go by in some chapters; the last one starts its sweeps itself.
                    "SweepState": "DISABLED",
                },
                open_codeartifact=world.open,
            ),
            logs=FunctionLogs(echo=io.StringIO()),
        )
        story.title(
            "CodeArtifact Steward",
            "template.yaml, played on this machine: a local CodeArtifact, its events, the queues "
            "and the functions. Mode: enforce.",
        )
        try:
            policy = played.load()
            snapshot_builds.check_policy(policy, stack.options.account)
            dependency_confusion.check_policy(policy, stack.options.account)
            with _no_warnings(), stack, interruption.breaking_off():
                company = Company(stack, played.domain, world)
                python_packages.tell(story, company, scratch)
                snapshot_builds.tell(story, company)
                dependency_confusion.tell(story, company, policy, played.addition, scratch)
                promotion.tell(story, company, scratch)
                outage.tell(story, company, played.cache, scratch)
                retention.tell(story, company, played.file, scratch)
        except (StackError, StepFailedError, BotoCoreError, ClientError, OSError) as error:
            story.failed(error)
            if as_json:
                print_json({"ok": False, "problem": str(error), "steps": story.steps})
            context.exit(1)
    story.end(
        f"Every step did what it said, in {story.seconds:.0f} s. Next: .venv/bin/steward up --help"
    )
    if as_json:
        print_json({"ok": True, "seconds": round(story.seconds, 1), "steps": story.steps})


@contextmanager
def _no_warnings() -> Iterator[None]:
    """Keep the local CodeArtifact from warning of the faults that are part of the story."""
    logger = logging.getLogger("emulator")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
