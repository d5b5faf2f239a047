"""The announcement of a sweep's end on the event bus, against a client that remembers it."""

from __future__ import annotations

import json

import pytest

from steward import clients
from steward.sweep_notices import BusSweepNotices, Outcome, SweepReport
from tests.unit.fake_codeartifact import refused
from tests.unit.fake_sweeps import ACCOUNT, DOMAIN, NOW, STARTED
from tests.unit.logged_lines import Lines
from tests.unit.test_notices import FakeBus


def report(outcome: Outcome = "finished") -> SweepReport:
    """Return what a sweep has done."""
    return SweepReport(
        domain=DOMAIN,
        domain_owner=ACCOUNT,
        run="run-1",
        outcome=outcome,
        mode="enforce",
        started=STARTED,
        finished=NOW,
        repositories=2,
        packages={"seen": 5, "lookedAt": 3, "failed": 1},
        versions={"lookedAt": 9, "planned": 3},
        deletions=3,
        deletions_limit=500,
        calls=12,
        cost_per_month=0.0018,
        summary="runs/run-1/summary.json",
    )


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        ("finished", "Sweep Finished"),
        ("nothing to do", "Sweep Finished"),
        ("planned", "Sweep Finished"),
        ("stopped", "Sweep Stopped"),
        ("another sweep is running", "Sweep Stopped"),
        ("another policy", "Sweep Stopped"),
    ],
)
def test_the_end_of_a_sweep_is_announced(
    monkeypatch: pytest.MonkeyPatch, outcome: Outcome, kind: str
) -> None:
    """As finished, or as stopped if it changed nothing because it may not have."""
    bus = FakeBus()
    monkeypatch.setattr(clients, "events", lambda: bus)
    BusSweepNotices().sweep_ended(report(outcome))
    [[entry]] = bus.calls
    assert (entry["Source"], entry["DetailType"]) == ("codeartifact.steward", kind)
    assert json.loads(entry["Detail"]) == {
        "automation": "sweep_repositories",
        "domainName": "my-company",
        "domainOwner": "012345678901",
        "run": "run-1",
        "outcome": outcome,
        "mode": "enforce",
        "startedAt": "2026-03-01T02:00:00+00:00",
        "finishedAt": "2026-03-01T02:10:00+00:00",
        "repositories": 2,
        "packages": {"seen": 5, "lookedAt": 3, "failed": 1},
        "versions": {"lookedAt": 9, "planned": 3},
        "deletions": 3,
        "deletionsLimit": 500,
        "calls": 12,
        "estimatedCostPerMonth": 0.0018,
        "summary": "runs/run-1/summary.json",
    }


def unreachable(**_: object) -> object:
    """Fail as a bus that is not there."""
    raise refused("PutEvents", "ServiceUnavailable")


@pytest.mark.parametrize("way", ["refused", "unreachable"])
def test_a_notice_that_is_lost_is_logged(
    way: str, monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    """With all it says; nothing is raised."""
    bus = FakeBus(accepts=0)
    if way == "unreachable":
        monkeypatch.setattr(bus, "put_events", unreachable)
    monkeypatch.setattr(clients, "events", lambda: bus)
    BusSweepNotices().sweep_ended(report())
    [lost] = lines.of("notice lost")
    assert lost["kind"] == "Sweep Finished"
    assert json.loads(str(lost["detail"]))["run"] == "run-1"
