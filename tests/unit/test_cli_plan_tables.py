"""What plans, what was applied, and sweeps come to, as people read it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from cli import applying_from_here, plan_tables, sweep_tables
from cli.applying_from_here import Run
from cli.plans import RISK
from cli.told_progress import LINE_EVERY_SECONDS, ToldProgress
from steward.sweep_notices import OUTCOMES
from sweep_repositories.applying import Applied, Refused
from sweep_repositories.plan_lines import MixedOrigin, PlanLine
from sweep_repositories.summary import FailedPackage, RefusedVersion, Row, Summary
from tests.unit.test_cli_plans import line, package, plan

BEGUN = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
WIDTHS = pytest.mark.parametrize("width", [80, 100, 140, 200])


def printed(show: Callable[[Console], None], width: int = 100_000) -> str:
    """Return what is shown on a console so wide."""
    console = Console(file=StringIO(), width=width, highlight=False, color_system=None)
    show(console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def shown(*lines: PlanLine, width: int = 100_000, **more: Any) -> str:  # noqa: ANN401  members of the plan
    """Return what is shown of a plan of *lines*."""
    return printed(lambda console: plan_tables.show(plan(*lines, **more), console), width)


def words(said: str) -> str:
    """Return the words without the lines they stand in."""
    return " ".join(said.split())


def summary(**more: Any) -> Summary:  # noqa: ANN401  members of the summary
    """Return what a sweep of three packages came to."""
    values: dict[str, Any] = {
        "outcome": "finished",
        "repositories": 1,
        "packages": 3,
        "looked_at": 2,
        "versions": 9,
        "calls": {"ListPackages": 1, "ListPackageVersions": 2},
        "deletions_limit": 5,
    } | more
    return Summary(
        run="run", mode="enforce", policy_digest="d", started=BEGUN,
        finished=BEGUN + timedelta(seconds=7), **values,
    )  # fmt: skip


def swept(of: Summary, width: int = 100_000) -> str:
    """Return what is shown of a sweep."""
    return printed(lambda console: sweep_tables.show(of, console), width)


@WIDTHS
def test_no_terminal_cuts_what_people_need(width: int) -> None:
    """Each line is as long as the terminal at most, and every name is there in full."""
    long = package("an-artifact-with-a-rather-long-name-of-its-own", "snapshots-of-all-departments")
    said = shown(*(line(action, "1.0", of=long) for action in RISK if action != "restrict"),
                 line("restrict", of=long), width=width, packages=1)  # fmt: skip
    assert max(map(len, said.splitlines())) <= width
    rows = [each[1:-1].split("│") for each in said.splitlines() if each.startswith("│")]
    together = "".join("".join(cell.strip() for cell in row) for row in rows)
    for name in ("delete", "it is old", "retention[0]", "judge for"):
        assert name in together
    columns = zip(*[row for row in rows if len(row) == len(rows[0])], strict=True)
    whole = "".join("".join(cell.strip() for cell in column) for column in columns)
    assert long.name in whole
    assert long.repository.name in whole


def test_a_pipe_has_a_row_in_a_line() -> None:
    """To be searched with grep."""
    said = shown(line("delete", "1.0", "1.1"), line("unlist", "2.0"))
    (row,) = [each for each in said.splitlines() if "delete" in each and each.startswith("│")]
    for cell in ("npm-internal", "pkg:npm/ui", "1.0, 1.1", "it is old", "retention[0]"):
        assert cell in row


def test_many_lines_and_versions_are_counted_where_they_are_not_shown() -> None:
    """With how to see them all."""
    lines = [line("delete", *map(str, range(9)), of=package(f"p{number}")) for number in range(60)]
    said = shown(*lines, limit=1)
    assert said.count("0, 1, 2, and 6 more") == plan_tables.SHOWN
    assert "... and 10 more lines: `--html FILE` shows them all" in said
    assert "The policy lets one run delete 1: a sweep would stop" in said
    problems = shown(problems=tuple(f"package {number}" for number in range(51)))
    assert problems.count("not looked at package") == plan_tables.SHOWN
    assert "... and 1 more not looked at." in problems


def test_foreign_text_is_no_markup() -> None:
    """A version called [red] is called so; one without end is shortened."""
    said = shown(line("delete", "[red]x[/red]", "9" * 200))
    assert "[red]x[/red]" in said
    assert "9" * 39 + "…" in said
    assert "9" * 40 not in said


def test_a_mixed_origin_is_shown_as_what_it_is() -> None:
    """A line without versions."""
    mixed = replace(line("report"), mixed=MixedOrigin(3, 1))
    assert "3 from within, 1 from outside" in shown(mixed)


@pytest.mark.parametrize(
    ("kept", "sentence"),
    [
        pytest.param({}, "", id="nothing"),
        pytest.param({"": 7, "a": 0}, "", id="only what no rule is about"),
        pytest.param({"a": 1, "": 7}, "Rules keep: 1 by a.", id="one rule"),
        pytest.param(
            {"a": 1, "b": 20},
            "Rules keep: 20 by b, 1 by a; a version that several of them speak of counts for each.",
            id="two rules",
        ),
    ],
)
def test_what_stays_is_counted_by_rule(kept: dict[str, int], sentence: str) -> None:
    """The rule that keeps the most comes first."""
    assert plan_tables.kept_sentence(kept) == sentence


def test_what_stays_by_many_rules_is_not_all_named() -> None:
    """Ten rules are."""
    said = plan_tables.kept_sentence({f"retention[{number}]": 1 for number in range(12)})
    assert said.count("by retention[") == 10
    assert "the others by 2 more rules; a version" in said


def test_nothing_to_do_is_not_said_where_something_could_not_be_looked_at() -> None:
    """Nobody knows it then."""
    assert "Nothing is to be done" in shown()
    assert "Nothing is to be done" not in shown(problems=("ui: no",))


def test_what_was_applied_is_counted_and_what_was_not_done_is_named() -> None:
    """Columns that are all 0 are left out; the judge has only been asked."""
    deleted = line("delete", "1.0", "1.1", "1.2")
    judged = line("promote", "2.0", of=package("lib"))
    run = Run(
        "my-company",
        (
            Applied(deleted, ("1.0",), ("1.1",), (Refused("1.2", "MISMATCHED_STATUS", "it is"),)),
            Applied(judged, ("2.0",)),
            Applied(line("unlist", "3.0"), problem="no [red] answer"),
        ),
        lines=5,
        calls=4,
    )
    said = printed(lambda console: applying_from_here.show(run, console))
    rows = [[cell.strip() for cell in each.split("│")[1:-1]] for each in said.splitlines()
            if each.startswith("│")]  # fmt: skip
    assert rows == [
        ["delete", "3", "1", "1", "1"],
        ["unlist", "1", "0", "0", "0"],
        ["judge for promotion", "1", "1", "0", "0"],
    ]
    assert "not done delete: pkg:npm/ui in npm-internal: 1.2: it is (MISMATCHED_STATUS)" in said
    assert "not done unlist: pkg:npm/ui in npm-internal: no [red] answer" in said
    assert "2 lines of the plan not come to." in said
    assert "1 version handed to the judge of promotions" in said
    assert "make a new plan" in said
    assert not run.complete


@pytest.mark.parametrize("outcome", OUTCOMES)
@WIDTHS
def test_every_outcome_of_a_sweep_has_its_sentence(outcome: str, width: int) -> None:
    """On any terminal; and only what was done in full is well."""
    of = summary(outcome=outcome, deletions=9)
    said = swept(of, width)
    assert said.strip()
    assert max(len(re.sub("`.*?`", "", each)) for each in said.splitlines()) <= width
    assert sweep_tables.is_well(of) == (outcome in {"finished", "nothing to do", "planned"})


def test_a_sweep_that_stopped_names_the_command_that_does_it() -> None:
    """And both numbers."""
    said = swept(summary(outcome="stopped", deletions=9))
    assert "it would delete 9 versions, and the policy allows 5 in a run" in said
    assert "`steward sweep --allow-deletions 9` does it once" in said


def test_a_sweep_that_only_observes_names_no_option_that_would_delete() -> None:
    """None does; what is deployed has to be changed."""
    of = replace(summary(outcome="planned", deletions=9), mode="observe")
    said = swept(of)
    assert "It would stop before its first change, as it would delete 9 versions" in said
    assert "--allow-deletions" not in said
    assert "Mode=enforce" in said


def test_a_sweep_names_what_it_did_not_do() -> None:
    """Failed packages and refused versions, the first of them; the others are counted."""
    refusal = RefusedVersion("npm-internal", "pkg:npm/ui", "1.0", "retention[0]", "delete", "gone")
    of = summary(
        rows=(Row("expire_versions", "retention[0]", "delete", 33, changed=5, refused=25),),
        refusals=(refusal, replace(refusal, version=None)) * 15,
        failed=tuple(FailedPackage("r", f"pkg:npm/{number}", "no") for number in range(25)),
        failed_packages=40,
        problems=("a batch [1] was lost",),
    )
    said = swept(of)
    assert [cell.strip() for cell in said.splitlines()[3].split("│")[4:8]] == ["33", "5", "25", "3"]
    assert "not done delete: pkg:npm/ui@1.0 in npm-internal: gone (retention[0])" in said
    assert "not done delete: pkg:npm/ui in npm-internal: gone (retention[0])" in said
    assert "... and 5 more not done" in said
    assert "... and 20 more packages failed." in said
    assert "warning a batch [1] was lost" in said
    assert "but for what is named above." in said
    assert not sweep_tables.is_well(of)


def test_a_sweep_says_that_the_judge_has_only_been_asked() -> None:
    """`done` is not `promoted`."""
    said = swept(summary(rows=(Row("promote_versions", "to-x", "promote", 2, changed=2),)))
    assert "judge for promotion" in said
    assert "2 versions handed to the judge of promotions" in said
    assert "changed" not in said


@pytest.mark.parametrize(
    ("amount", "told"),
    [(0.0, "less than a cent"), (0.009, "less than a cent"), (0.01, "about $0.01")],
)
def test_what_a_month_costs_is_no_zero(amount: float, told: str) -> None:
    """Requests are not free."""
    assert told in words(swept(summary(cost_per_month=amount)))


@pytest.mark.parametrize("kind", ["a pipe", "a terminal that can only print"])
def test_where_no_line_can_change_there_is_one_now_and_then(kind: str) -> None:
    """Ten seconds apart, whoever tells however often; what people are to read is there at once."""
    console = Console(
        file=StringIO(), width=80, force_terminal=kind != "a pipe", color_system=None,
        _environ={"TERM": "dumb"},
    )  # fmt: skip
    now = 0.0
    with ToldProgress("beginning", console, clock=lambda: now) as progress:
        for number in range(31):
            now = float(number)
            progress.show(f"{number} of 31")
        progress.say("changing [all] of it")
    assert isinstance(console.file, StringIO)
    step = int(LINE_EVERY_SECONDS)
    assert console.file.getvalue().splitlines() == [
        *(f"{number} of 31" for number in range(step, 31, step)),
        "changing [all] of it",
    ]


def test_what_people_are_to_read_stands_above_the_line_that_changes() -> None:
    """On a line of its own: nothing of the changing one is left in it."""
    console = Console(file=StringIO(), width=80, force_terminal=True, color_system=None,
                      _environ={"TERM": "xterm"})  # fmt: skip
    with ToldProgress("beginning", console) as progress:
        progress.say("changing it")
    assert isinstance(console.file, StringIO)
    said = console.file.getvalue()
    alone = [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\r", "", each) for each in said.splitlines()]
    assert "changing it" in alone
