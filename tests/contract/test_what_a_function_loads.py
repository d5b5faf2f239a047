"""What a function imports before its first event: every module costs start-up time."""

import subprocess
import sys
from pathlib import Path

import pytest

from steward.policy_file import check, compile_policy
from tests.contract.cloudformation import of_type, source

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
# A rule that requires nothing, and all that is done to judge a version by it.
JUDGES = """
import pathlib, sys
from datetime import UTC, datetime
from promote_versions import app, decision
from promote_versions.facts import VersionFacts
from steward import policy
from steward.coordinates import Package, PackageVersion, Repository

place = Repository("my-company", "012345678901", "intake")
package = Package(place, sys.argv[2], "com.mycompany", "app")
version = PackageVersion("1.0", "Published", revision="r")
now = datetime.now(UTC)
[rule] = policy.load(pathlib.Path(sys.argv[1])).promotion_rules_for(package)
verdicts = decision.at_first_sight(version, package, rule)
assert not any(one.outcome == "refuse" for one in verdicts), verdicts
judgement = decision.judge(VersionFacts(package, version), rule, approval=None, now=now)
assert judgement.state == "approved", judgement
"""
LOADED = "\nimport sys; print('\\n'.join(sys.modules))"


@pytest.mark.parametrize(
    "handler",
    sorted(
        function["Handler"]
        for function in of_type(source()["Resources"], "AWS::Serverless::Function").values()
    ),
)
def test_a_function_starts_without_the_heavy_libraries(handler: str) -> None:
    """Pydantic and YAML are the policy compiler's; versions' libraries wait for a rule."""
    assert HEAVY.isdisjoint(_loaded(f"import {handler.rpartition('.')[0]}"))


@pytest.mark.parametrize("package_format", ["generic", "maven", "npm", "pypi"])
def test_a_rule_without_gates_needs_none_of_them(tmp_path: Path, package_format: str) -> None:
    """Orders, ranges, licences and severities are read only where a rule asks for them."""
    text = (
        "domain: my-company\npromotions:\n  - name: all\n    packages: /*\n"
        "    from: intake\n    to: approved\n    require: {}\n"
    )
    compiled = tmp_path / "policy.json"
    compiled.write_text(compile_policy(text, "policy.yaml"))
    assert HEAVY.isdisjoint(_loaded(JUDGES, str(compiled), package_format))


def test_lock_files_need_the_parsers_of_their_own_kind_only() -> None:
    """A function that reads none, or requirements, does not pay for YAML, XML and TOML."""
    program = "from steward import lockfiles; lockfiles.read('requirements.txt', 'a==1')"
    loaded = _loaded(program)
    assert HEAVY.isdisjoint(loaded)
    assert "tomllib" not in loaded
    assert {one for one in loaded if one.startswith("steward.lockfiles.")} == {
        "steward.lockfiles.entries",
        "steward.lockfiles.locked",
        "steward.lockfiles.requirements",
    }


def _loaded(program: str, *arguments: str) -> list[str]:
    """Return the modules that a new process has after *program*."""
    done = subprocess.run(
        [sys.executable, "-c", program + LOADED, *arguments],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    return done.stdout.split()


def test_what_is_to_be_warm_is_known_without_them(tmp_path: Path) -> None:
    """Lock files were read when the policy was compiled."""
    (tmp_path / "requirements.txt").write_text("six==1.16.0\n")
    text = (
        "domain: my-company\ncaches:\n  - repository: my-repo\n    lockfiles: requirements.txt\n"
        '    packages: [{package: pkg:npm/react, range: "^18.0.0"}]\n    keep_up_with: /pypi/*\n'
    )
    compiled = check(text, str(tmp_path / "policy.yaml")).write(tmp_path)
    loaded = _loaded(
        "import pathlib, sys; from steward import cache_rules, policy\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "[rule] = policy.load(path).caches\n"
        "assert cache_rules.load_locked(path.parent / cache_rules.LOCKED_FILE)[rule.lockfiles[0]]",
        str(compiled),
    )
    assert HEAVY.isdisjoint(loaded)
