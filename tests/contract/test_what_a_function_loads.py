"""What a function imports before its first event: every module costs start-up time."""

import subprocess
import sys

import pytest

from tests.contract.project import automations

HEAVY = {
    "aws_xray_sdk",
    "boto3",
    "cvss",
    "defusedxml",
    "nodesemver",
    "packaging",
    "pydantic",
    "semver",
    "yaml",
}


@pytest.mark.parametrize("automation", automations())
def test_a_function_starts_without_the_heavy_libraries(automation: str) -> None:
    """Pydantic and YAML are the policy compiler's; versions' libraries wait for a rule."""
    program = f"import sys, {automation}.app; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert HEAVY.isdisjoint(done.stdout.split())
