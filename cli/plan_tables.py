"""A plan as a table for people."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Table

from cli.options import as_given
from cli.origin_tables import counted_noun
from cli.output import say
from cli.plans import RISK, riskiest_first

if TYPE_CHECKING:
    from cli.plans import Plan
    from sweep_repositories.plan_lines import PlanLine

SHOWN: Final = 50  # rows of a table for people; --json, --html and --out have them all
_NAMED: Final = 3  # versions of a line that are named
_LONGEST: Final = 40  # characters of a version in the table
_WIDE: Final = 140  # columns that a terminal needs for a table of six
_WHAT: Final = 9  # columns of the first of two: the longest word of an action
_RULES: Final = 10  # that are named by what they keep

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

# What was counted of lines, where a column is not called so: a judge that was asked, and a person
# who was told, have changed nothing yet.
DONE: Final = {"changed": "done", "already": "already so"}


def show(plan: "Plan", console: Console) -> None:
    """Print what *plan* would do, the riskiest lines first, and what that comes to."""
    lines = riskiest_first(plan.lines)
    if lines:
        shown = lines[:SHOWN]
        console.print(_table(shown) if console.width >= _WIDE else _narrow_table(shown))
        if len(lines) > SHOWN:
            console.print(
                f"... and {counted_noun(len(lines) - SHOWN, 'more line')}: `--html FILE` shows "
                "them all, `--json` prints them.",
                soft_wrap=True,
            )
    for problem in plan.problems[:SHOWN]:
        console.print(f"[bold red]not looked at[/] {escape(problem)}", soft_wrap=True)
    if len(plan.problems) > SHOWN:
        console.print(f"... and {len(plan.problems) - SHOWN:,} more not looked at.")
    for sentence in sentences(plan):
        say(console, sentence)


def sentences(plan: "Plan") -> list[str]:
    """Return what *plan* comes to, in words."""
    looked_at = (
        f"{counted_noun(plan.packages, 'package')} seen, "
        f"{counted_noun(plan.versions, 'version')} listed, "
        f"{counted_noun(sum(plan.calls.values()), 'call')} made."
    )
    said = [" ".join(filter(None, (_counted(plan), _deleting(plan))))] if plan.lines else []
    if not plan.lines and not plan.problems:
        said = ["Nothing is to be done: everything that was looked at is as the policy says."]
    if kept := kept_sentence(plan.kept):
        said.append(kept)
    return [*said, looked_at]


def asked_the_judge(versions: int) -> str:
    """Return what it means that so many *versions* were handed to the judge of promotions."""
    return (
        f"{counted_noun(versions, 'version')} handed to the judge of promotions, which copies what "
        f"passes: `steward promotions{as_given('--policy')}` says what it has decided."
    )


def kept_sentence(kept: Mapping[str, int]) -> str:
    """Return how many versions which rule keeps, the most first; nothing if none keeps any."""
    counts = sorted(
        ((rule, count) for rule, count in kept.items() if rule and count),
        key=lambda one: (-one[1], one[0]),
    )
    if not counts:
        return ""
    named_rules = [f"{count:,} by {rule}" for rule, count in counts[:_RULES]]
    if len(counts) > _RULES:
        named_rules.append(f"the others by {counted_noun(len(counts) - _RULES, 'more rule')}")
    each = "; a version that several of them speak of counts for each" if len(counts) > 1 else ""
    return f"Rules keep: {', '.join(named_rules)}{each}."


def _counted(plan: "Plan") -> str:
    """Return how much of what there is to do."""
    counts: Counter[str] = Counter()
    for line in plan.lines:
        counts[line.action] += max(1, len(line.versions))
    said = [f"{counts[action]:,} to {WORDS[action]}" for action in RISK if action in counts]
    packages = len({line.package for line in plan.lines})
    return f"In {counted_noun(packages, 'package')}: {', '.join(said)}."


def _deleting(plan: "Plan") -> str:
    if not plan.deletions:
        return ""
    if not plan.measured:
        text = "How much deleting frees was not looked up."
    elif plan.unmeasured:
        text = (
            f"Deleting frees at least {decimal(plan.bytes_freed)}: {plan.unmeasured:,} of "
            f"{counted_noun(plan.deletions, 'version')} not measured."
        )
    else:
        text = f"Deleting frees {decimal(plan.bytes_freed)}."
    if plan.deletions > plan.limit:
        text += (
            f" The policy lets one run delete {plan.limit:,}: a sweep would stop before its first "
            "change, and ask."
        )
    return text


def _table(lines: Sequence["PlanLine"]) -> Table:
    table = Table()
    table.add_column("what", no_wrap=True)
    table.add_column("repository", overflow="fold")
    table.add_column("package", overflow="fold")
    table.add_column("versions", overflow="fold")
    table.add_column("why", overflow="fold")
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


def _narrow_table(lines: Sequence["PlanLine"]) -> Table:
    """Return the table for a terminal in which six columns would each be a word wide."""
    table = Table(show_lines=True)
    table.add_column("what", max_width=_WHAT)
    table.add_column("of which versions, and why", overflow="fold")
    for line in lines:
        table.add_row(
            f"[{STYLES[line.action]}]{WORDS[line.action]}[/]",
            f"[bold]{escape(line.package.purl())}[/] in {escape(line.package.repository.name)}\n"
            f"{escape(named(line))}\n[dim]{escape(line.reason)} ({escape(line.rule)})[/]",
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
