"""What package groups say: which group a package is in, and how versions may enter it."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.core import paging
from emulator.core.clock import stamp
from emulator.core.group_index import Index
from emulator.core.state import State
from emulator.core.values import (
    Association,
    DomainId,
    PackageGroup,
    PackageGroupId,
    PackageId,
    RepositoryId,
    RestrictionType,
)


def associated(state: State, domain: DomainId, package: PackageId) -> Association:
    """
    Return the one group that *package* is in, whether it exists or not.

    Raises:
        ResourceNotFound: There is no such domain.
    """
    return index(state, domain).associated(package)


def admits(
    state: State, repository: RepositoryId, package: PackageId, restriction: RestrictionType
) -> bool:
    """
    Return whether the package's group lets versions in by *restriction*, as to *repository*.

    - A package that matches its group weakly gets none ("Package group definition syntax and
      matching behavior", User Guide).
    - In the mode ALLOW_SPECIFIC_REPOSITORIES the repository has to be on the list of the group
      that the mode comes from ("Package group origin controls", User Guide). PUBLISH: the
      repository that is published to; EXTERNAL_UPSTREAM: the one with the external connection;
      INTERNAL_UPSTREAM: the downstream one.

    Raises:
        ResourceNotFound: There is no such domain.
    """
    found = associated(state, repository.domain, package)
    if found.type == "WEAK":
        return False
    effective = found.group.restrictions[restriction]
    if effective.mode == "ALLOW_SPECIFIC_REPOSITORIES":
        return _is_allowed(state, effective.source, repository, restriction)
    return effective.mode == "ALLOW"


def unrestricted(state: State, domain: DomainId, package: PackageId) -> bool:
    """
    Return whether the package's group says nothing: all three modes in force are ALLOW.

    A weak match says something: that nothing may enter.

    Raises:
        ResourceNotFound: There is no such domain.
    """
    found = associated(state, domain, package)
    return found.type == "STRONG" and all(
        each.mode == "ALLOW" for each in found.group.restrictions.values()
    )


def describe(state: State, group: PackageGroupId) -> PackageGroup:
    """
    Return the group.

    Raises:
        ResourceNotFound: There is no such group or domain.
    """
    return index(state, group.domain).group(group.pattern)


def page(
    state: State,
    domain: DomainId,
    *,
    prefix: str | None = None,
    limit: int,
    after: str | None = None,
) -> tuple[list[PackageGroup], str | None]:
    """
    Return the groups whose pattern begins with *prefix*, by pattern, and the next page's token.

    Raises:
        ResourceNotFound: There is no such domain.
    """
    scope = ("ListPackageGroups", domain, prefix)
    key = paging.decode(scope, after)
    found = index(state, domain)
    left = [
        each for each in found.after(str(key[0]) if key else "") if each.startswith(prefix or "")
    ]
    token = paging.encode(scope, [left[limit - 1]]) if len(left) > limit else None
    return [found.group(each) for each in left[:limit]], token


def children(
    state: State, group: PackageGroupId, *, limit: int, after: str | None = None
) -> tuple[list[PackageGroup], str | None]:
    """
    Return the groups whose parent is *group*, by pattern, and the next page's token.

    Raises:
        ResourceNotFound: There is no such group or domain.
    """
    scope = ("ListSubPackageGroups", group)
    key = paging.decode(scope, after)
    found = index(state, group.domain)
    found.group(group.pattern)
    left = [each for each in found.children(group.pattern) if key is None or each > str(key[0])]
    token = paging.encode(scope, [left[limit - 1]]) if len(left) > limit else None
    return [found.group(each) for each in left[:limit]], token


def allowed_repositories(
    state: State,
    group: PackageGroupId,
    restriction: RestrictionType,
    *,
    limit: int,
    after: str | None = None,
) -> tuple[list[str], str | None]:
    """
    Return the names on the group's own list, in order, and the next page's token.

    Raises:
        ResourceNotFound: There is no such group or domain.
    """
    scope = ("ListAllowedRepositoriesForGroup", group, restriction)
    key = paging.decode(scope, after)
    with state.store.reading() as connection:
        describe(state, group)
        rows = connection.execute(
            f"SELECT r.name {_ALLOWED} AND a.restriction = ? AND r.name > ?"
            " ORDER BY r.name LIMIT ?",
            (*_key(group), restriction, key[0] if key else "", limit + 1),
        ).fetchall()
    names = [name for (name,) in rows[:limit]]
    return names, paging.encode(scope, [names[-1]]) if len(rows) > limit else None


def repository_counts(state: State, group: PackageGroupId) -> Mapping[str, int]:
    """Return how many repositories are on the group's own list of each restriction type."""
    with state.store.reading() as connection:
        return dict(
            connection.execute(
                f"SELECT a.restriction, COUNT(*) {_ALLOWED} GROUP BY a.restriction",
                _key(group),
            ).fetchall()
        )


def index(state: State, domain: DomainId) -> Index:
    """
    Return the groups of *domain* as they are now.

    Raises:
        ResourceNotFound: There is no such domain.
    """
    with state.store.reading() as connection:
        return state.group_indexes.of(connection, domain, stamp(state.clock.now()))


_ALLOWED = (
    "FROM allowed_repositories a JOIN package_groups g ON g.id = a.package_group"
    " JOIN domains d ON d.id = g.domain JOIN repositories r ON r.id = a.repository"
    " WHERE d.owner = ? AND d.name = ? AND g.pattern = ?"
)


def _key(group: PackageGroupId) -> tuple[str, str, str]:
    return group.domain.owner, group.domain.name, group.pattern


def _is_allowed(
    state: State, group: PackageGroupId, repository: RepositoryId, restriction: RestrictionType
) -> bool:
    with state.store.reading() as connection:
        row = connection.execute(
            f"SELECT 1 {_ALLOWED} AND a.restriction = ? AND r.name = ?",
            (*_key(group), restriction, repository.name),
        ).fetchone()
    return row is not None
