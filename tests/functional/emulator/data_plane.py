"""What the tests of the repository endpoints share: one domain, clients, and a look behind them."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from emulator.core import packages, repositories, tokens, versions
from emulator.core.state import State
from emulator.core.values import (
    Caller,
    DomainId,
    PackageId,
    RepositoryId,
    Restriction,
    Restrictions,
    Version,
)

ACCOUNT = "012345678901"
DOMAIN = DomainId(ACCOUNT, "my-company")
CALLER = Caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")


@dataclass(frozen=True)
class DataPlane:
    """The repository endpoints of one local CodeArtifact."""

    state: State

    def repository(self, name: str, *upstreams: str) -> RepositoryId:
        """Create a repository of the domain ``my-company``."""
        repository = RepositoryId(DOMAIN, name)
        repositories.create(
            self.state,
            repository,
            administrator=ACCOUNT,
            description="",
            upstreams=upstreams,
            tags={},
        )
        return repository

    def url(self, fmt: str, repository: str) -> str:
        """Return the endpoint of a repository, without a slash at the end."""
        return f"{self.state.base_url}/{fmt}/d/{DOMAIN.name}-{DOMAIN.owner}/{repository}"

    def token(self, *, domain: DomainId = DOMAIN, caller: Caller = CALLER) -> str:
        """Return an authorization token for twelve hours."""
        return tokens.issue(self.state, domain, caller, 43200)[0]

    def client(self, fmt: str, repository: str, *, token: str | None = None) -> httpx.Client:
        """Return a client that speaks to one repository as its own account."""
        return httpx.Client(
            base_url=self.url(fmt, repository) + "/",
            auth=("aws", token or self.token()),
            follow_redirects=True,
            trust_env=False,
        )

    def versions(self, repository: str, package: PackageId) -> dict[str, Version]:
        """Return what a repository itself holds of a package."""
        held = versions.all_of(self.state, RepositoryId(DOMAIN, repository), package)
        return {each.version: each for each in held}

    def statuses(self, repository: str, package: PackageId) -> dict[str, str]:
        """Return the status of each version that a repository itself holds."""
        return {name: each.status for name, each in self.versions(repository, package).items()}

    def restrict(
        self, repository: str, package: PackageId, *, publish: Restriction, upstream: Restriction
    ) -> None:
        """Set the origin configuration of a package."""
        packages.put_restrictions(
            self.state, RepositoryId(DOMAIN, repository), package, Restrictions(publish, upstream)
        )
