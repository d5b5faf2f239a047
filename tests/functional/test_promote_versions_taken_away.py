"""Versions that somebody takes away: their publisher outside, or a person in the destination."""

from __future__ import annotations

from datetime import timedelta

from promote_versions import messages
from promote_versions.repository import missing_in
from promote_versions.seen import destined
from steward.codeartifact import CodeArtifactService
from steward.coordinates import Package
from steward.promotion_rules import Requirements, matcher
from tests.functional.promotion_domain import APPROVED, INTAKE, PromotionDomain, to_approved
from tests.functional.watched_domain import where

LIST = "ListPackageVersions"
DESCRIBE = "DescribePackageVersion"


def promoted(promotions: PromotionDomain, *versions: str) -> Package:
    """Return a package of which these versions are promoted."""
    package = promotions.seed(promotions.new_package(), *versions)
    promotions.events_of(package)
    promotions.come_to_rest()
    assert promotions.there(package) == dict.fromkeys(versions, "Published")
    return package


def delete(promotions: PromotionDomain, package: Package, version: str) -> None:
    """Somebody deletes a version from the destination."""
    place = where(destined(package, APPROVED))
    promotions.client.delete_package_versions(**place, versions=[version])


def request(promotions: PromotionDomain, package: Package) -> None:
    """Somebody runs `steward promote` for a package."""
    digest = promotions.policy.digest
    body = messages.look(package, request="1", policy_digest=digest)
    assert promotions.judge(body) == {"batchItemFailures": []}


def missing(promotions: PromotionDomain, *, anew: bool) -> dict[str, list[str]]:
    """Return the versions that are missing in the destination, by package."""
    found = missing_in(
        INTAKE,
        codeartifact=CodeArtifactService(promotions.client),
        policy=promotions.policy,
        records=promotions.records,
        now=promotions.now,
        anew=anew,
    )
    return {one.package.name: [each.version for each in one.versions] for one in found}


def test_what_is_yanked_outside_is_recalled(promotions: PromotionDomain) -> None:
    """Where no gate has asked for it, the daily check does; the publisher's reason is kept."""
    promotions.by(to_approved(recall="unlist"))
    package = promotions.seed(promotions.new_package(), "1.0")
    promotions.seed(package, "1.1", yanked="broken on leap days")
    promotions.events_of(package)
    promotions.come_to_rest()
    assert promotions.states(package) == {"1.0": "copied", "1.1": "copied"}
    promotions.recheck_everything()
    assert promotions.states(package) == {"1.0": "copied", "1.1": "recalled"}
    assert promotions.there(package) == {"1.0": "Published", "1.1": "Unlisted"}
    assert "broken on leap days" in promotions.record(package, "1.1").reason


def test_what_a_person_deletes_from_the_destination_stays_away(promotions: PromotionDomain) -> None:
    """Neither an event, nor the schedules, nor a sweep of the repository bring it back."""
    package = promoted(promotions, "1.0", "1.1")
    delete(promotions, package, "1.1")
    promotions.events_of(package)
    promotions.wait(timedelta(days=2))
    promotions.recheck_everything()
    assert promotions.there(package) == {"1.0": "Published"}
    assert package.name not in missing(promotions, anew=False)


def test_whoever_asks_for_it_has_it_back(promotions: PromotionDomain) -> None:
    """`steward promote`, of the package or of all that is missing; what is there is left alone."""
    package = promoted(promotions, "1.0", "1.1")
    delete(promotions, package, "1.1")
    assert missing(promotions, anew=True)[package.name] == ["1.1"]
    promotions.forget_requests()
    request(promotions, package)
    assert promotions.requests()[LIST] == 2
    assert promotions.requests()[DESCRIBE] == 1
    assert [list(one.revisions) for one in promotions.copies.orders] == [["1.1"]]
    promotions.come_to_rest()
    assert promotions.there(package) == {"1.0": "Published", "1.1": "Published"}
    assert promotions.states(package) == {"1.0": "copied", "1.1": "copied"}
    assert package.name not in missing(promotions, anew=True)


def test_it_passes_the_gates_of_today_or_stays_away(promotions: PromotionDomain) -> None:
    """That it was promoted once counts for nothing."""
    package = promoted(promotions, "1.0")
    delete(promotions, package, "1.0")
    promotions.by(to_approved(Requirements(deny=(matcher(package.purl()),))))
    request(promotions, package)
    promotions.come_to_rest()
    assert promotions.states(package) == {"1.0": "refused"}
    assert promotions.there(package) == {}


def test_what_a_list_leaves_out_is_there_nevertheless(promotions: PromotionDomain) -> None:
    """Two texts of AWS disagree about archived versions: what somebody archived is left alone."""
    package = promoted(promotions, "1.0")
    promotions.set_status(destined(package, APPROVED), "Archived", "1.0")
    with promotions.faults(switches={"listHidesArchived": True}):
        request(promotions, package)
        promotions.come_to_rest()
    assert promotions.states(package) == {"1.0": "copied"}
    assert promotions.there(package) == {"1.0": "Archived"}
