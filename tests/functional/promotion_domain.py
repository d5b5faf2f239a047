"""Promotion at work on a local CodeArtifact, in one process: the judge, the copier, a local OSV."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

import httpx

from emulator.core.state import State
from emulator.external.archives import Project, sdist
from promote_versions import copying, messages
from promote_versions.app import promote_in_batch
from promote_versions.collaborators import Collaborators
from promote_versions.copier import copy_in_batch
from promote_versions.messages import CopyOrder
from promote_versions.osv import HttpOsv
from promote_versions.queues import ObservedCopiesQueue
from promote_versions.records import Approval, ApprovalDecision, Record
from promote_versions.records import State as RecordState
from promote_versions.seen import destined
from promote_versions.topology import Groups, Topology
from steward.batches import BatchResponse
from steward.codeartifact import CodeArtifact, CodeArtifactService, ObservedCodeArtifact
from steward.coordinates import Format, Package, Repository, Status
from steward.copies import CopyService, ObservedCopies
from steward.endpoint import ServiceEndpoint
from steward.ledger import ObservedLedger
from steward.package_groups import PackageGroups
from steward.policy import Policy
from steward.promotion_rules import PromotionRule, Recall, Requirements
from steward.repositories import ServiceRepositories
from steward.version_contents import ServiceVersionContents
from tests.functional.watched_domain import ACCOUNT, DOMAIN, WatchedDomain, wake
from tests.unit.fake_origin_domain import FakeLedger, RecordingAttention
from tests.unit.fake_promotions import (
    RecordingCopies,
    RecordingPromotionNotices,
    event_of,
    rule,
)
from tests.unit.fake_records import FakeRecords

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
INTAKE = Repository(DOMAIN, ACCOUNT, "intake")
APPROVED = "approved"
LONG_AGO = NOW - timedelta(days=400)

_numbers = count()


def to_approved(
    require: Requirements | None = None,
    *,
    include_dependencies: bool = False,
    recall: Recall = "report",
) -> PromotionRule:
    """Return the rule that promotes everything from `INTAKE` to `APPROVED`."""
    return rule(
        require,
        patterns=("/*",),
        source=INTAKE.name,
        to=APPROVED,
        include_dependencies=include_dependencies,
        recall=recall,
    )


@dataclass
class QueuedMessages:
    """The judge's queue: the bodies that wait, and those that SQS holds back, until when."""

    now: Callable[[], datetime]
    waiting: list[str] = field(default_factory=list)
    delayed: list[tuple[datetime, str]] = field(default_factory=list)

    def look(
        self, *packages: Package, request: str | None = None, policy_digest: str | None = None
    ) -> None:
        """Queue a look at each."""
        self.waiting += [
            messages.look(one, request=request, policy_digest=policy_digest) for one in packages
        ]

    def recheck(self, *packages: Package) -> None:
        """Queue a recheck of each."""
        self.waiting += map(messages.recheck, packages)

    def continue_recheck(self, after: str) -> None:
        """Queue the rest of a recheck."""
        self.waiting.append(messages.recheck_all(after))

    def look_again(self, package: Package, *, after: timedelta) -> None:
        """Queue a look for later."""
        self.delayed.append((self.now() + after, messages.look(package)))

    def take(self) -> list[str]:
        """Return what waits now; it is gone then."""
        arrived = [body for until, body in self.delayed if until <= self.now()]
        self.delayed = [one for one in self.delayed if one[0] > self.now()]
        taken = self.waiting + arrived
        self.waiting = []
        return taken


@dataclass
class PromotionDomain(WatchedDomain):
    """The domain under test, and everything that promotion decided, ordered, said and kept."""

    MOST_ROUNDS = 100

    now: datetime = NOW
    policy: Policy = field(default_factory=lambda: policy_of(to_approved()))

    def __post_init__(self) -> None:
        """There are an intake and a destination; nothing was decided or said yet."""
        for name in (INTAKE.name, APPROVED):
            self.client.create_repository(domain=DOMAIN, repository=name)
        self._forget_everything()

    def start_again(self) -> None:
        """Nothing is held, queued, decided or counted, no fault is in force, and it is `NOW`."""
        super().start_again()
        with self.state.store.transaction() as connection:  # the daily check lists destinations
            connection.execute("DELETE FROM packages")
        self.osv_faults()
        self.osv_knows()
        self._forget_everything()
        self.now = NOW
        self.policy = policy_of(to_approved())
        self.forget_requests()

    def _forget_everything(self) -> None:
        self.records = FakeRecords(now=lambda: self.now)
        self.ledger = FakeLedger(now=lambda: self.now)
        self.notices = RecordingPromotionNotices()
        self.attention = RecordingAttention()
        self.copies = RecordingCopies()
        self.queue = QueuedMessages(lambda: self.now)
        # One for each test: entries and topologies are kept, and tests change them.
        self.osv = HttpOsv(f"{str(self.http.base_url).rstrip('/')}/_emulator/osv")

    # What there is

    def by(self, *rules: PromotionRule) -> None:
        """These rules are deployed."""
        self.policy = policy_of(*rules)

    def new_package(self, package_format: Format = "pypi", namespace: str | None = None) -> Package:
        """Return a package of the intake that does not exist yet."""
        return Package(INTAKE, package_format, namespace, f"package-{next(_numbers)}")

    def seed(
        self, package: Package, *versions: str, released: datetime = LONG_AGO, **more: object
    ) -> Package:
        """*package* holds these versions from outside, released then; no event."""
        origin = {
            "originType": "EXTERNAL",
            "domainEntryPoint": {"externalConnectionName": "public:pypi"},
        }
        document: dict[str, object] = {
            "format": package.format,
            "package": package.name,
            "restrictions": {"publish": "ALLOW", "upstream": "ALLOW"},
            "versions": [
                {
                    "version": version,
                    "originalPublishTime": released.isoformat(),
                    "origin": origin,
                    "licenses": ["MIT"],
                    **more,
                }
                for version in versions
            ],
        }
        if package.namespace is not None:
            document["namespace"] = package.namespace
        self.seed_packages(package.repository, [document])
        return package

    def osv_knows(self, *entries: Mapping[str, object]) -> None:
        """The local OSV has these entries."""
        self.http.put("/_emulator/osv/entries", json=list(entries)).raise_for_status()

    def osv_faults(self, **faults: object) -> None:
        """The local OSV has these faults from now on."""
        self.http.put("/_emulator/osv/faults", json=faults).raise_for_status()

    def there(self, package: Package, to: str = APPROVED) -> dict[str, Status]:
        """Return what the destination holds; no request."""
        return self.statuses(destined(package, to))

    def states(self, package: Package, rule: str = "approve") -> dict[str, RecordState]:
        """Return the state of each version that is recorded."""
        return self.records.states(package, rule)

    def record(self, package: Package, version: str, rule: str = "approve") -> Record:
        """Return what is recorded of a version."""
        return self.records.held[package, version, rule]

    # What others do

    def add_sdist(self, package: Package, version: str) -> None:
        """Somebody uploads a source distribution to a version that has none."""
        project = Project(package.name, version, requires_python=">=3.11")
        file = f"{project.distribution}-{version}.tar.gz"
        answer = self.http.post(
            f"/{package.format}/d/{DOMAIN}-{ACCOUNT}/{package.repository.name}/",
            data={":action": "file_upload", "name": package.name, "version": version},
            files={"content": (file, sdist(project))},
            auth=("aws", self._token()),
        )
        answer.raise_for_status()

    def assets_of(self, package: Package, version: str) -> list[str]:
        """Return the names of a version's assets."""
        found = ServiceVersionContents(self.client).assets(package, version)
        return sorted(found.assets)

    def say(
        self, decision: ApprovalDecision, package: Package, version: str, rule: str = "approve"
    ) -> None:
        """The recorded approval or rejection of a version is written, and a look is sent."""
        before = self.record(package, version, rule)
        said = Approval(decision, "AIDA:anna", "because", self.now, before.revision)
        self.records.put(replace(before, approval=said))
        self.queue.look(package)

    # What promotion does

    def work_on(self, batch: Mapping[str, object], mode: str, policy: Policy) -> BatchResponse:
        """The judge works on a batch of SQS in *mode* by *policy*."""
        return promote_in_batch(batch, self.collaborators(mode, policy))

    def judge(self, *bodies: str) -> BatchResponse:
        """The judge works on one batch of messages."""
        return self.deliver(*(json.loads(body) for body in bodies))

    def events_of(self, *packages: Package) -> BatchResponse:
        """Events of CodeArtifact name packages that were seeded without any."""
        return self.judge(*map(event_of, packages))

    def copy(self, orders: Iterable[CopyOrder] | None = None, mode: str = "enforce") -> list[str]:
        """The copier carries out orders, those that wait if none are given; return what failed."""
        to_do = list(self.copies.orders if orders is None else orders)
        if orders is None:
            self.copies.orders.clear()
        if not to_do:
            return []
        batch = {
            "Records": [
                {"messageId": str(number), "body": messages.body_of(order)}
                for number, order in enumerate(to_do)
            ]
        }
        answer = copy_in_batch(batch, self.copier(mode))
        return [item["itemIdentifier"] for item in answer["batchItemFailures"]]

    def come_to_rest(self) -> int:
        """Everything that is queued is worked on, and all that follows; return the rounds."""
        for number in range(self.MOST_ROUNDS):
            bodies = [json.dumps(event) for event in self.take_queued()] + self.queue.take()
            if not bodies and not self.copies.orders:
                return number
            if bodies:
                assert self.judge(*bodies) == {"batchItemFailures": []}
            assert self.copy() == []
        raise AssertionError("promotion does not come to rest")

    def wait(self, duration: timedelta) -> None:
        """Time passes, and what is due then is looked at, until nothing is left to do."""
        self.now += duration
        assert self.judge(messages.due_now()) == {"batchItemFailures": []}
        self.come_to_rest()

    def recheck_everything(self) -> None:
        """The daily recheck comes, and everything that it asks for."""
        assert self.judge(messages.recheck_all()) == {"batchItemFailures": []}
        self.come_to_rest()

    def collaborators(self, mode: str = "enforce", policy: Policy | None = None) -> Collaborators:
        """Return what the judge talks to in *mode*."""
        service: CodeArtifact = CodeArtifactService(self.client)
        enforcing = mode == "enforce"
        return Collaborators(
            codeartifact=service if enforcing else ObservedCodeArtifact(service),
            contents=ServiceVersionContents(self.client),
            topology=Topology(ServiceRepositories(self.client), service, self._groups),
            endpoint=ServiceEndpoint(self.client),
            osv=self.osv,
            policy=policy or self.policy,
            records=self.records,
            own_queue=self.queue,
            copies=self.copies if enforcing else ObservedCopiesQueue(),
            ledger=self.ledger if enforcing else ObservedLedger(self.ledger),
            notices=self.notices,
            attention=self.attention,
            now=lambda: self.now,
        )

    def copier(self, mode: str = "enforce") -> copying.Collaborators:
        """Return what the copier talks to in *mode*; it need not keep to a pace."""
        service: CodeArtifact = CodeArtifactService(self.client)
        enforcing = mode == "enforce"
        return copying.Collaborators(
            codeartifact=service,
            contents=ServiceVersionContents(self.client),
            copies=CopyService(self.client, lambda: None) if enforcing else ObservedCopies(),
            pace_of_lists=lambda: None,
            policy=self.policy,
            records=self.records,
            queue=self.queue,
            notices=self.notices,
            attention=self.attention,
            now=lambda: self.now,
        )

    def _groups(self, domain: str, domain_owner: str) -> Groups:
        return PackageGroups(self.client, domain=domain, domain_owner=domain_owner)


def policy_of(*rules: PromotionRule) -> Policy:
    """Return the policy with these rules."""
    return Policy(digest="d" * 64, domain=DOMAIN, promotions=rules)


def malicious(package: Package, *versions: str) -> dict[str, object]:
    """Return OSV's entry about versions of a PyPI package that do harm."""
    return {
        "id": f"MAL-2026-{next(_numbers)}",
        "affected": [
            {"package": {"ecosystem": "PyPI", "name": package.name}, "versions": list(versions)}
        ],
    }


def vulnerable(
    package: Package, severity: str, *versions: str, fixed: Sequence[str] = ()
) -> dict[str, object]:
    """Return OSV's entry about a vulnerability of a PyPI package."""
    events = [{"introduced": "0"}, *({"fixed": one} for one in fixed)]
    return {
        "id": f"GHSA-2026-{next(_numbers)}",
        "database_specific": {"severity": severity},
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": package.name},
                "versions": list(versions),
                "ranges": [{"type": "ECOSYSTEM", "events": events}] if fixed else [],
            }
        ],
    }


def watch(http: httpx.Client, state: State, client: CodeArtifactClient) -> PromotionDomain:
    """Return the watched domain; the events that the template's rule matches are queued."""
    domain = PromotionDomain(http, state, client)
    wake(state, "PromotionsRule", domain.queued)
    return domain
