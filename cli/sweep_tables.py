"""What a sweep came to: for people."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.options import as_given
from cli.origin_tables import counted_noun
from cli.output import say
from cli.plan_tables import DONE, STYLES, WORDS, asked_the_judge, kept_sentence
from cli.plans import RISK

if TYPE_CHECKING:
    from steward.sweep_notices import Outcome
    from sweep_repositories.summary import RefusedVersion, Row, Summary

_A_CENT: Final = 0.01
SHOWN: Final = 20  # packages that failed; the summary has up to 100
_COUNTED: Final = ("planned", "changed", "already", "refused", "kept", "failed")

_SENTENCES: Final[dict["Outcome", str]] = {
    "finished": "What was looked at is as the policy says.",
    "nothing to do": "Nothing was to be done: everything is as the policy says.",
    "planned": "Nothing was changed: this says what would be.",
    "another sweep is running": "Another sweep is running: this one has not begun.",
    "another policy": (
        "The deployment has another policy than the file that was given, so nothing was begun. "
        "Deploy this one, or name the other with --policy."
    ),
}


def show(summary: "Summary", console: Console) -> None:
    """Print what became of what, and what that has cost."""
    if summary.rows:
        console.print(_table(summary))
    for failed in summary.failed[:SHOWN]:
        console.print(
            f"[bold red]failed[/] {escape(failed.package)} in {escape(failed.repository)}: "
            f"{escape(failed.reason)}",
            soft_wrap=True,
        )
    if summary.failed_packages > SHOWN:
        console.print(f"... and {summary.failed_packages - SHOWN:,} more packages failed.")
    for refused in summary.refusals[:SHOWN]:
        console.print(f"[bold red]not done[/] {escape(_refusal(refused))}", soft_wrap=True)
    if (more := summary.total("refused") - len(summary.refusals[:SHOWN])) > 0:
        console.print(f"... and {more:,} more not done: the log of the sweep's functions has all.")
    for problem in summary.problems:
        console.print(f"[yellow]warning[/] {escape(problem)}", soft_wrap=True)
    for sentence in _sentences(summary):
        say(console, sentence)


def is_well(summary: "Summary") -> bool:
    """Return whether the sweep did all that it was to do."""
    return (
        summary.outcome in ("finished", "nothing to do", "planned")
        and not summary.failed_packages
        and not summary.problems
        and not summary.total("refused")
    )


def _table(summary: "Summary") -> Table:
    table = Table()
    table.add_column("what", no_wrap=True)
    table.add_column("rule", overflow="fold")
    table.add_column("automation", overflow="fold")
    columns = [name for name in _COUNTED if name == "planned" or _any(summary, name)]
    for name in columns:
        table.add_column(DONE.get(name, name), justify="right")
    for row in sorted(summary.rows, key=_risk):
        style, words = STYLES.get(row.action, "none"), WORDS.get(row.action, row.action)
        table.add_row(
            f"[{style}]{escape(words)}[/]",
            escape(row.rule),
            row.automation,
            *(f"{_number(summary, row, name):,}" for name in columns),
        )
    return table


def _risk(row: "Row") -> tuple[int, str, str]:
    """Return where *row* stands: what nothing brings back comes first, as in a plan."""
    place = RISK.index(row.action) if row.action in RISK else len(RISK)
    return place, row.rule, row.action


def _refusal(refused: "RefusedVersion") -> str:
    version = f"@{refused.version}" if refused.version else ""
    action = WORDS.get(refused.action, refused.action)
    return (
        f"{action}: {refused.package}{version} in {refused.repository}: {refused.reason} "
        f"({refused.rule})"
    )


def _any(summary: "Summary", name: str) -> bool:
    return any(_number(summary, row, name) for row in summary.rows)


def _number(summary: "Summary", row: "Row", name: str) -> int:
    return summary.failed_of(row) if name == "failed" else int(getattr(row, name))


def _sentences(summary: "Summary") -> Iterator[str]:
    yield _sentence(summary)
    if summary.outcome == "planned" and summary.deletions > summary.deletions_limit:
        yield (f"It would stop before its first change, as {_too_many(summary)}. {_allow(summary)}")
    judged = sum(row.changed for row in summary.rows if row.action == "promote")
    if judged:
        yield asked_the_judge(judged)
    if kept := kept_sentence(summary.kept):
        yield kept
    if summary.repositories:
        yield _cost(summary)


def _too_many(summary: "Summary") -> str:
    return (
        f"it would delete {counted_noun(summary.deletions, 'version')}, and the policy allows "
        f"{summary.deletions_limit:,} in a run"
    )


def _allow(summary: "Summary") -> str:
    given = as_given("--policy", "--repository")
    if summary.mode == "observe":
        return (
            "The deployment only observes, so no option makes it delete anything: that takes the "
            f"stack's parameter Mode=enforce. Read `steward plan{given}` before."
        )
    return (
        f"Read `steward plan{given}`; then "
        f"`steward sweep{given} --allow-deletions {summary.deletions}` does it once, or a larger "
        "`limits` always."
    )


def _sentence(summary: "Summary") -> str:
    if summary.outcome == "stopped":
        return f"The sweep stopped before its first change: {_too_many(summary)}. {_allow(summary)}"
    if summary.outcome == "finished" and not is_well(summary):
        return "What was looked at is as the policy says, but for what is named above."
    return _SENTENCES[summary.outcome]


def _cost(summary: "Summary") -> str:
    seconds = (summary.finished - summary.started).total_seconds()
    places = "repository" if summary.repositories == 1 else "repositories"
    return (
        f"{counted_noun(summary.packages, 'package')} in {summary.repositories:,} {places}, "
        f"{summary.looked_at:,} looked at with {counted_noun(summary.versions, 'version')}; "
        f"{counted_noun(sum(summary.calls.values()), 'call')} in {seconds:,.0f} s. A month of "
        f"daily sweeps like this costs {_dollars(summary.cost_per_month)} of requests, if the "
        "prices that others name are right."
    )


def _dollars(amount: float) -> str:
    return f"about ${amount:,.2f}" if amount >= _A_CENT else "less than a cent"
