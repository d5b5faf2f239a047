"""What a command repeats of the options that it was given."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cli import options
from cli.aws import domain_owner_option


@click.command()
@options.policy_option
@options.domain_option
@domain_owner_option
def _repeats(policy_path: Path, domain: str | None, domain_owner: str | None) -> None:
    """Print what of the policy and the owner was given."""
    del policy_path, domain, domain_owner
    click.echo(options.as_given("--policy", "--domain-owner"))


@pytest.mark.parametrize(
    ("given", "repeated"),
    [
        ([], ""),
        (["--domain", "theirs"], ""),
        (["--domain-owner", "111122223333"], " --domain-owner 111122223333"),
        (
            ["--domain-owner", "111122223333", "--policy", "my policy.yaml"],
            " --policy 'my policy.yaml' --domain-owner 111122223333",
        ),
    ],
    ids=["nothing", "an option that the next command lacks", "one option", "a name with a space"],
)
def test_only_what_was_given_is_repeated(
    given: list[str], repeated: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a shell takes it, in the order of --help."""
    monkeypatch.chdir(tmp_path)
    Path("my policy.yaml").touch()
    assert CliRunner().invoke(_repeats, given).stdout == f"{repeated}\n"


@click.command()
@click.option("--repository", "repositories", multiple=True)
def _repeats_all(repositories: tuple[str, ...]) -> None:
    """Print which repositories were given."""
    del repositories
    click.echo(options.as_given("--repository"))


def test_an_option_that_was_given_twice_is_repeated_twice() -> None:
    """Each with its own value."""
    given = ["--repository", "team-a", "--repository", "team-b"]
    assert CliRunner().invoke(_repeats_all, given).stdout == f" {' '.join(given)}\n"
    assert CliRunner().invoke(_repeats_all, []).stdout == "\n"


def test_outside_a_command_nothing_was_given() -> None:
    """A table may be printed by a test or a program."""
    assert options.as_given("--policy") == ""


@click.command()
@options.osv_option
def _asks(osv: str | None) -> None:
    """Print where vulnerabilities are asked for."""
    click.echo(f"{osv}")


@pytest.mark.parametrize(
    ("given", "printed"),
    [
        pytest.param([], "None", id="nothing: the local stack's own"),
        pytest.param(["--osv", "https://osv.example.com/"], "https://osv.example.com", id="one"),
    ],
)
def test_another_osv_can_be_asked(given: list[str], printed: str) -> None:
    """A slash at the end is not part of it, as in the template's parameter."""
    assert CliRunner().invoke(_asks, given).stdout == f"{printed}\n"


def test_an_osv_is_an_address() -> None:
    """A mere name is refused, with what is missing."""
    refused = CliRunner().invoke(_asks, ["--osv", "osv.example.com"])
    assert refused.exit_code == 2
    assert "starts with https:// or http://" in refused.stderr
