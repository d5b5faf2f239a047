"""What deciding about retention costs, counted by the local CodeArtifact."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil, log2

import pytest

from steward import patterns
from steward.coordinates import Status
from steward.promotion_rules import PromotionRule
from tests.functional.expiry_domain import ExpiryDomain
from tests.unit.retention_rules_made import DAY, MONTH, WEEK, build, rule, steps

BOTH_DIRECTIONS = pytest.mark.parametrize("direction", ["newestFirst", "oldestFirst"])


def releases(number: int) -> dict[str, Status]:
    """Return *number* published releases."""
    return {f"1.{each}.0": "Published" for each in range(number)}


def daily(versions: dict[str, Status]) -> dict[str, timedelta]:
    """Return ages of *versions*: the last is of today, those before a day older each."""
    return {name: (len(versions) - 1 - at) * DAY for at, name in enumerate(versions)}


def builds(number: int, now: datetime) -> dict[str, Status]:
    """Return *number* unlisted builds of one snapshot, one a day, the last of them yesterday."""
    return {build("1.0", 1 + at, now - (number - at) * DAY): "Unlisted" for at in range(number)}


def test_a_hundred_packages_of_fifty_releases_by_age(expiry: ExpiryDomain) -> None:
    """At most 1 + 2 * ceil(log2 50) reads for each of 100 packages, and 1 write for each."""
    expiry.rules(rule("releases", keep_newest=3, keep_younger_than=MONTH, then=steps("archive")))
    repository = expiry.new_repository()
    held = releases(50)
    packages = [expiry.new_package(repository=repository) for _ in range(100)]
    ages = daily(held)
    expiry.seed_packages(repository, [expiry.described(one, held, ages) for one in packages])
    expiry.forget_requests()

    answer = expiry.deliver(*map(expiry.event, packages))

    made = Counter(expiry.requests())
    assert answer == {"batchItemFailures": []}
    assert made["ListPackageVersions"] == 100
    assert made["UpdatePackageVersionsStatus"] == 100
    assert made.total() <= 100 * (1 + 2 * ceil(log2(50))) + 101
    for package in packages:
        archived = {name for name, age in ages.items() if age >= MONTH}
        assert expiry.statuses(package) == {
            name: "Archived" if name in archived else "Published" for name in held
        }


def test_fifty_stale_builds_cost_one_list_and_one_write(expiry: ExpiryDomain) -> None:
    """Their age is in their names: 1 list, 1 update, and nothing else."""
    expiry.rules(
        rule("snapshot-builds", keep_newest=1, keep_younger_than=DAY, then=steps("archive"))
    )
    package = expiry.new_package("maven")
    expiry.seed(package, builds(51, expiry.now))

    expiry.look(package)

    assert expiry.requests() == {"ListPackageVersions": 1, "UpdatePackageVersionsStatus": 1}
    assert list(expiry.statuses(package).values()).count("Archived") == 50


@pytest.mark.parametrize("events", [1, 500], ids=["one event", "500 events of one batch"])
def test_any_number_of_events_cost_one_look(expiry: ExpiryDomain, events: int) -> None:
    """1 list and 1 update."""
    expiry.rules(rule("releases", keep_newest=3, then=steps("unlist")))
    package = expiry.new_package()
    expiry.seed(package, releases(50))

    expiry.deliver(*[expiry.event(package)] * events)

    assert expiry.requests() == {"ListPackageVersions": 1, "UpdatePackageVersionsStatus": 1}


def test_where_nothing_can_go_nothing_but_the_list_is_asked_for(expiry: ExpiryDomain) -> None:
    """1 list; neither ages nor marks nor exemptions."""
    expiry.rules(rule("releases", keep_newest=3, keep_younger_than=MONTH))
    package = expiry.new_package()
    expiry.seed(package, releases(3), MONTH)

    expiry.look(package)

    assert expiry.requests() == {"ListPackageVersions": 1}
    assert expiry.ledger.reads == []


def test_what_has_come_to_its_end_costs_one_list(expiry: ExpiryDomain) -> None:
    """1 list: of versions that are archived by a rule that archives nobody asks the age."""
    expiry.rules(rule("releases", keep_newest=1, keep_younger_than=DAY, then=steps("archive")))
    package = expiry.new_package()
    expiry.seed(package, releases(50), MONTH)
    expiry.look(package)
    expiry.forget_requests()

    expiry.look(package)

    assert expiry.requests() == {"ListPackageVersions": 1}


def test_while_a_step_waits_ages_are_not_asked_for_again(expiry: ExpiryDomain) -> None:
    """1 list and 1 query of marks: the versions were old enough when they began to wait."""
    then = steps("unlist", ("archive", WEEK))
    expiry.rules(rule("releases", keep_newest=1, keep_younger_than=DAY, then=then))
    package = expiry.new_package()
    expiry.seed(package, releases(50), MONTH)
    expiry.look(package)
    expiry.later(DAY)
    expiry.forget_requests()
    expiry.ledger.reads.clear()

    expiry.look(package)

    assert expiry.requests() == {"ListPackageVersions": 1}
    assert expiry.ledger.reads == ["marks"]


@BOTH_DIRECTIONS
@pytest.mark.parametrize(
    ("number", "lists", "described"),
    [(1, 1, 1), (2, 1, 2), (1000, 1, 20), (1001, 2, 20)],
)
def test_ages_cost_twice_the_logarithm_of_the_number(
    expiry: ExpiryDomain, number: int, lists: int, described: int, direction: str
) -> None:
    """1 list for 1,000 versions and at most so many descriptions; for one version, 1."""
    expiry.rules(rule("releases", keep_younger_than=MONTH))
    package = expiry.new_package()
    held = releases(number)
    ages = {name: (number - at) * MONTH / number * 2 for at, name in enumerate(held)}
    expiry.seed(package, held, ages)

    with expiry.faults(switches={"publishedTimeOrder": direction}):
        due = expiry.due(package)

    made = expiry.requests()
    assert due == sorted(name for name, age in ages.items() if age >= MONTH)
    assert made["ListPackageVersions"] == lists
    assert made["DescribePackageVersion"] <= described


def test_each_released_base_version_costs_one_description(expiry: ExpiryDomain) -> None:
    """1 list, 2 descriptions for 40 builds of two releases, none for that of a third."""
    expiry.rules(rule("snapshot-builds", keep_newest=5, release_grace=WEEK))
    package = expiry.new_package("maven")
    held: dict[str, Status] = {"1.0": "Published", "1.1": "Published", "1.2": "Published"}
    ages = dict.fromkeys(held, MONTH)
    for base in ("1.0", "1.1"):
        for number in range(1, 21):
            held[build(base, number, expiry.now - number * DAY)] = "Unlisted"
    expiry.seed(package, held, {**dict.fromkeys(held, DAY), **ages})

    due = expiry.due(package)

    assert len(due) == 40
    assert expiry.requests() == {"ListPackageVersions": 1, "DescribePackageVersion": 2}


def test_each_destination_of_a_promotion_costs_one_list(expiry: ExpiryDomain) -> None:
    """1 list here, 1 there; where no version may go, the one here alone."""
    destination = expiry.new_repository()
    package = expiry.new_package()
    promotion = PromotionRule(
        "to-approved", (patterns.parse("/npm/*"),), package.repository.name, destination.name
    )
    expiry.policy = replace(expiry.policy, promotions=(promotion,))
    expiry.rules(rule("releases", keep_newest=2))
    expiry.seed(package, releases(4))
    there = replace(package, repository=destination)
    expiry.seed(there, {"1.0.0": "Published"})

    assert expiry.due(package) == ["1.1.0"]
    assert expiry.requests() == {"ListPackageVersions": 2}

    expiry.rules(rule("releases", keep_newest=4))
    expiry.forget_requests()
    assert expiry.due(package) == []
    assert expiry.requests() == {"ListPackageVersions": 1}


def test_a_package_without_a_rule_costs_nothing(expiry: ExpiryDomain) -> None:
    """No call at all."""
    expiry.rules(rule("releases", keep_newest=1, repositories=("elsewhere",)))
    package = expiry.new_package()
    expiry.seed(package, releases(3))

    expiry.look(package)

    assert expiry.requests() == {}


def test_observe_mode_costs_the_same_reads_and_no_write(expiry: ExpiryDomain) -> None:
    """1 list; nothing is recorded, marked or announced."""
    expiry.rules(rule("releases", keep_newest=1, then=steps("unlist", ("archive", WEEK))))
    package = expiry.new_package()
    expiry.seed(package, releases(3))

    expiry.deliver(expiry.event(package), mode="observe")

    assert expiry.requests() == {"ListPackageVersions": 1}
    assert set(expiry.statuses(package).values()) == {"Published"}
    assert (expiry.ledger.recorded, expiry.ledger.marked) == ([], [])
    assert expiry.notices.announced == []
