"""Carry out one copy order: what its records allow, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from promote_versions.assets import Comparison, compared
from promote_versions.bringing_back import is_offered, status_of
from promote_versions.copy_outcomes import (
    CopyOutcomes,
    approved_since,
    by_version,
    tell_if_stuck,
)
from promote_versions.messages import CopyOrder
from promote_versions.queues import PromotionsQueue
from promote_versions.records import Record
from promote_versions.records_table import Records
from promote_versions.settled import JUDGEMENT_HOLDS
from steward import own_queue
from steward.attention import Attention
from steward.codeartifact import CodeArtifact
from steward.coordinates import Package, PackageVersion, Repository
from steward.copies import Copies, CopyRefusal, CopyResult
from steward.errors import (
    CodeArtifactError,
    CopyInterruptedError,
    PackageNotFoundError,
    StewardError,
)
from steward.observability import PackageLog, count
from steward.policy import Policy
from steward.promotion_notices import PromotionNotices
from steward.promotion_rules import PromotionRule
from steward.version_contents import Assets, VersionContents

# Our choice: what a version depends on is copied within seconds, unless something is wrong with it:
# then twice as long each time.
DEPENDENCIES_LATER: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Collaborators:
    """
    Everything outside of the copier that it talks to.

    Attributes:
        pace_of_lists: Called before each list of assets.
        queue: The judge's.
    """

    codeartifact: CodeArtifact
    contents: VersionContents
    copies: Copies
    pace_of_lists: Callable[[], None]
    policy: Policy
    records: Records
    queue: PromotionsQueue
    notices: PromotionNotices
    attention: Attention
    now: Callable[[], datetime]


def carry_out(order: CopyOrder, to: Collaborators) -> None:
    """
    Copy the versions of *order* that have passed the gates, and record what became of each.

    - Only a version whose record says ``approved`` at exactly the ordered revision, by the rule as
      it is deployed, is copied. The order itself is believed in nothing.
    - What was approved longer than a day ago is judged again first: an order may have waited for as
      long as its queue keeps it, and who knows what has become known since.
    - If something that the versions depend on is not ``copied``, none is; the judge looks again.
    - A copy counts when each asset has the same SHA-256 in both repositories. Otherwise it is
      ``Archived``, refused, and reported.
    - What the destination holds already, and offers to nobody, becomes ``Published`` only if it was
      recalled and a person has approved this revision after that. Otherwise somebody has taken it
      out of use by hand: it stays as it is, refused and reported.
    - What the destination holds already is replaced only if the source has all of its assets
      unchanged, and more. Anything else stays as it is, refused and reported.

    Raises:
        StewardError: Something failed. What was recorded by then is, and the rest may be ordered
            again: what is there already is found there.
    """
    log = PackageLog(order.package)
    rule = _rule_of(order, to.policy)
    if rule is None:
        log.error("order refused", reason="no rule of the policy orders this", rule=order.rule)
        count("CopyOrdersRefused", 1)
        return
    records = by_version(to.records.of_package(order.package), rule.name)
    approved: dict[str, Record] = {}
    expired: list[str] = []
    for version, revision in order.revisions.items():
        record = records.get(version)
        unfit = _unfit(record, revision, rule)
        if unfit is not None or record is None:
            log.info("not copied", version=version, reason=unfit, rule=rule.name)
        elif to.now() - record.decided_at >= JUDGEMENT_HOLDS:
            expired.append(version)
        else:
            approved[version] = record
    if expired:
        reason = "it was approved too long ago"
        log.info("judged again", versions=expired, reason=reason, rule=rule.name)
        count("CopiesPutOff", len(expired))
        to.queue.look(order.package)
    if not approved:
        return
    missing = _missing_dependencies(order, to.records)
    if missing:
        log.info("waiting for dependencies", versions=list(approved), missing=missing)
        count("CopiesPutOff", len(approved))
        waited = to.now() - approved_since(approved)
        to.queue.look_again(
            order.package, after=min(max(waited, DEPENDENCIES_LATER), own_queue.MAX_DELAY)
        )
        tell_if_stuck(order, approved, f"It waits for {', '.join(missing)}.", to)
        return
    try:
        _Copying(order, approved, to).run()
    except StewardError as error:
        tell_if_stuck(order, approved, str(error), to)
        raise


def _rule_of(order: CopyOrder, policy: Policy) -> PromotionRule | None:
    rule = policy.promotion_rule(order.rule)
    place = order.package.repository
    if rule is None or place.domain != policy.domain:
        return None
    return rule if (rule.source, rule.to) == (place.name, order.to) else None


def _unfit(record: Record | None, revision: str, rule: PromotionRule) -> str | None:
    """Return why a version may not be copied at *revision*; ``None`` if it may."""
    if record is None:
        return "nothing is recorded about it"
    if record.state != "approved":
        return f"its record says {record.state}"
    if record.revision != revision:
        return "another revision of it is approved"
    if record.requirements != rule.digest:
        return "it was approved by an earlier form of the rule"
    return None if record.to == rule.to else "it was approved for another repository"


def _missing_dependencies(order: CopyOrder, records: Records) -> list[str]:
    wanted: dict[Package, list[str]] = {}
    for package, version in order.after:
        wanted.setdefault(package, []).append(version)
    missing: list[str] = []
    for package, versions in wanted.items():
        there = {
            record.version
            for record in records.of_package(package)
            if record.state == "copied" and record.to == order.to
        }
        missing += [package.purl(version) for version in versions if version not in there]
    return missing


class _Copying:
    """One order on its way: what is still to be copied, and what became of the rest."""

    def __init__(self, order: CopyOrder, approved: Mapping[str, Record], to: Collaborators) -> None:
        place = order.package.repository
        there = Repository(place.domain, place.domain_owner, order.to)
        self._package = order.package
        self._there = Package(
            there, order.package.format, order.package.namespace, order.package.name
        )
        self._approved = approved
        self._to = to
        self._outcomes = CopyOutcomes(order, to.records, to.queue, to.notices, to.attention, to.now)
        self._errors: list[StewardError] = []
        self._held: dict[str, PackageVersion] | None = None

    def run(self) -> None:
        """See :func:`carry_out`."""
        try:
            result = self._copy(self._approved)
            if result == CopyResult() and not self._errors:
                PackageLog(self._package).info("would copy", versions=list(self._approved))
            late = self._settle(result, overwritten=False)
            if late:
                PackageLog(self._package).info("assets came later", versions=sorted(late))
                self._settle(self._copy(late, overwrite=True), overwritten=True)
        finally:
            self._outcomes.announce()
        if self._errors:
            raise self._errors[0]

    def _copy(self, records: Mapping[str, Record], *, overwrite: bool = False) -> CopyResult:
        revisions = {version: record.revision for version, record in records.items()}
        where = self._there.repository.name
        try:
            return self._to.copies.copy(self._package, where, revisions, overwrite=overwrite)
        except CopyInterruptedError as error:
            self._errors.append(error)
            return error.done
        except PackageNotFoundError as error:
            if self._source_exists():
                raise  # the destination is missing
            refused = (CopyRefusal(version, "NOT_FOUND", str(error)) for version in records)
            return CopyResult(refused=tuple(refused))

    def _source_exists(self) -> bool:
        try:
            self._to.codeartifact.versions(self._package)
        except PackageNotFoundError:
            return False
        return True

    def _settle(self, result: CopyResult, *, overwritten: bool) -> dict[str, Record]:
        """Record what became of each version; return those to be copied over what is there."""
        late: dict[str, Record] = {}
        there = dict.fromkeys(result.already_there) | dict(result.copied)
        for version, revision in there.items():
            try:
                was_there = version not in result.copied
                self._verify(self._approved[version], revision, was_there=was_there)
            except StewardError as error:
                self._failed(version, error)
        for refusal in result.refused:
            record = self._approved[refusal.version]
            try:
                if refusal.code == "ALREADY_EXISTS" and not overwritten:
                    if self._has_later_assets(record):
                        late[refusal.version] = record
                else:
                    self._refused(record, refusal)
            except StewardError as error:
                self._failed(refusal.version, error)
        return late

    def _verify(self, record: Record, revision: str | None, *, was_there: bool) -> None:
        """Compare the assets of a version that was copied, or was there, and record it."""
        source = self._source_assets(record)
        there = self._assets(self._there, record.version)
        comparison = compared(source.assets if source else {}, there.assets)
        revision = revision or there.revision
        if comparison.likeness == "equal":
            if not was_there or self._is_offered(record):
                self._outcomes.copied(record, revision)
        elif source is None or source.revision not in (None, record.revision):
            # The copy was pinned to the revision; what has come since says nothing about it.
            held = self._held_there().get(record.version) if was_there else None
            if was_there and status_of(record, held) != "Published":
                # What cannot be compared is not brought back.
                if source is None:
                    self._outcomes.gone(record)
                else:
                    self._outcomes.changed(record, f"its revision is {source.revision} now")
                return
            unsure = None
            if source is None or comparison.likeness == "differs":
                unsure = (
                    f"{self._package.repository.name} has changed since the copy, so that the "
                    "assets could not be compared."
                )
            self._outcomes.copied(record, revision, unsure)
        else:
            self._take_back(record, comparison)

    def _is_offered(self, record: Record) -> bool:
        held = self._held_there().get(record.version)
        return is_offered(record, self._there, held, self._to.codeartifact, self._outcomes)

    def _take_back(self, record: Record, comparison: Comparison) -> None:
        """Archive a version whose assets are not those that passed the gates."""
        version = self._held_there().get(record.version)
        reason = f"After the copy, {self._words(comparison)}."
        if version is None or version.status in ("Archived", "Disposed"):
            reason += f" It cannot be downloaded from {record.to}."
        else:
            changes = self._to.codeartifact.set_status(self._there, [version], "Archived")
            if changes.changed:
                reason += f" It was archived in {record.to}."
                count("CopiesArchived", 1)
            else:
                why = "; ".join(f"{one.code} {one.message}" for one in changes.refused)
                reason += f" It could not be archived in {record.to} ({why}): archive it by hand."
        self._outcomes.refuse(record, reason, tell=True)

    def _has_later_assets(self, record: Record) -> bool:
        """Return whether the source only has more than the destination; else settle *record*."""
        source = self._source_assets(record)
        if source is None:
            self._outcomes.gone(record)
            return False
        if source.revision not in (None, record.revision):
            self._outcomes.changed(record, f"its revision is {source.revision} now")
            return False
        there = self._assets(self._there, record.version)
        comparison = compared(source.assets, there.assets)
        if comparison.likeness == "equal":
            # Only what stands beside the assets differs: nothing that anybody downloads.
            if self._is_offered(record):
                self._outcomes.copied(record, there.revision)
            return False
        if comparison.likeness == "differs":
            self._outcomes.refuse(
                record,
                f"{record.to} has another one: {self._words(comparison)}. It is left as it is. "
                f"Find out which is right; delete the version from {record.to} to have it "
                "promoted again.",
                tell=True,
            )
            return False
        held = self._held_there().get(record.version)
        if held is not None and held.status == "Published":
            return True
        status = "gone" if held is None else held.status
        self._outcomes.refuse(
            record,
            f"{self._words(comparison)}, and the version is {status} in {record.to}: copying "
            "it again would undo that. Make it Published there, then promote it again.",
            tell=True,
        )
        return False

    def _refused(self, record: Record, refusal: CopyRefusal) -> None:
        match refusal.code:
            case "MISMATCHED_REVISION":
                self._outcomes.changed(record, refusal.message)
            case "NOT_FOUND":
                self._outcomes.gone(record)
            case "NOT_ALLOWED" if (status := self._source_status(record)) != "Published":
                # It may become Published again at the same revision, and then passes again.
                self._outcomes.changed(record, f"it is {status} now")
            case "NOT_ALLOWED":
                self._outcomes.refuse(
                    record,
                    f"CodeArtifact does not allow the copy: {refusal.message}. Look at the "
                    f"version's status in {self._package.repository.name}, and at the origin "
                    f"controls and the package group of {self._package.purl()} in {record.to}; "
                    "then promote it again.",
                    tell=True,
                )
            case _:
                raise CodeArtifactError("CopyPackageVersions", refusal.code, refusal.message)

    def _source_status(self, record: Record) -> str:
        try:
            listed = self._to.codeartifact.versions(self._package)
        except PackageNotFoundError:
            listed = []
        status = {one.version: one.status for one in listed}
        return status.get(record.version, "not listed")

    def _words(self, comparison: Comparison) -> str:
        return comparison.words(self._package.repository.name, self._there.repository.name)

    def _source_assets(self, record: Record) -> Assets | None:
        try:
            return self._assets(self._package, record.version)
        except PackageNotFoundError:
            return None

    def _assets(self, package: Package, version: str) -> Assets:
        self._to.pace_of_lists()
        return self._to.contents.assets(package, version)

    def _held_there(self) -> dict[str, PackageVersion]:
        """Return what the destination holds, asked for once."""
        if self._held is None:
            found = self._to.codeartifact.versions(self._there)
            self._held = {version.version: version for version in found}
        return self._held

    def _failed(self, version: str, error: StewardError) -> None:
        PackageLog(self._package).error("failed", version=version, reason=str(error))
        self._errors.append(error)
