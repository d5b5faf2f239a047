"""Versions that are in the destination already and out of use there: which come back, by whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from promote_versions.records import Approval
from steward.coordinates import Package, PackageVersion
from tests.functional.copier_domain import APPROVED, NOW, CopierDomain, open_domain, package

if TYPE_CHECKING:
    from steward.codeartifact import TargetStatus
    from tests.functional.local_codeartifact import Local

WHEEL = {"one.whl": "a wheel"}
THERE = Package(APPROVED, "pypi", None, "one")
APPROVAL = Approval("approve", "AIDA:anna", "a mistake in OSV", NOW, "")
RECALLED = NOW - timedelta(hours=1)


@pytest.fixture
def domain(local: Local) -> CopierDomain:
    """Return the domain of the copier."""
    return open_domain(local)


def out_of_use(
    domain: CopierDomain,
    status: TargetStatus,
    *,
    recalled: bool = True,
    approval: Approval | None = APPROVAL,
) -> None:
    """A version was promoted, is out of use in approved, and has been judged and let through."""
    domain.seed(package().repository, "one", {"1.0": WHEEL})
    domain.approve("one", "1.0")
    domain.deliver(domain.order("one", "1.0"))
    domain.gateway.set_status(THERE, [PackageVersion("1.0", "Published")], status)
    promoted = domain.record("one", "1.0")
    if approval is not None and not approval.revision:
        approval = replace(approval, revision=promoted.revision)
    domain.records.put(
        replace(
            promoted,
            state="approved",
            due=NOW,
            approval=approval,
            findings=("it has GHSA-1 (critical)",),
            recalled_at=RECALLED if recalled else None,
        )
    )
    domain.announced.promoted.clear()


@pytest.mark.parametrize("restores", [False, True])
@pytest.mark.parametrize("status", ["Unlisted", "Archived"])
def test_a_recalled_version_that_a_person_approves_is_published(
    domain: CopierDomain, status: TargetStatus, *, restores: bool
) -> None:
    """Whatever an identical copy does; what was found before speaks against it no more."""
    domain.local.faults(identicalCopyRestoresStatus=restores)
    out_of_use(domain, status)
    assert domain.deliver(domain.order("one", "1.0")) == []
    assert domain.there() == {"1.0": "Published"}
    record = domain.record("one", "1.0")
    assert (record.state, record.findings, record.recalled_at) == ("copied", (), None)
    assert [name for name, _ in domain.announced.promoted] == ["one"]
    assert domain.people.told == []


@pytest.mark.parametrize(
    ("recalled", "approval"),
    [
        pytest.param(True, None, id="nobody has approved it"),
        pytest.param(True, replace(APPROVAL, at=RECALLED), id="it was approved before the recall"),
        pytest.param(True, replace(APPROVAL, revision="another"), id="another revision"),
        pytest.param(False, APPROVAL, id="it was never recalled"),
    ],
)
def test_what_somebody_has_taken_out_of_use_stays_so(
    domain: CopierDomain, approval: Approval | None, *, recalled: bool
) -> None:
    """The record does not say that it is promoted, and a person is told once."""
    out_of_use(domain, "Archived", recalled=recalled, approval=approval)
    approved = domain.record("one", "1.0")
    for _ in range(2):
        domain.deliver(domain.order("one", "1.0"))
        assert domain.there() == {"1.0": "Archived"}
        record = domain.record("one", "1.0")
        assert record.state == "refused"
        assert "it is Archived there" in record.reason
        domain.records.put(replace(record, state="approved", revision=approved.revision))
    assert [subject for subject, _ in domain.people.told] == ["pkg:pypi/one@1.0: not promoted"]
    assert domain.announced.promoted == []


def test_what_cannot_be_compared_any_more_is_not_brought_back(domain: CopierDomain) -> None:
    """The source has changed while the order was carried out: the gates are asked again."""
    out_of_use(domain, "Archived")
    order = domain.order("one", "1.0")
    domain.distort = lambda where, assets: (
        assets if where.repository == APPROVED else replace(assets, revision="new", assets={})
    )
    domain.deliver(order)
    assert domain.there() == {"1.0": "Archived"}
    assert domain.record("one", "1.0").state == "held"
    assert domain.asked.looks == [("one", None)]


def test_a_status_that_cannot_be_set_is_tried_again(domain: CopierDomain) -> None:
    """The record stays `approved`, and the judge is asked to order it again."""
    out_of_use(domain, "Archived")
    order = domain.order("one", "1.0")
    domain.local.faults(throttle={"UpdatePackageVersionsStatus": 0})
    domain.deliver(order)
    assert domain.record("one", "1.0").state == "approved"
    assert domain.asked.looks == [("one", timedelta(minutes=6))]
    domain.local.faults()
    domain.deliver(order)
    assert domain.there() == {"1.0": "Published"}


def test_looking_at_the_status_costs_one_list_an_order(domain: CopierDomain) -> None:
    """Only if something was there already, and however many versions were."""
    versions = ["1.0", "1.1", "1.2"]
    domain.seed(package().repository, "one", dict.fromkeys(versions, WHEEL))
    domain.approve("one", *versions)
    order = domain.order("one", *versions)
    domain.deliver(order)
    for version in versions:
        domain.records.put(replace(domain.record("one", version), state="approved"))
    before = domain.local.requests().get("ListPackageVersions", 0)
    domain.deliver(order)
    assert domain.local.requests()["ListPackageVersions"] - before == 1
