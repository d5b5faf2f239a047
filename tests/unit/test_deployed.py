"""What a function was deployed with."""

from __future__ import annotations

from pathlib import Path

import pytest

from steward.deployed import settings_and_policy
from steward.policy_file import compile_policy

POLICY = """
domain: my-company
retention:
  - packages: /maven/*
    versions: snapshot-builds
    keep_newest: 5
    then: delete
"""


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = tmp_path / "policy.json"
    compiled.write_text(compile_policy(POLICY, "policy.yaml"))
    for name, value in {
        "STEWARD_MODE": "observe",
        "STEWARD_DOMAIN": "my-company",
        "STEWARD_POLICY": str(compiled),
        "STEWARD_QUEUE_URL": "https://queue",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("asked", "rules"),
    [
        pytest.param(True, ["retention[0]"], id="who asks for rules of retention has them"),
        pytest.param(False, [], id="who does not starts without"),
    ],
)
def test_rules_of_retention_are_for_who_asks(*, asked: bool, rules: list[str]) -> None:
    """The digest is the same: both have the same policy."""
    _, policy = settings_and_policy(retention=asked)
    _, other = settings_and_policy()
    assert [rule.name for rule in policy.retention] == rules
    assert policy.digest == other.digest
