"""The first automation at work on a local CodeArtifact, in one process, with nothing hidden."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any, cast

import botocore.session
import httpx
from botocore.config import Config

from emulator import requests
from emulator.core import seed, versions
from emulator.core.errors import ResourceNotFound
from emulator.core.state import State
from emulator.core.values import DomainId, PackageId, RepositoryId
from steward import events as messages
from steward import patterns
from steward.batches import BatchResponse
from steward.codeartifact import CodeArtifact, CodeArtifactService, ObservedCodeArtifact
from steward.coordinates import Format, Package, PackageVersion, Repository, Status
from steward.policy import Policy, SnapshotRule
from tests.functional.client_uploads import publish_npm, publish_pypi
from tests.functional.template_rules import rule
from unlist_snapshot_builds.app import Collaborators, unlist_in_batch

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

ACCOUNT = "012345678901"
DOMAIN = "my-company"
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
class SnapshotDomain:
    """
    The watched domain, what CodeArtifact said about it, and what the automation did.

    Attributes:
        queued: Events that the template's rule puts on the automation's queue, in order.
        looks: What the automation asked itself to look at again, and when.
        announced: The versions that it announced as changed, by new status.
        now: The time as the automation sees it.
        before_updates: Called before each status update of the automation: what others do between
            its look and its act.
    """

    http: httpx.Client
    state: State
    client: CodeArtifactClient
    queued: list[Mapping[str, object]] = field(default_factory=list)
    looks: list[tuple[Package, timedelta]] = field(default_factory=list)
    announced: list[str] = field(default_factory=list)
    now: datetime = NOW
    before_updates: Callable[[], None] | None = None

    def start_again(self) -> None:
        """Nothing is queued, remembered or counted, no fault is in force, and it is `NOW`."""
        self.http.put("/_emulator/faults", json={}).raise_for_status()
        self.take_queued()
        self.looks.clear()
        self.announced.clear()
        self.now = NOW
        self.before_updates = None
        self.forget_requests()

    # What there is

    def new_package(
        self, package_format: Format = "maven", namespace: str | None = NAMESPACE
    ) -> Package:
        """Return a package that does not exist yet, in a new repository of its own."""
        repository = f"repository-{next(_numbers)}"
        self.client.create_repository(domain=DOMAIN, repository=repository)
        return Package(Repository(DOMAIN, ACCOUNT, repository), package_format, namespace, "pkg-1")

    def seed(self, package: Package, statuses: Mapping[str, Status]) -> None:
        """*package* holds versions of these statuses; no event tells of it."""
        document = {
            "domains": [
                {
                    "name": DOMAIN,
                    "repositories": [
                        {
                            "name": package.repository.name,
                            "packages": [
                                {
                                    "format": package.format,
                                    "namespace": package.namespace,
                                    "package": package.name,
                                    "versions": [
                                        {"version": version, "status": status}
                                        for version, status in statuses.items()
                                    ],
                                }
                            ],
                        }
                    ],
                }
            ]
        }
        seed.apply(self.state, document)

    def statuses(self, package: Package) -> dict[str, Status]:
        """Return the status of each version that *package* holds, if it exists; no request."""
        repository = RepositoryId(DomainId(ACCOUNT, DOMAIN), package.repository.name)
        held = PackageId(package.format, package.namespace or "", package.name)
        try:
            found = versions.all_of(self.state, repository, held)
        except ResourceNotFound:
            return {}
        return {each.version: each.status for each in found}

    # What others do

    def upload(self, package: Package, build: str) -> None:
        """PUT the one asset of a Maven build, as generic HTTP clients do."""
        self._put(package, build, f"{package.name}-{build}.jar", f"jar of {build}".encode())

    def upload_metadata(self, package: Package, build: str) -> None:
        """PUT the snapshot's ``maven-metadata.xml`` that names *build* as its newest."""
        base, stamp, number = build.rsplit("-", 2)
        entry = (
            f"<snapshotVersion><extension>jar</extension><value>{build}</value>"
            f"<updated>{stamp.replace('.', '')}</updated></snapshotVersion>"
        )
        document = (
            f"<metadata><groupId>{package.namespace}</groupId>"
            f"<artifactId>{package.name}</artifactId><version>{base}-SNAPSHOT</version>"
            f"<versioning><snapshot><timestamp>{stamp}</timestamp>"
            f"<buildNumber>{number}</buildNumber></snapshot>"
            f"<lastUpdated>{stamp.replace('.', '')}</lastUpdated>"
            f"<snapshotVersions>{entry}</snapshotVersions></versioning></metadata>"
        )
        self._put(package, build, "maven-metadata.xml", document.encode())

    def publish(self, package: Package, version: str) -> None:
        """Publish *version* of an npm or PyPI package, with what npm and twine send."""
        publish = publish_npm if package.format == "npm" else publish_pypi
        publish(self.http, package, version, token=_token(self.client)).raise_for_status()

    def set_status(self, package: Package, version: str, status: Status) -> None:
        """Someone else changes the status of a version."""
        self.client.update_package_versions_status(
            **_where(package),
            versions=[version],
            targetStatus=status,
        )

    def delete_version(self, package: Package, version: str) -> None:
        """Someone else deletes a version."""
        self.client.delete_package_versions(**_where(package), versions=[version])

    def delete_package(self, package: Package) -> None:
        """Someone else deletes the package."""
        self.client.delete_package(**_where(package))

    def delete_repository(self, package: Package) -> None:
        """Someone else deletes the repository of the package."""
        self.client.delete_repository(domain=DOMAIN, repository=package.repository.name)

    # What the automation does

    def event(self, package: Package, version: str = "1.0") -> dict[str, object]:
        """Return an event that names *package*; nothing else in it is true."""
        sample = json.loads(messages.look_again(package))
        sample |= {"source": messages.SOURCE, "detail-type": messages.DETAIL_TYPE}
        sample["detail"] |= {"packageVersion": version, "operationType": "Updated"}
        return cast("dict[str, object]", sample)

    def deliver(
        self, *events: Mapping[str, object], mode: str = "enforce", policy: Policy = POLICY
    ) -> BatchResponse:
        """The automation works on one SQS batch of *events*."""
        records = [
            {"messageId": str(number), "body": json.dumps(event)}
            for number, event in enumerate(events)
        ]
        return unlist_in_batch({"Records": records}, self._collaborators(mode, policy))

    def deliver_until_done(self, *events: Mapping[str, object]) -> int:
        """Deliver like a queue, which brings failed messages back; return how often it took."""
        pending = list(events)
        for attempt in range(1, 100):
            failed = self.deliver(*pending)["batchItemFailures"]
            pending = [pending[int(item["itemIdentifier"])] for item in failed]
            if not pending:
                return attempt
        raise AssertionError(f"still failing: {pending}")

    def look(self, package: Package) -> BatchResponse:
        """The automation looks at *package* once."""
        return self.deliver(self.event(package))

    def gateway(self, mode: str = "enforce") -> CodeArtifact:
        """Return the automation's own way to CodeArtifact, with what others do in between."""
        service = _Interrupted(self)
        return service if mode == "enforce" else ObservedCodeArtifact(service)

    def take_queued(self) -> list[Mapping[str, object]]:
        """Return what was put on the queue since the last time; every due event has arrived."""
        assert self.state.events.drain()
        taken = list(self.queued)
        self.queued.clear()
        return taken

    def _collaborators(self, mode: str, policy: Policy) -> Collaborators:
        return Collaborators(
            codeartifact=self.gateway(mode),
            policy=policy,
            own_queue=_Looks(self.looks),
            notices=_Announcements(self.announced),
            now=lambda: self.now,
        )

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

    def _put(self, package: Package, build: str, file: str, content: bytes) -> None:
        base = build.rsplit("-", 2)[0]
        folder = f"{(package.namespace or '').replace('.', '/')}/{package.name}/{base}-SNAPSHOT"
        self.http.put(
            f"/maven/d/{DOMAIN}-{ACCOUNT}/{package.repository.name}/{folder}/{file}",
            content=content,
            auth=("aws", _token(self.client)),
        ).raise_for_status()


@cache
def _token(client: CodeArtifactClient) -> str:
    return client.get_authorization_token(domain=DOMAIN)["authorizationToken"]


class _Interrupted(CodeArtifactService):
    """The gateway, with what others do between its look and its act."""

    def __init__(self, domain: SnapshotDomain) -> None:
        super().__init__(domain.client)
        self._domain = domain

    def set_status(
        self,
        package: Package,
        versions: Sequence[PackageVersion],
        target: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401  passes on what the gateway takes and returns
        if self._domain.before_updates is not None:
            self._domain.before_updates()
        return super().set_status(package, versions, target)


class _Looks:
    """The automation's own queue, which only remembers."""

    def __init__(self, looks: list[tuple[Package, timedelta]]) -> None:
        self._looks = looks

    def look_again(self, package: Package, *, after: timedelta) -> None:
        self._looks.append((package, after))


class _Announcements:
    """The bus, which only remembers."""

    def __init__(self, announced: list[str]) -> None:
        self._announced = announced

    def versions_changed(
        self,
        package: Package,  # noqa: ARG002  the interface
        versions: Iterable[PackageVersion],
        *,
        status: str,
        automation: str,
        rule: str,
    ) -> None:
        assert (status, automation, rule) == ("Unlisted", "unlist_snapshot_builds", "snapshots[0]")
        self._announced += [version.version for version in versions]


def _where(package: Package) -> Any:  # noqa: ANN401  keyword arguments that the model checks
    where = {
        "domain": DOMAIN,
        "repository": package.repository.name,
        "format": package.format,
        "package": package.name,
    }
    return where | ({"namespace": package.namespace} if package.namespace else {})


def watch(url: str, state: State) -> SnapshotDomain:
    """Return the watched domain, newly made, on the local CodeArtifact at *url*."""
    session = botocore.session.Session()
    session.set_credentials("dummy", "dummy")
    client = session.create_client(
        "codeartifact",
        region_name="us-west-2",
        endpoint_url=url,
        config=Config(retries={"mode": "standard", "total_max_attempts": 1}),
    )
    client.create_domain(domain=DOMAIN)
    domain = SnapshotDomain(httpx.Client(base_url=url), state, client)
    waking = rule("SnapshotBuildsRule", domain=DOMAIN, account=ACCOUNT)

    def sink(event: dict[str, object]) -> None:
        if waking(event):
            domain.queued.append(event)

    state.events.subscribe(sink)
    return domain
