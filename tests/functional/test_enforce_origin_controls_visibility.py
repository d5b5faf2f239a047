"""A fetched version shows in the API only after some minutes (external connections, Guide)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from steward.coordinates import Package, Repository
from tests.functional.origin_company import OriginCompany, at
from tests.functional.origin_domain import INTERNAL, OPEN, inside

VISIBLE_AFTER = timedelta(minutes=3)
LATE: Mapping[str, object] = {"visibilityDelaySeconds": VISIBLE_AFTER.total_seconds()}
LATER_THAN_ITS_EVENT = {**LATE, "switches": {"eventPrecedesVisibility": True}}


def fetched(company: OriginCompany) -> tuple[Package, Repository]:
    """Somebody fetched a version that the API does not show yet."""
    company.state.clock.freeze()
    return company.confused()


def opened(company: OriginCompany) -> tuple[Package, Repository]:
    """Return an open package with a version of ours and its store; outside there is 99.0.0."""
    team, store = company.connected()
    package = company.named(repository=team)
    for each in (package, at(package, store)):
        company.seed((each, OPEN, [inside("1.0.0", team.name)]))
    company.offer(package, "99.0.0")
    return package, store


def test_an_event_that_waits_for_visibility_leads_to_the_version(company: OriginCompany) -> None:
    """There is no event before there is something to see."""
    with company.faults(**LATE):
        package, _ = fetched(company)
        assert company.deliver_queued() == 0
        company.state.clock.advance(VISIBLE_AFTER)
        assert company.deliver_queued() == 2

    assert company.statuses(package) == {"99.0.0": "Archived"}


def test_an_event_that_comes_before_visibility_leads_to_a_later_look(
    company: OriginCompany,
) -> None:
    """The package is not there yet; five minutes later it is."""
    with company.faults(**LATER_THAN_ITS_EVENT):
        package, store = fetched(company)
        assert company.deliver_queued() == 2
        assert company.statuses(package) == {"99.0.0": "Published"}
        assert [wait for _, wait in company.looks] == [timedelta(minutes=5)] * 2
        company.state.clock.advance(timedelta(minutes=5))
        company.look_again()

    for each in (package, at(package, store)):
        assert company.statuses(each) == {"99.0.0": "Archived"}
        assert company.restrictions(each) == INTERNAL
    assert company.at_rest()


def test_a_version_that_was_on_its_way_in_when_the_door_was_closed_is_archived_later(
    company: OriginCompany,
) -> None:
    """The package is visible and open; the look closes it before the version shows."""
    package, store = opened(company)
    with company.faults(**LATER_THAN_ITS_EVENT):
        company.state.clock.freeze()
        company.fetch(package, "99.0.0").raise_for_status()
        company.deliver_queued()
        assert company.restrictions(package) == INTERNAL
        assert company.statuses(package)["99.0.0"] == "Published"
        company.state.clock.advance(timedelta(minutes=5))
        company.look_again()

    for each in (package, at(package, store)):
        assert company.statuses(each) == {"1.0.0": "Published", "99.0.0": "Archived"}
    assert company.at_rest()


def test_a_version_that_shows_while_an_exemption_keeps_the_door_open_is_found_by_the_sweep(
    company: OriginCompany,
) -> None:
    """Nothing was closed and nothing was missing: only the repository's own look finds it."""
    package, store = opened(company)
    for each in (package, at(package, store)):
        company.exempt(each)
    with company.faults(**LATER_THAN_ITS_EVENT):
        company.state.clock.freeze()
        company.fetch(package, "99.0.0").raise_for_status()
        company.deliver_queued()
        company.state.clock.advance(timedelta(minutes=5))
        company.sweep(package.repository, deep=False)

    assert company.restrictions(package) == OPEN
    assert company.statuses(package) == {"1.0.0": "Published", "99.0.0": "Archived"}
    assert company.at_rest()
