"""What a plan for package groups says, and what became of it: as a table and as JSON."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from enforce_origin_controls.groups import Change, Plan
    from enforce_origin_controls.groups_apply import Outcome
    from steward.coordinates import RestrictionMode, RestrictionType

# As the policy file spells them, in its order.
_KEYS: Final[dict["RestrictionType", str]] = {
    "PUBLISH": "publish",
    "EXTERNAL_UPSTREAM": "external_upstream",
    "INTERNAL_UPSTREAM": "internal_upstream",
}
_MODES: Final[dict["RestrictionMode", str]] = {
    "ALLOW": "allow",
    "ALLOW_SPECIFIC_REPOSITORIES": "allow_in",
    "BLOCK": "block",
    "INHERIT": "inherit",
}
_STYLES: Final = {
    "create": "green",
    "created": "green",
    "update": "yellow",
    "updated": "yellow",
    "remove": "magenta",
    "removed": "magenta",
    "refused": "red",
    "held back": "red",
}
_ADOPTION: Final = "Made by somebody else: will be changed, but never removed."
_NAMES_SHOWN: Final = 5  # our choice: a list of hundreds would bury the other groups
_DELAY: Final = (
    "Which packages belong to a group that is created or removed, CodeArtifact works out\n"
    "afterwards, in no time that AWS promises: `aws codeartifact get-associated-package-group`."
)


def show_plan(plan: "Plan", domain: str, console: Console, *, command: str) -> None:
    """Print what would be done, for people, and the *command* that does it."""
    if plan.changes:
        table = _table("step")
        for change in plan.changes:
            _add(
                table,
                pattern=change.pattern,
                rule=_rule(change),
                step=change.action,
                lines=_lines(change),
                remarks=[_ADOPTION] if change.pattern in plan.adopted else [],
            )
        console.print(table)
    counts = Counter(change.action for change in plan.changes)
    _say(
        console,
        f"domain {domain}: {counts['create']} to create, {counts['update']} to update, "
        f"{counts['remove']} to remove, {len(plan.unchanged)} as declared.",
    )
    _say_left(console, plan.left)
    if plan.changes:
        _say(console, f"Nothing has been changed. `{escape(command)}` does it.")


def show_outcomes(outcomes: Sequence["Outcome"], domain: str, console: Console) -> None:
    """Print what has been done, for people."""
    told = [one for one in outcomes if one.change is not None or one.remarks]
    if told:
        table = _table("result")
        for one in told:
            _add(
                table,
                pattern=one.pattern,
                rule=one.rule,
                step=one.result,
                lines=[] if one.change is None else _lines(one.change),
                remarks=one.remarks,
            )
        console.print(table)
    counts = Counter(one.result for one in outcomes)
    refused = counts["refused"] + counts["held back"]
    _say(
        console,
        f"domain {domain}: {counts['created']} created, {counts['updated']} updated, "
        f"{counts['removed']} removed, {counts['unchanged']} as declared"
        + (f", [red]{refused} not[/]." if refused else "."),
    )
    _say_left(console, [one.pattern for one in outcomes if one.result == "left"])
    if counts["created"] or counts["removed"]:
        _say(console, _DELAY)


def plan_document(plan: "Plan", domain: str) -> dict[str, object]:
    """Return what would be done, for programs."""
    groups: list[dict[str, object]] = [
        {
            "pattern": change.pattern,
            "rule": _rule(change),
            "step": change.action,
            **_document(change),
            "remarks": [_ADOPTION] if change.pattern in plan.adopted else [],
        }
        for change in plan.changes
    ]
    groups += [
        {"pattern": str(one.pattern), "rule": one.name, "step": "nothing"} for one in plan.unchanged
    ]
    groups += [{"pattern": pattern, "rule": None, "step": "leave"} for pattern in plan.left]
    return {"domain": domain, "groups": groups}


def outcomes_document(outcomes: Iterable["Outcome"], domain: str) -> dict[str, object]:
    """Return what has been done, for programs."""
    groups = [
        {
            "pattern": one.pattern,
            "rule": one.rule,
            "result": one.result,
            **({} if one.change is None else _document(one.change)),
            "remarks": list(one.remarks),
        }
        for one in outcomes
    ]
    return {"ok": all(one.as_declared for one in outcomes), "domain": domain, "groups": groups}


def _table(step: str) -> Table:
    table = Table("package group", "policy", step, "what")
    table.columns[0].overflow = "fold"
    for column in (1, 2):
        table.columns[column].no_wrap = True
    table.columns[3].overflow = "fold"
    return table


def _add(
    table: Table,
    *,
    pattern: str,
    rule: str | None,
    step: str,
    lines: Iterable[str],
    remarks: Iterable[str],
) -> None:
    style = _STYLES.get(step, "default")
    shown = [escape(line) for line in lines]
    shown += [f"[{'red' if style == 'red' else 'dim'}]{escape(remark)}[/]" for remark in remarks]
    table.add_row(
        escape(pattern), escape(rule or "-"), f"[{style}]{step}[/]", "\n".join(shown) or "-"
    )


def _lines(change: "Change") -> list[str]:
    """Return a line for each type of restriction that changes."""
    if change.declaration is None:
        return ["no longer declared"]
    lines: list[str] = []
    for kind, key in _KEYS.items():
        added = [entry.repository for entry in change.add if entry.type == kind]
        removed = [entry.repository for entry in change.remove if entry.type == kind]
        parts = [
            f"{sign} {_names(names)}" for sign, names in (("+", added), ("-", removed)) if names
        ]
        if kind in change.modes:
            before = "" if change.action == "create" else f"{_MODES[change.before[kind]]} -> "
            lines.append(" ".join([f"{key}: {before}{_MODES[change.modes[kind]]}", *parts]))
        elif parts:
            lines.append(" ".join([f"{key}: allow_in", *parts]))
    return lines or ["inherits everything"]


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _say_left(console: Console, patterns: Sequence[str]) -> None:
    if patterns:
        _say(console, f"Neither declared nor ours, so left: {escape(_names(patterns))}.")


def _say(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True)  # a pattern that is broken in two cannot be copied


def _rule(change: "Change") -> str | None:
    return None if change.declaration is None else change.declaration.name


def _document(change: "Change") -> dict[str, object]:
    return {
        "modes": {
            kind: {"from": change.before[kind], "to": mode} for kind, mode in change.modes.items()
        },
        "add": _entries(change, "add"),
        "remove": _entries(change, "remove"),
    }


def _entries(change: "Change", which: str) -> dict[str, list[str]]:
    entries = change.add if which == "add" else change.remove
    lists: dict[str, list[str]] = {}
    for entry in entries:
        lists.setdefault(entry.type, []).append(entry.repository)
    return lists
