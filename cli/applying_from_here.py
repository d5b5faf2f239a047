"""Applies a plan with the caller's credentials, and says what became of it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.origin_tables import counted_noun
from cli.output import say
from cli.plan_tables import DONE, STYLES, WORDS, asked_the_judge
from cli.plans import RISK

if TYPE_CHECKING:
    from steward.coordinates import Package
    from sweep_repositories.applying import Applied, Applying
    from sweep_repositories.plan_lines import PlanLine

WORKERS: Final = 8  # with some 50 ms a call, more than the writes of the budget
SHOWN: Final = 50  # rows of a table for people; --json has them all
_COUNTED: Final = ("changed", "already", "refused", "kept")


@dataclass(frozen=True, slots=True)
class Run:
    """
    What became of a plan.

    Attributes:
        applied: What became of each line that was come to.
        lines: How many lines the plan has.
        calls: Requests to CodeArtifact.
        failure: What ended the run early, None if nothing did.
    """

    domain: str
    applied: Sequence["Applied"]
    lines: int
    calls: int
    failure: str | None = None

    @property
    def complete(self) -> bool:
        """Whether all that the plan wants is so now, but for what somebody exempted meanwhile."""
        return (
            self.failure is None
            and len(self.applied) == self.lines
            and not any(one.refused or one.problem for one in self.applied)
        )


def apply_all(
    lines: Sequence["PlanLine"], to: "Applying", *, seen: Callable[[Sequence["Applied"]], None]
) -> None:
    """
    Apply *lines*, package by package, several packages at a time.

    What a package costs stands at `apply_lines`. One that fails holds up none of the others.

    Args:
        seen: Called after each package with what became of its lines, from several threads.
    """
    from sweep_repositories.applying import apply_lines

    pool = ThreadPoolExecutor(WORKERS)
    begun: list[Future[None]] = []

    def apply(of_package: Sequence["PlanLine"]) -> None:
        seen(apply_lines(of_package, to))

    try:
        begun += [pool.submit(apply, of_package) for of_package in _by_package(lines)]
        for one in begun:
            one.result()
    finally:
        # What has begun is finished, so that nothing is done that nobody is told of.
        pool.shutdown(wait=True, cancel_futures=True)


def _by_package(lines: Sequence["PlanLine"]) -> Iterator[list["PlanLine"]]:
    packages: dict[Package, list[PlanLine]] = {}
    for line in lines:
        packages.setdefault(line.package, []).append(line)
    yield from packages.values()


def show(run: Run, console: Console) -> None:
    """Print what became of the plan: a row for each action, and a line for what was not done."""
    if run.applied:
        console.print(_table(run.applied))
    trouble = [(one, text) for one in run.applied for text in _trouble(one)]
    for applied, text in trouble[:SHOWN]:
        place = f"{applied.line.package.purl()} in {applied.line.package.repository.name}"
        console.print(
            f"[bold red]not done[/] {WORDS[applied.line.action]}: {escape(place)}: {escape(text)}",
            soft_wrap=True,
        )
    if len(trouble) > SHOWN:
        console.print(f"... and {len(trouble) - SHOWN:,} more: --json has them all.")
    left = run.lines - len(run.applied)
    if left:
        console.print(f"{counted_noun(left, 'line')} of the plan not come to.")
    judged = sum(len(one.changed) for one in run.applied if one.line.action == "promote")
    if judged:
        say(console, asked_the_judge(judged))
    console.print(f"{counted_noun(run.calls, 'call')} made.")
    if any(one.refused for one in run.applied):
        console.print("What has changed since the plan was made is left: make a new plan.")


def document(run: Run) -> dict[str, object]:
    """Return what became of the plan for programs."""
    from sweep_repositories.plan_lines import to_json

    return {
        "ok": run.complete,
        "domain": run.domain,
        "problem": run.failure,
        "lines": run.lines,
        "calls": run.calls,
        "applied": [
            {
                "line": to_json(one.line),
                "changed": list(one.changed),
                "already": list(one.already),
                "kept": list(one.kept),
                "refused": [
                    {"version": each.version, "code": each.code, "message": each.message}
                    for each in one.refused
                ],
                "problem": one.problem,
            }
            for one in run.applied
        ],
    }


def _table(applied: Sequence["Applied"]) -> Table:
    counted: dict[str, Counter[str]] = {}
    for one in applied:
        of = counted.setdefault(one.line.action, Counter())
        of["planned"] += max(1, len(one.line.versions))
        of.update({name: len(getattr(one, name)) for name in _COUNTED})
    columns = [
        name for name in _COUNTED if name == "changed" or any(of[name] for of in counted.values())
    ]
    table = Table()
    table.add_column("what", no_wrap=True)
    for name in ("planned", *columns):
        table.add_column(DONE.get(name, name), justify="right")
    for action in RISK:
        if action in counted:
            of = counted[action]
            table.add_row(
                f"[{STYLES[action]}]{WORDS[action]}[/]",
                *(f"{of[name]:,}" for name in ("planned", *columns)),
            )
    return table


def _trouble(applied: "Applied") -> Iterator[str]:
    for one in applied.refused:
        about = f"{one.version}: " if one.version else ""
        yield f"{about}{one.message} ({one.code})"
    if applied.problem is not None:
        yield applied.problem
