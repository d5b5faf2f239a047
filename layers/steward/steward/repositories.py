"""Where a repository gets from what it does not hold itself: upstreams, external connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from steward.codeartifact_answers import failure, required
from steward.coordinates import Format, Repository

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient


@dataclass(frozen=True, slots=True)
class ExternalConnection:
    """A public repository that a repository fetches packages of one format from."""

    name: str
    format: Format


@dataclass(frozen=True, slots=True)
class RepositoryDescription:
    """
    A repository, as far as it decides what clients can reach through it.

    Attributes:
        upstreams: Names of repositories of the same domain, the first asked first.
        external_connections: One at most today, and never besides upstreams (User Guide, "Connect a
            repository to a public repository"); nothing here leans on that.
    """

    name: str
    upstreams: tuple[str, ...]
    external_connections: tuple[ExternalConnection, ...]


class Repositories(Protocol):
    """How repositories are connected."""

    def describe(self, repository: Repository) -> RepositoryDescription:
        """
        Return how *repository* is connected: one call, DescribeRepository.

        Raises:
            PackageNotFoundError: The domain or the repository does not exist.
            CodeArtifactError: The call failed, or its answer lacks what was asked for.
        """


class ServiceRepositories:
    """How repositories are connected, by CodeArtifact itself."""

    def __init__(self, client: CodeArtifactClient) -> None:
        self._client = client

    def describe(self, repository: Repository) -> RepositoryDescription:
        """See :class:`Repositories`."""
        operation = "DescribeRepository"
        try:
            answer = self._client.describe_repository(
                domain=repository.domain,
                domainOwner=repository.domain_owner,
                repository=repository.name,
            )
        except (ClientError, BotoCoreError) as error:
            raise failure(operation, error) from error
        described = required(operation, "repository", answer.get("repository"))
        return RepositoryDescription(
            repository.name,
            tuple(
                required(operation, "repositoryName", each.get("repositoryName"))
                for each in described.get("upstreams") or []
            ),
            tuple(
                ExternalConnection(
                    required(
                        operation, "externalConnectionName", each.get("externalConnectionName")
                    ),
                    required(operation, "packageFormat", each.get("packageFormat")),
                )
                for each in described.get("externalConnections") or []
            ),
        )
