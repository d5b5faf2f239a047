"""
When versions were published, as far as CodeArtifact tells it.

A row of ListPackageVersions has no time; the list can only be sorted by it, in a direction that no
AWS document tells (``sortBy``, API Reference). The time of one version is that of
DescribePackageVersion.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from steward import codeartifact_answers as answers
from steward import codeartifact_lists as lists
from steward import codeartifact_requests as requests
from steward.coordinates import Package, PackageVersion
from steward.errors import PackageNotFoundError

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient


class PublishedTimes(Protocol):
    """What tells when versions were published; nothing is changed by asking."""

    def versions_by_time(self, package: Package) -> list[PackageVersion]:
        """
        Return the versions of *package*, in any status, by the time of their publication.

        Oldest or newest first: the direction is not documented. One call per 1,000, instead of and
        with the same rows as :meth:`steward.codeartifact.CodeArtifact.versions`. A version that
        stands on two pages, because the list changed in between, keeps its first place.

        Raises:
            PackageNotFoundError: The package or its repository does not exist (any more).
            CodeArtifactError: A call failed.
        """

    def published_at(self, package: Package, version: str) -> datetime | None:
        """
        Return when *version* of *package* was published (UTC): one call, DescribePackageVersion.

        Returns:
            ``None``: it does not exist any more, or CodeArtifact tells no time.

        Raises:
            CodeArtifactError: The call failed.
        """


class ServicePublishedTimes:
    """The times that CodeArtifact itself tells."""

    def __init__(self, client: CodeArtifactClient) -> None:
        self._client = client

    def versions_by_time(self, package: Package) -> list[PackageVersion]:
        """See :class:`PublishedTimes`."""
        return lists.versions(self._client, package, by_published_time=True)

    def published_at(self, package: Package, version: str) -> datetime | None:
        """See :class:`PublishedTimes`."""
        try:
            answer = self._client.describe_package_version(**requests.versioned(package, version))
        except (ClientError, BotoCoreError) as error:
            failure = answers.failure("DescribePackageVersion", error)
            if isinstance(failure, PackageNotFoundError):
                return None
            raise failure from error
        published = answer["packageVersion"].get("publishedTime")
        return None if published is None else published.astimezone(UTC)
