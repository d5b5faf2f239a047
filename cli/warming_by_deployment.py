"""Has the deployment warm caches, and follows its runs."""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from cli.origin_tables import counted_noun
from cli.output import fail

if TYPE_CHECKING:
    from cli.warming_subjects import Subjects
    from steward.coordinates import Repository
    from warm_caches.queue import WarmingQueue
    from warm_caches.runs import Run, Runs

_PAUSE_SECONDS: Final = 1.0
# Our choice: a plan of many pages may take the function's whole time before its run is to be seen.
_FIRST_SECONDS: Final = 60.0
_NAMES: Final = (
    "The function's log names each version that is not there, and why: the query is in "
    'docs/operations.md, "Reading the log", what to do in "What is not warm".'
)


def ask_for_caches(queue: "WarmingQueue", rules: Sequence[str]) -> str:
    """
    Have the caches *rules* of the deployed policy warmed, all of them if none is named.

    One message for each, or one for all. Return what the ids of the runs begin with.

    Raises:
        QueueError: Some were not accepted.
    """
    from warm_caches.messages import WarmCaches, new_request

    request = new_request(datetime.now(UTC), str(uuid4()))
    names: Iterable[str | None] = rules or [None]
    queue.send([WarmCaches(rule=name, request=request) for name in names])
    return request


def ask_for(
    subjects: "Subjects", place: "Repository", queue: "WarmingQueue", runs: "Runs", *, verify: bool
) -> str:
    """
    Have *subjects* warmed in *place*: one message for 50 packages of a format, or fewer.

    The run is in the table first, with all of its batches: so it is never finished too early.
    Return what its id begins with.

    Raises:
        click.ClickException: There is nothing to warm, or more than a run can hold.
        QueueError: Some were not accepted.
        RunsError: The table cannot be written.
    """
    from warm_caches import planning
    from warm_caches.messages import WarmPackages, new_request, run_id
    from warm_caches.runs import PLAN, Run, below
    from warm_caches.tally import Tally

    now = datetime.now(UTC)
    request = new_request(now, str(uuid4()))
    problems = list(subjects.problems)
    batches = list(planning.batches_of(subjects.wanted, with_hashes=verify, problems=problems))
    if not batches:
        fail("; ".join(problems) or "the lock files name nothing that can be warmed")
    if len(batches) > planning.MAX_BATCHES:
        fail(
            f"{len(batches):,} batches of 50 packages are more than one run can do, which is "
            f"{planning.MAX_BATCHES:,}: name the lock files in several commands."
        )
    run = runs.start(Run(run_id(request, None), None, place.name, now))
    names = [below(PLAN, str(number)) for number in range(len(batches))]
    packages = sum(map(len, batches))
    runs.finish(run.id, PLAN, Tally(), below=names, packages=packages, problems=problems)
    queue.send(
        [
            WarmPackages(run.id, name, None, place.name, batch, verify=verify)
            for name, batch in zip(names, batches, strict=True)
        ]
    )
    return request


def follow(
    find: Callable[[], Sequence["Run"]],
    *,
    expected: int | None,
    seconds: float,
    console: Console,
) -> list["Run"]:
    """
    Show the runs that *find* finds until they are done, or nothing has changed for *seconds*.

    Args:
        expected: How many there will be; None: those that are there a moment after the first one.
    """
    before: Sequence[Run] = ()
    changed = begun = time.monotonic()
    with Live(console=console, transient=True, auto_refresh=False) as live:
        while True:
            found = find()
            now = time.monotonic()
            if found != before:
                changed, before = now, found
                live.update(table_of(found), refresh=True)
                if not console.is_terminal or console.is_dumb_terminal:
                    console.print(*(_line(one) for one in found), sep="\n", soft_wrap=True)
            complete = len(found) >= (expected or 1) and all(one.finished for one in found)
            settled = expected is not None or now - changed >= 2 * _PAUSE_SECONDS
            if complete and settled:
                return list(found)
            patience = seconds if found else max(seconds, _FIRST_SECONDS)
            if now - max(changed, begun) >= patience:
                return list(found)
            time.sleep(_PAUSE_SECONDS)


def table_of(runs: Sequence["Run"]) -> Table:
    """
    Return *runs* as a table for people, for a terminal of 100 columns.

    What is 0 in all of them has no column; what is not there is one number (:func:`missing_in`).
    """
    table = Table()
    table.add_column("run (UTC)", no_wrap=True)
    table.add_column("repository", overflow="fold")
    for name in ("packages", "warm", "fetched"):
        table.add_column(name, justify="right")
    planned = any(one.tally.would_fetch for one in runs)
    missing = any(map(missing_in, runs))
    if planned:
        table.add_column("to fetch", justify="right")
    if missing:
        table.add_column("missing", justify="right")
    table.add_column("state", no_wrap=True)
    for one in runs:
        tally = one.tally
        cells = [f"{one.packages:,}", f"[dim]{tally.warm:,}[/]", f"[green]{tally.fetched:,}[/]"]
        if planned:
            cells.append(f"[cyan]{tally.would_fetch:,}[/]")
        if missing:
            number = sum(missing_in(one).values())
            cells.append(f"[bold yellow]{number:,}[/]" if number else "0")
        table.add_row(escape(_name(one)), escape(one.repository), *cells, state_of(one))
    return table


def missing_in(run: "Run") -> dict[str, int]:
    """Return how many versions are not there after *run*, by why; nothing if all of them are."""
    tally = run.tally
    numbers = {
        "not found": tally.not_found,
        "blocked": tally.blocked,
        "mismatched": tally.mismatched,
        "failed": tally.failed,
    }
    return {why: number for why, number in numbers.items() if number}


def state_of(run: "Run") -> str:
    """Return how far *run* is, in words."""
    if run.finished is not None:
        return f"done in {(run.finished - run.started).total_seconds():,.0f} s"
    if run.planned is None:
        return "going on"
    return f"{run.done:,}/{run.planned:,} batch{'' if run.planned == 1 else 'es'}"


def document(runs: Sequence["Run"], *, ok: bool) -> dict[str, object]:
    """Return *runs* for programs."""
    return {
        "ok": ok,
        "runs": [
            {
                "id": one.id,
                "rule": one.rule,
                "repository": one.repository,
                "started": one.started.isoformat(),
                "finished": None if one.finished is None else one.finished.isoformat(),
                "packages": one.packages,
                "batches": one.planned,
                "batchesDone": one.done,
                "summary": {
                    "warm": one.tally.warm,
                    "fetched": one.tally.fetched,
                    "wouldFetch": one.tally.would_fetch,
                    "notFound": one.tally.not_found,
                    "blocked": one.tally.blocked,
                    "mismatched": one.tally.mismatched,
                    "failed": one.tally.failed,
                    "apiCalls": one.tally.lists,
                    "endpointRequests": one.tally.requests,
                    "bytes": one.tally.size,
                    "seconds": round(one.tally.seconds, 3),
                },
                "problems": list(one.problems),
            }
            for one in runs
        ],
    }


def is_well(run: "Run") -> bool:
    """
    Return whether *run* is done, and the repository holds all that it was about.

    What a lock file names and no package repository has is not among that.
    """
    from warm_caches.planning import PASSED_OVER

    problems = [one for one in run.problems if PASSED_OVER not in one]
    return run.finished is not None and not missing_in(run) and not problems


def print_problems(runs: Sequence["Run"], console: Console) -> None:
    """Print what could not be done in *runs*: of single versions how many, and who names them."""
    from warm_caches.planning import PASSED_OVER

    for one in runs:
        for problem in one.problems:
            mark = "passed over" if PASSED_OVER in problem else "[bold red]of no use[/]"
            console.print(f"{mark} {escape(problem)}", soft_wrap=True)
    for one in filter(missing_in, runs):
        told = ", ".join(f"{number:,} {why}" for why, number in missing_in(one).items())
        console.print(f"{escape(_name(one))} UTC: {told}", soft_wrap=True)
    if any(map(missing_in, runs)):
        console.print(_NAMES, soft_wrap=True, markup=False)


def _name(run: "Run") -> str:
    today = run.started.date() == datetime.now(UTC).date()
    time_of_day = "%H:%M:%S" if today else "%m-%d %H:%M"
    return f"{run.rule or 'lock files'} {run.started.strftime(time_of_day)}"


def _line(run: "Run") -> str:
    done = run.tally.warm + run.tally.fetched
    there = f"{counted_noun(done, 'version')} {'is' if done == 1 else 'are'} there"
    return f"{run.rule or 'lock files'} in {run.repository}: {there}, {state_of(run)}"
