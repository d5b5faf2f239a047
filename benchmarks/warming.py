"""
Measure what it takes to warm a cold repository, beside the clients that would otherwise do it.

Lock files of 500 PyPI, 1,000 npm and 300 Maven packages, every request 20 ms away. Every
measurement has a local CodeArtifact of its own, in a process of its own, whose public repositories
are kept in its memory; the packages are of a few hundred bytes. So what differs is the number of
requests, what waits for what, and the processor time of both sides.

- ``steward warm`` with its default budget (400 requests and 100 lists a second), with half of it
  and with all that an account has (800, 200); and with the default once more when all is there.
- ``pip download -r``, ``npm ci`` and Maven's resolving of a project with these dependencies, one
  after the other, each with nothing cached; and ``steward warm`` with each one's lock file alone.
- ``steward warm --verify`` with one file of 1,024 MB.

    .venv/bin/python -m benchmarks.warming [--quick]

prints JSON: seconds, the ratio to the clients', the part of the budget that was used (what the
budget allows at best, divided by the seconds), requests, lists, processor time, memory.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Final

from benchmarks import public_world
from benchmarks.public_world import Sizes
from benchmarks.warming_bench import Bench, Cost, cold, serve
from benchmarks.warming_clients import maven_resolve, npm_ci, pip_download

WHOLE: Final = Sizes(pypi=500, npm=1000, maven=300)
QUICK: Final = Sizes(pypi=50, npm=100, maven=30)
DEFAULT_BUDGET: Final = 400
HALF_BUDGET: Final = 200
ACCOUNT_BUDGET: Final = 800  # "Quotas in AWS CodeArtifact", User Guide: of them 200 lists
REQUESTS_PER_LIST: Final = 4


def lock_files(bench: Bench, sizes: Sizes) -> list[Path]:
    """Write the lock files that name everything."""
    texts = {
        "requirements.txt": public_world.requirements(sizes.pypi) if sizes.pypi else "",
        "package-lock.json": public_world.package_lock(sizes.npm, bench.url("npm"))
        if sizes.npm
        else "",
        "dependencies.txt": public_world.dependency_list(sizes.maven) if sizes.maven else "",
    }
    found = []
    for name, text in texts.items():
        if text:
            (bench.folder / name).write_text(text)
            found.append(bench.folder / name)
    return found


def figures(cost: Cost, budget: int) -> dict[str, object]:
    """Return the figures of a run, with the part of its budget that it has used."""
    least = max(cost.requests / budget, cost.lists / (budget / REQUESTS_PER_LIST))
    engine = json.loads(cost.said)["summary"]["seconds"]
    return {
        **cost.figures(),
        "seconds_without_start": engine,
        "seconds_that_the_budget_allows": round(least, 2),
        "part_of_the_budget": round(least / cost.seconds, 2),
        "part_of_the_budget_without_start": round(least / engine, 2),
    }


def warmed(sizes: Sizes, budget: int, *, times: int = 1) -> list[Cost]:
    """Warm a repository that is cold at first, so many *times*; return what each one costs."""
    with cold(sizes) as bench:
        files = lock_files(bench, sizes)
        return [bench.warmed(*files, "--requests-per-second", str(budget)) for _ in range(times)]


def clients(sizes: Sizes) -> dict[str, Cost | None]:
    """Return what the clients cost on a cold repository, one after the other."""
    with cold(sizes) as bench:
        return {
            "pip_download": pip_download(bench, sizes.pypi),
            "npm_ci": npm_ci(bench, sizes.npm),
            "maven_resolve": maven_resolve(bench, sizes.maven),
        }


def large(megabytes: int) -> dict[str, object]:
    """Return what one large file costs, downloaded and compared with its hash."""
    with cold(Sizes(0, 0, 0, megabytes)) as bench:
        file = bench.folder / "requirements.txt"
        file.write_text(public_world.large_requirements(megabytes))
        cost = bench.warmed(file, "--verify")
    return {"megabytes": megabytes, **cost.figures()}


def main() -> None:
    """Run the benchmark, or its server."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the packages, 64 MB instead of 1,024"
    )
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(json.loads(arguments.serve))
        return
    sizes = QUICK if arguments.quick else WHOLE
    first, again = warmed(sizes, DEFAULT_BUDGET, times=2)
    by_client = clients(sizes)
    (part,) = warmed(sizes, HALF_BUDGET)
    (whole,) = warmed(sizes, ACCOUNT_BUDGET)
    alone = {
        "pip_download": warmed(Sizes(sizes.pypi, 0, 0), DEFAULT_BUDGET)[0],
        "npm_ci": warmed(Sizes(0, sizes.npm, 0), DEFAULT_BUDGET)[0],
        "maven_resolve": warmed(Sizes(0, 0, sizes.maven), DEFAULT_BUDGET)[0],
    }
    together = sum(cost.seconds for cost in by_client.values() if cost is not None)
    print(
        json.dumps(
            {
                "clients": {
                    name: None if cost is None else cost.figures()
                    for name, cost in by_client.items()
                },
                "clients_seconds": round(together, 2),
                "default_budget": {
                    **figures(first, DEFAULT_BUDGET),
                    "times_faster": round(together / first.seconds, 1),
                },
                "half_of_the_default_budget": {
                    **figures(part, HALF_BUDGET),
                    "times_faster": round(together / part.seconds, 1),
                },
                "budget_of_the_account": {
                    **figures(whole, ACCOUNT_BUDGET),
                    "times_faster": round(together / whole.seconds, 1),
                },
                "warm_already": figures(again, DEFAULT_BUDGET),
                "each_alone": {
                    name: {
                        **figures(alone[name], DEFAULT_BUDGET),
                        "times_faster": round(cost.seconds / alone[name].seconds, 1),
                    }
                    for name, cost in by_client.items()
                    if cost is not None
                },
                "one_large_file": large(64 if arguments.quick else 1024),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
