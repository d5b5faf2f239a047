"""Promotion at work: what people see happen to versions, on a local CodeArtifact with OSV."""

from __future__ import annotations

from datetime import timedelta

import pytest

from promote_versions import messages
from promote_versions.seen import destined
from steward.promotion_rules import (
    Licences,
    MinimumAge,
    Requirements,
    Vulnerabilities,
)
from tests.functional.promotion_domain import (
    APPROVED,
    NOW,
    PromotionDomain,
    malicious,
    to_approved,
    vulnerable,
)

AGED = Requirements(minimum_age=MinimumAge(timedelta(days=7)))
SAFE = Requirements(vulnerabilities=Vulnerabilities("high"))
MANUAL = Requirements(approval="manual")
MIT_ONLY = Requirements(licences=Licences(allow=frozenset({"MIT"})))
EVERYTHING = Requirements(
    minimum_age=MinimumAge(timedelta(days=7), security_fixes=True),
    vulnerabilities=Vulnerabilities("high"),
    licences=Licences(allow=frozenset({"MIT"})),
)


def test_a_version_that_is_too_young_is_held_and_promoted_later(
    promotions: PromotionDomain,
) -> None:
    """Seven days after its public release, and not a second before."""
    promotions.by(to_approved(AGED))
    package = promotions.seed(promotions.new_package(), "1.0")
    promotions.seed(package, "1.1", released=NOW - timedelta(days=5))
    promotions.events_of(package)
    promotions.come_to_rest()
    assert promotions.states(package) == {"1.0": "copied", "1.1": "held"}
    assert promotions.record(package, "1.1").due == NOW + timedelta(days=2)
    promotions.wait(timedelta(days=2) - timedelta(seconds=1))
    assert promotions.there(package) == {"1.0": "Published"}
    promotions.wait(timedelta(seconds=1))
    assert promotions.there(package) == {"1.0": "Published", "1.1": "Published"}


def test_a_security_fix_passes_at_once_if_the_rule_says_so(promotions: PromotionDomain) -> None:
    """The vulnerable version before it is refused, the version after it waits."""
    promotions.by(to_approved(EVERYTHING))
    package = promotions.new_package()
    promotions.osv_knows(vulnerable(package, "CRITICAL", "1.0", fixed=["1.1"]))
    promotions.seed(package, "1.0")
    promotions.seed(package, "1.1", "1.2", released=NOW - timedelta(hours=1))
    promotions.events_of(package)
    promotions.come_to_rest()
    assert promotions.states(package) == {"1.0": "refused", "1.1": "copied", "1.2": "held"}


def test_a_malicious_version_is_refused_and_never_copied(promotions: PromotionDomain) -> None:
    """Whatever anybody approves; a person is told once."""
    promotions.by(
        to_approved(Requirements(vulnerabilities=SAFE.vulnerabilities, approval="manual"))
    )
    package = promotions.seed(promotions.new_package(), "1.0")
    promotions.osv_knows(malicious(package, "1.0"))
    promotions.events_of(package)
    promotions.come_to_rest()
    promotions.say("approve", package, "1.0")
    promotions.come_to_rest()
    assert promotions.states(package) == {"1.0": "refused"}
    assert promotions.there(package) == {}
    assert [subject for subject, _ in promotions.attention.messages] == [
        "Malicious package in intake of my-company"
    ]


def test_a_version_waits_for_a_person(promotions: PromotionDomain) -> None:
    """Who is asked once; approved, it is promoted; rejected, taken out; approved, it is back."""
    promotions.by(to_approved(MANUAL))
    package = promotions.seed(promotions.new_package(), "1.0")
    promotions.events_of(package)
    promotions.events_of(package)
    promotions.come_to_rest()
    ((_, text),) = promotions.attention.messages
    assert f"steward approve pkg:pypi/{package.name}@1.0 --rule approve" in text
    assert promotions.there(package) == {}
    promotions.say("approve", package, "1.0")
    promotions.come_to_rest()
    assert promotions.there(package) == {"1.0": "Published"}
    promotions.now += timedelta(days=1)
    promotions.say("reject", package, "1.0")
    promotions.come_to_rest()
    assert promotions.there(package) == {"1.0": "Archived"}
    assert promotions.states(package) == {"1.0": "recalled"}
    promotions.now += timedelta(days=1)
    promotions.say("approve", package, "1.0")
    promotions.come_to_rest()
    assert promotions.there(package) == {"1.0": "Published"}
    assert promotions.states(package) == {"1.0": "copied"}
    promotions.recheck_everything()
    assert promotions.there(package) == {"1.0": "Published"}


@pytest.mark.parametrize("licences", [["as you like it"], []], ids=["free text", "none"])
def test_a_version_of_an_unknown_licence_is_held(
    promotions: PromotionDomain, licences: list[str]
) -> None:
    """With the reason, for a day; the policy can say what the text means."""
    promotions.by(to_approved(MIT_ONLY))
    package = promotions.seed(promotions.new_package(), "1.0", licenses=licences)
    promotions.events_of(package)
    promotions.come_to_rest()
    held = promotions.record(package, "1.0")
    assert (held.state, held.due) == ("held", NOW + timedelta(days=1))
    assert "licen" in held.reason
    assert promotions.there(package) == {}


@pytest.mark.parametrize("fault", ["down", "nonsense"])
def test_an_osv_that_does_not_answer_holds_and_never_passes(
    promotions: PromotionDomain, fault: str
) -> None:
    """When it answers again, what it finds good is promoted."""
    promotions.by(to_approved(SAFE))
    package = promotions.seed(promotions.new_package(), "1.0", "1.1")
    promotions.osv_knows(malicious(package, "1.1"))
    promotions.osv_faults(**{fault: True})
    promotions.events_of(package)
    promotions.come_to_rest()
    assert promotions.states(package) == {"1.0": "held", "1.1": "held"}
    promotions.wait(timedelta(minutes=15))
    assert promotions.there(package) == {}
    promotions.osv_faults()
    promotions.wait(timedelta(minutes=15))
    assert promotions.states(package) == {"1.0": "copied", "1.1": "refused"}
    assert promotions.there(package) == {"1.0": "Published"}


def test_an_asset_that_comes_later_goes_through_the_gates_and_follows(
    promotions: PromotionDomain,
) -> None:
    """A source distribution is added to a promoted version: the event leads to a second copy."""
    promotions.by(to_approved(SAFE))
    package = promotions.new_package()
    promotions.publish(package, "1.0").raise_for_status()
    promotions.come_to_rest()
    assert promotions.there(package) == {"1.0": "Published"}
    promotions.add_sdist(package, "1.0")
    promotions.come_to_rest()
    assert promotions.states(package) == {"1.0": "copied"}
    in_approved = promotions.assets_of(destined(package, APPROVED), "1.0")
    assert in_approved == promotions.assets_of(package, "1.0")
    assert len(in_approved) == 2


def test_a_version_that_changes_between_gate_and_copy_is_judged_again(
    promotions: PromotionDomain,
) -> None:
    """The order for the earlier revision copies nothing; the later one is held by its own gate."""
    promotions.by(to_approved(SAFE))
    package = promotions.new_package()
    promotions.publish(package, "1.0").raise_for_status()
    bodies = promotions.take_queued()
    promotions.deliver(*bodies)
    assert promotions.states(package) == {"1.0": "approved"}
    promotions.add_sdist(package, "1.0")
    promotions.osv_faults(down=True)
    assert promotions.copy() == []
    assert promotions.there(package) == {}
    promotions.come_to_rest()
    assert promotions.states(package) == {"1.0": "held"}
    promotions.osv_faults()
    promotions.wait(timedelta(minutes=15))
    assert promotions.there(package) == {"1.0": "Published"}
    assert len(promotions.assets_of(destined(package, APPROVED), "1.0")) == 2


def test_a_version_that_is_deleted_between_gate_and_copy_leaves_nothing(
    promotions: PromotionDomain,
) -> None:
    """Nothing is copied, and nothing is due for ever."""
    promotions.by(to_approved(SAFE))
    package = promotions.seed(promotions.new_package(), "1.0")
    promotions.events_of(package)
    promotions.delete_package(package)
    promotions.come_to_rest()
    promotions.wait(timedelta(hours=1))
    assert promotions.there(package) == {}
    assert list(promotions.records.due(NOW + timedelta(days=400))) == []


def test_doubled_and_reordered_events_promote_once(promotions: PromotionDomain) -> None:
    """Events of several versions, twice each and backwards, in batches: one copy a version."""
    promotions.by(to_approved(SAFE))
    package = promotions.new_package()
    for version in ("1.0", "1.1", "1.2"):
        promotions.publish(package, version).raise_for_status()
    events = promotions.take_queued()
    assert len(events) >= 3
    promotions.forget_requests()
    for batch in (events[::-1], events, [events[0]] * 3):
        assert promotions.deliver(*batch) == {"batchItemFailures": []}
        assert promotions.copy() == []
    promotions.come_to_rest()
    assert set(promotions.there(package)) == {"1.0", "1.1", "1.2"}
    assert promotions.requests()["CopyPackageVersions"] == 1


def test_dependencies_are_promoted_before_what_needs_them(promotions: PromotionDomain) -> None:
    """The young one holds everything; later all of it is there, in order."""
    promotions.by(to_approved(AGED, include_dependencies=True))
    library = promotions.seed(promotions.new_package(), "2.0", released=NOW - timedelta(days=6))
    promotions.seed(library, "2.1", released=NOW)
    needs = [{"package": library.name, "versionRequirement": ">=2,<2.1"}]
    application = promotions.seed(promotions.new_package(), "1.0", dependencies=needs)
    promotions.events_of(application)
    promotions.come_to_rest()
    assert promotions.states(application) == {"1.0": "held"}
    assert promotions.states(library) == {"2.0": "held"}
    promotions.wait(timedelta(days=1))
    assert promotions.there(application) == {"1.0": "Published"}
    assert promotions.there(library) == {"2.0": "Published"}
    copied = [one[1] for one in promotions.notices.announced if one[0] == "promoted"]
    assert copied == [library.name, application.name]


def test_a_promoted_version_that_turns_bad_is_recalled(promotions: PromotionDomain) -> None:
    """By the daily recheck, as the rule says; the ledger has what it was."""
    promotions.by(to_approved(SAFE, recall="archive"))
    package = promotions.seed(promotions.new_package(), "1.0", "1.1")
    promotions.events_of(package)
    promotions.come_to_rest()
    promotions.osv_knows(malicious(package, "1.0"))
    promotions.now += timedelta(days=1)
    promotions.recheck_everything()
    promotions.recheck_everything()
    assert promotions.there(package) == {"1.0": "Archived", "1.1": "Published"}
    assert promotions.states(package) == {"1.0": "recalled", "1.1": "copied"}
    assert len(promotions.attention.messages) == 1
    assert len(promotions.ledger.recorded) == 1


def test_a_way_around_the_gates_stops_promotion_until_it_is_closed(
    promotions: PromotionDomain,
) -> None:
    """An upstream of the destination that leads to the intake is found, told, and closed."""
    promotions.by(to_approved())
    package = promotions.seed(promotions.new_package(), "1.0")
    promotions.client.update_repository(
        domain="my-company", repository="approved", upstreams=[{"repositoryName": "intake"}]
    )
    promotions.events_of(package)
    promotions.come_to_rest()
    assert promotions.states(package) == {"1.0": "refused"}
    assert "approved -> intake" in promotions.record(package, "1.0").reason
    promotions.client.update_repository(domain="my-company", repository="approved", upstreams=[])
    promotions.events_of(package)
    promotions.come_to_rest()
    assert promotions.there(package) == {"1.0": "Published"}


def test_observe_mode_changes_nothing(promotions: PromotionDomain) -> None:
    """Everything is decided and recorded; nothing is copied."""
    promotions.by(to_approved(SAFE))
    package = promotions.seed(promotions.new_package(), "1.0")
    promotions.deliver(promotions.event(package), mode="observe")
    promotions.come_to_rest()
    assert promotions.states(package) == {"1.0": "approved"}
    assert promotions.there(package) == {}


def test_what_a_batch_costs(promotions: PromotionDomain) -> None:
    """20 versions of one package, each named by an event: what the docstrings promise."""
    promotions.by(to_approved(EVERYTHING))
    versions = [f"1.{number}" for number in range(20)]
    package = promotions.seed(promotions.new_package(), *versions)
    promotions.forget_requests()
    promotions.events_of(*[package] * 20)
    spent = dict(promotions.requests())
    assert spent == {
        "ListPackageVersions": 1,
        "DescribeRepository": 1,
        "DescribePackageVersion": 20,
        "GetRepositoryEndpoint": 1,
        "GetAuthorizationToken": 1,
        "osv:QueryBatch": 1,
        **{name: number for name, number in spent.items() if name.startswith("pypi")},
    }
    assert promotions.records.calls.count("of_package") == 1
    promotions.forget_requests()
    promotions.copy()
    assert promotions.requests()["CopyPackageVersions"] == 1
    promotions.forget_requests()
    promotions.events_of(package)
    assert dict(promotions.requests()) == {"ListPackageVersions": 1}


def test_a_request_tells_who_waits_for_it(promotions: PromotionDomain) -> None:
    """`steward promote` sends a look, and finds its answer."""
    promotions.by(to_approved(AGED))
    package = promotions.seed(promotions.new_package(), "1.0")
    body = messages.look(package, request="r-1", policy_digest=promotions.policy.digest)
    assert promotions.judge(body) == {"batchItemFailures": []}
    answer = promotions.records.request_answer(package, "r-1")
    assert answer is not None
    assert (answer.state, answer.judged, answer.problem) == ("done", 1, None)
