"""What is remembered about one version and one promotion rule, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from promote_versions.verdicts import Verdict
from steward.coordinates import Package
from steward.errors import AwsError, StewardError

State = Literal["held", "approved", "refused", "copied", "recalled"]
ApprovalDecision = Literal["approve", "reject"]
AnswerState = Literal["done", "another policy", "no rule", "failed"]

STATES: Final[tuple[State, ...]] = get_args(State)
APPROVAL_DECISIONS: Final[tuple[ApprovalDecision, ...]] = get_args(ApprovalDecision)
ANSWER_STATES: Final[tuple[AnswerState, ...]] = get_args(AnswerState)

MAX_EARLIER: Final = 10  # our choice: what people read; the log has what they have decided


@dataclass(frozen=True, slots=True)
class Approval:
    """
    What a person, or a tool of theirs, decided about one revision of a version.

    Attributes:
        who: The sender as SQS names it, who cannot choose it (``SenderId``).
        reason: In their words.
        at: When it was sent (UTC), as SQS says.
        revision: The revision of the version in the source repository that it is about.
    """

    decision: ApprovalDecision
    who: str
    reason: str
    at: datetime
    revision: str


@dataclass(frozen=True, slots=True)
class Record:
    """
    What was decided about one version by one rule, and what became of it.

    Attributes:
        package: In the repository that the rule copies from.
        to: The repository that the rule copies to.
        revision: The revision in the source repository that was judged.
        requirements: The digest of the rule by which it was judged.
        decided_at: When it was judged (UTC).
        due: When a held or approved one is to be looked at by itself; ``None``: only an event or a
            person can change it.
        reason: Of the state, for people.
        approval: The last one, which may be about an earlier revision.
        earlier: What people said before that, oldest first, the last ten; nothing is decided by it.
        asked: A person has been asked to approve this revision.
        copied_at: When some revision of it was last found in the destination after a copy.
        copied_revision: The revision that the destination gave that copy.
        findings: What was found wrong with a version after it had been promoted.
        recalled_at: When it was last taken out of use in the destination for that; ``None``: never,
            or it has been promoted again since.
        approved_since: Of an approved one: the first of the judgements without a break by which
            this form of the rule has approved this revision.
        serial: How often the record has been written; 0: never.
    """

    package: Package
    version: str
    rule: str
    to: str
    revision: str
    state: State
    verdicts: tuple[Verdict, ...]
    requirements: str
    decided_at: datetime
    due: datetime | None = None
    reason: str = ""
    approval: Approval | None = None
    earlier: tuple[Approval, ...] = ()
    asked: bool = False
    copied_at: datetime | None = None
    copied_revision: str | None = None
    findings: tuple[str, ...] = ()
    recalled_at: datetime | None = None
    approved_since: datetime | None = None
    serial: int = 0

    @property
    def purl(self) -> str:
        """The package URL of the version."""
        return self.package.purl(self.version)

    @property
    def is_to_come_back(self) -> bool:
        """Whether a person has approved this revision after it was recalled."""
        approval = self.approval
        return (
            self.recalled_at is not None
            and approval is not None
            and approval.decision == "approve"
            and approval.revision == self.revision
            and approval.at > self.recalled_at
        )

    def approval_for(self, to: str) -> Approval | None:
        """
        Return what a person has said, as far as it counts for a copy to the repository *to*.

        Whoever approves has one destination before their eyes; whoever rejects means all of them.
        """
        if self.to != to and self.approval is not None and self.approval.decision == "approve":
            return None
        return self.approval

    def superseded(self, by: Approval | None) -> tuple[Approval, ...]:
        """Return what is ``earlier`` in this record once *by* is its ``approval``."""
        if self.approval is None or self.approval == by:
            return self.earlier
        return (*self.earlier, self.approval)[-MAX_EARLIER:]


@dataclass(frozen=True, slots=True)
class RequestAnswer:
    """
    What became of a look that somebody waits for.

    Attributes:
        policy_digest: Of the policy that was deployed when the look was taken.
        judged: How many versions were judged.
        problem: What a person has to know, if anything went wrong.
    """

    policy_digest: str
    state: AnswerState
    judged: int = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class RecordPage:
    """
    Some of the records in one state.

    Attributes:
        next: What to ask for to get the next ones; ``None``: there are none.
    """

    records: tuple[Record, ...]
    next: str | None


class RecordsError(AwsError):
    """The table of records could not be read or written, or holds what we did not write."""


class RecordConflictError(StewardError):
    """
    Somebody else has written records since they were read; nothing of theirs was overwritten.

    Attributes:
        records: Those that were to be written and were not.
        written: Those that were, when several were to be.
    """

    def __init__(self, records: tuple[Record, ...], written: tuple[Record, ...] = ()) -> None:
        names = ", ".join(f"{record.purl} ({record.rule})" for record in records[:10])
        super().__init__(f"{len(records)} records have been written by others meanwhile: {names}")
        self.records = records
        self.written = written
