"""
A plan as one HTML file that a person reads in a browser, with nothing else and nobody to ask.

The file needs no network: its style and script are in it (`plan_page.css`, `plan_page.js`), and
its own security policy allows nothing from elsewhere. Names and reasons are foreign text: in the
document they are escaped, in the script's JSON no `<`, `>` or `&` is left.

Without scripts the page has the riskiest lines and all sums; with them, every line can be found.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.filesize import decimal

from cli.origin_tables import counted_noun
from cli.plan_charts import charts, meanings, staying
from cli.plan_rows import MEANINGS, WORDS, Row, row
from cli.plan_tables import sentences
from cli.plans import RISK, riskiest_first

if TYPE_CHECKING:
    from cli.plans import Plan

STATIC_LINES: Final = 200  # our choice: what a page shows where scripts do not run
STATIC_VERSIONS: Final = 100  # of each of those
# Our choice: more make a page that a phone cannot hold; the file of --out has all of them.
MOST_LINES: Final = 20_000
_PROBLEMS: Final = 200  # named; our choice
_FEW: Final = 5  # problems that are shown at once
_READ: Final = (
    "Read it from the top: what nothing brings back comes first. If a line is wrong, change the "
    "rule that it names in the policy file, and make the plan again."
)
_RESTORABLE: Final = ("archive", "restrict", "unlist")
_HERE: Final = Path(__file__).parent

# Characters that could end a script, or open a comment in one; and two that end JavaScript's lines.
_UNSAFE_IN_SCRIPT: Final = {ord(one): f"\\u{ord(one):04x}" for one in "<>&\u2028\u2029"}

_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'"
)


def plan_page(plan: "Plan") -> str:
    """
    Return *plan* as one HTML document.

    What cannot be brought back comes first. Of more than `MOST_LINES` lines, only the riskiest are
    listed, and the page says so; its sums are of all.
    """
    rows = [row(line) for line in riskiest_first(plan.lines)]
    shown = rows[:MOST_LINES]
    title = f"Plan for {plan.domain}"
    style = (_HERE / "plan_page.css").read_text(encoding="utf-8")
    script = (_HERE / "plan_page.js").read_text(encoding="utf-8")
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{escape(title)}</title>
<style>
{style}</style>
</head>
<body>
<main>
{_heading(plan)}
{_tiles(plan, rows)}
{_problems(plan)}
{_next(plan)}
{charts(plan, rows)}
{_rules(plan, rows)}
{_lines(rows, shown) if rows else _nothing(plan)}
{_footnotes(plan, rows)}
</main>
<script type="application/json" id="plan">{_in_script(shown)}</script>
<script>
{script}</script>
</body>
</html>
"""


def _in_script(rows: Sequence[Row]) -> str:
    """Return *rows* as JSON that means the same to a parser and nothing to HTML."""
    text = json.dumps({"words": WORDS, "rows": rows}, ensure_ascii=False, separators=(",", ":"))
    return text.translate(_UNSAFE_IN_SCRIPT)


def _heading(plan: "Plan") -> str:
    made = plan.made_at.astimezone(UTC)
    facts = {
        "Account": plan.domain_owner,
        "Region": plan.region,
        "Made": f"{made:%Y-%m-%d %H:%M} UTC",
        "Policy": plan.policy_digest[:12],
    }
    listed = "".join(
        f"<div><dt>{name}</dt><dd>{escape(fact)}</dd></div>" for name, fact in facts.items()
    )
    said = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences(plan))
    note = f'<p class="note">{escape(plan.mode_note)}</p>' if plan.mode_note else ""
    return (
        f"<header><p>What the policy would change in</p><h1>{escape(plan.domain)}</h1>"
        f'<dl class="facts">{listed}</dl>{note}{said}</header>'
    )


def _tiles(plan: "Plan", rows: Sequence[Row]) -> str:
    """Return the numbers that count, the worst first; those that are none only where it matters."""
    counts = Counter[str]()
    for one in rows:
        counts[one["action"]] += one["count"]
    freed = "sizes were not looked up"
    if plan.measured:
        least = "at least " if plan.unmeasured else ""
        freed = f"frees {least}{decimal(plan.bytes_freed)}"
    gone = freed if plan.deletions else "nothing is deleted"
    kind = "delete" if plan.deletions else "stay"
    tiles = [_tile(kind, plan.deletions, "version", "gone for good", gone, _gauge(plan))]
    tiles += [
        _tile(action, counts[action], noun, what, MEANINGS[action])
        for action, noun, what in (
            ("archive", "version", "to archive"),
            ("unlist", "version", "to unlist"),
            ("restrict", "package", "to restrict"),
            ("promote", "version", "to judge for promotion"),
            ("report", "finding", "to report"),
            ("mark", "version", "to begin to wait"),
        )
        if counts[action]
    ]
    looked = (
        f"of {counted_noun(plan.versions, 'version')} in {counted_noun(plan.packages, 'package')}"
    )
    tiles.append(_tile("stay", staying(plan, rows), "version", "that stay", looked))
    return f'<section class="tiles" aria-label="In numbers">{"".join(tiles)}</section>'


def _tile(kind: str, count: int, noun: str, what: str, more: str, below: str = "") -> str:  # noqa: PLR0917  each is a part of what it shows
    number, _, counted = counted_noun(count, noun).partition(" ")
    return (
        f'<div class="tile {kind}"><b>{number}</b><span>{counted} {what}</span>'
        f"<small>{escape(more)}</small>{below}</div>"
    )


def _gauge(plan: "Plan") -> str:
    """Return how much of what one run may delete that is, and what happens beyond."""
    if not plan.deletions:
        return ""
    share = min(1.0, plan.deletions / plan.limit) if plan.limit else 1.0
    beyond = plan.deletions > plan.limit
    words = f"{'more than' if beyond else 'of'} the {plan.limit:,} that one run may delete"
    end = ": a sweep stops before the first one and asks" if beyond else ""
    return (
        f'<svg class="gauge{" beyond" if beyond else ""}" viewBox="0 0 100 4" '
        f'preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="track" width="100" height="4"/>'
        f'<rect width="{100 * share:.1f}" height="4"/></svg><small>{words}{end}</small>'
    )


def _problems(plan: "Plan") -> str:
    if not plan.problems:
        return ""
    items = "".join(f"<li>{escape(problem)}</li>" for problem in plan.problems[:_PROBLEMS])
    more = len(plan.problems) - _PROBLEMS
    rest = f"<p>... and {more:,} more.</p>" if more > 0 else ""
    heading = f"Could not be looked at: {len(plan.problems):,}"
    state = " open" if len(plan.problems) <= _FEW else ""
    return (
        f'<section class="problems"><details{state}><summary><h2>{heading}</h2></summary>'
        f"<ul>{items}</ul>{rest}</details></section>"
    )


def _next(plan: "Plan") -> str:
    """Return what whoever reads the page can do with the plan."""
    if not plan.lines:
        return ""
    made = plan.made_at.astimezone(UTC)
    steps = [
        f"This is how the domain was on {made:%Y-%m-%d at %H:%M} UTC. Looking changed nothing.",
        _READ,
        (
            "To have exactly this done, write the plan with <code>steward plan --out "
            f"plan.json</code> as well, then <code>steward apply plan.json{_allowing(plan)}</code>."
            " What has changed since then is left alone and named."
        ),
    ]
    if plan.deletions:
        steps.append(_limit(plan))
    if any(line.action in _RESTORABLE for line in plan.lines):
        steps.append(
            "What was restricted, unlisted or archived, <code>steward restore</code> puts back and "
            "keeps so."
        )
    items = "".join(f"<li>{step}</li>" for step in steps)
    return (
        '<section class="next" aria-labelledby="next-heading">'
        f'<h2 id="next-heading">What to do with it</h2><ol>{items}</ol></section>'
    )


def _allowing(plan: "Plan") -> str:
    return f" --allow-deletions {plan.deletions}" if plan.deletions > plan.limit else ""


def _limit(plan: "Plan") -> str:
    """Return what the limit of the policy means for *plan*."""
    may = f"The policy's <code>limits</code> let one run delete {plan.limit:,}; this deletes"
    if plan.deletions > plan.limit:
        return (
            f"{may} {counted_noun(plan.deletions, 'version')}, so it takes a person who says that "
            "number with <code>--allow-deletions</code>. A sweep stops before its first change."
        )
    return (
        f"{may} {counted_noun(plan.deletions, 'version')}, so a sweep of a deployment that "
        "enforces does it without asking."
    )


def _rules(plan: "Plan", rows: Sequence[Row]) -> str:
    """Return what each rule that has lines says."""
    if not plan.rules:
        return ""
    counts = Counter(one["rule"] for one in rows)
    items = "".join(
        f"<dt>{escape(name)} <small>{counted_noun(counts[name], 'line')}</small></dt>"
        f"<dd>{'<br>'.join(map(escape, words))}</dd>"
        for name, words in plan.rules.items()
    )
    return (
        '<section class="rules" aria-labelledby="rules-heading">'
        f'<h2 id="rules-heading">What the rules say</h2><dl>{items}</dl></section>'
    )


def _nothing(plan: "Plan") -> str:
    where = " in what could be looked at" if plan.problems else ""
    return f'<section class="nothing"><h2>Nothing is to be done{where}</h2></section>'


def _lines(rows: Sequence[Row], shown: Sequence[Row]) -> str:
    static = "".join(_line(one) for one in shown[:STATIC_LINES])
    notes = ""
    if len(shown) < len(rows):
        notes += (
            f"<p>This page lists the {len(shown):,} riskiest lines of {len(rows):,}; "
            "the file of <code>--out</code> has all of them.</p>"
        )
    if len(shown) > STATIC_LINES:
        notes += (
            f"<noscript><p>Without scripts this page lists the {STATIC_LINES:,} riskiest lines of "
            f"{len(rows):,}.</p></noscript>"
        )
    return f"""<section aria-labelledby="lines-heading">
<h2 id="lines-heading">Line by line, the riskiest first</h2>
{_filters(shown)}
<p id="found" role="status">{counted_noun(len(shown), "line")}</p>
{notes}<ul id="lines">{static}</ul>
<button id="more" type="button" hidden>Show more</button>
</section>"""


def _filters(rows: Sequence[Row]) -> str:
    """Return what lines can be found with; the script shows it, as it is of no use without."""
    repositories = _options("all repositories", (one["repository"] for one in rows))
    rules = _options("all rules", (one["rule"] for one in rows))
    return f"""<div id="filters" role="search" hidden>
<input id="search" type="search" aria-label="Search the lines"
 placeholder="package, version, rule, reason">
<select id="repository" aria-label="Repository">{repositories}</select>
<select id="rule" aria-label="Rule">{rules}</select>
<select id="order" aria-label="Order">
<option value="risk">riskiest first</option>
<option value="versions">most versions first</option>
<option value="package">by package</option>
</select>
<div id="actions" role="group" aria-label="Actions">{_chips(rows)}</div>
</div>"""


def _options(everything: str, names: Iterable[str]) -> str:
    counts = Counter(names)
    listed = "".join(
        f'<option value="{escape(name)}">{escape(name)} ({count:,})</option>'
        for name, count in sorted(counts.items())
    )
    return f'<option value="">{everything}</option>{listed}'


def _chips(rows: Sequence[Row]) -> str:
    """Return what switches actions off and on, and what leaves only lines with releases."""
    counts = Counter(one["action"] for one in rows)
    chips = "".join(
        f'<label class="chip {action}">'
        f'<input type="checkbox" name="action" value="{action}" checked>'
        f"{WORDS[action]} <b>{counts[action]:,}</b></label>"
        for action in RISK
        if counts[action]
    )
    releases = sum(1 for one in rows if one["releases"])
    if releases:
        chips += (
            '<label class="chip"><input type="checkbox" id="releases">'
            f"only with releases <b>{releases:,}</b></label>"
        )
    return chips


def _line(one: Row) -> str:
    """Return a line as the script draws it, too."""
    releases = f" <em>{counted_noun(one['releases'], 'release')}</em>" if one["releases"] else ""
    summary = (
        f'<span class="tag {one["action"]}">{WORDS[one["action"]]}</span>'
        f'<span class="package"><b>{_breakable(one["package"])}</b>'
        f"<small>{escape(one['repository'])}</small></span>"
        f'<span class="what">{escape(one["what"])}{releases}</span>'
        f'<span class="why">{escape(one["why"])}<small>{escape(one["rule"])}</small></span>'
    )
    if not one["versions"]:
        return f'<li><div class="line">{summary}</div></li>'
    versions = "".join(
        f"<li><b>{escape(version['v'])}</b> <i>{version['s']}</i> "
        f"{escape(version.get('n', ''))}</li>"
        for version in one["versions"][:STATIC_VERSIONS]
    )
    more = len(one["versions"]) - STATIC_VERSIONS
    rest = f"<li>... and {more:,} more</li>" if more > 0 else ""
    drawn = f'<summary class="line">{summary}</summary><ul>{versions}{rest}</ul>'
    return f"<li><details>{drawn}</details></li>"


def _breakable(text: str) -> str:
    """Return *text* escaped; a line may end after its slashes."""
    return escape(text).replace("/", "/<wbr>")


def _footnotes(plan: "Plan", rows: Sequence[Row]) -> str:
    notes = ""
    if rows:
        words = meanings(one["action"] for one in rows)
        notes += f"<details open><summary><h2>What the words mean</h2></summary>{words}</details>"
    if plan.kept:
        kept = {name or "no rule is about them": count for name, count in plan.kept.items()}
        notes += _table("What each rule keeps, whatever the others do", "versions", kept)
    if plan.calls:
        notes += _table("What it took to look", "calls", plan.calls)
    return f"<footer>{notes}<p>Made by <code>steward plan --html</code>.</p></footer>"


def _table(caption: str, noun: str, counts: Mapping[str, int]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{count:,}</td></tr>'
        for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    )
    return (
        f"<details><summary><h2>{caption}</h2></summary><table>"
        f'<thead><tr><td></td><th scope="col">{noun}</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></details>"
    )
