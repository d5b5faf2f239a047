"""Bars of a plan's page: HTML for the words, SVG for the bars, nothing that needs a script."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Final

from rich.filesize import decimal

from cli.plan_rows import GOING, MEANINGS, WORDS
from cli.plans import RISK

if TYPE_CHECKING:
    from cli.plan_rows import Row
    from cli.plans import Plan

_WIDTH: Final = 1000  # of a bar's view box; the page stretches it
_BARS: Final = 8  # our choice: what is beyond is summed up in one more bar

Parts = Mapping[str, int]
"""How much of what a bar stands for, by action."""


def charts(plan: "Plan", rows: Sequence["Row"]) -> str:
    """Return the charts of *plan*, whose lines are *rows*; none if there are none."""
    if not rows:
        return ""
    unit = _unit(rows)
    found = [
        _versions(plan, rows),
        _figure(f"By action{unit}", _by_action(rows)),
        _figure(f"By repository{unit}", _grouped(rows, lambda one: one["repository"])),
        _figure(f"By rule{unit}", _grouped(rows, lambda one: one["rule"])),
    ]
    freed = _freed(plan)
    if freed:
        found.append(_figure("Bytes freed, by repository", freed, decimal))
    return f'<section class="charts" aria-label="Charts">{"".join(found)}</section>'


def _unit(rows: Iterable["Row"]) -> str:
    """Return what the bars count."""
    actions = {one["action"] for one in rows if not one["versions"]}
    others = [
        f"{what}, where {words}"
        for action, what, words in (
            ("restrict", "packages", "they are restricted"),
            ("report", "findings", "they are reported"),
        )
        if action in actions
    ]
    return f" <small>{'; '.join(['versions', *others])}</small>"


def staying(plan: "Plan", rows: Sequence["Row"]) -> int:
    """Return how many of the versions that were listed no line takes from people."""
    return max(0, plan.versions - sum(one["count"] for one in rows if one["action"] in GOING))


def _versions(plan: "Plan", rows: Sequence["Row"]) -> str:
    """Return one bar of all versions that were listed: what becomes of them."""
    going = Counter[str]()
    for one in rows:
        if one["action"] in GOING:
            going[one["action"]] += len(one["versions"])
    stays = staying(plan, rows)
    parts = {**{action: going[action] for action in GOING if going[action]}, "stay": stays}
    legend = "".join(
        f'<li><i class="{action}"></i>{_word(action)} <b>{count:,}</b></li>'
        for action, count in parts.items()
    )
    return (
        '<figure class="whole"><figcaption>What becomes of the versions that were listed'
        f'</figcaption>{_bar(parts, sum(parts.values()))}<ul class="legend">{legend}</ul></figure>'
    )


def _by_action(rows: Iterable["Row"]) -> list[tuple[str, Parts]]:
    counts = Counter[str]()
    for one in rows:
        counts[one["action"]] += one["count"]
    return [(WORDS[action], {action: counts[action]}) for action in RISK if counts[action]]


def _grouped(rows: Iterable["Row"], name: Callable[["Row"], str]) -> list[tuple[str, Parts]]:
    groups: dict[str, Counter[str]] = {}
    for one in rows:
        groups.setdefault(name(one), Counter())[one["action"]] += one["count"]
    return _largest(groups)


def _freed(plan: "Plan") -> list[tuple[str, Parts]]:
    freed: dict[str, Counter[str]] = {}
    for line in plan.lines:
        size = sum(one.size or 0 for one in line.versions) if line.deletions else 0
        if size and plan.measured:
            freed.setdefault(line.package.repository.name, Counter())[line.action] += size
    return _largest(freed)


def _largest(groups: Mapping[str, Counter[str]]) -> list[tuple[str, Parts]]:
    """Return the bars of the largest groups, and one for all others."""
    ordered = sorted(groups.items(), key=lambda pair: (-pair[1].total(), pair[0]))
    bars: list[tuple[str, Parts]] = list(ordered[:_BARS])
    rest = Counter[str]()
    for _, parts in ordered[_BARS:]:
        rest.update(parts)
    return [*bars, (f"{len(ordered) - _BARS:,} others", rest)] if rest else bars


def _figure(
    caption: str, bars: Sequence[tuple[str, Parts]], number: Callable[[int], str] = "{:,}".format
) -> str:
    longest = max(sum(parts.values()) for _, parts in bars)
    items = "".join(
        f'<li><span class="label">{escape(label)}</span>{_bar(parts, longest)}'
        f"<b>{escape(number(sum(parts.values())))}</b></li>"
        for label, parts in bars
    )
    return f'<figure><figcaption>{caption}</figcaption><ul class="bars">{items}</ul></figure>'


def _bar(parts: Parts, longest: int) -> str:
    """Return a bar whose parts are to scale; the numbers beside it say the same in words."""
    at = 0.0
    rectangles = []
    for action in (*RISK, "stay"):
        count = parts.get(action, 0)
        width = _WIDTH * count / longest if longest else 0
        if count:
            title = f"<title>{_word(action)}: {count:,}</title>"
            shape = f'x="{at:.1f}" y="0" width="{max(width, 2):.1f}" height="10"'
            rectangles.append(f'<rect class="{action}" {shape}>{title}</rect>')
        at += width
    return (
        f'<svg viewBox="0 0 {_WIDTH} 10" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(rectangles)}</svg>"
    )


def _word(action: str) -> str:
    return "Stay" if action == "stay" else WORDS[action]


def meanings(actions: Iterable[str]) -> str:
    """Return what each of *actions* does, as a list."""
    wanted = set(actions)
    items = "".join(
        f'<dt><i class="{action}"></i>{WORDS[action]}</dt><dd>{MEANINGS[action]}</dd>'
        for action in RISK
        if action in wanted
    )
    return f"<dl>{items}</dl>"
