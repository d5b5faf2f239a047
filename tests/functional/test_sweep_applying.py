"""Applying on a local CodeArtifact: what was planned is done, once, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from steward.coordinates import Package, Restrictions, Status
from steward.errors import LedgerError
from steward.ledger import RestrictionsChange, StatusChange
from steward.retention_rules import Step, StepName
from sweep_repositories.applying import THE_PACKAGE, Applied, apply_lines
from sweep_repositories.plan_lines import PlanLine, from_json, to_json
from tests.functional.swept_domain import (
    CLOSED,
    INTERNAL,
    OPEN,
    PUBLIC,
    Seeded,
    SweptDomain,
    build,
    names,
    origin,
    policy,
    promotion,
    retention,
    snapshots,
)
from tests.functional.watched_domain import where

STEPS: list[tuple[StepName, Status | None, str]] = [
    ("unlist", "Unlisted", "UpdatePackageVersionsStatus"),
    ("archive", "Archived", "UpdatePackageVersionsStatus"),
    ("dispose", "Disposed", "DisposePackageVersions"),
    ("delete", None, "DeletePackageVersions"),
]
WORDS = [step[0] for step in STEPS]


class WorkerKilledError(BaseException):
    """The function is gone, with nothing that could be caught."""


def expiring(swept: SweptDomain, step: StepName, versions: int = 3) -> tuple[Package, PlanLine]:
    """Return a package of which all versions but the last one expire, and the line that says so."""
    swept.policy = policy(retention=(retention(Step(step)),))
    package = swept.package([f"1.{number}.0" for number in range(versions)])
    (line,) = swept.gather(package).lines
    swept.forget_requests()
    return package, line


@pytest.mark.parametrize(("step", "status", "operation"), STEPS, ids=WORDS)
def test_a_step_is_one_call_is_recorded_before_and_announced(
    swept: SweptDomain, step: StepName, status: Status | None, operation: str
) -> None:
    """Read back from a file, the line does what it says, and people can find out who did it."""
    package, line = expiring(swept, step)
    (applied,) = swept.apply([from_json(to_json(line))])
    assert applied == Applied(line, changed=("1.0.0", "1.1.0"))
    assert swept.requests() == {operation: 1}
    left = swept.statuses(package)
    assert [left.get("1.0.0"), left.get("1.1.0"), left.get("1.2.0")] == [
        status,
        status,
        "Published",
    ]
    assert swept.ledger.recorded == [
        StatusChange(
            package,
            version,
            "Published",
            status or "Deleted",
            "retention[0]",
            "expire_versions",
            swept.now,
        )
        for version in ("1.0.0", "1.1.0")
    ]
    assert swept.notices.announced == [
        (status or "Deleted", package, ["1.0.0", "1.1.0"], "expire_versions", "retention[0]")
    ]


@pytest.mark.parametrize(("step", "status", "operation"), STEPS, ids=WORDS)
def test_applied_again_all_is_so_already(
    swept: SweptDomain, step: StepName, status: Status | None, operation: str
) -> None:
    """What an earlier attempt has done is neither done again nor refused."""
    package, line = expiring(swept, step)
    swept.apply([line])
    before = swept.statuses(package)
    announced = list(swept.notices.announced)
    (applied,) = swept.apply([line])
    assert applied == Applied(line, already=("1.0.0", "1.1.0"))
    assert swept.statuses(package) == before
    assert before.get("1.0.0") == status
    assert swept.notices.announced == announced
    assert swept.requests()[operation] >= 2


@pytest.mark.parametrize("step", WORDS)
def test_a_worker_that_was_killed_leaves_the_rest_to_the_next_attempt(
    swept: SweptDomain, step: StepName
) -> None:
    """Of 150 versions 100 are done when it dies; the next attempt does the other 50."""
    package, line = expiring(swept, step, versions=151)
    operation = next(one[2] for one in STEPS if one[0] == step)
    calls: list[str] = []

    def kill() -> None:
        calls.append(operation)
        if len(calls) == 2:
            raise WorkerKilledError

    with swept.meanwhile(operation, kill), pytest.raises(WorkerKilledError):
        swept.apply([line])
    (applied,) = swept.apply([line])
    assert (len(applied.already), len(applied.changed), applied.refused) == (100, 50, ())
    assert [one for one in swept.statuses(package).values() if one == "Published"] == ["Published"]
    assert swept.gather(package).lines == ()


def test_what_was_done_before_a_call_failed_is_told_and_the_line_can_be_applied_again(
    swept: SweptDomain,
) -> None:
    """The error is the line's problem; what came before it is announced."""
    _, line = expiring(swept, "delete", versions=151)
    with swept.broken("DeletePackageVersions", after=1):
        (applied,) = swept.apply([line])
    assert len(applied.changed) == 100
    assert applied.problem is not None
    assert "DeletePackageVersions" in applied.problem
    (announced,) = swept.notices.announced
    assert announced[2] == list(applied.changed)
    (again,) = swept.apply([line])
    assert (len(again.already), len(again.changed), again.problem) == (100, 50, None)


def test_a_line_that_fails_holds_up_none_of_the_others(swept: SweptDomain) -> None:
    """Unlisting goes on when deleting is out of order."""
    swept.policy = policy(snapshots=(snapshots(),), retention=(retention(keep_newest=2),))
    package = swept.package([build(1), build(2), build(3)], package_format="maven")
    plan = swept.gather(package)
    with swept.broken("DeletePackageVersions"):
        unlisted, deleted = swept.apply(plan.lines)
    assert (unlisted.changed, deleted.changed) == ((build(2),), ())
    assert deleted.problem is not None


def test_nothing_is_changed_that_cannot_be_recorded(swept: SweptDomain) -> None:
    """Without the ledger nobody could restore it."""
    package, line = expiring(swept, "delete")

    def fail(method: str) -> None:
        if method == "record":
            raise LedgerError("BatchWriteItem", "Throttled", "slow down")

    swept.ledger.before = fail
    (applied,) = swept.apply([line])
    assert applied.problem is not None
    assert applied.changed == ()
    assert set(swept.statuses(package).values()) == {"Published"}
    assert swept.requests() == {}


def changed_status(swept: SweptDomain, package: Package) -> None:
    """Somebody archives a version."""
    swept.set_status(package, "Archived", "1.0.0")


def published_again(swept: SweptDomain, package: Package) -> None:
    """Somebody deletes a version and publishes another one under its name."""
    swept.delete_version(package, "1.0.0")
    swept.publish(package, "1.0.0").raise_for_status()


def deleted_version(swept: SweptDomain, package: Package) -> None:
    """Somebody deletes a version."""
    swept.delete_version(package, "1.0.0")


CHANGES: list[tuple[str, Callable[[SweptDomain, Package], None], StepName, str]] = [
    ("unlisting what was archived", changed_status, "unlist", "MISMATCHED_STATUS"),
    ("disposing of what was archived", changed_status, "dispose", "MISMATCHED_STATUS"),
    ("deleting what was archived", changed_status, "delete", "MISMATCHED_STATUS"),
    ("unlisting what was published again", published_again, "unlist", "MISMATCHED_REVISION"),
    ("archiving what was published again", published_again, "archive", "MISMATCHED_REVISION"),
    ("disposing of what was published again", published_again, "dispose", "MISMATCHED_REVISION"),
    ("unlisting what is gone", deleted_version, "unlist", "NOT_FOUND"),
    ("disposing of what is gone", deleted_version, "dispose", "NOT_FOUND"),
]


@pytest.mark.parametrize(
    ("change", "step", "code"), [one[1:] for one in CHANGES], ids=[one[0] for one in CHANGES]
)
def test_what_has_changed_since_the_plan_is_left_and_named(
    swept: SweptDomain, change: Callable[[SweptDomain, Package], None], step: StepName, code: str
) -> None:
    """The other version of the line goes, this one stays as somebody has made it."""
    package, line = expiring(swept, step)
    change(swept, package)
    before = swept.statuses(package).get("1.0.0")
    (applied,) = swept.apply([line])
    assert applied.changed == ("1.1.0",)
    assert [(one.version, one.code) for one in applied.refused] == [("1.0.0", code)]
    assert swept.statuses(package).get("1.0.0") == before


def test_an_old_plan_deletes_nothing_that_was_published_again(swept: SweptDomain) -> None:
    """DeletePackageVersions takes no revision: the package is listed once more."""
    package, line = expiring(swept, "delete")
    planned = swept.now
    published_again(swept, package)
    swept.forget_requests()
    swept.now += timedelta(hours=2)
    (applied,) = swept.apply([line], planned_at=planned)
    assert applied.changed == ("1.1.0",)
    assert [(one.version, one.code) for one in applied.refused] == [
        ("1.0.0", "MISMATCHED_REVISION")
    ]
    assert swept.statuses(package)["1.0.0"] == "Published"
    assert swept.requests() == {"ListPackageVersions": 1, "DeletePackageVersions": 1}


@pytest.mark.parametrize("step", ["unlist", "dispose"])
def test_a_package_that_is_gone_is_a_refusal(swept: SweptDomain, step: StepName) -> None:
    """Nothing fails, and nothing is tried again."""
    package, line = expiring(swept, step)
    swept.delete_package(package)
    (applied,) = swept.apply([line])
    assert (applied.changed, applied.already, applied.problem) == ((), (), None)
    assert {one.code for one in applied.refused} == {"NOT_FOUND"}


def test_what_was_to_be_deleted_of_a_package_that_is_gone_is_gone(swept: SweptDomain) -> None:
    """An earlier attempt may have deleted its last versions, and the package with them."""
    package, line = expiring(swept, "delete")
    swept.delete_package(package)
    (applied,) = swept.apply([line])
    assert applied == Applied(line, already=("1.0.0", "1.1.0"))


def test_a_version_that_codeartifact_does_not_let_go_is_named(swept: SweptDomain) -> None:
    """Where an Unfinished version may not be unlisted, it stays, and the others go."""
    swept.policy = policy(snapshots=(snapshots(),))
    package = swept.package(
        {build(1): Seeded(status="Unfinished"), build(2): Seeded(), build(3): Seeded()},
        package_format="maven",
    )
    plan = swept.gather(package)
    with swept.faults(switches={"unfinishedMayBeUnlisted": False}):
        (applied,) = swept.apply(plan.lines)
    assert applied.changed == (build(2),)
    assert [(one.version, one.code) for one in applied.refused] == [(build(1), "NOT_ALLOWED")]
    assert swept.statuses(package)[build(1)] == "Unfinished"


@pytest.mark.parametrize(
    "switches",
    [
        {"bulkAtomicity": "perVersion"},
        {"sameStatusUpdate": "notAllowed"},
        {"repeatedDispose": "success"},
        {"listHidesArchived": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("step", WORDS)
def test_what_aws_does_not_document_makes_no_difference_to_a_second_attempt(
    swept: SweptDomain, step: StepName, switches: dict[str, object]
) -> None:
    """Whatever CodeArtifact says of what it has done already, nothing is refused or undone."""
    package, line = expiring(swept, step)
    with swept.faults(switches=switches):
        swept.apply([line])
        before = swept.statuses(package)
        (applied,) = swept.apply([line])
    assert set(applied.already) | set(applied.changed) == {"1.0.0", "1.1.0"}
    assert applied.refused == ()
    assert swept.statuses(package) == before


def test_an_exemption_since_the_plan_keeps_its_version(swept: SweptDomain) -> None:
    """Somebody has restored it, or wants it to stay: it is left, and counted."""
    package, line = expiring(swept, "delete")
    planned = swept.now
    swept.now += timedelta(minutes=1)
    swept.exempt(package, "1.0.0")
    (applied,) = swept.apply([line], planned_at=planned)
    assert (applied.kept, applied.changed) == (("1.0.0",), ("1.1.0",))
    assert swept.statuses(package)["1.0.0"] == "Published"


def test_exemptions_are_not_asked_for_again_if_none_was_written_since(swept: SweptDomain) -> None:
    """The gathering has heeded them."""
    package, line = expiring(swept, "delete")
    swept.exempt(package, "9.9.9", made=swept.now - timedelta(days=1))
    swept.ledger.reads.clear()
    (applied,) = swept.apply([line])
    assert applied.changed == ("1.0.0", "1.1.0")
    assert "exemptions" not in swept.ledger.reads


def drifted(swept: SweptDomain) -> tuple[Package, PlanLine]:
    """Return a package whose restrictions are to become those of a public one, and the line."""
    swept.policy = policy(origins=(origin("public"),))
    package = swept.package(["1.0.0"])
    (line,) = swept.gather(package).lines
    swept.forget_requests()
    return package, line


def test_restrictions_are_read_again_recorded_written_and_announced(swept: SweptDomain) -> None:
    """One look, one write; applied again it is so already."""
    package, line = drifted(swept)
    assert swept.apply([line]) == [Applied(line, changed=(THE_PACKAGE,))]
    assert swept.requests() == {"DescribePackage": 1, "PutPackageOriginConfiguration": 1}
    assert swept.restrictions(package) == PUBLIC
    assert swept.ledger.recorded == [
        RestrictionsChange(
            package, OPEN, PUBLIC, "origins[0]", "enforce_origin_controls", swept.now
        )
    ]
    assert swept.notices.announced == [("changed", package, OPEN, PUBLIC, "origins[0]")]
    assert swept.apply([line]) == [Applied(line, already=(THE_PACKAGE,))]
    assert len(swept.ledger.recorded) == 1


@pytest.mark.parametrize("now", [CLOSED, INTERNAL], ids=str)
def test_restrictions_that_somebody_has_changed_since_are_left(
    swept: SweptDomain, now: Restrictions
) -> None:
    """The line was planned for others: the next sweep decides again."""
    package, line = drifted(swept)
    swept.client.put_package_origin_configuration(
        **where(package), restrictions={"publish": now.publish, "upstream": now.upstream}
    )
    (applied,) = swept.apply([line])
    assert [(one.version, one.code) for one in applied.refused] == [
        (None, "MISMATCHED_RESTRICTIONS")
    ]
    assert swept.restrictions(package) == now
    assert swept.ledger.recorded == []


def test_restrictions_that_were_exempted_since_are_left(swept: SweptDomain) -> None:
    """Somebody has opened the door for a while."""
    package, line = drifted(swept)
    swept.exempt(package, None)
    assert swept.apply([line]) == [Applied(line, kept=(THE_PACKAGE,))]
    assert swept.restrictions(package) == OPEN


def test_no_package_is_made_by_writing_its_restrictions(swept: SweptDomain) -> None:
    """A package that is gone stays gone."""
    package, line = drifted(swept)
    swept.delete_package(package)
    (applied,) = swept.apply([line])
    assert [one.code for one in applied.refused] == ["NOT_FOUND"]
    assert swept.requests().get("PutPackageOriginConfiguration") is None


def intruder(swept: SweptDomain) -> tuple[Package, PlanLine]:
    """Return an internal package with a version from outside, and the line that archives it."""
    swept.policy = policy(origins=(origin("internal"),))
    package = swept.package(
        {"1.0.0": Seeded(), "9.9.9": Seeded(outside=True)}, restrictions=INTERNAL
    )
    (line,) = swept.gather(package).lines
    swept.forget_requests()
    return package, line


def test_a_person_is_told_of_what_came_from_outside_and_how_to_undo_it(swept: SweptDomain) -> None:
    """As on events: once for each version that was archived."""
    package, line = intruder(swept)
    swept.apply([line])
    assert swept.statuses(package)["9.9.9"] == "Archived"
    ((_, text),) = swept.attention.messages
    assert "steward restore" in text
    assert "public:npmjs" in text
    assert swept.notices.announced == [("archived", package, ["9.9.9"], "origins[0]")]
    swept.apply([line])
    assert len(swept.attention.messages) == 1


def test_whoever_was_not_told_before_the_worker_died_is_told_by_the_next_attempt(
    swept: SweptDomain,
) -> None:
    """The version is archived by then, and nobody knows."""
    package, line = intruder(swept)

    class Dying:
        """Whoever is told when the function ends."""

        def tell(self, subject: str, text: str) -> None:
            """End it."""
            raise WorkerKilledError(subject, text)

    with pytest.raises(WorkerKilledError):
        swept.apply([line], attention=Dying())
    assert swept.statuses(package)["9.9.9"] == "Archived"
    swept.now += timedelta(minutes=1)
    (applied,) = swept.apply([line])
    assert applied.already == ("9.9.9",)
    assert len(swept.attention.messages) == 1


def test_a_message_that_is_lost_is_the_problem_of_its_line(swept: SweptDomain) -> None:
    """The line is applied again until somebody knows."""
    package, line = intruder(swept)
    swept.attention.delivers = False
    for _ in range(2):
        (applied,) = swept.apply([line])
        assert applied.problem == "nobody could be told of what was archived"
    swept.attention.delivers = True
    (applied,) = swept.apply([line])
    assert applied.problem is None
    assert len(swept.attention.messages) == 1
    assert swept.statuses(package)["9.9.9"] == "Archived"


def test_the_judge_is_asked_once_for_all_rules(swept: SweptDomain) -> None:
    """It looks at the package by each of them; the sweep itself copies nothing."""
    package = swept.package(["1.0.0"])
    source = package.repository.name
    swept.policy = policy(promotions=(promotion(source), promotion(source, "checked")))
    plan = swept.gather(package)
    swept.forget_requests()
    applied = swept.apply(plan.lines)
    assert [one.changed for one in applied] == [("1.0.0",), ("1.0.0",)]
    assert swept.judge.looks == [package]
    assert swept.requests() == {}
    (first, _) = swept.apply(plan.lines, promotions=None)
    assert first.problem is not None


def test_the_door_is_closed_before_anything_else_is_done(swept: SweptDomain) -> None:
    """Lines are carried out in their order, however they were given."""
    swept.policy = policy(origins=(origin("internal"),), snapshots=(snapshots(),))
    package = swept.package(
        {build(1): Seeded(), build(2): Seeded(), "9.9.9": Seeded(outside=True)},
        package_format="maven",
    )
    plan = swept.gather(package)
    applied = swept.apply(plan.lines[::-1])
    assert list(names(applied)) == ["restrict", "archive", "unlist"]
    assert swept.restrictions(package) == INTERNAL


def test_the_snapshot_survives_a_deletion_that_ends_in_between(swept: SweptDomain) -> None:
    """What clients ask for is deleted by the last call."""
    swept.policy = policy(
        retention=(
            retention(
                keep_newest=None, versions=("snapshot-builds",), release_grace=timedelta(days=7)
            ),
        )
    )
    held = {"1.0-SNAPSHOT": Seeded(), build(2): Seeded(), build(1): Seeded(status="Unlisted")}
    held["1.0"] = Seeded(published=swept.now - timedelta(days=8))
    package = swept.package(held, package_format="maven")
    plan = swept.gather(package)
    with swept.broken("DeletePackageVersions", after=1):
        swept.apply(plan.lines)
    assert swept.statuses(package).keys() == {"1.0-SNAPSHOT", build(2), "1.0"}


def test_marks_note_the_time_of_a_step_that_another_one_follows(swept: SweptDomain) -> None:
    """The mark is written with the record of the change; the last step leaves none."""
    swept.policy = policy(
        retention=(retention(Step("unlist"), Step("delete", timedelta(days=30))),)
    )
    package = swept.package(["1.0.0", "2.0.0"])
    swept.apply(swept.gather(package).lines)
    assert swept.ledger.marks(package).since("1.0.0", "Unlisted") == swept.now
    swept.now += timedelta(days=30)
    swept.apply(swept.gather(package).lines)
    assert len(swept.ledger.marked) == 1


def test_lines_of_two_packages_are_refused(swept: SweptDomain) -> None:
    """Whoever mixes them up has made a mistake."""
    _, one = expiring(swept, "unlist")
    _, other = expiring(swept, "unlist")
    with pytest.raises(ValueError, match="2 packages"):
        swept.apply([one, other])
    assert apply_lines([], swept.applying()) == []


def test_a_report_is_told_once_however_often_it_is_applied(swept: SweptDomain) -> None:
    """Once it is known, nobody hears of it again for a while."""
    swept.policy = policy(origins=(origin("internal", "report"),))
    package = swept.package({"9.9.9": Seeded(outside=True)}, restrictions=INTERNAL)
    plan = swept.gather(package)
    swept.apply(plan.lines)
    swept.apply([replace(line, reason="again") for line in plan.lines])
    assert len(swept.attention.messages) == 1
    assert swept.statuses(package) == {"9.9.9": "Published"}
