"""Reads the policy file that a command was given."""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from cli.output import fail

if TYPE_CHECKING:
    from steward.policy import Policy


def policy_text(path: Path) -> str:
    """
    Return the policy file's text.

    Raises:
        click.ClickException: It cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        fail(f"cannot read the policy {path}: {error.strerror}")
    except UnicodeDecodeError:
        fail(f"cannot read the policy {path}: it is not UTF-8")


def compiled_policy(path: Path) -> str:
    """
    Return the policy as functions load it.

    Raises:
        click.ClickException: It cannot be read, or has mistakes; each stands in the message.
    """
    from steward.policy_file import compile_policy
    from steward.policy_lines import PolicyMistakesError

    try:
        return compile_policy(policy_text(path), str(path))
    except PolicyMistakesError as error:
        fail(f"the policy has mistakes\n{error}")


def domain_of(path: Path) -> str:
    """Return the domain that the policy is for; errors as of `compiled_policy`."""
    return str(json.loads(compiled_policy(path))["domain"])


def loaded_policy(path: Path) -> "Policy":
    """Return the policy as the functions see it; errors as of `compiled_policy`."""
    from steward.policy import load

    compiled = compiled_policy(path)
    with tempfile.TemporaryDirectory(prefix="steward-") as folder:
        file = Path(folder) / "policy.json"
        file.write_text(compiled, encoding="utf-8")
        return load(file)
