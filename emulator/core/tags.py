"""Tags of domains, repositories and package groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from emulator.core import arns
from emulator.core.errors import ServiceQuotaExceeded, Validation
from emulator.core.values import DomainId, PackageGroupId, RepositoryId

if TYPE_CHECKING:
    from mypy_boto3_codeartifact.type_defs import TagTypeDef

    from emulator.core.state import State

Tagged = DomainId | RepositoryId | PackageGroupId

MAX_TAGS = 50  # "Tagging resources", User Guide: tags per resource


def checked(tags: Iterable[TagTypeDef], resource: Tagged) -> dict[str, str]:
    """
    Return the tags that a request gives *resource*, by key.

    Raises:
        Validation: A key is given twice, or begins with ``aws:``, which AWS keeps to itself.
        ServiceQuotaExceeded: There are more than 50.
    """
    found: dict[str, str] = {}
    for tag in tags:
        key = tag["key"]
        if key in found:
            raise Validation(f"The tag key {key!r} is given twice")
        if key.lower().startswith("aws:"):
            raise Validation(f"Tag keys cannot begin with 'aws:', as {key!r} does")
        found[key] = tag["value"]
    if len(found) > MAX_TAGS:
        raise _too_many(resource)
    return found


def of(state: State, resource: Tagged) -> dict[str, str]:
    """Return the tags of *resource*, ordered by key."""
    with state.store.reading() as connection:
        return dict(
            connection.execute(
                "SELECT key, value FROM tags WHERE arn = ? ORDER BY key", (_arn(state, resource),)
            ).fetchall()
        )


def put(state: State, resource: Tagged, added: Mapping[str, str]) -> None:
    """
    *resource* has the *added* tags besides those it had; a key keeps its newest value.

    Raises:
        ServiceQuotaExceeded: It would have more than 50; nothing is added.
    """
    arn = _arn(state, resource)
    with state.store.transaction() as connection:
        if len(of(state, resource).keys() | added.keys()) > MAX_TAGS:
            raise _too_many(resource)
        connection.executemany(
            "INSERT OR REPLACE INTO tags (arn, key, value) VALUES (?, ?, ?)",
            [(arn, key, value) for key, value in added.items()],
        )


def remove(state: State, resource: Tagged, keys: Iterable[str]) -> None:
    """*resource* has none of the tags *keys*; those it never had are no mistake."""
    arn = _arn(state, resource)
    with state.store.transaction() as connection:
        connection.executemany(
            "DELETE FROM tags WHERE arn = ? AND key = ?", [(arn, key) for key in keys]
        )


def _too_many(resource: Tagged) -> ServiceQuotaExceeded:
    message = f"A resource has at most {MAX_TAGS} tags"
    match resource:
        case DomainId(name=name):
            return ServiceQuotaExceeded(message, resource_id=name, resource_type="domain")
        case RepositoryId(name=name):
            return ServiceQuotaExceeded(message, resource_id=name, resource_type="repository")
        case PackageGroupId(pattern=pattern):
            return ServiceQuotaExceeded(message, resource_id=pattern, resource_type=None)


def _arn(state: State, resource: Tagged) -> str:
    match resource:
        case DomainId():
            return arns.of_domain(state, resource)
        case RepositoryId():
            return arns.of_repository(state, resource)
        case PackageGroupId():
            return arns.of_package_group(state, resource)
