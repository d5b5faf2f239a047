"""From judgements to the records that keep them and the orders that carry them out: pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from promote_versions.messages import CopyOrder
from promote_versions.records import Record
from promote_versions.settled import FIRST_REMINDER

if TYPE_CHECKING:
    from promote_versions.closure import Judged, Key
    from steward.coordinates import Package

MAX_VERSIONS_PER_ORDER: Final = 100  # CopyPackageVersions, API Reference


@dataclass(frozen=True, slots=True)
class Approved:
    """
    A version whose copy is to be ordered, by its record.

    Attributes:
        after: See :class:`promote_versions.closure.Judged`.
        layer: The same.
    """

    record: Record
    after: tuple[Key, ...] = ()
    layer: int = 0


def record_of(judged: Judged, now: datetime, *, asked: bool) -> Record:
    """
    Return the record of a judgement; what is known of an earlier copy stays in it.

    Args:
        asked: A person has been asked to approve this revision.
    """
    before, judgement = judged.record, judged.judgement
    revision = judged.version.revision or ""
    approval = None if before is None else before.approval_for(judged.rule.to)
    due = now + FIRST_REMINDER if judgement.state == "approved" else judgement.due
    return Record(
        package=judged.package,
        version=judged.version.version,
        rule=judged.rule.name,
        to=judged.rule.to,
        revision=revision,
        state=judgement.state,
        verdicts=judgement.verdicts,
        requirements=judged.rule.digest,
        decided_at=now,
        due=due,
        reason=judgement.reason,
        approval=approval,
        earlier=() if before is None else before.superseded(approval),
        asked=asked or was_asked(judged),
        copied_at=None if before is None else before.copied_at,
        copied_revision=None if before is None else before.copied_revision,
        findings=() if before is None else before.findings,
        approved_since=_approved_since(judged, now),
        recalled_at=None if before is None else before.recalled_at,
        serial=0 if before is None else before.serial,
    )


def _approved_since(judged: Judged, now: datetime) -> datetime | None:
    before = judged.record
    if judged.judgement.state != "approved":
        return None
    if (
        before is not None
        and before.approved_since is not None
        and (before.state, before.revision) == ("approved", judged.version.revision)
        and (before.requirements, before.to) == (judged.rule.digest, judged.rule.to)
    ):
        return before.approved_since
    return now


def was_asked(judged: Judged) -> bool:
    """Return whether a person has been asked before to let this revision through to there."""
    before = judged.record
    return (
        before is not None
        and before.asked
        and (before.revision, before.to) == (judged.version.revision, judged.rule.to)
    )


def differs(record: Record, before: Record | None) -> bool:
    """Return whether *record* says anything but when it was decided that *before* does not."""
    return before is None or replace(record, decided_at=before.decided_at) != before


def is_news(record: Record, before: Record | None) -> bool:
    """Return whether *record* has another state than *before*, or is about another revision."""
    return before is None or (record.state, record.revision) != (before.state, before.revision)


def orders(approved: Iterable[Approved]) -> Iterator[CopyOrder]:
    """
    Yield the orders of all that is *approved*, in the order in which they have to be sent.

    One for 100 versions of a package, rule and moment of decision; versions that have to follow
    others of the same look are in orders of their own behind those.
    """
    groups: dict[tuple[int, Package, str, str, datetime], dict[str, Approved]] = {}
    for one in sorted(approved, key=lambda each: each.layer):
        record = one.record
        key = (one.layer, record.package, record.rule, record.to, record.decided_at)
        groups.setdefault(key, {})[record.version] = one
    for (_, package, rule, to, decided_at), found in groups.items():
        names = sorted(found)  # the same order is the same message
        for start in range(0, len(names), MAX_VERSIONS_PER_ORDER):
            some = [found[name] for name in names[start : start + MAX_VERSIONS_PER_ORDER]]
            after = dict.fromkeys(key for one in some for key in one.after)
            yield CopyOrder(
                package=package,
                rule=rule,
                to=to,
                revisions={one.record.version: one.record.revision for one in some},
                after=tuple(after),
                decided_at=decided_at,
            )
