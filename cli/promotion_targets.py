"""Whether versions get into the repositories that the policy promotes to by themselves."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

    from steward.policy_checks import Opening
    from steward.policy_lines import Mistake

_MISSING = "ResourceNotFoundException"  # API Reference; its resourceType says what is missing


def judged(
    openings: Sequence["Opening"], client: "CodeArtifactClient", *, domain: str, owner: str
) -> tuple[list["Mistake"], list["Mistake"]]:
    """
    Return what CodeArtifact makes of *openings*: mistakes, and what stays a warning.

    An opening is a mistake if its repository has an upstream or an external connection. It stays a
    warning if there is no such repository yet. One call of DescribeRepository a repository.

    Raises:
        botocore.exceptions.ClientError: CodeArtifact refused the call, or has no such domain.
        botocore.exceptions.BotoCoreError: It could not be asked.
    """
    repositories = dict.fromkeys(opening.repository for opening in openings)
    sources = {name: _sources_of(name, client, domain=domain, owner=owner) for name in repositories}
    mistakes: list[Mistake] = []
    warnings: list[Mistake] = []
    for opening in openings:
        found = sources[opening.repository]
        if found is None:
            warnings.append(opening.without_repository())
        elif found:
            mistakes.append(opening.mistake(found))
    return mistakes, warnings


def _sources_of(
    repository: str, client: "CodeArtifactClient", *, domain: str, owner: str
) -> list[str] | None:
    """Return where the repository gets versions from; ``None`` if there is no such repository."""
    from botocore.exceptions import ClientError

    try:
        answer = client.describe_repository(domain=domain, domainOwner=owner, repository=repository)
    except ClientError as error:
        missing = error.response.get("Error", {}).get("Code") == _MISSING
        if missing and error.response.get("resourceType") == "repository":
            return None
        raise
    found = answer["repository"]
    return [
        *(upstream["repositoryName"] for upstream in found.get("upstreams", [])),
        *(
            connection["externalConnectionName"]
            for connection in found.get("externalConnections", [])
        ),
    ]
