"""The third step of a sweep: what the policy wants of the packages of a batch, as plan lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from steward.coordinates import Package, Restrictions
from steward.observability import count, logger
from sweep_repositories import batches, keys, runs
from sweep_repositories.collaborators import Planning
from sweep_repositories.crew import in_order
from sweep_repositories.listing import added
from sweep_repositories.members import Document, member
from sweep_repositories.metrics import PACKAGES_LOOKED_AT
from sweep_repositories.objects import Objects
from sweep_repositories.plan_lines import PackagePlan, to_json
from sweep_repositories.runs import Run
from sweep_repositories.tally import Tally

# Our choice: bytes of lines in one file. Whoever applies it holds it in memory as a whole; a
# package with 10,000 versions has about two million.
PART_BYTES: Final = 4_000_000
# Our choice: the client has made three attempts at each call by then.
ATTEMPTS: Final = 3

Look = Callable[[Package, Restrictions], PackagePlan]


@dataclass(frozen=True, slots=True)
class _Looked:
    """What one package came to: its lines as they are written, and the sums."""

    text: str
    tally: Tally


def gather_batch(
    event: Document, to: Planning, *, time_left: Callable[[], bool]
) -> Mapping[str, object]:
    """
    Write the plan lines of the packages of a batch, as long as there is time.

    - A package that fails is tried again at once; one that goes on failing is counted and named,
      and the others go on.
    - A function that another policy or mode was deployed for since the run began looks at nothing
      and counts what it passes over.
    - A step that is tried again begins at the same package and writes the same files again.

    At least one package is looked at.
    """
    run = runs.read(member(event, "run", str), to.objects)
    number, first = member(event, "batch", int), member(event, "next", int)
    batch = batches.read(run, number, to.objects)
    tally = Tally()
    reached = len(batch.packages)
    if to.deployed.is_of(run):
        before, look = to.calls_made(), to.looks()
        parts = _Parts(run, number, first, to.objects)
        for index, one in in_order(
            range(first, len(batch.packages)),
            lambda index: _looked(look, *batch.packages[index]),
            time_left=time_left,
        ):
            reached = index + 1
            parts.add(one.text, following=reached)
            tally.add(one.tally)
        parts.write()
        tally.parts = parts.written
        tally.calls.update(added({}, before, to.calls_made()))
    else:
        tally.passed_over = reached - first
    done = reached >= len(batch.packages)
    tally.next = None if done else reached
    to.objects.write(keys.tally(run.name, number, first), tally.to_json())
    if done:
        to.objects.write(keys.gathered(run.name, number), "")
    count(PACKAGES_LOOKED_AT, tally.packages)
    logger().info(
        "gathered",
        extra={
            "run": run.name,
            "batch": number,
            "repository": batch.repository.name,
            "packages": tally.packages,
            "lines": tally.lines,
            "failed": tally.failed_packages,
            "passed_over": tally.passed_over,
        },
    )
    return {"run": run.name, "batch": number, "next": reached, "done": done}


class _Parts:
    """The plan lines of a batch on their way into files, from its package *first* on."""

    def __init__(self, run: Run, number: int, first: int, objects: Objects) -> None:
        self._run = run.name
        self._number = number
        self._objects = objects
        self._begins = first
        self._waiting: list[str] = []
        self._size = 0
        self.written: list[str] = []

    def add(self, text: str, *, following: int) -> None:
        """Take the lines of a package; *following* is the number of the next one."""
        if text:
            self._waiting.append(text)
            self._size += len(text)
        if self._size >= PART_BYTES:
            self.write()
            self._begins = following

    def write(self) -> None:
        """Write what waits, if there is anything."""
        if not self._waiting:
            return
        name = keys.part_name(self._number, self._begins)
        self._objects.write(keys.plan(self._run, name), "".join(self._waiting))
        self.written.append(name)
        self._waiting, self._size = [], 0


def _looked(look: Look, package: Package, restrictions: Restrictions) -> _Looked:
    plan = look(package, restrictions)
    for _ in range(ATTEMPTS - 1):
        if plan.problem is None:
            break
        plan = look(package, restrictions)
    tally = Tally(packages=1, versions=plan.looked_at)
    if plan.problem is not None:
        tally.fail(package.repository.name, package.purl(), plan.problem)
        return _Looked("", tally)
    tally.kept.update(plan.kept)
    text: list[str] = []
    for line in plan.lines:
        tally.lines += 1
        tally.deletions += line.deletions
        number = len(line.versions) or 1  # a line about the package itself counts as one
        tally.rows[line.automation, line.rule, line.action, "planned"] += number
        text.append(json.dumps(to_json(line), separators=(",", ":")) + "\n")
    return _Looked("".join(text), tally)
