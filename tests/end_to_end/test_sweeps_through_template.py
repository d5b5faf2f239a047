"""A whole domain, swept by the template: by its schedule, by hand, and over time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.played_sweeps import (
    closed_down,
    events_of,
    founded,
    held,
    later,
    playing_sweeps,
    remembered,
    rest,
    state,
    sweep,
    sweep_by_schedule,
    writes,
)
from tests.end_to_end.played_template import said, until
from tests.end_to_end.swept_company import DAY, TEAM, Company

if TYPE_CHECKING:
    from cli.stack.stack import LocalStack

_numbers = count()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The template in enforce mode."""
    with playing_sweeps("enforce", tmp_path_factory.mktemp("template")) as stack:
        yield stack


@pytest.fixture
def company(stack: LocalStack) -> Iterator[Company]:
    """What is to be swept, alone in its repositories."""
    yield founded(stack, next(_numbers))
    closed_down(stack)
    rest(stack)


def test_the_schedule_brings_the_domain_to_what_the_policy_says(
    stack: LocalStack, company: Company
) -> None:
    """Every automation's part; a sweep by hand afterwards finds nothing to do, and writes none."""
    assert state(stack, company) == company.before()

    swept = sweep_by_schedule(stack)

    assert state(stack, company) == company.state()
    assert (swept.outcome, swept.requested_by) == ("finished", None)
    assert (swept.refusals, swept.failed, swept.problems) == ((), (), ())
    assert swept.total("changed") == swept.total("planned")
    assert {row.automation for row in swept.rows} == {
        "enforce_origin_controls",
        "expire_versions",
        "promote_versions",
        "unlist_snapshot_builds",
    }
    writes(stack)
    entries = remembered(stack)
    again = sweep(stack, requestedBy="jo")
    assert (again.outcome, again.rows, again.requested_by) == ("nothing to do", (), "jo")
    assert writes(stack) == {}
    assert remembered(stack) == entries
    assert state(stack, company) == company.state()


def test_a_sweep_by_hand_ends_like_one_by_the_schedule(stack: LocalStack, company: Company) -> None:
    """And the schedule finds nothing to do after it."""
    assert sweep(stack, requestedBy="jo").outcome == "finished"
    assert state(stack, company) == company.state()
    writes(stack)
    assert sweep_by_schedule(stack).outcome == "nothing to do"
    assert writes(stack) == {}


def test_a_plan_and_a_sweep_that_would_delete_too_much_change_nothing(
    stack: LocalStack, company: Company
) -> None:
    """Not even what is no deletion; whoever allows the deletions has them."""
    writes(stack)
    entries = remembered(stack)
    planned = sweep(stack, planOnly=True)
    stopped = sweep(stack, allowDeletions=planned.deletions - 1)
    assert (planned.outcome, stopped.outcome) == ("planned", "stopped")
    assert planned.rows == stopped.rows
    assert state(stack, company) == company.before()
    assert (writes(stack), remembered(stack)) == ({}, entries)
    assert sweep(stack, allowDeletions=planned.deletions).outcome == "finished"
    assert state(stack, company) == company.state()


def test_events_alone_never_delete(stack: LocalStack, company: Company) -> None:
    """They have what can be undone done at once; the rest waits for a sweep."""
    sweeps = len(stack.state_machines.executions())
    before, wanted = company.before(), company.state()
    for package, versions in before.items():
        if not package.startswith(f"{TEAM}: "):
            wanted[package] = versions
            continue
        for version, status in versions.items():
            to_go = wanted[package].get(version) in (None, "Disposed")
            wanted[package].setdefault(version, status)
            if to_go:
                wanted[package][version] = status
    # Builds that are replaced are unlisted, whatever a sweep does to them later.
    app = f"team: {company.name('app')}"
    wanted[app][company.build("1.0", 40, 1)] = "Unlisted"
    writes(stack)

    events_of(stack, company)
    until(lambda: state(stack, company) == wanted)
    # Where a door was shut, somebody looks again for what was on its way in.
    later(stack, timedelta(minutes=16))
    rest(stack)

    assert state(stack, company) == wanted
    assert writes(stack).keys() == {
        "PutPackageOriginConfiguration",
        "UpdatePackageVersionsStatus",
    }
    left = [line for line in said(stack) if line["message"] == "left to the sweep"]
    assert {line["step"] for line in left} == {"delete", "dispose"}
    assert len(stack.state_machines.executions()) == sweeps
    assert sweep(stack).outcome == "finished"
    assert state(stack, company) == company.state()


def test_soft_steps_are_taken_in_time_by_the_schedule_alone(
    stack: LocalStack, company: Company
) -> None:
    """Nobody starts a sweep: the clock goes on, and the night comes."""
    slow = f"team: {company.name('slow')}"

    def over(days: float) -> dict[str, str]:
        later(stack, days * DAY)
        rest(stack)
        return {name: status for name, status in held(stack)[slow].items() if name != "door"}

    assert over(1) == {"1.0.0": "Unlisted", "1.1.0": "Unlisted", "2.0.0": "Published"}
    assert over(13) == {"1.0.0": "Unlisted", "1.1.0": "Unlisted", "2.0.0": "Published"}
    assert over(2) == {"1.0.0": "Archived", "1.1.0": "Archived", "2.0.0": "Published"}
    assert over(29) == {"1.0.0": "Archived", "1.1.0": "Archived", "2.0.0": "Published"}
    assert over(2) == {"2.0.0": "Published"}
