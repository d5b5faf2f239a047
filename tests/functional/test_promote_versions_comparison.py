"""What becomes of a copy whose assets are not, or may not be, those that passed the gates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from steward.coordinates import Package
from steward.copies import CopyRefusal, CopyResult, CopyService
from steward.errors import CodeArtifactError, PackageNotFoundError
from steward.version_contents import Asset, Assets
from tests.functional.copier_domain import APPROVED, INTAKE, CopierDomain, open_domain, package

if TYPE_CHECKING:
    from tests.functional.local_codeartifact import Local

WHEEL = {"one.whl": "a wheel"}
OTHER = Asset("one.whl", 7, {"SHA-256": "0" * 64})

Distortion = Callable[[Package, Assets], Assets]


@pytest.fixture
def domain(local: Local) -> CopierDomain:
    """Return the domain, in which one version is approved."""
    domain = open_domain(local)
    domain.seed(INTAKE, "one", {"1.0": WHEEL})
    domain.approve("one", "1.0")
    return domain


def in_approved(change: Callable[[Assets], Assets]) -> Distortion:
    """Return what changes the assets in approved."""
    return lambda held, assets: change(assets) if held.repository == APPROVED else assets


def in_intake(change: Callable[[Assets], Assets]) -> Distortion:
    """Return what changes the assets in intake."""
    return lambda held, assets: change(assets) if held.repository == INTAKE else assets


def other_bytes(assets: Assets) -> Assets:
    """Return assets with another hash."""
    return replace(assets, assets={"one.whl": OTHER})


def one_more(assets: Assets) -> Assets:
    """Return one asset more."""
    return replace(assets, assets={**assets.assets, "one.tar.gz": OTHER})


def of_a_newer_revision(change: Callable[[Assets], Assets]) -> Callable[[Assets], Assets]:
    """Return what *change* makes of them, at another revision."""
    return lambda assets: replace(change(assets), revision="a-newer-one")


MISMATCHES = [
    pytest.param(in_approved(other_bytes), "one.whl has another SHA-256", id="other bytes"),
    pytest.param(in_approved(one_more), "one.tar.gz is in approved", id="one more in approved"),
    pytest.param(in_intake(one_more), "one.tar.gz is in intake and not", id="one less in approved"),
    pytest.param(
        in_approved(lambda assets: replace(assets, assets={"one.whl": replace(OTHER, hashes={})})),
        "one.whl has another SHA-256",
        id="a hash that nobody knows",
    ),
]


@pytest.mark.parametrize(("distort", "words"), MISMATCHES)
def test_a_copy_that_does_not_match_is_archived(
    domain: CopierDomain, distort: Distortion, words: str
) -> None:
    """Refused, and a person told: nobody can download what has not passed the gates."""
    domain.distort = distort
    assert domain.deliver(domain.order("one", "1.0")) == []
    assert domain.there() == {"1.0": "Archived"}
    record = domain.record("one", "1.0")
    assert record.state == "refused"
    assert words in record.reason
    assert record.reason.endswith("It was archived in approved.")
    assert domain.announced.promoted == []
    assert [subject for subject, _ in domain.people.told] == ["pkg:pypi/one@1.0: not promoted"]


def test_the_others_of_the_order_are_promoted(domain: CopierDomain) -> None:
    """A bad one holds up nobody."""
    domain.seed(INTAKE, "one", {"1.1": WHEEL | {"more.whl": "x"}})
    domain.approve("one", "1.1")
    domain.distort = in_approved(
        lambda assets: assets if len(assets.assets) > 1 else other_bytes(assets)
    )
    domain.deliver(domain.order("one", "1.0", "1.1"))
    assert domain.there() == {"1.0": "Archived", "1.1": "Published"}
    assert (domain.record("one", "1.0").state, domain.record("one", "1.1").state) == (
        "refused",
        "copied",
    )


def test_a_mismatch_that_cannot_be_archived_says_so(
    domain: CopierDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person has to do it."""
    from steward.codeartifact import CodeArtifactService, Refusal, StatusChanges

    monkeypatch.setattr(  # CodeArtifact has no way to refuse this that can be set up
        CodeArtifactService,
        "set_status",
        lambda _self, _package, versions, _target: StatusChanges(
            (), (Refusal(versions[0], "NOT_ALLOWED", "no"),)
        ),
    )
    domain.distort = in_approved(other_bytes)
    domain.deliver(domain.order("one", "1.0"))
    assert (
        "could not be archived in approved (NOT_ALLOWED no): archive it by hand."
        in (domain.people.told[0][1])
    )


SINCE = [
    pytest.param(in_intake(of_a_newer_revision(one_more)), id="it has one asset more by now"),
    pytest.param(in_intake(of_a_newer_revision(lambda same: same)), id="only its revision changed"),
]


@pytest.mark.parametrize("distort", SINCE)
def test_a_source_that_has_more_by_now_is_no_mismatch(
    domain: CopierDomain, distort: Distortion
) -> None:
    """The copy was pinned to its revision, and all that it has is still there."""
    domain.distort = distort
    domain.deliver(domain.order("one", "1.0"))
    assert domain.there() == {"1.0": "Published"}
    assert (domain.record("one", "1.0").state, domain.people.told) == ("copied", [])


def test_a_source_that_differs_by_now_is_reported(domain: CopierDomain) -> None:
    """What was copied had passed the gates, but its assets cannot be compared any more."""
    domain.distort = in_intake(of_a_newer_revision(other_bytes))
    domain.deliver(domain.order("one", "1.0"))
    assert domain.there() == {"1.0": "Published"}
    record = domain.record("one", "1.0")
    assert record.state == "copied"
    assert "could not be compared" in record.findings[0]
    assert domain.asked.looks == [("one", None)]
    assert len(domain.people.told) == 1


def test_a_source_that_is_gone_by_now_is_reported(domain: CopierDomain) -> None:
    """The same: CodeArtifact has copied the revision that passed."""

    def gone(_: Assets) -> Assets:
        raise PackageNotFoundError("ListPackageVersionAssets", "ResourceNotFoundException", "gone")

    domain.distort = in_intake(gone)
    domain.deliver(domain.order("one", "1.0"))
    assert domain.record("one", "1.0").state == "copied"
    assert len(domain.people.told) == 1


def test_a_comparison_that_fails_leaves_the_version_approved(domain: CopierDomain) -> None:
    """It is ordered again, found there, and compared then."""

    def down(_: Assets) -> Assets:
        raise CodeArtifactError("ListPackageVersionAssets", "ThrottlingException", "slow down")

    domain.distort = in_approved(down)
    order = domain.order("one", "1.0")
    assert domain.deliver(order) == []
    assert domain.record("one", "1.0").state == "approved"
    assert [name for name, _ in domain.asked.looks] == ["one"]
    domain.distort = lambda _, assets: assets
    domain.deliver(order)
    assert domain.record("one", "1.0").state == "copied"


def test_an_answer_that_means_nothing_is_asked_for_again(
    domain: CopierDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version stays approved, and the judge orders it again."""
    from tests.functional import copier_domain

    class Silent(CopyService):
        def copy(
            self,
            package: Package,  # noqa: ARG002  the interface
            to: str,  # noqa: ARG002  the interface
            revisions: Mapping[str, str],
            *,
            overwrite: bool = False,  # noqa: ARG002  the interface
        ) -> CopyResult:
            refused = (CopyRefusal(one, "SKIPPED", "skipped although alone") for one in revisions)
            return CopyResult(refused=tuple(refused))

    monkeypatch.setattr(copier_domain, "CopyService", Silent)  # the emulator has no such answer
    assert domain.deliver(domain.order("one", "1.0")) == []
    assert domain.record("one", "1.0").state == "approved"
    assert [name for name, _ in domain.asked.looks] == ["one"]


def test_a_held_one_whose_source_changed_goes_through_the_gates_again(
    domain: CopierDomain,
) -> None:
    """Before anything is copied over it."""
    domain.seed(APPROVED, "one", {"1.0": {"one.whl": "other bytes"}})
    domain.distort = in_intake(of_a_newer_revision(lambda same: same))
    domain.deliver(domain.order("one", "1.0"))
    assert domain.record("one", "1.0").state == "held"
    assert domain.asked.looks == [("one", None)]


def test_versions_with_the_same_assets_count_as_promoted(domain: CopierDomain) -> None:
    """Though CodeArtifact calls them different, for what stands beside the assets."""
    packages = [
        {
            "format": "pypi",
            "package": "one",
            "versions": [
                {
                    "version": "1.0",
                    "assets": [{"name": "one.whl", "content": "a wheel"}],
                    "metadata": {"summary": "said otherwise"},
                }
            ],
        }
    ]
    repositories = [{"name": "approved", "packages": packages}]
    domain.local.seed({"domains": [{"name": "my-company", "repositories": repositories}]})
    order = domain.order("one", "1.0")
    answer = domain.copy(package(), "approved", order.revisions)
    assert [one.code for one in answer.refused] == ["ALREADY_EXISTS"]
    domain.deliver(order)
    record = domain.record("one", "1.0")
    assert record.state == "copied"
    held = domain.gateway.versions(replace(package(), repository=APPROVED))
    assert record.copied_revision == held[0].revision
