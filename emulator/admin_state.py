"""Everything that a local CodeArtifact holds, in the form of a seed document."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from emulator.core import domains, package_groups, packages, repositories, tags, versions
from emulator.core.group_patterns import ROOT
from emulator.core.group_rows import TYPES
from emulator.core.values import (
    Domain,
    DomainId,
    Origin,
    Package,
    PackageGroup,
    Repository,
    RepositoryId,
    Version,
)

if TYPE_CHECKING:
    from emulator.core.state import State

_PAGE = 1_000
_Item = TypeVar("_Item")

_UNTOUCHED_ROOT: dict[str, object] = {
    "pattern": ROOT,
    "restrictions": dict.fromkeys(TYPES, "ALLOW"),
    "allowedRepositories": {},
    "contactInfo": None,
    "description": None,
    "tags": {},
}


def document(state: State) -> dict[str, object]:
    """
    Return every domain with its package groups, repositories, packages and versions.

    Of package groups, all but a root group that is as it was made.

    It is one consistent state, and can be seeded elsewhere: versions that the API does not show
    yet are among them; assets have their sizes, not their bytes; revisions are not in it.
    """
    with state.store.reading() as connection:
        owners = connection.execute("SELECT DISTINCT owner FROM domains ORDER BY owner").fetchall()
        return {
            "domains": [
                _domain(state, domain) for (owner,) in owners for domain in _owned(state, owner)
            ]
        }


def _owned(state: State, owner: str) -> Iterator[Domain]:
    return _all(lambda after: domains.page(state, owner, limit=_PAGE, after=after))


def _repositories(state: State, domain: DomainId) -> Iterator[Repository]:
    return _all(lambda after: repositories.page(state, domain=domain, limit=_PAGE, after=after))


def _groups(state: State, domain: DomainId) -> Iterator[PackageGroup]:
    return _all(lambda after: package_groups.page(state, domain, limit=_PAGE, after=after))


def _packages(state: State, repository: RepositoryId) -> Iterator[Package]:
    return _all(lambda after: packages.page(state, repository, limit=_PAGE, after=after))


def _all(page: Callable[[str | None], tuple[list[_Item], str | None]]) -> Iterator[_Item]:
    """Yield the items of every page."""
    items, after = page(None)
    yield from items
    while after is not None:
        items, after = page(after)
        yield from items


def _domain(state: State, domain: Domain) -> dict[str, object]:
    return {
        "name": domain.id.name,
        "owner": domain.id.owner,
        "repositories": [
            {
                "name": each.id.name,
                "administrator": each.administrator,
                "description": each.description,
                "upstreams": list(each.upstreams),
                "externalConnection": each.external_connection,
                "packages": [_package(state, package) for package in _packages(state, each.id)],
            }
            for each in _repositories(state, domain.id)
        ],
        "packageGroups": [
            each
            for each in (_package_group(state, group) for group in _groups(state, domain.id))
            if each != _UNTOUCHED_ROOT
        ],
    }


def _package_group(state: State, group: PackageGroup) -> dict[str, object]:
    allowed = {
        kind: list(
            _all(
                lambda after, kind=kind: package_groups.allowed_repositories(  # type: ignore[misc]  # bound now
                    state, group.id, kind, limit=_PAGE, after=after
                )
            )
        )
        for kind in TYPES
    }
    return {
        "pattern": group.id.pattern,
        "restrictions": {kind: each.own for kind, each in group.restrictions.items()},
        "allowedRepositories": {kind: names for kind, names in allowed.items() if names},
        "contactInfo": group.contact_info or None,
        "description": group.description or None,
        "tags": tags.of(state, group.id),
    }


def _package(state: State, package: Package) -> dict[str, object]:
    restrictions = package.restrictions
    return {
        "format": package.id.format,
        "namespace": package.id.namespace or None,
        "package": package.id.name,
        "restrictions": {"publish": restrictions.publish, "upstream": restrictions.upstream},
        "distTags": packages.dist_tags(package),
        "versions": [
            _version(each) for each in versions.all_of(state, package.repository, package.id)
        ],
    }


def _version(version: Version) -> dict[str, object]:
    return {
        "version": version.version,
        "status": version.status,
        "publishedTime": version.published.isoformat(),
        "origin": _origin(version.origin),
        "metadata": dict(version.metadata),
        "assets": [{"name": each.name, "size": each.blob.size} for each in version.assets],
    }


def _origin(origin: Origin) -> dict[str, object]:
    entry_point = {
        "repositoryName": origin.repository,
        "externalConnectionName": origin.external_connection,
    }
    return {
        "originType": origin.type,
        "domainEntryPoint": {name: value for name, value in entry_point.items() if value} or None,
    }
