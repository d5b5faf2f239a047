"""A plan as a table for people."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Table

from cli.origin_tables import counted_noun
from cli.plans import RISK, riskiest_first

if TYPE_CHECKING:
    from cli.plans import Plan
    from sweep_repositories.plan_lines import PlanLine

SHOWN: Final = 50  # rows of a table for people; --json, --html and --out have them all
_NAMED: Final = 3  # versions of a line that are named
_LONGEST: Final = 40  # characters of a version in the table

STYLES: Final = {
    "delete": "bold red",
    "dispose": "bold red",
    "archive": "bold magenta",
    "restrict": "cyan",
    "unlist": "cyan",
    "promote": "green",
    "report": "yellow",
    "mark": "dim",
}
# What a line of the action says, if "delete" is what "would delete" begins with.
WORDS: Final = {
    "delete": "delete",
    "dispose": "dispose",
    "archive": "archive",
    "restrict": "restrict",
    "unlist": "unlist",
    "promote": "judge for promotion",
    "report": "report",
    "mark": "begin to wait",
}


def show(plan: "Plan", console: Console) -> None:
    """Print what *plan* would do, the riskiest lines first, and what that comes to."""
    lines = riskiest_first(plan.lines)
    if lines:
        console.print(_table(lines[:SHOWN]))
        if len(lines) > SHOWN:
            console.print(
                f"... and {len(lines) - SHOWN:,} more: `--html FILE` shows them all, `--json` "
                "prints them.",
                soft_wrap=True,
            )
    for problem in plan.problems[:SHOWN]:
        console.print(f"[bold red]not looked at[/] {escape(problem)}", soft_wrap=True)
    if len(plan.problems) > SHOWN:
        console.print(f"... and {len(plan.problems) - SHOWN:,} more packages.")
    for sentence in sentences(plan):
        console.print(escape(sentence), soft_wrap=True)


def sentences(plan: "Plan") -> list[str]:
    """Return what *plan* comes to, in words."""
    looked_at = (
        f"{counted_noun(plan.packages, 'package')} seen, "
        f"{counted_noun(plan.versions, 'version')} listed, "
        f"{counted_noun(sum(plan.calls.values()), 'call')} made."
    )
    if not plan.lines:
        said = ["Nothing is to be done: everything that was looked at is as the policy says."]
        return [*said, looked_at] if not plan.problems else [looked_at]
    return [" ".join(filter(None, (_counted(plan), _deleting(plan)))), looked_at]


def _counted(plan: "Plan") -> str:
    """Return how much of what there is to do."""
    versions: Counter[str] = Counter()
    for line in plan.lines:
        versions[line.action] += max(1, len(line.versions))
    said = [f"{versions[action]:,} to {WORDS[action]}" for action in RISK if action in versions]
    packages = len({line.package for line in plan.lines})
    return f"In {counted_noun(packages, 'package')}: {', '.join(said)}."


def _deleting(plan: "Plan") -> str:
    if not plan.deletions:
        return ""
    freed = f"frees {decimal(plan.bytes_freed)}" if plan.measured else "was not measured"
    text = f"Deleting {freed}."
    if plan.deletions > plan.limit:
        text += (
            f" That is more than the policy lets one run delete ({plan.limit:,}): a sweep would "
            "stop before it, change nothing and ask."
        )
    return text


def _table(lines: Sequence["PlanLine"]) -> Table:
    table = Table()
    table.add_column("what", no_wrap=True)
    table.add_column("repository", overflow="fold")
    table.add_column("package", overflow="fold", ratio=2)
    table.add_column("versions", overflow="fold", ratio=2)
    table.add_column("why", overflow="fold", ratio=3)
    table.add_column("rule", overflow="fold")
    for line in lines:
        table.add_row(
            f"[{STYLES[line.action]}]{WORDS[line.action]}[/]",
            escape(line.package.repository.name),
            escape(line.package.purl()),
            escape(named(line)),
            escape(line.reason),
            escape(line.rule),
        )
    return table


def named(line: "PlanLine") -> str:
    """Return the versions that *line* is about, or what becomes of the restrictions, in short."""
    if line.before is not None and line.after is not None:
        return f"{line.before} -> {line.after}"
    if line.mixed is not None:
        return f"{line.mixed.internal:,} from within, {line.mixed.external:,} from outside"
    shown = [_short(one.version) for one in line.versions[:_NAMED]]
    if len(line.versions) > _NAMED:
        shown.append(f"and {len(line.versions) - _NAMED:,} more")
    return ", ".join(shown)


def _short(version: str) -> str:
    return version if len(version) <= _LONGEST else f"{version[: _LONGEST - 1]}…"
