"""Promotions in memory: packages, OSV, the endpoint, and a copier that does as told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from promote_versions import messages
from promote_versions.app import promote_in_batch
from promote_versions.collaborators import Collaborators
from promote_versions.facts import Vulnerability
from promote_versions.messages import CopyOrder
from promote_versions.osv import OsvAnswer
from promote_versions.queues import ObservedCopiesQueue
from promote_versions.records import (
    Approval,
    ApprovalDecision,
    Record,
    State,
)
from promote_versions.seen import destined
from promote_versions.topology import Groups, Topology
from steward.batches import BatchResponse
from steward.codeartifact import CodeArtifact, ObservedCodeArtifact
from steward.coordinates import Origin, Package, PackageVersion, Repository, Status
from steward.endpoint_releases import Release
from steward.errors import CodeArtifactError
from steward.ledger import Ledger, ObservedLedger
from steward.patterns import parse
from steward.policy import Policy
from steward.promotion_notices import NotPromoted
from steward.promotion_rules import PromotionRule, Recall, Requirements
from steward.repositories import ExternalConnection, RepositoryDescription
from steward.version_contents import Asset, Assets, Dependency, Description, Licence
from tests.unit.fake_origin_domain import (
    FakeCodeArtifact,
    FakeLedger,
    Held,
    RecordingAttention,
    not_found,
)
from tests.unit.fake_records import FakeRecords

OWNER: Final = "012345678901"
NOW: Final = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
INTAKE: Final = Repository("my-company", OWNER, "npm-intake")
APPROVED: Final = "npm-approved"
PUBLIC: Final = Origin("EXTERNAL", None, "public:npmjs")
DIGEST: Final = "d" * 64


def package(name: str = "left-pad", namespace: str | None = None) -> Package:
    """Return an npm package of the intake repository."""
    return Package(INTAKE, "npm", namespace, name)


def rule(
    require: Requirements | None = None,
    *,
    name: str = "approve",
    patterns: Sequence[str] = ("/npm/*",),
    source: str = INTAKE.name,
    to: str = APPROVED,
    digest: str = "1",
    include_dependencies: bool = False,
    recall: Recall = "report",
) -> PromotionRule:
    """Return a rule; without requirements, everything is let through."""
    return PromotionRule(
        name,
        tuple(map(parse, patterns)),
        source,
        to,
        require or Requirements(),
        include_dependencies,
        recall,
        digest,
    )


@dataclass
class FakeContents:
    """
    What is in versions.

    Attributes:
        calls: The operations that were called, in order.
        broken: Operations that fail.
    """

    licences: dict[str, tuple[Licence, ...]] = field(default_factory=dict)
    needs: dict[str, list[Dependency]] = field(default_factory=dict)
    revisions: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)

    def describe(self, package: Package, version: str) -> Description:
        """Describe it at the revision that `at` gives."""
        self._called("DescribePackageVersion")
        purl = package.purl(version)
        found = self.licences.get(purl, (Licence("MIT", None),))
        return Description(self._revision(purl, version), "Published", found, package.name.title())

    def assets(self, package: Package, version: str) -> Assets:
        """Return one asset."""
        self._called("ListPackageVersionAssets")
        asset = Asset("package.tgz", 1, {"SHA-256": "a" * 64})
        return Assets(self._revision(package.purl(version), version), {asset.name: asset})

    def dependencies(self, package: Package, version: str) -> list[Dependency]:
        """Return what was said that it needs."""
        self._called("ListPackageVersionDependencies")
        return self.needs.get(package.purl(version), [])

    def _revision(self, purl: str, version: str) -> str:
        return self.revisions.get(purl, f"r-{version}")

    def _called(self, operation: str) -> None:
        self.calls.append(operation)
        if operation in self.broken:
            raise CodeArtifactError(operation, "InternalServerException", "of a test")


@dataclass
class FakeEndpoint:
    """The endpoint: everything was released long ago, unless told otherwise."""

    releases_of: dict[str, Release] = field(default_factory=dict)
    asked: list[list[str]] = field(default_factory=list)
    broken: bool = False

    def releases(self, package: Package, versions: Sequence[str]) -> Mapping[str, Release]:
        """Return what was said, or a time of last year."""
        self.asked.append(list(versions))
        if self.broken:
            raise CodeArtifactError("GetAuthorizationToken", "AccessDenied", "of a test")
        old = Release(NOW - timedelta(days=365))
        return {one: self.releases_of.get(package.purl(one), old) for one in versions}


@dataclass
class FakeOsv:
    """OSV: nothing is known, unless told otherwise."""

    known: dict[str, tuple[Vulnerability, ...]] = field(default_factory=dict)
    asked: list[list[str]] = field(default_factory=list)
    down: bool = False

    def ask(
        self,
        package: Package,
        versions: Sequence[str],
        *,
        of_package: bool = False,
        spelt: str | None = None,
    ) -> OsvAnswer:
        """Return what was said."""
        assert (spelt is not None) == (package.format == "nuget")
        self.asked.append(list(versions))
        if self.down:
            raise CodeArtifactError("querybatch", "Timeout", "OSV is down")
        everything = tuple(one for found in self.known.values() for one in found)
        return OsvAnswer(
            {one: self.known.get(package.purl(one), ()) for one in versions},
            everything if of_package else (),
        )


@dataclass
class FakeRepositories:
    """How repositories are connected; one that nobody mentioned has no connection."""

    described: dict[str, RepositoryDescription] = field(default_factory=dict)
    calls: int = 0

    def describe(self, repository: Repository) -> RepositoryDescription:
        """Return what was said."""
        self.calls += 1
        nothing = RepositoryDescription(repository.name, (), ())
        return self.described.get(repository.name, nothing)

    def open_a_way(self, to: str = APPROVED, upstream: str = INTAKE.name) -> None:
        """The destination gets an upstream."""
        self.described[to] = RepositoryDescription(to, (upstream,), ())
        connection = ExternalConnection("public:npmjs", "npm")
        self.described[upstream] = RepositoryDescription(upstream, (), (connection,))


@dataclass
class RecordingPromotionsQueue:
    """The judge's own queue: what it asked itself for."""

    looks: list[Package] = field(default_factory=list)
    rechecks: list[Package] = field(default_factory=list)
    continued: list[str] = field(default_factory=list)
    again: list[tuple[Package, timedelta]] = field(default_factory=list)

    def look(
        self, *packages: Package, request: str | None = None, policy_digest: str | None = None
    ) -> None:
        """Remember them; the judge has no requests of its own."""
        assert (request, policy_digest) == (None, None)
        self.looks += packages

    def recheck(self, *packages: Package) -> None:
        """Remember them."""
        self.rechecks += packages

    def continue_recheck(self, after: str) -> None:
        """Remember it."""
        self.continued.append(after)

    def look_again(self, package: Package, *, after: timedelta) -> None:
        """Remember it."""
        self.again.append((package, after))


@dataclass
class RecordingCopies:
    """The copier's queue."""

    orders: list[CopyOrder] = field(default_factory=list)
    before: Callable[[], None] = lambda: None

    def order(self, *orders: CopyOrder) -> None:
        """Remember them."""
        self.before()
        self.orders += orders


@dataclass
class RecordingPromotionNotices:
    """The bus: what was announced, in order."""

    announced: list[tuple[object, ...]] = field(default_factory=list)

    def versions_promoted(
        self, package: Package, revisions: Mapping[str, str], *, to: str, rule: str
    ) -> None:
        """Remember it."""
        self.announced.append(("promoted", package.name, sorted(revisions), to, rule))

    def versions_held(
        self, package: Package, held: Sequence[NotPromoted], *, to: str, rule: str
    ) -> None:
        """Remember it."""
        self.announced += [("held", package.name, one.version, to, rule) for one in held]

    def versions_refused(
        self, package: Package, refused: Sequence[NotPromoted], *, to: str, rule: str
    ) -> None:
        """Remember it."""
        self.announced += [("refused", package.name, one.version, to, rule) for one in refused]

    def versions_recalled(
        self,
        package: Package,
        findings: Mapping[str, Sequence[str]],
        *,
        action: str,
        to: str,
        rule: str,
    ) -> None:
        """Remember it."""
        self.announced.append((action, package.name, sorted(findings), to, rule))

    def bypass_found(self, package: Package, reason: str, *, to: str, rule: str) -> None:
        """Remember it."""
        assert reason
        self.announced.append(("bypass", package.name, to, rule))


def _no_groups(domain: str, domain_owner: str) -> Groups:
    raise AssertionError((domain, domain_owner))


class PromotionStage:
    """Everything around the judge, replaced by something that remembers."""

    def __init__(self, *rules: PromotionRule, observe: bool = False) -> None:
        self.now = NOW
        self.codeartifact = FakeCodeArtifact()
        self.contents = FakeContents()
        self.endpoint = FakeEndpoint()
        self.osv = FakeOsv()
        self.repositories = FakeRepositories()
        self.records = FakeRecords(now=lambda: self.now)
        self.queue = RecordingPromotionsQueue()
        self.copies = RecordingCopies()
        self.ledger = FakeLedger(now=lambda: self.now)
        self.notices = RecordingPromotionNotices()
        self.attention = RecordingAttention()
        gateway: CodeArtifact = self.codeartifact
        ledger: Ledger = self.ledger
        self.to = Collaborators(
            codeartifact=ObservedCodeArtifact(gateway) if observe else gateway,
            contents=self.contents,
            topology=Topology(self.repositories, gateway, _no_groups, monotonic=self._seconds),
            endpoint=self.endpoint,
            osv=self.osv,
            policy=Policy(digest=DIGEST, domain="my-company", promotions=rules),
            records=self.records,
            own_queue=self.queue,
            copies=ObservedCopiesQueue() if observe else self.copies,
            ledger=ObservedLedger(ledger) if observe else ledger,
            notices=self.notices,
            attention=self.attention,
            now=lambda: self.now,
        )

    def _seconds(self) -> float:
        return self.now.timestamp()

    # What there is

    def put(
        self,
        package: Package,
        *versions: str,
        status: Status = "Published",
        revision: str | None = None,
    ) -> Package:
        """*package* holds these versions, besides what it did."""
        held = self.codeartifact.held.setdefault(package, Held())
        for version in versions:
            held.versions[version] = PackageVersion(
                version, status, PUBLIC, revision or f"r-{version}"
            )
            if revision is not None:
                self.contents.revisions[package.purl(version)] = revision
        return package

    def needs(self, package: Package, version: str, **requirements: str) -> None:
        """A version depends on packages without a scope, at versions in these ranges."""
        self.contents.needs[package.purl(version)] = [
            Dependency(None, name.replace("_", "-"), "regular", text)
            for name, text in requirements.items()
        ]

    def states(self, package: Package, rule: str = "approve") -> dict[str, State]:
        """Return the state of each version that is recorded."""
        return self.records.states(package, rule)

    def record(self, package: Package, version: str, rule: str = "approve") -> Record:
        """Return a record."""
        return self.records.held[package, version, rule]

    def there(self, package: Package, to: str = APPROVED) -> dict[str, Status]:
        """Return what the destination holds."""
        held = self.codeartifact.held.get(destined(package, to))
        return {} if held is None else {one.version: one.status for one in held.versions.values()}

    # What others do

    def say(
        self,
        decision: ApprovalDecision,
        package: Package,
        version: str,
        rule: str = "approve",
        *,
        at: datetime | None = None,
    ) -> None:
        """Somebody approves or rejects the recorded revision of a version."""
        before = self.record(package, version, rule)
        said = Approval(decision, "AIDA:anna", "because", at or self.now, before.revision)
        self.records.put(replace(before, approval=said))

    def copy_all(self) -> list[list[str]]:
        """The copier does what was ordered; return the versions of each order."""
        orders = list(self.copies.orders)
        self.copies.orders.clear()
        for order in orders:
            source = self.codeartifact.held[order.package].versions
            there = self.codeartifact.held.setdefault(destined(order.package, order.to), Held())
            for version, revision in order.revisions.items():
                record = self.record(order.package, version, order.rule)
                if (record.state, record.revision) != ("approved", revision):
                    continue
                there.versions[version] = source[version]
                copied = replace(record, state="copied", due=None, copied_at=self.now)
                self.records.put(replace(copied, copied_revision=revision))
        return [list(order.revisions) for order in orders]

    # What the judge does

    def deliver(self, *bodies: str, time_left: Callable[[], bool] = lambda: True) -> BatchResponse:
        """The judge works on one SQS batch."""
        arn = f"arn:aws:sqs:us-west-2:{OWNER}:promotions"
        records = [
            {"messageId": str(number), "body": body, "eventSourceARN": arn}
            for number, body in enumerate(bodies)
        ]
        return promote_in_batch({"Records": records}, self.to, time_left=time_left)

    def look(self, *packages: Package) -> None:
        """The judge looks at packages, as if it had asked itself for it; nothing fails."""
        assert self.deliver(*map(messages.look, packages)) == {"batchItemFailures": []}

    def event(self, *packages: Package) -> None:
        """Events of CodeArtifact name packages; nothing fails."""
        assert self.deliver(*map(event_of, packages)) == {"batchItemFailures": []}

    def recheck(self, package: Package) -> None:
        """The judge checks again what was promoted; nothing fails."""
        assert self.deliver(messages.recheck(package)) == {"batchItemFailures": []}

    def promoted(self, package: Package, *versions: str) -> Package:
        """The package's versions have been judged, approved and copied; nothing is counted yet."""
        self.put(package, *versions)
        self.look(package)
        self.copy_all()
        assert set(self.there(package)) >= set(versions)
        self.forget()
        return package

    def forget(self) -> None:
        """Nothing was asked, told or announced yet."""
        for calls in (
            self.codeartifact.calls,
            self.contents.calls,
            self.endpoint.asked,
            self.osv.asked,
            self.records.calls,
            self.attention.messages,
            self.notices.announced,
        ):
            calls.clear()


def event_of(package: Package) -> str:
    """Return the body of a message with an event of CodeArtifact about *package*."""
    own = messages.look(package)
    return own.replace("codeartifact.steward", "aws.codeartifact").replace(
        "Look Again At Package", "CodeArtifact Package Version State Change"
    )


def names(orders: Iterable[CopyOrder]) -> list[list[str]]:
    """Return the package URLs of the versions of each order."""
    return [[order.package.purl(one) for one in order.revisions] for order in orders]


__all__ = ["NOW", "PromotionStage", "names", "not_found", "package", "rule"]
