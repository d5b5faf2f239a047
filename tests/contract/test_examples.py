"""The examples are right: their templates pass the linters, their policies compile."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import steward
from steward.policy import load
from steward.policy_file import compile_policy
from tests.contract.cloudformation import REGION
from tests.contract.project import ROOT

EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/template.yaml"))
each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a linter, which wants to know some region."""
    environment = {**os.environ, "AWS_DEFAULT_REGION": REGION}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_there_is_an_example() -> None:
    """The tests below would pass if there were none."""
    assert "intake-and-approved" in {path.name for path in EXAMPLES}


@each_example
def test_its_template_passes_cfn_lint(example: Path) -> None:
    """As `make check` runs it on the project's own."""
    done = run(Path(sys.executable).with_name("cfn-lint"), example / "template.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


@each_example
def test_its_policy_passes_the_check_without_a_warning(example: Path) -> None:
    """`steward policy check`, as the README tells to run it."""
    command = ["policy", "check", "--json", "--policy", str(example / "policy.yaml")]
    checked = CliRunner().invoke(steward, command)
    assert checked.exit_code == 0, checked.output
    assert json.loads(checked.stdout)["warnings"] == []


@each_example
def test_its_policy_names_repositories_of_its_template(example: Path, tmp_path: Path) -> None:
    """And every approved repository of the template is filled by some rule."""
    compiled = tmp_path / "policy.json"
    text = (example / "policy.yaml").read_text(encoding="utf-8")
    compiled.write_text(compile_policy(text, "policy.yaml"), encoding="utf-8")
    rules = load(compiled).promotions
    template = (example / "template.yaml").read_text(encoding="utf-8")
    for name in {rule.source for rule in rules} | {rule.to for rule in rules}:
        assert f"RepositoryName: {name}\n" in template
    assert {rule.to for rule in rules} == {"pypi-approved", "npm-approved", "maven-approved"}


@pytest.mark.parametrize(
    ("target", "command"),
    [
        ("check", "cfn-lint template.yaml examples/*/template.yaml"),
        ("build", "sam validate --lint --template $$example"),
    ],
)
def test_make_checks_the_examples_too(target: str, command: str) -> None:
    """Whoever changes one hears of a mistake before the tests do."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = makefile.split(f"\n{target}:")[1].split("\n\n")[0]
    assert command in recipe


@each_example
def test_every_resource_says_what_it_is_for_and_what_uses_it(example: Path) -> None:
    """Two lines of comment stand above each, as in the project's own template."""
    lines = (example / "template.yaml").read_text(encoding="utf-8").splitlines()
    typed = [at for at, line in enumerate(lines) if line.startswith("    Type: AWS::")]
    assert typed
    for at in typed:
        assert all(line.startswith("  # ") for line in lines[at - 3 : at - 1]), lines[at - 1]
