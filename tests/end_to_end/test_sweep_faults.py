"""The whole template sweeps while things go wrong; the end is the policy's, and nothing is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.disturbed_sweeps import (
    Step,
    before_step,
    deploy,
    killed_in_the_middle,
    statuses,
)
from tests.end_to_end.played_sweeps import (
    MACHINE,
    closed_down,
    founded,
    later,
    playing_sweeps,
    rest,
    seed,
    state,
    summary,
    sweep,
    writes,
)
from tests.end_to_end.played_template import admin, client_of
from tests.end_to_end.swept_company import DAY, DOMAIN, POLICY, TEAM, Company

if TYPE_CHECKING:
    from cli.stack.stack import LocalStack

# What is thrown at the calls, and how many sweeps it may take: packages that fail are named, and
# left to the next one.
EVERY_OPERATION = (
    "CopyPackageVersions",
    "DeletePackageVersions",
    "DescribePackage",
    "DescribePackageVersion",
    "DisposePackageVersions",
    "ListPackageVersionAssets",
    "ListPackageVersions",
    "ListPackages",
    "ListRepositoriesInDomain",
    "PutPackageOriginConfiguration",
    "UpdatePackageVersionsStatus",
)
BROKEN = {
    "every operation is throttled": {"throttle": dict.fromkeys(EVERY_OPERATION, 4)},
    "reads and writes are throttled": {"throttle": {"Read": 20, "Write": 5}},
    "the documented quotas are in force": {"quotas": True},
    "a call in twenty fails": {"errorRate": 0.05, "seed": 6},
    "another call in twenty fails": {"errorRate": 0.05, "seed": 7},
    "events are doubled, reordered and lost": {
        "events": {"duplicate": 0.4, "reorder": 0.4, "drop": 0.4},
        "seed": 6,
    },
}
MANY = 10_000
_numbers = count()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The template in enforce mode; nothing is swept but by hand."""
    folder = tmp_path_factory.mktemp("template")
    with playing_sweeps("enforce", folder, schedule="DISABLED") as stack:
        yield stack


@pytest.fixture
def company(stack: LocalStack) -> Iterator[Company]:
    """What is to be swept, alone in its repositories."""
    yield founded(stack, next(_numbers))
    admin(stack, "PUT", "faults", {})
    closed_down(stack)
    rest(stack)


def is_at_rest(stack: LocalStack) -> bool:
    """Return whether one more sweep finds nothing to do, and writes nothing."""
    writes(stack)
    return sweep(stack).outcome == "nothing to do" and writes(stack) == {}


@pytest.mark.parametrize("faults", BROKEN.values(), ids=BROKEN)
def test_the_end_is_the_policys_whatever_calls_fail(
    stack: LocalStack, company: Company, faults: dict[str, object]
) -> None:
    """A package that goes on failing is named, and has its turn in the next sweep."""
    admin(stack, "PUT", "faults", faults)
    wanted = company.state()
    for _ in range(3):
        swept = sweep(stack)
        assert swept.outcome in {"finished", "nothing to do"}
        assert swept.refusals == ()
        now = state(stack, company)
        if now == wanted:
            break
        assert swept.failed_packages == len(swept.failed) > 0
    assert now == wanted
    admin(stack, "PUT", "faults", {})
    assert is_at_rest(stack)


@pytest.mark.parametrize(
    ("step", "calls"),
    [
        ("gather", {"ListPackageVersions": 3}),
        ("apply", {"UpdatePackageVersionsStatus": 2, "DeletePackageVersions": 1}),
    ],
)
def test_a_worker_that_is_killed_in_the_middle_of_a_batch_is_replaced(
    stack: LocalStack, company: Company, step: Step, calls: dict[str, int]
) -> None:
    """What it had done is found done; nothing is done twice, nothing is left."""
    with killed_in_the_middle(stack, step, calls) as killed:
        swept = sweep(stack)
    assert killed == [step]
    assert state(stack, company) == company.state()
    assert (swept.outcome, swept.failed, swept.refusals) == ("finished", (), ())
    assert swept.total("changed") + swept.total("already") == swept.total("planned")
    assert is_at_rest(stack)


def test_of_two_sweeps_at_once_one_sweeps(stack: LocalStack, company: Company) -> None:
    """The other one ends at once; every line is applied once."""
    started = [stack.start_execution(MACHINE) for _ in range(2)]
    ended = [stack.wait_for_execution(arn, timeout_seconds=120) for arn in started]
    rest(stack)
    summaries = [summary(stack, one) for one in ended]
    assert Counter(one.outcome for one in summaries) == {
        "finished": 1,
        "another sweep is running": 1,
    }
    assert sum(one.total("already") + one.total("refused") for one in summaries) == 0
    assert state(stack, company) == company.state()


def test_what_changes_between_plan_and_apply_is_refused_and_named(
    stack: LocalStack, company: Company
) -> None:
    """Somebody deletes, archives, and shuts a door; the next sweep decides again."""
    client = client_of(stack, "codeartifact")
    build = company.build("1.0", 3, 3)
    app = {"format": "maven", "namespace": "com.mycompany", "package": company.name("app")}
    tool = {"format": "npm", "namespace": "lab", "package": company.name("tool")}
    ui = {"format": "npm", "namespace": "mycompany", "package": company.name("ui")}
    here = {"domain": DOMAIN, "repository": TEAM}

    def meddle() -> None:
        client.delete_package_versions(**here, **app, versions=[build])
        client.delete_package_versions(**here, **tool, versions=["9.0.0"])
        client.update_package_versions_status(
            **here, **tool, versions=["10.0.0", "3.0.0-beta.1"], targetStatus="Unlisted"
        )
        client.put_package_origin_configuration(
            **here, **ui, restrictions={"publish": "BLOCK", "upstream": "BLOCK"}
        )

    wanted = company.state()
    del wanted[f"team: {company.name('app')}"][build]
    with before_step(stack, "apply", meddle) as meddled:
        swept = sweep(stack)
    assert meddled
    assert {(one.version, one.action, one.reason.partition(":")[0]) for one in swept.refusals} == {
        (build, "unlist", "NOT_FOUND"),
        ("10.0.0", "delete", "MISMATCHED_STATUS"),
        ("3.0.0-beta.1", "dispose", "MISMATCHED_STATUS"),
        (None, "restrict", "MISMATCHED_RESTRICTIONS"),
    }
    assert swept.total("refused") == len(swept.refusals)
    assert swept.total("already") == 1  # what was to be deleted, and is gone
    between = state(stack, company)
    assert between[f"team: {tool['package']}"] == {
        **wanted[f"team: {tool['package']}"],
        "10.0.0": "Unlisted",
        "3.0.0-beta.1": "Unlisted",
    }
    assert between[f"team: {ui['package']}"]["door"] == "publish BLOCK, upstream BLOCK"

    assert sweep(stack).refusals == ()
    assert state(stack, company) == wanted


def test_a_policy_that_is_deployed_between_plan_and_apply_has_the_next_sweep(
    stack: LocalStack, company: Company
) -> None:
    """Nothing is applied that another policy has planned, and the summary says so."""
    other = f"{POLICY}limits: {{deletions_per_run: 400}}\n"
    try:
        with before_step(stack, "apply", lambda: deploy(stack, other)) as deployed:
            swept = sweep(stack)
        assert deployed
        (problem, *_) = swept.problems
        assert "another policy" in problem
        assert swept.total("changed") == 0
        assert state(stack, company) == company.before()
        assert sweep(stack).deletions_limit == 400
        assert state(stack, company) == company.state()
    finally:
        deploy(stack, POLICY)


def test_a_package_may_have_no_versions_and_another_ten_thousand(stack: LocalStack) -> None:
    """The limit holds, and whoever allows it has all of them deleted but those that stay."""
    published = "2020-01-01T00:00:00Z"
    versions = [{"version": f"20.0.{at}", "publishedTime": published} for at in range(MANY)]
    named = {"format": "npm", "namespace": "lab"}
    packages = [
        {**named, "package": "empty", "versions": []},
        {**named, "package": "huge", "versions": versions},
    ]
    seed(stack, {"name": TEAM, "packages": packages})
    stopped = sweep(stack)
    assert (stopped.outcome, stopped.deletions) == ("stopped", MANY - 2)
    assert len(statuses(stack, "team: huge")) == MANY
    swept = sweep(stack, allowDeletions=MANY)
    assert (swept.outcome, swept.failed, swept.refusals) == ("finished", (), ())
    assert swept.calls["DeletePackageVersions"] == MANY // 100
    assert statuses(stack, "team: huge") == {
        f"20.0.{MANY - 2}": "Published",
        f"20.0.{MANY - 1}": "Published",
    }
    assert is_at_rest(stack)
    closed_down(stack)


@pytest.mark.parametrize("jump", ["two hours on", "back by half a day"])
def test_clocks_may_jump_between_plan_and_apply(stack: LocalStack, jump: str) -> None:
    """A plan that is old, or from the future, does what it says to what is still as planned."""
    if jump == "back by half a day":
        later(stack, DAY / 2)
    company = founded(stack, next(_numbers))

    def act() -> None:
        if jump == "back by half a day":
            admin(stack, "PUT", "clock", {"resume": True})
        else:
            later(stack, DAY / 12)

    try:
        with before_step(stack, "apply", act) as jumped:
            swept = sweep(stack)
        assert jumped
        assert state(stack, company) == company.state()
        assert (swept.outcome, swept.failed, swept.refusals) == ("finished", (), ())
        assert is_at_rest(stack)
    finally:
        admin(stack, "PUT", "clock", {"resume": True})
        closed_down(stack)
        rest(stack)
