"""`steward policy check --live`: what CodeArtifact says about repositories that are promoted to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from cli.main import steward

if TYPE_CHECKING:
    from tests.functional.local_codeartifact import Local

POLICY = """\
domain: my-company
origins:
  - packages: /npm/*
    kind: public
  - packages: /pypi/*
    upstream: ALLOW
promotions:
  - {name: approved, packages: /pypi/*, from: intake, to: approved}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """Return a policy two of whose rules open upstream in the repository `approved`."""
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return path


@pytest.fixture
def domain(local: Local, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Local:
    """Return a domain with the repository `intake`, which the environment leads to."""
    for name, value in {
        "AWS_ENDPOINT_URL": local.url,
        "AWS_ACCESS_KEY_ID": "012345678901",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_CONFIG_FILE": str(tmp_path / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "no-credentials"),
    }.items():
        monkeypatch.setenv(name, value)
    local.client().create_domain(domain="my-company")
    local.client().create_repository(domain="my-company", repository="intake")
    return local


def check(policy: Path, *arguments: str) -> Result:
    """Run `steward policy check --live` in this process, as the local account."""
    owner = ("--domain-owner", "012345678901")
    command = ["policy", "check", "--live", *owner, "--policy", str(policy), *arguments]
    return CliRunner().invoke(steward, command)


def test_a_repository_with_an_upstream_makes_the_rule_a_mistake(
    domain: Local, policy: Path
) -> None:
    """Each rule that opens it is named, with its line and the upstream."""
    domain.client().create_repository(
        domain="my-company", repository="approved", upstreams=[{"repositoryName": "intake"}]
    )
    result = check(policy)
    assert result.exit_code == 1
    assert f"{policy}:4: origins[0].kind: this rule opens upstream in approved" in result.stderr
    assert f"{policy}:6: origins[1].upstream: this rule opens upstream in approved" in result.stderr
    assert "what intake offer" in result.stderr
    document = json.loads(check(policy, "--json").stdout)
    assert (document["ok"], [found["line"] for found in document["mistakes"]]) == (False, [4, 6])


def test_an_external_connection_counts_as_well(domain: Local, policy: Path) -> None:
    """It is named in the message."""
    domain.client().create_repository(domain="my-company", repository="approved")
    domain.client().associate_external_connection(
        domain="my-company", repository="approved", externalConnection="public:pypi"
    )
    result = check(policy)
    assert result.exit_code == 1
    assert "public:pypi" in result.stderr


def test_without_either_the_rule_is_right(domain: Local, policy: Path) -> None:
    """Nothing is left to warn of."""
    domain.client().create_repository(domain="my-company", repository="approved")
    result = check(policy)
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(check(policy, "--json").stdout)["warnings"] == []


@pytest.mark.usefixtures("domain")
def test_a_repository_that_does_not_exist_stays_a_warning(policy: Path) -> None:
    """It may be made later, or its name is wrong: the warning says both."""
    result = check(policy)
    assert result.exit_code == 0
    assert "approved, which the policy promotes to and which does not exist" in result.stderr
    assert len(json.loads(check(policy, "--json").stdout)["warnings"]) == 2


def test_a_domain_that_does_not_exist_is_an_error(domain: Local, policy: Path) -> None:
    """A check that could not ask does not say that all is well."""
    policy.write_text(POLICY.replace("my-company", "other-company"))
    result = check(policy)
    assert result.exit_code == 1
    assert "other-company" in result.stderr
    assert domain.client().list_domains()["domains"][0]["name"] == "my-company"


def test_one_call_is_made_for_each_repository(domain: Local, policy: Path) -> None:
    """Two rules that open the same repository ask once; without an opening nobody is asked."""
    domain.client().create_repository(domain="my-company", repository="approved")
    before = asked(domain)
    check(policy)
    assert asked(domain) - before == 1
    policy.write_text("domain: my-company\n")
    assert check(policy).exit_code == 0
    assert asked(domain) - before == 1


def asked(domain: Local) -> int:
    """Return how often repositories were described so far."""
    return domain.requests().get("DescribeRepository", 0)
