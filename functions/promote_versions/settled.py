"""Which versions of a package have to be judged, and which have been: pure, from the records."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from promote_versions.records import Record
    from steward.coordinates import PackageVersion
    from steward.promotion_rules import PromotionRule

Standing = Literal["open", "settled", "ordered"]

# Our choice: how long the facts behind an approval may be used. A copy that has not come about
# until then (or never does: observe mode) takes another judgement.
JUDGEMENT_HOLDS: Final = timedelta(days=1)
# Our choice: what was approved together with dependencies is not judged again for each event of a
# burst, while its copy is on its way.
JUST_ORDERED: Final = timedelta(minutes=1)
# Our choice: an approved version is looked at again after this time, then after twice as much.
FIRST_REMINDER: Final = timedelta(minutes=15)
# Gates whose answer depends on what is outside of the version and the rule: a refusal may end.
_GATES_OF_OTHERS: Final = frozenset({"bypass", "dependencies"})


def standing(
    record: Record | None,
    version: PackageVersion,
    rule: PromotionRule,
    *,
    now: datetime,
    anew: bool = False,
    there: Container[str] | None = None,
) -> Standing:
    """
    Return what there is to do about *version*, given the *record* of what *rule* said about it.

    It is ``open``, to be judged, if

    - there is no record, or it is of another revision, or
    - somebody's approval or rejection of this revision has not been taken into account, or
    - it was recalled, and somebody has approved this revision after that, or
    - it was copied, and is not among what is *there*, or
    - it is not in the destination, and the rule is another one by now, or
    - it is held, and due or *anew*, or
    - it is refused, and *anew*, or for a reason outside of it: a way around the gates, a
      dependency, or
    - it is approved, and *anew*, or the judgement is older than :data:`JUDGEMENT_HOLDS`, or was
      made together with dependencies and longer than :data:`JUST_ORDERED` ago.

    An approved version is otherwise ``ordered``: its copy may be ordered again. All others are
    ``settled``: nothing is gathered. What was copied stays settled when the rule changes: what is
    in the destination is checked by :mod:`promote_versions.recheck`.

    Args:
        anew: Somebody has asked for a new judgement of what is held or refused.
        there: The versions that the destination holds, where somebody has asked for what it does
            not hold. Else nobody looks: what a person has deleted there stays away.
    """
    if record is None or record.revision != version.revision:
        return "open"
    if record.state == "copied":
        gone = there is not None and record.to == rule.to and version.version not in there
        return "open" if gone else "settled"
    if record.state == "recalled":
        return "open" if record.is_to_come_back else "settled"
    if record.requirements != rule.digest or _not_considered(record, rule):
        return "open"
    return _by_time(record, rule, now=now, anew=anew)


def _by_time(record: Record, rule: PromotionRule, *, now: datetime, anew: bool) -> Standing:
    if record.state == "approved":
        age = now - record.decided_at
        if anew or age >= JUDGEMENT_HOLDS:
            return "open"
        if not rule.include_dependencies:
            return "ordered"
        return "settled" if age < JUST_ORDERED else "open"
    if anew or (record.due is not None and record.due <= now):
        return "open"
    return "open" if record.state == "refused" and refused_by_others(record) else "settled"


def refused_by_others(record: Record) -> bool:
    """Return whether *record* is refused, and only for reasons that lie outside of the version."""
    refusing = {one.gate for one in record.verdicts if one.outcome == "refuse"}
    return bool(refusing) and refusing <= _GATES_OF_OTHERS


def next_reminder(decided_at: datetime, now: datetime) -> datetime:
    """
    Return when a version that was approved at *decided_at* and not copied is looked at again.

    After 15, 30, 60 ... minutes, at least once when the judgement expires: a copy that fails, or
    that observe mode only logs, costs ever less.
    """
    passed = max(now - decided_at, FIRST_REMINDER)
    expiry = decided_at + JUDGEMENT_HOLDS
    return min(now + passed, expiry) if expiry > now else now + FIRST_REMINDER


def _not_considered(record: Record, rule: PromotionRule) -> bool:
    """
    Return whether *record* was judged without the approval or rejection that is in it.

    By what the gate has answered, not by time: a message may be older than the judgement and still
    have been read after it.
    """
    approval = record.approval
    if approval is None:
        return False
    if approval.decision == "reject":
        return record.state in ("held", "approved")
    if rule.require.approval == "automatic" or approval.revision != record.revision:
        return False
    answers = [one.outcome for one in record.verdicts if one.gate == "approval"]
    return record.state in ("held", "refused") and bool(answers) and "pass" not in answers
