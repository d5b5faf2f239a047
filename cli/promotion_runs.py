"""What `steward promote` has found and done: for people and for programs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from cli import promotion_documents, promotion_tables
from cli.promotion_tables import About, Key

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
        wanted: The package URLs of what was asked for by name.
        problems: What could not be judged, and why.
        sent: How many packages the deployment was asked to judge, if nobody waits for it.
        under_way: Some were approved, and not copied in time.
        observing: The deployment copies nothing.
        settled: Those of the records that were not judged again, as `promotion_tables.key` has it.
        rules: The names of the policy's promotions, in its order.
    """

    plan: bool
    packages: int
    records: Sequence["Record"]
    wanted: frozenset[str] = frozenset()
    problems: Sequence[str] = field(default=())
    sent: int = 0
    under_way: bool = False
    observing: bool = False
    settled: frozenset[Key] = frozenset()
    rules: Sequence[str] = ()

    @property
    def complete(self) -> bool:
        """Whether all was judged, and each version that was asked for by name is promoted."""
        if self.problems or self.under_way:
            return False
        return self.plan or all(
            one.state == "copied" for one in self.records if one.purl in self.wanted
        )


def show(run: Run, console: Console) -> None:
    """Print what was found: gate by gate if these are few versions."""
    if run.sent:
        noun = "package" if run.sent == 1 else "packages"
        console.print(
            f"{run.sent:,} {noun} will be judged: `steward promotions` shows what becomes of it."
        )
        return
    if run.records:
        few = len(run.records) <= _FEW
        about = About(settled=run.settled, rules=run.rules)
        promotion_tables.print_records(run.records, console, gates=few, about=about)
    elif not run.problems:
        console.print("nothing to promote: every published version is where it is promoted to.")
    states = promotion_tables.counted(run.records)
    noun = "package" if run.packages == 1 else "packages"
    if states:
        console.print(f"{run.packages:,} {noun} judged: {states}.")
    for problem in run.problems:
        console.print(f"[bold red]failed[/] {escape(problem)}", soft_wrap=True)
    if run.under_way:
        console.print("What is approved is still being copied: `steward promotions` shows it.")
    if run.observing and any(one.state == "approved" for one in run.records):
        console.print(promotion_tables.OBSERVING)
    if promotion_tables.asks_a_person(run.records):
        console.print(promotion_tables.HOW_TO_APPROVE)
    if run.plan:
        console.print("Nothing has been written, told or copied.")


_FEW = 3  # versions whose gates fit a screen, with eight gates each


def document(run: Run) -> dict[str, object]:
    """Return what was found for programs."""
    return {
        "ok": run.complete,
        "plan": run.plan,
        "observing": run.observing,
        "packages": run.packages,
        "sent": run.sent,
        "underWay": run.under_way,
        "problems": list(run.problems),
        "promotions": [
            {
                **promotion_documents.document(record),
                "settled": promotion_tables.key(record) in run.settled,
            }
            for record in run.records
        ],
    }
