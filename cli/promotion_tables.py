"""What promotion has decided about versions: as a table, gate by gate, and as JSON."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rich.markup import escape
from rich.table import Table

from promote_versions.records import Record
from promote_versions.verdicts import Verdict

STYLES: Final = {
    "held": "yellow",
    "approved": "cyan",
    "copied": "green",
    "refused": "bold red",
    "recalled": "bold magenta",
}
_SIGNS: Final = {"pass": "[green]✓[/]", "hold": "[yellow]…[/]", "refuse": "[bold red]✗[/]"}


def of_records(records: Sequence[Record], *, gates: bool = False) -> Table:
    """Return one row for each of *records*; with *gates*, what each gate said stands below it."""
    table = Table("version", "rule", "state", "why")
    for column in (0, 1, 3):  # names and reasons are never cut off
        table.columns[column].overflow = "fold"
    table.columns[2].no_wrap = True
    for record in records:
        table.add_row(
            escape(record.purl),
            f"{escape(record.rule)}\n[dim]{escape(record.package.repository.name)} -> "
            f"{escape(record.to)}[/]",
            f"[{STYLES[record.state]}]{record.state}[/]",
            "\n".join([*_why(record), *(_gate(one) for one in record.verdicts if gates)]),
        )
    return table


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
