"""`steward sweep`, on a deployment whose state machine moto interprets, in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from steward.policy_file import compile_policy
from tests.functional.deployed_domain import ACCOUNT, DOMAIN, REGION
from tests.functional.sweeping_deployment import (
    BUCKET,
    MACHINE,
    SweepingDeployment,
    builds,
    released,
    snapshot,
    sweeping,
)

RULES = """\
snapshots:
  - packages: /maven/com.mycompany~
retention:
  - packages: /pypi/*
    versions: releases
    keep_newest: 1
    keep_younger_than: P30D
    then: delete
limits:
  deletions_per_run: 5
"""
OLD = "Published"


@pytest.fixture
def domain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SweepingDeployment]:
    """A domain with a deployment that sweeps it by RULES."""
    monkeypatch.setattr("cli.sweeping._PAUSE_SECONDS", 0.05)
    with sweeping(tmp_path, monkeypatch) as one:
        one.deploy(RULES, monkeypatch)
        one.deployed.redescribe(sweeps={"stateMachine": MACHINE, "bucket": BUCKET})
        one.deployed.seed(
            {"name": "team-a", "packages": [snapshot("app")]},
            {"name": "team-b", "packages": [released("lib", 4)]},
        )
        yield one


def sweep(domain: SweepingDeployment, *arguments: str, rules: str = RULES) -> tuple[int, str, str]:
    """Run `steward sweep`; return its exit status and what it printed."""
    path = domain.deployed.folder / "policy.yaml"
    path.write_text(f"domain: {DOMAIN}\n{rules}")
    result = domain.deployed.run("sweep", "--policy", str(path), *arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def libraries(domain: SweepingDeployment) -> list[str]:
    """Return the versions of the library."""
    return sorted(domain.statuses("team-b", "pypi", "lib"))


def rows(said: str) -> list[list[str]]:
    """Return the cells of a table without its head."""
    return [
        [cell.strip() for cell in line.split("│")[1:-1]]
        for line in said.splitlines()
        if line.startswith("│")
    ]


def test_a_sweep_brings_the_domain_to_the_policy_and_says_so(domain: SweepingDeployment) -> None:
    """A row for each rule, the riskiest first; what it cost; how far it is meanwhile."""
    status, said, progress = sweep(domain)
    assert status == 0, said + progress
    assert libraries(domain) == ["1.3"]
    assert domain.statuses("team-a", "maven", "app")[builds(3)[0]] == "Unlisted"
    assert rows(said) == [
        ["delete", "retention[0]", "expire_versions", "3", "3"],
        ["unlist", "snapshots[0]", "unlist_snapshot_builds", "2", "2"],
    ]
    assert "What was looked at is as the policy says." in said
    assert "2 packages in 2 repositories, 2 looked at with 7 versions" in said
    assert "starting" in progress
    status, said, _ = sweep(domain)
    assert status == 0
    assert "Nothing was to be done: everything is as the policy says." in said


def test_a_planned_sweep_changes_nothing(domain: SweepingDeployment) -> None:
    """It says what it would do."""
    status, said, _ = sweep(domain, "--plan")
    assert status == 0
    assert "Nothing was changed: this says what would be." in said
    assert len(libraries(domain)) == 4


def test_a_deployment_that_observes_says_so_first(
    domain: SweepingDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody wonders why nothing was changed."""
    domain.deploy(RULES, monkeypatch, mode="observe")
    domain.deployed.redescribe(mode="observe")
    status, said, problem = sweep(domain)
    assert status == 0
    assert "The stack steward only observes: it says what it would change." in problem
    assert "Nothing was changed" in said
    assert len(libraries(domain)) == 4


def test_a_sweep_beyond_the_limit_changes_nothing_until_a_person_allows_it(
    domain: SweepingDeployment,
) -> None:
    """The command that is told does it."""
    domain.deployed.seed({"name": "team-c", "packages": [released("many", 9)]})
    status, said, _ = sweep(domain)
    assert status == 1
    assert "stopped before its first change: it would delete 11 versions" in said
    assert "`steward sweep --allow-deletions 11`" not in said
    policy = domain.deployed.folder / "policy.yaml"
    assert f"Read `steward plan --policy {policy}`" in said
    assert f"`steward sweep --policy {policy} --allow-deletions 11`" in said
    assert len(libraries(domain)) == 4
    assert domain.statuses("team-a", "maven", "app")[builds(3)[0]] == OLD
    _, said, _ = sweep(domain, "--plan")
    assert "It would stop before its first change" in said
    status, _, _ = sweep(domain, "--allow-deletions", "11")
    assert status == 0
    assert libraries(domain) == ["1.3"]


def test_another_policy_than_the_deployed_one_begins_nothing(domain: SweepingDeployment) -> None:
    """Whoever sweeps has read another one."""
    status, said, _ = sweep(domain, rules=RULES.replace("P30D", "P31D"))
    assert status == 1
    assert "has another policy than the file that was given, so nothing was begun" in said
    assert len(libraries(domain)) == 4


def test_only_the_repositories_that_are_named_are_swept(domain: SweepingDeployment) -> None:
    """The others are as they were."""
    status, _, _ = sweep(domain, "--repository", "team-a")
    assert status == 0
    assert len(libraries(domain)) == 4


def test_a_repository_that_is_not_there_is_named_before_a_sweep_begins(
    domain: SweepingDeployment,
) -> None:
    """With those that there are; nothing was started."""
    status, said, problem = sweep(domain, "--repository", "team-z", "--no-wait")
    assert (status, said) == (1, "")
    assert "has no repository team-z; it has team-a, team-b." in problem
    assert domain.invoked == {}


def test_a_caller_who_may_not_list_repositories_hears_it_of_the_sweep(
    domain: SweepingDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is not there fails it, in its own words."""

    def denied(*_: object, **__: object) -> None:
        details = {"Code": "AccessDeniedException", "Message": "no"}
        raise ClientError({"Error": details}, "ListRepositoriesInDomain")

    monkeypatch.setattr("cli.planning_from_here.repository_names", denied)
    status, _, problem = sweep(domain, "--repository", "team-z")
    assert status == 1
    assert "ended as FAILED: the domain has no repository 'team-z'. What it had done" in problem
    assert f"arn:aws:states:{REGION}:{ACCOUNT}:execution" in problem


def test_the_document_is_the_summary(domain: SweepingDeployment) -> None:
    """As it lies in the bucket, and whether all is well; it says who asked."""
    status, said, _ = sweep(domain, "--json")
    found = json.loads(said.splitlines()[-1])  # the functions log into the same process
    assert (status, found["ok"], found["outcome"]) == (0, True, "finished")
    assert found["deletions"] == 3
    assert (
        found["policyDigest"]
        == json.loads(compile_policy(f"domain: {DOMAIN}\n{RULES}", "policy.yaml"))["digest"]
    )
    assert ACCOUNT in found["requestedBy"]


def test_nobody_has_to_wait(domain: SweepingDeployment) -> None:
    """The execution that was started is named, for people and for programs."""
    status, said, _ = sweep(domain, "--no-wait", "--json")
    found = json.loads(said.splitlines()[-1])
    assert (status, found["ok"]) == (0, True)
    assert domain.ended(found["execution"]).status == "SUCCEEDED"
    assert libraries(domain) == ["1.3"]
    status, said, _ = sweep(domain, "--no-wait")
    assert status == 0
    assert said.splitlines()[-1].startswith(f"Started: arn:aws:states:{REGION}:{ACCOUNT}:execution")
    domain.ended(said.split()[-1])


def test_ctrl_c_leaves_the_sweep_to_itself_and_says_how_to_go_on(
    domain: SweepingDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not ended by who stops looking at it."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setenv("COLUMNS", "40")  # an ARN is longer: it stays in one piece
    with monkeypatch.context() as until_then:
        until_then.setattr("cli.commands.sweep._Watching.show", interrupted)
        status, said, problem = sweep(domain)
    assert status == 1
    assert "as the policy says" not in said
    assert "The sweep goes on without anybody waiting" in " ".join(problem.split())
    (line,) = [each for each in problem.splitlines() if "arn:aws:states" in each]
    execution = line.split("`")[1].rpartition(" ")[2]
    assert line.split("`")[1] == (
        f"aws stepfunctions describe-execution --execution-arn {execution}"
    )
    assert domain.ended(execution).status == "SUCCEEDED"
    assert libraries(domain) == ["1.3"]


def test_a_package_that_may_not_be_listed_is_named(domain: SweepingDeployment) -> None:
    """The others are swept, and the exit status tells programs."""
    domain.deployed.deny("ListPackageVersions", "team-a")
    status, said, _ = sweep(domain)
    assert status == 1
    assert "failed pkg:maven/com.mycompany/app in team-a: " in said
    assert "as the policy says, but for what is named above." in said
    assert libraries(domain) == ["1.3"]


def test_a_deployment_without_sweeps_is_told_from_none(domain: SweepingDeployment) -> None:
    """What to deploy stands in both messages."""
    domain.deployed.redescribe(sweeps=None)
    status, _, problem = sweep(domain)
    assert status == 1
    assert "was deployed before there were sweeps" in problem
    domain.deployed.forget_deployment()
    status, _, problem = sweep(domain)
    assert status == 1
    assert "nothing is deployed for the domain" in problem


def test_a_state_machine_that_is_gone_is_named(domain: SweepingDeployment) -> None:
    """AWS's own words, not a stack trace."""
    domain.deployed.redescribe(sweeps={"stateMachine": f"{MACHINE}-gone", "bucket": BUCKET})
    status, _, problem = sweep(domain)
    assert status == 1
    assert problem.startswith("Error: ")
    assert "StateMachineDoesNotExist" in problem
