"""What a domain holds, page by page: its repositories, and the packages of one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from steward import codeartifact_answers as answers
from steward import codeartifact_requests as requests
from steward.codeartifact_answers import required
from steward.codeartifact_lists import PAGE
from steward.coordinates import Package, Repository, Restrictions

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient
    from mypy_boto3_codeartifact.type_defs import (
        ListPackagesRequestTypeDef,
        ListRepositoriesInDomainRequestTypeDef,
    )


class PackagesPage(NamedTuple):
    """
    Some packages of a repository, with their origin restrictions.

    Attributes:
        following: What leads to the next page; ``None``: this is the last one. How long it may be
            used is not documented.
    """

    packages: list[tuple[Package, Restrictions]]
    following: str | None


class DomainLists(Protocol):
    """
    What a domain holds.

    Every method raises :class:`PackageNotFoundError` if there is no such domain or repository, and
    :class:`CodeArtifactError` if a call fails.
    """

    def repositories(self, domain: str, domain_owner: str) -> list[Repository]:
        """Return the repositories of a domain: one call per 1,000, ListRepositoriesInDomain."""

    def packages(self, repository: Repository, following: str | None) -> PackagesPage:
        """
        Return the page *following* of the packages of *repository*; ``None``: the first one.

        One call, ListPackages, for 1,000 packages. Packages without versions come too. If the list
        changes between two pages, a package may come on both.
        """


class ServiceDomainLists:
    """What a domain holds, by CodeArtifact itself."""

    def __init__(self, client: CodeArtifactClient) -> None:
        self._client = client

    def repositories(self, domain: str, domain_owner: str) -> list[Repository]:
        """See :class:`DomainLists`."""
        operation = "ListRepositoriesInDomain"
        parameters: ListRepositoriesInDomainRequestTypeDef = {
            "domain": domain,
            "domainOwner": domain_owner,
            "maxResults": PAGE,
        }
        names: dict[str, None] = {}  # a list that changes between two pages may show one on both
        token: str | None = None
        while True:
            try:
                page = self._client.list_repositories_in_domain(**parameters)
            except (ClientError, BotoCoreError) as error:
                raise answers.failure(operation, error) from error
            for row in page.get("repositories", []):
                names[required(operation, "name", row.get("name"))] = None
            token = requests.following(operation, page.get("nextToken"), after=token)
            if token is None:
                return [Repository(domain, domain_owner, name) for name in names]
            parameters["nextToken"] = token

    def packages(self, repository: Repository, following: str | None) -> PackagesPage:
        """See :class:`DomainLists`."""
        operation = "ListPackages"
        parameters: ListPackagesRequestTypeDef = {
            "domain": repository.domain,
            "domainOwner": repository.domain_owner,
            "repository": repository.name,
            "maxResults": PAGE,
        }
        if following is not None:
            parameters["nextToken"] = following
        try:
            page = self._client.list_packages(**parameters)
        except (ClientError, BotoCoreError) as error:
            raise answers.failure(operation, error) from error
        return PackagesPage(
            [answers.package_in(repository, row) for row in page.get("packages", [])],
            requests.following(operation, page.get("nextToken"), after=following),
        )
