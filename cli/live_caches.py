"""Whether what the caches of a policy ask for can come in, by what CodeArtifact says."""

from typing import TYPE_CHECKING

from steward.coordinates import FORMATS

if TYPE_CHECKING:
    from steward.coordinates import Format
    from steward.policy_file import CheckedPolicy
    from steward.policy_lines import Mistake
    from steward.repositories import Repositories


def unreachable(
    checked: "CheckedPolicy",
    existing: set[str],
    repositories: "Repositories",
    *,
    domain: str,
    owner: str,
) -> list["Mistake"]:
    """
    Return a warning for each rule whose repository reaches no external connection of some format.

    Upstream repositories may hold the versions all the same, or get their connection later: that is
    no reason to stop. Where a repository on the way cannot be described, nothing is said. One call
    of DescribeRepository for each repository on the way.

    Args:
        existing: The names of the domain's repositories; a rule about another one is left out.

    Raises:
        steward.errors.CodeArtifactError: A call failed.
    """
    from steward.coordinates import Repository
    from steward.upstream_walk import walk

    connected: dict[str, set[Format]] = {}
    found: list[Mistake] = []
    for rule in checked.caches:
        if rule.repository not in existing:
            continue
        if rule.repository not in connected:
            reach = walk(repositories, Repository(domain, owner, rule.repository))
            known = {one.format for stop in reach.stops for one in stop.connections}
            unknown = any(stop.unknown is not None for stop in reach.stops)
            connected[rule.repository] = set(FORMATS) if unknown else known
        warning = rule.warning(connected[rule.repository])
        if warning is not None:
            found.append(warning)
    return found
