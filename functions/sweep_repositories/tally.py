"""What a piece of a sweep came to: sums that add up to those of the whole."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, cast

from sweep_repositories.members import Document, mapping_of_counts, member
from sweep_repositories.summary import MAX_FAILED, MAX_REFUSALS, FailedPackage, RefusedVersion, Row

What = Literal["planned", "changed", "already", "refused", "kept"]
WHAT: Final[tuple[What, ...]] = ("planned", "changed", "already", "refused", "kept")
MAX_REASON: Final = 300  # characters; our choice: what people read of a failure


@dataclass(slots=True)
class Tally:
    """
    What a piece of a sweep came to.

    Attributes:
        next: The package at which this piece ended and the next one begins; ``None``: at the end.
        lines: How many plan lines there are.
        parts: The parts that hold them.
        rows: How many versions became what, by automation, rule, action and what.
        kept: How many versions which rule keeps.
        failed: The first packages that failed, of *failed_packages*.
        refusals: The first versions that were refused.
        passed_over: How many packages nobody looked at, or lines nobody applied, because another
            policy or mode had been deployed meanwhile, or the plan was too old.
    """

    next: int | None = None
    packages: int = 0
    versions: int = 0
    lines: int = 0
    deletions: int = 0
    parts: list[str] = field(default_factory=list)
    rows: Counter[tuple[str, str, str, What]] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    failed: list[FailedPackage] = field(default_factory=list)
    failed_packages: int = 0
    refusals: list[RefusedVersion] = field(default_factory=list)
    passed_over: int = 0
    calls: Counter[str] = field(default_factory=Counter)

    def fail(self, repository: str, package: str, reason: str) -> None:
        """Count *package* as failed; name it, if there is room."""
        self.failed_packages += 1
        if len(self.failed) < MAX_FAILED:
            self.failed.append(FailedPackage(repository, package, reason[:MAX_REASON]))

    def refuse(self, refusal: RefusedVersion) -> None:
        """Name *refusal*, if there is room; the rows count it."""
        if len(self.refusals) < MAX_REFUSALS:
            self.refusals.append(refusal)

    def add(self, other: Tally) -> None:
        """Count what *other* counted, too; ``next`` stays."""
        self.packages += other.packages
        self.versions += other.versions
        self.lines += other.lines
        self.deletions += other.deletions
        self.parts += other.parts
        self.rows += other.rows
        self.kept += other.kept
        self.failed += other.failed[: MAX_FAILED - len(self.failed)]
        self.failed_packages += other.failed_packages
        self.refusals += other.refusals[: MAX_REFUSALS - len(self.refusals)]
        self.passed_over += other.passed_over
        self.calls += other.calls

    def summed(self) -> tuple[Row, ...]:
        """Return the rows, in order."""
        named = sorted({key[:3] for key in self.rows})
        return tuple(Row(*name, *(self.rows[(*name, what)] for what in WHAT)) for name in named)

    def to_json(self) -> str:
        """Return the document that is kept."""
        return json.dumps(
            {
                "next": self.next,
                "packages": self.packages,
                "versions": self.versions,
                "lines": self.lines,
                "deletions": self.deletions,
                "parts": self.parts,
                "rows": [[*key, number] for key, number in sorted(self.rows.items())],
                "kept": self.kept,
                "failed": [[one.repository, one.package, one.reason] for one in self.failed],
                "failedPackages": self.failed_packages,
                "refusals": [one.to_document() for one in self.refusals],
                "passedOver": self.passed_over,
                "calls": self.calls,
            }
        )


def tally_in(text: str) -> Tally:
    """
    Return what the document *text* holds.

    Raises:
        ValueError: It is no tally; the message names the member that is wrong.
    """
    said = cast("Document", json.loads(text))
    rows = cast("list[tuple[str, str, str, What, int]]", member(said, "rows", list))
    failed = cast("Sequence[tuple[str, str, str]]", member(said, "failed", list))
    refusals = cast("Sequence[Document]", member(said, "refusals", list))
    return Tally(
        next=None if said.get("next") is None else member(said, "next", int),
        packages=member(said, "packages", int),
        versions=member(said, "versions", int),
        lines=member(said, "lines", int),
        deletions=member(said, "deletions", int),
        parts=cast("list[str]", member(said, "parts", list)),
        rows=Counter({(row[0], row[1], row[2], row[3]): row[4] for row in rows}),
        kept=Counter(mapping_of_counts(said, "kept")),
        failed=[FailedPackage(*one) for one in failed],
        failed_packages=member(said, "failedPackages", int),
        refusals=[RefusedVersion.of(one) for one in refusals],
        passed_over=member(said, "passedOver", int),
        calls=Counter(mapping_of_counts(said, "calls")),
    )
