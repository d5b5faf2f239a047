"""Operations on the tags of domains, repositories and package groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.api import documents, targets
from emulator.core import arns, package_groups, rows, tags
from emulator.core.state import State
from emulator.core.values import Caller, DomainId, PackageGroupId, RepositoryId

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import type_defs as wire


def tag_resource(
    state: State, caller: Caller, request: wire.TagResourceRequestTypeDef
) -> documents.Document:
    """
    Add tags to a domain, repository or package group, 50 at most in all.

    Source: API Reference, TagResource; User Guide, "Tagging resources" (the limit).
    """
    resource = _tagged(state, caller, request["resourceArn"], "TagResource")
    tags.put(state, resource, tags.checked(request["tags"], resource))
    return {}


def untag_resource(
    state: State, caller: Caller, request: wire.UntagResourceRequestTypeDef
) -> documents.Document:
    """
    Remove tags from a domain, repository or package group.

    Source: API Reference, UntagResource.
    """
    resource = _tagged(state, caller, request["resourceArn"], "UntagResource")
    tags.remove(state, resource, request["tagKeys"])
    return {}


def list_tags_for_resource(
    state: State, caller: Caller, request: wire.ListTagsForResourceRequestTypeDef
) -> documents.Document:
    """
    List the tags of a domain, repository or package group.

    Source: API Reference, ListTagsForResource. Not documented: the order (ours is by key).
    """
    resource = _tagged(state, caller, request["resourceArn"], "ListTagsForResource")
    found = tags.of(state, resource)
    return {"tags": [{"key": key, "value": value} for key, value in found.items()]}


def _tagged(state: State, caller: Caller, arn: str, operation: str) -> tags.Tagged:
    """Return the resource that *arn* names, if it exists and the caller may do *operation*."""
    resource = arns.taggable(state, arn)
    with state.store.reading() as connection:
        match resource:
            case DomainId():
                rows.domain_row(connection, resource)
            case RepositoryId():
                rows.repository_row(connection, resource)
            case PackageGroupId():
                package_groups.describe(state, resource)
    match resource:
        case DomainId():
            targets.permit_domain(state, caller, operation, resource)
        case RepositoryId():
            targets.permit_repository(state, caller, operation, resource)
        case PackageGroupId():
            targets.permit_package_group(state, caller, operation, resource)
    return resource
