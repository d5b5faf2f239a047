"""The origin controls at work on a local CodeArtifact, in one process, with nothing hidden."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, cast

import botocore.session
import httpx
from botocore.config import Config

from emulator import requests
from emulator.core import packages, seed, versions
from emulator.core.errors import ResourceNotFound
from emulator.core.state import State
from emulator.core.values import DomainId, PackageId, RepositoryId
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
from steward.policy import OriginRule, Policy, PromotionRoute
from tests.unit.fake_origin_domain import FakeLedger, RecordingAttention, RecordingNotices

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

ACCOUNT = "012345678901"
DOMAIN = "my-company"
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
    promotions=(PromotionRoute("approved", (patterns.parse("/npm/*"),), "npm-intake", APPROVED),),
)

_numbers = count()


@dataclass
class OriginDomain:
    """
    The domain under test, and everything that the automation said and kept.

    Attributes:
        queued: The events of CodeArtifact since they were last taken, in order.
        looks: What the automation asked itself to look at again, and when.
        now: The time as the automation sees it.
    """

    http: httpx.Client
    state: State
    client: CodeArtifactClient
    queued: list[Mapping[str, object]] = field(default_factory=list)
    looks: list[tuple[Package, timedelta]] = field(default_factory=list)
    now: datetime = NOW

    def __post_init__(self) -> None:
        """Nothing was kept or said yet."""
        self._forget_everything_said()

    def start_again(self) -> None:
        """Nothing is queued, remembered or counted, no fault is in force, and it is `NOW`."""
        self.http.put("/_emulator/faults", json={}).raise_for_status()
        self.take_queued()
        self._forget_everything_said()
        self.now = NOW
        self.forget_requests()

    def _forget_everything_said(self) -> None:
        self.looks.clear()
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
        repository = found[0][0].repository.name
        document = {
            "name": repository,
            "packages": [
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
        }
        seed.apply(self.state, {"domains": [{"name": DOMAIN, "repositories": [document]}]})

    def restrictions(self, package: Package) -> Restrictions | None:
        """Return what *package* has, ``None`` if it does not exist; no request."""
        held = packages.find(self.state, *_ids(package))
        if held is None:
            return None
        return Restrictions(held.restrictions.publish, held.restrictions.upstream)

    def statuses(self, package: Package) -> dict[str, Status]:
        """Return the status of each version that *package* holds, if it exists; no request."""
        try:
            found = versions.all_of(self.state, *_ids(package))
        except ResourceNotFound:
            return {}
        return {each.version: each.status for each in found}

    # What the automation does

    def event(self, package: Package) -> dict[str, object]:
        """Return an event that names *package*; nothing else in it is true."""
        sample = json.loads(messages.look_again(package))
        sample |= {"source": messages.SOURCE, "detail-type": messages.DETAIL_TYPE}
        return cast("dict[str, object]", sample)

    def deliver(
        self, *events: Mapping[str, object], mode: str = "enforce", policy: Policy = POLICY
    ) -> BatchResponse:
        """The automation works on one SQS batch of *events*."""
        records = [
            {"messageId": str(number), "body": json.dumps(event)}
            for number, event in enumerate(events)
        ]
        return enforce_in_batch({"Records": records}, self.collaborators(mode, policy))

    def look(self, package: Package) -> BatchResponse:
        """The automation looks at *package* once, for an event."""
        return self.deliver(self.event(package))

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
        return list(enforce_in_repository(repository, self.collaborators(mode, POLICY), deep=deep))

    def collaborators(self, mode: str = "enforce", policy: Policy = POLICY) -> Collaborators:
        """Return what the automation talks to in *mode*."""
        service: CodeArtifact = CodeArtifactService(self.client)
        enforcing = mode == "enforce"
        return Collaborators(
            codeartifact=service if enforcing else ObservedCodeArtifact(service),
            policy=policy,
            ledger=self.ledger if enforcing else ObservedLedger(self.ledger),
            own_queue=_Looks(self.looks),
            notices=self.notices,
            attention=self.attention,
            now=lambda: self.now,
        )

    def take_queued(self) -> list[Mapping[str, object]]:
        """Return CodeArtifact's events since the last time; every due one has arrived."""
        assert self.state.events.drain()
        taken = list(self.queued)
        self.queued.clear()
        return taken

    # What it costs

    def requests(self) -> Mapping[str, int]:
        """Return the calls since they were last forgotten, by operation."""
        return requests.counted(self.state)

    def forget_requests(self) -> None:
        """Count calls from zero again."""
        requests.forget(self.state)

    @contextmanager
    def faults(self, **document: object) -> Iterator[None]:
        """Set faults for the length of a block."""
        self.http.put("/_emulator/faults", json=document).raise_for_status()
        try:
            yield
        finally:
            self.http.put("/_emulator/faults", json={}).raise_for_status()


class _Looks:
    """The automation's own queue, which only remembers."""

    def __init__(self, looks: list[tuple[Package, timedelta]]) -> None:
        self._looks = looks

    def look_again(self, package: Package, *, after: timedelta) -> None:
        self._looks.append((package, after))


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


def _ids(package: Package) -> tuple[RepositoryId, PackageId]:
    return (
        RepositoryId(DomainId(ACCOUNT, DOMAIN), package.repository.name),
        PackageId(package.format, package.namespace or "", package.name),
    )


def watch(url: str, state: State) -> OriginDomain:
    """Return the domain, newly made, on the local CodeArtifact at *url*."""
    session = botocore.session.Session()
    session.set_credentials("dummy", "dummy")
    client = session.create_client(
        "codeartifact",
        region_name="us-west-2",
        endpoint_url=url,
        config=Config(retries={"mode": "standard", "total_max_attempts": 1}),
    )
    client.create_domain(domain=DOMAIN)
    domain = OriginDomain(httpx.Client(base_url=url), state, client)
    state.events.subscribe(domain.queued.append)
    return domain
