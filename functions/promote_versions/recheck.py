"""Check again what was promoted: what has turned bad is reported, and recalled if the rule says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from promote_versions.collaborators import AUTOMATION
from promote_versions.facts import Unavailable
from promote_versions.findings import (
    against,
    is_rejected,
    is_to_be_recalled,
    recall_time,
    target_for,
)
from promote_versions.gather import Gatherer
from promote_versions.not_promoted import report_unknown
from promote_versions.osv import ECOSYSTEMS
from promote_versions.seen import destined
from promote_versions.telling import tell_findings
from steward.errors import PackageNotFoundError, StatusUpdateInterruptedError
from steward.ledger import StatusChange
from steward.observability import PackageLog, count

if TYPE_CHECKING:
    from promote_versions.collaborators import Collaborators
    from promote_versions.decision import Need
    from promote_versions.records import Record
    from steward.codeartifact import StatusChanges, TargetStatus
    from steward.coordinates import Package, PackageVersion, Status
    from steward.errors import StewardError
    from steward.promotion_notices import RecallAction

# From what everybody gets to what nobody does.
_IN_USE: Final[Mapping[Status, int]] = {"Published": 0, "Unlisted": 1, "Archived": 2}


def recheck(package: Package, to: Collaborators) -> None:
    """
    Check what was promoted of *package*, which is named as in the repository it came from.

    - Bad is a version that OSV calls malicious, or that the rule's ``vulnerabilities`` or ``deny``
      would refuse today; one that the public repository has withdrawn; one that somebody rejects.
    - What is found is told once, and again only if more is found.
    - ``unlist`` and ``archive`` change the status in the destination; a rejected version is
      archived unless the rule says ``unlist``. The change is recorded in the ledger first, so that
      ``steward restore`` can undo it, and an exemption of the version keeps it as it is, unless
      somebody has rejected the version after the exemption was made: the last word counts.
    - What OSV or the endpoint does not answer changes nothing; the next recheck asks again.
    - A version that a destination offers and no record knows is reported
      (:func:`promote_versions.not_promoted.report_unknown`), in the destination of each rule that
      applies to the package, whether anything of it was promoted or not.

    1 Query; for each destination 1 ListPackageVersions, and 1 Query for each source if it has
    versions that the first one does not know; 1 batch of OSV for 100 versions in use
    (generic, Swift: none, it has no name for them) and 1 request to the endpoint (Maven, generic,
    Ruby, Swift: none, they know no withdrawal); 1 query of exemptions and 1
    UpdatePackageVersionsStatus for 100 versions only if something is to be changed.

    Raises:
        CodeArtifactError: A list or a change failed.
        RecordsError: The records could not be read or written.
        LedgerError: The ledger could not be read or written; nothing was changed then.
    """
    records = to.records.of_package(package)
    promoted = [one for one in records if one.copied_at is not None]
    facts = Gatherer(package, to)
    places = [one.to for one in promoted]
    places += [rule.to for rule in to.policy.promotion_rules_for(package)]
    for destination in dict.fromkeys(places):
        check = _Recheck(package, destination, to, facts)
        check.run([one for one in promoted if one.to == destination])
        report_unknown(package, destination, check.listed.values(), records, to)


def recall_rejected(package: Package, records: Iterable[Record], to: Collaborators) -> None:
    """
    Recall those promoted versions among *records* that somebody has rejected since.

    Raises:
        StewardError: As for :func:`recheck`.
    """
    rejected = [one for one in records if is_to_be_recalled(one)]
    for destination in dict.fromkeys(one.to for one in rejected):
        check = _Recheck(package, destination, to, None)
        check.run([one for one in rejected if one.to == destination])


@dataclass
class _Recheck:
    """One destination of one package."""

    package: Package
    destination: str
    to: Collaborators
    facts: Gatherer | None
    listed: dict[str, PackageVersion] = field(default_factory=dict)

    @property
    def there(self) -> Package:
        return destined(self.package, self.destination)

    def run(self, records: Sequence[Record]) -> None:
        """Find, change, record and tell what is bad among *records*."""
        now = self.to.now()
        try:
            self.listed = {one.version: one for one in self.to.codeartifact.versions(self.there)}
        except PackageNotFoundError:
            self.listed = {}
        held = [one for one in records if self._status(one) in _IN_USE]
        self._look_up(held)
        bad: dict[str, Record] = {}
        for record in held:
            found = self._findings(record, now)
            if found is None:
                continue
            if found:
                bad[record.version] = replace(record, findings=found)
            elif record.findings and record.state != "recalled":
                self.to.records.put(replace(record, findings=()))
        count("PromotedVersionsChecked", len(held))
        if bad:
            self._conclude(bad, {one.version: one for one in held}, now)

    def _status(self, record: Record) -> Status | None:
        listed = self.listed.get(record.version)
        return None if listed is None else listed.status

    def _look_up(self, records: Sequence[Record]) -> None:
        if self.facts is None or not records:
            return
        needs: set[Need] = set()
        if self.package.format in ECOSYSTEMS:  # OSV would never answer about the others
            needs.add("vulnerabilities")
        if self.package.format != "maven":
            needs.add("release_times")
        self.facts.look_up([self.listed[one.version] for one in records], frozenset(needs))

    def _findings(self, record: Record, now: datetime) -> tuple[str, ...] | None:
        """Return what is wrong with a promoted version; ``None``: nobody can tell now."""
        rule = self.to.policy.promotion_rule(record.rule)
        if self.facts is None:
            return tuple(dict.fromkeys((*record.findings, *against(record, rule, None, now=now))))
        facts = self.facts.facts(replace(self.listed[record.version], status="Published"))
        found = against(record, rule, facts, now=now)
        for fact in (facts.vulnerabilities, facts.released_at):
            if isinstance(fact, Unavailable):
                PackageLog(self.package).warning(
                    "not rechecked", version=record.version, to=self.destination, reason=fact.reason
                )
                count("RechecksPutOff", 1)
                # What is known to be bad stays bad until somebody says that it is not.
                return tuple(dict.fromkeys((*record.findings, *found))) or None
        return found

    def _conclude(
        self, bad: Mapping[str, Record], before: Mapping[str, Record], now: datetime
    ) -> None:
        """Change what the rules want changed, write it down, and tell what is new."""
        actions: dict[str, RecallAction] = dict.fromkeys(bad, "reported")
        wanted: dict[tuple[TargetStatus, str], list[PackageVersion]] = {}
        for version, record in bad.items():
            target = target_for(record, self.to.policy.promotion_rule(record.rule))
            if target is None:
                continue
            listed = self.listed[version]
            if _IN_USE[listed.status] < _IN_USE[target]:
                wanted.setdefault((target, record.rule), []).append(listed)
            else:
                actions[version] = "unlisted" if listed.status == "Unlisted" else "archived"
        failure: StewardError | None = None
        if wanted:
            failure = self._change(wanted, actions, bad, now)
        new = {
            version: record.findings
            for version, record in bad.items()
            if set(record.findings) - set(before[version].findings)
        }
        told = not new or self._tell(new, actions, bad)
        for version, record in bad.items():
            recalled = actions[version] in ("unlisted", "archived")
            findings = record.findings if told or version not in new else before[version].findings
            after = replace(record, findings=findings)
            if recalled and (record.state != "recalled" or is_to_be_recalled(record)):
                reason = "; ".join(record.findings)
                after = replace(
                    after,
                    state="recalled",
                    due=None,
                    reason=reason,
                    decided_at=now,
                    recalled_at=recall_time(record, now),
                )
            if after != before[version]:
                self.to.records.put(after)
        if failure is not None:
            raise failure

    def _change(
        self,
        wanted: Mapping[tuple[TargetStatus, str], Sequence[PackageVersion]],
        actions: dict[str, RecallAction],
        bad: Mapping[str, Record],
        now: datetime,
    ) -> StewardError | None:
        """Change statuses and note in *actions* what was done; return what went wrong after it."""
        exempt = {
            one.version
            for one in self.to.ledger.exemptions(self.there)
            if one.version is not None
            and one.in_force(now)
            and one.version in bad
            and not is_rejected(bad[one.version], since=one.made)
        }
        for (target, rule), versions in wanted.items():
            actions |= {one.version: "kept" for one in versions if one.version in exempt}
            left = [one for one in versions if one.version not in exempt]
            if not left:
                continue
            self.to.ledger.record(
                [
                    StatusChange(self.there, one.version, one.status, target, rule, AUTOMATION, now)
                    for one in left
                ]
            )
            try:
                changes = self.to.codeartifact.set_status(self.there, left, target)
            except StatusUpdateInterruptedError as interruption:
                self._note(interruption.changes, target, rule, actions)
                return interruption
            self._note(changes, target, rule, actions)
        return None

    def _note(
        self,
        changes: StatusChanges,
        target: TargetStatus,
        rule: str,
        actions: dict[str, RecallAction],
    ) -> None:
        done: RecallAction = "unlisted" if target == "Unlisted" else "archived"
        actions |= {one.version: done for one in changes.changed}
        actions |= {one.version.version: "kept" for one in changes.refused}
        for one in changes.refused:
            PackageLog(self.there).warning(
                "refused",
                version=one.version.version,
                status=one.version.status,
                code=one.code,
                reason=one.message,
                rule=rule,
            )
        count("VersionsRecalled", len(changes.changed))

    def _tell(
        self,
        new: Mapping[str, tuple[str, ...]],
        actions: Mapping[str, RecallAction],
        bad: Mapping[str, Record],
    ) -> bool:
        """Log, announce and tell; return whether it need not be told again."""
        for version, found in new.items():
            PackageLog(self.package).warning(
                "turned bad",
                version=version,
                to=self.destination,
                action=actions[version],
                reason="; ".join(found),
                rule=bad[version].rule,
            )
        told = True
        for rule in dict.fromkeys(bad[version].rule for version in new):
            of_rule = {one: found for one, found in new.items() if bad[one].rule == rule}
            for action in dict.fromkeys(actions[one] for one in of_rule):
                some = {one: found for one, found in of_rule.items() if actions[one] == action}
                self.to.notices.versions_recalled(
                    self.package, some, action=action, to=self.destination, rule=rule
                )
            told &= tell_findings(
                self.package,
                of_rule,
                actions,
                self.to,
                rule=rule,
                destination=self.destination,
            )
        count("PromotedVersionsFoundBad", len(new))
        return told
