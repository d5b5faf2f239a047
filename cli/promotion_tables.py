"""What promotion has decided about versions: as a table, gate by gate, and as JSON."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, get_args

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

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
_WHOLE: Final = 40  # characters of a package URL that leave room for a reason in 80 columns
_SIGNS: Final = {"pass": "[green]✓[/]", "hold": "[yellow]…[/]", "refuse": "[bold red]✗[/]"}


def of_records(records: Sequence[Record], *, gates: bool = False) -> Group:
    """Return a table for each rule of *records*; with *gates*, what each gate said stands in it."""
    by_rule: dict[str, list[Record]] = {}
    for record in records:
        route = f"{escape(record.package.repository.name)} -> {escape(record.to)}"
        by_rule.setdefault(f"[bold]{escape(record.rule)}[/]: {route}", []).append(record)
    parts: list[RenderableType] = []
    for title, some in by_rule.items():
        parts += [Text.from_markup(title), _of_rule(some, gates=gates)]
    return Group(*parts)


def _of_rule(records: Sequence[Record], *, gates: bool) -> Table:
    table = Table("version", "state", "why")
    version, state, why = table.columns
    version.overflow = why.overflow = "fold"  # names and reasons are never cut off
    state.no_wrap = True
    longest = max(len(record.purl) for record in records)
    if longest <= _WHOLE:
        version.width = longest  # reasons can be read in any width; who copies a name needs a line
    for record in records:
        table.add_row(
            escape(record.purl),
            f"[{STYLES[record.state]}]{record.state}[/]",
            "\n".join([*_why(record), *(_gate(one) for one in record.verdicts if gates)]),
        )
    return table


def counted(records: Iterable[Record]) -> str:
    """Return how many of *records* are in each state, in the order of a version's life."""
    numbers = Counter(record.state for record in records)
    return ", ".join(f"{numbers[state]:,} {state}" for state in STATES if numbers[state])


def asks_a_person(records: Iterable[Record]) -> bool:
    """Return whether one of *records* is held by nothing but the approval that is missing."""
    return any(
        {one.gate for one in record.verdicts if one.outcome == "hold"} == {"approval"}
        for record in records
        if record.state == "held"
    )


HOW_TO_APPROVE: Final = "`steward approve PURL --reason TEXT` lets through what waits for a person."


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
        "heldUntil": _iso(held_until(record)),
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
    """Return until when a held version has to wait at the least; None: nobody knows."""
    ends = [one.until for one in record.verdicts if _ends_by_itself(one)]
    return max((end for end in ends if end), default=None) if record.state == "held" else None


def _ends_by_itself(verdict: Verdict) -> bool:
    """Return whether *verdict* is a hold that ends with time alone, and not just asked again."""
    return verdict.outcome == "hold" and "released_at" in verdict.facts


def _why(record: Record) -> list[str]:
    """Return the reason of the state, and who and when, where these are known."""
    lines = [f"{_when(record)}{escape(record.reason)}"]
    if record.state == "copied" and record.copied_at:
        lines = [f"in {escape(record.to)} since {_minute(record.copied_at)}"]
    said = record.approval
    told = said is not None and record.state != "copied" and said.who in record.reason
    if said is not None and not told:
        done = {"approve": "approved", "reject": "rejected"}[said.decision]
        lines.append(
            f"[dim]{done} by {escape(said.who)} at {_minute(said.at)}: {escape(said.reason)}[/]"
        )
    if record.state != "recalled":  # which has them for its reason
        lines += [f"[bold magenta]{escape(finding)}[/]" for finding in record.findings]
    return lines


def _when(record: Record) -> str:
    """Return when something becomes of a held version, as far as anybody knows."""
    if record.state != "held":
        return ""
    holds = [one for one in record.verdicts if one.outcome == "hold"]
    if (until := held_until(record)) is not None:
        word = "until" if all(_ends_by_itself(one) for one in holds) else "not before"
        return f"{word} {_minute(until)}: "
    return f"judged again {_minute(record.due)}: " if record.due else ""


def _gate(verdict: Verdict) -> str:
    return f"{_SIGNS[verdict.outcome]} {escape(verdict.gate)}: {escape(verdict.reason)}"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
