"""The fourth step of a sweep: the sums of the plan, and whether it may be applied."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final, cast

from steward.observability import logger
from sweep_repositories import batches, keys, runs
from sweep_repositories.beginning import GO_ON
from sweep_repositories.collaborators import Planning
from sweep_repositories.members import Document, member
from sweep_repositories.objects import Objects
from sweep_repositories.runs import Run
from sweep_repositories.tally import Tally, tally_in

# Our choice: files that are read at a time; S3 takes thousands of requests a second of a prefix
# ("Best practices design patterns", S3 User Guide).
READERS: Final = 16
_NO_TALLY: Final = "its batch could not be looked at to the end; the execution says why"


def weigh(event: Document, to: Planning) -> Mapping[str, object]:
    """
    Sum up the plan, write down which parts are to be applied, and return how the sweep goes on.

    - ``nothing to do``: there are no lines.
    - ``planned``: there are, and this deployment only observes, or nobody wants them applied.
    - ``stopped``: they would dispose of or delete more versions than the limit allows.
    - ``go on``: they are to be applied.

    Packages of batches that were not looked at to the end are counted as failed: nothing is planned
    for them.
    """
    run = runs.read(member(event, "run", str), to.objects)
    manifest = to.objects.read(keys.manifest(run.name))
    numbers = range(1, len(cast("list[object]", json.loads(manifest or "[]"))) + 1)
    total = Tally()
    with ThreadPoolExecutor(READERS) as readers:
        for one in readers.map(lambda number: _of_batch(run, number, to.objects), numbers):
            total.add(one)
    items = [{"run": run.name, "part": part, "next": 0} for part in total.parts]
    outcome = _outcome(run, total)
    if outcome == GO_ON:
        to.objects.write(keys.parts(run.name), json.dumps(items))
    to.objects.write(keys.weighed(run.name), total.to_json())
    logger().info(
        "weighed",
        extra={
            "run": run.name,
            "outcome": outcome,
            "lines": total.lines,
            "deletions": total.deletions,
            "limit": run.deletions_limit,
        },
    )
    return {"run": run.name, "outcome": outcome}


def chain(objects: Objects, key_of: Callable[[int], str]) -> Iterator[Tally | None]:
    """Yield the tallies of a batch or part, the first one first; ``None`` where one is missing."""
    first: int | None = 0
    while first is not None:
        text = objects.read(key_of(first))
        if text is None:
            yield None
            return
        tally = tally_in(text)
        yield tally
        first = tally.next


def _of_batch(run: Run, number: int, objects: Objects) -> Tally:
    total, reached = Tally(), 0
    for one in chain(objects, lambda first: keys.tally(run.name, number, first)):
        if one is None:
            batch = batches.read(run, number, objects)
            left = batch.packages[reached:]
            for package, _ in left:
                total.fail(batch.repository.name, package.purl(), _NO_TALLY)
        else:
            total.add(one)
            reached = reached if one.next is None else one.next
    return total


def _outcome(run: Run, total: Tally) -> str:
    if not total.lines:
        return "nothing to do"
    if run.mode == "observe" or run.request.plan_only:
        return "planned"
    return "stopped" if total.deletions > run.deletions_limit else GO_ON
