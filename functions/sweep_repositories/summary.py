"""What a sweep came to, as a value and as the document that is kept of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, cast

from steward.sweep_notices import OUTCOMES, Outcome
from sweep_repositories.members import Document, mapping_of_counts, member, text_or_none

MAX_FAILED: Final = 100  # packages that are named; our choice: what people read
MAX_REFUSALS: Final = 100  # likewise; the log has all of them
Mode = Literal["observe", "enforce"]


@dataclass(frozen=True, slots=True)
class Row:
    """
    What one rule wanted of versions (or packages, for ``restrict``), and what became of it.

    Attributes:
        planned: How many versions (1 for a line without versions) the plan holds.
        changed: ... were changed by this sweep.
        already: ... were so already when the line was applied, most by an earlier attempt.
        refused: ... CodeArtifact refused, or their package had changed since.
        kept: ... somebody exempted after the plan was made.
    """

    automation: str
    rule: str
    action: str
    planned: int = 0
    changed: int = 0
    already: int = 0
    refused: int = 0
    kept: int = 0


@dataclass(frozen=True, slots=True)
class FailedPackage:
    """A package that could not be looked at, or whose lines could not be applied, and why."""

    repository: str
    package: str
    reason: str


@dataclass(frozen=True, slots=True)
class RefusedVersion:
    """
    What was not done because CodeArtifact refused it, or its package had changed since.

    Attributes:
        version: ``None``: it is about the package, not about a version of it.
    """

    repository: str
    package: str
    version: str | None
    rule: str
    action: str
    reason: str

    def to_document(self) -> Document:
        """Return the object that is kept."""
        return {
            "repository": self.repository,
            "package": self.package,
            "version": self.version,
            "rule": self.rule,
            "action": self.action,
            "reason": self.reason,
        }

    @classmethod
    def of(cls, said: Document) -> RefusedVersion:
        """
        Return what the object *said* holds.

        Raises:
            ValueError: It is something else; the message names the member that is wrong.
        """
        return cls(
            member(said, "repository", str),
            member(said, "package", str),
            text_or_none(said, "version"),
            member(said, "rule", str),
            member(said, "action", str),
            member(said, "reason", str),
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """
    What a sweep came to.

    Attributes:
        run: The name of the execution.
        repositories: How many repositories were listed.
        packages: How many packages they hold.
        looked_at: How many of these had to be looked at, for a rule applies to them.
        versions: How many versions these hold.
        rows: What was planned and done, by automation, rule and action.
        kept: How many versions which rule keeps.
        failed: The first packages that failed; *failed_packages* is how many there are.
        refusals: The first versions that were refused; the rows tell how many there are.
        problems: What else somebody should know, as sentences.
        deletions: How many versions the plan disposes of or deletes; *deletions_limit*: how many it
            might have.
        calls: Calls to CodeArtifact, by operation, retries included.
        cost_per_month: In US dollars, if a sweep like this one runs every day
            (:mod:`sweep_repositories.cost`, which says how little is known of prices).
    """

    run: str
    outcome: Outcome
    mode: Mode
    policy_digest: str
    started: datetime
    finished: datetime
    requested_by: str | None = None
    repositories: int = 0
    packages: int = 0
    looked_at: int = 0
    versions: int = 0
    rows: tuple[Row, ...] = ()
    kept: Mapping[str, int] = field(default_factory=dict)
    failed: tuple[FailedPackage, ...] = ()
    failed_packages: int = 0
    refusals: tuple[RefusedVersion, ...] = ()
    problems: tuple[str, ...] = ()
    deletions: int = 0
    deletions_limit: int = 0
    calls: Mapping[str, int] = field(default_factory=dict)
    cost_per_month: float = 0.0

    def total(self, what: Literal["planned", "changed", "already", "refused", "kept"]) -> int:
        """Return the sum of *what* over all rows."""
        return sum(getattr(row, what) for row in self.rows)

    def failed_of(self, row: Row) -> int:
        """
        Return how much of what *row* planned was neither done nor refused nor kept.

        Its package has failed while the plan was applied. What failed before that is in no row:
        nobody knows which rule would have wanted something.
        """
        if self.outcome != "finished":
            return 0
        return max(0, row.planned - row.changed - row.already - row.refused - row.kept)

    def to_json(self) -> str:
        """Return the document that is kept."""
        return json.dumps(
            {
                "run": self.run,
                "outcome": self.outcome,
                "mode": self.mode,
                "policyDigest": self.policy_digest,
                "startedAt": self.started.isoformat(),
                "finishedAt": self.finished.isoformat(),
                "requestedBy": self.requested_by,
                "repositories": self.repositories,
                "packages": self.packages,
                "lookedAt": self.looked_at,
                "versions": self.versions,
                "rows": [
                    {**_row_document(row), "failed": self.failed_of(row)} for row in self.rows
                ],
                "kept": dict(self.kept),
                "failed": [
                    {"repository": one.repository, "package": one.package, "reason": one.reason}
                    for one in self.failed
                ],
                "failedPackages": self.failed_packages,
                "refusals": [one.to_document() for one in self.refusals],
                "problems": list(self.problems),
                "deletions": self.deletions,
                "deletionsLimit": self.deletions_limit,
                "calls": dict(self.calls),
                "estimatedCostPerMonth": self.cost_per_month,
            },
            indent=1,
        )


def summary_in(text: str) -> Summary:
    """
    Return the summary that the document *text* holds.

    Raises:
        ValueError: It is none; the message names the member that is wrong.
    """
    document: object = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("a summary is an object")  # noqa: TRY004  as every other mistake in it
    said = cast("Document", document)
    outcome, mode = member(said, "outcome", str), member(said, "mode", str)
    if outcome not in OUTCOMES:
        raise ValueError(f"outcome is {outcome!r:.100}")
    if mode not in ("observe", "enforce"):
        raise ValueError(f"mode is {mode!r:.100}")
    return Summary(
        run=member(said, "run", str),
        outcome=outcome,
        mode=cast("Mode", mode),
        policy_digest=member(said, "policyDigest", str),
        started=datetime.fromisoformat(member(said, "startedAt", str)),
        finished=datetime.fromisoformat(member(said, "finishedAt", str)),
        requested_by=text_or_none(said, "requestedBy"),
        repositories=member(said, "repositories", int),
        packages=member(said, "packages", int),
        looked_at=member(said, "lookedAt", int),
        versions=member(said, "versions", int),
        rows=tuple(_row(one) for one in _documents(said, "rows")),
        kept=mapping_of_counts(said, "kept"),
        failed=tuple(
            FailedPackage(
                member(one, "repository", str),
                member(one, "package", str),
                member(one, "reason", str),
            )
            for one in _documents(said, "failed")
        ),
        failed_packages=member(said, "failedPackages", int),
        refusals=tuple(RefusedVersion.of(one) for one in _documents(said, "refusals")),
        problems=tuple(str(one) for one in member(said, "problems", list)),
        deletions=member(said, "deletions", int),
        deletions_limit=member(said, "deletionsLimit", int),
        calls=mapping_of_counts(said, "calls"),
        cost_per_month=float(member(said, "estimatedCostPerMonth", (int, float))),
    )


def _row_document(row: Row) -> Document:
    return {
        "automation": row.automation,
        "rule": row.rule,
        "action": row.action,
        "planned": row.planned,
        "changed": row.changed,
        "already": row.already,
        "refused": row.refused,
        "kept": row.kept,
    }


def _row(said: Document) -> Row:
    return Row(
        member(said, "automation", str),
        member(said, "rule", str),
        member(said, "action", str),
        member(said, "planned", int),
        member(said, "changed", int),
        member(said, "already", int),
        member(said, "refused", int),
        member(said, "kept", int),
    )


def _documents(said: Document, name: str) -> Sequence[Document]:
    found = member(said, name, list)
    if not all(isinstance(one, dict) for one in found):
        raise ValueError(f"{name} holds something that is no object")
    return cast("Sequence[Document]", found)
