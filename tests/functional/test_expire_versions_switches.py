"""Expiry where AWS documents nothing: every switch off its default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings

from steward.coordinates import Format, Status
from steward.patterns import parse
from steward.retention_rules import RetentionRule
from tests.functional.every_switch import COMBINATIONS, EACH_SWITCH, Switches
from tests.functional.expiry_domain import NOW, ExpiryDomain
from tests.unit.retention_rules_made import DAY, MONTH, WEEK, build, rule, steps

OLD = 2 * MONTH
FIRST, SECOND, THIRD = (build("1.0", at, NOW - (OLD - at * DAY)) for at in (1, 2, 3))


@dataclass(frozen=True, slots=True)
class Scenario:
    """
    What one package holds, how old it is, and what becomes of it by the first look.

    Attributes:
        gone: The versions that get the rule's first step; all others keep their status.
    """

    name: str
    rule: RetentionRule
    before: Mapping[str, Status]
    gone: frozenset[str]
    ages: Mapping[str, timedelta] | timedelta = OLD
    package_format: Format = "npm"

    def after(self, switches: Switches) -> dict[str, Status]:
        """Return what the package holds after a look, where *switches* allow the step."""
        target: Status = "Unlisted" if self.rule.then[0].name == "unlist" else "Archived"
        allowed = switches.get(f"unfinishedMayBe{target}") is not False
        return {
            version: target
            if version in self.gone and (status != "Unfinished" or allowed)
            else status
            for version, status in self.before.items()
        }


SCENARIOS = (
    Scenario(
        "releases that are not among the two newest are archived",
        rule("releases", keep_newest=2, then=steps("archive")),
        {
            "9.0.0": "Published",
            "10.0.0": "Published",
            "11.0.0": "Published",
            "1.0.0-b": "Published",
        },
        frozenset({"9.0.0"}),
    ),
    Scenario(
        "releases that are old enough are unlisted",
        rule("releases", keep_younger_than=MONTH, then=steps("unlist")),
        {f"1.{at}.0": "Published" for at in range(20)},
        frozenset(f"1.{at}.0" for at in range(11)),
        {f"1.{at}.0": (40 - at) * DAY for at in range(20)},
    ),
    Scenario(
        "versions of a generic package go by the time of their publication",
        rule(keep_newest=2, then=steps("archive")),
        dict.fromkeys("zyxabc", "Published"),
        frozenset("zyxa"),
        {name: (10 - at) * DAY for at, name in enumerate("zyxabc")},
        "generic",
    ),
    Scenario(
        "builds go by their names, the newest stays",
        rule("snapshot-builds", keep_younger_than=MONTH, then=steps("archive")),
        {FIRST: "Unlisted", SECOND: "Published", THIRD: "Unlisted", "1.0-SNAPSHOT": "Published"},
        frozenset({FIRST, SECOND}),
        timedelta(),
        "maven",
    ),
    Scenario(
        "builds of a release go, and the snapshot with them",
        rule("snapshot-builds", keep_newest=5, release_grace=WEEK, then=steps("archive")),
        {
            FIRST: "Unlisted",
            SECOND: "Unlisted",
            "1.0-SNAPSHOT": "Published",
            "1.0": "Published",
            "0.9-SNAPSHOT": "Published",
        },
        frozenset({FIRST, SECOND, "1.0-SNAPSHOT"}),
        OLD,
        "maven",
    ),
    Scenario(
        "leftovers of interrupted deploys are unlisted",
        rule("releases", keep_newest=5, then=steps("unlist")),
        {"1.0": "Unfinished", "1.1": "Unfinished", "1.2": "Published"},
        frozenset({"1.0"}),
        {"1.0": WEEK, "1.1": DAY, "1.2": OLD},
        "maven",
    ),
    Scenario(
        "leftovers of interrupted deploys are archived",
        rule("releases", keep_newest=5, then=steps("archive")),
        {"1.0": "Unfinished", "1.1": "Unfinished", "1.2": "Published"},
        frozenset({"1.0"}),
        {"1.0": WEEK, "1.1": DAY, "1.2": OLD},
        "maven",
    ),
    Scenario(
        "what is to be deleted is left to the sweep",
        rule("releases", keep_newest=1, then=steps("delete")),
        {"1.0.0": "Published", "2.0.0": "Published"},
        frozenset(),
    ),
)


def check_every_scenario(expiry: ExpiryDomain, switches: Switches) -> None:
    """All scenarios end as their tables say, and looking again writes nothing that is so."""
    expiry.start_again()
    with expiry.faults(switches=switches):
        for scenario in SCENARIOS:
            expiry.rules(scenario.rule)
            package = expiry.new_package(scenario.package_format)
            expiry.seed(package, scenario.before, scenario.ages)
            assert expiry.look(package) == {"batchItemFailures": []}
            after = scenario.after(switches)
            assert expiry.statuses(package) == after, scenario.name
            expiry.notices.announced.clear()
            expiry.look(package)
            assert expiry.statuses(package) == after, scenario.name
            assert expiry.notices.announced == [], scenario.name
        assert expiry.take_queued() == [], "our own changes do not wake us"


@EACH_SWITCH
def test_every_scenario_ends_as_described(expiry: ExpiryDomain, switches: Switches) -> None:
    """One switch at a time."""
    check_every_scenario(expiry, switches)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(switches=COMBINATIONS)
def test_every_scenario_ends_as_described_under_combinations_of_switches(
    expiry: ExpiryDomain, switches: Switches
) -> None:
    """Random combinations, a fixed number of them."""
    check_every_scenario(expiry, switches)


@EACH_SWITCH
def test_steps_that_wait_are_taken_in_the_end(expiry: ExpiryDomain, switches: Switches) -> None:
    """
    By number and by age: unlisted now, archived in time, though ``publishedTime`` may have moved.

    Where unlisting makes versions look new (``publishedTimeMoves`` is ``onAnyChange``), those that
    go by age are archived when they have that age again, and nothing that is kept ever goes.
    """
    then = steps("unlist", ("archive", 2 * WEEK))
    by_number, by_age = expiry.new_package(), expiry.new_package("generic")
    expiry.rules(
        rule(
            "releases", keep_newest=2, then=then, name="retention[0]", packages=(parse("/npm/*"),)
        ),
        rule("all", keep_younger_than=MONTH, then=then, name="retention[1]"),
    )
    held: dict[str, Status] = {f"1.{at}.0": "Published" for at in range(10)}
    kept = ["1.8.0", "1.9.0"]
    ages = {name: timedelta() if name in kept else OLD for name in held}
    with expiry.faults(switches=switches):
        for package in (by_number, by_age):
            expiry.seed(package, held, ages)
            expiry.look(package)
        unlisted = {name: "Published" if name in kept else "Unlisted" for name in held}
        assert expiry.statuses(by_number) == expiry.statuses(by_age) == unlisted

        expiry.later(2 * WEEK - DAY)
        expiry.deliver(expiry.event(by_number), expiry.event(by_age))
        assert expiry.statuses(by_number) == expiry.statuses(by_age) == unlisted

        expiry.later(DAY)
        expiry.deliver(expiry.event(by_number), expiry.event(by_age))
        archived = {name: "Published" if name in kept else "Archived" for name in held}
        moved = switches.get("publishedTimeMoves") == "onAnyChange"
        assert expiry.statuses(by_number) == archived
        assert expiry.statuses(by_age) == (unlisted if moved else archived)

        expiry.later(MONTH - 2 * WEEK - timedelta(seconds=1))
        expiry.look(by_age)
        assert expiry.statuses(by_age) == (unlisted if moved else archived)
        expiry.later(timedelta(seconds=1))
        expiry.look(by_age)
        then_all = {name: "Unlisted" if name in kept else "Archived" for name in held}
        assert expiry.statuses(by_age) == then_all


@pytest.mark.parametrize("direction", ["newestFirst", "oldestFirst"])
@pytest.mark.parametrize("moves", ["onContent", "never", "onAnyChange"])
def test_the_boundary_between_young_and_old_is_exact(
    expiry: ExpiryDomain, direction: str, moves: str
) -> None:
    """In both directions, with versions of one time on both sides of it."""
    expiry.rules(rule("releases", keep_younger_than=MONTH))
    package = expiry.new_package()
    held: dict[str, Status] = {f"1.{at}.0": "Published" for at in range(30)}
    second = timedelta(seconds=1)
    ages = [MONTH + second] * 10 + [MONTH] * 5 + [MONTH - second] * 5 + [DAY] * 10

    with expiry.faults(switches={"publishedTimeOrder": direction, "publishedTimeMoves": moves}):
        expiry.seed(package, held, dict(zip(held, ages, strict=True)))
        due = expiry.due(package)

    assert due == sorted(f"1.{at}.0" for at in range(15))
