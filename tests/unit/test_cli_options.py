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


def test_outside_a_command_nothing_was_given() -> None:
    """A table may be printed by a test or a program."""
    assert options.as_given("--policy") == ""
