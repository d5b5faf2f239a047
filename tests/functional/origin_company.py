"""A company under origin controls: people publish, fetch and interfere while they are enforced."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import quote

import httpx

from emulator.core import group_changes, group_rows, repositories, versions
from emulator.core.external import Connection
from emulator.core.faults import Settings
from emulator.core.rows import domain_row
from emulator.core.state import State
from emulator.core.values import (
    DomainId,
    PackageGroupId,
    RestrictionMode,
    RestrictionType,
    Version,
)
from enforce_origin_controls.outcome import Outcome
from steward.batches import BatchResponse
from steward.coordinates import (
    Format,
    Package,
    Repository,
    Restriction,
)
from steward.ledger import Exemption
from steward.policy import Policy
from tests.functional.emulator.public_repository import FakeRepository, until
from tests.functional.origin_domain import OPEN, OriginDomain, inside, outside
from tests.functional.origin_policy import POLICY
from tests.functional.watched_domain import (
    ACCOUNT,
    DOMAIN,
    held_as,
    maven_folder,
    repository_id,
    wake,
    where,
)

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

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
    """

    for_unlisting: list[Mapping[str, object]] = field(default_factory=list)
    public: Mapping[Format, FakeRepository] = field(default_factory=dict)
    before: dict[str, Callable[[], object]] = field(default_factory=dict)
    policy: Policy = POLICY
    MOST_ATTEMPTS: ClassVar[int] = 200

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
        repositories.associate_external_connection(self.state, repository_id(store), connection)
        team = self.new_repository()
        self.connect(team, store)
        return team, store

    def connect(self, repository: Repository, *upstreams: Repository) -> None:
        """*repository* has these upstream repositories."""
        names = [each.name for each in upstreams]
        repositories.update(self.state, repository_id(repository), upstreams=names)

    def offer(self, package: Package, *versions: str) -> None:
        """The public repository has these versions."""
        for version in versions:
            file = "package.tgz"
            if package.format == "pypi":
                file = _wheel(package, version)
            self.public[package.format].offer(held_as(package), version, file)

    def infiltrated(self, scope: str = "mycompany") -> Package:
        """Return an open package with a version from outside beside ours."""
        package = self.named(scope)
        self.seed((package, OPEN, [inside("1.0.0", package.repository.name), outside("99.0.0")]))
        return package

    def confused(
        self, package_format: Format = "npm", scope: str | None = "mycompany"
    ) -> tuple[Package, Repository]:
        """
        Somebody downloads what an attacker registered outside as 99.0.0; there is a 99.1.0 too.

        Returns:
            The package, in the repository that was asked, and the store that is its upstream.
        """
        team, store = self.connected(package_format)
        package = self.named(scope, package_format=package_format, repository=team)
        if package_format == "pypi":
            package = replace(package, namespace=None, name=f"mycompany-{package.name}")
        self.offer(package, "99.0.0", "99.1.0")
        self.fetch(package, "99.0.0").raise_for_status()
        return package, store

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
        return versions.all_of(self.state, repository_id(package.repository), held_as(package))

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
        answer = self.ask("GET", package, _asset(package, version))
        self.settle()
        return answer

    def put_build(self, package: Package, stamp: str) -> None:
        """A Maven client uploads the jar of a build of 1.0 and the metadata that names it."""
        build = f"1.0-{stamp}"
        self.upload(package, build)
        self.upload_metadata(package, build)

    def get(self, package: Package, file: str) -> httpx.Response:
        """A Maven client downloads a file of the package."""
        answer = self.ask("GET", package, f"{maven_folder(package)}/{file}")
        self.settle()
        return answer

    def restrict(self, package: Package, *, publish: Restriction, upstream: Restriction) -> None:
        """Somebody gives the package these restrictions."""
        self.client.put_package_origin_configuration(
            **where(package), restrictions={"publish": publish, "upstream": upstream}
        )

    def settle(self) -> None:
        """Nothing is on its way in any more."""
        until(lambda: all(not each.imports.running for each in self._connections()))

    # What the automation does

    def deliver_queued(self, **how: Any) -> int:  # noqa: ANN401  see `deliver`
        """The automation works on everything that the rule has queued; return how much it was."""
        events = self.take_queued()
        assert self.deliver(*events, **how) == DONE
        return len(events)

    def sweep(
        self, repository: Repository, *, deep: bool = True, mode: str = "enforce"
    ) -> list[Outcome]:
        """The automation reconciles a whole repository."""
        return self.enforce(repository, deep=deep, mode=mode)

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

    def _connections(self) -> Iterator[Connection]:
        return (each for each in self.state.public.values() if isinstance(each, Connection))


def at(package: Package, repository: Repository) -> Package:
    """Return the package of the same name in another repository."""
    return replace(package, repository=repository)


def _wheel(package: Package, version: str) -> str:
    return f"{package.name.replace('-', '_')}-{version}-py3-none-any.whl"


def _asset(package: Package, version: str) -> str:
    name = quote(package.name, safe="")
    if package.format == "pypi":
        return f"simple/{name}/{version}/{_wheel(package, version)}"
    scope = f"@{quote(package.namespace, safe='')}/" if package.namespace else ""
    return f"{scope}{name}/-/{name}-{version}.tgz"


def watch(http: httpx.Client, state: State, client: CodeArtifactClient) -> OriginCompany:
    """Return the company's domain; its queues are the ones that the template's rules fill."""
    public: dict[Format, FakeRepository] = {each: FakeRepository(each) for each in CONNECTIONS}
    for package_format, repository in public.items():
        state.public[CONNECTIONS[package_format]] = repository
    company = OriginCompany(http, state, client, public=public)
    wake(state, "OriginControlsRule", company.queued)
    wake(state, "SnapshotBuildsRule", company.for_unlisting)

    def before_call(model: Any, **_: object) -> None:  # noqa: ANN401  botocore publishes no types
        company.interrupt(model.name)

    client.meta.events.register("before-call.codeartifact", before_call)
    return company
