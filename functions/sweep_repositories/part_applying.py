"""The fifth step of a sweep: the lines of a part of the plan, carried out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Final, cast

from steward.events import package_in
from steward.observability import PackageLog, count, logger
from sweep_repositories import keys, runs
from sweep_repositories.batch_gathering import ATTEMPTS
from sweep_repositories.collaborators import Changing
from sweep_repositories.crew import in_order
from sweep_repositories.listing import added
from sweep_repositories.members import Document, member
from sweep_repositories.metrics import PACKAGES_APPLIED
from sweep_repositories.objects import ObjectsError
from sweep_repositories.plan_lines import PlanLine, from_json
from sweep_repositories.summary import MAX_REFUSALS, RefusedVersion
from sweep_repositories.tally import MAX_REASON, Tally, What

if TYPE_CHECKING:
    from steward.coordinates import Package
    from sweep_repositories.applying import Applied

# Our choice: longer than an execution may take (TimeoutSeconds of the definition).
PLAN_HOLDS: Final = timedelta(days=1)

Apply = Callable[[Sequence[PlanLine]], Sequence["Applied"]]


def apply_part(
    event: Document, to: Changing, *, time_left: Callable[[], bool]
) -> Mapping[str, object]:
    """
    Carry out the lines of a part of the plan, as long as there is time.

    - Lines of one package are applied one after the other, in their order.
    - Those that fail are tried again at once; a package that goes on failing is counted and named,
      and the others go on. So is one whose lines cannot be read: none of them is applied.
    - A function that another policy or mode was deployed for since the run began applies nothing
      and counts the lines that it passes over. So does one that comes to them more than
      :data:`PLAN_HOLDS` after that: a failed sweep was redriven, and what was to go by number may
      be among the newest by now.
    - A step that is tried again begins at the same package; what the attempt before it has changed
      counts as being so already.

    At least one package is worked on.
    """
    run = runs.read(member(event, "run", str), to.objects)
    part, first = member(event, "part", str), member(event, "next", int)
    text = to.objects.read(keys.plan(run.name, part))
    if text is None:
        raise ObjectsError("GetObject", "NoSuchKey", keys.plan(run.name, part))
    packages = [list(lines) for _, lines in groupby(text.splitlines(), _package)]
    tally, reached = Tally(), len(packages)
    if to.deployed.is_of(run) and to.now() - run.started <= PLAN_HOLDS:
        before = to.calls_made()
        apply = to.applies(run)
        left = range(first, len(packages))
        reached = first
        try:
            for index, one in in_order(
                left, lambda index: _applied(apply, packages[index]), time_left=time_left
            ):
                tally.add(one)
                reached = index + 1
        finally:
            to.flush()
        tally.calls.update(added({}, before, to.calls_made()))
    else:
        tally.passed_over = sum(len(lines) for lines in packages[first:])
    done = reached >= len(packages)
    tally.next = None if done else reached
    to.objects.write(keys.applied(run.name, part, first), tally.to_json())
    if done:
        to.objects.write(keys.applied_part(run.name, part), "")
    count(PACKAGES_APPLIED, tally.packages)
    logger().info(
        "applied",
        extra={
            "run": run.name,
            "part": part,
            "lines": tally.lines,
            "failed": tally.failed_packages,
            "passed_over": tally.passed_over,
        },
    )
    return {"run": run.name, "part": part, "next": reached, "done": done}


def _package(line: str) -> str:
    """Return what is the same for the lines of one package, and differs from the next one's."""
    package: object = json.loads(line)["package"]
    return json.dumps(package, sort_keys=True)


@dataclass(slots=True)
class _Outcome:
    """What became of one line, over all attempts."""

    last: Applied
    changed: set[str] = field(default_factory=set)

    def note(self, applied: Applied) -> None:
        """An attempt came to *applied*; what it found done may be what the one before it did."""
        self.changed.update(applied.changed)
        self.last = applied


def _applied(apply: Apply, texts: Sequence[str]) -> Tally:
    """Return what the lines *texts* of one package came to."""
    try:
        left = [from_json(json.loads(text)) for text in texts]
    except ValueError as error:
        return _unreadable(texts, error)
    outcomes: dict[int, _Outcome] = {}
    for _ in range(ATTEMPTS):
        done = list(apply(left))
        for one in done:
            outcomes.setdefault(id(one.line), _Outcome(one)).note(one)
        left = [one.line for one in done if one.problem is not None]
        if not left:
            break
    tally = Tally(packages=1, lines=len(texts))
    for outcome in outcomes.values():
        _count(outcome, tally)
    failed = [one.last for one in outcomes.values() if one.last.problem is not None]
    if failed:
        package = failed[0].line.package
        tally.fail(package.repository.name, package.purl(), failed[0].problem or "")
    return tally


def _unreadable(texts: Sequence[str], error: ValueError) -> Tally:
    package = package_of(texts[0])
    PackageLog(package).error("not applied", reason=str(error))
    tally = Tally(packages=1, lines=len(texts))
    tally.fail(package.repository.name, package.purl(), f"its lines cannot be read: {error}")
    return tally


def package_of(line: str) -> Package:
    """
    Return the package that a line of a file is about, whatever else is in the line.

    Raises:
        MalformedMessageError: It names none.
    """
    document = cast("Mapping[str, Mapping[str, object]]", json.loads(line))
    return package_in(document["package"])


def _count(outcome: _Outcome, tally: Tally) -> None:
    last, line = outcome.last, outcome.last.line
    numbers: dict[What, int] = {
        "changed": len(outcome.changed),
        "already": len(set(last.already) - outcome.changed),
        "refused": sum(1 if one.version else len(line.versions) or 1 for one in last.refused),
        "kept": len(last.kept),
    }
    for what, number in numbers.items():
        if number:
            tally.rows[line.automation, line.rule, line.action, what] += number
    for refusal in last.refused[:MAX_REFUSALS]:
        reason = f"{refusal.code}: {refusal.message}"[:MAX_REASON]
        tally.refuse(
            RefusedVersion(
                line.package.repository.name,
                line.package.purl(),
                refusal.version,
                line.rule,
                line.action,
                reason,
            )
        )
