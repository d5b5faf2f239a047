"""What became of the versions of a copy order: written into their records, then told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from promote_versions.messages import CopyOrder
from promote_versions.queues import PromotionsQueue
from promote_versions.records import Record, RecordConflictError, RecordsError
from promote_versions.records_table import Records
from steward.attention import Attention
from steward.observability import PackageLog, count, logger
from steward.promotion_notices import NotPromoted, PromotionNotices

if TYPE_CHECKING:
    from promote_versions.copying import Collaborators

MAX_CONFLICTS: Final = 3  # our choice: who meets that many comes back later
# Our choice: as long as nobody is likely to have forgotten the first message.
TOLD_FOR: Final = timedelta(days=30)
# Our choice: what was approved that long ago and is not copied does not get better by itself.
STUCK: Final = timedelta(minutes=30)
TOLD_AGAIN: Final = timedelta(days=1)
# Our choice: 100 versions of 255 characters are a tenth of a log event ("CloudWatch Logs quotas").
VERSIONS_PER_LINE: Final = 100


@dataclass(slots=True)
class CopyOutcomes:
    """
    What became of the versions of *order*.

    A record is written as soon as its outcome is known. If somebody else has written it meanwhile,
    it is read again, and what they decided stays:

    - A version that is in the destination now has that written into its record in any case. If it
      was decided against meanwhile, the package is checked again at once, as a promoted one.
    - Any other outcome is dropped: there is a newer decision.

    Attributes:
        promoted: Version to its revision in the destination, as far as it is known.
        refused: What is not going to be copied, and why.
    """

    order: CopyOrder
    records: Records
    queue: PromotionsQueue
    notices: PromotionNotices
    attention: Attention
    now: Callable[[], datetime]
    promoted: dict[str, str] = field(default_factory=dict)
    refused: list[NotPromoted] = field(default_factory=list)
    _looks: bool = False
    _recheck: bool = False

    def copied(self, record: Record, revision: str | None, finding: str | None = None) -> None:
        """
        Record that the destination holds the version of *record*, there at *revision*.

        What had been found wrong with it before it was ordered is forgotten.

        Args:
            finding: What could not be made sure of; a person is told.

        Raises:
            RecordConflictError: Others kept on writing the record.
            RecordsError: It could not be written.
        """
        log = PackageLog(record.package)
        ordered = record
        for _ in range(MAX_CONFLICTS):
            try:
                self.records.put(self._with_copy(record, ordered, revision, finding))
                break
            except RecordConflictError:
                record = self._again(record)
                if record.state in ("copied", "recalled"):
                    log.info("already recorded", version=record.version, rule=record.rule)
                    return
                # Somebody decided anew while it was copied: what is there is judged again.
                self._looks = True
                if record.state != "approved":
                    self._recheck = True
                    finding = f"While it was copied, it was {record.state}: {record.reason}"
        else:
            raise RecordConflictError((record,))
        self.promoted[record.version] = revision or ""
        if finding is not None:
            self._looks = True
            self._tell(ordered, "promoted, but look at it", finding)

    def refuse(self, record: Record, reason: str, *, tell: bool = False) -> None:
        """
        Record that the version of *record* is refused, because of *reason*, a sentence or more.

        Args:
            tell: A person has to know; they are told once for a revision.

        Raises:
            RecordConflictError: Others kept on writing the record.
            RecordsError: It could not be written, or whether they were told is not known.
        """
        if not self._put(record, replace(record, state="refused", due=None, reason=reason)):
            return
        PackageLog(record.package).warning(
            "refused", version=record.version, reason=reason, rule=record.rule, to=record.to
        )
        self.refused.append(NotPromoted(record.version, record.revision, reason))
        if tell:
            self._tell(record, "not promoted", reason)

    def gone(self, record: Record) -> None:
        """Record that the version of *record* is not in the source any more; see `refuse`."""
        self._looks = True
        self.refuse(record, f"It is gone from {record.package.repository.name}.")

    def changed(self, record: Record, reason: str) -> None:
        """Record that the version of *record* has to pass the gates again; see `refuse`."""
        self._looks = True
        said = f"It has changed since it passed the gates ({reason}): it goes through them again."
        held = replace(record, state="held", due=self.now(), reason=said)
        if self._put(record, held):
            PackageLog(record.package).info(
                "changed since", version=record.version, reason=reason, rule=record.rule
            )

    def announce(self) -> None:
        """
        Tell everybody what was recorded, and have the package looked at if that is needed.

        Raises:
            QueueError: Nobody is going to look.
        """
        order = self.order
        log = PackageLog(order.package)
        versions = list(self.promoted)
        for start in range(0, len(versions), VERSIONS_PER_LINE):
            some = versions[start : start + VERSIONS_PER_LINE]
            log.info("copied", versions=some, rule=order.rule, to=order.to)
        count("VersionsCopied", len(versions))
        count("CopiesRefused", len(self.refused))
        if self.promoted:
            self.notices.versions_promoted(
                order.package, self.promoted, to=order.to, rule=order.rule
            )
        if self.refused:
            self.notices.versions_refused(order.package, self.refused, to=order.to, rule=order.rule)
        if self._recheck:
            self.queue.recheck(order.package)
        if self._looks:
            self.queue.look(order.package)

    def _with_copy(
        self, record: Record, ordered: Record, revision: str | None, finding: str | None
    ) -> Record:
        # What had been found before it passed the gates speaks against it no more.
        newer = [one for one in record.findings if one not in ordered.findings]
        findings = (*newer, *(() if finding is None else (finding,)))
        there = replace(record, copied_at=self.now(), copied_revision=revision, findings=findings)
        if record.revision != ordered.revision:
            return there  # what is judged now is another revision
        return replace(
            there, state="copied", due=None, reason=f"It is in {record.to}.", recalled_at=None
        )

    def _put(self, record: Record, changed: Record) -> bool:
        """Write *changed*; return whether *record* was still what it was."""
        try:
            self.records.put(changed)
        except RecordConflictError:
            PackageLog(record.package).info(
                "decided anew", version=record.version, rule=record.rule, dropped=changed.reason
            )
            self._looks = True
            return False
        return True

    def _again(self, record: Record) -> Record:
        found = self.records.find(record.package, record.version, record.rule)
        if found is None:
            raise RecordConflictError((record,))
        return found

    def _tell(self, record: Record, what: str, reason: str) -> None:
        key = f"{what}#{record.purl}#{record.rule}#{record.revision}"
        if self.records.tell_once(key, self.now() + TOLD_FOR):
            self.attention.tell(f"{record.purl}: {what}", text_about(record, what, reason))


def text_about(record: Record, what: str, reason: str) -> str:
    """Return what a person has to know about the version of *record*."""
    source = record.package.repository
    return (
        f"{record.purl} was approved by the rule {record.rule} for {record.to} and was {what}.\n\n"
        f"{reason}\n\n"
        f"domain {source.domain}, from {source.name} to {record.to}, revision {record.revision}"
    )


def by_version(records: Sequence[Record], rule: str) -> Mapping[str, Record]:
    """Return those of *records* that are about *rule*, by version."""
    return {record.version: record for record in records if record.rule == rule}


def tell_once(to: Collaborators, key: str, subject: str, text: str) -> None:
    """Tell a person, who was not told the same within a day. What is not told is logged."""
    try:
        new = to.records.tell_once(key, to.now() + TOLD_AGAIN)
    except RecordsError as error:
        logger().error("not told", extra={"subject": subject, "reason": str(error)})
        return
    if new:
        to.attention.tell(subject, text)


def tell_if_stuck(
    order: CopyOrder, approved: Mapping[str, Record], reason: str, to: Collaborators
) -> None:
    """Tell a person, once a day, if *approved* versions wait for their copy for too long."""
    since = approved_since(approved)
    if to.now() - since < STUCK:
        return
    purl = order.package.purl()
    tell_once(
        to,
        f"copy failed#{purl}#{order.rule}",
        f"{purl}: approved, but not promoted",
        f"{purl} was approved by the rule {order.rule} at {since.isoformat(timespec='seconds')} "
        f"and could not be copied to {order.to} since then. It is tried again.\n\n{reason}\n\n"
        f"versions: {', '.join(approved)}",
    )


def approved_since(approved: Mapping[str, Record]) -> datetime:
    """Return since when the first of *approved* waits for its copy."""
    return min(record.approved_since or record.decided_at for record in approved.values())
