"""The `steward` command, run beside the demonstration as somebody at another terminal would."""

import json
import os
import subprocess
import sys
from collections.abc import Container

from cli.demo.company import Company
from cli.demo.story import StepFailedError

COMMAND_SECONDS = 100.0


def steward(
    company: Company, *arguments: str, statuses: Container[int] = (0,)
) -> dict[str, object]:
    """
    Return the JSON that ``steward ARGUMENTS --json`` prints.

    Raises:
        StepFailedError: The command ended with none of *statuses*.
    """
    said = _run(company, [*arguments, "--json"], {}, statuses)
    found: dict[str, object] = json.loads(said)
    return found


def steward_output(
    company: Company,
    *arguments: str,
    width: int,
    colours: bool,
    statuses: Container[int] = (0,),
) -> str:
    """
    Return what ``steward ARGUMENTS`` prints on a terminal of *width* columns.

    Raises:
        StepFailedError: The command ended with none of *statuses*.
    """
    look = {"FORCE_COLOR": "1", "TERM": "xterm-256color"} if colours else {}
    return _run(company, list(arguments), {"COLUMNS": str(width), **look}, statuses)


def _run(
    company: Company, arguments: list[str], look: dict[str, str], statuses: Container[int]
) -> str:
    options = company.stack.options
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS_") and name not in {"COLUMNS", "FORCE_COLOR"}
    }
    environment = {
        **kept,
        "AWS_ENDPOINT_URL": company.stack.endpoint,
        "AWS_DEFAULT_REGION": options.region,
        "AWS_ACCESS_KEY_ID": options.account,
        "AWS_SECRET_ACCESS_KEY": "local",
        **look,
    }
    command = [sys.executable, "-m", "cli.main", *arguments]
    if "--policy" not in arguments:  # whose domain it is
        command += ["--domain", company.domain]
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StepFailedError(
            f"steward {arguments[0]} did not end within {COMMAND_SECONDS:.0f} s"
        ) from error
    if done.returncode not in statuses:
        said = done.stderr.strip() or done.stdout.strip()
        raise StepFailedError(f"steward {arguments[0]} ended with {done.returncode}: {said}")
    return done.stdout
