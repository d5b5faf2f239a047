"""Operations on packages and their origin configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.api import documents, targets
from emulator.core import packages
from emulator.core.state import State
from emulator.core.values import Caller, Restrictions

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import type_defs as wire

DEFAULT_PAGE = 100  # ListPackages, API Reference


def list_packages(
    state: State, caller: Caller, request: wire.ListPackagesRequestTypeDef
) -> documents.Document:
    """
    List the packages of one repository; namespace and package prefix are both prefixes.

    Source: API Reference, ListPackages; User Guide, "List package names". Not documented: order.
    """
    repository = targets.repository(state, caller, request, "ListPackages")
    found, token = packages.page(
        state,
        repository,
        format=request.get("format"),
        namespace=request.get("namespace"),
        prefix=request.get("packagePrefix"),
        publish=request.get("publish"),
        upstream=request.get("upstream"),
        limit=request.get("maxResults", DEFAULT_PAGE),
        after=request.get("nextToken"),
        visible_only=True,
    )
    return {"packages": [documents.package_summary(each) for each in found], "nextToken": token}


def describe_package(
    state: State, caller: Caller, request: wire.DescribePackageRequestTypeDef
) -> documents.Document:
    """
    Describe a package that the repository itself holds.

    Source: API Reference, DescribePackage.
    """
    repository, package = targets.package(state, caller, request, "DescribePackage")
    found = packages.describe(state, repository, package, visible_only=True)
    return {"package": documents.package_description(found)}


def delete_package(
    state: State, caller: Caller, request: wire.DeletePackageRequestTypeDef
) -> documents.Document:
    """
    Delete a package, its versions and its origin configuration.

    Source: API Reference, DeletePackage; User Guide, "Delete a package".
    """
    repository, package = targets.package(state, caller, request, "DeletePackage")
    return {
        "deletedPackage": documents.package_summary(packages.delete(state, repository, package))
    }


def put_package_origin_configuration(
    state: State, caller: Caller, request: wire.PutPackageOriginConfigurationRequestTypeDef
) -> documents.Document:
    """
    Set how versions may enter a package, which need not exist yet.

    Source: API Reference, PutPackageOriginConfiguration; User Guide, "Package origin controls".
    """
    repository, package = targets.package(state, caller, request, "PutPackageOriginConfiguration")
    wanted = request["restrictions"]
    stored = packages.put_restrictions(
        state, repository, package, Restrictions(wanted["publish"], wanted["upstream"])
    )
    return {"originConfiguration": documents.origin_configuration(stored.restrictions)}
