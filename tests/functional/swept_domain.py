"""The two halves of a sweep on a local CodeArtifact, package by package, with nothing hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, TypedDict

import httpx
from botocore.exceptions import ClientError

from emulator.core.state import State
from promote_versions.records import Record
from promote_versions.records import State as RecordState
from steward import patterns
from steward.batches import BatchResponse
from steward.codeartifact import CodeArtifactService
from steward.coordinates import Format, Package, Repository, Restrictions, Status
from steward.ledger import Exemption
from steward.policy import OriginRule, Policy, SnapshotRule
from steward.promotion_rules import PromotionRule
from steward.published_times import ServicePublishedTimes
from steward.removals import RemovalService
from steward.retention_rules import RetentionRule, Step
from sweep_repositories.applying import Applied, Applying, apply_lines
from sweep_repositories.gathering import Gathering, gather_package, needs_a_look
from sweep_repositories.plan_lines import PackagePlan, PlanLine
from tests.functional.watched_domain import ACCOUNT, DOMAIN, WatchedDomain, where
from tests.unit.fake_origin_domain import FakeLedger, RecordingAttention, RecordingNotices
from tests.unit.fake_promotions import RecordingPromotionsQueue

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
OPEN = Restrictions("ALLOW", "ALLOW")
INTERNAL = Restrictions("ALLOW", "BLOCK")
PUBLIC = Restrictions("BLOCK", "ALLOW")
CLOSED = Restrictions("BLOCK", "BLOCK")

_numbers = count()


class Seeded(TypedDict, total=False):
    """A version as it is seeded, beyond its name."""

    status: Status
    published: datetime
    outside: bool


def snapshots(pattern: str = "/*") -> SnapshotRule:
    """Return the rule that unlists replaced builds of packages."""
    return SnapshotRule("snapshots[0]", (patterns.parse(pattern),), ("*",), timedelta(hours=1))


def origin(kind: Any, external: Any = "archive") -> OriginRule:  # noqa: ANN401  words of the rule
    """Return the origins rule for all packages."""
    publish: Any = {"internal": "ALLOW", "public": "BLOCK"}.get(kind)
    upstream: Any = {"internal": "BLOCK", "public": "ALLOW"}.get(kind)
    return OriginRule(
        "origins[0]", (patterns.parse("/*"),), ("*",), kind, publish, upstream, external
    )


def retention(*then: Step, **more: Any) -> RetentionRule:  # noqa: ANN401  fields of the rule
    """Return a retention rule that keeps the newest version only, unless told otherwise."""
    rule = RetentionRule(
        name="retention[0]",
        packages=(patterns.parse("/*"),),
        repositories=("*",),
        versions=("all",),
        keep_newest=1,
        keep_younger_than=None,
        release_grace=None,
        keep=(),
        lockfiles=(),
        keep_promoted=True,
        unfinished_after=timedelta(days=7),
        then=then or (Step("delete"),),
    )
    return replace(rule, **more)


def promotion(source: str, to: str = "approved") -> PromotionRule:
    """Return a promotions rule for all packages of *source*."""
    return PromotionRule(f"to-{to}", (patterns.parse("/*"),), source, to)


def policy(**sections: Any) -> Policy:  # noqa: ANN401  sections of the policy
    """Return a policy of some rules."""
    return Policy(digest="0" * 64, domain=DOMAIN, **sections)


@dataclass
class SweptNotices(RecordingNotices):
    """The bus, on which versions are announced too."""

    def versions_changed(self, *about: Any, **more: Any) -> None:  # noqa: ANN401  what the bus takes
        """Remember it."""
        package, versions = about
        names = [one.version for one in versions]
        self.announced.append((more["status"], package, names, more["automation"], more["rule"]))


@dataclass
class FakeRecords:
    """What promotion has decided."""

    known: list[Record] = field(default_factory=list)

    def of_package(self, package: Package) -> list[Record]:
        """Return all records of *package*."""
        return [one for one in self.known if one.package == package]


@dataclass
class SweptDomain(WatchedDomain):
    """The domain, and everything that the sweep said and kept."""

    now: datetime = NOW
    policy: Policy = field(default_factory=policy)

    def __post_init__(self) -> None:
        """Nothing was kept or said yet."""
        self._forget()

    def start_again(self) -> None:
        """Nothing is remembered or counted, no fault is in force, and it is `NOW`."""
        # Nobody takes the events, so there is none to wait for.
        self.http.put("/_emulator/faults", json={}).raise_for_status()
        self.looks.clear()
        self.forget_requests()
        self._forget()
        self.now, self.policy = NOW, policy()

    def _forget(self) -> None:
        self.ledger = FakeLedger(now=lambda: self.now)
        self.notices = SweptNotices()
        self.attention = RecordingAttention()
        self.records = FakeRecords()
        self.judge = RecordingPromotionsQueue()

    # What there is

    def new_repository(self) -> Repository:
        """Return a new repository."""
        repository = Repository(DOMAIN, ACCOUNT, f"repository-{next(_numbers)}")
        self.client.create_repository(domain=DOMAIN, repository=repository.name)
        return repository

    def in_repository(self, repository: Repository, name: str, package_format: Format) -> Package:
        """Return a package that *repository* does not hold yet."""
        namespace = {"maven": "com.mycompany", "npm": "mycompany"}.get(package_format)
        return Package(repository, package_format, namespace, name)

    def package(
        self,
        versions: Mapping[str, Seeded] | Iterable[str],
        *,
        restrictions: Restrictions = OPEN,
        package_format: Format = "npm",
    ) -> Package:
        """Return a package with these versions, in a new repository; nothing is counted yet."""
        package = self.in_repository(self.new_repository(), "app", package_format)
        self.hold(package, versions, restrictions=restrictions)
        self.forget_requests()
        return package

    def hold(
        self,
        package: Package,
        versions: Mapping[str, Seeded] | Iterable[str],
        *,
        restrictions: Restrictions = OPEN,
    ) -> None:
        """*package* holds *versions* in its repository."""
        held: Mapping[str, Seeded] = (
            versions if isinstance(versions, Mapping) else {one: Seeded() for one in versions}
        )
        document = {
            "format": package.format,
            "namespace": package.namespace,
            "package": package.name,
            "restrictions": {
                "publish": restrictions.publish,
                "upstream": restrictions.upstream,
            },
            "versions": [_seed(package, name, about) for name, about in held.items()],
        }
        self.seed_packages(package.repository, [document])

    def delete_version(self, package: Package, version: str) -> None:
        """Somebody deletes a version."""
        self.client.delete_package_versions(**where(package), versions=[version])

    def exempt(
        self, package: Package, version: str | None, *, made: datetime | None = None
    ) -> None:
        """Somebody wants *version* to stay as it is for a week."""
        made = made or self.now
        self.ledger.exempt(
            Exemption(package, version, "any", "anna", "needed", made, made + timedelta(days=7))
        )

    def judged(
        self, package: Package, version: str, state: RecordState, rule: PromotionRule
    ) -> None:
        """Promotion has come to *state* about *version* as it is."""
        listed = {one.version: one for one in CodeArtifactService(self.client).versions(package)}
        self.records.known.append(
            Record(
                package=package,
                version=version,
                rule=rule.name,
                to=rule.to,
                revision=listed[version].revision or "",
                state=state,
                verdicts=(),
                requirements=rule.digest,
                decided_at=self.now,
            )
        )
        self.forget_requests()

    def restrictions(self, package: Package) -> Restrictions:
        """Return what *package* has."""
        return CodeArtifactService(self.client).restrictions(package)

    # What the sweep does

    def gathering(self, **changes: Any) -> Gathering:  # noqa: ANN401  fields of the value
        """Return what is asked."""
        to = Gathering(
            codeartifact=CodeArtifactService(self.client),
            times=ServicePublishedTimes(self.client),
            policy=self.policy,
            locked={},
            ledger=self.ledger,
            exemptions=self.ledger.exemptions_at(),
            records=self.records,
            now=lambda: self.now,
        )
        return replace(to, **changes)

    def gather(self, package: Package, **changes: Any) -> PackagePlan:  # noqa: ANN401  see above
        """Return what the policy wants of *package*, whose row is listed first."""
        service = CodeArtifactService(self.client)
        rows = [row for page in service.packages(package.repository) for row in page]
        for listed, restrictions in rows:
            if listed == package and needs_a_look(package, restrictions, self.policy):
                return gather_package(package, restrictions, self.gathering(**changes))
        return PackagePlan(package)

    def applying(self, **changes: Any) -> Applying:  # noqa: ANN401  fields of the value
        """Return what lines are applied with; they were planned now."""
        to = Applying(
            codeartifact=CodeArtifactService(self.client),
            removals=RemovalService(self.client),
            ledger=self.ledger,
            exemptions=self.ledger.exemptions_at(),
            planned_at=self.now,
            promotions=self.judge,
            notices=self.notices,
            attention=self.attention,
            now=lambda: self.now,
        )
        return replace(to, **changes)

    def apply(self, lines: Sequence[PlanLine], **changes: Any) -> list[Applied]:  # noqa: ANN401  see above
        """Carry out *lines*."""
        return apply_lines(lines, self.applying(**changes))

    def sweep(self, repository: Repository) -> list[Applied]:
        """Gather and apply everything about *repository*, package by package."""
        service = CodeArtifactService(self.client)
        gathering, planned = self.gathering(), self.now
        plans = [
            gather_package(package, restrictions, gathering)
            for page in service.packages(repository)
            for package, restrictions in page
            if needs_a_look(package, restrictions, self.policy)
        ]
        to = self.applying(planned_at=planned)
        return [one for plan in plans for one in apply_lines(plan.lines, to)]

    def work_on(self, batch: Mapping[str, object], mode: str, policy: Policy) -> BatchResponse:
        """No event leads here."""
        raise AssertionError((batch, mode, policy))

    @contextmanager
    def broken(self, operation: str, *, after: int = 0) -> Iterator[None]:
        """CodeArtifact fails each call of *operation* but the first ones, for a block."""
        made = 0

        def fail() -> None:
            nonlocal made
            made += 1
            if made > after:
                error = {"Code": "InternalServerException", "Message": "out of order"}
                raise ClientError({"Error": error}, operation)

        with self.meanwhile(operation, fail):
            yield

    @contextmanager
    def meanwhile(self, operation: str, happens: Callable[[], object]) -> Iterator[None]:
        """*happens* comes to pass before each call of *operation* in a block."""
        events = self.client.meta.events
        busy: list[str] = []

        def before(**_: object) -> None:
            if busy:  # a call that is made by what happens itself
                return
            busy.append(operation)
            try:
                happens()
            finally:
                busy.clear()

        name = f"before-call.codeartifact.{operation}"
        events.register(name, before)
        try:
            yield
        finally:
            events.unregister(name, before)


def _seed(package: Package, version: str, about: Seeded) -> dict[str, object]:
    document: dict[str, object] = {"version": version, "status": about.get("status", "Published")}
    if "published" in about:
        document["publishedTime"] = about["published"].isoformat()
    if about.get("outside"):
        entry = {"externalConnectionName": "public:npmjs"}
        document["origin"] = {"originType": "EXTERNAL", "domainEntryPoint": entry}
    else:
        entry = {"repositoryName": package.repository.name}
        document["origin"] = {"originType": "INTERNAL", "domainEntryPoint": entry}
    return document


def build(number: int, base: str = "1.0") -> str:
    """Return the name of the snapshot build of that number; all were made long ago."""
    return f"{base}-20260101.{number:06d}-{number}"


def names(applied: Iterable[Applied]) -> dict[str, list[str]]:
    """Return what was changed, by action."""
    return {one.line.action: list(one.changed) for one in applied}


def watch(http: httpx.Client, state: State, client: CodeArtifactClient) -> SweptDomain:
    """Return the domain."""
    return SweptDomain(http, state, client)
