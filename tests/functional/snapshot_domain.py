"""The first automation at work on a local CodeArtifact, in one process, with nothing hidden."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, cast

import httpx

from emulator.core.state import State
from steward import patterns
from steward.batches import BatchResponse
from steward.codeartifact import (
    CodeArtifact,
    CodeArtifactService,
    ObservedCodeArtifact,
    StatusChanges,
    TargetStatus,
)
from steward.coordinates import Format, Package, PackageVersion, Repository, Status
from steward.ledger import ObservedLedger
from steward.policy import Policy, SnapshotRule
from tests.functional.watched_domain import ACCOUNT, DOMAIN, WatchedDomain, wake, where
from tests.unit.fake_origin_domain import FakeLedger
from tests.unit.recorders import RecordingQueue, UnlistedVersions
from unlist_snapshot_builds.app import Collaborators, unlist_in_batch

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

NAMESPACE = "com.mycompany.app"
NOW = datetime(2021, 8, 1, tzinfo=UTC)
GRACE = timedelta(hours=1)

POLICY = Policy(
    digest="0" * 64,
    domain=DOMAIN,
    snapshots=(
        SnapshotRule(
            name="snapshots[0]",
            packages=tuple(
                patterns.parse(text)
                for text in ("/maven/com.mycompany~", "/npm/mycompany/*", "/pypi/*", "/nuget/*")
            ),
            repositories=("*",),
            unfinished_grace=GRACE,
        ),
    ),
)

_numbers = count()


@dataclass
class SnapshotDomain(WatchedDomain):
    """
    The watched domain, what CodeArtifact said about it, and what the automation did.

    Attributes:
        queued: Events that the template's rule puts on the automation's queue, in order.
        announced: The versions that it announced as changed, by new status.
        ledger: What it has recorded, and what people have exempted.
        before_updates: Called before each status update of the automation: what others do between
            its look and its act.
    """

    now: datetime = NOW
    policy: Policy = POLICY
    announced: list[str] = field(default_factory=list)
    ledger: FakeLedger = field(default_factory=lambda: FakeLedger(lambda: NOW))
    before_updates: Callable[[], None] | None = None

    def start_again(self) -> None:
        """Nothing is queued, remembered or counted, no fault is in force, and it is `NOW`."""
        super().start_again()
        self.announced.clear()
        self.ledger = FakeLedger(lambda: self.now)
        self.now = NOW
        self.before_updates = None

    def new_package(
        self, package_format: Format = "maven", namespace: str | None = NAMESPACE
    ) -> Package:
        """Return a package that does not exist yet, in a new repository of its own."""
        repository = f"repository-{next(_numbers)}"
        self.client.create_repository(domain=DOMAIN, repository=repository)
        return Package(Repository(DOMAIN, ACCOUNT, repository), package_format, namespace, "pkg-1")

    def seed(self, package: Package, statuses: Mapping[str, Status]) -> None:
        """*package* holds versions of these statuses; no event tells of it."""
        found = {
            "format": package.format,
            "namespace": package.namespace,
            "package": package.name,
            "versions": [
                {"version": version, "status": status} for version, status in statuses.items()
            ],
        }
        self.seed_packages(package.repository, [found])

    def delete_version(self, package: Package, version: str) -> None:
        """Someone else deletes a version."""
        self.client.delete_package_versions(**where(package), versions=[version])

    def event(self, package: Package, version: str = "1.0") -> dict[str, object]:
        """Return an event that names *package*; nothing else in it is true."""
        sample = super().event(package)
        detail = cast("dict[str, object]", sample["detail"])
        return sample | {"detail": detail | {"packageVersion": version, "operationType": "Updated"}}

    def work_on(self, batch: Mapping[str, object], mode: str, policy: Policy) -> BatchResponse:
        """The automation works on a batch of SQS in *mode* by *policy*."""
        to = Collaborators(
            codeartifact=self.gateway(mode),
            policy=policy,
            ledger=self.ledger if mode == "enforce" else ObservedLedger(self.ledger),
            own_queue=RecordingQueue(self.looks),
            notices=UnlistedVersions(self.announced),
            now=lambda: self.now,
        )
        return unlist_in_batch(batch, to)

    def gateway(self, mode: str = "enforce") -> CodeArtifact:
        """Return the automation's own way to CodeArtifact, with what others do in between."""
        service = _Interrupted(self)
        return service if mode == "enforce" else ObservedCodeArtifact(service)


class _Interrupted(CodeArtifactService):
    """The gateway, with what others do between its look and its act."""

    def __init__(self, domain: SnapshotDomain) -> None:
        super().__init__(domain.client)
        self._domain = domain

    def set_status(
        self,
        package: Package,
        versions: Sequence[PackageVersion],
        target: TargetStatus,
        *,
        pinned: bool = False,
    ) -> StatusChanges:
        if self._domain.before_updates is not None:
            self._domain.before_updates()
        return super().set_status(package, versions, target, pinned=pinned)


def watch(http: httpx.Client, state: State, client: CodeArtifactClient) -> SnapshotDomain:
    """Return the watched domain; its queue is the one that the template's rule fills."""
    domain = SnapshotDomain(http, state, client)
    wake(state, "SnapshotBuildsRule", domain.queued)
    return domain
