"""`steward promote`, on a deployment in this process whose functions are at work."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.functional.deployed_domain import ACCOUNT, DOMAIN, deployed, other_services
from tests.functional.promoting_domain import (
    APPROVED,
    INTAKE,
    PromotingDomain,
    document,
    malicious,
    old,
    promoting,
    young,
)

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

__all__ = ["deployed", "other_services", "promoting"]

PUBLIC = """\
  - name: public-to-approved
    packages: /pypi/*
    from: pypi-intake
    to: pypi-approved
    require:
      minimum_age: P7D
      vulnerabilities: {block_at: high}
"""
URGENT = """\
  - name: public-to-urgent
    packages: /pypi/*
    from: pypi-intake
    to: pypi-urgent
"""
PURL = "pkg:pypi/requests"


@pytest.fixture
def company(promoting: PromotingDomain) -> PromotingDomain:
    """Of `requests`, the intake has an old version, a young one and one that does harm."""
    promoting.deploy(PUBLIC)
    promoting.seed("requests", old("2.31.0"), young("2.32.4"), old("6.6.6"))
    promoting.vulnerable(malicious("requests", "6.6.6"))
    return promoting


def promote(domain: PromotingDomain, *arguments: str) -> Result:
    """Run `steward promote` while the functions are at work."""
    with domain.at_work():
        return domain.steward("promote", *arguments)


def verdicts(result: Result) -> dict[str, tuple[str, str]]:
    """Return state and reason by version, from what a command has printed as JSON."""
    found = document(result)["promotions"]
    return {one["version"]: (one["state"], one["reason"]) for one in found}


def test_what_passes_is_copied_and_the_rest_says_why_not(company: PromotingDomain) -> None:
    """A held version says until when, a refused one what is wrong with it."""
    result = promote(company, PURL)
    assert company.promoted("requests") == {"2.31.0": "Published"}
    ready = datetime.now(UTC) + timedelta(days=6)
    rows = {line.split("│")[1].strip(): line for line in result.stdout.splitlines() if "│" in line}
    assert "copied" in rows["pkg:pypi/requests@2.31.0"]
    assert f"until {ready:%Y-%m-%d}" in rows["pkg:pypi/requests@2.32.4"]
    assert result.stdout.count("must have been public for 7 days") == 1, "by the gate"
    assert "is malicious: MAL-2026-7" in rows["pkg:pypi/requests@6.6.6"]
    assert "1 package judged: 1 held, 1 refused, 1 copied." in result.stdout
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("version", "state", "exit_code"),
    [
        pytest.param("2.31.0", "copied", 0, id="one that is promoted is what was asked for"),
        pytest.param("2.32.4", "held", 1, id="one that is held is not promoted"),
        pytest.param("6.6.6", "refused", 1, id="one that is refused is not promoted"),
    ],
)
def test_a_version_by_name_is_the_only_one_shown(
    company: PromotingDomain, version: str, state: str, exit_code: int
) -> None:
    """The exit status says whether it is in its destination."""
    result = promote(company, f"{PURL}@{version}", "--json")
    assert [(one["version"], one["state"]) for one in document(result)["promotions"]] == [
        (version, state)
    ]
    assert (result.exit_code, document(result)["ok"]) == (exit_code, exit_code == 0)


def test_a_version_that_is_promoted_to_one_of_two_repositories_only_is_not_promoted(
    company: PromotingDomain,
) -> None:
    """Each promotion that is meant has to let it through."""
    company.domain.seed({"name": "pypi-urgent"})
    company.deploy(PUBLIC + URGENT)
    both = promote(company, f"{PURL}@2.32.4", "--json")
    states = {one["rule"]: one["state"] for one in document(both)["promotions"]}
    assert states == {"public-to-approved": "held", "public-to-urgent": "copied"}
    assert both.exit_code == 1
    urgent = promote(company, f"{PURL}@2.32.4", "--rule", "public-to-urgent", "--json")
    assert [one["to"] for one in document(urgent)["promotions"]] == ["pypi-urgent"]
    assert urgent.exit_code == 0


def test_several_packages_at_once(company: PromotingDomain) -> None:
    """Each is judged, and those that do not exist are named."""
    company.seed("urllib3", old("2.5.0"))
    result = promote(company, PURL, "pkg:pypi/urllib3@2.5.0", "pkg:pypi/nothing", "--json")
    said = document(result)
    assert said["packages"] == 3
    assert company.promoted("urllib3") == {"2.5.0": "Published"}
    assert said["problems"] == ["there is no published pkg:pypi/nothing in pypi-intake"]
    assert result.exit_code == 1


def test_a_version_that_is_not_there_is_named(company: PromotingDomain) -> None:
    """The others of its package are judged, and not shown."""
    result = promote(company, f"{PURL}@9.9.9")
    assert "there is no published pkg:pypi/requests@9.9.9 in pypi-intake" in result.stdout
    assert "2.31.0" not in result.stdout
    assert result.exit_code == 1


def test_a_repository_means_all_that_is_missing_in_the_destination(
    company: PromotingDomain,
) -> None:
    """What is there already is not judged again, and not shown."""
    promote(company, PURL)
    company.seed("urllib3", old("2.5.0"))
    company.seed("internal-only")
    result = promote(company, "--repository", INTAKE.name, "--json")
    assert company.promoted("urllib3") == {"2.5.0": "Published"}
    found = {(one["packageUrl"], one["state"]) for one in document(result)["promotions"]}
    assert found == {
        ("pkg:pypi/requests@2.32.4", "held"),
        ("pkg:pypi/requests@6.6.6", "refused"),
        ("pkg:pypi/urllib3@2.5.0", "copied"),
    }
    assert result.exit_code == 0, "nothing was asked for by name, and all of it was judged"


def test_a_repository_is_listed_once_for_all_promotions_from_it(company: PromotingDomain) -> None:
    """One list of packages; for each package its versions there and in each destination."""
    company.domain.seed({"name": "pypi-urgent"})
    company.deploy(PUBLIC + URGENT)
    company.domain.requests()
    result = company.steward("promote", "--repository", INTAKE.name, "--wait", "0")
    assert result.exit_code == 0, result.stderr
    asked = company.domain.requests()
    assert asked["ListPackages"] == 1
    assert asked["ListPackageVersions"] == 3


def test_nothing_is_missing(company: PromotingDomain) -> None:
    """Everything that may be promoted has been."""
    company.deploy(URGENT)
    company.domain.seed({"name": "pypi-urgent"})
    promote(company, PURL)
    result = promote(company, "--repository", INTAKE.name)
    assert (result.exit_code, result.stdout) == (
        0,
        "nothing to promote: every published version is where it is promoted to.\n",
    )


def test_a_plan_says_the_same_and_changes_nothing(company: PromotingDomain) -> None:
    """Neither the table nor CodeArtifact nor a queue; nobody is told of the malicious version."""
    before = (company.items(), company.state())
    planned = company.steward("promote", PURL, "--plan", "--json")
    assert (company.items(), company.state()) == before
    assert company.waiting() == 0
    assert company.domain.told() == []
    assert company.domain.announced == []
    done = promote(company, PURL, "--json")
    held = ("held", verdicts(done)["2.32.4"][1])
    assert verdicts(planned) == {
        "2.31.0": ("approved", "is let through by every gate"),
        "2.32.4": held,
        "6.6.6": ("refused", "is malicious: MAL-2026-7"),
    }
    assert [one["version"] for one in document(planned)["promotions"]]
    assert planned.exit_code == 0


def test_a_plan_of_what_was_judged_before_shows_it_again(company: PromotingDomain) -> None:
    """Also where nothing changes: what is held stays held."""
    done = promote(company, PURL, "--json")
    before = (company.items(), company.state())
    planned = company.steward("promote", PURL, "--plan", "--json")
    assert verdicts(planned) == verdicts(done)
    assert (company.items(), company.state()) == before


def test_a_plan_of_a_repository(company: PromotingDomain) -> None:
    """It says that it has changed nothing."""
    result = company.steward("promote", "--repository", INTAKE.name, "--plan")
    assert "1 package judged: 1 held, 1 approved, 1 refused." in result.stdout
    assert result.stdout.endswith("Nothing has been written, told or copied.\n")
    assert company.promoted("requests") == {}


def test_a_plan_without_a_deployment_holds_what_only_the_deployment_knows(
    company: PromotingDomain,
) -> None:
    """Which OSV would be asked is not known, and that is said."""
    company.domain.forget_deployment()
    result = company.steward("promote", PURL, "--plan", "--json")
    assert "which OSV to ask are not known: nothing is deployed" in result.stderr
    assert {state for state, _ in verdicts(result).values()} == {"held"}
    assert "it is not known which OSV the deployment asks" in verdicts(result)["2.31.0"][1]


def test_who_does_not_wait_is_told_where_to_look(company: PromotingDomain) -> None:
    """The request is on its queue, and was not judged yet."""
    result = company.steward("promote", PURL, "--wait", "0")
    assert (result.exit_code, result.stdout) == (
        0,
        "1 package will be judged: `steward promotions` shows what becomes of it.\n",
    )
    assert company.waiting() == 1
    company.work()
    assert company.promoted("requests") == {"2.31.0": "Published"}


def test_who_waits_in_vain_learns_what_was_not_judged(company: PromotingDomain) -> None:
    """Nobody works the queue."""
    result = company.steward("promote", PURL, "--wait", "1", "--json")
    [problem] = document(result)["problems"]
    assert problem.startswith("not judged within 1 s: pkg:pypi/requests.")
    assert (result.exit_code, document(result)["ok"]) == (1, False)


def test_what_is_not_copied_in_time_is_under_way(company: PromotingDomain) -> None:
    """It is approved, and the copier has not come to it."""
    company.ignored.add(company.queues.copies)
    result = promote(company, f"{PURL}@2.31.0", "--wait", "1")
    assert "What is approved is still being copied" in result.stdout
    assert result.exit_code == 1


def test_copies_that_nobody_has_asked_for_are_not_waited_for(company: PromotingDomain) -> None:
    """A version of the same package that was approved and never copied."""
    promote(company, PURL)
    stuck = next(one for one in company.records.of_package(company.seed("requests")))
    company.records.put(replace(stuck, version="9.9.9", state="approved", due=None, serial=0))
    result = promote(company, f"{PURL}@2.31.0", "--wait", "600", "--json")
    assert (result.exit_code, document(result)["underWay"]) == (0, False)


def test_a_deployment_that_observes_copies_nothing_and_nobody_waits_for_it(
    company: PromotingDomain,
) -> None:
    """The message says so."""
    company.deploy(PUBLIC, mode="observe")
    result = promote(company, PURL, "--wait", "600")
    assert "The deployment only observes: what is approved is not copied." in result.stdout
    assert company.promoted("requests") == {}
    assert result.exit_code == 0


def test_what_is_held_is_judged_again_before_it_is_due(company: PromotingDomain) -> None:
    """A malicious version whose entry was withdrawn passes."""
    promote(company, PURL)
    company.vulnerable()
    result = promote(company, f"{PURL}@6.6.6", "--json")
    assert verdicts(result)["6.6.6"][0] == "copied"
    assert result.exit_code == 0


def test_another_policy_than_the_deployed_one_judges_nothing(
    company: PromotingDomain, tmp_path: Path
) -> None:
    """Both digests stand in the message."""
    other = tmp_path / "other.yaml"
    other.write_text(f"domain: {DOMAIN}\npromotions:\n{PUBLIC.replace('P7D', 'P1D')}")
    result = promote(company, PURL, "--policy", str(other), "--json")
    [problem] = document(result)["problems"]
    assert "another policy than the one given here" in problem
    assert "--policy" in problem
    assert result.exit_code == 1
    assert company.promoted("requests") == {}
    assert company.records.of_package(company.seed("requests")) == []


def test_a_way_around_the_gates_is_refused_with_two_remedies(company: PromotingDomain) -> None:
    """Nothing is asked for; the message says how clients get there, and what closes the way."""
    company.domain.client.update_repository(
        domain=DOMAIN, repository=APPROVED.name, upstreams=[{"repositoryName": INTAKE.name}]
    )
    result = company.steward("promote", PURL, "--json")
    assert result.exit_code == 1
    said = document(result)
    assert said["ok"] is False
    assert "pypi-approved -> pypi-intake" in said["problem"]
    assert "aws codeartifact update-repository" in said["problem"]
    assert "run `steward groups`" in said["problem"]
    assert f"Error: {said['problem']}" in result.stderr
    assert company.waiting() == 0
    planned = company.steward("promote", PURL, "--plan", "--json")
    assert {state for state, _ in verdicts(planned).values()} == {"refused"}
    assert "pypi-approved -> pypi-intake" in verdicts(planned)["2.31.0"][1]


def test_a_package_that_no_promotion_is_about(company: PromotingDomain) -> None:
    """The message names the promotions that were looked at."""
    result = company.steward("promote", "pkg:npm/left-pad", "--json")
    assert document(result)["problem"].startswith(
        "no promotion copies pkg:npm/left-pad: public-to-approved (from pypi-intake)"
    )
    assert result.exit_code == 1


def test_a_repository_that_does_not_exist(promoting: PromotingDomain) -> None:
    """Its name stands in the message."""
    promoting.deploy(PUBLIC)
    promoting.domain.seed()
    result = promoting.steward("promote", "--repository", INTAKE.name, "--json")
    assert result.exit_code == 1
    assert f"there is no repository {INTAKE.name} in the domain" in document(result)["problem"]


def test_nothing_is_deployed(company: PromotingDomain) -> None:
    """The message says where it was looked for."""
    company.domain.forget_deployment()
    result = company.steward("promote", PURL, "--json")
    assert f"nothing is deployed for the domain {DOMAIN}" in document(result)["problem"]
    assert ACCOUNT in result.stderr
    assert result.exit_code == 1


def test_an_older_deployment_does_not_promote(company: PromotingDomain) -> None:
    """It was deployed before there were promotions."""
    company.domain.redescribe(promotions=None)
    result = company.steward("promote", PURL, "--json")
    assert "was deployed before there were promotions" in document(result)["problem"]
    assert result.exit_code == 1


def test_what_fails_is_named_with_its_reason(company: PromotingDomain) -> None:
    """The judge was not allowed to list the versions."""
    company.domain.deny("ListPackageVersions", INTAKE.name)
    result = promote(company, PURL, "--json")
    [problem] = document(result)["problems"]
    assert problem.startswith("pkg:pypi/requests in pypi-intake: ")
    assert "AccessDeniedException" in problem
    assert result.exit_code == 1
    planned = company.steward("promote", PURL, "--plan", "--json")
    [same] = document(planned)["problems"]
    assert same.startswith("pkg:pypi/requests in pypi-intake: ")
    assert planned.exit_code == 1


def test_a_list_that_fails_ends_the_command(company: PromotingDomain) -> None:
    """What may not be listed cannot be promoted; the permission is named."""
    company.domain.deny("ListPackages", INTAKE.name)
    result = company.steward("promote", "--repository", INTAKE.name, "--json")
    assert "ListPackages" in document(result)["problem"]
    assert result.exit_code == 1
