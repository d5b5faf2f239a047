"""The structures of the API's responses; the same thing has different members in different ones."""

from __future__ import annotations

from emulator.core import arns, domains, package_groups
from emulator.core.policies import Policy
from emulator.core.repositories import EXTERNAL_CONNECTIONS
from emulator.core.state import State
from emulator.core.values import (
    Asset,
    BulkResult,
    Domain,
    Origin,
    Package,
    PackageGroup,
    PackageGroupId,
    PackageId,
    Repository,
    Restrictions,
    Version,
)

Document = dict[str, object]


def domain_summary(state: State, domain: Domain) -> Document:
    """Return a DomainSummary."""
    return {
        "name": domain.id.name,
        "owner": domain.id.owner,
        "arn": arns.of_domain(state, domain.id),
        "status": domain.status,
        "createdTime": domain.created,
        "encryptionKey": domain.encryption_key,
    }


def domain_description(state: State, domain: Domain) -> Document:
    """Return a DomainDescription."""
    return {
        **domain_summary(state, domain),
        "repositoryCount": domain.repository_count,
        "assetSizeBytes": domain.asset_size_bytes,
        "s3BucketArn": domains.bucket_arn(state.options.region),
    }


def repository_summary(state: State, repository: Repository) -> Document:
    """Return a RepositorySummary."""
    return {
        "name": repository.id.name,
        "administratorAccount": repository.administrator,
        "domainName": repository.id.domain.name,
        "domainOwner": repository.id.domain.owner,
        "arn": arns.of_repository(state, repository.id),
        "description": repository.description or None,
        "createdTime": repository.created,
    }


def repository_description(state: State, repository: Repository) -> Document:
    """Return a RepositoryDescription; its lists are there when empty (User Guide, samples)."""
    connection = repository.external_connection
    return {
        **repository_summary(state, repository),
        "upstreams": [{"repositoryName": name} for name in repository.upstreams],
        "externalConnections": []
        if connection is None
        else [
            {
                "externalConnectionName": connection,
                "packageFormat": EXTERNAL_CONNECTIONS[connection],
                "status": "Available",
            }
        ],
    }


def policy(stored: Policy) -> Document:
    """Return a ResourcePolicy."""
    return {
        "resourceArn": stored.arn,
        "revision": stored.revision,
        "document": stored.document,
    }


def origin_configuration(restrictions: Restrictions) -> Document:
    """Return a PackageOriginConfiguration."""
    return {
        "restrictions": {"publish": restrictions.publish, "upstream": restrictions.upstream},
    }


def package_summary(package: Package) -> Document:
    """Return a PackageSummary, which calls the name ``package``."""
    return {
        **_coordinates(package.id),
        "package": package.id.name,
        "originConfiguration": origin_configuration(package.restrictions),
    }


def package_description(package: Package) -> Document:
    """Return a PackageDescription, which calls the name ``name``."""
    return {
        **_coordinates(package.id),
        "name": package.id.name,
        "originConfiguration": origin_configuration(package.restrictions),
    }


def package_header(package: PackageId) -> Document:
    """Return the members by which lists and bulk answers repeat what they are about."""
    return {**_coordinates(package), "package": package.name}


def package_group(state: State, group: PackageGroup) -> Document:
    """
    Return a PackageGroupDescription or PackageGroupSummary, which have the same members.

    ``inheritedFrom`` is there only where a mode is inherited; texts that are empty are left out.
    """
    counts = package_groups.repository_counts(state, group.id)
    restrictions = {
        kind: {
            "mode": each.own,
            "effectiveMode": each.mode,
            "inheritedFrom": None
            if each.source == group.id
            else _package_group_reference(state, each.source),
            "repositoriesCount": counts.get(kind, 0),
        }
        for kind, each in group.restrictions.items()
    }
    parent = group.parent
    return {
        "arn": arns.of_package_group(state, group.id),
        "pattern": group.id.pattern,
        "domainName": group.id.domain.name,
        "domainOwner": group.id.domain.owner,
        "createdTime": group.created,
        "contactInfo": group.contact_info or None,
        "description": group.description or None,
        "originConfiguration": {"restrictions": restrictions},
        "parent": None if parent is None else _package_group_reference(state, parent),
    }


def _package_group_reference(state: State, group: PackageGroupId) -> Document:
    return {"arn": arns.of_package_group(state, group), "pattern": group.pattern}


def version_header(version: Version) -> Document:
    """Return the same for one version and its revision."""
    return {
        **package_header(version.package),
        "version": version.version,
        "versionRevision": version.revision,
    }


def origin(value: Origin) -> Document:
    """Return a PackageVersionOrigin: where the version first entered the domain."""
    entry_point = {
        "repositoryName": value.repository,
        "externalConnectionName": value.external_connection,
    }
    return {
        "originType": value.type,
        "domainEntryPoint": entry_point if any(entry_point.values()) else None,
    }


def version_summary(version: Version) -> Document:
    """Return a PackageVersionSummary."""
    return {
        "version": version.version,
        "revision": version.revision,
        "status": version.status,
        "origin": origin(version.origin),
    }


def asset_summary(asset: Asset) -> Document:
    """Return an AssetSummary."""
    blob = asset.blob
    return {
        "name": asset.name,
        "size": blob.size,
        "hashes": {
            "MD5": blob.md5,
            "SHA-1": blob.sha1,
            "SHA-256": blob.sha256,
            "SHA-512": blob.sha512,
        },
    }


def bulk(result: BulkResult) -> Document:
    """Return what the calls on several versions answer with."""
    return {
        "successfulVersions": {
            version: {"revision": revision, "status": status}
            for version, (revision, status) in result.successful.items()
        },
        "failedVersions": {
            version: {"errorCode": refused.code, "errorMessage": refused.message}
            for version, refused in result.failed.items()
        },
    }


def _coordinates(package: PackageId) -> Document:
    return {"format": package.format, "namespace": package.namespace or None}
