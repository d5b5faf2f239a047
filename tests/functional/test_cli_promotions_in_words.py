"""`steward promote`, `promotions` and `approve` say what is settled, restored, unknown or late."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from steward.ledger import Exemption
from tests.functional.deployed_domain import DOMAIN, deployed, other_services
from tests.functional.promoting_domain import (
    APPROVED,
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

MANUAL = """\
  - name: public-to-approved
    packages: /pypi/*
    from: pypi-intake
    to: pypi-approved
    recall: archive
    require:
      minimum_age: P7D
      vulnerabilities: {block_at: high}
      approval: manual
"""
PURL = "pkg:pypi/requests"
WAITING = f"{PURL}@2.31.0"
BECAUSE = ("--reason", "read the diff")


@pytest.fixture
def company(promoting: PromotingDomain) -> PromotingDomain:
    """One version waits for a person alone, one for its age too; one is refused."""
    promoting.deploy(MANUAL)
    promoting.seed("requests", old("2.31.0"), young("2.32.4"), old("6.6.6"))
    promoting.vulnerable(malicious("requests", "6.6.6"))
    promoting.steward("promote", PURL, "--wait", "0")
    promoting.work()
    return promoting


def working(domain: PromotingDomain, *arguments: str) -> Result:
    """Run a command while the functions are at work."""
    with domain.at_work():
        result = domain.steward(*arguments)
    assert result.exit_code == 0, result.output
    return result


def versions(result: Result) -> list[str]:
    """Return the versions that were listed as JSON."""
    return [one["version"] for one in document(result)["promotions"]]


def test_only_what_waits_for_a_person_is_listed(company: PromotingDomain) -> None:
    """Not what its age holds too."""
    assert versions(company.steward("promotions", "--waiting", "--json")) == ["2.31.0"]
    assert versions(company.steward("promotions", PURL, "--waiting", "--json")) == ["2.31.0"]
    working(company, "approve", WAITING, *BECAUSE)
    nothing = company.steward("promotions", "--waiting")
    assert nothing.stdout == "no version waits for a person and for nothing else\n"
    both = company.steward("promotions", "--waiting", "--state", "refused")
    assert both.exit_code == 2
    assert "leave out --state" in both.stderr


@pytest.mark.parametrize("plan", [(), ("--plan",)], ids=["promote", "plan"])
def test_what_is_settled_is_not_judged_again(
    company: PromotingDomain, plan: tuple[str, ...]
) -> None:
    """Its gates are shown as they were then; what was copied just now is not settled."""
    copied = working(company, "approve", WAITING, *BECAUSE)
    assert "not judged again" not in copied.stdout
    said = working(company, "promote", WAITING, *plan)
    decided = company.records.find(company.seed("requests"), "2.31.0", "public-to-approved")
    assert decided is not None
    when = f"{decided.decided_at:%Y-%m-%d %H:%M} UTC"
    assert f"decided {when}, not judged again" in said.stdout
    settled = document(company.steward("promote", PURL, "--plan", "--json"))["promotions"]
    assert {one["version"]: one["settled"] for one in settled} == {
        "2.31.0": True,
        "2.32.4": False,
        "6.6.6": False,
    }


def test_what_was_copied_just_now_is_not_settled(company: PromotingDomain) -> None:
    """It was judged for this command."""
    company.deploy(MANUAL.replace("manual", "automatic"))
    said = working(company, "promote", WAITING)
    assert "in pypi-approved since" in said.stdout
    assert "not judged again" not in said.stdout


def test_a_recalled_version_that_is_restored_says_until_when(company: PromotingDomain) -> None:
    """By an exemption, unless somebody has rejected the version after it was made."""
    working(company, "approve", WAITING, *BECAUSE)
    working(company, "reject", WAITING, "--reason", "SEC-1234")
    now = datetime.now(UTC).replace(microsecond=0)
    there = replace(company.seed("requests"), repository=APPROVED)
    who = "arn:aws:iam::012345678901:user/jo"
    until = now + timedelta(days=7)
    for hours, restored in ((-1, None), (1, until.isoformat())):
        made = now + timedelta(hours=hours)
        company.domain.ledger.exempt(Exemption(there, "2.31.0", "r", who, "why", made, until))
        [one] = document(company.steward("promotions", WAITING, "--json"))["promotions"]
        assert (one["state"], one["restoredUntil"]) == ("recalled", restored)
    said = company.steward("promotions", WAITING).stdout
    assert (
        f"recalled, but restored until {until:%Y-%m-%d %H:%M} UTC (exemption by user/jo: why)"
        in said
    )


def test_who_said_no_before_somebody_said_yes_is_shown(company: PromotingDomain) -> None:
    """Both words, with their reasons."""
    working(company, "reject", WAITING, "--reason", "SEC-1234")
    said = working(company, "approve", WAITING, *BECAUSE).stdout
    assert "before: rejected by " in said
    assert "SEC-1234" in said
    [one] = document(company.steward("promotions", WAITING, "--json"))["promotions"]
    assert [(word["decision"], word["reason"]) for word in one["earlierWords"]] == [
        ("reject", "SEC-1234")
    ]


def test_an_approval_of_what_a_gate_refuses_is_kept_for_later(company: PromotingDomain) -> None:
    """The command says what it is good for; the outcome is its first line."""
    working(company, "approve", WAITING, *BECAUSE)
    working(company, "reject", WAITING, "--reason", "SEC-1234")
    company.vulnerable(malicious("requests", "2.31.0"))
    said = working(company, "approve", WAITING, *BECAUSE).stdout
    assert said.startswith("refused pkg:pypi/requests@2.31.0\n")
    assert "✗ vulnerabilities: is malicious" in said
    assert "The approval is kept: it counts for this revision as soon as no gate refuses" in said
    working(company, "reject", WAITING, "--reason", "no")
    again = document(working(company, "approve", WAITING, *BECAUSE, "--json"))
    assert again["note"].startswith("The approval is kept")


def test_gates_that_let_a_version_through_are_shown_on_request(company: PromotingDomain) -> None:
    """The outcome does not drown in them."""
    assert "✓" not in working(company, "approve", WAITING, *BECAUSE).stdout
    working(company, "reject", WAITING, "--reason", "no")
    assert "✓ status" in working(company, "approve", WAITING, *BECAUSE, "--gates").stdout


def test_the_command_that_closes_a_way_around_is_a_line(company: PromotingDomain) -> None:
    """Of the refusal, and of the plan: it can be copied whole."""
    company.domain.client.update_repository(
        domain=DOMAIN, repository=APPROVED.name, upstreams=[{"repositoryName": "pypi-intake"}]
    )
    refusal = company.steward("promote", PURL).stderr
    plan = company.steward("promote", PURL, "--plan").stdout
    for said in (refusal, plan):
        [command] = [line for line in said.splitlines() if "aws codeartifact" in line]
        assert command.startswith("  aws codeartifact update-repository --domain my-company ")
        assert command.endswith(f"--repository {APPROVED.name} --upstreams []")


def test_a_deployment_that_observes_says_so(company: PromotingDomain) -> None:
    """Else `approved` sounds as if a copy were on its way."""
    company.deploy(MANUAL.replace("manual", "automatic"), mode="observe")
    working(company, "promote", PURL)
    said = company.steward("promotions")
    assert "The deployment only observes: what is approved is not copied." in said.stdout
    assert document(company.steward("promotions", "--json"))["observing"] is True


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(
            ("--rule", "nope"), "has the rule nope; there is public-to-approved.", id="no rule"
        ),
        pytest.param(
            ("--repository", "nope"),
            "has the repository nope; there is pypi-intake.",
            id="no place",
        ),
    ],
)
def test_what_there_is_no_such_thing_of_is_an_error(
    company: PromotingDomain, arguments: tuple[str, str], said: str
) -> None:
    """The message says what there is."""
    result = company.steward("promotions", *arguments, "--json")
    assert result.exit_code == 1
    assert said in document(result)["problem"]


def test_a_rule_that_the_policy_has_no_more_is_known_by_its_records(
    company: PromotingDomain,
) -> None:
    """Also if none of them is in the state that is asked for."""
    company.deploy(MANUAL.replace("public-to-approved", "renamed"))
    result = company.steward("promotions", "--rule", "public-to-approved", "--state", "copied")
    assert result.exit_code == 0, result.stderr
    of_old = company.steward("promotions", "--rule", "public-to-approved", "--json")
    assert sorted(versions(of_old)) == ["2.31.0", "2.32.4", "6.6.6"]


def test_a_package_that_nobody_has_judged_is_named(company: PromotingDomain) -> None:
    """The message says what has it judged."""
    result = company.steward("promotions", "pkg:pypi/never-seen")
    assert result.stdout == (
        "nothing of pkg:pypi/never-seen was judged yet: `steward promote` has it judged\n"
    )


def test_who_approves_by_a_rule_that_is_not_there_learns_which_are(
    company: PromotingDomain,
) -> None:
    """Of the policy, and of those that have judged the version."""
    result = company.steward("approve", WAITING, *BECAUSE, "--rule", "nope", "--json")
    assert result.exit_code == 1
    assert document(result)["problem"] == (
        f"{WAITING} was never judged by the rule nope (the policy has no promotion called nope; it "
        "has public-to-approved); it was by public-to-approved."
    )


def test_the_domain_is_enough(company: PromotingDomain, tmp_path: Path) -> None:
    """With the policy of another one, what was judged says which rules there are."""
    policy = tmp_path / "policy.yaml"
    policy.write_text("domain: other-company\n")
    elsewhere = ("--domain", DOMAIN, "--policy", str(policy))
    listed = company.steward("promotions", *elsewhere, "--waiting", "--json")
    assert versions(listed) == ["2.31.0"]
    unknown = company.steward("promotions", *elsewhere, "--rule", "nope", "--json")
    assert unknown.exit_code == 1
    assert "has the rule nope; there is public-to-approved." in document(unknown)["problem"]
