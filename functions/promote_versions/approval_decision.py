"""What an approval or a rejection means for the record of a version. Values only, no effects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from promote_versions.messages import ApprovalMessage
from promote_versions.records import Approval, Record


@dataclass(frozen=True, slots=True)
class Ignored:
    """
    The message changes nothing.

    Attributes:
        reason: Why, for people.
        look: It had been taken in before; the look that follows may not have been sent then.
    """

    reason: str
    look: bool = False


def answered(
    record: Record | None, asked: ApprovalMessage, *, who: str, at: datetime, now: datetime
) -> Record | Ignored:
    """
    Return *record* with what was *asked* by *who*, to be written, or why it changes nothing.

    - The last word about a revision counts, by the time it was sent (*at*), whatever the order in
      which messages arrive; of two of one moment the rejection. What is about another revision
      than the one that was judged last counts for nothing, but for a rejection in the record: it
      keeps out later revisions too, until somebody approves one of them.
    - An approval that names no revision is about what could be seen when it was sent: if the
      version was judged after that, it may be another one.
    - What is held, or approved and perhaps not copied yet, becomes ``held`` and due: the copier
      leaves it alone, and the judge decides with what was said.
    - What a person refused can be approved by a person; what a gate refused cannot.
    - What was copied cannot be approved any more, but rejected: it stays ``copied``, and the judge
      recalls it. What was recalled stays so until the judge decides otherwise.
    - What was said before stays in the record as ``earlier``, for people.

    The record is due at *now* or at *at*, whichever is earlier: the clocks of SQS, of this function
    and of the judge may differ by a little, and the judge is to find it due.

    Args:
        record: As it was read a moment ago; ``None``: there is none.
    """
    if record is None:
        return Ignored("the rule has never held this version")
    if asked.revision not in (None, record.revision):
        return Ignored(
            f"it is about revision {asked.revision}, and the rule has judged {record.revision}"
        )
    new = Approval(asked.decision, who, asked.reason, at, record.revision)
    if new.decision == "approve" and asked.revision is None and _older(at, record.decided_at):
        return Ignored(
            f"it names no revision, and the version was judged again after it was sent: approve "
            f"revision {record.revision}"
        )
    last = record.approval
    if last is not None and last.decision == "approve" and last.revision != record.revision:
        last = None
    return _why_ignored(record, new, last) or _with(record, new, last, now)


def _older(sent: datetime, judged: datetime) -> bool:
    """Return whether *sent*, in milliseconds as SQS counts, is before *judged*."""
    return sent < judged.replace(microsecond=judged.microsecond // 1000 * 1000)


def _why_ignored(record: Record, new: Approval, last: Approval | None) -> Ignored | None:
    """Return why *new* changes nothing, if so; *last* is the last word that counts for it."""
    if new == last:
        return Ignored("it has been taken in before", look=True)
    if last is not None and _rank(new) < _rank(last):
        return Ignored(f"{last.who} has decided later: {last.decision}")
    if new.decision == "reject" or (last is not None and last.decision == "reject"):
        return None
    if record.state == "refused":
        return Ignored(f"a gate refuses the version, which no person can change: {record.reason}")
    if last is None and record.state in ("approved", "copied"):
        done = "approved" if record.state == "approved" else "promoted"
        return Ignored(f"the version has been {done} already")
    return None


def _with(record: Record, new: Approval, last: Approval | None, now: datetime) -> Record:
    """Return *record* with *new*, and what changes by it."""
    record = replace(record, earlier=record.superseded(new))
    repeated = last is not None and last.decision == new.decision
    lasting = record.state in ("copied", "recalled")
    refused = record.state == "refused" and new.decision == "reject"
    if repeated or lasting or refused:
        return replace(record, approval=new)
    word = "approved" if new.decision == "approve" else "rejected"
    return replace(
        record,
        state="held",
        approval=new,
        due=min(new.at, now),
        reason=f"{word} by {new.who}, to be judged",
    )


def _rank(approval: Approval) -> tuple[datetime, bool, str, str]:
    """Return what makes *approval* the last word: any two messages are in some order."""
    return approval.at, approval.decision == "reject", approval.who, approval.reason
