"""Dependency confusion: versions from outside in a package that the policy calls internal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from steward.coordinates import Format, Status
from steward.ledger import StatusChange
from steward.patterns import parse
from steward.policy import Policy
from tests.functional.origin_company import CONNECTIONS, DONE, OriginCompany, at
from tests.functional.origin_domain import INTERNAL, OPEN, inside, outside
from tests.functional.watched_domain import DOMAIN

ARCHIVE = "UpdatePackageVersionsStatus"


@pytest.mark.parametrize("package_format", ["npm", "pypi"])
def test_a_version_from_outside_is_archived_wherever_it_came_in(
    company: OriginCompany, package_format: Format
) -> None:
    """In the repository that was asked and in the store; afterwards nothing comes in any more."""
    package, store = company.confused(package_format)

    assert company.deliver_queued() == 2

    for each in (package, at(package, store)):
        assert company.statuses(each) == {"99.0.0": "Archived"}
        assert company.restrictions(each) == INTERNAL
        assert company.fetch(each, "99.0.0").status_code == 404
        assert company.fetch(each, "99.1.0").status_code == 404
        assert company.statuses(each) == {"99.0.0": "Archived"}
    company.publish(package, "1.4.0").raise_for_status()
    assert company.fetch(package, "1.4.0").is_success
    assert company.statuses(package) == {"99.0.0": "Archived", "1.4.0": "Published"}


@pytest.mark.parametrize("package_format", ["npm", "pypi"])
def test_a_person_is_told_what_where_when_how_it_came_in_and_how_to_undo_it(
    company: OriginCompany, package_format: Format
) -> None:
    """One message for each repository, one announcement on the bus."""
    package, store = company.confused(package_format)

    company.deliver_queued()

    assert sorted(company.told("archived"), key=str) == sorted(
        [(each, ["99.0.0"], "origins[0]") for each in (package, at(package, store))], key=str
    )
    texts = {repository_in(text): text for _, text in company.attention.messages}
    assert set(texts) == {package.repository.name, store.name}
    text = texts[package.repository.name]
    for said in (
        package.purl(),
        f"99.0.0 (Published), came in through {CONNECTIONS[package_format]}: archived",
        "origins[0]",
        "2026-03-01T10:00:00+00:00",
        f"--repository {package.repository.name} --domain {DOMAIN} --version 99.0.0",
    ):
        assert said in text
    assert all("internal package" in subject for subject, _ in company.attention.messages)
    (change,) = [one for one in company.ledger.changes(package) if isinstance(one, StatusChange)]
    assert (change.before, change.after) == ("Published", "Archived")


def repository_in(text: str) -> str:
    """Return which repository a message is about."""
    (line,) = [each for each in text.splitlines() if each.startswith("Repository:")]
    return line.split()[1]


def test_further_events_tell_nobody_again_and_change_nothing(company: OriginCompany) -> None:
    """Doubled events, and the second look that the automation asks for itself."""
    package, _ = company.confused()
    events = company.take_queued()
    company.deliver(*events)
    messages = list(company.attention.messages)
    assert [wait for _, wait in company.looks] == [timedelta(minutes=5)] * 2
    company.forget_requests()

    assert company.deliver(*events, *reversed(events)) == DONE
    assert company.at_rest()

    assert company.attention.messages == messages
    assert ARCHIVE not in company.requests()
    assert "PutPackageOriginConfiguration" not in company.requests()
    assert company.statuses(package) == {"99.0.0": "Archived"}


def test_where_the_rule_says_report_the_version_stays_and_people_are_told_once(
    company: OriginCompany,
) -> None:
    """The door is closed all the same: only what is in already stays."""
    package, store = company.confused(scope="reported")
    events = company.take_queued()

    for _ in range(3):
        company.deliver(*events)

    for each in (package, at(package, store)):
        assert company.statuses(each) == {"99.0.0": "Published"}
        assert company.restrictions(each) == INTERNAL
    assert company.fetch(package, "99.0.0").is_success
    assert company.fetch(package, "99.1.0").status_code == 404
    assert len(company.told("reported")) == len(company.attention.messages) == 2
    assert "nothing to undo" in company.attention.messages[0][1]
    company.now += timedelta(days=31)
    company.look(package)
    assert len(company.attention.messages) == 3


def test_an_internal_version_beside_it_stays(company: OriginCompany) -> None:
    """Both are in one package: the one from outside goes, ours stays, older ones too."""
    package = company.named()
    ours = [inside(version, package.repository.name) for version in ("1.0.0", "1.1.0")]
    company.seed((package, OPEN, [*ours, outside("99.0.0")]))

    company.look(package)

    assert company.statuses(package) == {
        "1.0.0": "Published",
        "1.1.0": "Published",
        "99.0.0": "Archived",
    }


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Published", "Archived"),
        ("Unlisted", "Archived"),
        ("Unfinished", "Archived"),
        ("Archived", "Archived"),
        ("Disposed", "Disposed"),
    ],
)
def test_what_can_be_downloaded_is_archived_and_what_cannot_is_no_finding(
    company: OriginCompany, before: Status, after: Status
) -> None:
    """An Unlisted version, which nobody sees in a list, is downloadable too."""
    package = company.named()
    company.seed((package, INTERNAL, [outside("99.0.0", before)]))

    company.look(package)

    assert company.statuses(package) == {"99.0.0": after}
    assert len(company.attention.messages) == (before != after)


def test_an_unlisted_version_that_is_copied_in_is_archived_by_its_own_event(
    company: OriginCompany,
) -> None:
    """A copy keeps its origin and its status, and comes by an event of state Unlisted."""
    source = company.named("elsewhere")
    company.seed((source, OPEN, [outside("99.0.0", "Unlisted")]))
    package = company.named(name=source.name)
    renamed = at(source, package.repository)
    company.policy = widened(company, "/npm/elsewhere/*")
    company.restrict(renamed, publish="ALLOW", upstream="BLOCK")
    company.client.copy_package_versions(
        domain=DOMAIN,
        sourceRepository=source.repository.name,
        destinationRepository=package.repository.name,
        format="npm",
        namespace="elsewhere",
        package=source.name,
        versions=["99.0.0"],
    )
    assert company.statuses(renamed) == {"99.0.0": "Unlisted"}

    assert company.deliver_queued() == 1

    assert company.statuses(renamed) == {"99.0.0": "Archived"}


def widened(company: OriginCompany, pattern: str) -> Policy:
    """Return the policy, with *pattern* internal too."""
    first, *others = company.policy.origins
    first = replace(first, packages=(*first.packages, parse(pattern)))
    return replace(company.policy, origins=(first, *others))


class TestObserveMode:
    """Nothing changes, findings are told once, nothing is recorded as changed."""

    def test_observing_changes_nothing_and_tells_once(self, company: OriginCompany) -> None:
        """And enforcing afterwards does it, and tells that it was done."""
        package, store = company.confused()
        events = company.take_queued()
        before = company.restrictions(package)

        for _ in range(2):
            assert company.deliver(*events, mode="observe") == DONE
        company.sweep(package.repository, mode="observe")

        for each in (package, at(package, store)):
            assert company.statuses(each) == {"99.0.0": "Published"}
            assert company.restrictions(each) == before
            assert company.ledger.changes(each) == []
        assert company.told("changed") == company.told("archived") == []
        assert len(company.told("reported")) == len(company.attention.messages) == 2
        assert company.looks == []

        company.deliver(*events)
        assert company.statuses(package) == {"99.0.0": "Archived"}
        assert len(company.told("archived")) == 2

    def test_a_plan_of_a_repository_names_what_would_be_done(self, company: OriginCompany) -> None:
        """The outcomes of observe mode say the drift and the finding."""
        package, _ = company.confused()

        (outcome,) = company.sweep(package.repository, mode="observe")

        assert outcome.drift_left
        assert [(one.version.version, one.outcome) for one in outcome.found] == [
            ("99.0.0", "reported")
        ]


def test_the_whole_comes_to_rest_and_the_two_automations_do_not_wake_one_another(
    company: OriginCompany,
) -> None:
    """After the last event no further calls; our own writes wake neither automation."""
    package, _ = company.confused()
    company.deliver_queued()
    company.for_unlisting.clear()
    company.look_again()

    assert company.at_rest()
    assert company.for_unlisting == []
    company.forget_requests()
    assert company.at_rest()
    assert company.requests() == {}

    company.publish(package, "1.0.0").raise_for_status()
    company.publish(package, "1.1.0").raise_for_status()
    assert len(company.take_queued()) == len(company.for_unlisting) > 0
    company.for_unlisting.clear()
    # What unlist_snapshot_builds does wakes neither itself nor the origin controls.
    company.set_status(package, "Unlisted", "1.0.0")
    assert company.take_queued() == []
    assert company.for_unlisting == []


def test_a_version_that_a_person_brings_back_without_an_exemption_is_archived_again(
    company: OriginCompany,
) -> None:
    """Its event (Updated, Published) leads to it; it is told again, as it was done again."""
    package, _ = company.confused()
    company.deliver_queued()
    company.set_status(package, "Published", "99.0.0")

    assert company.deliver_queued() == 1

    assert company.statuses(package) == {"99.0.0": "Archived"}
    assert len([one for one in company.told("archived") if one[0] == package]) == 2


def test_lost_events_are_made_up_for_by_the_repository(company: OriginCompany) -> None:
    """Every event is dropped; the list of the repository leads to the same end."""
    with company.faults(events={"drop": 1}):
        package, store = company.confused()
        assert company.take_queued() == []

    for repository in (package.repository, store):
        outcomes = company.sweep(repository, deep=False)
        assert [one.written for one in outcomes] == [True]

    for each in (package, at(package, store)):
        assert company.statuses(each) == {"99.0.0": "Archived"}
        assert company.restrictions(each) == INTERNAL


@pytest.mark.parametrize("fault", ["duplicate", "reorder"])
def test_events_doubled_and_reordered_lead_to_the_same_end(
    company: OriginCompany, fault: str
) -> None:
    """Each archived once, each told once."""
    with company.faults(events={fault: 1}):
        package, store = company.confused()
        events = company.take_queued()
    assert len(events) == (4 if fault == "duplicate" else 2)

    assert company.deliver(*events) == DONE

    for each in (package, at(package, store)):
        assert company.statuses(each) == {"99.0.0": "Archived"}
    assert len(company.attention.messages) == 2
