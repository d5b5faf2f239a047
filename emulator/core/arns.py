"""ARNs of domains, repositories, packages and package groups, of the domain's owner."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from emulator.core.errors import Validation
from emulator.core.values import DomainId, PackageGroupId, PackageId, RepositoryId

if TYPE_CHECKING:
    from emulator.core.state import State

_ARN = re.compile(
    r"arn:aws:codeartifact:(?P<region>[a-z0-9-]+):(?P<owner>[0-9]{12}):"
    r"(?P<type>domain|repository|package-group|package)/(?P<rest>.+)"
)
_ENCODED = {"%": "%25", "*": "%2a", "$": "%24"}
"""What stands for which character of a pattern in an ARN: nothing else is encoded (User Guide)."""
_CODES = {code: character for character, code in _ENCODED.items()}
_CODE = re.compile("%25|%2a|%24")


def of_domain(state: State, domain: DomainId) -> str:
    """Return the ARN of a domain (Service Authorization Reference, resource types)."""
    return f"{_prefix(state, domain)}:domain/{domain.name}"


def of_repository(state: State, repository: RepositoryId) -> str:
    """Return the ARN of a repository."""
    return (
        f"{_prefix(state, repository.domain)}:repository/{repository.domain.name}/{repository.name}"
    )


def of_package(state: State, repository: RepositoryId, package: PackageId) -> str:
    """Return the ARN of a package; without a namespace, that part is empty (``npm//react``)."""
    return (
        f"{_prefix(state, repository.domain)}:package/{repository.domain.name}/{repository.name}/"
        f"{package.format}/{package.namespace}/{package.name}"
    )


def of_package_group(state: State, group: PackageGroupId) -> str:
    """Return the ARN of a package group ("Package group ARNs", User Guide)."""
    encoded = "".join(_ENCODED.get(each, each) for each in group.pattern)
    return f"{_prefix(state, group.domain)}:package-group/{group.domain.name}{encoded}"


def taggable(state: State, arn: str) -> DomainId | RepositoryId | PackageGroupId:
    """
    Return the domain, repository or package group that *arn* names, whether it exists or not.

    Raises:
        Validation: It is no ARN of this Region, or of a resource that has no tags.
    """
    match = _ARN.fullmatch(arn)
    if match is None or match["region"] != state.options.region:
        raise Validation(f"Invalid resource ARN: {arn!r}")
    parts = match["rest"].split("/")
    match match["type"], parts:
        case "domain", [name]:
            return DomainId(match["owner"], name)
        case "repository", [domain, name]:
            return RepositoryId(DomainId(match["owner"], domain), name)
        case "package-group", [domain, _, *_]:
            encoded = match["rest"].removeprefix(domain)
            pattern = _CODE.sub(lambda code: _CODES[code[0]], encoded)
            group = PackageGroupId(DomainId(match["owner"], domain), pattern)
            if of_package_group(state, group) == arn:
                return group
            raise Validation(
                f"Invalid resource ARN: {arn!r}. In the pattern, %25, %2a and %24 stand for "
                "%, * and $, and nothing else is encoded"
            )
        case _:
            raise Validation(
                f"Only domains, repositories and package groups have tags, not {arn!r}"
            )


def _prefix(state: State, domain: DomainId) -> str:
    return f"arn:aws:codeartifact:{state.options.region}:{domain.owner}"
