"""
What sweeps ask of AWS, and what expiry asks on events, their roles in the template allow.

The local stack does not enforce roles: here it is asked which function made which request.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from steward.coordinates import Package, Repository
from steward.ledger import DynamoDbLedger, Exemption
from tests.contract.cloudformation import deployed
from tests.contract.test_least_privilege import allowed
from tests.end_to_end.disturbed_sweeps import before_step
from tests.end_to_end.noted_requests import NO_FUNCTION, Mode, Played, play, rights
from tests.end_to_end.played_sweeps import MACHINE, events_of, founded, seed, state, sweep
from tests.end_to_end.played_template import until
from tests.end_to_end.swept_company import APPROVED, DAY, DOMAIN, INTAKE, POLICY, TEAM, Company

PLAN, APPLY = "PlanSweepFunction", "ApplySweepFunction"
EXPIRE, UNLIST = "ExpireVersionsFunction", "UnlistSnapshotBuildsFunction"
# A lock file is read when the policy is built; and a rule that asks for packages' groups.
RULES: Final = POLICY.replace("    lockfiles: package-lock.json\n", "").replace(
    "    kind: internal\n", "    kind: internal\n  - packages: /nuget/*\n    kind: inferred\n"
)
# What Lambda does itself with the roles: it polls queues, and writes what functions print.
BY_LAMBDA = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
}

# No request: with it S3 says that a file is not there, and without it that it may not be read
# (GetObject, S3 API Reference).
UNASKED = {"s3:ListBucket"}


def prepare(played: Played) -> Company:
    """Make a company, and a package whose door its versions have to tell."""
    seed(played.stack, {"name": TEAM}, {"name": INTAKE}, {"name": APPROVED})
    company = founded(played.stack, 0)
    inferred = {
        "format": "nuget",
        "package": "ours",
        "restrictions": {"publish": "ALLOW", "upstream": "ALLOW"},
        "versions": [{"version": "1.0.0"}],
    }
    seed(played.stack, {"name": TEAM, "packages": [inferred]})
    return company


def meddle(played: Played, company: Company) -> None:
    """Between plan and apply somebody archives a version, and wants another one to stay."""
    name, now = company.name("tool"), company.now
    team = Repository(DOMAIN, played.stack.options.account, TEAM)
    package = Package(team, "npm", "lab", name)
    stays = Exemption(package, "9.0.0", "retention[2]", "jo", "", now, now + 30 * DAY)
    DynamoDbLedger(played.stack.reference("LedgerTable")).exempt(stays)
    played.client("codeartifact").update_package_versions_status(
        domain=DOMAIN,
        repository=TEAM,
        format="npm",
        namespace="lab",
        package=name,
        versions=["3.0.0-beta.1"],
        targetStatus="Archived",
    )


def mine(mode: Mode, function: str) -> set[str]:
    """Return what the role of *function* allows, what Lambda and S3 need left out."""
    return rights(mode, function) - BY_LAMBDA - UNASKED


def test_what_a_sweep_asks_for_is_allowed_and_nothing_else_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is stopped, one is disturbed, one finds what was left."""
    with play("enforce", tmp_path, RULES) as played:
        monkeypatch.setattr("steward.clients.dynamodb", lambda: played.client("dynamodb"))
        company = prepare(played)
        noted = played.requests.actions
        noted.clear()
        assert sweep(played.stack, allowDeletions=0).outcome == "stopped"
        with before_step(played.stack, "apply", lambda: meddle(played, company)):
            swept = sweep(played.stack)
        assert (swept.total("refused"), swept.total("kept")) == (1, 1)
        assert sweep(played.stack).outcome == "finished"
        asked = {name: set(actions) for name, actions in noted.items()}
    assert asked[PLAN] == mine("enforce", PLAN)
    assert asked[APPLY] == mine("enforce", APPLY)
    machine = {action for action, _ in allowed(deployed(Mode="enforce"), f"{MACHINE}Role")}
    assert asked[NO_FUNCTION] == {one for one in machine if one.startswith(("lambda:", "s3:"))}


def test_what_a_sweep_asks_for_to_observe_is_allowed(tmp_path: Path) -> None:
    """The half that writes is not asked for anything."""
    with play("observe", tmp_path, RULES) as played:
        company = prepare(played)
        assert sweep(played.stack).outcome == "planned"
        assert state(played.stack, company) == company.before()
        asked = played.requests.actions
    assert APPLY not in asked
    assert asked[PLAN] <= mine("observe", PLAN)
    assert {"states:ListExecutions", "s3:PutObject", "events:PutEvents"} <= asked[PLAN]


@pytest.mark.parametrize("mode", ["enforce", "observe"])
def test_what_is_asked_for_on_events_is_allowed(tmp_path: Path, mode: Mode) -> None:
    """Expiry and builds that are replaced, with the ledger."""
    with play(mode, tmp_path, RULES) as played:
        company = prepare(played)
        events_of(played.stack, company)
        until(lambda: played.stack.messages_left <= 1)
        asked = played.requests.actions
    for function in (EXPIRE, UNLIST):
        assert asked[function] <= mine(mode, function)
    assert "dynamodb:Query" in asked[EXPIRE]
