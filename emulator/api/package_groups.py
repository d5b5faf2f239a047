"""The operations on package groups, none of which the local CodeArtifact implements."""

from __future__ import annotations

NOT_IMPLEMENTED = frozenset(
    {
        "CreatePackageGroup",
        "DeletePackageGroup",
        "DescribePackageGroup",
        "GetAssociatedPackageGroup",
        "ListAllowedRepositoriesForGroup",
        "ListAssociatedPackages",
        "ListPackageGroups",
        "ListSubPackageGroups",
        "UpdatePackageGroup",
        "UpdatePackageGroupOriginConfiguration",
    }
)
"""Every package is treated as if the root group, untouched, were the only one."""
