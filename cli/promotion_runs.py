"""What `steward promote` has found and done: for people and for programs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from cli import promotion_tables

if TYPE_CHECKING:
    from promote_versions.records import Record


@dataclass(frozen=True, slots=True)
class Run:
    """
    What became of the packages that were asked for.

    Attributes:
        plan: Nothing was written, told or copied.
        packages: How many were judged.
        records: What stands, or would stand, in the table about the versions that were asked for.
        wanted: The package URLs of versions that were asked for by name.
        problems: What could not be judged, and why.
        under_way: Some were approved, and not copied in time.
        observing: The deployment copies nothing.
    """

    plan: bool
    packages: int
    records: Sequence["Record"]
    wanted: frozenset[str] = frozenset()
    problems: Sequence[str] = field(default=())
    under_way: bool = False
    observing: bool = False

    @property
    def complete(self) -> bool:
        """Whether all was judged, and what was asked for by name is in its destination."""
        there = {one.purl for one in self.records if one.state == "copied"}
        return not self.problems and not self.under_way and (self.plan or self.wanted <= there)


def show(run: Run, console: Console) -> None:
    """Print what was found: all versions gate by gate if they are few."""
    if run.records:
        few = len(run.records) <= _FEW
        console.print(promotion_tables.of_records(run.records, gates=few))
    elif not run.problems:
        console.print("nothing to promote: there is no open version of what was asked for.")
    counted = Counter(record.state for record in run.records)
    states = ", ".join(f"{number} {state}" for state, number in counted.items())
    noun = "package" if run.packages == 1 else "packages"
    if states:
        console.print(f"{run.packages:,} {noun} judged: {states}.")
    for problem in run.problems:
        console.print(f"[bold red]failed[/] {escape(problem)}", soft_wrap=True)
    if run.under_way:
        console.print("What is approved is still being copied: `steward promotions` shows it.")
    if run.observing and counted["approved"]:
        console.print("The deployment only observes: what is approved is not copied.")
    if run.plan:
        console.print("Nothing has been written, told or copied.")


_FEW = 12  # versions whose gates still fit a screen


def document(run: Run) -> dict[str, object]:
    """Return what was found for programs."""
    return {
        "ok": run.complete,
        "plan": run.plan,
        "packages": run.packages,
        "underWay": run.under_way,
        "problems": list(run.problems),
        "promotions": [promotion_tables.document(record) for record in run.records],
    }
