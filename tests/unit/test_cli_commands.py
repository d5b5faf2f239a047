"""The command line: what it prints, and its exit status."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.commands.policy import policy_command
from cli.main import COMMANDS, steward
from cli.purls import PackageName, parse_package
from cli.stack.errors import StackError
from cli.stack.stack import LocalStack

POLICY = """\
domain: my-company
snapshots:
  - packages: /maven/com.mycompany~
    repositories: ["*-snapshots"]
    unfinished_grace: PT2H
  - packages: /maven/*
"""


@pytest.fixture
def policy(tmp_path: Path) -> str:
    """Return the path of a policy with two rules."""
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return str(path)


def run(*arguments: str) -> Result:
    """Run `steward` in this process."""
    return CliRunner().invoke(steward, arguments)


def test_every_command_has_help_and_takes_policy_and_json() -> None:
    """Also those of a group."""
    pages = {name: run(name, "--help").output for name in COMMANDS}
    policy = {
        f"policy {name}": run("policy", name, "--help").output for name in policy_command.commands
    }
    assert len(policy) == 3
    for name, page in {**pages, **policy}.items():
        if name != "policy":
            assert "--policy FILE" in page, name
            assert "--json" in page, name


@pytest.mark.parametrize("command", [[], ["policy"]], ids=["steward", "steward policy"])
def test_summaries_fit_into_80_columns(command: list[str]) -> None:
    """None of them is cut off."""
    page = run(*command, "--help").output
    assert "Commands:" in page
    assert "..." not in page.replace("[ARGS]...", "")


def test_a_good_policy_checks(policy: str) -> None:
    """As JSON, it is the compiled policy."""
    result = run("policy", "check", "--policy", policy, "--json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["ok"] is True
    assert [rule["name"] for rule in document["snapshots"]] == ["snapshots[0]", "snapshots[1]"]
    assert "my-company" in run("policy", "check", "--policy", policy).stdout


@pytest.mark.parametrize(
    ("grace", "spoken"),
    [("PT0S", "0 s"), ("PT1H", "1 h"), ("P7DT12H", "7 d 12 h"), ("PT90M1S", "1 h 30 min 1 s")],
)
def test_a_policy_is_shown_as_it_was_written(grace: str, spoken: str, tmp_path: Path) -> None:
    """Brackets of a repository pattern are no markup, and durations are in words."""
    path = tmp_path / "policy.yaml"
    rule = f"{{packages: /maven/*, repositories: '[ab]-repo', unfinished_grace: {grace}}}"
    path.write_text(f"domain: my-company\nsnapshots: [{rule}]\n")
    shown = run("policy", "check", "--policy", str(path)).stdout
    assert " [ab]-repo " in shown
    assert f" {spoken} " in shown


def test_a_policy_with_a_mistake_does_not_check(tmp_path: Path) -> None:
    """File, line and remedy are in the message; the exit status is 1."""
    path = tmp_path / "policy.yaml"
    path.write_text("domain: my-company\nsnapshot: []\n")
    result = run("policy", "check", "--policy", str(path))
    assert result.exit_code == 1
    assert f"{path}:2: snapshot: unknown key 'snapshot'" in result.stderr
    assert result.stdout == ""
    document = json.loads(run("policy", "check", "--policy", str(path), "--json").stdout)
    assert (document["ok"], document["mistakes"][0]["line"]) == (False, 2)


@pytest.mark.parametrize(
    "command",
    [
        ["policy", "check"],
        ["policy", "schema"],
        ["policy", "explain", "/npm//x", "--repository", "r"],
        ["up"],
        ["emulator"],
        ["demo"],
    ],
    ids=" ".join,
)
def test_a_missing_policy_is_a_usage_error(command: list[str], tmp_path: Path) -> None:
    """Also for the stack, which does not start then, and where the policy changes nothing."""
    missing = str(tmp_path / "nowhere.yaml")
    result = run(*command, "--policy", missing)
    assert result.exit_code == 2
    assert f"File {missing!r} does not exist" in result.stderr
    assert result.stdout == ""


def test_a_policy_that_is_no_text_is_a_clear_error(tmp_path: Path) -> None:
    """The message names the file."""
    path = tmp_path / "policy.yaml"
    path.write_bytes(b"domain: \xff")
    result = run("policy", "check", "--policy", str(path))
    assert result.exit_code == 1
    assert f"cannot read the policy {path}: it is not UTF-8" in result.stderr


@pytest.mark.parametrize("port", ["abc", "65536", "-1", "", "1.5", "\u0663"])
def test_a_port_is_a_number(port: str) -> None:
    """The message says which."""
    result = run("up", "--port", port)
    assert result.exit_code == 2
    assert f"{port!r} is no port: give a number from 0 to 65535" in result.stderr


def test_the_schema_is_a_json_schema() -> None:
    """Editors complete the keys from it."""
    document = json.loads(run("policy", "schema").stdout)
    assert {"domain", "snapshots"} <= set(document["properties"])


@pytest.mark.parametrize(
    ("package", "repository", "winner", "shadowed"),
    [
        pytest.param(
            "pkg:maven/com.mycompany.app/pkg-1@1.0-SNAPSHOT",
            "team-snapshots",
            "snapshots[0]",
            ["snapshots[1]"],
            id="the first of two",
        ),
        pytest.param("/maven/com.mycompany.app/pkg-1", "other", "snapshots[1]", [], id="a path"),
        pytest.param("pkg:npm/%40mycompany/ui", "team-snapshots", None, [], id="no rule"),
    ],
)
def test_a_package_s_rule_is_explained(
    policy: str, package: str, repository: str, winner: str | None, shadowed: list[str]
) -> None:
    """With the rules that match later in the file."""
    arguments = ["policy", "explain", package, "--repository", repository, "--policy", policy]
    result = run(*arguments, "--json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert (document["snapshots"] or {}).get("name") == winner
    assert document["shadowed"] == shadowed
    assert (winner or "no snapshots rule") in run(*arguments).stdout


@pytest.mark.parametrize("package", ["pkg:pypi/Foo_Bar", "/pypi//foo.bar", "pkg:pypi/foo-bar"])
def test_a_package_is_explained_under_the_name_that_is_stored(package: str, tmp_path: Path) -> None:
    """PyPI knows a package by many spellings, CodeArtifact by one (User Guide)."""
    path = tmp_path / "policy.yaml"
    path.write_text("domain: my-company\nsnapshots: [{packages: /pypi//foo-bar$}]\n")
    arguments = ["--repository", "pypi-store", "--policy", str(path), "--json"]
    document = json.loads(run("policy", "explain", package, *arguments).stdout)
    assert document["package"] == "pkg:pypi/foo-bar"
    assert document["snapshots"]["name"] == "snapshots[0]"


@pytest.mark.parametrize(
    ("text", "package"),
    [
        ("pkg:maven/com.mycompany/app@1.0?type=jar", ("maven", "com.mycompany", "app")),
        ("pkg:npm/%40mycompany/ui@1.0.0", ("npm", "mycompany", "ui")),
        ("pkg:npm/@mycompany/ui", ("npm", "mycompany", "ui")),
        ("pkg:pypi/requests", ("pypi", None, "requests")),
        ("pkg:gem/rails", ("ruby", None, "rails")),
        ("pkg:Maven/com.mycompany/app", ("maven", "com.mycompany", "app")),
        ("/pypi//requests", ("pypi", None, "requests")),
        ("/npm/@mycompany/ui", ("npm", "mycompany", "ui")),
        ("/npm/mycompany/ui", ("npm", "mycompany", "ui")),
    ],
)
def test_a_package_is_named(text: str, package: tuple[str, str | None, str]) -> None:
    """By package URL or by path."""
    assert parse_package(text) == PackageName(*package)


@pytest.mark.parametrize("text", ["requests", "pkg:", "pkg:pypi", "/maven/app", "/pypi//"])
def test_what_names_no_package_is_refused(text: str) -> None:
    """The message shows it."""
    with pytest.raises(ValueError, match=text):
        parse_package(text)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        pytest.param("/pypi/acme-x", "pkg:pypi/acme-x or /pypi//acme-x", id="a slash too few"),
        pytest.param("pypi/acme-x", "pkg:pypi/acme-x or /pypi//acme-x", id="no slash before it"),
        pytest.param("/maven/app", "pkg:maven/namespace/app or", id="Maven without a namespace"),
        pytest.param("acme-x", "its format too, as in pkg:pypi/acme-x", id="a bare name"),
        pytest.param("@mycompany/ui", "pkg:npm/%40mycompany/ui", id="a name of npm"),
        pytest.param("com.mycompany/app", "pkg:maven/com.mycompany/app", id="no format at all"),
    ],
)
def test_what_names_no_package_is_told_how_to(text: str, advice: str) -> None:
    """By its format, where one can be seen."""
    with pytest.raises(ValueError, match=f"write {re.escape(advice)}"):
        parse_package(text)


@pytest.mark.parametrize("account", ["1234", "abcdefghijkl", "1234567890123"])
def test_an_account_has_12_digits(account: str) -> None:
    """Anything else is a usage error."""
    result = run("up", "--account", account)
    assert result.exit_code == 2
    assert "is no account id" in result.stderr


@pytest.mark.parametrize("region", ["nowhere-1", "cn-north-1", "a b", ""])
def test_a_region_is_one_that_has_codeartifact(
    region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message lists them; a profile of AWS that does not exist is not in the way."""
    monkeypatch.setenv("AWS_PROFILE", "of-another-machine")
    result = run("emulator", "--region", region)
    assert result.exit_code == 2
    assert f"CodeArtifact is not offered in {region!r}, but in " in result.stderr
    assert "us-west-2" in result.stderr


def test_a_demo_that_fails_says_so_to_programs_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit status 1; as JSON, the problem and the steps that were told."""

    def start(_: LocalStack) -> None:
        raise StackError("no room for it")

    monkeypatch.setattr(LocalStack, "start", start)
    result = run("demo", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"ok": False, "problem": "no room for it", "steps": []}
    assert run("demo").exit_code == 1


def test_a_demo_that_the_policy_has_nothing_to_show_for_says_so_at_once(tmp_path: Path) -> None:
    """Before anything is started, and with the package that a rule is missing for."""
    policy = tmp_path / "policy.yaml"
    policy.write_text("domain: other\n")
    result = run("demo", "--json", "--policy", str(policy))
    assert result.exit_code == 1
    assert (
        "no snapshots rule for /maven/com.mycompany.app/pkg-1"
        in json.loads(result.stdout)["problem"]
    )


@pytest.mark.parametrize(
    "command",
    [["groups"], ["enforce", "--repository", "r"], ["policy", "explain", "/npm//x"], ["up"]],
    ids=" ".join,
)
def test_a_failure_is_one_json_document_if_json_was_asked_for(
    command: list[str], tmp_path: Path
) -> None:
    """The message stands on standard error too; without --json, there alone."""
    path = tmp_path / "policy.yaml"
    path.write_bytes(b"domain: \xff")
    if command[0] == "policy":
        command = [*command, "--repository", "r"]
    result = run(*command, "--policy", str(path), "--json")
    problem = f"cannot read the policy {path}: it is not UTF-8"
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"ok": False, "problem": problem}
    assert problem in result.stderr
    assert run(*command, "--policy", str(path)).stdout == ""


def test_a_usage_error_stays_text() -> None:
    """Nothing has been asked yet."""
    result = run("enforce", "--json")
    assert (result.exit_code, result.stdout) == (2, "")
