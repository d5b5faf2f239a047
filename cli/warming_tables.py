"""What `steward warm` has found and fetched: for people and for programs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Table

from cli.origin_tables import counted_noun

if TYPE_CHECKING:
    from steward.lockfiles import PassedOver
    from warm_caches.values import Outcome

SHOWN: Final = 50  # rows of a table for people; --json has them all

# In the order of the table's columns: what is well, what is to come, and what is not.
STATES: Final[Mapping[str, str]] = {
    "warm": "dim",
    "fetched": "green",
    "would fetch": "cyan",
    "waiting": "yellow",
    "not found": "bold yellow",
    "blocked": "bold yellow",
    "mismatch": "bold red",
    "no answer": "bold red",
    "failed": "bold red",
}
WELL: Final = frozenset({"warm", "fetched", "would fetch"})
_JSON_NAMES: Final = {
    "would fetch": "wouldFetch",
    "not found": "notFound",
    "no answer": "noAnswer",
}


@dataclass(frozen=True, slots=True)
class Run:
    """
    What became of what was to be warmed.

    Attributes:
        plan: Nothing was fetched.
        waited: For what was not listed at once; else that counts as done.
        outcomes: One for each version, or for a package whose versions could not be found out.
        problems: What was of no use, and why.
        lists: Requests to CodeArtifact's API.
        requests: Requests to the repository endpoint.
        size: Bytes that came with its answers.
        failure: What ended the run early, None if nothing did.
    """

    domain: str
    repository: str
    plan: bool
    outcomes: Sequence["Outcome"]
    waited: bool = True
    passed_over: Sequence[tuple[str, "PassedOver"]] = ()
    problems: Sequence[str] = ()
    lists: int = 0
    requests: int = 0
    size: int = 0
    seconds: float = 0.0
    failure: str | None = field(default=None)

    @property
    def complete(self) -> bool:
        """Whether the repository holds all that was asked for, or with `plan` would get it."""
        well = WELL if self.waited else WELL | {"waiting"}
        return (
            self.failure is None
            and not self.problems
            and all(one.state in well for one in self.outcomes)
        )


def show(run: Run, console: Console) -> None:
    """Print what became of it: a line for each format, and one for what is not as it should be."""
    if run.outcomes:
        console.print(_by_format(run.outcomes))
    notable = [one for one in run.outcomes if one.state not in WELL - {"would fetch"} or one.note]
    if notable:
        console.print(_in_detail(notable))
        _print_more(len(notable), console)
    show_passed_over(run.passed_over, console)
    for problem in run.problems:
        console.print(f"[bold red]of no use[/] {escape(problem)}", soft_wrap=True)
    console.print(_summary(run))
    if run.plan and any(one.state == "would fetch" for one in run.outcomes):
        console.print("Nothing has been fetched.")


def document(run: Run) -> dict[str, object]:
    """Return what became of it for programs."""
    states: Counter[str] = Counter(one.state for one in run.outcomes)
    return {
        "ok": run.complete,
        "domain": run.domain,
        "repository": run.repository,
        "plan": run.plan,
        "summary": {
            **{_JSON_NAMES.get(state, state): states[state] for state in STATES},
            "apiCalls": run.lists,
            "endpointRequests": run.requests,
            "bytes": run.size,
            "seconds": round(run.seconds, 3),
        },
        "versions": [_version(one) for one in run.outcomes],
        "passedOver": [
            {"file": file, "line": one.line, "what": one.what, "reason": one.reason}
            for file, one in run.passed_over
        ],
        "problems": list(run.problems),
        "failure": run.failure,
    }


def _version(one: "Outcome") -> dict[str, object]:
    return {
        "packageUrl": one.package.purl(one.version),
        "version": one.version,
        "state": one.state,
        "reason": one.reason,
        "note": one.note,
        "bytes": one.size,
    }


def _by_format(outcomes: Sequence["Outcome"]) -> Table:
    by_format: dict[str, Counter[str]] = {}
    for one in outcomes:
        by_format.setdefault(one.package.format, Counter())[one.state] += 1
    seen = [state for state in STATES if any(counted[state] for counted in by_format.values())]
    table = Table("format", "versions", *seen)
    for column in table.columns[1:]:
        column.justify = "right"
    for package_format, counted in sorted(by_format.items()):
        cells = [
            f"[{STATES[state]}]{counted[state]:,}[/]" if counted[state] else "" for state in seen
        ]
        table.add_row(package_format, f"{counted.total():,}", *cells)
    return table


def _in_detail(outcomes: Sequence["Outcome"]) -> Table:
    table = Table("package", "what", "why")
    for column in (0, 2):  # names and reasons are never cut off
        table.columns[column].overflow = "fold"
    worst_first = list(STATES)[::-1]
    ordered = sorted(
        outcomes,
        key=lambda one: (worst_first.index(one.state), one.package.purl(one.version)),
    )
    for one in ordered[:SHOWN]:
        why = escape("; ".join(filter(None, (one.reason, one.note))))
        what = f"[{STATES[one.state]}]{one.state}[/]"
        table.add_row(escape(one.package.purl(one.version)), what, why)
    if not any(table.columns[2].cells):  # as of most plans
        table.columns.pop()
    return table


def show_passed_over(passed_over: Sequence[tuple[str, "PassedOver"]], console: Console) -> None:
    """Print what lock files name and no package repository has, if there is any."""
    if not passed_over:
        return
    table = Table("passed over", "where", "why")
    table.columns[0].overflow = table.columns[2].overflow = "fold"
    for file, one in passed_over[:SHOWN]:
        where = file if one.line is None else f"{file}:{one.line}"
        table.add_row(escape(one.what), escape(where), escape(one.reason))
    console.print(table)
    _print_more(len(passed_over), console)


def _print_more(rows: int, console: Console) -> None:
    if rows > SHOWN:
        console.print(f"... and {rows - SHOWN:,} more: --json has them all.")


def _summary(run: Run) -> str:
    states: Counter[str] = Counter(one.state for one in run.outcomes)
    told = ", ".join(f"{states[state]:,} {_WORDS[state]}" for state in STATES if states[state])
    spent = (
        f"{counted_noun(run.lists, 'API call')}, "
        f"{counted_noun(run.requests, 'endpoint request')}, {decimal(run.size)} read, "
        f"{run.seconds:.1f} s"
    )
    if not run.outcomes:
        return f"nothing to warm in {run.repository} ({spent})."
    versions = counted_noun(len(run.outcomes), "version")
    return f"{run.repository}: {versions}: {told} ({spent})."


_WORDS: Final[Mapping[str, str]] = {
    "warm": "warm already",
    "fetched": "fetched",
    "would fetch": "to fetch",
    "waiting": "fetched and not listed yet",
    "not found": "not found",
    "blocked": "blocked",
    "mismatch": "with another hash than the lock file's",
    "no answer": "without an answer of the public repository",
    "failed": "failed",
}
