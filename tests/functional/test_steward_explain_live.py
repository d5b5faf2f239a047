"""`steward policy explain --live`, on a deployment in this process."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from steward.coordinates import Package
from steward.ledger import Exemption
from tests.functional.deployed_domain import DOMAIN, DeployedDomain, deployed, other_services
from tests.functional.planned_domain import (
    APP,
    NEW_BUILD,
    OLD_BUILD,
    POLICY,
    UI,
    drifted,
    maven,
    seed,
    steward,
    writes,
)

__all__ = ["deployed", "other_services"]

REPOSITORY = ("--repository", "npm-internal")


def explained(domain: DeployedDomain, subject: str, policy: str = POLICY) -> dict[str, Any]:
    """Return what is said of the versions of *subject* for programs."""
    status, said, problem = steward(
        domain, "policy", "explain", subject, *REPOSITORY, "--live", "--json", policy=policy
    )
    assert status == 0, said + problem
    found: dict[str, Any] = json.loads(said)["live"]
    return found


def then(found: dict[str, Any]) -> dict[str, str | None]:
    """Return what a sweep would do with which version."""
    return {one["version"]: one["then"] for one in found["versions"]}


def test_each_version_has_what_a_sweep_would_do_and_why(deployed: DeployedDomain) -> None:
    """The newest first; a version that stays says so, and nothing is changed."""
    drifted(deployed)
    status, said, _ = steward(deployed, "policy", "explain", UI.purl(), *REPOSITORY, "--live")
    assert status == 0
    rows = [
        [cell.strip() for cell in line.split("│")[1:-1]]
        for line in said.splitlines()
        if line.startswith("│")
    ]
    assert [row[:4] for row in rows] == [
        ["1.3.0", "Published", "leave it", "retention[0]"],
        *(
            [version, "Published", "delete", "retention[0]"]
            for version in ("1.2.0", "1.1.0", "1.0.0")
        ),
    ]
    assert rows[0][4] == "one of the 1 newest"
    assert rows[1][4] == "not among the 1 newest and older than 30 days"
    assert (
        "Its restrictions: publish ALLOW, upstream ALLOW -> publish ALLOW, upstream BLOCK" in said
    )
    assert writes(deployed) == 0


def test_it_says_what_a_plan_says(deployed: DeployedDomain) -> None:
    """Version by version."""
    drifted(deployed)
    _, said, _ = steward(deployed, "plan", "--json")
    planned = {
        version["version"]: line["action"]
        for line in json.loads(said)["lines"]
        for version in line.get("versions", [])
    }
    found = then(explained(deployed, UI.purl())) | then(explained(deployed, APP.purl()))
    assert {version: action for version, action in found.items() if action} == planned


def test_one_version_leaves_the_others_out(deployed: DeployedDomain) -> None:
    """One that is not there is said to be missing."""
    drifted(deployed)
    assert then(explained(deployed, f"{UI.purl()}@1.2.0")) == {"1.2.0": "delete"}
    status, _, problem = steward(
        deployed, "policy", "explain", f"{UI.purl()}@7.0.0", *REPOSITORY, "--live"
    )
    assert status == 1
    assert f"npm-internal has no version 7.0.0 of {UI.purl()}." in problem


def test_exemptions_are_named_with_their_end(deployed: DeployedDomain) -> None:
    """And by whom; a version that is exempt stays."""
    drifted(deployed)
    now = datetime.now(UTC)
    deployed.ledger.exempt(
        Exemption(UI, "1.1.0", "any", "anna", "the plant needs it", now, now + timedelta(days=7))
    )
    found = explained(deployed, UI.purl())
    assert then(found)["1.1.0"] is None
    (one,) = [one for one in found["versions"] if one["version"] == "1.1.0"]
    assert any("the plant needs it" in each["reason"] for each in one["rules"])


def test_builds_say_which_one_replaces_them(deployed: DeployedDomain) -> None:
    """As the log of the automation does."""
    drifted(deployed)
    found = explained(deployed, APP.purl())
    assert then(found) == {NEW_BUILD: None, OLD_BUILD: "unlist"}
    assert NEW_BUILD in found["versions"][1]["rules"][0]["reason"]


def test_a_version_that_no_rule_is_about_says_so(deployed: DeployedDomain) -> None:
    """A table without an empty row."""
    drifted(deployed)
    rules = f"domain: {DOMAIN}\n"
    _, said, _ = steward(
        deployed, "policy", "explain", UI.purl(), *REPOSITORY, "--live", policy=rules
    )
    assert said.count("no rule is about it") == 4
    assert then(explained(deployed, UI.purl(), rules)) == dict.fromkeys(
        ("1.3.0", "1.2.0", "1.1.0", "1.0.0")
    )


def test_a_package_or_repository_that_is_not_there_is_named(deployed: DeployedDomain) -> None:
    """Not found is not the same as nothing to do."""
    drifted(deployed)
    missing = Package(UI.repository, "npm", "mycompany", "nobody")
    status, _, problem = steward(
        deployed, "policy", "explain", missing.purl(), *REPOSITORY, "--live"
    )
    assert status == 1
    assert f"npm-internal has no {missing.purl()}" in problem
    status, _, _ = steward(
        deployed, "policy", "explain", UI.purl(), "--repository", "nowhere", "--live"
    )
    assert status == 1


def test_without_a_deployment_it_says_what_is_not_known(deployed: DeployedDomain) -> None:
    """The versions are explained all the same."""
    drifted(deployed)
    deployed.forget_deployment()
    found = explained(deployed, UI.purl())
    assert then(found)["1.0.0"] == "delete"
    assert found["note"].startswith("Exemptions and waiting times are not known: nothing is")


def test_a_permission_that_is_missing_is_named(deployed: DeployedDomain) -> None:
    """With what to do about it."""
    drifted(deployed)
    deployed.deny("ListPackageVersions", "npm-internal")
    status, _, problem = steward(deployed, "policy", "explain", UI.purl(), *REPOSITORY, "--live")
    assert status == 1
    assert "Ask for the permission that the message names." in problem


@pytest.mark.parametrize("count", [pytest.param(1, id="one"), pytest.param(2_500, id="many")])
def test_each_of_the_versions_is_explained_however_many(
    deployed: DeployedDomain, count: int
) -> None:
    """All pages of them."""
    builds = [
        f"1.0-20260301.{number // 60:04}{number % 60:02}-{number + 1}" for number in range(count)
    ]
    seed(deployed, maven("app", *builds))
    found = then(explained(deployed, APP.purl()))
    assert len(found) == count
    assert [version for version, action in found.items() if action is None] == [builds[-1]]
