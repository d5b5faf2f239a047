"""What `steward promote`, `promotions`, `approve` and `reject` refuse before AWS is asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from cli.main import steward

if TYPE_CHECKING:
    from pathlib import Path

PURL = "pkg:pypi/requests"
VERSION = f"{PURL}@2.32.4"
BECAUSE = ("--reason", "read the diff")
PROMOTIONS = """\
promotions:
  - name: public-to-approved
    packages: /pypi/*
    from: pypi-intake
    to: pypi-approved
"""


def run(folder: Path, *arguments: str, promotions: str = PROMOTIONS) -> Result:
    """Run `steward` with a policy of these `promotions`."""
    policy = folder / "policy.yaml"
    policy.write_text(f"domain: my-company\n{promotions}")
    return CliRunner().invoke(steward, [*arguments, "--policy", str(policy)])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ("promote",), "say what to promote: package URLs, or --repository NAME", id="nothing"
        ),
        pytest.param(
            ("promote", "pkg:cran/ggplot2"), "CodeArtifact has no format 'cran'", id="no format"
        ),
        pytest.param(("promote", "requests"), PURL, id="a name alone to promote"),
        pytest.param(("promote", PURL, "--wait", "-1"), "--wait", id="a negative time"),
        pytest.param(("promotions", "requests"), PURL, id="a name alone to list"),
        pytest.param(("promotions", "--state", "waiting"), "'held', 'approved'", id="no state"),
        pytest.param(
            ("approve", PURL, *BECAUSE),
            "names no version, as pkg:pypi/requests@2.32.4 does",
            id="a package without a version",
        ),
        pytest.param(
            ("reject", "/pypi//requests", *BECAUSE), "names no version", id="a path of a package"
        ),
        pytest.param(("approve", "requests", *BECAUSE), PURL, id="a name alone to approve"),
        pytest.param(("reject", VERSION), "--reason", id="no reason"),
        pytest.param(
            ("approve", VERSION, "--reason", "..."), "say why", id="a reason that says nothing"
        ),
        pytest.param(
            ("approve", VERSION, "--reason", "a\nb"), "on one line", id="a reason of two lines"
        ),
        pytest.param(
            ("approve", VERSION, "--reason", "a" * 1001), "up to 1000", id="a reason too long"
        ),
    ],
)
def test_wrong_use(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    """It is said what to write instead."""
    result = run(tmp_path, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize(
    ("arguments", "promotions", "problem"),
    [
        pytest.param(
            (PURL, "--rule", "other"),
            PROMOTIONS,
            "the policy has no promotion called other; it has public-to-approved (from "
            "pypi-intake).",
            id="there is no such rule",
        ),
        pytest.param(
            ("--repository", "pypi-approved"),
            PROMOTIONS,
            "the policy has no promotion from pypi-approved; it has public-to-approved (from "
            "pypi-intake).",
            id="nothing is promoted from the repository",
        ),
        pytest.param(
            (PURL,),
            "",
            "the policy has no `promotions`, so there is nothing to promote; docs/promotion.md "
            "says what to write.",
            id="nothing is promoted at all",
        ),
    ],
)
def test_promotions_that_there_are_not(
    arguments: tuple[str, ...], promotions: str, problem: str, tmp_path: Path
) -> None:
    """The message names those that there are, for people and for programs."""
    result = run(tmp_path, "promote", *arguments, "--json", promotions=promotions)
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"ok": False, "problem": problem}
    assert problem in result.stderr
