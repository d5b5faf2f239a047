"""`steward groups` against a local CodeArtifact."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import steward
from steward.package_groups import TAG_KEY, TAG_VALUE
from tests.functional.local_codeartifact import Local

OWNER = "012345678901"
ANOTHER = "111122223333"
OURS = "/npm/mycompany/*"
MANY = [f"team-{number:03}" for number in range(230)]

POLICY = """\
domain: my-company
groups:
  - pattern: /npm/mycompany/*
    publish: {allow_in: [npm-internal]}
    external_upstream: block
  - pattern: /npm/mycompany/ui$
    publish: block
  - pattern: /*
    external_upstream: {allow_in: [npm-store]}
"""


@pytest.fixture
def domain(local: Local, monkeypatch: pytest.MonkeyPatch) -> Local:
    """A domain with repositories, with a group of ours, one of theirs, and the caller's AWS."""
    local.seed(
        {
            "domains": [
                {
                    "name": "my-company",
                    "repositories": [
                        {"name": name} for name in ("npm-internal", "npm-store", *MANY)
                    ],
                    "packageGroups": [
                        {"pattern": "/npm/old/*", "tags": {TAG_KEY: TAG_VALUE}},
                        {"pattern": "/npm/theirs/*", "restrictions": {"PUBLISH": "BLOCK"}},
                    ],
                }
            ]
        }
    )
    for name, value in {
        "AWS_ENDPOINT_URL": local.url,
        "AWS_ACCESS_KEY_ID": OWNER,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-west-2",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    local.admin("DELETE", "requests")
    return local


def run(folder: Path, policy: str, *arguments: str) -> Result:
    """Run `steward groups` in this process."""
    path = folder / "policy.yaml"
    path.write_text(policy)
    named = ["--policy", str(path), "--domain-owner", OWNER]
    return CliRunner().invoke(steward, ["groups", *named, *arguments])


def modes(local: Local) -> dict[str, dict[str, str]]:
    """Return each group's own modes."""
    listed = local.client().list_package_groups(domain="my-company")["packageGroups"]
    return {
        group["pattern"]: {
            kind: restriction["mode"]
            for kind, restriction in group["originConfiguration"]["restrictions"].items()
        }
        for group in listed
    }


def allowed(local: Local, pattern: str, kind: str) -> set[str]:
    """Return the names on one allow-list."""
    pages = local.client().get_paginator("list_allowed_repositories_for_group")
    answers = pages.paginate(
        domain="my-company",
        packageGroup=pattern,
        originRestrictionType=kind,  # type: ignore[arg-type]  # a type of restriction
    )
    return {name for answer in answers for name in answer["allowedRepositories"]}


def results(result: Result) -> dict[str, str]:
    """Return what was said of each group."""
    document = json.loads(result.stdout)
    return {one["pattern"]: one.get("result", one.get("step")) for one in document["groups"]}


def words(result: Result) -> str:
    """Return what was printed, without the lines of the table and where it breaks."""
    return " ".join(word for word in result.stdout.split() if word != "\u2502")


def settled(policy: str) -> Mapping[str, dict[str, str]]:
    """Return the modes that POLICY, or an empty one, leads to."""
    inherits = dict.fromkeys(("PUBLISH", "EXTERNAL_UPSTREAM", "INTERNAL_UPSTREAM"), "INHERIT")
    listed = "ALLOW_SPECIFIC_REPOSITORIES"
    theirs = {"/npm/theirs/*": {**inherits, "PUBLISH": "BLOCK"}}
    root = {**dict.fromkeys(inherits, "ALLOW"), "EXTERNAL_UPSTREAM": listed}
    if policy != POLICY:
        return {"/*": root, **theirs}
    return {
        "/*": root,
        OURS: {**inherits, "PUBLISH": listed, "EXTERNAL_UPSTREAM": "BLOCK"},
        "/npm/mycompany/ui$": {**inherits, "PUBLISH": "BLOCK"},
        **theirs,
    }


def test_a_plan_is_shown_and_nothing_is_changed(domain: Local, tmp_path: Path) -> None:
    """Exit status 0, although there is something to do; reads only."""
    before = modes(domain)
    domain.admin("DELETE", "requests")
    result = run(tmp_path, POLICY, "--plan")
    assert result.exit_code == 0, result.output
    assert domain.requests() == {"ListPackageGroups": 1, "ListTagsForResource": 2}
    assert "domain my-company: 2 to create, 1 to update, 1 to remove, 0 as declared." in (
        result.stdout
    )
    assert "Neither declared nor ours, so left: /npm/theirs/*." in result.stdout
    policy = tmp_path / "policy.yaml"
    assert f"`steward groups --policy {policy} --domain-owner {OWNER}` does it." in result.stdout
    assert modes(domain) == before
    assert results(run(tmp_path, POLICY, "--plan", "--json")) == {
        "/*": "update",
        "/npm/old/*": "remove",
        OURS: "create",
        "/npm/mycompany/ui$": "create",
        "/npm/theirs/*": "leave",
    }


@pytest.mark.parametrize(
    "faults",
    [{}, {"packageGroupReassociationSeconds": 600}, {"defaultPageSize": 10}],
    ids=["as AWS documents it", "groups get their packages late", "short pages by default"],
)
def test_the_domain_becomes_what_the_policy_says(
    faults: dict[str, object], domain: Local, tmp_path: Path
) -> None:
    """And stays so: a second run costs the reads; `groups: []` removes ours."""
    domain.faults(**faults)
    result = run(tmp_path, POLICY)
    assert result.exit_code == 0, result.output
    assert "domain my-company: 2 created, 1 updated, 1 removed, 0 as declared." in result.stdout
    assert "in no time that AWS promises" in result.stdout
    assert domain.requests() == {
        "ListPackageGroups": 1,
        "ListTagsForResource": 2,
        "CreatePackageGroup": 2,
        "UpdatePackageGroupOriginConfiguration": 3,
        "DeletePackageGroup": 1,
    }
    assert modes(domain) == settled(POLICY)
    assert allowed(domain, OURS, "PUBLISH") == {"npm-internal"}
    domain.admin("DELETE", "requests")

    again = run(tmp_path, POLICY, "--json")
    assert again.exit_code == 0
    assert set(results(again).values()) == {"unchanged", "left"}
    assert domain.requests() == {
        "ListPackageGroups": 1,
        "ListAllowedRepositoriesForGroup": 2,
        "ListTagsForResource": 1,
    }
    assert run(tmp_path, "domain: my-company\ngroups: []\n").exit_code == 0
    assert modes(domain) == settled("")


def test_packages_get_what_the_policy_says(domain: Local, tmp_path: Path) -> None:
    """The more specific group decides, and says where the rest comes from."""
    assert run(tmp_path, POLICY).exit_code == 0
    answer = domain.client().get_associated_package_group(
        domain="my-company", format="npm", namespace="mycompany", package="ui"
    )
    restrictions = answer["packageGroup"]["originConfiguration"]["restrictions"]
    assert answer["packageGroup"]["pattern"] == "/npm/mycompany/ui$"
    assert {kind: one["effectiveMode"] for kind, one in restrictions.items()} == {
        "PUBLISH": "BLOCK",
        "EXTERNAL_UPSTREAM": "BLOCK",
        "INTERNAL_UPSTREAM": "ALLOW",
    }
    assert restrictions["EXTERNAL_UPSTREAM"]["inheritedFrom"]["pattern"] == OURS


def test_long_allow_lists_are_written_by_the_hundred(domain: Local, tmp_path: Path) -> None:
    """And corrected by what differs."""

    def policy(names: list[str]) -> str:
        entry = f"{{pattern: {OURS}, publish: {{allow_in: [{', '.join(names)}]}}}}"
        return f"domain: my-company\ngroups: [{entry}]\n"

    assert run(tmp_path, policy(MANY)).exit_code == 0
    assert domain.requests()["UpdatePackageGroupOriginConfiguration"] == 3
    assert allowed(domain, OURS, "PUBLISH") == set(MANY)
    domain.admin("DELETE", "requests")
    result = run(tmp_path, policy([*MANY[30:], "npm-internal"]))
    assert result.exit_code == 0
    shown = words(result)
    assert "publish: allow_in + npm-internal - team-000, team-001, team-002, team-003" in shown
    assert "team-004 and 25 more" in shown
    assert domain.requests()["UpdatePackageGroupOriginConfiguration"] == 1
    assert allowed(domain, OURS, "PUBLISH") == {*MANY[30:], "npm-internal"}


def test_a_name_that_no_repository_has_is_refused(domain: Local, tmp_path: Path) -> None:
    """With the place in the policy; the others go on, and the exit status is 1."""
    result = run(tmp_path, POLICY.replace("npm-internal", "npm-internl"), "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["ok"] is False
    said = {one["pattern"]: one for one in document["groups"]}
    assert said[OURS]["result"] == "refused"
    (remark,) = said[OURS]["remarks"]
    assert remark == (
        "The domain has no repository 'npm-internl', which groups[0] has in `allow_in`: "
        "create it or correct the policy."
    )
    assert said["/npm/mycompany/ui$"]["result"] == "created"
    assert modes(domain)["/*"] == settled(POLICY)["/*"]
    assert run(tmp_path, POLICY).exit_code == 0
    assert modes(domain) == settled(POLICY)


def test_a_group_that_the_caller_may_not_remove_is_reported(
    domain: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of the work is done; from another account, the owner is named by an option."""
    actions = ("List*", "Describe*", "CreatePackageGroup", "UpdatePackageGroup*", "TagResource")
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ANOTHER}:root"},
        "Action": [f"codeartifact:{action}" for action in actions],
        "Resource": "*",
    }
    domain.client().put_domain_permissions_policy(
        domain="my-company",
        policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ANOTHER)
    result = run(tmp_path, POLICY)
    assert result.exit_code == 1, result.output
    assert "2 created, 1 updated, 0 removed, 0 as declared, 1 not." in result.stdout
    assert "It is no longer declared: remove it by hand, or run this again." in words(result)
    assert set(modes(domain)) == {*settled(POLICY), "/npm/old/*"}


def test_throttling_is_waited_out(domain: Local, tmp_path: Path) -> None:
    """By botocore; the end state is the same."""
    domain.faults(throttle={"CreatePackageGroup": 1, "UpdatePackageGroupOriginConfiguration": 2})
    assert run(tmp_path, POLICY).exit_code == 0
    assert modes(domain) == settled(POLICY)


def test_a_policy_without_groups_asks_and_changes_nothing(domain: Local, tmp_path: Path) -> None:
    """It says what would remove those that an earlier policy declared."""
    result = run(tmp_path, "domain: my-company\n")
    assert result.exit_code == 0
    assert "`groups: []` would remove those that an earlier policy declared" in result.stdout
    assert json.loads(run(tmp_path, "domain: my-company\n", "--json").stdout)["groups"] is None
    assert domain.requests() == {}


def test_a_domain_that_does_not_exist_is_an_error_with_a_remedy(
    domain: Local, tmp_path: Path
) -> None:
    """The account that was given may be the wrong one."""
    del domain
    result = run(tmp_path, POLICY.replace("my-company", "their-company"))
    assert result.exit_code == 1
    assert "Domain not found" in result.stderr
    assert f"Is {OWNER} the account of the domain their-company, in us-west-2?" in result.stderr
    assert "--domain-owner" not in result.stderr


def test_a_server_without_sts_is_an_error_with_a_remedy(domain: Local, tmp_path: Path) -> None:
    """The local CodeArtifact alone knows no caller: the account is given by an option."""
    del domain
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    result = CliRunner().invoke(steward, ["groups", "--policy", str(path)])
    assert result.exit_code == 1
    assert "Or name the domain's account with --domain-owner." in result.stderr


def test_nobody_at_the_endpoint_is_an_error_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the variable."""
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": OWNER,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-west-2",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setattr("cli.aws._ATTEMPTS", 1)
    result = run(tmp_path, POLICY)
    assert result.exit_code == 1
    assert "AWS_ENDPOINT_URL is http://127.0.0.1:1. Is `steward up` running there?" in result.stderr
