"""A domain on a local CodeArtifact in which an automation is at work, with nothing hidden."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

import botocore.session
import httpx
from botocore.config import Config

from emulator import requests
from emulator.app import create_app
from emulator.core import seed, tokens, versions
from emulator.core.errors import ResourceNotFound
from emulator.core.state import State
from emulator.core.values import Caller, DomainId, PackageId, RepositoryId
from emulator.options import Options
from emulator.server import RunningServer
from steward import events as messages
from steward.batches import BatchResponse
from steward.coordinates import Package, Repository, Status
from steward.policy import Policy
from tests.functional.client_uploads import publish_npm, publish_pypi
from tests.functional.template_rules import rule

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

ACCOUNT = "012345678901"
DOMAIN = "my-company"


@dataclass
class WatchedDomain(ABC):
    """
    The domain under test, what CodeArtifact said about it, and what the automation asked itself.

    Attributes:
        queued: The events of CodeArtifact that wait for the automation, in order.
        looks: What the automation asked itself to look at again, and when.
        now: The time as the automation sees it.
        policy: The one that is deployed.
    """

    MOST_ATTEMPTS: ClassVar[int] = 100

    http: httpx.Client
    state: State
    client: CodeArtifactClient
    queued: list[Mapping[str, object]] = field(default_factory=list)
    looks: list[tuple[Package, timedelta]] = field(default_factory=list)
    now: datetime = field(kw_only=True)
    policy: Policy = field(kw_only=True)

    def start_again(self) -> None:
        """Nothing is queued, asked for or counted, and no fault is in force."""
        self.http.put("/_emulator/faults", json={}).raise_for_status()
        self.take_queued()
        self.looks.clear()
        self.forget_requests()

    # What there is

    def seed_packages(
        self, repository: Repository, packages: Sequence[Mapping[str, object]]
    ) -> None:
        """The repository holds *packages*, as the admin API describes them; no event."""
        document = {"name": repository.name, "packages": packages}
        seed.apply(self.state, {"domains": [{"name": DOMAIN, "repositories": [document]}]})

    def statuses(self, package: Package) -> dict[str, Status]:
        """Return the status of each version that *package* holds, if it exists; no request."""
        try:
            found = versions.all_of(self.state, repository_id(package.repository), held_as(package))
        except ResourceNotFound:
            return {}
        return {each.version: each.status for each in found}

    # What others do

    def publish(self, package: Package, version: str) -> httpx.Response:
        """A package manager publishes *version*; return its answer."""
        publish = publish_npm if package.format == "npm" else publish_pypi
        return publish(self.http, package, version, token=self._token())

    def upload(self, package: Package, build: str) -> None:
        """PUT the one asset of a Maven build, as generic HTTP clients do."""
        self._put_snapshot(package, build, f"{package.name}-{build}.jar", f"jar of {build}")

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
        self._put_snapshot(package, build, "maven-metadata.xml", document)

    def set_status(self, package: Package, status: Status, *versions: str) -> None:
        """Somebody gives versions this status."""
        self.client.update_package_versions_status(
            **where(package), versions=list(versions), targetStatus=status
        )

    def delete_package(self, package: Package) -> None:
        """Somebody deletes the package."""
        self.client.delete_package(**where(package))

    def delete_repository(self, package: Package) -> None:
        """Somebody deletes the repository of the package."""
        self.client.delete_repository(domain=DOMAIN, repository=package.repository.name)

    def ask(
        self, method: str, package: Package, path: str, content: str | None = None
    ) -> httpx.Response:
        """A package manager asks the endpoint of the package's repository for *path*."""
        repository = package.repository.name
        return self.http.request(
            method,
            f"/{package.format}/d/{DOMAIN}-{ACCOUNT}/{repository}/{path}",
            content=content,
            auth=("aws", self._token()),
            follow_redirects=True,
        )

    def _put_snapshot(self, package: Package, build: str, file: str, content: str) -> None:
        folder = f"{maven_folder(package)}/{build.rsplit('-', 2)[0]}-SNAPSHOT"
        self.ask("PUT", package, f"{folder}/{file}", content).raise_for_status()

    def _token(self) -> str:
        caller = Caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")
        return tokens.issue(self.state, DomainId(ACCOUNT, DOMAIN), caller, 43200)[0]

    # What the automation does

    @abstractmethod
    def work_on(self, batch: Mapping[str, object], mode: str, policy: Policy) -> BatchResponse:
        """The automation works on a batch of SQS in *mode* by *policy*."""

    def event(self, package: Package) -> dict[str, object]:
        """Return an event that names *package*; nothing else in it is true."""
        sample = json.loads(messages.look_again(package))
        sample |= {"source": messages.SOURCE, "detail-type": messages.DETAIL_TYPE}
        return cast("dict[str, object]", sample)

    def deliver(
        self, *events: Mapping[str, object], mode: str = "enforce", policy: Policy | None = None
    ) -> BatchResponse:
        """The automation works on one SQS batch of *events*, by `policy` unless told otherwise."""
        return self.work_on(batch_of(events), mode, policy or self.policy)

    def deliver_until_done(self, *events: Mapping[str, object]) -> int:
        """Deliver like a queue, which brings failed messages back; return how often it took."""
        pending = list(events)
        for attempt in range(1, self.MOST_ATTEMPTS):
            failed = self.deliver(*pending)["batchItemFailures"]
            pending = [pending[int(item["itemIdentifier"])] for item in failed]
            if not pending:
                return attempt
        raise AssertionError(f"still failing: {pending}")

    def look(self, package: Package) -> BatchResponse:
        """The automation looks at *package* once, for an event."""
        return self.deliver(self.event(package))

    def take_queued(self) -> list[Mapping[str, object]]:
        """Return what was put on the queue since the last time; every due event has arrived."""
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


Watched = TypeVar("Watched", bound=WatchedDomain)


def batch_of(events: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """Return an SQS batch of *events*, whose messages are numbered."""
    arn = f"arn:aws:sqs:us-west-2:{ACCOUNT}:queue"
    return {
        "Records": [
            {"messageId": str(number), "body": json.dumps(event), "eventSourceARN": arn}
            for number, event in enumerate(events)
        ]
    }


def held_as(package: Package) -> PackageId:
    """Return the package as the local CodeArtifact names it."""
    return PackageId(package.format, package.namespace or "", package.name)


def repository_id(repository: Repository) -> RepositoryId:
    """Return the repository as the local CodeArtifact names it."""
    return RepositoryId(DomainId(ACCOUNT, DOMAIN), repository.name)


def where(package: Package) -> Any:  # noqa: ANN401  keyword arguments that the model checks
    """Return the parameters that name the package."""
    named = {
        "domain": DOMAIN,
        "repository": package.repository.name,
        "format": package.format,
        "package": package.name,
    }
    return named | ({"namespace": package.namespace} if package.namespace else {})


def maven_folder(package: Package) -> str:
    """Return the folder of the package in a Maven repository."""
    return f"{(package.namespace or '').replace('.', '/')}/{package.name}"


def wake(state: State, logical_id: str, queued: list[Mapping[str, object]]) -> None:
    """Put the events that a rule of the template matches on a queue from now on."""
    waking = rule(logical_id, domain=DOMAIN, account=ACCOUNT)

    def sink(event: dict[str, object]) -> None:
        if waking(event):
            queued.append(event)

    state.events.subscribe(sink)


@contextmanager
def served(
    watch: Callable[[httpx.Client, State, CodeArtifactClient], Watched],
) -> Iterator[Watched]:
    """Give what *watch* makes of a new local CodeArtifact, in which the domain exists."""
    app = create_app(Options(), public={})
    with closing(app), RunningServer(app) as server, httpx.Client(base_url=server.url) as http:
        app.served_at(server.url)
        session = botocore.session.Session()
        session.set_credentials("dummy", "dummy")
        client = session.create_client(
            "codeartifact",
            region_name="us-west-2",
            endpoint_url=server.url,
            config=Config(retries={"mode": "standard", "total_max_attempts": 1}),
        )
        client.create_domain(domain=DOMAIN)
        yield watch(http, app.state.codeartifact, client)
