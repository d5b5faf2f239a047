"""What single rules of a policy say, in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.policies import loaded_policy
from cli.rule_words import rule_words
from steward.policy import Policy

RULES = """\
domain: my-company
snapshots:
  - packages: /maven/com.mycompany~
    repositories: "*-snapshots"
origins:
  - packages: /npm/mycompany/*
    kind: internal
  - packages: [/npm//react$, /pypi/*]
    publish: BLOCK
promotions:
  - {name: x, packages: /pypi/*, from: intake, to: approved, require: {minimum_age: P7D}}
retention:
  - packages: /pypi/*
    repositories: [team-a, team-b]
    versions: releases
    keep_newest: 2
    lockfiles: requirements.txt
    then: delete
"""


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    """A policy with a rule of each kind."""
    (tmp_path / "requirements.txt").write_text("idna==3.10\n")
    path = tmp_path / "policy.yaml"
    path.write_text(RULES)
    return loaded_policy(path)


def test_each_rule_says_what_it_is_about_and_what_it_does(policy: Policy) -> None:
    """In the order of the policy, whatever is asked for first."""
    names = ("retention[0]", "x", "origins[1]", "origins[0]", "snapshots[0]")
    found = rule_words(policy, names)
    assert list(found) == ["snapshots[0]", "origins[0]", "origins[1]", "x", "retention[0]"]
    assert found["snapshots[0]"][:2] == (
        "/maven/com.mycompany~, in *-snapshots.",
        "Builds that a newer one has replaced are unlisted.",
    )
    assert found["origins[0]"][:3] == (
        "/npm/mycompany/*, in every repository.",
        "Its kind is internal.",
        "Publish ALLOW, upstream BLOCK.",
    )
    assert found["origins[1]"] == (
        "/npm//react$, /pypi/*, in every repository.",
        "Publish BLOCK, upstream stays as it is.",
    )
    assert found["x"][:2] == (
        "/pypi/*: from intake to approved.",
        "It has been public for 7 d.",
    )
    assert found["retention[0]"] == (
        "/pypi/*, in team-a, team-b.",
        "It is about releases.",
        "The newest 2 stay.",
        "What requirements.txt lists stays.",
        "What stands in a repository that the policy promotes to stays.",
        "Unfinished releases go when they are older than 7 d.",
        "What goes is deleted.",
    )


def test_rules_that_were_not_asked_for_are_left_out(policy: Policy) -> None:
    """And so is a name that no rule has."""
    assert list(rule_words(policy, ["snapshots[0]", "groups[0]"])) == ["snapshots[0]"]
