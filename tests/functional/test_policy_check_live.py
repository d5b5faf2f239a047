"""`steward policy check --live`: what CodeArtifact says about the repositories of the policy."""

from __future__ import annotations

import json
import socket
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
  - {name: approved, packages: /pypi/*, from: intake, to: approved, require: {versions: releases}}
"""

NAMES = """\
domain: my-company
snapshots:
  - {packages: /maven/*, repositories: "*-snapshots"}
origins:
  - packages: /npm/*
    repositories: npm-intrenal
    kind: internal
  - packages: /pypi/*
    kind: inferred
groups:
  - pattern: /npm/mycompany/*
    publish: {allow_in: [npm-internal, npm-ghost]}
promotions: [{name: x, packages: /pypi/*, from: Intake, to: approved, require: {origin: internal}}]
retention:
  - {packages: /npm/*, repositories: [intake, "*-old"], versions: all, keep_newest: 5, then: unlist}
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
    assert "versions get in from intake without promotion. Disconnect approved" in result.stderr
    document = json.loads(check(policy, "--json").stdout)
    assert document["ok"] is False
    assert [(found["line"], found["where"]) for found in document["mistakes"]] == [
        (4, "origins[0].kind"),
        (6, "origins[1].upstream"),
        (8, "promotions[0].to"),
    ]


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
    document = json.loads(check(policy, "--json").stdout)
    assert [found["where"] for found in document["warnings"]] == [
        "origins[0].kind",
        "origins[1].upstream",
        "promotions[0].to",
    ]


def test_a_domain_that_does_not_exist_is_a_mistake(domain: Local, policy: Path) -> None:
    """It stands at its line, with where the domain was looked for."""
    policy.write_text(POLICY.replace("my-company", "other-company"))
    result = check(policy)
    assert result.exit_code == 1
    assert (
        f"{policy}:1: domain: the account 012345678901 has no domain other-company in us-west-2"
        in result.stderr
    )
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


def test_a_name_that_no_repository_has_is_a_warning(domain: Local, policy: Path) -> None:
    """Wherever it stands: with its place, its line, the nearest name, and what to do."""
    domain.client().create_repository(domain="my-company", repository="npm-internal")
    policy.write_text(NAMES)
    result = check(policy)
    assert result.exit_code == 0
    assert said(result, policy) == [
        (
            "3: snapshots[0].repositories[0]: the domain has no repository that matches "
            "*-snapshots. Correct it, or create one."
        ),
        (
            "6: origins[0].repositories[0]: the domain has no repository npm-intrenal. "
            "Did you mean npm-internal? If not, create it."
        ),
        (
            "12: groups[0].publish.allow_in[1]: the domain has no repository npm-ghost. "
            "Correct it, or create it."
        ),
        (
            "13: promotions[0].from: the domain has no repository Intake. "
            "Did you mean intake? If not, create it."
        ),
        "13: promotions[0].to: the domain has no repository approved. Correct it, or create it.",
        (
            "15: retention[0].repositories[1]: the domain has no repository that matches *-old. "
            "Correct it, or create one."
        ),
    ]
    document = json.loads(check(policy, "--json").stdout)
    assert (document["ok"], [found["line"] for found in document["warnings"]]) == (
        True,
        [3, 6, 12, 13, 13, 15],
    )


def test_names_of_every_page_count(
    domain: Local, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page holds 1,000 of them; of two, three repositories need a second one."""
    monkeypatch.setattr("cli.live_check._MAX_PER_PAGE", 2)
    for name in ("team-1", "team-2"):
        domain.client().create_repository(domain="my-company", repository=name)
    policy.write_text(
        "domain: my-company\nsnapshots:\n"
        "  - {packages: /maven/*, repositories: [intake, 'team-[!3]', 'team-3*', team-2]}\n"
    )
    assert said(check(policy), policy) == [
        (
            "3: snapshots[0].repositories[2]: the domain has no repository that matches team-3*. "
            "Did you mean team-2? If not, create one."
        )
    ]
    assert domain.requests()["ListRepositoriesInDomain"] == 2


@pytest.mark.usefixtures("domain")
def test_names_are_not_asked_for_without_live(policy: Path) -> None:
    """A policy can be checked where nobody has credentials."""
    policy.write_text(NAMES)
    result = CliRunner().invoke(steward, ["policy", "check", "--policy", str(policy)])
    assert (result.exit_code, result.stderr) == (0, "")


def test_an_endpoint_where_nobody_answers_is_an_error(
    domain: Local, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even for a policy that names no repository: a check that could not ask is none."""
    policy.write_text("domain: my-company\n")
    assert check(policy).exit_code == 0
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setattr("cli.aws._ATTEMPTS", 1)  # the seconds between attempts say nothing here
    result = check(policy)
    assert result.exit_code == 1
    assert "Is `steward up` running there?" in result.stderr
    assert domain.client().list_domains()["domains"]


PROMOTION = """\
domain: my-company
promotions:
  - name: approved
    packages: /pypi/*
    from: intake
    to: approved
"""


def chained(domain: Local) -> None:
    """Approved has the upstream shared, which has intake."""
    for name, upstream in (("shared", "intake"), ("approved", "shared")):
        domain.client().create_repository(
            domain="my-company", repository=name, upstreams=[{"repositoryName": upstream}]
        )


def close(domain: Local, pattern: str, **said: object) -> None:
    """A package group blocks versions from upstreams, or what is said."""
    client = domain.client()
    client.create_package_group(domain="my-company", packageGroup=pattern)
    client.update_package_group_origin_configuration(
        domain="my-company",
        packageGroup=pattern,
        **{"restrictions": {"INTERNAL_UPSTREAM": "BLOCK"}, **said},  # type: ignore[arg-type]  # by name
    )


def test_a_way_around_a_promotion_is_a_mistake(domain: Local, policy: Path) -> None:
    """At the line of the rule's `to`, with the whole path and the two ways to close it."""
    policy.write_text(PROMOTION)
    chained(domain)
    result = check(policy)
    assert result.exit_code == 1
    assert (
        f"{policy}:6: promotions[0].to: approved -> shared -> intake: clients of approved get "
        "versions from intake without promotion. Either take shared off the upstreams of approved"
    ) in result.stderr
    assert "declare `internal_upstream: block`" in result.stderr
    assert asked(domain) == 3


def test_the_way_is_closed_as_the_message_says(domain: Local, policy: Path) -> None:
    """By its command, or by a group; a group that opens part of it again is none."""
    policy.write_text(PROMOTION)
    chained(domain)
    close(domain, "/pypi/*")
    assert check(policy).exit_code == 0
    close(domain, "/pypi//requests~", restrictions={"INTERNAL_UPSTREAM": "ALLOW"})
    assert check(policy).exit_code == 1
    domain.client().update_repository(domain="my-company", repository="approved", upstreams=[])
    assert check(policy).exit_code == 0


@pytest.mark.parametrize(("allowed", "status"), [("shared", 0), ("approved", 1)])
def test_an_allow_list_closes_the_way_of_those_that_are_not_on_it(
    domain: Local, policy: Path, allowed: str, status: int
) -> None:
    """Who pulls is what counts."""
    policy.write_text(PROMOTION)
    chained(domain)
    close(
        domain,
        "/pypi/*",
        restrictions={"INTERNAL_UPSTREAM": "ALLOW_SPECIFIC_REPOSITORIES"},
        addAllowedRepositories=[
            {"repositoryName": allowed, "originRestrictionType": "INTERNAL_UPSTREAM"}
        ],
    )
    assert check(policy).exit_code == status


def test_a_restriction_of_one_package_closes_no_rule(domain: Local, policy: Path) -> None:
    """The next package that is promoted does not have it."""
    policy.write_text(PROMOTION)
    chained(domain)
    domain.client().put_package_origin_configuration(
        domain="my-company",
        repository="approved",
        format="pypi",
        package="requests",
        restrictions={"publish": "ALLOW", "upstream": "BLOCK"},
    )
    assert check(policy).exit_code == 1


def test_a_connection_of_another_format_is_no_way(domain: Local, policy: Path) -> None:
    """One of the rule's format is, with the command that disconnects it."""
    policy.write_text(PROMOTION)
    client = domain.client()
    for name, connection in (("approved", "public:npmjs"), ("other", "public:pypi")):
        client.create_repository(domain="my-company", repository=name)
        client.associate_external_connection(
            domain="my-company", repository=name, externalConnection=connection
        )
    assert check(policy).exit_code == 0
    policy.write_text(PROMOTION.replace("to: approved", "to: other"))
    result = check(policy)
    assert result.exit_code == 1
    assert "other -> public:pypi: clients of other get versions through public:pypi" in (
        result.stderr
    )
    assert "disassociate-external-connection" in result.stderr


def said(result: Result, policy: Path) -> list[str]:
    """Return the warnings, each from its line number on."""
    return [line.partition(f"{policy}:")[2] for line in result.stderr.splitlines()]


def asked(domain: Local) -> int:
    """Return how often repositories were described so far."""
    return domain.requests().get("DescribeRepository", 0)


def test_a_cache_that_reaches_no_external_connection_is_a_warning(
    domain: Local, policy: Path
) -> None:
    """Of the formats that it names; a connection behind upstream repositories counts."""
    client = domain.client()
    policy.write_text(
        "domain: my-company\ncaches:\n"
        "  - {repository: intake, keep_up_with: [/pypi/*, /npm/*, /*]}\n"
        "  - {repository: ghost, packages: pkg:npm/react}\n"
    )
    ghost = "4: caches[1].repository: the domain has no repository ghost. Correct it, or create it."
    result = check(policy)
    assert result.exit_code == 0
    assert [line.split(":")[0] for line in said(result, policy)] == ["3", "4"]
    client.create_repository(domain="my-company", repository="pypi-store")
    client.associate_external_connection(
        domain="my-company", repository="pypi-store", externalConnection="public:pypi"
    )
    client.update_repository(
        domain="my-company", repository="intake", upstreams=[{"repositoryName": "pypi-store"}]
    )
    assert said(check(policy), policy) == [
        (
            "3: caches[0].repository: intake reaches no external connection for npm: only what its "
            "upstreams hold can be fetched. Give it an upstream repository that has one "
            "(AssociateExternalConnection)."
        ),
        ghost,
    ]
    client.create_repository(domain="my-company", repository="npm-store")
    client.associate_external_connection(
        domain="my-company", repository="npm-store", externalConnection="public:npmjs"
    )
    client.update_repository(
        domain="my-company",
        repository="intake",
        upstreams=[{"repositoryName": "pypi-store"}, {"repositoryName": "npm-store"}],
    )
    assert said(check(policy), policy) == [ghost]
