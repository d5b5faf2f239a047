"""The copier at work on a local CodeArtifact, with its records in memory and nothing hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from promote_versions import messages
from promote_versions.copier import copy_in_batch
from promote_versions.copying import Collaborators
from promote_versions.messages import CopyOrder
from promote_versions.records import Record
from steward import patterns
from steward.attention import Delivery
from steward.codeartifact import CodeArtifactService
from steward.coordinates import Package, Repository
from steward.copies import Copies, CopyResult, CopyService, ObservedCopies
from steward.errors import QueueError
from steward.policy import Policy
from steward.promotion_notices import BusPromotionNotices, NotPromoted
from steward.promotion_rules import PromotionRule
from steward.version_contents import Assets, ServiceVersionContents
from tests.unit.fake_records import FakeRecords

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

    from tests.functional.local_codeartifact import Local

DOMAIN = "my-company"
INTAKE = Repository(DOMAIN, "012345678901", "intake")
APPROVED = Repository(DOMAIN, "012345678901", "approved")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULE = PromotionRule(
    "public-to-approved", (patterns.parse("/pypi/*"),), "intake", "approved", digest="d1"
)


def package(name: str = "one") -> Package:
    """Return a package in intake."""
    return Package(INTAKE, "pypi", None, name)


@dataclass
class Announced(BusPromotionNotices):
    """The bus: what was promoted and what was refused."""

    promoted: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    refused: list[NotPromoted] = field(default_factory=list)

    def versions_promoted(
        self, package: Package, revisions: Mapping[str, str], *, to: str, rule: str
    ) -> None:
        """Remember them."""
        assert (to, rule) == (RULE.to, RULE.name)
        self.promoted.append((package.name, dict(revisions)))

    def versions_refused(
        self, package: Package, refused: Sequence[NotPromoted], *, to: str, rule: str
    ) -> None:
        """Remember them."""
        assert (package.repository, to, rule) == (INTAKE, RULE.to, RULE.name)
        self.refused += refused


@dataclass
class Asked:
    """The judge's queue: what it was asked, and whether it can be."""

    looks: list[tuple[str, timedelta | None]] = field(default_factory=list)
    rechecks: list[str] = field(default_factory=list)
    down: bool = False

    def look(
        self, *packages: Package, request: str | None = None, policy_digest: str | None = None
    ) -> None:
        """Remember it."""
        assert (request, policy_digest) == (None, None)
        self.looks += [(one.name, None) for one in packages]

    def look_again(self, package: Package, *, after: timedelta) -> None:
        """Remember it, unless the queue is down."""
        if self.down:
            raise QueueError("SendMessage", "ServiceUnavailable", "down")
        self.looks.append((package.name, after))

    def recheck(self, *packages: Package) -> None:
        """Remember it."""
        self.rechecks += [one.name for one in packages]

    def continue_recheck(self, after: str) -> None:
        """Fail: the copier never asks for that."""
        raise AssertionError(after)


@dataclass
class People:
    """Who is told."""

    told: list[tuple[str, str]] = field(default_factory=list)

    def tell(self, subject: str, text: str) -> Delivery:
        """Remember it."""
        self.told.append((subject, text))
        return "delivered"


@dataclass
class CopierDomain:
    """
    The repositories intake and approved, and the copier between them.

    Attributes:
        copied_in_order: The packages in the order in which their copies were asked for.
        before_copies: Called before each request to copy.
        distort: Makes of a version's assets what the copier is told of them.
    """

    local: Local
    records: FakeRecords = field(default_factory=FakeRecords)
    announced: Announced = field(default_factory=Announced)
    asked: Asked = field(default_factory=Asked)
    people: People = field(default_factory=People)
    policy: Policy = field(default_factory=lambda: Policy("p", DOMAIN, promotions=(RULE,)))
    pace: Callable[[], None] = lambda: None
    now: datetime = NOW
    copied_in_order: list[str] = field(default_factory=list)
    before_copies: Callable[[], None] = lambda: None
    distort: Callable[[Package, Assets], Assets] = lambda _, assets: assets
    counting: Lock = field(default_factory=Lock)

    def seed(
        self,
        repository: Repository,
        name: str,
        versions: Mapping[str, Mapping[str, str]],
        **more: str,
    ) -> None:
        """*repository* holds versions of a package, each with assets: name to content."""
        found = [
            {
                "version": version,
                "assets": [{"name": one, "content": text} for one, text in assets.items()],
                **more,
            }
            for version, assets in versions.items()
        ]
        packages = [{"format": "pypi", "package": name, "versions": found}]
        repositories = [{"name": repository.name, "packages": packages}]
        self.local.seed({"domains": [{"name": DOMAIN, "repositories": repositories}]})

    def approve(self, name: str, *versions: str, **said: object) -> dict[str, Record]:
        """The records say that these versions are approved at the revisions that intake has."""
        listed = {one.version: one for one in self.gateway.versions(package(name))}
        for version in versions:
            record = Record(
                package(name),
                version,
                RULE.name,
                RULE.to,
                listed[version].revision or "",
                "approved",
                (),
                RULE.digest,
                NOW,
                due=NOW + timedelta(minutes=15),
            )
            self.records.put(replace(record, **said))  # type: ignore[arg-type]  # by name
        return {version: self.record(name, version) for version in versions}

    def order(self, name: str, *versions: str, after: Iterable[tuple[str, str]] = ()) -> CopyOrder:
        """Return an order of what the records say."""
        revisions = {one: self.record(name, one).revision for one in versions}
        needed = tuple((package(other), version) for other, version in after)
        return CopyOrder(package(name), RULE.name, RULE.to, revisions, needed, NOW)

    def record(self, name: str, version: str) -> Record:
        """Return what is recorded."""
        found = self.records.find(package(name), version, RULE.name)
        assert found is not None
        return found

    def deliver(
        self,
        *orders: CopyOrder | str,
        observe: bool = False,
        time_left: Callable[[], bool] = lambda: True,
    ) -> list[str]:
        """The copier works on a batch; return the numbers of the messages that stay."""
        batch = {
            "Records": [
                {
                    "messageId": str(number),
                    "body": order if isinstance(order, str) else messages.body_of(order),
                }
                for number, order in enumerate(orders)
            ]
        }
        copies: Copies = ObservedCopies() if observe else self
        response = copy_in_batch(batch, self.collaborators(copies), time_left=time_left)
        return [item["itemIdentifier"] for item in response["batchItemFailures"]]

    def copy(
        self, package: Package, to: str, revisions: Mapping[str, str], *, overwrite: bool = False
    ) -> CopyResult:
        """Copy, after what others do."""
        with self.counting:
            self.copied_in_order.append(package.name)
        self.before_copies()
        service = CopyService(self.local.client(), self.pace)
        return service.copy(package, to, revisions, overwrite=overwrite)

    def collaborators(self, copies: Copies) -> Collaborators:
        """Return what the copier talks to."""
        return Collaborators(
            codeartifact=self.gateway,
            contents=_Distorted(self.local.client(), self.distort),
            copies=copies,
            pace_of_lists=lambda: None,
            policy=self.policy,
            records=self.records,
            queue=self.asked,
            notices=self.announced,
            attention=self.people,
            now=lambda: self.now,
        )

    @property
    def gateway(self) -> CodeArtifactService:
        """The gateway, by which tests look too."""
        return CodeArtifactService(self.local.client())

    def there(self, name: str = "one") -> dict[str, str]:
        """Return the status of each version that approved holds of a package."""
        found = Package(APPROVED, "pypi", None, name)
        return {one.version: one.status for one in self.gateway.versions(found)}

    def assets_there(self, name: str, version: str) -> set[str]:
        """Return the names of a version's assets in approved."""
        held = Package(APPROVED, "pypi", None, name)
        return set(ServiceVersionContents(self.local.client()).assets(held, version).assets)


class _Distorted(ServiceVersionContents):
    """What is in versions, made into something else."""

    def __init__(
        self, client: CodeArtifactClient, distort: Callable[[Package, Assets], Assets]
    ) -> None:
        super().__init__(client)
        self._distort = distort

    def assets(self, package: Package, version: str) -> Assets:
        """Return them distorted."""
        return self._distort(package, super().assets(package, version))


def open_domain(local: Local) -> CopierDomain:
    """Return the domain with its two repositories, empty."""
    client = local.client()
    client.create_domain(domain=DOMAIN)
    for repository in (INTAKE, APPROVED):
        client.create_repository(domain=DOMAIN, repository=repository.name)
    return CopierDomain(local)
