"""What every automation wants of one package, from one list of its versions; nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from enforce_origin_controls import collaborators as origins
from enforce_origin_controls import decision as decide
from enforce_origin_controls.decision import Settled
from expire_versions.gather import RetentionReads, lists_by_time
from steward.coordinates import UNRESTRICTED, Package, PackageVersion, Restrictions
from steward.errors import PackageNotFoundError, StewardError
from steward.ledger import ObservedLedger
from steward.observability import PackageLog
from sweep_repositories import build_lines, expiry_lines, origin_lines, promotion_lines
from sweep_repositories.origin_lines import Asked
from sweep_repositories.plan_lines import PackagePlan, PlanLine
from sweep_repositories.wanted import Wanted, furthest, in_order, lines_of

if TYPE_CHECKING:
    from promote_versions.records import Record
    from steward.codeartifact import AssociatedGroup, CodeArtifact
    from steward.ledger import Exemption, Ledger
    from steward.ledger_exemptions import ExemptionsAt
    from steward.lockfiles.locked import Locked
    from steward.policy import OriginRule, Policy, SnapshotRule
    from steward.promotion_rules import PromotionRule
    from steward.published_times import PublishedTimes
    from steward.retention_rules import RetentionRule

# Our choice: 100 versions of 255 characters are a tenth of a log event ("CloudWatch Logs quotas").
VERSIONS_PER_LINE: Final = 100


class PackageRecords(Protocol):
    """Where it stands what promotion has decided."""

    def of_package(self, package: Package) -> list[Record]:
        """Return all records of *package*, in its source repository."""


@dataclass(frozen=True, slots=True)
class Gathering:
    """
    Everything that is asked about packages, made once for many; nothing of it is changed.

    Attributes:
        locked: What lock files name, by their name in the policy (``cache_rules.load_locked``).
        exemptions: What was known of all exemptions when the gathering began: where there can be
            none, nobody asks package by package.
        records: What promotion has decided; ``None``: nobody knows, and nothing is promoted.
    """

    codeartifact: CodeArtifact
    times: PublishedTimes
    policy: Policy
    locked: Mapping[str, tuple[Locked, ...]]
    ledger: Ledger
    exemptions: ExemptionsAt
    records: PackageRecords | None
    now: Callable[[], datetime]


def needs_a_look(package: Package, restrictions: Restrictions, policy: Policy) -> bool:
    """
    Return whether a rule may want something of *package* beyond what its row shows to be so.

    Packages of which it is false cost nothing: no rule is about them, or only an ``origins`` rule
    whose restrictions they have.

    Args:
        restrictions: Those of the row of the list of packages.
    """
    if policy.snapshot_rule_for(package) is not None or policy.retention_rules_for(package):
        return True
    if policy.promotion_rules_for(package):
        return True
    rule = policy.origin_rule_for(package)
    if rule is None:
        return False
    promoted_to = policy.promotes_to(package.repository.name)
    return origin_lines.needs_versions(rule, restrictions, promoted_to=promoted_to) or not (
        isinstance(decide.by_row(rule, restrictions, promoted_to=promoted_to), Settled)
    )


def gather_package(
    package: Package, restrictions: Restrictions | None, to: Gathering
) -> PackagePlan:
    """
    Return what the policy wants of *package*, by the decisions that its events lead to.

    - Of a version that several automations want something of, the furthest step is planned.
    - A version with an exemption stays, whoever wants something of it. So does one that promotion
      has approved and not copied yet, unless it came from outside and should not have.
    - A version that is on its way out is not promoted.
    - A build that waits for the end of its grace is left to the next sweep.

    1 ListPackageVersions per 1,000 versions for all rules, none where the row is enough; what
    expiry needs for ages and releases (:mod:`expire_versions.gather`); 1 Query of the records if a
    ``promotions`` rule applies; 1 GetAssociatedPackageGroup if ``inferred`` restrictions would be
    written; 1 Query each of exemptions, marks and what was told, if they can matter.

    Args:
        restrictions: Those of the row of the list of packages; ``None``: they are asked for if a
            rule is about them (1 DescribePackage).

    Returns:
        A plan without lines for a package that does not exist any more. What goes wrong is in it
        as its problem: a package that fails holds up none of the others.
    """
    look = _Look(package, to)
    try:
        plan = look.plan(restrictions)
    except PackageNotFoundError:
        PackageLog(package).info("nothing to do", reason="the package does not exist any more")
        return PackagePlan(package)
    except StewardError as error:
        PackageLog(package).error("not looked at", reason=str(error))
        return PackagePlan(package, problem=str(error))
    for line in plan.lines:
        _log_planned(line)
    return plan


class _Look:
    """One look at one package; each thing is asked for once at most."""

    def __init__(self, package: Package, to: Gathering) -> None:
        self.package = package
        self.to = to
        self.now = to.now()
        self._policy = to.policy
        self._promoted_to = to.policy.promotes_to(package.repository.name)
        self._exemptions: list[Exemption] | None = None
        self._told: frozenset[str] | None = None
        self._records: list[Record] | None = None
        self._kept: dict[str, int] = {}

    def plan(self, restrictions: Restrictions | None) -> PackagePlan:
        package = self.package
        snapshots = self._policy.snapshot_rule_for(package)
        retention = self._policy.retention_rules_for(package)
        promotions = () if self.to.records is None else self._policy.promotion_rules_for(package)
        origin_rule = self._policy.origin_rule_for(package)
        current = self._current(origin_rule, restrictions)
        versions: list[PackageVersion] = []
        if snapshots or retention or promotions or self._tells_too_little(origin_rule, current):
            versions = self._listed()
        wanted: list[Wanted] = []
        lines: list[PlanLine] = []
        report: tuple[PackageVersion, ...] = ()
        if snapshots is not None:
            wanted += self._stale(versions, snapshots)
        if origin_rule is not None:
            found = self._origins(origin_rule, current, versions)
            wanted += found.wanted
            lines += found.lines
            report = found.report
        marks: Sequence[PlanLine] = ()
        if retention and versions:
            expiry = self._expiry(versions, retention)
            wanted += expiry.wanted
            marks = expiry.marks
        chosen = furthest(self._free(wanted, promotions))
        lines += lines_of(package, chosen.chosen, versions)
        going = {one.version.version for one in chosen.chosen}
        lines += expiry_lines.without(marks, going)
        lines += self._to_judge([one for one in versions if one.version not in going], promotions)
        if origin_rule is not None:
            overruled = [
                one.version for one in chosen.overruled if one.automation == origins.AUTOMATION
            ]
            lines += self._reports(origin_rule, [*report, *overruled])
        return PackagePlan(package, in_order(lines), self._kept, len(versions))

    def _current(self, rule: OriginRule | None, listed: Restrictions | None) -> Restrictions:
        if listed is not None:
            return listed
        return UNRESTRICTED if rule is None else self.to.codeartifact.restrictions(self.package)

    def _tells_too_little(self, rule: OriginRule | None, current: Restrictions) -> bool:
        return rule is not None and origin_lines.needs_versions(
            rule, current, promoted_to=self._promoted_to
        )

    def _stale(self, versions: Sequence[PackageVersion], rule: SnapshotRule) -> list[Wanted]:
        stale, kept = build_lines.stale(self.package, versions, rule, self.now)
        self._keep(rule.name, kept)
        return stale

    def _origins(
        self, rule: OriginRule, current: Restrictions, versions: Sequence[PackageVersion]
    ) -> origin_lines.OriginFindings:
        found = origin_lines.origin_findings(
            self.package,
            rule,
            current,
            versions,
            promoted_to=self._promoted_to,
            asked=self._asked(),
            now=self.now,
        )
        self._keep(rule.name, found.kept)
        return found

    def _expiry(
        self, versions: Sequence[PackageVersion], rules: Sequence[RetentionRule]
    ) -> expiry_lines.ExpiryFindings:
        found = expiry_lines.expiry_findings(self.package, versions, rules, self._reads(), self.now)
        for name, number in found.kept.items():
            self._keep(name, number)
        return found

    def _to_judge(
        self, staying: Sequence[PackageVersion], rules: Sequence[PromotionRule]
    ) -> list[PlanLine]:
        published = [one for one in staying if one.status == "Published"]
        if not (rules and published):
            return []
        return promotion_lines.to_judge(self.package, published, rules, self.records(), self.now)

    def _listed(self) -> list[PackageVersion]:
        if lists_by_time(self.package, self.to.policy):
            return self.to.times.versions_by_time(self.package)
        return self.to.codeartifact.versions(self.package)

    def _reads(self) -> RetentionReads:
        return RetentionReads(
            codeartifact=self.to.codeartifact,
            times=self.to.times,
            policy=self.to.policy,
            locked=self.to.locked,
            ledger=_ReadOnce(self.to.ledger, self.exemptions),
            records=None if self.to.records is None else lambda _: self.records(),
        )

    def exemptions(self) -> list[Exemption]:
        """Return the exemptions of the package, without asking if there can be none."""
        if self._exemptions is None:
            possible = self.to.exemptions.possible(self.now)
            self._exemptions = self.to.ledger.exemptions(self.package) if possible else []
        return self._exemptions

    def records(self) -> list[Record]:
        """Return what promotion has decided about the package."""
        if self._records is None:
            records = self.to.records
            self._records = [] if records is None else records.of_package(self.package)
        return self._records

    def _asked(self) -> Asked:
        return Asked(self.exemptions, self._known, self._group)

    def _known(self) -> frozenset[str]:
        if self._told is None:
            self._told = self.to.ledger.told(self.package)
        return self._told

    def _group(self) -> AssociatedGroup:
        return self.to.codeartifact.group_of(self.package)

    def _reports(self, rule: OriginRule, versions: Sequence[PackageVersion]) -> list[PlanLine]:
        """Return the line about those of *versions* that nobody was told of, if there are any."""
        new = origin_lines.untold(versions, self._asked())
        self._keep(rule.name, len(versions) - len(new))
        return [origin_lines.report_line(self.package, rule, new)] if new else []

    def _free(self, wanted: Sequence[Wanted], rules: Sequence[PromotionRule]) -> list[Wanted]:
        """
        Return what of *wanted* is about versions that nothing keeps.

        What a person has exempted stays, whoever wants something of it. What promotion has approved
        is in use until it has been copied; that does not keep what came from outside and should not
        have.
        """
        if not wanted:
            return []
        exempt = {one.version for one in self.exemptions() if one.in_force(self.now)}
        approved = promotion_lines.approved(self.records(), rules) if rules else {}
        free: list[Wanted] = []
        for one in wanted:
            name, revision = one.version.version, one.version.revision
            in_use = one.automation != origins.AUTOMATION and approved.get(name) == revision
            if name in exempt or (name in approved and in_use):
                self._keep(one.rule, 1)
            else:
                free.append(one)
        return free

    def _keep(self, rule: str, number: int) -> None:
        if number:
            self._kept[rule] = self._kept.get(rule, 0) + number


class _ReadOnce(ObservedLedger):
    """The ledger for the gathering of one package: its exemptions are read once for everybody."""

    def __init__(self, ledger: Ledger, exemptions: Callable[[], list[Exemption]]) -> None:
        super().__init__(ledger)
        self._of_package = exemptions

    def exemptions(self, package: Package) -> list[Exemption]:  # noqa: ARG002  the interface
        """See :class:`steward.ledger.Ledger`."""
        return self._of_package()


def _log_planned(line: PlanLine) -> None:
    log = PackageLog(line.package)
    said: dict[str, object] = {
        "action": line.action,
        "automation": line.automation,
        "rule": line.rule,
        "reason": line.reason,
    }
    if line.before is not None:
        said |= {"before": str(line.before), "after": str(line.after)}
    names = [one.version for one in line.versions]
    for start in range(0, max(len(names), 1), VERSIONS_PER_LINE):
        some = names[start : start + VERSIONS_PER_LINE]
        log.info("planned", **said, **({"versions": some} if some else {}))
