"""The policy lines that make an exemption last."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from cli.lasting_rules import lasting_rules
from steward.coordinates import Format, Package, Restrictions
from steward.ledger import Exemption
from steward.policy_file import compile_policy
from tests.unit.fake_codeartifact import package

MADE = datetime(2026, 3, 1, tzinfo=UTC)
OPEN = Restrictions("ALLOW", "ALLOW")
APP = package("app", namespace="com.mycompany")


def exemption(of: Package = APP, version: str | None = None, why: str = "it is ours") -> Exemption:
    """Return an exemption of seven days."""
    return Exemption(of, version, "origins[0]", "jo", why, MADE, MADE + timedelta(days=7))


def compiled(lines: str, after: str = "") -> list[dict[str, object]]:
    """Return the rules of a policy that has *lines* at the top of its `origins`."""
    policy = compile_policy(f"domain: my-company\norigins:\n{lines}{after}", "policy.yaml")
    rules: list[dict[str, object]] = json.loads(policy)["origins"]
    return rules


def test_restrictions_are_given_outright() -> None:
    """Those that the package has now, for it alone, in its repository alone."""
    (rule,) = compiled(lasting_rules([exemption()], {APP: Restrictions("BLOCK", "ALLOW")}))
    assert rule == {
        "name": "origins[0]",
        "packages": ["/maven/com.mycompany/app$"],
        "repositories": ["my-maven-repo"],
        "kind": "explicit",
        "publish": "BLOCK",
        "upstream": "ALLOW",
        "external": None,
    }


def test_of_a_package_with_exempt_versions_new_ones_are_reported() -> None:
    """It stays internal; one rule does for all of its versions."""
    (rule,) = compiled(lasting_rules([exemption(version="1"), exemption(version="2")], {}))
    assert (rule["packages"], rule["kind"], rule["external"]) == (
        ["/maven/com.mycompany/app$"],
        "internal",
        "report",
    )


def test_one_rule_does_for_restrictions_and_versions() -> None:
    """Two could not both match, and the policy would not compile."""
    (rule,) = compiled(lasting_rules([exemption(version="1"), exemption()], {APP: OPEN}))
    assert (rule["kind"], rule["publish"], rule["upstream"]) == ("explicit", "ALLOW", "ALLOW")


def test_repositories_are_told_apart() -> None:
    """A package has restrictions of its own in each."""
    other = package("app", namespace="com.mycompany", repository="other")
    lines = lasting_rules([exemption(), exemption(other)], {APP: OPEN, other: OPEN})
    assert [rule["repositories"] for rule in compiled(lines)] == [["my-maven-repo"], ["other"]]


@pytest.mark.parametrize(
    ("package_format", "namespace", "name"),
    [
        ("npm", "mycompany", "ui"),
        ("npm", None, "ui"),
        ("npm", None, "a#b: c"),
        ("pypi", None, "my-lib"),
        ("generic", "my.company", "tool~1"),
        ("cargo", None, "my_crate"),
    ],
)
def test_the_lines_compile_before_the_rules_that_are_there(
    package_format: Format, namespace: str | None, name: str
) -> None:
    """With a pattern that matches exactly the package, or a comment that says why there is none."""
    there = package(name, package_format=package_format, namespace=namespace)
    lines = lasting_rules([exemption(there, why="a # reason:\n- {of} two lines")], {there: OPEN})
    rules = compiled(lines, "  - packages: /*\n    kind: inferred\n")
    if " " in name:
        assert "no rule can name it alone" in lines
        assert len(rules) == 1
    else:
        assert rules[0]["packages"] == [f"{there.path}$"]


def test_a_package_that_is_gone_gets_a_comment() -> None:
    """There are no restrictions to give."""
    lines = lasting_rules([exemption()], {})
    assert lines == "  # pkg:maven/com.mycompany/app in my-maven-repo does not exist any more\n"


def test_without_exemptions_there_are_no_lines() -> None:
    """Nothing is printed then."""
    assert lasting_rules([], {}) == ""
