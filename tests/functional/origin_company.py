"""A company under origin controls: people publish, fetch and interfere while they are enforced."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import Any, cast
from urllib.parse import quote

import httpx
import pytest

from emulator.app import create_app
from emulator.core import group_changes, group_rows, repositories, tokens, versions
from emulator.core.external import Connection
from emulator.core.faults import Settings
from emulator.core.rows import domain_row
from emulator.core.state import State
from emulator.core.values import (
    Caller,
    DomainId,
    PackageGroupId,
    PackageId,
    RepositoryId,
    RestrictionMode,
    RestrictionType,
    Version,
)
from emulator.options import Options
from emulator.server import RunningServer
from enforce_origin_controls.outcome import Outcome
from enforce_origin_controls.repository import enforce_in_repository
from steward.batches import BatchResponse
from steward.coordinates import Format, Package, Repository, Restriction, Status
from steward.ledger import Exemption
from steward.policy import Policy
from tests.functional.client_uploads import publish_npm, publish_pypi
from tests.functional.emulator.public_repository import FakeRepository, until
from tests.functional.origin_domain import ACCOUNT, DOMAIN, OriginDomain
from tests.functional.origin_domain import watch as watch_domain
from tests.functional.origin_policy import POLICY
from tests.functional.template_rules import rule as template_rule

CONNECTIONS: Mapping[Format, str] = {"npm": "public:npmjs", "pypi": "public:pypi"}
DONE: BatchResponse = {"batchItemFailures": []}
_DOMAIN = DomainId(ACCOUNT, DOMAIN)

_numbers = count()


@dataclass
class OriginCompany(OriginDomain):
    """
    The domain, with public repositories behind it and people in it.

    Attributes:
        queued: The events that the template's rule puts on the automation's queue, in order.
        for_unlisting: Those that another rule puts on the queue of unlist_snapshot_builds.
        public: What is behind each external connection.
        before: By operation: what others do just before the automation calls it the next time.
        policy: The one that is deployed.
    """

    for_unlisting: list[Mapping[str, object]] = field(default_factory=list)
    public: Mapping[Format, FakeRepository] = field(default_factory=dict)
    before: dict[str, Callable[[], object]] = field(default_factory=dict)
    policy: Policy = POLICY

    def start_again(self) -> None:
        """As in every domain; nobody interferes any more, and there are no package groups."""
        self.settle()
        self.before.clear()
        self.policy = POLICY
        self.state.faults.set(Settings())
        self.state.clock.resume()
        self.forget_groups()
        super().start_again()
        self.for_unlisting.clear()

    # What there is

    def named(
        self,
        scope: str | None = "mycompany",
        *,
        package_format: Format = "npm",
        name: str | None = None,
        repository: Repository | None = None,
    ) -> Package:
        """Return a package that nothing else has the name of, in a new repository of its own."""
        where = repository or self.new_repository()
        return Package(where, package_format, scope, name or f"ui-{next(_numbers)}")

    def connected(self, package_format: Format = "npm") -> tuple[Repository, Repository]:
        """Return a new repository and its upstream, a store with the external connection."""
        store = self.new_repository()
        connection = CONNECTIONS[package_format]
        repositories.associate_external_connection(self.state, self._id(store), connection)
        team = self.new_repository()
        self.connect(team, store)
        return team, store

    def connect(self, repository: Repository, *upstreams: Repository) -> None:
        """*repository* has these upstream repositories."""
        names = [each.name for each in upstreams]
        repositories.update(self.state, self._id(repository), upstreams=names)

    def offer(self, package: Package, *versions: str) -> None:
        """The public repository has these versions."""
        for version in versions:
            file = "package.tgz"
            if package.format == "pypi":
                file = _wheel(package, version)
            self.public[package.format].offer(held_as(package), version, file)

    def group(self, pattern: str, **modes: RestrictionMode) -> None:
        """The domain has this package group, with these modes, by hand."""
        group = PackageGroupId(_DOMAIN, pattern)
        with self.state.store.reading() as connection:
            held = group_rows.patterns(connection, domain_row(connection, _DOMAIN))
        if pattern not in held:
            group_changes.create(self.state, group)
        group_changes.configure(
            self.state, group, modes=cast("Mapping[RestrictionType, RestrictionMode]", modes)
        )

    def held(self, package: Package) -> list[Version]:
        """Return what the package's repository holds of it; no request."""
        return versions.all_of(self.state, self._id(package.repository), held_as(package))

    def forget_groups(self) -> None:
        """The domain has the root group alone, and that allows everything."""
        with self.state.store.reading() as connection:
            held = list(group_rows.patterns(connection, domain_row(connection, _DOMAIN)))
        for pattern in held:
            if pattern != "/*":
                group_changes.delete(self.state, PackageGroupId(_DOMAIN, pattern))
        self.group("/*", PUBLISH="ALLOW", EXTERNAL_UPSTREAM="ALLOW", INTERNAL_UPSTREAM="ALLOW")

    def exempt(self, package: Package, version: str | None = None, **lasting: float) -> None:
        """A person has the package's restrictions, or a version, left alone for a while."""
        until_then = self.now + timedelta(**(lasting or {"days": 7}))
        self.ledger.exempt(
            Exemption(package, version, "origins[0]", "anna", "we need it", self.now, until_then)
        )

    # What people do

    def fetch(self, package: Package, version: str) -> httpx.Response:
        """A package manager downloads *version*; return its answer when all of it is kept."""
        answer = self._ask("GET", package, _asset(package, version))
        self.settle()
        return answer

    def publish(self, package: Package, version: str) -> httpx.Response:
        """A package manager publishes *version*; return its answer."""
        publish = publish_npm if package.format == "npm" else publish_pypi
        return publish(self.http, package, version, token=self._token())

    def put(self, package: Package, file: str, content: bytes) -> httpx.Response:
        """A Maven client uploads a file of the package; *file* is below the package's folder."""
        return self._ask("PUT", package, f"{_folder(package)}/{file}", content)

    def put_build(self, package: Package, stamp: str) -> None:
        """A Maven client uploads the jar of a build of 1.0 and the metadata that names it."""
        moment, number = stamp.rsplit("-", 1)
        build, updated = f"1.0-{stamp}", moment.replace(".", "")
        metadata = (
            f"<metadata><groupId>{package.namespace}</groupId>"
            f"<artifactId>{package.name}</artifactId><version>1.0-SNAPSHOT</version><versioning>"
            f"<snapshot><timestamp>{moment}</timestamp><buildNumber>{number}</buildNumber>"
            f"</snapshot><lastUpdated>{updated}</lastUpdated><snapshotVersions><snapshotVersion>"
            f"<extension>jar</extension><value>{build}</value><updated>{updated}</updated>"
            "</snapshotVersion></snapshotVersions></versioning></metadata>"
        )
        jar = f"1.0-SNAPSHOT/{package.name}-{build}.jar"
        self.put(package, jar, f"jar of {stamp}".encode()).raise_for_status()
        file = "1.0-SNAPSHOT/maven-metadata.xml"
        self.put(package, file, metadata.encode()).raise_for_status()

    def get(self, package: Package, file: str) -> httpx.Response:
        """A Maven client downloads a file of the package."""
        answer = self._ask("GET", package, f"{_folder(package)}/{file}")
        self.settle()
        return answer

    def restrict(self, package: Package, *, publish: Restriction, upstream: Restriction) -> None:
        """Somebody gives the package these restrictions."""
        self.client.put_package_origin_configuration(
            **where(package), restrictions={"publish": publish, "upstream": upstream}
        )

    def set_status(self, package: Package, status: Status, *versions: str) -> None:
        """Somebody gives versions this status."""
        self.client.update_package_versions_status(
            **where(package), versions=list(versions), targetStatus=status
        )

    def delete(self, package: Package) -> None:
        """Somebody deletes the package."""
        self.client.delete_package(**where(package))

    def delete_repository(self, package: Package) -> None:
        """Somebody deletes the repository of the package."""
        self.client.delete_repository(domain=DOMAIN, repository=package.repository.name)

    def settle(self) -> None:
        """Nothing is on its way in any more."""
        until(lambda: all(not each.imports.running for each in self._connections()))

    # What the automation does

    def deliver(
        self,
        *events: Mapping[str, object],
        mode: str = "enforce",
        policy: Policy | None = None,
    ) -> BatchResponse:
        """The automation works on one SQS batch of *events*, by `policy` unless told otherwise."""
        return super().deliver(*events, mode=mode, policy=policy or self.policy)

    def deliver_queued(self, **how: Any) -> int:  # noqa: ANN401  see `deliver`
        """The automation works on everything that the rule has queued; return how much it was."""
        events = self.take_queued()
        assert self.deliver(*events, **how) == DONE
        return len(events)

    def deliver_until_done(self, *events: Mapping[str, object]) -> int:
        """Deliver like a queue, which brings failed messages back; return how often it took."""
        pending = list(events)
        for attempt in range(1, 200):
            failed = self.deliver(*pending)["batchItemFailures"]
            pending = [pending[int(item["itemIdentifier"])] for item in failed]
            if not pending:
                return attempt
        raise AssertionError(f"still failing: {pending}")

    def sweep(
        self, repository: Repository, *, deep: bool = True, mode: str = "enforce"
    ) -> list[Outcome]:
        """The automation reconciles a whole repository."""
        to = self.collaborators(mode, self.policy)
        return list(enforce_in_repository(repository, to, deep=deep))

    def told(self, kind: str) -> list[tuple[object, ...]]:
        """Return what was announced of this kind: changed, archived, reported, refused, mixed."""
        return [each[1:] for each in self.notices.announced if each[0] == kind]

    def at_rest(self) -> bool:
        """Whether nothing is queued or asked for, after the delayed looks that are asked for."""
        self.deliver_queued()
        while self.looks:
            self.look_again()
        return self.take_queued() == []

    def interrupt(self, operation: str) -> None:
        """Do what others do before this call of the automation, once."""
        interfere = self.before.pop(operation, None)
        if interfere is not None:
            interfere()

    def _ask(
        self, method: str, package: Package, path: str, content: bytes | None = None
    ) -> httpx.Response:
        repository = package.repository.name
        return self.http.request(
            method,
            f"/{package.format}/d/{DOMAIN}-{ACCOUNT}/{repository}/{path}",
            content=content,
            auth=("aws", self._token()),
            follow_redirects=True,
        )

    def _token(self) -> str:
        caller = Caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")
        return tokens.issue(self.state, _DOMAIN, caller, 43200)[0]

    def _connections(self) -> Iterator[Connection]:
        return (each for each in self.state.public.values() if isinstance(each, Connection))

    def _id(self, repository: Repository) -> RepositoryId:
        return RepositoryId(_DOMAIN, repository.name)


def held_as(package: Package) -> PackageId:
    """Return the package as the local CodeArtifact names it."""
    return PackageId(package.format, package.namespace or "", package.name)


def at(package: Package, repository: Repository) -> Package:
    """Return the package of the same name in another repository."""
    return replace(package, repository=repository)


def where(package: Package) -> Any:  # noqa: ANN401  keyword arguments that the model checks
    """Return the parameters that name the package."""
    named = {
        "domain": DOMAIN,
        "repository": package.repository.name,
        "format": package.format,
        "package": package.name,
    }
    return named | ({"namespace": package.namespace} if package.namespace else {})


def _wheel(package: Package, version: str) -> str:
    return f"{package.name.replace('-', '_')}-{version}-py3-none-any.whl"


def _asset(package: Package, version: str) -> str:
    name = quote(package.name, safe="")
    if package.format == "pypi":
        return f"simple/{name}/{version}/{_wheel(package, version)}"
    scope = f"@{quote(package.namespace, safe='')}/" if package.namespace else ""
    return f"{scope}{name}/-/{name}-{version}.tgz"


def _folder(package: Package) -> str:
    return f"{(package.namespace or '').replace('.', '/')}/{package.name}"


def watch(url: str, state: State) -> OriginCompany:
    """Return the company's domain, newly made, on the local CodeArtifact at *url*."""
    made = watch_domain(url, state)
    state.events.unsubscribe(made.queued.append)
    public: dict[Format, FakeRepository] = {each: FakeRepository(each) for each in CONNECTIONS}
    for package_format, repository in public.items():
        state.public[CONNECTIONS[package_format]] = repository
    company = OriginCompany(made.http, made.state, made.client, public=public)
    waking = template_rule("OriginControlsRule", domain=DOMAIN, account=ACCOUNT)
    unlisting = template_rule("SnapshotBuildsRule", domain=DOMAIN, account=ACCOUNT)

    def sink(event: dict[str, object]) -> None:
        if waking(event):
            company.queued.append(event)
        if unlisting(event):
            company.for_unlisting.append(event)

    def before_call(model: Any, **_: object) -> None:  # noqa: ANN401  botocore publishes no types
        company.interrupt(model.name)

    state.events.subscribe(sink)
    company.client.meta.events.register("before-call.codeartifact", before_call)
    return company


@pytest.fixture(scope="module")
def company_domain() -> Iterator[OriginCompany]:
    """One local CodeArtifact a module; `company` hands it out with nothing left in force."""
    app = create_app(Options(), public={})
    with closing(app), RunningServer(app) as server:
        app.served_at(server.url)
        domain = watch(server.url, app.state.codeartifact)
        with domain.http:
            yield domain


@pytest.fixture
def company(company_domain: OriginCompany) -> OriginCompany:
    """The company, at rest, without faults, with nothing counted yet."""
    company_domain.start_again()
    return company_domain
