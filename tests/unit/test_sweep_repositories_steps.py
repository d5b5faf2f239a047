"""The steps of a sweep, one by one: what each writes, hands on, and makes of what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal, cast

import pytest

from steward.coordinates import Package, Restrictions
from steward.errors import LedgerError
from sweep_repositories import app, apply_app, batch_gathering, keys
from sweep_repositories.applying import Applied, Refused
from sweep_repositories.executions import Execution
from sweep_repositories.objects import ObjectsError
from sweep_repositories.plan_lines import PackagePlan, PlanLine
from sweep_repositories.progress import progress
from sweep_repositories.runs import SweepEventError
from sweep_repositories.summary import Row, Summary, summary_in
from sweep_repositories.tally import tally_in
from tests.unit.fake_sweeps import (
    DIGEST,
    NOW,
    RULE,
    STARTED,
    FakeLists,
    Sweeps,
    begin_event,
    line,
    package,
    plan,
)

Answer = Mapping[str, Any]
NO_TIME: Callable[[], bool] = lambda: False  # noqa: E731  one line says it


@pytest.fixture
def sweeps() -> Sweeps:
    """A domain of two repositories with five packages, two of which no rule is about."""
    return Sweeps(FakeLists({"team-a": ["a", "b", "idle", "c"], "team-b": ["idle-too"]}))


def step(
    sweeps: Sweeps, name: str, *, time_left: Callable[[], bool] = lambda: True, **event: object
) -> Answer:
    """Do a step of the run; return its answer, as the state machine gets it."""
    said = {"step": name, "run": "run", **event}
    if name == "apply":
        answer = apply_app.step(said, sweeps.changing(), time_left=time_left)
    else:
        answer = app.step(said, sweeps.planning(), time_left=time_left)
    return cast("Answer", json.loads(json.dumps(answer)))


def begun(sweeps: Sweeps, **wish: object) -> Answer:
    """Begin the run."""
    return cast("Answer", app.step(begin_event(wish), sweeps.planning()))


def listed(sweeps: Sweeps) -> Answer:
    """Begin and list the run."""
    return step(sweeps, "list", cursor=begun(sweeps)["cursor"])


def whole(sweeps: Sweeps, **wish: object) -> Summary:
    """Do all steps of the run as the state machine does."""
    answer = begun(sweeps, **wish)
    if answer["outcome"] == "go on":
        answer = step(sweeps, "list", cursor=answer["cursor"])
        for number in range(1, answer["batches"] + 1):
            step(sweeps, "gather", batch=number, next=0)
        answer = step(sweeps, "weigh")
        if answer["outcome"] == "go on":
            for item in json.loads(sweeps.objects.held[keys.parts("run")]):
                step(sweeps, "apply", part=item["part"], next=item["next"])
    step(sweeps, "summarize", outcome=answer["outcome"])
    return summary_in(sweeps.objects.held[keys.summary("run")])


def test_a_sweep_writes_what_it_came_to(sweeps: Sweeps) -> None:
    """Packages, versions, rows, calls; and the same is announced."""
    summary = whole(sweeps, requestedBy="jo")
    assert summary.rows == (Row("expire_versions", RULE, "delete", planned=3, changed=3),)
    assert (summary.repositories, summary.packages, summary.looked_at) == (2, 5, 3)
    assert (summary.versions, summary.kept, summary.deletions) == (9, {RULE: 6}, 3)
    assert summary.calls == {"ListPackages": 3, "ListRepositoriesInDomain": 1}
    assert (summary.outcome, summary.requested_by, summary.started) == ("finished", "jo", NOW)
    [report] = sweeps.heard.reports
    assert report.packages == {"seen": 5, "lookedAt": 3, "failed": 0}
    assert report.versions == {
        "lookedAt": 9,
        "planned": 3,
        "changed": 3,
        "already": 0,
        "refused": 0,
        "kept": 0,
    }
    assert report.summary == "runs/run/summary.json"
    assert sweeps.heard.told == []
    assert sweeps.flushed == 1


@pytest.mark.parametrize("mode", ["observe", "enforce"])
def test_the_first_step_has_the_ledger_know_of_all_exemptions(
    sweeps: Sweeps, mode: Literal["observe", "enforce"]
) -> None:
    """Before packages are looked at, and not for a sweep that does not begin."""
    settled: list[str] = []
    sweeps.mode, sweeps.settle = mode, lambda: settled.append("exemptions")
    assert begun(sweeps, policyDigest="e" * 64)["outcome"] == "another policy"
    assert settled == []
    assert begun(sweeps)["outcome"] == "go on"
    assert settled == ["exemptions"]


def test_a_sweep_goes_on_where_exemptions_cannot_all_be_read(sweeps: Sweeps) -> None:
    """Then each package is asked about; one entry that nobody can read stops no other package."""

    def fail() -> None:
        raise LedgerError("Scan", "UnreadableEntry", "of a test")

    sweeps.settle = fail
    assert begun(sweeps)["outcome"] == "go on"


def test_every_step_may_be_done_again(sweeps: Sweeps) -> None:
    """The same files hold the same afterwards."""
    summary = whole(sweeps)
    held = dict(sweeps.objects.held)
    first = {"repository": 0, "following": None, "batches": 0, "packages": 0}
    step(sweeps, "list", cursor={**first, "calls": {"ListRepositoriesInDomain": 1}})
    step(sweeps, "gather", batch=1, next=0)
    step(sweeps, "weigh")
    step(sweeps, "apply", part="00001-00000", next=0)
    step(sweeps, "summarize", outcome="go on")
    assert set(sweeps.objects.held) == set(held)
    assert summary_in(sweeps.objects.held[keys.summary("run")]) == summary


def test_pages_go_on_where_there_was_no_time(sweeps: Sweeps) -> None:
    """One page an invocation at least; what was found is counted once."""
    answer = begun(sweeps)
    batches = []
    for _ in range(3):
        answer = step(sweeps, "list", time_left=NO_TIME, cursor=answer["cursor"])
        batches.append((answer["listed"], answer["batches"]))
    assert batches == [(False, 1), (False, 2), (True, 2)]
    assert answer["cursor"]["packages"] == 5
    assert answer["cursor"]["calls"] == {"ListPackages": 3, "ListRepositoriesInDomain": 1}


def test_a_repository_that_is_gone_has_no_packages(sweeps: Sweeps) -> None:
    """It went between two calls; the others are listed."""
    sweeps.lists.gone = {"team-a"}
    assert listed(sweeps)["batches"] == 0


def test_a_batch_goes_on_where_there_was_no_time(sweeps: Sweeps) -> None:
    """One package an invocation at least; each has a part and a tally of its own."""
    listed(sweeps)
    answers: list[Answer] = []
    reached = 0
    while not answers or not answers[-1]["done"]:
        answers.append(step(sweeps, "gather", time_left=NO_TIME, batch=1, next=reached))
        reached = answers[-1]["next"]
    assert [(one["next"], one["done"]) for one in answers] == [(1, False), (2, False), (3, True)]
    step(sweeps, "weigh")
    parts = [item["part"] for item in json.loads(sweeps.objects.held[keys.parts("run")])]
    assert parts == ["00001-00000", "00001-00001", "00001-00002"]


def test_files_of_an_attempt_that_got_further_are_not_read(sweeps: Sweeps) -> None:
    """An attempt wrote three tallies; the one after it all in one: each line counts once."""
    listed(sweeps)
    for reached in range(3):
        step(sweeps, "gather", time_left=NO_TIME, batch=1, next=reached)
    step(sweeps, "gather", batch=1, next=0)
    step(sweeps, "weigh")
    assert tally_in(sweeps.objects.held[keys.weighed("run")]).lines == 3


def test_lines_of_many_packages_are_cut_into_parts(
    sweeps: Sweeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part ends with the package with which it becomes too large."""
    monkeypatch.setattr(batch_gathering, "PART_BYTES", 500)
    assert whole(sweeps).rows[0].changed == 3
    parts = [item["part"] for item in json.loads(sweeps.objects.held[keys.parts("run")])]
    assert parts == ["00001-00000", "00001-00002"]


def test_a_package_that_fails_is_looked_at_again_and_then_named(sweeps: Sweeps) -> None:
    """Three looks; the others go on, and a person is told."""
    looks: list[str] = []

    def look(of: Package, _: Restrictions) -> PackagePlan:
        looks.append(of.name)
        down = of.name == "a" or looks.count(of.name) < 3
        return plan(of, problem="slow down") if down else plan(of)

    sweeps.look = look
    summary = whole(sweeps)
    assert [looks.count(name) for name in "abc"] == [3, 3, 3]
    assert [(one.package, one.reason) for one in summary.failed] == [("pkg:pypi/a", "slow down")]
    assert summary.rows[0].changed == 2
    [(subject, text)] = sweeps.heard.told
    assert subject == "Sweep of my-company: 1 packages failed"
    assert "pkg:pypi/a in team-a: slow down" in text


def test_lines_that_fail_are_applied_again_and_count_once(sweeps: Sweeps) -> None:
    """What the first attempt changed is no "already" of the second."""
    attempts: list[str] = []

    def apply(lines: Sequence[PlanLine]) -> list[Applied]:
        [one] = lines
        attempts.append(one.package.name)
        if one.package.name == "c":
            return [Applied(one, problem="slow down")]
        first = attempts.count(one.package.name) == 1
        problem = "slow down" if first else None
        return [Applied(one, ("1.0",) if first else (), () if first else ("1.0",), problem=problem)]

    sweeps.apply = apply
    summary = whole(sweeps)
    row = summary.rows[0]
    assert (row.planned, row.changed, row.already) == (3, 2, 0)
    assert summary.failed_of(row) == 1
    assert [attempts.count(name) for name in "abc"] == [2, 2, 3]
    assert [(one.package, one.reason) for one in summary.failed] == [("pkg:pypi/c", "slow down")]


def test_refusals_are_counted_and_named(sweeps: Sweeps) -> None:
    """A version that is refused, and a line that is refused as a whole."""

    def look(of: Package, _: Restrictions) -> PackagePlan:
        return plan(of, line(of, "archive", "1.0", "1.1"))

    def apply(lines: Sequence[PlanLine]) -> list[Applied]:
        [one] = lines
        if one.package.name == "a":
            return [Applied(one, refused=(Refused(None, "NOT_FOUND", "it is gone"),))]
        refusal = Refused("1.1", "MISMATCHED_STATUS", "it is Archived")
        return [Applied(one, ("1.0",), refused=(refusal,))]

    sweeps.look, sweeps.apply = look, apply
    summary = whole(sweeps)
    assert (summary.rows[0].planned, summary.rows[0].changed, summary.rows[0].refused) == (6, 2, 4)
    named = [(one.package, one.version, one.reason) for one in summary.refusals]
    assert named == [
        ("pkg:pypi/a", None, "NOT_FOUND: it is gone"),
        ("pkg:pypi/b", "1.1", "MISMATCHED_STATUS: it is Archived"),
        ("pkg:pypi/c", "1.1", "MISMATCHED_STATUS: it is Archived"),
    ]


@pytest.mark.parametrize(
    ("limit", "wish", "outcome"),
    [
        pytest.param(3, {}, "finished", id="as many as are allowed"),
        pytest.param(2, {}, "stopped", id="one more than is allowed"),
        pytest.param(2, {"allowDeletions": 3}, "finished", id="a person allows one more"),
        pytest.param(3, {"allowDeletions": 2}, "stopped", id="a person allows one less"),
        pytest.param(0, {}, "stopped", id="none is allowed"),
        pytest.param(2, {"planOnly": True}, "planned", id="a plan has no limit"),
    ],
)
def test_deletions_are_held_against_the_limit(
    sweeps: Sweeps, limit: int, wish: Mapping[str, object], outcome: str
) -> None:
    """Three deletions; a sweep that is stopped applies nothing and asks a person."""
    sweeps.limit = limit
    summary = whole(sweeps, **wish)
    assert (summary.outcome, summary.total("changed")) == (outcome, 3 * (outcome == "finished"))
    assert [subject for subject, _ in sweeps.heard.told] == [
        f"Sweep of my-company stopped: 3 deletions planned, {summary.deletions_limit} allowed"
    ] * (outcome == "stopped")


def test_who_observes_only_plans(sweeps: Sweeps) -> None:
    """The parts are written for nobody: no list of them says what to apply."""
    sweeps.mode = "observe"
    assert whole(sweeps).outcome == "planned"
    assert keys.parts("run") not in sweeps.objects.held


def test_a_plan_without_lines_is_nothing_to_do(sweeps: Sweeps) -> None:
    """Whatever is kept."""
    sweeps.look = lambda of, _: PackagePlan(of, kept={RULE: 3}, looked_at=3)
    summary = whole(sweeps)
    assert (summary.outcome, summary.kept) == ("nothing to do", {RULE: 9})


@pytest.mark.parametrize(
    ("name", "seconds", "outcome"),
    [
        pytest.param("other", -1, "another sweep is running", id="an older one"),
        pytest.param("other", 1, "go on", id="a younger one"),
        pytest.param("a", 0, "another sweep is running", id="of the same time, with a lesser name"),
        pytest.param("z", 0, "go on", id="of the same time, with a greater name"),
        pytest.param("run", -1, "go on", id="itself, with a time of its own"),
    ],
)
def test_the_oldest_sweep_goes_on(sweeps: Sweeps, name: str, seconds: int, outcome: str) -> None:
    """And no other; of two of the same time exactly one does."""
    sweeps.executions.known = [Execution(name, STARTED + timedelta(seconds=seconds))]
    assert begun(sweeps)["outcome"] == outcome


def test_a_sweep_that_does_not_begin_has_a_summary(sweeps: Sweeps) -> None:
    """Nothing is listed, and it is announced as stopped."""
    assert whole(sweeps, policyDigest="e" * 64).outcome == "another policy"
    assert sweeps.lists.calls == {}
    assert [one.outcome for one in sweeps.heard.reports] == ["another policy"]
    assert sweeps.heard.told == []
    assert progress(sweeps.objects, "run").state == "over"


@pytest.mark.parametrize("changed", ["mode", "digest"])
def test_another_deployment_passes_over_what_is_not_its_own(sweeps: Sweeps, changed: str) -> None:
    """A batch of the plan and, in the other half, its lines; both are told."""
    listed(sweeps)
    step(sweeps, "gather", batch=1, next=0)
    step(sweeps, "weigh")
    observing = replace(sweeps, mode="observe")
    other = observing if changed == "mode" else replace(sweeps, digest="e" * 64)
    assert step(other, "apply", part="00001-00000", next=0)["done"]
    step(other, "summarize", outcome="go on")
    summary = summary_in(sweeps.objects.held[keys.summary("run")])
    assert summary.total("changed") == 0
    assert [one.split(",")[0] for one in summary.problems] == ["3 lines were not applied"]
    step(other, "gather", batch=1, next=0)
    assert tally_in(sweeps.objects.held[keys.tally("run", 1, 0)]).passed_over == 3
    assert summary.policy_digest == DIGEST


@pytest.mark.parametrize(
    ("late", "problems"),
    [
        pytest.param(timedelta(0), [], id="after a day it is applied"),
        pytest.param(timedelta(seconds=1), ["3 lines were not applied"], id="after more it is not"),
    ],
)
def test_a_plan_is_applied_within_a_day(
    sweeps: Sweeps, late: timedelta, problems: list[str]
) -> None:
    """A failed sweep may be redriven for weeks, and its reasons grow old."""
    listed(sweeps)
    step(sweeps, "gather", batch=1, next=0)
    step(sweeps, "weigh")
    redriven = replace(sweeps, passed=timedelta(days=1) + late)
    assert step(redriven, "apply", part="00001-00000", next=0)["done"]
    step(sweeps, "summarize", outcome="go on")
    summary = summary_in(sweeps.objects.held[keys.summary("run")])
    assert [one.split(",")[0] for one in summary.problems] == problems
    assert bool(summary.total("changed")) is not bool(problems)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        pytest.param({"step": "apply"}, "'apply'; this function knows", id="the other half's step"),
        pytest.param({"step": "list", "run": "nobody's", "cursor": {}}, "no run", id="no such run"),
        pytest.param({}, "step is None", id="an empty event"),
        pytest.param([], "step is None", id="no object"),
    ],
)
def test_an_event_that_means_nothing_is_refused(sweeps: Sweeps, event: object, said: str) -> None:
    """The message says what is wrong."""
    with pytest.raises(SweepEventError, match=said):
        app.step(event, sweeps.planning())


def test_a_batch_or_part_that_is_missing_fails(sweeps: Sweeps) -> None:
    """The execution says which."""
    begun(sweeps)
    with pytest.raises(ObjectsError, match=r"00007\.json"):
        step(sweeps, "gather", batch=7, next=0)
    with pytest.raises(ObjectsError, match=r"00007-00000\.jsonl"):
        step(sweeps, "apply", part="00007-00000", next=0)
    with pytest.raises(SweepEventError, match="outcome is 'whatever'"):
        step(sweeps, "summarize", outcome="whatever")


def test_a_batch_without_an_end_fails_what_is_left_of_it(sweeps: Sweeps) -> None:
    """Lines that were written before are applied."""
    listed(sweeps)
    step(sweeps, "gather", time_left=NO_TIME, batch=1, next=0)
    step(sweeps, "weigh")
    total = tally_in(sweeps.objects.held[keys.weighed("run")])
    assert (total.lines, total.failed_packages) == (1, 2)
    assert [one.package for one in total.failed] == ["pkg:pypi/b", "pkg:pypi/c"]


def test_a_part_goes_on_where_there_was_no_time(sweeps: Sweeps) -> None:
    """One package an invocation at least; a part without an end fails what is left of it."""
    listed(sweeps)
    step(sweeps, "gather", batch=1, next=0)
    step(sweeps, "weigh")
    answer = step(sweeps, "apply", time_left=NO_TIME, part="00001-00000", next=0)
    assert (answer["next"], answer["done"]) == (1, False)
    step(sweeps, "summarize", outcome="go on")
    summary = summary_in(sweeps.objects.held[keys.summary("run")])
    assert (summary.rows[0].changed, summary.failed_packages) == (1, 2)
    step(sweeps, "apply", part="00001-00000", next=1)
    step(sweeps, "summarize", outcome="go on")
    summary = summary_in(sweeps.objects.held[keys.summary("run")])
    assert (summary.rows[0].changed, summary.failed_packages) == (3, 0)


def test_what_a_look_raises_fails_the_step(sweeps: Sweeps) -> None:
    """Nothing is written for the batch, so that the attempt can be made again."""

    def look(of: Package, _: Restrictions) -> PackagePlan:
        raise RuntimeError(of.name)

    sweeps.look = look
    listed(sweeps)
    with pytest.raises(RuntimeError):
        step(sweeps, "gather", batch=1, next=0)
    assert keys.tally("run", 1, 0) not in sweeps.objects.held


def test_a_package_of_two_repositories_is_two_packages(sweeps: Sweeps) -> None:
    """Batches are of one repository, and lines name it."""
    sweeps.lists.contents = {"team-a": ["a"], "team-b": ["a"]}
    assert whole(sweeps).looked_at == 2
    batches = [json.loads(sweeps.objects.held[keys.batch("run", one)]) for one in (1, 2)]
    assert [one["repository"] for one in batches] == ["team-a", "team-b"]
    assert package("a", "team-b").repository.name == "team-b"
