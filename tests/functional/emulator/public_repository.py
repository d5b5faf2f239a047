"""A public repository in memory, and repositories of my-company that reach it."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from emulator.core import repositories, versions
from emulator.core.external import (
    Connection,
    PublicAsset,
    PublicPackage,
    PublicVersion,
    Unreachable,
    Withdrawn,
)
from emulator.core.state import State
from emulator.core.transfers import Download
from emulator.core.values import Format, PackageId, RepositoryId
from tests.functional.emulator.local_core import ACCOUNT, DOMAIN

PUBLISHED = datetime(2021, 7, 13, 12, 30, tzinfo=UTC)
DEADLINE_SECONDS = 10.0

REQUESTS = PackageId("pypi", "", "requests")
WHEEL, SDIST = "requests-2.26.0-py3-none-any.whl", "requests-2.26.0.tar.gz"
LIBRARY = PackageId("maven", "org.slf4j", "slf4j-api")
POM, JAR = "slf4j-api-2.0.13.pom", "slf4j-api-2.0.13.jar"
LINUX = "slf4j-api-2.0.13-linux.jar"


@dataclass
class FakeRepository:
    """
    A public repository whose content a test decides.

    Attributes:
        unreachable: Every call raises Unreachable.
        asked: The names of the calls, in order.
        gate: Set it to let assets whose name is in ``held_back`` go on after their first byte.
    """

    format: Format = "pypi"
    description: str = "a fake"
    packages: dict[PackageId, PublicPackage] = field(default_factory=dict)
    content: dict[str, bytes] = field(default_factory=dict)
    unreachable: bool = False
    withdrawn: set[str] = field(default_factory=set)
    held_back: set[str] = field(default_factory=set)
    gate: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)

    def offer(
        self,
        package: PackageId,
        version: str,
        *names: str,
        metadata: Mapping[str, object] | None = None,
        unlisted: tuple[str, ...] = (),
    ) -> None:
        """Publish *version* with assets of these names; *unlisted* ones can only be asked for."""
        for name in (*names, *unlisted):
            self.content[f"{version}/{name}"] = f"{package.name} {version} {name}".encode()
        known = self.packages.get(package, PublicPackage({}))
        listed = tuple(self._asset(version, name) for name in names)
        made = PublicVersion(version, PUBLISHED, listed, metadata or {})
        self.packages[package] = PublicPackage(
            {**known.versions, version: made}, {"dist-tags": {"latest": version}}
        )

    def package(self, package: PackageId) -> PublicPackage | None:
        """Return what was offered."""
        self._ask("package")
        return self.packages.get(package)

    def assets(self, package: PackageId, version: PublicVersion) -> tuple[PublicAsset, ...]:
        """Return the listed assets."""
        self._ask("assets")
        found = self.packages.get(package)
        return found.versions[version.version].assets if found else ()

    def asset(self, package: PackageId, version: str, name: str) -> PublicAsset | None:
        """Return any asset."""
        self._ask("asset")
        if package not in self.packages or f"{version}/{name}" not in self.content:
            return None
        return self._asset(version, name)

    def open(self, asset: PublicAsset) -> Iterator[bytes]:
        """Yield the content byte by byte, the rest of what is held back once the gate is open."""
        self._ask(f"open {asset.name}")
        if asset.name in self.withdrawn:
            raise Withdrawn(asset.name)
        content = self.content[asset.location]
        yield content[:1]
        if asset.name in self.held_back:
            assert self.gate.wait(DEADLINE_SECONDS)
        yield content[1:]

    def _asset(self, version: str, name: str) -> PublicAsset:
        location = f"{version}/{name}"
        content = self.content[location]
        hashes = {"sha256": hashlib.sha256(content).hexdigest()}
        return PublicAsset(name, location, len(content), hashes, PUBLISHED)

    def _ask(self, call: str) -> None:
        self.asked.append(call)
        if self.unreachable:
            raise Unreachable("the fake is out of order")


@dataclass
class Company:
    """The repositories of my-company: a store with an external connection and what is below it."""

    state: State
    public: FakeRepository
    connection_name: str
    store: RepositoryId

    @classmethod
    def with_store(cls, state: State, public: FakeRepository, connection_name: str) -> Company:
        """Create a store repository with the external connection, behind which is *public*."""
        state.public[connection_name] = public
        made = cls(state, public, connection_name, RepositoryId(DOMAIN, "store"))
        made.repository("store")
        repositories.associate_external_connection(state, made.store, connection_name)
        return made

    @property
    def connection(self) -> Connection:
        """The external connection as the state sees it."""
        found = self.state.public[self.connection_name]
        assert isinstance(found, Connection)
        return found

    def repository(self, name: str, *upstreams: str) -> RepositoryId:
        """Create a repository."""
        made = RepositoryId(DOMAIN, name)
        repositories.create(self.state, made, administrator=ACCOUNT, upstreams=upstreams)
        return made

    def assets(self, repository: RepositoryId, package: PackageId, version: str) -> set[str]:
        """Return what *repository* itself holds of *version*; empty when nothing."""
        held = versions.find(self.state, repository, package, version)
        return {each.name for each in held.assets} if held else set()

    def settled(self) -> None:
        """Return when nothing is on its way in any more."""
        until(lambda: all(not each.imports.running for each in self._connections()))

    def _connections(self) -> list[Connection]:
        return [each for each in self.state.public.values() if isinstance(each, Connection)]


def layered(state: State) -> Company:
    """
    Return a company whose ``app`` has upstream ``middle``, which has upstream ``store``.

    ``store`` has public PyPI, which offers requests 2.26.0.
    """
    made = Company.with_store(state, FakeRepository(), "public:pypi")
    made.repository("middle", "store")
    made.repository("app", "middle")
    made.public.offer(REQUESTS, "2.26.0", WHEEL, SDIST)
    return made


def with_maven_central(state: State) -> Company:
    """
    Return a company whose ``app`` has upstream ``store``, which has Maven Central.

    That offers slf4j-api 2.0.13, whose `LINUX` asset is in no list.
    """
    made = Company.with_store(state, FakeRepository("maven"), "public:maven-central")
    made.repository("app", "store")
    made.public.offer(LIBRARY, "2.0.13", POM, JAR, unlisted=(LINUX,))
    return made


def content_of(download: Download) -> bytes:
    """Return the bytes of a download once all are in."""
    assert download.finished.wait(DEADLINE_SECONDS)
    assert download.failed is None
    return download.path.read_bytes()


def until(condition: Callable[[], bool]) -> None:
    """Return when *condition* holds; fail when it does not within the deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)
