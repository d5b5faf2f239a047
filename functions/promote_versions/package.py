"""Reconcile one package: judge what is open, record it, order copies. All looks come here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from promote_versions.closure import Closure, Judged
from promote_versions.collaborators import Collaborators
from promote_versions.recheck import recall_rejected
from promote_versions.recorded import Approved, differs, is_news, orders, record_of
from promote_versions.records import Record, RecordConflictError
from promote_versions.seen import Seen, SeenPackages
from promote_versions.settled import next_reminder, standing
from promote_versions.telling import announce, log_decision, tell_decisions
from steward.coordinates import Package, PackageVersion
from steward.observability import PackageLog

if TYPE_CHECKING:
    from steward.promotion_rules import PromotionRule

# Our choice. A fetched version is visible through the API after about three minutes ("Working with
# external connections"), and nothing promises that.
SECOND_LOOK: Final = timedelta(minutes=5)
# Our choice: what is written and can be ordered even if the time is up after it.
VERSIONS_AT_ONCE: Final = 100
_NO_RULE: Final = "no promotions rule applies to this package"


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What a look at one package has led to.

    Attributes:
        judged: How many versions were judged, dependencies included.
        approved: How many of them may be copied.
        unfinished: The time was up; another look has been asked for.
    """

    judged: int = 0
    approved: int = 0
    unfinished: bool = False


def reconcile(
    package: Package,
    to: Collaborators,
    *,
    repeated: bool = False,
    anew: bool = False,
    time_left: Callable[[], bool] = lambda: True,
) -> Outcome:
    """
    Judge the open versions of *package* by each rule that applies; have the approved ones copied.

    Which ones are open: :func:`promote_versions.settled.standing`. What is decided is logged, and
    recorded before anything is ordered, so that an order that gets lost is found again.

    For a package of *v* published versions, *n* of them open, *a* approved, and *r* rules:

    - 1 ListPackageVersions (per 1,000 versions) and 1 Query of the records (per MB), for all rules;
    - if *anew*, 1 ListPackageVersions in each destination that something was copied to, and 1
      DescribePackageVersion for each version that is missing there;
    - the facts that the open versions' gates need, once for all rules
      (:class:`promote_versions.gather.Gatherer`);
    - the topology, once in five minutes, and for each request, for all packages
      (:mod:`promote_versions.topology`);
    - 1 write for each open version and rule whose record has changed;
    - ceil(*a* / 100) orders a rule, more only if versions have to follow dependencies.

    An event may be faster than what it tells of: if there are no versions, the package is looked at
    again in :data:`SECOND_LOOK`, once.

    Args:
        repeated: We asked for this look ourselves.
        anew: Somebody wants what is held or refused to be judged again, and what was copied and is
            not in the destination any more.
        time_left: Asked after every :data:`VERSIONS_AT_ONCE` versions; when it says no, the look
            ends with what was done and asks for another one; dependencies that it has not come to
            hold what needs them.

    Raises:
        CodeArtifactError: A list failed, or nobody can tell whether there is a way around.
        RecordsError: The records could not be read or written.
        RecordConflictError: Somebody else has written some; everything else has been done.
        QueueError: A message was not accepted.
    """
    rules = to.policy.promotion_rules_for(package)
    if not rules and not (repeated or anew):
        PackageLog(package).info("nothing to do", reason=_NO_RULE)
        return Outcome()
    look = _Look(package, to, to.now(), SeenPackages(to, time_left))
    seen = look.packages.of(package)
    look.release(seen, rules)
    if rules and not seen.versions:
        reason = "the package does not exist or has no versions"
        PackageLog(package).info("nothing to do", reason=reason)
        if not repeated:
            to.own_queue.look_again(package, after=SECOND_LOOK)
            at = (look.now + SECOND_LOOK).isoformat()
            PackageLog(package).info("look again", at=at, reason="they may not be visible yet")
        return Outcome()
    if not rules:
        PackageLog(package).info("nothing to do", reason=_NO_RULE)
    try:
        for rule in rules:
            look.judge(seen, rule, anew=anew, time_left=time_left)
    finally:
        look.order()
    recall_rejected(package, look.unwritten(seen), to)
    if look.postponed:
        to.own_queue.look(*look.postponed)
        for dependency in look.postponed:
            reason = f"there was no time for it while {package.name} was looked at"
            PackageLog(dependency).info("look again", reason=reason)
    if look.unfinished:
        to.own_queue.look(package)
        PackageLog(package).info("look again", reason="there was no time for all versions")
    if look.conflict is not None:
        raise look.conflict
    return Outcome(look.judged, look.approved, look.unfinished)


@dataclass
class _Look:
    """One look at one package, and what it has led to so far."""

    package: Package
    to: Collaborators
    now: datetime
    packages: SeenPackages
    judged: int = 0
    approved: int = 0
    unfinished: bool = False
    conflict: RecordConflictError | None = None
    postponed: dict[Package, None] = field(default_factory=dict)
    _to_order: list[Approved] = field(default_factory=list)
    _written: set[tuple[Package, str, str]] = field(default_factory=set)

    def release(self, seen: Seen, rules: Sequence[PromotionRule]) -> None:
        """
        Have nothing looked at by itself whose version is gone or whose rule is.

        Should either come back, the version is judged as if nobody had seen it: no rule has the
        empty digest that its record gets.
        """
        names = {rule.name for rule in rules}
        lost: list[Record] = []
        for record in seen.records.values():
            if record.due is None or record.state not in ("held", "approved", "refused"):
                continue
            version = seen.versions.get(record.version)
            if record.rule not in names:
                reason = "no rule of this name promotes the package any more"
            elif version is None:
                reason = f"{self.package.repository.name} does not hold it any more"
            elif version.status != "Published":
                reason = f"it is {version.status} in {self.package.repository.name}"
            else:
                continue
            lost.append(
                replace(
                    record,
                    state="refused" if record.state == "refused" else "held",
                    due=None,
                    requirements="",
                    reason=reason,
                    decided_at=self.now,
                )
            )
        for record in self._write(lost):
            PackageLog(self.package).info(
                "released", version=record.version, rule=record.rule, reason=record.reason
            )

    def judge(
        self,
        seen: Seen,
        rule: PromotionRule,
        *,
        anew: bool,
        time_left: Callable[[], bool],
    ) -> None:
        """Judge what is open for *rule*, and write it down."""
        closure = Closure(rule, self.packages, self.now, anew=anew)
        there = self._still_there(seen, rule) if anew else None
        to_judge: list[PackageVersion] = []
        settled = 0
        for version in seen.versions.values():
            if version.status != "Published":
                continue
            record = seen.records.get((version.version, rule.name))
            match standing(record, version, rule, now=self.now, anew=anew, there=there):
                case "open":
                    to_judge.append(version)
                case "ordered" if record is not None:
                    self._remind(record)
                case _:
                    settled += 1
        if not to_judge:
            reason = "every published version is settled" if settled else "no version is open"
            PackageLog(self.package).info("nothing to do", reason=reason, rule=rule.name)
        if len(to_judge) > VERSIONS_AT_ONCE:
            seen.gatherer.expect(to_judge)
        for start in range(0, len(to_judge), VERSIONS_AT_ONCE):
            if not time_left():
                self.unfinished = True
                break
            self._conclude(closure.judge(seen, to_judge[start : start + VERSIONS_AT_ONCE]))
        self.postponed |= closure.postponed

    def order(self) -> None:
        """Order the copies of all that may be copied, dependencies first."""
        ordered = list(orders(self._to_order))
        if ordered:
            self.to.copies.order(*ordered)
        self._to_order.clear()

    def unwritten(self, seen: Seen) -> list[Record]:
        """Return the records of the package that are still as they were read."""
        return [one for one in seen.records.values() if _key(one) not in self._written]

    def _still_there(self, seen: Seen, rule: PromotionRule) -> set[str] | None:
        """Return which of the versions that were copied the destination still holds, if any was."""
        copied = [
            one.version
            for one in seen.records.values()
            if (one.state, one.rule, one.to) == ("copied", rule.name, rule.to)
        ]
        if not copied:
            return None
        return self.packages.held_in_destination(seen.package, rule.to, copied)

    def _remind(self, record: Record) -> None:
        """Have an approved version's copy ordered again; an order that was carried out is none."""
        if record.due is None or record.due <= self.now:
            due = next_reminder(record.decided_at, self.now)
            self._to_order += [Approved(one) for one in self._write([replace(record, due=due)])]
        else:
            self._to_order.append(Approved(record))

    def _conclude(self, judged: Sequence[Judged]) -> None:
        """Tell, log, record and announce what became of *judged*; remember what to order."""
        self.judged += len(judged)
        asked = tell_decisions(judged, self.to)
        decided: dict[tuple[Package, str, str], tuple[Judged, Record]] = {}
        for one in judged:
            record = record_of(one, self.now, asked=(one.package, one.version.version) in asked)
            log_decision(one, record)
            decided[_key(record)] = (one, record)
        to_write = [record for one, record in decided.values() if differs(record, one.record)]
        written = self._write(to_write)
        for record in written:
            one, _ = decided[_key(record)]
            if record.state == "approved":
                self.approved += 1
                self._to_order.append(Approved(record, one.after, one.layer))
        announce(
            [record for record in written if is_news(record, decided[_key(record)][0].record)],
            self.to,
        )

    def _write(self, records: Sequence[Record]) -> list[Record]:
        """Return those of *records* that were written; the others are somebody else's by now."""
        if not records:
            return []
        self._written |= {_key(record) for record in records}
        try:
            return self.to.records.put_all(records)
        except RecordConflictError as conflict:
            self.conflict = conflict
            return list(conflict.written)


def _key(record: Record) -> tuple[Package, str, str]:
    return (record.package, record.version, record.rule)
