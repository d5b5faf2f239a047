"""What promotion has decided about versions: as a table, gate by gate, and as JSON."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, get_args

from rich.markup import escape
from rich.table import Table

from promote_versions.records import Record, State
from promote_versions.verdicts import Verdict

STATES: Final[tuple[State, ...]] = get_args(State)  # in the order of a version's life
STYLES: Final[dict[State, str]] = {
    "held": "yellow",
    "approved": "cyan",
    "copied": "green",
    "refused": "bold red",
    "recalled": "bold magenta",
}
_SIGNS: Final = {"pass": "[green]✓[/]", "hold": "[yellow]…[/]", "refuse": "[bold red]✗[/]"}


def of_records(records: Sequence[Record], *, gates: bool = False) -> Table:
    """
    Return one row for each of *records*; with *gates*, what each gate said stands below it.

    If all are of one rule it stands above the table, which leaves room for the reasons.
    """
    rules = {_rule(record): None for record in records}
    one = len(rules) == 1
    table = Table(
        "version",
        *([] if one else ["rule"]),
        "state",
        "why",
        title=next(iter(rules)).replace("\n", ": ") if one else None,
        title_justify="left",
        title_style="",
    )
    for column in table.columns:
        column.overflow = "fold"  # names and reasons are never cut off
        column.no_wrap = column.header == "state"
    for record in records:
        cells = [
            escape(record.purl),
            _rule(record),
            f"[{STYLES[record.state]}]{record.state}[/]",
            "\n".join([*_why(record), *(_gate(each) for each in record.verdicts if gates)]),
        ]
        table.add_row(*(cells[:1] + cells[2:] if one else cells))
    return table


def counted(records: Iterable[Record]) -> str:
    """Return how many of *records* are in each state, in the order of a version's life."""
    numbers = Counter(record.state for record in records)
    return ", ".join(f"{numbers[state]:,} {state}" for state in STATES if numbers[state])


def document(record: Record) -> dict[str, object]:
    """Return *record* for programs."""
    approval = record.approval
    return {
        "package": record.package.purl(),
        "version": record.version,
        "packageUrl": record.purl,
        "rule": record.rule,
        "from": record.package.repository.name,
        "to": record.to,
        "revision": record.revision,
        "state": record.state,
        "reason": record.reason,
        "decidedAt": record.decided_at.isoformat(),
        "heldUntil": _iso(held_until(record)) if record.state == "held" else None,
        "due": _iso(record.due),
        "gates": [
            {
                "gate": one.gate,
                "outcome": one.outcome,
                "reason": one.reason,
                "until": _iso(one.until),
                "facts": dict(one.facts),
            }
            for one in record.verdicts
        ],
        "approval": None
        if approval is None
        else {
            "decision": approval.decision,
            "who": approval.who,
            "reason": approval.reason,
            "at": approval.at.isoformat(),
            "revision": approval.revision,
        },
        "copiedAt": _iso(record.copied_at),
        "copiedRevision": record.copied_revision,
        "findings": list(record.findings),
    }


def held_until(record: Record) -> datetime | None:
    """Return until when a held version waits at least; None: no time alone lets it through."""
    ends = [one.until for one in record.verdicts if one.outcome == "hold"]
    return max((end for end in ends if end), default=None) if all(ends) else None


def _rule(record: Record) -> str:
    route = f"{escape(record.package.repository.name)} -> {escape(record.to)}"
    return f"{escape(record.rule)}\n[dim]{route}[/]"


def _why(record: Record) -> list[str]:
    """Return the reason of the state, and who and when, where these are known."""
    lines = [escape(record.reason)]
    if record.state == "held":
        until = held_until(record)
        lines[0] = f"until {_minute(until)}: {lines[0]}" if until else lines[0]
    if record.state == "copied" and record.copied_at:
        lines[0] = f"{_minute(record.copied_at)}: {lines[0]}"
    if (said := record.approval) is not None:
        done = {"approve": "approved", "reject": "rejected"}[said.decision]
        lines.append(
            f"[dim]{done} by {escape(said.who)} at {_minute(said.at)}: {escape(said.reason)}[/]"
        )
    lines += [f"[bold magenta]{escape(finding)}[/]" for finding in record.findings]
    return lines


def _gate(verdict: Verdict) -> str:
    return f"{_SIGNS[verdict.outcome]} {escape(verdict.gate)}: {escape(verdict.reason)}"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
