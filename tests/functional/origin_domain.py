"""The origin controls at work on a local CodeArtifact, in one process, with nothing hidden."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

import httpx

from emulator.core import packages
from emulator.core.state import State
from enforce_origin_controls.app import enforce_in_batch
from enforce_origin_controls.collaborators import Collaborators
from enforce_origin_controls.outcome import Outcome
from enforce_origin_controls.repository import enforce_in_repository
from steward import events as messages
from steward import patterns
from steward.batches import BatchResponse
from steward.codeartifact import CodeArtifact, CodeArtifactService, ObservedCodeArtifact
from steward.coordinates import (
    Origin,
    Package,
    PackageVersion,
    Repository,
    Restrictions,
    Status,
)
from steward.ledger import ObservedLedger
from steward.policy import OriginRule, Policy
from steward.promotion_rules import PromotionRule
from tests.functional.watched_domain import (
    ACCOUNT,
    DOMAIN,
    WatchedDomain,
    held_as,
    repository_id,
)
from tests.unit.fake_origin_domain import FakeLedger, RecordingAttention, RecordingNotices
from tests.unit.recorders import RecordingQueue

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
APPROVED = "npm-approved"

OPEN = Restrictions("ALLOW", "ALLOW")
INTERNAL = Restrictions("ALLOW", "BLOCK")
PUBLIC = Restrictions("BLOCK", "ALLOW")
CLOSED = Restrictions("BLOCK", "BLOCK")


def _rule(number: int, scope: str, **more: Any) -> OriginRule:  # noqa: ANN401  fields of the rule
    return OriginRule(f"origins[{number}]", (patterns.parse(f"/npm/{scope}/*"),), ("*",), **more)


POLICY = Policy(
    digest="0" * 64,
    domain=DOMAIN,
    origins=(
        _rule(
            0, "mycompany", kind="internal", publish="ALLOW", upstream="BLOCK", external="archive"
        ),
        _rule(1, "reported", kind="internal", publish="ALLOW", upstream="BLOCK", external="report"),
        _rule(2, "public", kind="public", publish="BLOCK", upstream="ALLOW"),
        _rule(3, "explicit", kind="explicit", publish="BLOCK"),
        _rule(4, "inferred", kind="inferred"),
    ),
    promotions=(PromotionRule("approved", (patterns.parse("/npm/*"),), "npm-intake", APPROVED),),
)

_numbers = count()


@dataclass
class OriginDomain(WatchedDomain):
    """The domain under test, and everything that the automation said and kept."""

    now: datetime = NOW
    policy: Policy = POLICY

    def __post_init__(self) -> None:
        """Nothing was kept or said yet."""
        self._forget_everything_said()

    def start_again(self) -> None:
        """Nothing is queued, remembered or counted, no fault is in force, and it is `NOW`."""
        super().start_again()
        self._forget_everything_said()
        self.now = NOW

    def _forget_everything_said(self) -> None:
        self.ledger = FakeLedger(now=lambda: self.now)
        self.notices = RecordingNotices()
        self.attention = RecordingAttention()

    # What there is

    def new_repository(self, name: str | None = None) -> Repository:
        """Return a new repository."""
        repository = Repository(DOMAIN, ACCOUNT, name or f"npm-{next(_numbers)}")
        self.client.create_repository(domain=DOMAIN, repository=repository.name)
        return repository

    def new_package(self, scope: str = "mycompany", name: str = "ui") -> Package:
        """Return a package that does not exist yet, in a new repository of its own."""
        return Package(self.new_repository(), "npm", scope, name)

    def seed(self, *found: tuple[Package, Restrictions, Iterable[PackageVersion]]) -> None:
        """Packages of one repository exist with these restrictions and versions; no event."""
        self.seed_packages(
            found[0][0].repository,
            [
                {
                    "format": package.format,
                    "namespace": package.namespace,
                    "package": package.name,
                    "restrictions": {
                        "publish": restrictions.publish,
                        "upstream": restrictions.upstream,
                    },
                    "versions": [_seed_version(version) for version in held],
                }
                for package, restrictions, held in found
            ],
        )

    def seeded(self, package: Package, current: Restrictions, *held: PackageVersion) -> Package:
        """Return *package*, which exists now; nothing is counted yet."""
        self.seed((package, current, held))
        self.forget_requests()
        return package

    def restrictions(self, package: Package) -> Restrictions | None:
        """Return what *package* has, ``None`` if it does not exist; no request."""
        held = packages.find(self.state, repository_id(package.repository), held_as(package))
        if held is None:
            return None
        return Restrictions(held.restrictions.publish, held.restrictions.upstream)

    # What the automation does

    def work_on(self, batch: Mapping[str, object], mode: str, policy: Policy) -> BatchResponse:
        """The automation works on a batch of SQS in *mode* by *policy*."""
        return enforce_in_batch(batch, self.collaborators(mode, policy))

    def look_again(self) -> int:
        """The automation's delayed messages arrive; return how many there were."""
        asked = [json.loads(messages.look_again(package)) for package, _ in self.looks]
        self.looks.clear()
        assert self.deliver(*asked) == {"batchItemFailures": []}
        return len(asked)

    def enforce(
        self, repository: Repository, *, deep: bool = False, mode: str = "enforce"
    ) -> list[Outcome]:
        """The automation reconciles a whole repository."""
        return list(enforce_in_repository(repository, self.collaborators(mode), deep=deep))

    def collaborators(self, mode: str = "enforce", policy: Policy | None = None) -> Collaborators:
        """Return what the automation talks to in *mode*."""
        service: CodeArtifact = CodeArtifactService(self.client)
        enforcing = mode == "enforce"
        return Collaborators(
            codeartifact=service if enforcing else ObservedCodeArtifact(service),
            policy=policy or self.policy,
            ledger=self.ledger if enforcing else ObservedLedger(self.ledger),
            own_queue=RecordingQueue(self.looks),
            notices=self.notices,
            attention=self.attention,
            now=lambda: self.now,
        )


def outside(version: str, status: Status = "Published") -> PackageVersion:
    """Return a version that came through an external connection."""
    return PackageVersion(version, status, Origin("EXTERNAL", None, "public:npmjs"))


def inside(version: str, repository: str, status: Status = "Published") -> PackageVersion:
    """Return a version that was published to *repository*."""
    return PackageVersion(version, status, Origin("INTERNAL", repository))


def _seed_version(version: PackageVersion) -> dict[str, object]:
    origin: dict[str, object] = {"originType": version.origin.type}
    if version.origin.repository:
        origin["domainEntryPoint"] = {"repositoryName": version.origin.repository}
    elif version.origin.external_connection:
        connection = version.origin.external_connection
        origin["domainEntryPoint"] = {"externalConnectionName": connection}
    return {"version": version.version, "status": version.status, "origin": origin}


def watch(http: httpx.Client, state: State, client: CodeArtifactClient) -> OriginDomain:
    """Return the watched domain; every event of CodeArtifact is queued."""
    domain = OriginDomain(http, state, client)
    state.events.subscribe(domain.queued.append)
    return domain
