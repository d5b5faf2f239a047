"""Packages with origins and restrictions in memory, and all else that the automation needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from enforce_origin_controls.collaborators import Collaborators
from steward.attention import Delivery
from steward.codeartifact import (
    AssociatedGroup,
    CodeArtifact,
    ObservedCodeArtifact,
    Refusal,
    RefusalCode,
    StatusChanges,
    TargetStatus,
)
from steward.coordinates import (
    Origin,
    OriginType,
    Package,
    PackageVersion,
    Repository,
    Restrictions,
    Status,
)
from steward.errors import CodeArtifactError, PackageNotFoundError, StatusUpdateInterruptedError
from steward.ledger import (
    NO_EXEMPTIONS,
    Change,
    Exemption,
    ExemptionsAt,
    Ledger,
    Mark,
    Marks,
    ObservedLedger,
)
from steward.patterns import parse
from steward.policy import OriginRule, Policy
from steward.promotion_rules import PromotionRule
from tests.unit.recorders import RecordingQueue

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
OWNER = "012345678901"
REPOSITORY = Repository("my-company", OWNER, "npm-internal")
OPEN = Restrictions("ALLOW", "ALLOW")
INTERNAL = Restrictions("ALLOW", "BLOCK")
PUBLIC = Restrictions("BLOCK", "ALLOW")
CLOSED = Restrictions("BLOCK", "BLOCK")

OUTSIDE = Origin("EXTERNAL", None, "public:npmjs")
HERE = Origin("INTERNAL", "npm-internal")
ELSEWHERE = Origin("INTERNAL", "npm-shared")
UNKNOWN = Origin("UNKNOWN")

ROOT_GROUP = AssociatedGroup(
    "/*",
    "STRONG",
    {"PUBLISH": "ALLOW", "EXTERNAL_UPSTREAM": "ALLOW", "INTERNAL_UPSTREAM": "ALLOW"},
)

ARCHIVING = OriginRule(
    "origins[0]", (parse("/npm/mycompany/*"),), ("*",), "internal", "ALLOW", "BLOCK", "archive"
)
REPORTING = OriginRule(
    "origins[1]", (parse("/npm/reported/*"),), ("*",), "internal", "ALLOW", "BLOCK", "report"
)
PUBLIC_RULE = OriginRule(
    "origins[2]", (parse("/npm/public/*"),), ("*",), "public", "BLOCK", "ALLOW"
)
EXPLICIT = OriginRule("origins[3]", (parse("/npm/explicit/*"),), ("*",), "explicit", "BLOCK", None)
INFERRED = OriginRule("origins[4]", (parse("/npm/inferred/*"),), ("*",), "inferred")
POLICY = Policy(
    digest="digest",
    domain="my-company",
    origins=(ARCHIVING, REPORTING, PUBLIC_RULE, EXPLICIT, INFERRED),
    promotions=(PromotionRule("approved", (parse("/*"),), "npm-intake", "npm-approved"),),
)


def named(
    namespace: str = "mycompany", name: str = "ui", repository: str = "npm-internal"
) -> Package:
    """Return an npm package; its namespace decides which rule of `POLICY` is its."""
    return Package(Repository("my-company", OWNER, repository), "npm", namespace, name)


def version(text: str, origin: Origin = OUTSIDE, status: Status = "Published") -> PackageVersion:
    """Return a version of a certain origin."""
    return PackageVersion(text, status, origin)


def exempted(
    package: Package, one: str | None = None, *, days: float = 7, made: datetime = NOW
) -> Exemption:
    """Return an exemption of a version or of the restrictions."""
    return Exemption(
        package, one, "origins[0]", "anna", "we need it", made, made + timedelta(days=days)
    )


@dataclass
class Held:
    """What CodeArtifact holds of one package."""

    restrictions: Restrictions = OPEN
    versions: dict[str, PackageVersion] = field(default_factory=dict)
    group: AssociatedGroup = ROOT_GROUP


@dataclass
class FakeCodeArtifact:
    """
    CodeArtifact, as the gateway shows it.

    Attributes:
        held: What there is.
        calls: The operations that were called, in order.
        refusals: Versions whose status cannot be changed, with the code.
        before: Called before each call with the operation's name; may change or raise.
        page: How many packages a page of ListPackages holds.
    """

    held: dict[Package, Held] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    refusals: dict[str, RefusalCode] = field(default_factory=dict)
    before: Callable[[str], None] = lambda _: None
    page: int = 1000
    batch: int = 100

    def versions(
        self, package: Package, *, origin: OriginType | None = None
    ) -> list[PackageVersion]:
        """Return those of the origin that is asked for."""
        self._called("ListPackageVersions")
        found = self._held("ListPackageVersions", package).versions.values()
        return [one for one in found if origin in (None, one.origin.type)]

    def restrictions(self, package: Package) -> Restrictions:
        """Return what was written last."""
        self._called("DescribePackage")
        return self._held("DescribePackage", package).restrictions

    def put_restrictions(self, package: Package, restrictions: Restrictions) -> bool:
        """Write, and make the package if it does not exist."""
        self._called("PutPackageOriginConfiguration")
        self.held.setdefault(package, Held()).restrictions = restrictions
        return True

    def packages(self, repository: Repository) -> Iterator[list[tuple[Package, Restrictions]]]:
        """Yield pages; an empty repository has one empty page."""
        rows = [
            (package, held.restrictions)
            for package, held in self.held.items()
            if package.repository == repository
        ]
        for start in range(0, max(len(rows), 1), self.page):
            self._called("ListPackages")
            yield rows[start : start + self.page]

    def group_of(self, package: Package) -> AssociatedGroup:
        """Return the package's group, the root group for one that does not exist."""
        self._called("GetAssociatedPackageGroup")
        return self.held.get(package, Held()).group

    def set_status(
        self,
        package: Package,
        versions: Sequence[PackageVersion],
        target: TargetStatus,
        *,
        pinned: bool = False,
    ) -> StatusChanges:
        """Change the versions that are as they were seen, 100 a call."""
        del pinned  # contents never change here
        changed: list[PackageVersion] = []
        refused: list[Refusal] = []
        for start in range(0, len(versions), self.batch):
            try:
                self._called("UpdatePackageVersionsStatus")
                held = self._held("UpdatePackageVersionsStatus", package)
            except CodeArtifactError as error:
                if changed or refused:
                    done = StatusChanges(tuple(changed), tuple(refused))
                    raise StatusUpdateInterruptedError(error, done) from error
                raise
            for one in versions[start : start + self.batch]:
                now = held.versions.get(one.version)
                code = self.refusals.get(one.version)
                if code is None and now is None:
                    code = "NOT_FOUND"
                if code is None and now is not None and now.status != one.status:
                    code = "MISMATCHED_STATUS"
                if code is not None:
                    refused.append(Refusal(one, code, f"{code} of a test"))
                    continue
                held.versions[one.version] = PackageVersion(one.version, target, one.origin)
                changed.append(one)
        return StatusChanges(tuple(changed), tuple(refused))

    def statuses(self, package: Package) -> dict[str, Status]:
        """Return the status of each version; no call."""
        return {one.version: one.status for one in self.held[package].versions.values()}

    def _held(self, operation: str, package: Package) -> Held:
        if package not in self.held:
            raise not_found(operation)
        return self.held[package]

    def _called(self, operation: str) -> None:
        self.calls.append(operation)
        self.before(operation)


def not_found(operation: str) -> PackageNotFoundError:
    """Return the error of a package that does not exist."""
    return PackageNotFoundError(operation, "ResourceNotFoundException", "of a test")


def throttled(operation: str) -> CodeArtifactError:
    """Return the error of a call too many."""
    return CodeArtifactError(operation, "ThrottlingException", "of a test")


@dataclass
class FakeLedger:
    """
    The ledger in memory.

    Attributes:
        reads: How often it was read.
        before: Called before each use with the method's name; may raise.
    """

    now: Callable[[], datetime]
    exempt_ones: list[Exemption] = field(default_factory=list)
    recorded: list[Change] = field(default_factory=list)
    marked: list[Mark] = field(default_factory=list)
    told_until: dict[tuple[Package, str], datetime] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None

    def exemptions(self, package: Package) -> list[Exemption]:
        """Return them all, expired ones too."""
        self.reads.append("exemptions")
        self.before("exemptions")
        return [one for one in self.exempt_ones if one.package == package]

    def exempt(self, exemption: Exemption) -> None:
        """Keep it."""
        self.exempt_ones.append(exemption)

    def end_exemption(self, package: Package, version: str | None) -> bool:
        """Forget it."""
        left = [one for one in self.exempt_ones if (one.package, one.version) != (package, version)]
        ended = len(left) < len(self.exempt_ones)
        self.exempt_ones = left
        return ended

    def all_exemptions(self) -> Iterator[Exemption]:
        """Yield them all."""
        yield from self.exempt_ones

    def exemptions_at(self) -> ExemptionsAt:
        """Tell of those that are there."""
        self.reads.append("exemptions_at")
        self.before("exemptions_at")
        if not self.exempt_ones:
            return NO_EXEMPTIONS
        return ExemptionsAt(
            max(one.made for one in self.exempt_ones), max(one.until for one in self.exempt_ones)
        )

    def settle_exemptions(self) -> None:
        """They are always known."""

    def record(self, changes: Sequence[Change], marks: Sequence[Mark] = ()) -> None:
        """Keep them."""
        self.before("record")
        self.recorded += changes
        self.marked += marks

    def mark(
        self, package: Package, versions: Sequence[PackageVersion], *, at: datetime, rule: str
    ) -> None:
        """Keep them."""
        self.before("mark")
        self.marked += [Mark(package, one.version, one.status, rule, at) for one in versions]

    def marks(self, package: Package) -> Marks:
        """Return what was marked."""
        self.reads.append("marks")
        self.before("marks")
        return Marks(one for one in self.marked if one.package == package)

    def changes(self, package: Package) -> list[Change]:
        """Return what was recorded, newest first."""
        self.reads.append("changes")
        self.before("changes")
        return [one for one in reversed(self.recorded) if one.package == package]

    def told(self, package: Package) -> frozenset[str]:
        """Return what is still remembered."""
        self.reads.append("told")
        self.before("told")
        return frozenset(
            key
            for (about, key), until in self.told_until.items()
            if about == package and self.now() < until
        )

    def mark_told(self, package: Package, keys: Sequence[str], *, until: datetime) -> None:
        """Remember."""
        self.before("mark_told")
        self.told_until |= {(package, key): until for key in keys}


@dataclass
class RecordingNotices:
    """The bus: what was announced, in order."""

    announced: list[tuple[object, ...]] = field(default_factory=list)

    def versions_changed(self, *about: object, **more: object) -> None:
        """Nobody calls it here."""
        raise AssertionError((about, more))

    def restrictions_changed(
        self,
        package: Package,
        before: Restrictions,
        after: Restrictions,
        *,
        automation: str,
        rule: str,
    ) -> None:
        """Remember it."""
        assert automation == "enforce_origin_controls"
        self.announced.append(("changed", package, before, after, rule))

    def external_versions_found(
        self,
        package: Package,
        versions: Sequence[PackageVersion],
        *,
        outcome: str,
        automation: str,
        rule: str,
    ) -> None:
        """Remember it."""
        assert automation == "enforce_origin_controls"
        self.announced.append((outcome, package, [one.version for one in versions], rule))

    def mixed_origin_found(
        self, package: Package, *, internal: int, external: int, automation: str, rule: str
    ) -> None:
        """Remember it."""
        assert automation == "enforce_origin_controls"
        self.announced.append(("mixed", package, internal, external, rule))


@dataclass
class RecordingAttention:
    """Whoever listens."""

    delivers: bool = True
    messages: list[tuple[str, str]] = field(default_factory=list)

    def tell(self, subject: str, text: str) -> Delivery:
        """Remember it, if it is delivered."""
        if not self.delivers:
            return "lost"
        self.messages.append((subject, text))
        return "delivered"


class OriginStage:
    """Everything around the automation, replaced by something that remembers."""

    def __init__(self, *, observe: bool = False, policy: Policy = POLICY) -> None:
        self.now = NOW
        self.codeartifact = FakeCodeArtifact()
        self.ledger = FakeLedger(now=lambda: self.now)
        self.own_queue = RecordingQueue()
        self.notices = RecordingNotices()
        self.attention = RecordingAttention()
        gateway: CodeArtifact = self.codeartifact
        ledger: Ledger = self.ledger
        self.to = Collaborators(
            codeartifact=ObservedCodeArtifact(gateway) if observe else gateway,
            policy=policy,
            ledger=ObservedLedger(ledger) if observe else ledger,
            own_queue=self.own_queue,
            notices=self.notices,
            attention=self.attention,
            now=lambda: self.now,
        )

    def put(
        self,
        package: Package,
        restrictions: Restrictions = OPEN,
        *versions: PackageVersion,
        group: AssociatedGroup = ROOT_GROUP,
    ) -> Package:
        """*package* exists with these restrictions and versions."""
        held = Held(restrictions, {one.version: one for one in versions}, group)
        self.codeartifact.held[package] = held
        return package

    def restrictions(self, package: Package) -> Restrictions:
        """Return what *package* has now; no call."""
        return self.codeartifact.held[package].restrictions
