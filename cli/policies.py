"""Reads the policy file that a command was given."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cli.output import fail

if TYPE_CHECKING:
    from steward.lockfiles.locked import Locked
    from steward.policy import Policy
    from steward.policy_file import CheckedPolicy


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


def checked_policy(path: Path) -> "CheckedPolicy":
    """
    Return the policy as functions load it, with what its lock files list.

    Raises:
        click.ClickException: It cannot be read, or has mistakes; each stands in the message.
    """
    from steward.policy_file import check
    from steward.policy_lines import PolicyMistakesError

    try:
        return check(policy_text(path), str(path))
    except PolicyMistakesError as error:
        fail(f"the policy has mistakes\n{error}")


def compiled_policy(path: Path) -> str:
    """Return the policy as functions load it; errors as of `checked_policy`."""
    return checked_policy(path).compiled


def domain_of(path: Path) -> str:
    """Return the domain that the policy is for; errors as of `checked_policy`."""
    return str(json.loads(compiled_policy(path))["domain"])


def loaded_policy(path: Path) -> "Policy":
    """Return the policy as the functions see it; errors as of `checked_policy`."""
    from steward.policy import load

    checked = checked_policy(path)
    with tempfile.TemporaryDirectory(prefix="steward-") as folder:
        return load(checked.write(Path(folder)))


def loaded_locked(path: Path) -> "Mapping[str, tuple[Locked, ...]]":
    """
    Return what the lock files list that ``caches`` and ``retention`` of the policy name.

    Lock files in S3 are not read. Errors as of `checked_policy`.
    """
    from steward.cache_rules import LOCKED_FILE, load_locked

    checked = checked_policy(path)
    with tempfile.TemporaryDirectory(prefix="steward-") as folder:
        checked.write(Path(folder))
        return load_locked(Path(folder) / LOCKED_FILE)
