"""Whether versions get past the gates of the promotions of a policy, by what CodeArtifact says."""

import json
from typing import TYPE_CHECKING

from steward.repositories import ServiceRepositories

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

    from promote_versions.bypass import GroupSettings
    from steward.coordinates import Repository
    from steward.policy_file import CheckedPolicy
    from steward.policy_lines import Mistake
    from steward.repositories import Repositories, RepositoryDescription


class DescribedOnce:
    """The repositories of a domain, each described at most once."""

    def __init__(self, client: "CodeArtifactClient") -> None:
        self._repositories = ServiceRepositories(client)
        self._described: dict[Repository, RepositoryDescription] = {}

    def describe(self, repository: "Repository") -> "RepositoryDescription":
        """See :class:`Repositories`."""
        if repository not in self._described:
            self._described[repository] = self._repositories.describe(repository)
        return self._described[repository]


def bypassed(
    checked: "CheckedPolicy",
    existing: set[str],
    client: "CodeArtifactClient",
    repositories: "Repositories",
    *,
    domain: str,
    owner: str,
) -> list["Mistake"]:
    """
    Return a mistake for each way past the gates of a rule, at the line of the rule's ``to``.

    A way is closed only by package groups that close it for all packages of the rule, there or not:
    see :mod:`promote_versions.bypass`. The groups, and their allow-lists, are asked for only where
    the topology has a way.

    Args:
        existing: The names of the domain's repositories; a rule to another one is left out.

    Raises:
        steward.errors.CodeArtifactError: A call failed.
    """
    from promote_versions.bypass import routes, routes_around
    from promote_versions.topology import group_settings
    from steward.coordinates import Repository
    from steward.package_groups import PackageGroups
    from steward.promotion_rules import promotion_rule, staged
    from steward.upstream_walk import walk

    found: list[Mistake] = []
    settings: GroupSettings | None = None
    rules = staged([promotion_rule(one) for one in json.loads(checked.compiled)["promotions"]])
    for index, rule in enumerate(rules):
        if rule.to not in existing:
            continue
        reach = walk(repositories, Repository(domain, owner, rule.to))
        if not any(routes(rule, reach, pattern.format) for pattern in rule.packages):
            continue
        if settings is None:
            settings = group_settings(PackageGroups(client, domain=domain, domain_owner=owner))
        found += [
            checked.source.mistake(("promotions", index, "to"), way.problem, way.remedy)
            for way in routes_around(rule, reach, settings)
        ]
    return found
