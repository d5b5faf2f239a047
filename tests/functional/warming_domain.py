"""A local CodeArtifact with public repositories behind it, and the engine that warms it."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import cast

from emulator.app import create_app
from emulator.core.external import PublicAsset, PublicPackage, PublicVersion
from emulator.core.values import PackageId
from emulator.options import Options
from steward.codeartifact import CodeArtifactService
from steward.coordinates import Format, Package, Repository, Status
from steward.endpoint_access import EndpointAccess
from steward.streamed_http import StreamedHttp
from steward.version_contents import ServiceVersionContents
from tests.functional.emulator.public_repository import PUBLISHED, FakeRepository
from tests.functional.local_codeartifact import Local, Swappable
from tests.unit.fake_origin_domain import FakeLedger
from warm_caches.engine import Engine, How, Warmed
from warm_caches.fetching import EndpointFetching
from warm_caches.values import Wanted, WantedVersion
from warm_caches.warming import confirm, warm

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
ACCOUNT = "012345678901"
DOMAIN = "my-company"
REPOSITORY = Repository(DOMAIN, ACCOUNT, "DemoRepository")
CONNECTIONS: dict[Format, str] = {
    "pypi": "public:pypi",
    "npm": "public:npmjs",
    "maven": "public:maven-central",
}
GROUP = "org.example"
DEADLINE_SECONDS = 30.0


def package(package_format: Format, name: str) -> Package:
    """Return a package of the repository."""
    return Package(REPOSITORY, package_format, GROUP if package_format == "maven" else None, name)


def wanted(package_format: Format, name: str, *versions: str | WantedVersion) -> Wanted:
    """Return *versions* of a package as wanted."""
    found = (WantedVersion(one) if isinstance(one, str) else one for one in versions)
    return Wanted(package(package_format, name), tuple(found))


@dataclass
class Published(FakeRepository):
    """A public repository in which files of two packages may have one name."""

    def publish(
        self,
        where: PackageId,
        version: str,
        files: Mapping[str, bytes],
        metadata: Mapping[str, object],
    ) -> None:
        """*version* is public, with *files*; Maven's are not listed, as in its own repositories."""
        for name, content in files.items():
            self.content[f"{where.name}/{version}/{name}"] = content
        names = () if where.format == "maven" else files
        says = cast("Mapping[str, Mapping[str, object]]", metadata.get("files", {}))
        assets = [
            replace(self.asset_of(where, version, name), metadata=says.get(name, {}))
            for name in names
        ]
        known = self.packages.get(where, PublicPackage({}))
        made = PublicVersion(version, PUBLISHED, tuple(assets), metadata)
        tags = {"dist-tags": {"latest": version}}
        self.packages[where] = PublicPackage({**known.versions, version: made}, tags)

    def asset(self, package: PackageId, version: str, name: str) -> PublicAsset | None:
        """Return any asset."""
        self._ask("asset")
        if f"{package.name}/{version}/{name}" not in self.content:
            return None
        return self.asset_of(package, version, name)

    def asset_of(self, package: PackageId, version: str, name: str) -> PublicAsset:
        """Return an asset with its size and hash."""
        location = f"{package.name}/{version}/{name}"
        content = self.content[location]
        hashes = {"sha256": hashlib.sha256(content).hexdigest()}
        return PublicAsset(name, location, len(content), hashes, PUBLISHED)


@dataclass
class WarmingDomain:
    """
    ``DemoRepository``, below it a store for each public repository, and the engine.

    Attributes:
        patience_seconds: How long the endpoint may take to answer.
    """

    local: Local
    public: dict[Format, Published] = field(default_factory=dict)
    ledger: FakeLedger = field(default_factory=lambda: FakeLedger(lambda: NOW))
    patience_seconds: float = 20.0

    def offer(
        self,
        package_format: Format,
        name: str,
        *versions: str,
        says: Mapping[str, object] | None = None,
        pom: str = "",
    ) -> None:
        """The public repository has *versions* of a package, with the files that its format has."""
        namespace = GROUP if package_format == "maven" else ""
        where = PackageId(package_format, namespace, name)
        for version in versions:
            said = dict(says or {})
            files = files_of(package_format, name, version)
            content = {file: f"{name} {version} {file}".encode() for file in files}
            if package_format == "npm":
                tarball = {"tarball": f"https://of.a.test/{name}-{version}.tgz"}
                said |= {"name": name, "version": version, "dist": tarball}
            if package_format == "maven":
                content[files[0]] = pom_of(name, version, pom).encode()
            self.public[package_format].publish(where, version, content, said)

    def engine(self, *, observe: bool = False) -> Engine:
        """Return the engine, on the local CodeArtifact through HTTP."""
        client = self.local.client()
        http = StreamedHttp(
            seconds_idle=self.patience_seconds, seconds_whole=self.patience_seconds, connections=32
        )
        endpoint = EndpointFetching(
            EndpointAccess(client), http, lambda: None, sleep=lambda _: None
        )
        return Engine(
            codeartifact=CodeArtifactService(client),
            fetching=None if observe else endpoint,
            contents=ServiceVersionContents(client),
            lists=lambda: None,
            now=lambda: NOW,
            ledger=self.ledger,
            at_once=8,
            settle_seconds=0,
        )

    def warm(self, *some: Wanted, how: How | None = None, observe: bool = False) -> Warmed:
        """Warm *some*."""
        return warm(some, self.engine(observe=observe), how or How())

    def warm_until_listed(self, *some: Wanted, how: How | None = None) -> dict[str, str]:
        """Warm *some*, and look until all is listed; return what became of each version."""
        warmed = self.warm(*some, how=how)
        found, engine = states(warmed), self.engine()
        deadline = time.monotonic() + DEADLINE_SECONDS
        while warmed.waiting:
            assert time.monotonic() < deadline, warmed.waiting
            warmed = confirm(warmed.waiting, engine, How())
            found |= states(warmed)
        return found

    def held(self, where: Package) -> dict[str, Status]:
        """Return what the repository lists of a package."""
        return {
            one.version: one.status
            for one in CodeArtifactService(self.local.client()).versions(where)
        }

    @contextmanager
    def counted(self) -> Iterator[Counter[str]]:
        """Count what CodeArtifact and its endpoints are asked during a block."""
        self.local.admin("DELETE", "requests")
        counts: Counter[str] = Counter()
        yield counts
        counts.update(self.local.requests())


@contextmanager
def warming_domain(url: str, swappable: Swappable) -> Iterator[WarmingDomain]:
    """Give the domain, on the server at *url*, with empty public repositories."""
    public = {package_format: Published(package_format) for package_format in CONNECTIONS}
    app = create_app(
        Options(), public={CONNECTIONS[one]: repository for one, repository in public.items()}
    )
    app.served_at(url)
    with closing(app):
        swappable.app = app
        local = Local(url, app)
        client = local.client()
        client.create_domain(domain=DOMAIN)
        for one, connection in CONNECTIONS.items():
            client.create_repository(domain=DOMAIN, repository=f"{one}-store")
            client.associate_external_connection(
                domain=DOMAIN, repository=f"{one}-store", externalConnection=connection
            )
        client.create_repository(
            domain=DOMAIN,
            repository=REPOSITORY.name,
            upstreams=[{"repositoryName": f"{one}-store"} for one in CONNECTIONS],
        )
        yield WarmingDomain(local, public)


def states(warmed: Warmed) -> dict[str, str]:
    """Return what became of each version, by package URL."""
    return {one.package.purl(one.version): one.state for one in warmed.outcomes}


def files_of(package_format: Format, name: str, version: str) -> tuple[str, ...]:
    """Return the files of a version; of Maven one that is brought in by its name alone."""
    match package_format:
        case "pypi":
            return f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.tar.gz"
        case "npm":
            return ("package.tgz",)
        case _:
            file = f"{name}-{version}"
            return f"{file}.pom", f"{file}.jar", f"{file}-tests.jar"


def pom_of(name: str, version: str, inside: str = "") -> str:
    """Return the POM of a version."""
    return (
        "<project><modelVersion>4.0.0</modelVersion>"
        f"<groupId>{GROUP}</groupId><artifactId>{name}</artifactId><version>{version}</version>"
        f"{inside}</project>"
    )


def coordinates_of(name: str, version: str) -> str:
    """Return what a POM names another one with."""
    return f"<groupId>{GROUP}</groupId><artifactId>{name}</artifactId><version>{version}</version>"
