"""What Lambda gives a handler (environment and context), and the metrics that it writes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from steward.errors import PolicyError, SettingsError

# Which variable, what is wrong with its value, and what that raises.
WRONG_ENVIRONMENTS = (
    pytest.param("STEWARD_MODE", "dry-run", SettingsError, id="an unknown mode"),
    pytest.param("STEWARD_MODE", "", SettingsError, id="no mode"),
    pytest.param("STEWARD_QUEUE_URL", "", SettingsError, id="no queue"),
    pytest.param("STEWARD_DOMAIN", "other", SettingsError, id="a policy for another domain"),
    pytest.param("STEWARD_POLICY", "/nowhere.json", PolicyError, id="no policy"),
)


def set_environment(monkeypatch: pytest.MonkeyPatch, policy: Path, **more: str) -> None:
    """The environment is as the template sets it in observe mode, with this policy and *more*."""
    for name, value in {
        "STEWARD_MODE": "observe",
        "STEWARD_POLICY": str(policy),
        "STEWARD_QUEUE_URL": "http://127.0.0.1:1/queue",
        "STEWARD_DOMAIN": "my-company",
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_ACCESS_KEY_ID": "012345678901",
        "AWS_SECRET_ACCESS_KEY": "x",
        **more,
    }.items():
        monkeypatch.setenv(name, value)


@dataclass(frozen=True)
class Invocation:
    """Lambda's context, which says how much time is left."""

    milliseconds: int

    def get_remaining_time_in_millis(self) -> int:
        """Return the same time always."""
        return self.milliseconds


def metric(output: str, name: str) -> list[float]:
    """Return the values that were written for a metric (EMF)."""
    written = [json.loads(line) for line in output.splitlines() if '"_aws"' in line]
    return [value for one in written for value in one.get(name, [])]
