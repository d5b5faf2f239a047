"""`steward approve` and `steward reject`, on a deployment whose functions are at work."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from steward.ledger import Exemption
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
    from click.testing import Result

    from promote_versions.records import Record
    from steward.coordinates import Package

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
ALSO = """\
  - name: public-to-urgent
    packages: /pypi/*
    from: pypi-intake
    to: pypi-urgent
    require: {approval: manual}
"""
VERSION = "pkg:pypi/requests@2.31.0"
YOUNG = "pkg:pypi/requests@2.32.4"
BAD = "pkg:pypi/requests@6.6.6"
BECAUSE = ("--reason", "read the diff to 2.30.0")


@pytest.fixture
def company(promoting: PromotingDomain) -> PromotingDomain:
    """Versions of `requests` wait: one for a person alone, one for its age too; one is refused."""
    promoting.deploy(MANUAL)
    package = promoting.seed("requests", old("2.31.0"), young("2.32.4"), old("6.6.6"))
    promoting.vulnerable(malicious("requests", "6.6.6"))
    judged(promoting, package)
    return promoting


def judged(domain: PromotingDomain, package: Package) -> None:
    """The deployment has judged *package*."""
    domain.steward("promote", package.purl(), "--wait", "0")
    domain.work()


def say(domain: PromotingDomain, *arguments: str) -> Result:
    """Run `steward approve` or `steward reject` while the functions are at work."""
    with domain.at_work():
        return domain.steward(*arguments)


def problem(result: Result) -> str:
    """Return what went wrong, as a program reads it and as a person does."""
    assert result.exit_code == 1
    said = document(result)
    assert said["ok"] is False
    assert f"Error: {said['problem']}" in result.stderr
    return str(said["problem"])


def record(domain: PromotingDomain, version: str, rule: str = "public-to-approved") -> Record:
    """Return what is decided about a version of `requests`."""
    found = domain.records.find(domain.seed("requests"), version, rule)
    assert found is not None
    return found


def test_an_approved_version_is_promoted(company: PromotingDomain) -> None:
    """The command waits until it is copied; who it was stands in what it shows."""
    assert record(company, "2.31.0").state == "held"
    result = say(company, "approve", VERSION, *BECAUSE)
    assert result.exit_code == 0, result.stderr
    assert company.promoted("requests") == {"2.31.0": "Published"}
    said = record(company, "2.31.0").approval
    assert said is not None
    assert f"approved by {said.who}" in result.stdout
    assert "read the diff to 2.30.0" in result.stdout
    assert "copied" in result.stdout


def test_an_approval_of_a_revision_is_of_no_other(company: PromotingDomain) -> None:
    """Who names the revision that they have read sends nothing about what came since."""
    read = ("--revision", record(company, "2.31.0").revision)
    assert say(company, "approve", VERSION, *BECAUSE, *read).exit_code == 0
    assert record(company, "2.31.0").state == "copied"
    other = company.steward("approve", YOUNG, *BECAUSE, "--revision", "another", "--json")
    assert "has changed" in problem(other)
    assert company.waiting() == 0
    assert record(company, "2.32.4").approval is None


def test_an_approval_as_json(company: PromotingDomain) -> None:
    """It is the record of the version, and says whether more is to come."""
    said = document(say(company, "approve", VERSION, *BECAUSE, "--json"))
    assert (said["ok"], said["state"], said["underWay"]) == (True, "copied", False)
    assert said["approval"]["decision"] == "approve"
    assert said["approval"]["reason"] == BECAUSE[1]


def test_other_gates_are_not_opened_by_an_approval(company: PromotingDomain) -> None:
    """The version is still too young; the command does not wait for that."""
    result = say(company, "approve", YOUNG, *BECAUSE, "--wait", "600")
    assert result.exit_code == 0, result.stderr
    assert record(company, "2.32.4").state == "held"
    assert "until " in result.stdout
    assert "must have been public for 7 days" in result.stdout
    assert company.promoted("requests") == {}


def test_a_repeated_approval_is_recorded_again(company: PromotingDomain) -> None:
    """The same words later are another approval."""
    say(company, "approve", YOUNG, *BECAUSE)
    first = record(company, "2.32.4").approval
    result = say(company, "approve", YOUNG, *BECAUSE)
    assert result.exit_code == 0, result.stderr
    second = record(company, "2.32.4").approval
    assert first is not None
    assert second is not None
    assert second.at > first.at


def test_an_approval_of_what_needs_none_does_not_wait_for_ever(company: PromotingDomain) -> None:
    """A rule without people holds the version for its age; that is all there is to show."""
    company.deploy(MANUAL.replace("manual", "automatic"))
    judged(company, company.seed("requests"))
    result = say(company, "approve", YOUNG, *BECAUSE, "--wait", "600", "--json")
    assert (document(result)["state"], document(result)["underWay"]) == ("held", False)


def test_several_promotions_need_a_rule(company: PromotingDomain) -> None:
    """Those that hold the version are named; one is chosen with --rule."""
    company.domain.seed({"name": "pypi-urgent"})
    company.deploy(MANUAL + ALSO)
    judged(company, company.seed("requests"))
    several = problem(say(company, "approve", VERSION, *BECAUSE, "--json"))
    assert "public-to-approved (held)" in several
    assert "public-to-urgent (held)" in several
    assert "--rule" in several
    chosen = ("--rule", "public-to-urgent")
    assert say(company, "approve", VERSION, *BECAUSE, *chosen).exit_code == 0
    assert record(company, "2.31.0", "public-to-urgent").state == "copied"
    assert record(company, "2.31.0").state == "held"


def test_what_nobody_waits_for(company: PromotingDomain) -> None:
    """It is said why nothing would change by it, and nothing is sent."""
    cases = {
        ("approve", "pkg:pypi/requests@9.9.9"): "was never judged",
        ("reject", "pkg:pypi/nothing@1.0"): "was never judged",
        ("approve", BAD): "a gate refuses it, which no approval changes: is malicious: MAL-2026-7",
        ("approve", "pkg:npm/left-pad@1.3.0"): "no rule of the policy's `promotions` is about pkg:",
    }
    for (decision, version), said in cases.items():
        assert said in problem(company.steward(decision, version, *BECAUSE, "--json"))
    of_a_rule = company.steward("approve", VERSION, *BECAUSE, "--rule", "other", "--json")
    assert "was never judged by the rule other" in problem(of_a_rule)
    assert company.waiting() == 0


def test_what_is_promoted_needs_no_approval(company: PromotingDomain) -> None:
    """Nothing is sent."""
    say(company, "approve", VERSION, *BECAUSE)
    result = company.steward("approve", VERSION, *BECAUSE, "--json")
    assert "nothing changes by that" in problem(result)
    assert "public-to-approved: it is promoted" in problem(result)
    assert company.waiting() == 0


def test_a_rejected_version_is_refused(company: PromotingDomain) -> None:
    """Whoever asks for it learns by whom and why."""
    result = say(company, "reject", VERSION, "--reason", "the maintainer's account was taken over")
    assert result.exit_code == 0, result.stderr
    assert "the maintainer's account was taken over" in result.stdout
    assert record(company, "2.31.0").state == "refused"
    again = company.steward("reject", VERSION, *BECAUSE, "--json")
    assert "it has been rejected already" in problem(again)


def test_who_has_rejected_may_approve_later(company: PromotingDomain) -> None:
    """The last word counts."""
    say(company, "reject", VERSION, "--reason", "no")
    result = say(company, "approve", VERSION, "--reason", "yes", "--json")
    assert document(result)["state"] == "copied"
    assert company.promoted("requests") == {"2.31.0": "Published"}


def test_a_version_that_a_gate_refuses_can_be_rejected_for_good(company: PromotingDomain) -> None:
    """It stays out when the gate opens."""
    result = say(company, "reject", BAD, "--reason", "never again", "--json")
    assert document(result)["state"] == "refused"
    company.vulnerable()
    judged(company, company.seed("requests"))
    assert record(company, "6.6.6").state == "refused"
    assert "never again" in record(company, "6.6.6").reason


def test_a_promoted_version_is_recalled_by_a_rejection(company: PromotingDomain) -> None:
    """It is archived in the destination, and stays where it came from."""
    say(company, "approve", VERSION, *BECAUSE)
    result = say(company, "reject", VERSION, "--reason", "it was bought by somebody")
    assert result.exit_code == 0, result.stderr
    assert "recalled" in result.stdout
    assert company.promoted("requests") == {"2.31.0": "Archived"}
    assert company.domain.statuses(company.seed("requests"))["2.31.0"] == "Published"
    again = say(company, "reject", VERSION, "--reason", "and by others", "--json")
    assert document(again)["state"] == "recalled"
    assert "and by others" in str(document(again)["findings"])


def test_who_approves_what_was_recalled_has_it_back(company: PromotingDomain) -> None:
    """One command does."""
    say(company, "approve", VERSION, *BECAUSE)
    say(company, "reject", VERSION, "--reason", "a mistake")
    result = say(company, "approve", VERSION, *BECAUSE, "--json")
    assert document(result)["state"] == "copied"
    assert company.promoted("requests") == {"2.31.0": "Published"}


def test_a_restored_version_can_be_rejected_again(company: PromotingDomain) -> None:
    """What comes after the exemption counts more than it does."""
    say(company, "approve", VERSION, *BECAUSE)
    say(company, "reject", VERSION, "--reason", "no")
    restored = restore(company)
    assert restored.exit_code == 0, restored.output
    assert company.promoted("requests") == {"2.31.0": "Published"}
    result = say(company, "reject", VERSION, "--reason", "really not", "--json")
    assert (document(result)["state"], document(result)["underWay"]) == ("recalled", False)
    assert company.promoted("requests") == {"2.31.0": "Archived"}


def restore(company: PromotingDomain, *arguments: str) -> Result:
    """Run `steward restore` for VERSION."""
    there = ("--repository", APPROVED.name, "--version", "2.31.0")
    because = ("--reason", "we need it")
    return company.steward("restore", "pkg:pypi/requests", *there, *because, *arguments)


def test_what_makes_a_restored_version_last_is_no_rule_of_origins(
    company: PromotingDomain,
) -> None:
    """That would make a public package internal; `restore` and `exemptions` say what does."""
    say(company, "approve", VERSION, *BECAUSE)
    say(company, "reject", VERSION, "--reason", "no")
    restored = document(restore(company, "--json"))
    assert restored["origins"] == ""
    [remedy] = restored["promotions"]
    assert (remedy["rule"], remedy["versions"]) == ("public-to-approved", ["2.31.0"])
    listed = document(company.steward("exemptions", "--json"))
    assert (listed["origins"], listed["promotions"]) == ("", [remedy])
    assert listed["exemptions"][0]["automation"] == "promote_versions"
    for said in (restore(company).stdout, company.steward("exemptions").stdout):
        assert remedy["remedy"] in said
        assert "origins" not in said
    [approve] = [line for line in remedy["remedy"].splitlines() if "steward approve" in line]
    assert say(company, *shlex.split(approve)[1:-1], "a mistake").exit_code == 0
    assert record(company, "2.31.0").state == "copied"
    end = ("--end", "pkg:pypi/requests", "--repository", APPROVED.name)
    ended = company.steward("exemptions", *end).stdout
    assert "daily recheck" in ended
    assert "steward enforce" not in ended


def test_who_rejects_before_an_exemption_learns_who_keeps_the_version(
    company: PromotingDomain,
) -> None:
    """By whom, why, until when, and how to end that."""
    say(company, "approve", VERSION, *BECAUSE)
    now = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    there = replace(company.seed("requests"), repository=APPROVED)
    who = "arn:aws:iam::012345678901:user/jo"
    company.domain.ledger.exempt(
        Exemption(there, "2.31.0", "r", who, "we need it", now, now + timedelta(days=7))
    )
    result = say(company, "reject", VERSION, "--reason", "no", "--wait", "3")
    said = " ".join(result.stdout.split())
    assert "not carried out after 3 s" in said
    assert "user/jo has exempted it after this was sent, because “we need it”" in said
    command = said.partition("To end that: `")[2].rpartition("`")[0]
    ended = company.steward(*shlex.split(command)[1:])
    assert ended.exit_code == 0, ended.output


def test_a_deployment_that_observes_takes_approvals_and_copies_nothing(
    company: PromotingDomain,
) -> None:
    """The command does not wait for a copy."""
    company.deploy(MANUAL, mode="observe")
    result = say(company, "approve", VERSION, *BECAUSE, "--wait", "600")
    assert result.exit_code == 0, result.stderr
    assert "The deployment only observes" in result.stdout
    assert record(company, "2.31.0").state == "approved"
    assert company.promoted("requests") == {}


def test_who_does_not_wait_is_told_where_to_look(company: PromotingDomain) -> None:
    """The message is on its queue, and nothing has changed yet."""
    result = company.steward("approve", VERSION, *BECAUSE, "--wait", "0")
    assert result.exit_code == 0
    assert result.stdout == (
        f"sent: {VERSION} is to be approved, by the rule public-to-approved. `steward promotions` "
        "shows what becomes of it.\n"
    )
    assert company.waiting() == 1
    company.work()
    assert company.promoted("requests") == {"2.31.0": "Published"}
    rejected = company.steward("reject", YOUNG, *BECAUSE, "--wait", "0", "--json")
    assert document(rejected) == {
        "ok": True,
        "sent": "reject",
        "packageUrl": YOUNG,
        "rule": "public-to-approved",
    }


def test_an_approval_that_is_ignored_times_out_with_where_to_look(
    company: PromotingDomain,
) -> None:
    """The version has changed after the command has read what is held."""
    company.ignored.add(company.queues.approvals)
    result = say(company, "approve", VERSION, *BECAUSE, "--wait", "1", "--json")
    assert problem(result).startswith("sent, but not recorded within 1 s.")
    assert "`approval ignored`" in problem(result)


def test_what_is_recorded_and_not_carried_out_in_time(company: PromotingDomain) -> None:
    """It is said, and no failure: the approval stands."""
    company.ignored.add(company.queues.copies)
    result = say(company, "approve", VERSION, *BECAUSE, "--wait", "1")
    assert result.exit_code == 0, result.stderr
    assert "It is recorded, and not carried out after 1 s" in result.stdout
    under_way = say(company, "reject", YOUNG, *BECAUSE, "--json")
    assert document(under_way)["state"] == "refused"


def test_the_repository_can_be_named_where_the_policy_is_another(
    company: PromotingDomain,
) -> None:
    """A policy without promotions knows the domain alone."""
    policy = ("--policy", company.domain.policy())
    where = ("--repository", INTAKE.name, "--domain", DOMAIN)
    company.deploy(MANUAL)
    result = say(company, "approve", VERSION, *BECAUSE, *where)
    assert result.exit_code == 0, result.stderr
    assert company.promoted("requests", APPROVED) == {"2.31.0": "Published"}
    rejected = company.domain.run(
        "reject", YOUNG, *BECAUSE, *where, "--domain-owner", ACCOUNT, "--wait", "0", *policy
    )
    assert rejected.exit_code == 0, rejected.stderr


def test_nothing_is_deployed(company: PromotingDomain) -> None:
    """The message says where it was looked for."""
    company.domain.forget_deployment()
    result = company.steward("approve", VERSION, *BECAUSE, "--json")
    assert "nothing is deployed for the domain" in problem(result)


def test_an_older_deployment_does_not_promote(company: PromotingDomain) -> None:
    """It was deployed before there were promotions."""
    company.domain.redescribe(promotions=None)
    result = company.steward("reject", VERSION, *BECAUSE, "--json")
    assert "was deployed before there were promotions" in problem(result)
