"""`steward demo`: the main job on this machine, step by step."""

import io
import json
import logging
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import options
from cli.output import print_json, stderr, stdout

if TYPE_CHECKING:
    from starlette.types import ASGIApp


@click.command("demo")
@options.policy_option
@options.json_option
@click.pass_context
def demo_command(context: click.Context, *, policy_path: Path, as_json: bool) -> None:
    """
    Show the main job, from a publish to an unlisted build.

    It starts a local stack in enforce mode on a free port, needs no AWS account, takes less than
    two minutes, and ends with 0 only if every step did what it says.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from cli.demo import python_packages, snapshot_builds
    from cli.demo.company import Company
    from cli.demo.story import StepFailedError, Story
    from cli.policies import compiled_policy
    from cli.stack.codeartifact import CodeArtifact, open_codeartifact
    from cli.stack.errors import StackError
    from cli.stack.function_logs import FunctionLogs
    from cli.stack.json_types import Document
    from cli.stack.stack import LocalStack, StackOptions

    story = Story(stderr() if as_json else stdout())
    events: list[Document] = []

    def opened(
        *, account: str, region: str, folder: Path | None, other_services: "ASGIApp | None"
    ) -> CodeArtifact:
        codeartifact = open_codeartifact(
            account=account, region=region, folder=folder, other_services=other_services
        )
        codeartifact.subscribe(events.append)
        return codeartifact

    compiled = compiled_policy(policy_path)
    # As Ctrl-C does it: processes end, folders go. The default would leave both behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    stack = LocalStack(
        StackOptions(compiled_policy=compiled, mode="enforce", open_codeartifact=opened),
        logs=FunctionLogs(echo=io.StringIO()),
    )
    story.title(
        "CodeArtifact Steward",
        "template.yaml, played on this machine: a local CodeArtifact, its events, the queue and "
        "the function. Mode: enforce.",
    )
    try:
        with tempfile.TemporaryDirectory(prefix="steward-demo-") as folder, _no_warnings():
            scratch = Path(folder)
            snapshot_builds.check_policy(compiled, stack.options.account, scratch)
            with stack:
                company = Company(stack, str(json.loads(compiled)["domain"]), events)
                python_packages.tell(story, company, scratch)
                snapshot_builds.tell(story, company)
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
