"""What promotion has decided about versions: as tables, and gate by gate."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias, get_args

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli import promotion_reasons
from cli.promotion_documents import ends_by_itself, held_until
from promote_versions.records import Approval, Record, State
from promote_versions.verdicts import Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from steward.coordinates import Package
    from steward.ledger import Exemption

Key: TypeAlias = "tuple[Package, str, str]"

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


@dataclass(frozen=True, slots=True)
class About:
    """
    What else is known of records, by `key`.

    Attributes:
        settled: Those that were asked for, and not judged again.
        restored: What keeps recalled versions in use.
        rules: The names of the policy's rules, in its order.
    """

    settled: Collection[Key] = frozenset()
    restored: "Mapping[Key, Exemption]" = field(default_factory=dict)
    rules: Sequence[str] = ()


def key(record: Record) -> Key:
    """Return what tells *record* from all others."""
    return record.package, record.version, record.rule


_NOTHING_ELSE: Final = About()
_DONE: Final = {"approve": "approved", "reject": "rejected"}


def print_records(
    records: Sequence[Record],
    console: Console,
    *,
    gates: bool = False,
    about: About = _NOTHING_ELSE,
) -> None:
    """Print a table for each rule of *records*, and below them what to do about it."""
    console.print(of_records(records, gates=gates, about=about))
    promotion_reasons.print_remedies(records, console)


def of_records(
    records: Sequence[Record], *, gates: bool = False, about: About = _NOTHING_ELSE
) -> Group:
    """
    Return a table for each rule of *records*, in the order of the policy, then of their names.

    Args:
        gates: What each gate said stands in it.
    """
    by_rule: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        route = f"{escape(record.package.repository.name)} -> {escape(record.to)}"
        title = f"[bold]{escape(record.rule)}[/]: {route}"
        by_rule.setdefault((record.rule, title), []).append(record)
    places = {name: place for place, name in enumerate(about.rules)}
    parts: list[RenderableType] = []
    for rule, title in sorted(by_rule, key=lambda one: (places.get(one[0], len(places)), one)):
        some = by_rule[rule, title]
        parts += [Text.from_markup(title), _of_rule(some, gates=gates, about=about)]
    return Group(*parts)


def _of_rule(records: Sequence[Record], *, gates: bool, about: About) -> Table:
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
            "\n".join(_lines(record, gates=gates, about=about)),
        )
    return table


def print_outcome(record: Record, console: Console, *, gates: bool) -> None:
    """Print what has become of one version, and only then why."""
    console.print(
        f"[{STYLES[record.state]}]{record.state}[/] {escape(record.purl)}", soft_wrap=True
    )
    route = f"{escape(record.package.repository.name)} -> {escape(record.to)}"
    console.print(f"  [bold]{escape(record.rule)}[/]: {route}", soft_wrap=True)
    for line in _lines(record, gates=gates, about=_NOTHING_ELSE):
        console.print(Padding(Text.from_markup(line), (0, 0, 0, 2), expand=False))
    promotion_reasons.print_remedies([record], console)


def counted(records: Iterable[Record]) -> str:
    """Return how many of *records* are in each state, in the order of a version's life."""
    numbers = Counter(record.state for record in records)
    return ", ".join(f"{numbers[state]:,} {state}" for state in STATES if numbers[state])


def waits_for_a_person(record: Record) -> bool:
    """Return whether *record* is held by nothing but the approval that is missing."""
    holds = {one.gate for one in record.verdicts if one.outcome == "hold"}
    return record.state == "held" and holds == {"approval"}


def asks_a_person(records: Iterable[Record]) -> bool:
    """Return whether one of *records* waits for a person and for nothing else."""
    return any(waits_for_a_person(record) for record in records)


HOW_TO_APPROVE: Final = "`steward approve PURL --reason TEXT` lets through what waits for a person."
OBSERVING: Final = "The deployment only observes: what is approved is not copied."


def _lines(record: Record, *, gates: bool, about: About) -> list[str]:
    """Return the reason of the state, who and when, and with *gates* what each of them said."""
    # What a gate said stands in its own line.
    told = gates and promotion_reasons.is_said_by_gates(record)
    reason = "" if told else escape(promotion_reasons.of_record(record))
    lines = [": ".join(part for part in (_when(record), reason) if part)]
    if record.state == "copied" and record.copied_at:
        lines = [f"in {escape(record.to)} since {_minute(record.copied_at)}"]
    if (exemption := about.restored.get(key(record))) is not None:
        who, why = escape(exemption.who.rpartition(":")[2]), escape(exemption.why)
        until = f"restored until {_minute(exemption.until)} (exemption by {who}: {why})"
        lines = [f"[bold]recalled, but {until}[/]", *lines]
    if key(record) in about.settled:
        lines.append(f"decided {_minute(record.decided_at)}, not judged again")
    said = record.approval
    if said is not None and not (record.state != "copied" and said.who in record.reason):
        lines.append(_said(said))
    lines += [f"[dim]before:[/] {_said(one)}" for one in reversed(record.earlier)]
    if record.state != "recalled":  # which has them for its reason
        lines += [f"[bold magenta]{escape(finding)}[/]" for finding in record.findings]
    if gates:
        refusing_first = sorted(record.verdicts, key=lambda one: one.outcome != "refuse")
        lines += [_gate(one) for one in refusing_first]
    return [line for line in lines if line]


def _said(said: Approval) -> str:
    done = f"{_DONE[said.decision]} by {escape(said.who)} at {_minute(said.at)}"
    return f"[dim]{done}: {escape(said.reason)}[/]"


def _when(record: Record) -> str:
    """Return when something becomes of a held version, as far as anybody knows."""
    if record.state != "held":
        return ""
    holds = [one for one in record.verdicts if one.outcome == "hold"]
    if (until := held_until(record)) is not None:
        word = "until" if all(ends_by_itself(one) for one in holds) else "not before"
        return f"{word} {_minute(until)}"
    return f"judged again {_minute(record.due)}" if record.due else ""


def _gate(verdict: Verdict) -> str:
    reason = promotion_reasons.split(verdict.reason).text
    return f"{_SIGNS[verdict.outcome]} {escape(verdict.gate)}: {escape(reason)}"


def _minute(moment: "datetime") -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
