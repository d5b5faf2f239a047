"""Two automations in one domain: neither keeps the other awake, and both reach their end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from enforce_origin_controls.collaborators import Collaborators as Enforcing
from enforce_origin_controls.package import reconcile
from steward.codeartifact import CodeArtifactService
from steward.patterns import parse
from steward.policy import SnapshotRule
from tests.functional.deployed_domain import DeployedDomain, deployed, other_services, package
from tests.functional.origin_company import DONE, OriginCompany
from tests.functional.origin_domain import INTERNAL
from tests.functional.origin_policy import POLICY
from tests.functional.watched_domain import batch_of
from tests.unit.fake_origin_domain import RecordingAttention, RecordingNotices
from tests.unit.recorders import RecordingQueue, UnlistedVersions
from unlist_snapshot_builds.app import Collaborators as Unlisting
from unlist_snapshot_builds.app import unlist_in_batch

__all__ = ["deployed", "other_services"]

ROUNDS = 5


def unlist(company: OriginCompany, bus: UnlistedVersions) -> None:
    """The first automation works on everything that its rule has queued."""
    assert company.state.events.drain()
    events = list(company.for_unlisting)
    company.for_unlisting.clear()
    rule = SnapshotRule("snapshots[0]", (parse("/npm/*"),), ("*",), timedelta(hours=1))
    to = Unlisting(
        codeartifact=CodeArtifactService(company.client),
        policy=replace(company.policy, snapshots=(rule,)),
        ledger=company.ledger,
        own_queue=RecordingQueue(),
        notices=bus,
        now=lambda: company.now,
    )
    assert unlist_in_batch(batch_of(events), to) == DONE


@pytest.mark.parametrize("enforced_first", [True, False], ids=["enforced first", "unlisted first"])
def test_both_reach_their_end_and_then_both_rest(
    company: OriginCompany, *, enforced_first: bool
) -> None:
    """Our builds and one from outside, worked on by both in turns until no event is left."""
    team, _ = company.connected()
    ours = company.named(repository=team)
    company.offer(ours, "99.0.0-dev.1")
    company.fetch(ours, "99.0.0-dev.1").raise_for_status()
    company.restrict(ours, publish="ALLOW", upstream="ALLOW")  # by default it is BLOCK/ALLOW now
    for number in (9, 10):
        company.publish(ours, f"1.4.0-dev.{number}").raise_for_status()
    bus = UnlistedVersions()

    for round_number in range(ROUNDS):
        if enforced_first or round_number:
            company.deliver_queued()
            company.look_again()
        unlist(company, bus)
    company.deliver_queued()

    assert company.statuses(ours) == {
        "1.4.0-dev.9": "Unlisted",
        "1.4.0-dev.10": "Published",
        "99.0.0-dev.1": "Archived",
    }
    assert company.restrictions(ours) == INTERNAL
    assert bus.announced == ["1.4.0-dev.9"]
    assert len([one for one in company.told("archived") if one[0] == ours]) == 1
    company.forget_requests()
    assert company.take_queued() == []
    assert company.for_unlisting == []
    assert company.requests() == {}


def test_a_lost_message_is_remembered_by_the_real_table(deployed: DeployedDomain) -> None:
    """It is told at the next look, with the time of the change, and then no more."""
    ui = package("ui")
    outside = {"originType": "EXTERNAL"}
    deployed.seed(
        {
            "name": ui.repository.name,
            "externalConnection": "public:npmjs",
            "packages": [
                {
                    "format": "npm",
                    "namespace": "mycompany",
                    "package": "ui",
                    "versions": [{"version": "99.0.0", "origin": outside}],
                }
            ],
        }
    )
    attention, notices = RecordingAttention(delivers=False), RecordingNotices()
    to = Enforcing(
        codeartifact=CodeArtifactService(deployed.client),
        policy=POLICY,
        ledger=deployed.ledger,
        own_queue=RecordingQueue(),
        notices=notices,
        attention=attention,
        now=lambda: datetime.now(UTC),
    )
    rule = POLICY.origins[0]

    assert reconcile(ui, rule, to).error is None
    assert deployed.statuses(ui) == {"99.0.0": "Archived"}
    attention.delivers = True
    for _ in range(3):
        assert reconcile(ui, rule, to).error is None

    ((_, text),) = attention.messages
    change = deployed.ledger.changes(ui)[0]
    assert change.at.isoformat(timespec="seconds") in text
    assert "99.0.0 (Published), came in through public:npmjs: archived" in text
