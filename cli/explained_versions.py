"""What the policy says of each version of a package, as CodeArtifact lists them now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from expire_versions.values import Retention
    from steward.coordinates import Package, PackageVersion
    from steward.ledger import Exemption
    from sweep_repositories.gathering import Gathering
    from sweep_repositories.plan_lines import PackagePlan

# What is said of a version that no rule wants anything of.
STAYS: Final = "stays"
_STYLES: Final = {
    "delete": "bold red",
    "dispose": "bold red",
    "archive": "bold magenta",
    "unlist": "cyan",
    "judge for promotion": "green",
    "report": "yellow",
    STAYS: "dim",
}


@dataclass(frozen=True, slots=True)
class Saying:
    """What one rule says of a version; the rule is None where none selects it."""

    rule: str | None
    says: str
    reason: str


@dataclass(frozen=True, slots=True)
class ExplainedVersion:
    """
    A version, and what is said of it.

    Attributes:
        then: What a sweep would do with it today: a step, or `stays`.
    """

    version: "PackageVersion"
    then: str
    sayings: tuple[Saying, ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """
    A package and what is said of its versions, newest first.

    Attributes:
        restrictions: What would become of its origin restrictions, None if they stay.
        note: What is not known, None if nothing is missing.
    """

    versions: tuple[ExplainedVersion, ...]
    restrictions: str | None
    note: str | None = None


def explained(package: "Package", to: "Gathering") -> Explained:
    """
    Return what the policy says of each version of *package*, and what a sweep would do today.

    It costs what `gather_package` costs, twice the reads of ages: a person asks for one package.

    Raises:
        PackageNotFoundError: The package or its repository does not exist.
        CodeArtifactError: A call failed.
        LedgerError: The ledger could not be read.
    """
    from expire_versions.gather import RetentionReads, gather_retention
    from steward.errors import CodeArtifactError
    from sweep_repositories.gathering import gather_package

    now = to.now()
    versions = to.times.versions_by_time(package)
    plan = gather_package(package, None, to)
    if plan.problem is not None:
        raise CodeArtifactError("explain", "NotLookedAt", plan.problem)
    records = to.records
    reads = RetentionReads(
        to.codeartifact,
        to.times,
        to.policy,
        to.locked,
        to.ledger,
        None if records is None else records.of_package,
    )
    retention = gather_retention(package, versions, reads, now)
    sayings: dict[str, list[Saying]] = {}
    for name, saying in (
        *_of_snapshots(package, versions, to, now),
        *_of_retention(retention),
        *_of_plan(plan),
    ):
        sayings.setdefault(name, []).append(saying)
    exempt = {one.version: one for one in to.ledger.exemptions(package) if one.in_force(now)}
    then = {one.version: line.action for line in plan.lines for one in line.versions}
    return Explained(
        tuple(
            ExplainedVersion(
                version,
                _then(then.get(version.version)),
                (*sayings.get(version.version, ()), *_exemption(exempt.get(version.version))),
            )
            for version in _newest_first(package, versions)
        ),
        next(
            (
                f"{line.before} -> {line.after}: {line.reason} ({line.rule})"
                for line in plan.lines
                if line.action == "restrict"
            ),
            None,
        ),
    )


def show(found: Explained, console: Console) -> None:
    """Print *found*: a row for each rule that has something to say of a version."""
    if found.versions:
        console.print(_table(found))
    else:
        console.print("It has no versions.")
    if found.restrictions is not None:
        console.print(f"Its restrictions: {escape(found.restrictions)}")
    if found.note is not None:
        console.print(f"[yellow]note[/] {escape(found.note)}")


def _table(found: Explained) -> Table:
    table = Table()
    table.add_column("version", overflow="fold")
    table.add_column("status", no_wrap=True)
    table.add_column("a sweep would", no_wrap=True)
    table.add_column("rule", overflow="fold")
    table.add_column("says", overflow="fold", ratio=1)
    for one in found.versions:
        style = _STYLES.get(one.then, "dim")
        cells: tuple[str, str, str] = (
            escape(one.version.version),
            one.version.status,
            f"[{style}]{'leave it' if one.then == STAYS else one.then}[/]",
        )
        for saying in one.sayings or (Saying(None, STAYS, "no rule is about it"),):
            table.add_row(*cells, escape(saying.rule or ""), escape(_text(saying, one.then)))
            cells = ("", "", "")
    return table


def document(found: Explained) -> dict[str, object]:
    """Return *found* for programs."""
    return {
        "restrictions": found.restrictions,
        "note": found.note,
        "versions": [
            {
                "version": one.version.version,
                "status": one.version.status,
                "origin": one.version.origin.type,
                "then": None if one.then == STAYS else one.then,
                "rules": [
                    {"rule": each.rule, "says": each.says, "reason": each.reason}
                    for each in one.sayings
                ],
            }
            for one in found.versions
        ],
    }


def _of_snapshots(
    package: "Package", versions: Sequence["PackageVersion"], to: "Gathering", now: datetime
) -> Iterator[tuple[str, Saying]]:
    from unlist_snapshot_builds.decision import stale_builds

    rule = to.policy.snapshot_rule_for(package)
    if rule is None:
        return
    decision = stale_builds(versions, package_format=package.format, rule=rule, now=now)
    for stale in decision.stale:
        reason = f"{stale.reason}: {stale.replaced_by}"
        yield stale.version.version, Saying(rule.name, "unlist", reason)
    for waiting in decision.waiting:
        reason = f"unfinished until {waiting.until:%Y-%m-%d %H:%M} UTC may be an upload"
        yield waiting.version.version, Saying(rule.name, STAYS, reason)
    for kept in decision.kept:
        yield kept.version.version, Saying(rule.name, STAYS, kept.reason)


def _of_retention(retention: "Retention") -> Iterator[tuple[str, Saying]]:
    for due in retention.due:
        yield due.version.version, Saying(due.rule, due.step, due.reason)
    for waiting in retention.waiting:
        says = f"{waiting.step} from {waiting.until:%Y-%m-%d %H:%M} UTC"
        yield waiting.version.version, Saying(waiting.rule, says, waiting.reason)
    for kept in retention.kept:
        if kept.rule is not None:
            yield kept.version.version, Saying(kept.rule, STAYS, kept.reason)


def _of_plan(plan: "PackagePlan") -> Iterator[tuple[str, Saying]]:
    """Yield what the automations say that were not asked version by version."""
    for line in plan.lines:
        if line.automation in ("unlist_snapshot_builds", "expire_versions"):
            continue
        for one in line.versions:
            yield one.version, Saying(line.rule, _then(line.action), one.reason)


def _exemption(exemption: "Exemption | None") -> Iterator[Saying]:
    if exemption is not None:
        reason = f"exempt until {exemption.until:%Y-%m-%d %H:%M} UTC: {exemption.why}"
        yield Saying(exemption.rule, STAYS, reason)


def _then(action: str | None) -> str:
    if action == "promote":
        return "judge for promotion"
    return action if action is not None and action != "mark" else STAYS


def _newest_first(
    package: "Package", versions: Sequence["PackageVersion"]
) -> list["PackageVersion"]:
    """Return *versions*, newest first; those without a place in the format's order come last."""
    from steward.version_order import position

    placed = [(position(package.format, one.version), one) for one in versions]
    ordered = sorted(
        ((place, one) for place, one in placed if place is not None),
        key=lambda each: each[0],
        reverse=True,
    )
    others = sorted((one for place, one in placed if place is None), key=lambda one: one.version)
    return [one for _, one in ordered] + others


def _text(saying: Saying, then: str) -> str:
    """Return what a rule says; the step only where the sweep would take another one."""
    return saying.reason if saying.says in (STAYS, then) else f"{saying.says}: {saying.reason}"
