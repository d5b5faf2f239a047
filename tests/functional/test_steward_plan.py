"""`steward plan`, on a deployment in this process."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli import planning_from_here
from steward.coordinates import UNRESTRICTED
from steward.ledger import Exemption
from tests.functional.deployed_domain import DOMAIN, DeployedDomain, deployed, other_services
from tests.functional.planned_domain import (
    NEW_BUILD,
    OLD_BUILD,
    POLICY,
    UI,
    drifted,
    maven,
    npm,
    seed,
    steward,
    writes,
)

__all__ = ["deployed", "other_services"]

QUIET = f"domain: {DOMAIN}\nsnapshots:\n  - packages: /maven/com.mycompany~\n"


def document(domain: DeployedDomain, *arguments: str, policy: str = POLICY) -> dict[str, Any]:
    """Return the document that `steward plan --json` prints."""
    _, said, _ = steward(domain, "plan", "--json", *arguments, policy=policy)
    found: dict[str, Any] = json.loads(said)
    return found


def actions(of: dict[str, Any]) -> dict[str, list[str]]:
    """Return the versions by what would become of them."""
    return {
        one["action"]: [each["version"] for each in one.get("versions", [])] for one in of["lines"]
    }


def test_a_plan_says_everything_and_changes_nothing(deployed: DeployedDomain) -> None:
    """The riskiest first, what would be freed, and how to have it done."""
    drifted(deployed)
    status, said, _ = steward(deployed, "plan")
    assert status == 0
    assert deployed.statuses(UI) == dict.fromkeys(("1.0.0", "1.1.0", "1.2.0", "1.3.0"), "Published")
    assert deployed.restrictions(UI) == UNRESTRICTED
    rows = [line.split("│")[1].strip() for line in said.splitlines() if line.startswith("│")]
    assert rows == ["delete", "restrict", "unlist"]
    assert "1.0.0, 1.1.0, 1.2.0" in said
    assert "publish ALLOW, upstream ALLOW -> publish ALLOW, upstream BLOCK" in said
    assert "In 2 packages: 3 to delete, 1 to restrict, 1 to unlist. Deleting frees " in said
    assert "3 packages seen, 7 versions listed" in said
    assert writes(deployed) == 0


def test_the_document_holds_what_the_table_shows(deployed: DeployedDomain) -> None:
    """And what it costs to know it: each of the calls that were made."""
    drifted(deployed)
    found = document(deployed)
    counted = deployed.requests()
    assert actions(found) == {
        "restrict": [],
        "unlist": [OLD_BUILD],
        "delete": ["1.0.0", "1.1.0", "1.2.0"],
    }
    assert (found["ok"], found["deletions"], found["limit"]) == (True, 3, 3)
    assert (found["packages"], found["versions"], found["problems"]) == (3, 7, [])
    assert found["bytesFreed"] > 0
    assert found["unmeasured"] == 0
    assert found["note"] is None
    assert found["calls"] == counted


def test_a_domain_with_nothing_to_do_costs_one_list_a_package(deployed: DeployedDomain) -> None:
    """And nothing for packages that no rule is about."""
    seed(
        deployed,
        *(maven(f"app-{number}", NEW_BUILD) for number in range(5)),
        npm("other", ["1.0.0", "2.0.0"]),
    )
    status, said, _ = steward(deployed, "plan", policy=QUIET)
    assert status == 0
    assert "Nothing is to be done" in said
    assert "Rules keep: 5 by snapshots[0]." in said
    assert deployed.requests() == {
        "ListRepositoriesInDomain": 1,
        "ListPackages": 1,
        "ListPackageVersions": 5,
    }


def test_without_a_deployment_it_says_what_is_not_known(deployed: DeployedDomain) -> None:
    """A first plan is made before anything is deployed; the note stands below the table."""
    drifted(deployed)
    deployed.forget_deployment()
    status, said, problem = steward(deployed, "plan")
    assert status == 0
    assert "3 to delete" in said
    assert "Exemptions and waiting times are not known: nothing is deployed for" in problem
    assert document(deployed)["note"].startswith("Exemptions and waiting times are not known")


def test_a_deployment_that_only_observes_is_named(deployed: DeployedDomain) -> None:
    """Who reads the plan knows that no sweep will do it."""
    drifted(deployed)
    deployed.redescribe(mode="observe")
    _, _, problem = steward(deployed, "plan")
    assert "The stack steward only observes: it changes nothing." in problem


def test_files_are_written_whole_and_named(deployed: DeployedDomain) -> None:
    """A page for people, a plan for `apply`; the command that is told does it."""
    drifted(deployed)
    page, out = deployed.folder / "plan.html", deployed.folder / "the plan.json"
    _, said, _ = steward(deployed, "plan", "--html", str(page), "--out", str(out))
    assert f"{page} shows it in a browser." in said
    policy = deployed.folder / "policy.yaml"
    assert f"`steward apply '{out}' --policy {policy}` does it." in said
    assert page.read_text().startswith("<!")
    assert "/npm/*, in every repository." in page.read_text()
    assert "Those that are younger than 30 d stay." in page.read_text()
    assert json.loads(out.read_text())["lines"] == document(deployed)["lines"]


def test_a_plan_beyond_the_limit_says_so_and_how_to_have_it(deployed: DeployedDomain) -> None:
    """The command that is told is the one that is needed."""
    seed(deployed, npm("ui", [f"1.{number}.0" for number in range(5)], "BLOCK"))
    out = deployed.folder / "plan.json"
    _, said, _ = steward(deployed, "plan", "--out", str(out))
    assert "The policy lets one run delete 3: a sweep would stop before its first change" in said
    policy = deployed.folder / "policy.yaml"
    assert f"`steward apply {out} --policy {policy} --allow-deletions 4` does it." in said


@pytest.mark.parametrize(
    ("most", "words"),
    [
        pytest.param("0", "How much deleting frees was not looked up.", id="nothing is measured"),
        pytest.param("2", "Deleting frees at least ", id="two of three are measured"),
    ],
)
def test_what_was_not_measured_is_said(deployed: DeployedDomain, most: str, words: str) -> None:
    """A sum of some sizes is not the sum; each size costs a call."""
    drifted(deployed)
    _, said, _ = steward(deployed, "plan", "--measure", most)
    assert words in said
    assert deployed.requests().get("ListPackageVersionAssets", 0) == int(most)


def test_only_the_repositories_that_are_named_are_looked_at(deployed: DeployedDomain) -> None:
    """One that the domain lacks ends the command, with those that it has."""
    drifted(deployed)
    deployed.seed({"name": "other", "packages": [maven("lib")]})
    deployed.requests()
    found = document(deployed, "--repository", "other")
    assert (found["packages"], actions(found)) == (1, {"unlist": [OLD_BUILD]})
    status, said, problem = steward(deployed, "plan", "--json", "--repository", "othre")
    assert status == 1
    assert json.loads(said)["ok"] is False
    assert "has no repository othre; it has npm-internal, other." in problem


def test_a_domain_that_is_not_there_is_named_with_where_it_was_looked_for(
    deployed: DeployedDomain,
) -> None:
    """The wrong account or region is the usual reason."""
    drifted(deployed)
    status, _, problem = steward(deployed, "plan", policy=QUIET.replace(DOMAIN, "another-one"))
    assert status == 1
    assert "has no domain another-one in us-west-2. The domain is the policy's" in problem
    assert "--domain-owner" in problem


@pytest.mark.parametrize("option", ["--out", "--html"])
def test_a_folder_that_is_not_there_is_found_before_anything_is_asked(
    deployed: DeployedDomain, option: str
) -> None:
    """Nobody waits for a plan that cannot be written."""
    drifted(deployed)
    status, _, problem = steward(deployed, "plan", option, str(deployed.folder / "no" / "file"))
    assert status == 2
    assert "there is no folder" in problem
    assert deployed.requests() == {}


def test_a_folder_that_may_not_be_written_to_is_found_before_anything_is_asked(
    deployed: DeployedDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system says so; to the user root it never does, hence the answer in its place."""
    monkeypatch.setattr("cli.commands.plan.os.access", lambda _, mode: mode != os.W_OK)
    status, _, problem = steward(deployed, "plan", "--out", str(deployed.folder / "plan.json"))
    assert status == 2
    assert "nothing may be written to the folder" in problem
    assert deployed.requests() == {}


def test_a_package_that_may_not_be_listed_is_a_problem_and_the_others_are_planned(
    deployed: DeployedDomain,
) -> None:
    """The exit status tells programs that the plan is not whole."""
    drifted(deployed)
    deployed.deny("ListPackageVersions", "npm-internal")
    status, said, _ = steward(deployed, "plan")
    assert status == 1
    assert said.count("not looked at pkg:") == 3
    assert "AccessDenied" in said
    assert "Nothing is to be done" not in said
    found = document(deployed)
    assert (found["ok"], len(found["problems"])) == (False, 3)


def test_a_repository_that_may_not_be_listed_is_a_problem_of_its_own(
    deployed: DeployedDomain,
) -> None:
    """The other repositories are looked at."""
    drifted(deployed)
    deployed.seed({"name": "other", "packages": [maven("lib")]})
    deployed.deny("ListPackages", "npm-internal")
    found = document(deployed)
    assert actions(found) == {"unlist": [OLD_BUILD]}
    (problem,) = found["problems"]
    assert problem.startswith("npm-internal: ")


def test_throttling_makes_a_plan_slower_not_smaller(deployed: DeployedDomain) -> None:
    """Each operation is refused now and then, and asked again."""
    drifted(deployed)
    wanted = document(deployed)
    deployed.faults(throttle=dict.fromkeys(wanted["calls"], 0.25), seed=7)
    assert len(wanted["calls"]) == 5
    assert document(deployed)["lines"] == wanted["lines"]


def test_errors_now_and_then_leave_the_plan_whole(deployed: DeployedDomain) -> None:
    """CodeArtifact's 5xx are asked again too."""
    drifted(deployed)
    wanted = document(deployed)
    deployed.faults(errorRate=0.2, seed=3)
    assert document(deployed)["lines"] == wanted["lines"]


def test_packages_with_no_versions_and_with_ten_thousand(deployed: DeployedDomain) -> None:
    """Ten pages are one list; the plan names them all, a table three."""
    many = [
        f"1.0-20260301.{number // 3600:02}{number // 60 % 60:02}{number % 60:02}-{number + 1}"
        for number in range(10_000)
    ]
    seed(deployed, maven("app", *many))
    empty = {"format": "maven", "namespace": "com.mycompany", "package": "empty", "versions": []}
    seed(deployed, empty)
    found = document(deployed, policy=QUIET)
    assert actions(found)["unlist"] == many[:-1]
    assert (found["packages"], found["versions"]) == (2, 10_000)
    assert deployed.requests()["ListPackageVersions"] == 11


def test_names_of_all_scripts_stand_in_the_table_as_they_are(deployed: DeployedDomain) -> None:
    """What looks like markup, or like a colour, is text."""
    deployed.seed({"name": "npm-internal", "packages": [
        {"format": "generic", "namespace": "com.mycompany", "package": "paket-中文", "versions": [
            {"version": "1.0-ünï[bold]", "publishedTime": "2024-01-01T00:00:00Z"},
            {"version": "1.1-ünï", "publishedTime": "2024-01-02T00:00:00Z"},
        ]},
    ]})  # fmt: skip
    rules = (
        f"domain: {DOMAIN}\nretention:\n  - packages: /generic/*\n    versions: '1.0*'\n"
        "    keep_younger_than: P30D\n    then: delete\n"
    )
    _, said, _ = steward(deployed, "plan", policy=rules)
    assert "1.0-ünï[bold]" in said
    assert "paket-" in said


def test_an_exempt_version_is_not_planned(deployed: DeployedDomain) -> None:
    """What a person has undone stays undone, in plans too."""
    drifted(deployed)
    now = datetime.now(UTC)
    deployed.ledger.exempt(
        Exemption(UI, "1.1.0", "any", "anna", "needed", now, now + timedelta(days=7))
    )
    found = actions(document(deployed))
    assert found["delete"] == ["1.0.0", "1.2.0"]


def test_ctrl_c_says_that_nothing_was_changed(
    deployed: DeployedDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And writes no file."""
    drifted(deployed)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(planning_from_here.Looking, "_add", interrupted)
    out = deployed.folder / "plan.json"
    status, said, problem = steward(deployed, "plan", "--out", str(out))
    assert status == 1
    assert said == ""
    assert "nothing was changed, and no file was written" in problem
    assert not out.exists()
