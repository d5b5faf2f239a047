"""A local CodeArtifact's core without HTTP, and short ways to put versions into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from emulator.core import domains, packages, publishing, repositories, versions
from emulator.core.faults import Settings
from emulator.core.state import State, open_state
from emulator.core.switches import SwitchValue
from emulator.core.values import (
    DomainId,
    PackageId,
    RepositoryId,
    Restriction,
    Restrictions,
    Status,
    Version,
)
from emulator.options import Options

ACCOUNT = "012345678901"
DOMAIN = DomainId(ACCOUNT, "my-company")
REPOSITORY = RepositoryId(DOMAIN, "my-repo")
OTHER = RepositoryId(DOMAIN, "other-repo")
GENERIC = PackageId("generic", "tools", "hammer")
MAVEN = PackageId("maven", "com.mycompany.app", "pkg")
NPM = PackageId("npm", "", "lodash")


@dataclass
class Core:
    """A core with the domain ``my-company``, the repositories ``my-repo`` and ``other-repo``."""

    state: State
    events: list[dict[str, object]] = field(default_factory=list)

    def switch(self, **switches: SwitchValue) -> None:
        """Set undocumented behaviours, all others to their default."""
        self.state.faults.set(Settings(switches=switches))

    def publish(
        self,
        version: str,
        *assets: str,
        package: PackageId = GENERIC,
        repository: RepositoryId = REPOSITORY,
        content: str = "",
        unfinished: bool = False,
        metadata: Mapping[str, object] | None = None,
    ) -> Version:
        """Publish a version whose assets hold their own name and *content*."""
        blobs = [
            (name, self.state.assets.store(f"{name}{content}".encode()))
            for name in assets or ("package.bin",)
        ]
        return publishing.publish(
            self.state,
            repository,
            package,
            version,
            blobs,
            metadata=metadata,
            unfinished=unfinished,
        )

    def bring(self, version: str, status: Status, *, package: PackageId = GENERIC) -> Version:
        """Publish a version and bring it into *status*."""
        held = self.publish(version, package=package, unfinished=status == "Unfinished")
        if status == "Disposed":
            versions.dispose(self.state, REPOSITORY, package, [version])
        elif held.status != status:
            versions.set_status(self.state, REPOSITORY, package, [version], target=status)
        return versions.describe(self.state, REPOSITORY, package, version)

    def statuses(
        self, package: PackageId = GENERIC, repository: RepositoryId = REPOSITORY
    ) -> dict[str, Status]:
        """Return the status of every version that the repository holds."""
        return {
            each.version: each.status for each in versions.all_of(self.state, repository, package)
        }

    def restrict(
        self,
        publish: Restriction,
        upstream: Restriction,
        *,
        package: PackageId = GENERIC,
        repository: RepositoryId = REPOSITORY,
    ) -> None:
        """Set the package's origin configuration."""
        packages.put_restrictions(self.state, repository, package, Restrictions(publish, upstream))

    def delivered(self) -> list[dict[str, object]]:
        """Return the details of the events so far, once all that are due have come."""
        assert self.state.events.drain()
        return [event["detail"] for event in self.events]  # type: ignore[misc]  # envelopes are JSON


@contextmanager
def opened(data: Path | None = None) -> Iterator[Core]:
    """Give a core that collects its events; its domain and repositories are created if missing."""
    state = open_state(Options(data=data))
    try:
        core = Core(state)
        if not domains.page(state, ACCOUNT, limit=1)[0]:
            domains.create(state, DOMAIN)
            for repository in (REPOSITORY, OTHER):
                repositories.create(state, repository, administrator=ACCOUNT)
        state.events.subscribe(core.events.append)
        yield core
    finally:
        state.close()
