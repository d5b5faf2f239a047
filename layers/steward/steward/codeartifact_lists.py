"""The lists of CodeArtifact, read to their ends: the versions of a package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from botocore.exceptions import BotoCoreError, ClientError

from steward import codeartifact_answers as answers
from steward import codeartifact_requests as requests
from steward.coordinates import OriginType, Package, PackageVersion

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient
    from mypy_boto3_codeartifact.type_defs import ListPackageVersionsResultTypeDef

PAGE: Final = 1000  # the greatest maxResults of ListPackages and ListPackageVersions, service model


def versions(
    client: CodeArtifactClient,
    package: Package,
    *,
    origin: OriginType | None = None,
    by_published_time: bool = False,
) -> list[PackageVersion]:
    """
    Return the versions of *package*, in any status: one call per 1,000.

    Args:
        client: The client to ask.
        package: Whose versions.
        origin: Only versions of this origin.
        by_published_time: In the order of ``sortBy=PUBLISHED_TIME``; else in no particular order.

    Raises:
        PackageNotFoundError: The package or its repository does not exist (any more).
        CodeArtifactError: A call failed, or an answer leads back to itself.
    """
    parameters = cast(
        "requests.ListVersionsParameters", {**requests.located(package), "maxResults": PAGE}
    )
    if origin is not None:
        parameters["originType"] = origin
    if by_published_time:
        parameters["sortBy"] = "PUBLISHED_TIME"
    # By name: a list that changes between two pages may show a version on both.
    found: dict[str, PackageVersion] = {}
    token: str | None = None
    while True:
        page = _page(client, parameters)
        for summary in page.get("versions", []):
            version = answers.version_in(summary)
            found[version.version] = version
        token = requests.following("ListPackageVersions", page.get("nextToken"), after=token)
        if token is None:
            return list(found.values())
        parameters["nextToken"] = token


def _page(
    client: CodeArtifactClient, parameters: requests.ListVersionsParameters
) -> ListPackageVersionsResultTypeDef:
    try:
        return client.list_package_versions(**parameters)
    except (ClientError, BotoCoreError) as error:
        raise answers.failure("ListPackageVersions", error) from error
