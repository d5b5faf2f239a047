"""What makes exemptions from a recall last, in words."""

import shlex
from datetime import UTC, datetime, timedelta

import click
import pytest

from cli.lasting_promotions import ended_lines, is_from_recall, remedies, remedy_lines
from cli.main import steward
from steward.coordinates import Package
from steward.ledger import Exemption
from tests.unit.fake_codeartifact import package

MADE = datetime(2026, 3, 1, tzinfo=UTC)
LEFT_PAD = package("left-pad", package_format="npm", namespace=None, repository="npm-approved")
RULE = "public-to-approved"


def exemption(
    version: str | None = "1.0",
    of: Package = LEFT_PAD,
    rule: str = RULE,
    automation: str | None = "promote_versions",
) -> Exemption:
    """Return an exemption of seven days."""
    return Exemption(of, version, rule, "jo", "why", MADE, MADE + timedelta(days=7), automation)


@pytest.mark.parametrize(
    ("one", "recalled"),
    [
        pytest.param(exemption(), True, id="a version that a promotion recalled"),
        pytest.param(exemption(automation="enforce_origin_controls"), False, id="another one's"),
        pytest.param(exemption(automation=None), False, id="written before that was noted"),
        pytest.param(exemption(version=None), False, id="restrictions"),
    ],
)
def test_what_is_exempt_from_a_recall(one: Exemption, *, recalled: bool) -> None:
    """By the automation that made the change, not by the name of the rule."""
    assert is_from_recall(one) is recalled
    assert bool(remedies([one])) is recalled


def test_a_package_has_one_remedy_for_each_promotion() -> None:
    """With all of its versions; programs get the same text."""
    found = remedies([exemption("1.0"), exemption("1.1"), exemption("2.0", rule="urgent")])
    assert [(one.rule, one.versions) for one in found] == [
        (RULE, ("1.0", "1.1")),
        ("urgent", ("2.0",)),
    ]
    assert found[0].document()["remedy"] == found[0].text
    assert '`packages: ["pkg:npm/left-pad@1.0", "pkg:npm/left-pad@1.1"]`' in found[0].text
    assert remedy_lines([]) == ""


def test_the_commands_of_a_remedy_exist() -> None:
    """With the options that they are given, and nothing of `origins`."""
    text = remedy_lines(remedies([exemption()]))
    commands = [shlex.split(line) for line in text.splitlines() if line.strip().startswith("stew")]
    assert [words[1] for words in commands] == ["promotions", "approve"]
    for words in commands:
        command = steward.get_command(click.Context(steward), words[1])
        assert command is not None
        known = {name for one in command.params for name in one.opts}
        assert {word for word in words if word.startswith("--")} <= known
    assert "origins" not in text


def test_many_versions_do_not_fill_the_screen() -> None:
    """The command is the same for each."""
    text = remedy_lines(remedies([exemption(f"1.{number}") for number in range(12)]))
    assert text.count("steward approve") == 10
    assert "... and the same for 2 more" in text


def test_what_ends_an_exemption_says_what_happens_then() -> None:
    """By `origins` with `steward enforce`; by a promotion with its daily recheck."""
    origins = exemption(automation="enforce_origin_controls", rule="origins[0]")
    assert "steward enforce --deep --repository npm-approved" in ended_lines(
        [origins], "npm-approved"
    )
    recalled = ended_lines([exemption()], "npm-approved")
    assert "daily recheck" in recalled
    assert RULE in recalled
    assert "steward enforce" not in recalled
    both = ended_lines([origins, exemption()], "npm-approved")
    assert "daily recheck" in both
    assert "steward enforce" in both
