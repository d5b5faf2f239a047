"""Operations on package versions: described, listed, copied, moved through their statuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.api import documents, targets
from emulator.core import copying, descriptions, metadata, paging, versions
from emulator.core.errors import ResourceNotFound
from emulator.core.state import State
from emulator.core.values import Caller

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import type_defs as wire

DEFAULT_PAGE = 50  # ListPackageVersions, API Reference


def list_package_versions(
    state: State, caller: Caller, request: wire.ListPackageVersionsRequestTypeDef
) -> documents.Document:
    """
    List the versions of a package that the repository itself holds, in every status by default.

    Source: API Reference, ListPackageVersions. Not documented: both orders (switches).
    """
    repository, package = targets.package(state, caller, request, "ListPackageVersions")
    found, token = versions.page(
        state,
        repository,
        package,
        status=request.get("status"),
        sort_by_published_time=request.get("sortBy") == "PUBLISHED_TIME",
        origin_type=request.get("originType"),
        limit=request.get("maxResults", DEFAULT_PAGE),
        after=request.get("nextToken"),
    )
    return {
        **documents.package_header(package),
        "defaultDisplayVersion": versions.default_display_version(state, repository, package),
        "versions": [documents.version_summary(each) for each in found],
        "nextToken": token,
    }


def describe_package_version(
    state: State, caller: Caller, request: wire.DescribePackageVersionRequestTypeDef
) -> documents.Document:
    """
    Describe a version that the repository itself holds.

    Source: API Reference, DescribePackageVersion; User Guide, "View package version details". Not
    documented: which fields of a Python distribution are its licences (switch).
    """
    repository, package = targets.package(state, caller, request, "DescribePackageVersion")
    version = versions.describe(state, repository, package, request["packageVersion"])
    says = metadata.of(version)
    licences = says.licenses
    if not licences and state.faults.on("licensesFromClassifiers"):
        licences = says.classified
    return {
        "packageVersion": {
            "format": package.format,
            "namespace": package.namespace or None,
            "packageName": package.name,
            "displayName": says.display_name or None,
            "version": version.version,
            "summary": says.summary or None,
            "homePage": says.home_page or None,
            "sourceCodeRepository": says.source_code_repository or None,
            "publishedTime": version.published,
            "licenses": [{"name": each.name or None, "url": each.url or None} for each in licences],
            "revision": version.revision,
            "status": version.status,
            "origin": documents.origin(version.origin),
        }
    }


def list_package_version_dependencies(
    state: State, caller: Caller, request: wire.ListPackageVersionDependenciesRequestTypeDef
) -> documents.Document:
    """
    List what a version's own metadata says it depends on, in its order.

    Source: API Reference, ListPackageVersionDependencies. Not documented: the page size.
    """
    repository, package = targets.package(state, caller, request, "ListPackageVersionDependencies")
    version = versions.describe(state, repository, package, request["packageVersion"])
    found = metadata.of(version).dependencies
    scope = ("ListPackageVersionDependencies", repository, package, version.version)
    key = paging.decode(scope, request.get("nextToken"))
    start = 0 if key is None else int(key[0])
    end = start + targets.page_size(state, {})
    return {
        **documents.version_header(version),
        "dependencies": [
            {
                "namespace": each.namespace or None,
                "package": each.package,
                "dependencyType": each.dependency_type or None,
                "versionRequirement": each.version_requirement or None,
            }
            for each in found[start:end]
        ],
        "nextToken": paging.encode(scope, [end]) if end < len(found) else None,
    }


def get_package_version_readme(
    state: State, caller: Caller, request: wire.GetPackageVersionReadmeRequestTypeDef
) -> documents.Document:
    """
    Return a version's readme.

    Source: API Reference, GetPackageVersionReadme. Not documented: the error for a version that
    has none (here ResourceNotFoundException).
    """
    repository, package = targets.package(state, caller, request, "GetPackageVersionReadme")
    version = versions.describe(state, repository, package, request["packageVersion"])
    readme = descriptions.readme(state, version)
    if not readme:
        raise ResourceNotFound(
            f"Readme not found. Version '{version.version}' of package '{package.name}' has none",
            resource_id=version.version,
            resource_type="package-version",
        )
    return {**documents.version_header(version), "readme": readme}


def update_package_versions_status(
    state: State, caller: Caller, request: wire.UpdatePackageVersionsStatusRequestTypeDef
) -> documents.Document:
    """
    Give versions a status, all or none of them.

    Source: API Reference, UpdatePackageVersionsStatus; User Guide, "Update package version
    status". Not documented: some transitions, same-status updates (switches).
    """
    repository, package = targets.package(state, caller, request, "UpdatePackageVersionsStatus")
    result = versions.set_status(
        state,
        repository,
        package,
        request["versions"],
        target=request["targetStatus"],
        revisions=request.get("versionRevisions"),
        expected=request.get("expectedStatus"),
    )
    return documents.bulk(result)


def dispose_package_versions(
    state: State, caller: Caller, request: wire.DisposePackageVersionsRequestTypeDef
) -> documents.Document:
    """
    Delete the assets of versions and keep their records.

    Source: API Reference, DisposePackageVersions. Not documented: some transitions (switches).
    """
    repository, package = targets.package(state, caller, request, "DisposePackageVersions")
    result = versions.dispose(
        state,
        repository,
        package,
        request["versions"],
        revisions=request.get("versionRevisions"),
        expected=request.get("expectedStatus"),
    )
    return documents.bulk(result)


def delete_package_versions(
    state: State, caller: Caller, request: wire.DeletePackageVersionsRequestTypeDef
) -> documents.Document:
    """
    Delete versions for good; the package and its origin configuration stay.

    Source: API Reference, DeletePackageVersions; User Guide, "Delete a package version".
    """
    repository, package = targets.package(state, caller, request, "DeletePackageVersions")
    result = versions.delete(
        state, repository, package, request["versions"], expected=request.get("expectedStatus")
    )
    return documents.bulk(result)


def copy_package_versions(
    state: State, caller: Caller, request: wire.CopyPackageVersionsRequestTypeDef
) -> documents.Document:
    """
    Copy versions to another repository of the domain; identical ones are in neither answer.

    Needs ReadFromRepository on the source, and CopyPackageVersions on the destination and on the
    package there.

    Source: API Reference, CopyPackageVersions; User Guide, "Copy packages between repositories".
    Not documented: the status of a copy, origin controls (switches).
    """
    source = targets.repository(
        state, caller, request, "ReadFromRepository", member="sourceRepository"
    )
    destination = targets.repository(
        state, caller, request, "CopyPackageVersions", member="destinationRepository"
    )
    package = targets.package_of(request)
    targets.permit_package(state, caller, "CopyPackageVersions", destination, package)
    result = copying.copy(
        state,
        source,
        destination,
        package,
        versions=request.get("versions", ()),
        revisions=request.get("versionRevisions"),
        allow_overwrite=request.get("allowOverwrite", False),
        include_from_upstream=request.get("includeFromUpstream", False),
    )
    return documents.bulk(result)
