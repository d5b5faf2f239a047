"""Operations on package groups."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from emulator.api import documents, targets
from emulator.core import group_changes, group_packages, group_patterns, package_groups, tags
from emulator.core.errors import Validation
from emulator.core.group_changes import Allowed
from emulator.core.state import State
from emulator.core.values import Caller, PackageGroupId

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import type_defs as wire


def create_package_group(
    state: State, caller: Caller, request: wire.CreatePackageGroupRequestTypeDef
) -> documents.Document:
    """
    Create a group that inherits every setting from its parent.

    Source: API Reference, CreatePackageGroup; User Guide, "Package group definition syntax and
    matching behavior". Not documented: the settings of a new group, and which resource the right
    is asked for (here the domain, as for CreateRepository).
    """
    domain = targets.domain(state, caller, request, "CreatePackageGroup")
    pattern = group_patterns.parse(request["packageGroup"])
    group = PackageGroupId(domain, str(pattern))
    created = group_changes.create(
        state,
        group,
        contact_info=request.get("contactInfo"),
        description=request.get("description"),
        tags=tags.checked(request.get("tags", ()), group),
    )
    return {"packageGroup": documents.package_group(state, created)}


def describe_package_group(
    state: State, caller: Caller, request: wire.DescribePackageGroupRequestTypeDef
) -> documents.Document:
    """
    Describe a group with its own settings, those in force and where they come from.

    Source: API Reference, DescribePackageGroup.
    """
    group = targets.package_group(state, caller, request, "DescribePackageGroup")
    return {"packageGroup": documents.package_group(state, package_groups.describe(state, group))}


def update_package_group(
    state: State, caller: Caller, request: wire.UpdatePackageGroupRequestTypeDef
) -> documents.Document:
    """
    Replace the contact information or the description of a group, whichever is given.

    Source: API Reference, UpdatePackageGroup.
    """
    group = targets.package_group(state, caller, request, "UpdatePackageGroup")
    updated = group_changes.update(
        state,
        group,
        contact_info=request.get("contactInfo"),
        description=request.get("description"),
    )
    return {"packageGroup": documents.package_group(state, updated)}


def update_package_group_origin_configuration(
    state: State,
    caller: Caller,
    request: wire.UpdatePackageGroupOriginConfigurationRequestTypeDef,
) -> documents.Document:
    """
    Set modes and change the lists of allowed repositories of a group, all at once.

    Source: API Reference, UpdatePackageGroupOriginConfiguration; User Guide, "Package group
    origin controls". Not documented: the limit of 100 repositories (AWS's CloudFormation provider
    sends no more), INHERIT for the root group, and whether repositories that were on a list
    before are named in the answer (here not).
    """
    group = targets.package_group(state, caller, request, "UpdatePackageGroupOriginConfiguration")
    updated, changes = group_changes.configure(
        state,
        group,
        modes=request.get("restrictions", {}),
        added=_allowed(request.get("addAllowedRepositories", ())),
        removed=_allowed(request.get("removeAllowedRepositories", ())),
    )
    return {
        "packageGroup": documents.package_group(state, updated),
        "allowedRepositoryUpdates": {
            kind: {
                name: list(names)
                for name, names in (("ADDED", change.added), ("REMOVED", change.removed))
                if names
            }
            for kind, change in changes.items()
        },
    }


def delete_package_group(
    state: State, caller: Caller, request: wire.DeletePackageGroupRequestTypeDef
) -> documents.Document:
    """
    Delete a group, not its packages; its children get its parent.

    Source: API Reference, DeletePackageGroup; User Guide, "Delete a package group".
    """
    group = targets.package_group(state, caller, request, "DeletePackageGroup")
    described = documents.package_group(state, package_groups.describe(state, group))
    group_changes.delete(state, group)
    return {"packageGroup": described}


def list_package_groups(
    state: State, caller: Caller, request: wire.ListPackageGroupsRequestTypeDef
) -> documents.Document:
    """
    List the groups of a domain whose pattern begins with a prefix.

    Source: API Reference, ListPackageGroups. Not documented: order (ours is by pattern) and
    default page size (switch).
    """
    domain = targets.domain(state, caller, request, "ListPackageGroups")
    found, token = package_groups.page(
        state,
        domain,
        prefix=request.get("prefix"),
        limit=targets.page_size(state, request),
        after=request.get("nextToken"),
    )
    return {
        "packageGroups": [documents.package_group(state, each) for each in found],
        "nextToken": token,
    }


def list_sub_package_groups(
    state: State, caller: Caller, request: wire.ListSubPackageGroupsRequestTypeDef
) -> documents.Document:
    """
    List the direct children of a group.

    Source: API Reference, ListSubPackageGroups. Not documented: order and default page size.
    """
    group = targets.package_group(state, caller, request, "ListSubPackageGroups")
    found, token = package_groups.children(
        state,
        group,
        limit=targets.page_size(state, request),
        after=request.get("nextToken"),
    )
    return {
        "packageGroups": [documents.package_group(state, each) for each in found],
        "nextToken": token,
    }


def list_associated_packages(
    state: State, caller: Caller, request: wire.ListAssociatedPackagesRequestTypeDef
) -> documents.Document:
    """
    List the packages of a domain that are in a group, or would be in one that does not exist yet.

    Source: API Reference, ListAssociatedPackages. Not documented: order and default page size.
    """
    group = targets.package_group(state, caller, request, "ListAssociatedPackages")
    found, token = group_packages.page(
        state,
        group,
        preview=request.get("preview", False),
        limit=targets.page_size(state, request),
        after=request.get("nextToken"),
    )
    return {
        "packages": [
            {**documents.package_header(package), "associationType": kind}
            for package, kind in found
        ],
        "nextToken": token,
    }


def get_associated_package_group(
    state: State, caller: Caller, request: wire.GetAssociatedPackageGroupRequestTypeDef
) -> documents.Document:
    """
    Return the group that a package is in, or would be if it existed.

    A name is normalised first, as in all requests (User Guide, name normalization).

    Source: API Reference, GetAssociatedPackageGroup.
    """
    domain = targets.domain_of(caller, request)
    association = package_groups.associated(state, domain, targets.package_of(request))
    targets.permit_package_group(state, caller, "GetAssociatedPackageGroup", association.group.id)
    return {
        "packageGroup": documents.package_group(state, association.group),
        "associationType": association.type,
    }


def list_allowed_repositories_for_group(
    state: State, caller: Caller, request: wire.ListAllowedRepositoriesForGroupRequestTypeDef
) -> documents.Document:
    """
    List the repositories on a group's own list for one restriction type, whatever its mode is.

    Source: API Reference, ListAllowedRepositoriesForGroup. Not documented: order, default page
    size, and whether a group that inherits shows its parent's list (here not).
    """
    group = targets.package_group(state, caller, request, "ListAllowedRepositoriesForGroup")
    found, token = package_groups.allowed_repositories(
        state,
        group,
        request["originRestrictionType"],
        limit=targets.page_size(state, request),
        after=request.get("nextToken"),
    )
    return {"allowedRepositories": found, "nextToken": token}


def _allowed(named: Iterable[wire.PackageGroupAllowedRepositoryTypeDef]) -> list[Allowed]:
    """
    Return the restriction type and the repository of each item.

    Raises:
        Validation: An item lacks one of them; the model requires neither.
    """
    found: list[Allowed] = []
    for each in named:
        if "repositoryName" not in each or "originRestrictionType" not in each:
            raise Validation(
                "An allowed repository needs its repositoryName and its originRestrictionType"
            )
        found.append((each["originRestrictionType"], each["repositoryName"]))
    return found
