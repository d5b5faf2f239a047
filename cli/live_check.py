"""What CodeArtifact has to say about the repositories that a policy names."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from cli.live_caches import unreachable
from cli.live_promotions import DescribedOnce, bypassed

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

    from steward.coordinates import Repository
    from steward.policy_checks import Opening
    from steward.policy_file import CheckedPolicy
    from steward.policy_lines import Mistake
    from steward.repositories import Repositories

_MISSING: Final = (
    "ResourceNotFoundException"  # API Reference; its resourceType says what is missing
)
_MAX_PER_PAGE: Final = 1000  # ListRepositoriesInDomain, service model


def judged(
    checked: "CheckedPolicy", client: "CodeArtifactClient", *, domain: str, owner: str
) -> tuple[list["Mistake"], list["Mistake"]]:
    """
    Return what CodeArtifact makes of the policy: mistakes, and warnings, by line.

    - Without the domain, nothing else can be told: that is a mistake.
    - A name, or a pattern of names, that no repository of the domain has is a warning: the
      repository may be created later.
    - An opening is a mistake if its repository has an upstream or an external connection. It stays
      a warning if there is no such repository yet.
    - A rule of ``caches`` whose repository reaches no external connection for a format that it
      names is a warning (``live_caches``).
    - A promotion is a mistake if versions get into its ``to`` past the gates (``live_promotions``).

    One call of ListRepositoriesInDomain for 1,000 repositories, of which only the names are looked
    at, one of DescribeRepository for each repository of an opening and for each that a promotion's
    ``to`` or a cache's repository reaches, and, if that finds a way past the gates, those about
    package groups.

    Raises:
        botocore.exceptions.ClientError: CodeArtifact refused a call.
        botocore.exceptions.BotoCoreError: It could not be asked.
        steward.errors.CodeArtifactError: Either of the two.
    """
    existing = _repositories(client, domain=domain, owner=owner)
    if existing is None:
        return [_without_domain(checked, domain, owner, client.meta.region_name)], []
    repositories = DescribedOnce(client)
    mistakes, warnings = _judged_openings(
        checked.openings, existing, repositories, domain=domain, owner=owner
    )
    mistakes += bypassed(checked, existing, client, repositories, domain=domain, owner=owner)
    warnings += unreachable(checked, existing, repositories, domain=domain, owner=owner)
    warnings += filter(None, (named.warning(existing) for named in checked.repositories))
    return mistakes, sorted(warnings, key=lambda warning: warning.line)


def _repositories(client: "CodeArtifactClient", *, domain: str, owner: str) -> set[str] | None:
    """Return the names of the domain's repositories; ``None`` if there is no such domain."""
    from botocore.exceptions import ClientError

    pages = client.get_paginator("list_repositories_in_domain").paginate(
        domain=domain, domainOwner=owner, PaginationConfig={"PageSize": _MAX_PER_PAGE}
    )
    try:
        return {found["name"] for page in pages for found in page["repositories"]}
    except ClientError as error:
        missing = error.response.get("Error", {}).get("Code") == _MISSING
        if missing and error.response.get("resourceType") == "domain":
            return None
        raise


def _without_domain(checked: "CheckedPolicy", domain: str, owner: str, region: str) -> "Mistake":
    return checked.source.mistake(
        ("domain",),
        f"the account {owner} has no domain {domain} in {region}",
        "Correct the name, or create the domain; AWS_PROFILE, AWS_DEFAULT_REGION and "
        "--domain-owner say where it is looked for.",
    )


def _judged_openings(
    openings: Sequence["Opening"],
    existing: set[str],
    repositories: "Repositories",
    *,
    domain: str,
    owner: str,
) -> tuple[list["Mistake"], list["Mistake"]]:
    from steward.coordinates import Repository

    sources = {
        name: _sources_of(repositories, Repository(domain, owner, name))
        for name in dict.fromkeys(opening.repository for opening in openings)
        if name in existing
    }
    mistakes = [
        opening.mistake(found) for opening in openings if (found := sources.get(opening.repository))
    ]
    missing = [opening for opening in openings if opening.repository not in existing]
    return mistakes, [opening.without_repository() for opening in missing]


def _sources_of(repositories: "Repositories", repository: "Repository") -> list[str]:
    """Return where the repository gets versions from."""
    found = repositories.describe(repository)
    return [*found.upstreams, *(connection.name for connection in found.external_connections)]
