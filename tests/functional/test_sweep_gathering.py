"""Gathering on a local CodeArtifact: what is planned for a package, and what finding out costs."""

from __future__ import annotations

from datetime import timedelta
from math import ceil, log2

import pytest

from steward.ledger_exemptions import NO_EXEMPTIONS
from steward.retention_rules import Step
from sweep_repositories.plan_lines import PackagePlan
from tests.functional.swept_domain import (
    CLOSED,
    INTERNAL,
    OPEN,
    PUBLIC,
    Seeded,
    SweptDomain,
    build,
    origin,
    policy,
    promotion,
    retention,
    snapshots,
)

READS = {"ListPackages", "ListPackageVersions", "DescribePackageVersion"}


def said(plan: PackagePlan) -> dict[str, list[str]]:
    """Return the versions of each line, by rule and action."""
    return {
        f"{line.rule}: {line.action}": [one.version for one in line.versions] for line in plan.lines
    }


def test_a_hundred_packages_with_fifty_stale_builds_cost_two_hundred_and_one_calls(
    swept: SweptDomain,
) -> None:
    """One page of packages, one list and one update a package; afterwards nothing is left to do."""
    repository = swept.new_repository()
    builds = {build(number): Seeded() for number in range(1, 52)}
    packages = [swept.in_repository(repository, f"app-{number}", "maven") for number in range(100)]
    for package in packages:
        swept.hold(package, builds)
    swept.forget_requests()
    swept.policy = policy(snapshots=(snapshots(),))
    applied = swept.sweep(repository)
    assert swept.requests() == {
        "ListPackages": 1,
        "ListPackageVersions": 100,
        "UpdatePackageVersionsStatus": 100,
    }
    assert sum(len(one.changed) for one in applied) == 5000
    assert swept.statuses(packages[7])[build(51)] == "Published"
    assert set(list(swept.statuses(packages[7]).values())[:50]) == {"Unlisted"}
    swept.forget_requests()
    recorded = len(swept.ledger.recorded)
    assert swept.sweep(repository) == []
    assert swept.requests().keys() <= READS
    assert len(swept.ledger.recorded) == recorded


@pytest.mark.parametrize("direction", ["newestFirst", "oldestFirst"])
def test_a_hundred_packages_with_fifty_releases_by_age_cost_no_more_than_bisecting_does(
    swept: SweptDomain, direction: str
) -> None:
    """At most 1 + 2 * ceil(log2 50) reads and one update a package, and one page of packages."""
    swept.http.put(
        "/_emulator/faults", json={"switches": {"publishedTimeOrder": direction}}
    ).raise_for_status()
    repository = swept.new_repository()
    releases = [f"1.{number}.0" for number in range(50)]
    held = {
        name: Seeded(published=swept.now - timedelta(days=49 - number))
        for number, name in enumerate(releases)
    }
    packages = [swept.in_repository(repository, f"lib-{number}", "npm") for number in range(100)]
    for package in packages:
        swept.hold(package, held)
    swept.forget_requests()
    swept.policy = policy(
        retention=(retention(Step("archive"), keep_newest=3, keep_younger_than=timedelta(days=30)),)
    )
    swept.sweep(repository)
    made = dict(swept.requests())
    described = made.pop("DescribePackageVersion")
    assert described <= 100 * 2 * ceil(log2(50))
    assert made == {
        "ListPackages": 1,
        "ListPackageVersions": 100,
        "UpdatePackageVersionsStatus": 100,
    }
    assert described + sum(made.values()) <= 100 * (1 + 2 * ceil(log2(50))) + 101
    archived = dict.fromkeys(releases[:20], "Archived")
    assert swept.statuses(packages[7]) == dict.fromkeys(releases, "Published") | archived


@pytest.mark.parametrize("stale", [False, True], ids=["nothing to do", "something for each"])
def test_one_list_serves_the_rules_of_all_four_automations(
    swept: SweptDomain,
    stale: bool,  # noqa: FBT001  the two cases
) -> None:
    """Builds, origins, promotions and retention look at the same list, of the same call."""
    builds = [build(number) for number in (1, 2, 3)] if stale else [build(3)]
    outside = {"9.9.9": Seeded(outside=True)} if stale else {}
    held = {**{one: Seeded() for one in builds}, **outside, "1.0": Seeded()}
    package = swept.package(held, package_format="maven", restrictions=INTERNAL)
    rule = promotion(package.repository.name)
    swept.policy = policy(
        snapshots=(snapshots(),),
        origins=(origin("internal"),),
        promotions=(rule,),
        retention=(retention(keep_newest=2, keep_promoted=False, versions=("snapshot-builds",)),),
    )
    if not stale:
        swept.judged(package, "1.0", "copied", rule)
        swept.judged(package, build(3), "copied", rule)
    plan = swept.gather(package)
    assert swept.requests() == {"ListPackages": 1, "ListPackageVersions": 1}
    assert {line.automation for line in plan.lines} == (
        {
            "enforce_origin_controls",
            "expire_versions",
            "promote_versions",
            "unlist_snapshot_builds",
        }
        if stale
        else set()
    )


def test_a_build_whose_grace_is_over_is_found_though_no_event_tells_of_it(
    swept: SweptDomain,
) -> None:
    """SQS cannot hold a message back for an hour; the next sweep after it needs none."""
    swept.policy = policy(snapshots=(snapshots(),))
    package = swept.package(
        {"1.0-20260301.093000-1": Seeded(status="Unfinished"), "1.0-20260301.095500-2": Seeded()},
        package_format="maven",
    )
    assert swept.gather(package).lines == ()
    swept.now += timedelta(minutes=30)
    assert said(swept.gather(package)) == {"snapshots[0]: unlist": ["1.0-20260301.093000-1"]}


def test_a_package_that_no_rule_is_about_is_not_looked_at(swept: SweptDomain) -> None:
    """Its row in the list of packages is all that is read."""
    package = swept.package(["1.0.0"])
    swept.policy = policy(snapshots=(snapshots("/maven/*"),))
    assert swept.gather(package).lines == ()
    assert swept.requests() == {"ListPackages": 1}


def test_restrictions_that_have_drifted_are_seen_in_the_row(swept: SweptDomain) -> None:
    """A rule that gives them needs no list of versions, and nothing where they are in order."""
    swept.policy = policy(origins=(origin("public"),))
    drifted = swept.package(["1.0.0"])
    (line,) = swept.gather(drifted).lines
    assert (line.action, line.before, line.after) == ("restrict", OPEN, PUBLIC)
    assert swept.requests() == {"ListPackages": 1}
    in_order = swept.package(["1.0.0"], restrictions=PUBLIC)
    assert swept.gather(in_order) == PackagePlan(in_order)
    assert swept.requests() == {"ListPackages": 1}


def test_an_internal_package_is_searched_for_versions_from_outside_behind_its_closed_door(
    swept: SweptDomain,
) -> None:
    """A sweep that ended between closing and archiving has left them there."""
    swept.policy = policy(origins=(origin("internal"),))
    package = swept.package(
        {"1.0.0": Seeded(), "9.9.9": Seeded(outside=True)}, restrictions=INTERNAL
    )
    assert said(swept.gather(package)) == {"origins[0]: archive": ["9.9.9"]}
    assert swept.requests() == {"ListPackages": 1, "ListPackageVersions": 1}


def test_inferred_restrictions_are_planned_unless_the_group_decides(swept: SweptDomain) -> None:
    """One list and one look-up of the group; a package in a group with a mode is left to it."""
    swept.policy = policy(origins=(origin("inferred"),))
    package = swept.package({"1.0.0": Seeded()})
    (line,) = swept.gather(package).lines
    assert (line.before, line.after) == (OPEN, INTERNAL)
    assert swept.requests() == {
        "ListPackages": 1,
        "ListPackageVersions": 1,
        "GetAssociatedPackageGroup": 1,
    }
    closed = swept.package({"1.0.0": Seeded()}, restrictions=CLOSED)
    assert swept.gather(closed).lines == ()


def test_a_package_of_mixed_origin_is_reported_until_somebody_knows(swept: SweptDomain) -> None:
    """The line tells a person; once they know, the next gathering finds nothing."""
    swept.policy = policy(origins=(origin("inferred"),))
    package = swept.package({"1.0.0": Seeded(), "9.9.9": Seeded(outside=True)})
    (line,) = swept.gather(package).lines
    assert line.action == "report"
    assert line.mixed is not None
    assert (line.mixed.internal, line.mixed.external) == (1, 1)
    swept.apply([line])
    assert len(swept.attention.messages) == 1
    again = swept.gather(package)
    assert again.lines == ()
    assert again.kept == {"origins[0]": 1}


def test_versions_from_outside_that_are_only_reported_are_told_once(swept: SweptDomain) -> None:
    """They stay in use; the second gathering counts them as kept."""
    swept.policy = policy(origins=(origin("internal", "report"),))
    package = swept.package({"9.9.9": Seeded(outside=True)}, restrictions=INTERNAL)
    plan = swept.gather(package)
    assert said(plan) == {"origins[0]: report": ["9.9.9"]}
    swept.apply(plan.lines)
    assert [message[0] for message in swept.attention.messages] == [
        "Versions from outside in an internal package of my-company"
    ]
    assert swept.gather(package).lines == ()
    assert swept.statuses(package) == {"9.9.9": "Published"}


def test_of_two_automations_the_one_that_wants_more_has_the_version(swept: SweptDomain) -> None:
    """A stale build that is to be deleted is not unlisted before; it stands in one line only."""
    swept.policy = policy(
        snapshots=(snapshots(),), retention=(retention(keep_newest=2, versions=("all",)),)
    )
    package = swept.package([build(1), build(2), build(3)], package_format="maven")
    assert said(swept.gather(package)) == {
        "snapshots[0]: unlist": [build(2)],
        "retention[0]: delete": [build(1)],
    }
    assert swept.requests() == {"ListPackages": 1, "ListPackageVersions": 1}


def test_a_version_from_outside_that_expires_is_reported_all_the_same(swept: SweptDomain) -> None:
    """Deleting goes further than archiving, and a person still hears of what was there."""
    swept.policy = policy(origins=(origin("internal"),), retention=(retention(),))
    package = swept.package(
        {"1.0.0": Seeded(outside=True), "2.0.0": Seeded()}, restrictions=INTERNAL
    )
    plan = swept.gather(package)
    assert said(plan) == {"retention[0]: delete": ["1.0.0"], "origins[0]: report": ["1.0.0"]}
    swept.apply(plan.lines)
    assert swept.statuses(package) == {"2.0.0": "Published"}
    assert len(swept.attention.messages) == 1


def test_an_exempt_version_stays_whoever_wants_something_of_it(swept: SweptDomain) -> None:
    """Unlisting, expiry and the controls of origins leave it; it counts as kept by each."""
    swept.policy = policy(
        snapshots=(snapshots(),), origins=(origin("internal"),), retention=(retention(),)
    )
    package = swept.package(
        {build(1): Seeded(outside=True), build(2): Seeded()},
        restrictions=INTERNAL,
        package_format="maven",
    )
    swept.exempt(package, build(1))
    plan = swept.gather(package)
    assert plan.lines == ()
    assert plan.kept.keys() >= {"origins[0]"}
    assert swept.ledger.reads.count("exemptions") == 1


def test_exempt_restrictions_stay(swept: SweptDomain) -> None:
    """Whoever has opened the door for a while finds it open after the sweep."""
    swept.policy = policy(origins=(origin("public"),))
    package = swept.package(["1.0.0"])
    swept.exempt(package, None)
    assert swept.gather(package).kept == {"origins[0]": 1}


def test_nobody_asks_for_exemptions_where_there_are_none(swept: SweptDomain) -> None:
    """What is known of all packages saves a query for each."""
    swept.policy = policy(snapshots=(snapshots(),))
    package = swept.package([build(1), build(2)], package_format="maven")
    assert swept.gather(package, exemptions=NO_EXEMPTIONS).lines
    assert "exemptions" not in swept.ledger.reads


def test_nobody_asks_for_exemptions_where_nothing_is_to_be_done(swept: SweptDomain) -> None:
    """A package in order costs its list alone."""
    swept.policy = policy(snapshots=(snapshots(),), origins=(origin("internal"),))
    package = swept.package([build(1)], package_format="maven", restrictions=INTERNAL)
    swept.exempt(package, "another")
    assert swept.gather(package).lines == ()
    assert "exemptions" not in swept.ledger.reads


def test_open_versions_are_handed_to_the_judge_and_no_others(swept: SweptDomain) -> None:
    """Not those that were copied, nor those that are not published."""
    package = swept.package(
        {"1.0.0": Seeded(), "2.0.0": Seeded(), "3.0.0": Seeded(status="Unlisted")}
    )
    rule = promotion(package.repository.name)
    swept.policy = policy(promotions=(rule,))
    swept.judged(package, "1.0.0", "copied", rule)
    (line,) = swept.gather(package).lines
    assert (line.action, line.to, line.reason) == ("promote", "approved", "not judged yet")
    assert [one.version for one in line.versions] == ["2.0.0"]
    assert swept.gather(package, records=None).lines == ()


def test_a_version_on_its_way_out_is_not_promoted(swept: SweptDomain) -> None:
    """Whoever is to be archived as an intruder is not handed to the judge."""
    package = swept.package({"1.0.0": Seeded(outside=True)}, restrictions=INTERNAL)
    swept.policy = policy(
        origins=(origin("internal"),), promotions=(promotion(package.repository.name),)
    )
    assert said(swept.gather(package)) == {"origins[0]: archive": ["1.0.0"]}


def test_what_promotion_has_approved_is_in_use(swept: SweptDomain) -> None:
    """A replaced build whose copy is on its way is neither unlisted nor deleted."""
    package = swept.package([build(1), build(2)], package_format="maven")
    rule = promotion(package.repository.name)
    swept.policy = policy(snapshots=(snapshots(),), promotions=(rule,), retention=(retention(),))
    swept.judged(package, build(1), "approved", rule)
    swept.judged(package, build(2), "copied", rule)
    assert swept.gather(package).lines == ()


def test_a_waiting_time_is_noted_once_and_then_over(swept: SweptDomain) -> None:
    """First a mark, then nothing, then the step, then the next mark with the step itself."""
    swept.policy = policy(
        retention=(
            retention(Step("archive", timedelta(days=14)), Step("delete", timedelta(days=30))),
        )
    )
    package = swept.package(["1.0.0", "2.0.0"])
    (line,) = swept.gather(package).lines
    assert (line.action, line.step, line.versions[0].until) == (
        "mark",
        "archive",
        swept.now + timedelta(days=14),
    )
    swept.sweep(package.repository)
    assert swept.gather(package).lines == ()
    swept.now += timedelta(days=14)
    swept.sweep(package.repository)
    assert swept.statuses(package) == {"1.0.0": "Archived", "2.0.0": "Published"}
    assert swept.gather(package).lines == ()
    swept.now += timedelta(days=30)
    swept.sweep(package.repository)
    assert swept.statuses(package) == {"2.0.0": "Published"}


def test_a_version_that_another_step_moves_is_not_marked(swept: SweptDomain) -> None:
    """The mark would be of a status that the version has left by then."""
    swept.policy = policy(
        snapshots=(snapshots(),), retention=(retention(Step("archive", timedelta(days=14))),)
    )
    package = swept.package([build(1), build(2)], package_format="maven")
    assert said(swept.gather(package)) == {"snapshots[0]: unlist": [build(1)]}


def test_the_newest_build_and_the_snapshot_go_last(swept: SweptDomain) -> None:
    """Should the deletion end in between, clients still find the newest build."""
    swept.policy = policy(
        retention=(
            retention(
                keep_newest=None,
                versions=("snapshot-builds",),
                release_grace=timedelta(days=7),
            ),
        )
    )
    held = {build(number): Seeded(status="Unlisted") for number in (3, 1, 2)}
    held |= {"1.0-SNAPSHOT": Seeded(), build(4): Seeded()}
    held["1.0"] = Seeded(published=swept.now - timedelta(days=8))
    package = swept.package(held, package_format="maven")
    (line,) = swept.gather(package).lines
    assert [one.version for one in line.versions] == [
        build(1),
        build(2),
        build(3),
        build(4),
        "1.0-SNAPSHOT",
    ]


def test_a_package_that_cannot_be_read_has_a_problem_and_no_lines(swept: SweptDomain) -> None:
    """The other packages go on; nothing is planned from half of what there is to know."""
    swept.policy = policy(snapshots=(snapshots(),))
    package = swept.package([build(1), build(2)], package_format="maven")
    with swept.broken("ListPackageVersions"):
        plan = swept.gather(package)
    assert plan.lines == ()
    assert plan.problem is not None
    assert "ListPackageVersions" in plan.problem


def test_a_package_that_vanishes_has_nothing_to_be_done(swept: SweptDomain) -> None:
    """Between the list of packages and the look at it, somebody has deleted it."""
    swept.policy = policy(snapshots=(snapshots(),))
    package = swept.package([build(1), build(2)], package_format="maven")
    with swept.meanwhile("ListPackageVersions", lambda: swept.delete_package(package)):
        assert swept.gather(package) == PackagePlan(package)


@pytest.mark.parametrize("versions", [0, 1, 2500], ids=["none", "one", "more than two pages"])
def test_any_number_of_versions_is_listed_once(swept: SweptDomain, versions: int) -> None:
    """One call for each 1,000 versions, for all rules together."""
    swept.policy = policy(
        snapshots=(snapshots(),),
        origins=(origin("internal"),),
        retention=(retention(keep_newest=10_000, versions=("all",)),),
    )
    package = swept.package([f"1.{number}.0" for number in range(versions)], restrictions=INTERNAL)
    plan = swept.gather(package)
    assert (plan.lines, plan.looked_at) == ((), versions)
    assert swept.requests()["ListPackageVersions"] == max(1, -(-versions // 1000))
