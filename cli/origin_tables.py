"""What became of the packages of a repository under `origins`: as a table and as JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from enforce_origin_controls.decision import Drifted, Mixed
from enforce_origin_controls.outcome import Found, Outcome

if TYPE_CHECKING:
    from steward.coordinates import Restrictions

# What a line of the table says first, and how it stands out.
_STYLES: Final = {
    "changed": "green",
    "would change": "cyan",
    "kept": "dim",
    "archived": "bold magenta",
    "would archive": "bold magenta",
    "reported": "bold magenta",
    "would be reported": "bold magenta",
    "mixed": "bold yellow",
    "refused": "bold red",
    "failed": "bold red",
    "vanished": "dim",
}
_DISTINCT: Final = frozenset(
    {"archived", "would archive", "reported", "would be reported", "refused"}
)


@dataclass(frozen=True, slots=True)
class Run:
    """
    A run over one repository.

    Attributes:
        packages: How many were looked at.
        calls: How many requests were sent to CodeArtifact, retries among them.
        archiving: The names of the rules that archive versions from outside.
        failure: What ended the run early, None if nothing did.
    """

    domain: str
    repository: str
    plan: bool
    packages: int
    calls: int
    archiving: frozenset[str]
    outcomes: Sequence[Outcome]
    failure: str | None = None

    @property
    def complete(self) -> bool:
        """Whether nothing was refused and nothing failed."""
        return self.failure is None and not any(
            outcome.error or any(found.outcome == "refused" for found in outcome.found)
            for outcome in self.outcomes
        )


@dataclass(frozen=True, slots=True)
class _Line:
    package: str
    before: str
    after: str
    rule: str
    result: str
    reason: str


def of_run(run: Run) -> RenderableType:
    """Return what a run did, or would do, for people."""
    lines = [line for outcome in run.outcomes for line in _lines(outcome, run)]
    parts: list[RenderableType] = []
    if lines:
        table = Table("package", "before -> after", "rule", "result")
        for column in (0, 3):  # names and reasons are never cut off
            table.columns[column].overflow = "fold"
        table.columns[2].no_wrap = True
        for line in lines:
            style = _STYLES[line.result]
            table.add_row(
                escape(line.package),
                line.before if line.after == line.before else f"{line.before}\n-> {line.after}",
                escape(line.rule),
                f"[{style}]{line.result}[/]: {escape(line.reason)}",
                style="bold" if line.result in _DISTINCT else "",
            )
        parts.append(table)
        parts.append("[dim]before -> after: publish/upstream, or the status of a version[/]")
    parts.append(_summary(lines, run))
    if run.plan and lines:
        parts.append("Nothing has been changed.")
    return Group(*parts)


def document(run: Run) -> dict[str, object]:
    """Return what a run did, or would do, for programs."""
    return {
        "ok": run.complete,
        "domain": run.domain,
        "repository": run.repository,
        "plan": run.plan,
        "packages": run.packages,
        "calls": run.calls,
        "failure": run.failure,
        "outcomes": [_document(outcome, run) for outcome in run.outcomes],
    }


def counted_noun(number: int, noun: str) -> str:
    """Return *number* with *noun*, in the plural unless it is one: `1 call`, `1,204 calls`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _summary(lines: Iterable[_Line], run: Run) -> str:
    """Return the counts in one sentence; those that are none of the usual only if there are any."""
    results = [line.result for line in lines]
    usual = ("would change", "would archive") if run.plan else ("changed", "archived")
    told = "would be reported" if run.plan else "reported"
    unusual = (told, "mixed", "kept", "vanished", "refused", "failed")
    counted = [f"{results.count(usual[0])} {usual[0]}"]
    counted += [
        f"[{_STYLES[result]}]{results.count(result)} {result}[/]"
        for result in (usual[1], *unusual)
        if result in results
    ]
    return (
        f"{escape(run.repository)} in the domain {escape(run.domain)}: "
        f"{counted_noun(run.packages, 'package')} looked at: {', '.join(counted)}. "
        f"{counted_noun(run.calls, 'call')} to CodeArtifact."
    )


def _lines(outcome: Outcome, run: Run) -> Iterable[_Line]:
    """Yield the lines about one package: its restrictions, then each version from outside."""
    purl, decision = outcome.package.purl(), outcome.decision
    before = _pair(decision.before) if isinstance(decision, Drifted) else ""
    after = _pair(decision.after) if isinstance(decision, Drifted) else ""
    for kept in outcome.kept:
        until = f"{kept.exemption.until:%Y-%m-%d %H:%M} UTC"
        version, status = None, before
        if kept.version is not None:
            version, status = kept.version.version, kept.version.status
        reason = f"exempt until {until}: {kept.exemption.why}"
        name = outcome.package.purl(version)
        yield _Line(name, status, status, outcome.rule, "kept", reason)
    if isinstance(decision, Drifted) and outcome.written:
        yield _Line(purl, before, after, outcome.rule, "changed", decision.reason)
    elif isinstance(decision, Drifted) and outcome.drift_left:
        yield _Line(purl, before, after, outcome.rule, "would change", decision.reason)
    if isinstance(decision, Mixed):
        counts = f"{decision.internal} from within, {decision.external} from outside; left as it is"
        yield _Line(purl, "", "", outcome.rule, "mixed", counts)
    for found in outcome.found:
        result = _result(found, outcome, run)
        status = found.version.status
        target = "Archived" if result in {"archived", "would archive"} else status
        name = outcome.package.purl(found.version.version)
        yield _Line(name, status, target, outcome.rule, result, _origin(found))
    if outcome.error is not None:
        yield _Line(purl, before, before, outcome.rule, "failed", str(outcome.error))
    elif outcome.vanished:
        reason = "it was deleted meanwhile"
        yield _Line(purl, before, before, outcome.rule, "vanished", reason)


def _result(found: Found, outcome: Outcome, run: Run) -> str:
    if not run.plan or found.outcome != "reported":
        return found.outcome
    return "would archive" if outcome.rule in run.archiving else "would be reported"


def _origin(found: Found) -> str:
    through = found.version.origin.external_connection or "an unknown external connection"
    came = f"it came from outside, through {through}"
    return f"{came}; {found.reason}" if found.outcome == "refused" else came


def _pair(restrictions: "Restrictions") -> str:
    return f"{restrictions.publish}/{restrictions.upstream}"


def _document(outcome: Outcome, run: Run) -> dict[str, object]:
    decision = outcome.decision
    described: dict[str, object] = {
        "package": outcome.package.purl(),
        "rule": outcome.rule,
        "written": outcome.written,
        "reason": None if decision is None else decision.reason,
        "mixed": None,
        "before": None,
        "after": None,
    }
    if isinstance(decision, Drifted):
        for name, pair in (("before", decision.before), ("after", decision.after)):
            described[name] = {"publish": pair.publish, "upstream": pair.upstream}
    if isinstance(decision, Mixed):
        described["mixed"] = {"internal": decision.internal, "external": decision.external}
    return {
        **described,
        "kept": [
            {
                "version": None if kept.version is None else kept.version.version,
                "until": kept.exemption.until.isoformat(),
                "who": kept.exemption.who,
                "why": kept.exemption.why,
            }
            for kept in outcome.kept
        ],
        "found": [
            {
                "version": found.version.version,
                "status": found.version.status,
                "externalConnection": found.version.origin.external_connection,
                "result": _result(found, outcome, run),
                "reason": found.reason,
            }
            for found in outcome.found
        ],
        "vanished": outcome.vanished,
        "error": None if outcome.error is None else str(outcome.error),
    }
