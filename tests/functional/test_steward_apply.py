"""`steward apply`, on a deployment in this process: what was planned, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.commands import apply as command
from steward.coordinates import Restrictions
from steward.ledger import Exemption
from sweep_repositories.applying import Applied
from tests.functional.deployed_domain import DOMAIN, DeployedDomain, deployed, other_services
from tests.functional.planned_domain import (
    APP,
    NEW_BUILD,
    OLD_BUILD,
    POLICY,
    UI,
    applied,
    counts,
    drifted,
    made,
    npm,
    seed,
    steward,
    where,
    writes,
)

__all__ = ["deployed", "other_services"]

CLOSED = Restrictions("ALLOW", "BLOCK")
OPEN = Restrictions("ALLOW", "ALLOW")
BOUNDS = [("delete", "3"), ("restrict", "1"), ("unlist", "1")]


@pytest.fixture
def plan(deployed: DeployedDomain) -> Path:
    """The file of a plan that deletes three versions, restricts a package and unlists a build."""
    drifted(deployed)
    return made(deployed)


def refused(document: dict[str, list[dict[str, list[dict[str, str]]]]]) -> dict[str, str]:
    """Return why which version was refused."""
    return {each["version"]: each["code"] for one in document["applied"] for each in one["refused"]}


def test_a_plan_is_applied_as_it_stands(deployed: DeployedDomain, plan: Path) -> None:
    """Without listing again; what can be undone is in the ledger, and the bus hears of it."""
    status, said, problem = steward(deployed, "apply", str(plan))
    assert status == 0, said + problem
    assert deployed.requests() == {
        "DescribePackage": 1,
        "PutPackageOriginConfiguration": 1,
        "DeletePackageVersions": 1,
        "UpdatePackageVersionsStatus": 1,
    }
    assert deployed.statuses(UI) == {"1.3.0": "Published"}
    assert deployed.restrictions(UI) == CLOSED
    assert deployed.statuses(APP) == {OLD_BUILD: "Unlisted", NEW_BUILD: "Published"}
    rows = [
        [cell.strip() for cell in line.split("│")[1:4]] for line in said.splitlines() if "│" in line
    ]
    assert rows == [[action, number, number] for action, number in BOUNDS]
    assert len(deployed.ledger.changes(UI)) == 4
    assert len(deployed.ledger.changes(APP)) == 1
    assert len(deployed.announced) == 3
    assert f"Changing packages of the domain {DOMAIN}, account 012345678901" in problem


def test_what_nothing_brings_back_is_named_before_it_is_gone(
    deployed: DeployedDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The packages that lose the most first, and no question; nothing of it for other plans."""
    names = ("a", "b", "c", "d", "e", "f")
    seed(
        deployed,
        npm("ui", ["1.0.0", "1.1.0", "1.2.0"], "BLOCK"),
        *(npm(name, ["1.0.0", "1.1.0"]) for name in names),
    )
    path = made(deployed)
    calls: list[object] = []
    monkeypatch.setattr("cli.applying_from_here.apply_all", lambda *_, **__: calls.append(_))
    _, _, problem = applied(deployed, path, "--allow-deletions", "8")
    assert len(calls) == 1
    assert (
        "8 versions of 7 packages will be gone for good: of pkg:npm/%40mycompany/ui, "
        "pkg:npm/%40mycompany/a, pkg:npm/%40mycompany/b, pkg:npm/%40mycompany/c, "
        "pkg:npm/%40mycompany/d and 2 more."
    ) in problem
    monkeypatch.setattr("cli.plans.Plan.deletions", 0)
    monkeypatch.setattr("sweep_repositories.plan_lines.PlanLine.deletions", 0)
    _, _, problem = applied(deployed, path)
    assert "gone for good" not in problem


def test_what_was_unlisted_comes_back(deployed: DeployedDomain, plan: Path) -> None:
    """As the ledger has it, by the command for that; and no plan takes it away again."""
    applied(deployed, plan)
    status, said, problem = steward(
        deployed, "restore", APP.purl(), "--repository", "npm-internal",
        "--version", OLD_BUILD, "--reason", "needed",
    )  # fmt: skip
    assert status == 0, said + problem
    assert deployed.statuses(APP)[OLD_BUILD] == "Published"
    assert json.loads(made(deployed).read_text())["lines"] == []


def test_applied_twice_it_does_nothing_the_second_time(
    deployed: DeployedDomain, plan: Path
) -> None:
    """All of it is so already, and that is no failure."""
    applied(deployed, plan)
    announced = list(deployed.announced)
    status, found, _ = applied(deployed, plan)
    assert (status, found["ok"]) == (0, True)
    assert (counts(found, "changed"), counts(found, "already")) == (0, 5)
    assert deployed.announced == announced


def test_a_plan_of_nothing_asks_for_nothing(deployed: DeployedDomain) -> None:
    """Not even for a deployment."""
    seed(deployed, npm("core", ["1.0.0"]))
    path = made(deployed)
    deployed.forget_deployment()
    status, said, _ = steward(deployed, "apply", str(path))
    assert (status, said) == (0, "The plan asks for nothing.\n")
    assert deployed.requests() == {}


def test_it_needs_a_deployment_whose_ledger_remembers(deployed: DeployedDomain, plan: Path) -> None:
    """Without one nothing is changed."""
    deployed.forget_deployment()
    status, found, problem = applied(deployed, plan)
    assert (status, found["ok"]) == (1, False)
    assert "nothing is deployed for the domain" in problem
    assert writes(deployed) == 0


def test_a_deployment_that_only_observes_does_not_hinder_a_person(
    deployed: DeployedDomain, plan: Path
) -> None:
    """Who applies a plan has decided; that nobody keeps it so is said."""
    deployed.redescribe(mode="observe")
    status, _, problem = applied(deployed, plan)
    assert status == 0
    assert "The stack steward only observes: it does not keep them so." in problem
    assert deployed.statuses(UI) == {"1.3.0": "Published"}


def test_a_version_whose_status_changed_since_is_left(deployed: DeployedDomain, plan: Path) -> None:
    """The others go; the one is named, and a new plan would know."""
    deployed.set_status(UI, ["1.1.0"], "Archived")
    status, found, _ = applied(deployed, plan)
    assert (status, found["ok"]) == (1, False)
    assert refused(found) == {"1.1.0": "MISMATCHED_STATUS"}
    assert deployed.statuses(UI) == {"1.1.0": "Archived", "1.3.0": "Published"}
    _, said, _ = steward(deployed, "apply", str(plan))
    assert "not done delete: " in said
    assert "1.1.0" in said
    assert "make a new plan" in said


def test_a_version_that_was_published_again_since_is_left(deployed: DeployedDomain) -> None:
    """Same name, same status, other contents: the revision that was planned is another one."""
    drifted(deployed)
    path = made(deployed)
    plan = json.loads(path.read_text())
    for line in plan["lines"]:
        if line["action"] == "unlist":
            line["versions"][0]["revision"] = "another"
    path.write_text(json.dumps(plan))
    status, found, _ = applied(deployed, path)
    assert status == 1
    assert refused(found) == {OLD_BUILD: "MISMATCHED_REVISION"}
    assert deployed.statuses(APP)[OLD_BUILD] == "Published"


def test_an_old_plan_deletes_nothing_that_was_published_again(deployed: DeployedDomain) -> None:
    """DeletePackageVersions takes no revisions: after an hour the package is listed again."""
    drifted(deployed)
    path = made(deployed)
    plan = json.loads(path.read_text())
    plan["madeAt"] = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    for line in plan["lines"]:
        if line["action"] == "delete":
            line["versions"][0]["revision"] = "another"
    path.write_text(json.dumps(plan))
    status, found, _ = applied(deployed, path)
    assert status == 1
    assert refused(found) == {"1.0.0": "MISMATCHED_REVISION"}
    assert deployed.statuses(UI) == {"1.0.0": "Published", "1.3.0": "Published"}


def test_a_version_that_is_gone_is_as_the_plan_wants_it(
    deployed: DeployedDomain, plan: Path
) -> None:
    """To delete what does not exist is no failure."""
    deployed.client.delete_package_versions(**where(UI), versions=["1.0.0"])
    status, found, _ = applied(deployed, plan)
    assert status == 0
    assert (counts(found, "changed"), counts(found, "already")) == (4, 1)


def test_a_package_that_is_gone_holds_up_no_other(deployed: DeployedDomain, plan: Path) -> None:
    """What cannot be done to it any more is named."""
    for package in (UI,):
        deployed.client.delete_package(**where(package))
    status, found, _ = applied(deployed, plan)
    assert status == 1
    assert deployed.statuses(APP)[OLD_BUILD] == "Unlisted"
    assert refused(found) == {None: "NOT_FOUND"}


def test_restrictions_that_changed_since_are_left(deployed: DeployedDomain, plan: Path) -> None:
    """Somebody has set others by hand: they stay."""
    other = Restrictions("BLOCK", "ALLOW")
    deployed.set_restrictions(UI, other)
    status, found, _ = applied(deployed, plan)
    assert status == 1
    assert refused(found) == {None: "MISMATCHED_RESTRICTIONS"}
    assert deployed.restrictions(UI) == other


def test_what_was_exempted_since_is_kept(deployed: DeployedDomain, plan: Path) -> None:
    """That is no failure: somebody wanted it so after the plan was made."""
    now = datetime.now(UTC)
    deployed.ledger.exempt(
        Exemption(UI, "1.1.0", "any", "anna", "needed", now, now + timedelta(days=7))
    )
    status, found, _ = applied(deployed, plan)
    assert (status, found["ok"]) == (0, True)
    assert [one["kept"] for one in found["applied"] if one["kept"]] == [["1.1.0"]]
    assert deployed.statuses(UI) == {"1.1.0": "Published", "1.3.0": "Published"}


def test_another_policy_than_the_plans_changes_nothing(
    deployed: DeployedDomain, plan: Path
) -> None:
    """Whoever changed the policy may have wanted to keep what the plan deletes."""
    changed = POLICY.replace("keep_newest: 1", "keep_newest: 2")
    status, said, problem = steward(deployed, "apply", str(plan), policy=changed)
    assert status == 1
    assert said == ""
    assert "has changed since the plan was made, so nothing was done" in problem
    other = POLICY.replace(DOMAIN, "other-domain")
    status, _, problem = steward(deployed, "apply", str(plan), policy=other)
    assert status == 1
    assert f"the plan is for the domain {DOMAIN}" in problem
    assert deployed.requests() == {}


def test_a_plan_beyond_the_limit_needs_a_person_who_says_how_many(
    deployed: DeployedDomain,
) -> None:
    """It is refused as a whole; the command that is told does it."""
    seed(deployed, npm("ui", [f"1.{number}.0" for number in range(5)], "BLOCK"))
    path = made(deployed)
    status, said, problem = steward(deployed, "apply", str(path))
    assert (status, said) == (1, "")
    assert "the plan deletes 4 versions, and the policy's `limits` allow 3 in one run" in problem
    policy = deployed.folder / "policy.yaml"
    assert f"`steward apply {path} --policy {policy} --allow-deletions 4`" in problem
    status, _, problem = steward(deployed, "apply", str(path), "--allow-deletions", "3")
    assert status == 1
    assert "--allow-deletions allows 3" in problem
    assert deployed.requests() == {}
    status, found, _ = applied(deployed, path, "--allow-deletions", "4")
    assert (status, counts(found, "changed")) == (0, 4)
    assert deployed.statuses(UI) == {"1.4.0": "Published"}


def test_a_caller_may_allow_fewer_than_the_policy(deployed: DeployedDomain, plan: Path) -> None:
    """None at all, for instance."""
    status, _, _ = steward(deployed, "apply", str(plan), "--allow-deletions", "0")
    assert status == 1
    assert deployed.requests() == {}


def test_another_region_than_the_plans_is_refused(
    deployed: DeployedDomain, plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There may be another domain of that name."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    status, _, problem = steward(deployed, "apply", str(plan))
    assert status == 1
    assert "the plan is for the region us-west-2, yours is eu-central-1" in problem
    assert deployed.requests() == {}


@pytest.mark.parametrize(
    ("operation", "left"),
    [
        pytest.param("DeletePackageVersions", 4, id="nobody may delete"),
        pytest.param("UpdatePackageVersionsStatus", 1, id="nobody may unlist"),
        pytest.param("PutPackageOriginConfiguration", 1, id="nobody may restrict"),
    ],
)
def test_a_permission_that_is_missing_is_named_and_the_rest_is_done(
    deployed: DeployedDomain, plan: Path, operation: str, left: int
) -> None:
    """And the plan does the rest when it is there: nothing is lost."""
    deployed.deny(operation, "npm-internal")
    status, found, _ = applied(deployed, plan)
    assert (status, found["ok"]) == (1, False)
    (problem,) = [one["problem"] for one in found["applied"] if one["problem"]]
    assert "AccessDenied" in problem
    assert counts(found, "changed") >= 1
    remaining = len(deployed.statuses(UI)) if operation == "DeletePackageVersions" else left
    assert remaining == left
    deployed.client.delete_repository_permissions_policy(domain=DOMAIN, repository="npm-internal")
    status, found, _ = applied(deployed, plan)
    assert (status, found["ok"]) == (0, True)
    assert deployed.statuses(UI) == {"1.3.0": "Published"}


@pytest.mark.parametrize(
    "operation",
    [
        "DeletePackageVersions",
        "UpdatePackageVersionsStatus",
        "PutPackageOriginConfiguration",
        "DescribePackage",
    ],
)
def test_throttling_makes_it_slower_and_no_different(
    deployed: DeployedDomain, plan: Path, operation: str
) -> None:
    """Each operation is refused now and then, and asked again."""
    deployed.faults(throttle={operation: 0.4}, seed=7)
    status, found, _ = applied(deployed, plan)
    assert (status, found["ok"]) == (0, True)
    deployed.faults()
    assert deployed.statuses(UI) == {"1.3.0": "Published"}
    assert deployed.statuses(APP) == {OLD_BUILD: "Unlisted", NEW_BUILD: "Published"}


def test_ctrl_c_in_the_middle_tells_what_was_done_and_the_same_command_does_the_rest(
    deployed: DeployedDomain, plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has begun is finished; nothing is done that nobody is told of."""
    seen = command._Progress.seen

    def interrupted(self: command._Progress, applied: Sequence[Applied]) -> None:
        seen(self, applied)
        raise KeyboardInterrupt

    with monkeypatch.context() as until_then:
        until_then.setattr(command._Progress, "seen", interrupted)
        until_then.setattr("cli.applying_from_here.WORKERS", 1)
        status, found, problem = applied(deployed, plan)
    assert status == 1
    assert found["problem"].startswith("interrupted: what is listed was done.")
    assert "The same command does the rest." in problem
    assert 0 < len(found["applied"]) <= found["lines"]
    status, found, _ = applied(deployed, plan)
    assert (status, counts(found, "changed") + counts(found, "already")) == (0, 5)
    assert deployed.statuses(UI) == {"1.3.0": "Published"}
    assert deployed.statuses(APP)[OLD_BUILD] == "Unlisted"


def test_a_file_that_is_no_plan_is_refused_before_anything_is_asked(
    deployed: DeployedDomain,
) -> None:
    """With a document for programs."""
    path = deployed.folder / "plan.json"
    path.write_text("[]")
    status, said, problem = steward(deployed, "apply", str(path), "--json")
    assert status == 1
    assert json.loads(said)["ok"] is False
    assert "is no plan" in problem
    assert deployed.requests() == {}


def test_a_ledger_that_cannot_be_written_stops_each_change(
    deployed: DeployedDomain, plan: Path
) -> None:
    """What nobody could undo is not done."""
    deployed.redescribe(ledger="no-such-table")
    status, said, problem = steward(deployed, "apply", str(plan))
    assert status == 1, said
    assert "no-such-table" in said + problem or "ResourceNotFound" in said + problem
    assert writes(deployed) == 0
