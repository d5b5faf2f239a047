"""Expiry at work on a local CodeArtifact, in one process, with nothing hidden."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import httpx

from emulator.core.state import State
from expire_versions.app import expire_in_batch
from expire_versions.collaborators import Collaborators
from expire_versions.gather import RetentionReads, gather_retention
from expire_versions.values import Retention
from steward.batches import BatchResponse
from steward.codeartifact import CodeArtifact, CodeArtifactService, ObservedCodeArtifact
from steward.coordinates import Format, Package, PackageVersion, Repository, Status
from steward.ledger import Ledger, ObservedLedger
from steward.policy import Policy
from steward.published_times import ServicePublishedTimes
from steward.retention_rules import RetentionRule
from tests.functional.watched_domain import ACCOUNT, DOMAIN, WatchedDomain, wake
from tests.unit.fake_origin_domain import FakeLedger

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

NAMESPACE = "com.mycompany.app"
NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
POLICY = Policy(digest="0" * 64, domain=DOMAIN)

_numbers = count()


@dataclass
class AnnouncedVersions:
    """The bus of expire_versions: which versions were announced with which status."""

    announced: list[tuple[str, str]] = field(default_factory=list)

    def versions_changed(
        self,
        package: Package,
        versions: Sequence[PackageVersion],
        *,
        status: str,
        automation: str,
        rule: str,
    ) -> None:
        """Remember them."""
        assert automation == "expire_versions"
        assert rule.startswith("retention[")
        assert package.repository.domain == DOMAIN
        self.announced += [(version.version, status) for version in versions]


@dataclass
class ExpiryDomain(WatchedDomain):
    """
    The watched domain, what was said and noted about it, and what others do in between.

    CodeArtifact's clock stands at `now`: :meth:`later` moves both.

    Attributes:
        before_updates: Called before each status update of the automation.
    """

    now: datetime = NOW
    policy: Policy = POLICY
    before_updates: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        """Nothing was noted or said yet."""
        self._forget_everything_said()

    def start_again(self) -> None:
        """Nothing is queued, noted or counted, no fault is in force, and it is `NOW`."""
        super().start_again()
        self._forget_everything_said()
        self.policy = POLICY
        self.before_updates = None
        self.later(NOW - self.now)

    def _forget_everything_said(self) -> None:
        self.ledger = FakeLedger(now=lambda: self.now)
        self.notices = AnnouncedVersions()

    def later(self, by: timedelta) -> None:
        """It is later, for CodeArtifact too."""
        self.now += by
        document = {"freeze": self.now.isoformat().replace("+00:00", "Z")}
        self.http.put("/_emulator/clock", json=document).raise_for_status()

    # What there is

    def rules(self, *rules: RetentionRule) -> None:
        """The policy has these rules of retention from now on."""
        self.policy = replace(self.policy, retention=rules)

    def new_repository(self, name: str | None = None) -> Repository:
        """Return a new repository."""
        repository = Repository(DOMAIN, ACCOUNT, name or f"expiring-{next(_numbers)}")
        self.client.create_repository(domain=DOMAIN, repository=repository.name)
        return repository

    def new_package(
        self, package_format: Format = "npm", repository: Repository | None = None
    ) -> Package:
        """Return a package that does not exist yet, in a new repository unless one is given."""
        namespace = "mycompany" if package_format == "npm" else None
        if package_format in ("maven", "generic", "swift"):
            namespace = NAMESPACE
        name = f"pkg-{next(_numbers)}"
        return Package(repository or self.new_repository(), package_format, namespace, name)

    def seed(
        self,
        package: Package,
        statuses: Mapping[str, Status],
        ages: Mapping[str, timedelta] | timedelta = timedelta(),
    ) -> None:
        """*package* holds versions of these statuses and ages; no event tells of it."""
        self.seed_packages(package.repository, [self.described(package, statuses, ages)])
        self.forget_requests()

    def described(
        self,
        package: Package,
        statuses: Mapping[str, Status],
        ages: Mapping[str, timedelta] | timedelta,
    ) -> dict[str, Any]:
        """Return the package as the admin API describes it."""
        age_of = ages if isinstance(ages, Mapping) else dict.fromkeys(statuses, ages)
        return {
            "format": package.format,
            "namespace": package.namespace,
            "package": package.name,
            "versions": [
                {
                    "version": version,
                    "status": status,
                    "publishedTime": (self.now - age_of[version]).isoformat(),
                }
                for version, status in statuses.items()
            ],
        }

    # What the automation does

    def work_on(self, batch: Mapping[str, object], mode: str, policy: Policy) -> BatchResponse:
        """The automation works on a batch of SQS in *mode* by *policy*."""
        return expire_in_batch(batch, self.collaborators(mode, policy))

    def collaborators(self, mode: str = "enforce", policy: Policy | None = None) -> Collaborators:
        """Return what the automation talks to in *mode*."""
        service: CodeArtifact = _Interrupted(self)
        ledger: Ledger = self.ledger
        enforcing = mode == "enforce"
        return Collaborators(
            reads=RetentionReads(
                codeartifact=service if enforcing else ObservedCodeArtifact(service),
                times=ServicePublishedTimes(self.client),
                policy=policy or self.policy,
                locked={},
                ledger=ledger if enforcing else ObservedLedger(ledger),
            ),
            notices=self.notices,
            now=lambda: self.now,
        )

    def gathered(self, package: Package) -> Retention:
        """Return what the rules make of *package* now."""
        return gather_retention(package, None, self.collaborators().reads, self.now)

    def due(self, package: Package) -> list[str]:
        """Return the versions of which something is due."""
        return sorted(one.version.version for one in self.gathered(package).due)


class _Interrupted(CodeArtifactService):
    """The gateway, with what others do between its look and its act."""

    def __init__(self, domain: ExpiryDomain) -> None:
        super().__init__(domain.client)
        self._domain = domain

    def set_status(self, *given: Any, **more: Any) -> Any:  # noqa: ANN401  passes on
        if self._domain.before_updates is not None:
            self._domain.before_updates()
        return super().set_status(*given, **more)


def watch(http: httpx.Client, state: State, client: CodeArtifactClient) -> ExpiryDomain:
    """Return the watched domain; its queue is the one that the template's rule fills."""
    domain = ExpiryDomain(http, state, client)
    wake(state, "ExpiryRule", domain.queued)
    return domain
