"""A domain with two repositories, short ways to its package groups, and any pattern."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st

from emulator.core import group_patterns
from emulator.core.values import PackageId, RestrictionMode, RestrictionType
from tests.functional.local_codeartifact import Local

if TYPE_CHECKING:
    from mypy_boto3_codeartifact.type_defs import PackageGroupDescriptionTypeDef

ACCOUNT = "012345678901"
DOMAIN = "my-company"
TYPES: tuple[RestrictionType, ...] = ("PUBLISH", "EXTERNAL_UPSTREAM", "INTERNAL_UPSTREAM")

_CYRILLIC_O = "\u043e"
NAMES = st.text(st.sampled_from(f"aAbBlI10mo{_CYRILLIC_O}-._%|"), min_size=1, max_size=6)
PACKAGES = st.builds(
    PackageId, st.sampled_from(["npm", "generic"]), st.one_of(st.just("a"), NAMES), NAMES
)


@st.composite
def patterns(draw: st.DrawFn) -> str:
    """Draw the pattern that ends somewhere in the path of a package."""
    path = group_patterns.path(draw(PACKAGES))
    stem = path[: draw(st.integers(path.index("/", 1) + 1, len(path)))]
    if stem == path and draw(st.booleans()):
        return f"{stem}$"
    return f"{stem}~" if group_patterns.in_word(stem[-1]) else f"{stem}*"


class Groups:
    """The package groups of ``my-company``, which has the repositories below."""

    repositories = ("intake", "internal")

    def __init__(self, local: Local) -> None:
        self.local = local
        self.client = local.client()

    def create(self, *patterns: str) -> None:
        """The groups exist."""
        for pattern in patterns:
            self.client.create_package_group(domain=DOMAIN, packageGroup=pattern)

    def delete(self, pattern: str) -> None:
        """The group is gone."""
        self.client.delete_package_group(domain=DOMAIN, packageGroup=pattern)

    def describe(self, pattern: str) -> PackageGroupDescriptionTypeDef:
        """Return the group's description."""
        return self.client.describe_package_group(domain=DOMAIN, packageGroup=pattern)[
            "packageGroup"
        ]

    def set(self, pattern: str, **modes: RestrictionMode) -> None:
        """The group has these modes."""
        restrictions: Any = modes
        self.client.update_package_group_origin_configuration(
            domain=DOMAIN, packageGroup=pattern, restrictions=restrictions
        )

    def modes(self, pattern: str) -> dict[str, tuple[str, str, str | None]]:
        """Return own mode, mode in force and where it comes from, by restriction type."""
        configuration = self.describe(pattern)["originConfiguration"]
        return {
            kind: (
                each["mode"],
                each["effectiveMode"],
                each.get("inheritedFrom", {}).get("pattern"),
            )
            for kind, each in configuration["restrictions"].items()
        }

    def parent(self, pattern: str) -> str | None:
        """Return the pattern of the group's parent."""
        return self.describe(pattern).get("parent", {}).get("pattern")

    def of(self, package: str, *, namespace: str | None = None, fmt: str = "npm") -> str:
        """Return the pattern of the package's group and how it is in it."""
        named: Any = {"format": fmt, "package": package}
        if namespace is not None:
            named["namespace"] = namespace
        found = self.client.get_associated_package_group(domain=DOMAIN, **named)
        return f"{found['packageGroup']['pattern']} {found['associationType']}"

    def listed(self, prefix: str = "", size: int = 1000) -> list[str]:
        """Return the patterns that ListPackageGroups shows, over all pages."""
        pages = self.client.get_paginator("list_package_groups").paginate(
            domain=DOMAIN, prefix=prefix, PaginationConfig={"PageSize": size}
        )
        return [each["pattern"] for page in pages for each in page["packageGroups"]]

    def children(self, pattern: str, size: int = 1000) -> list[str]:
        """Return the patterns that ListSubPackageGroups shows, over all pages."""
        pages = self.client.get_paginator("list_sub_package_groups").paginate(
            domain=DOMAIN, packageGroup=pattern, PaginationConfig={"PageSize": size}
        )
        return [each["pattern"] for page in pages for each in page["packageGroups"]]

    def packages(self, pattern: str, *, preview: bool = False, size: int = 1000) -> list[str]:
        """Return what ListAssociatedPackages shows over all pages, WEAK ones marked."""
        pages = self.client.get_paginator("list_associated_packages").paginate(
            domain=DOMAIN,
            packageGroup=pattern,
            preview=preview,
            PaginationConfig={"PageSize": size},
        )
        return [
            f"/{each['format']}/{each.get('namespace', '')}/{each['package']}"
            + (" WEAK" if each["associationType"] == "WEAK" else "")
            for page in pages
            for each in page["packages"]
        ]

    def allowed(self, pattern: str, kind: RestrictionType, size: int = 1000) -> list[str]:
        """Return what ListAllowedRepositoriesForGroup shows, over all pages."""
        pages = self.client.get_paginator("list_allowed_repositories_for_group").paginate(
            domain=DOMAIN,
            packageGroup=pattern,
            originRestrictionType=kind,
            PaginationConfig={"PageSize": size},
        )
        return [name for page in pages for name in page["allowedRepositories"]]

    def hold(self, *paths: str, repository: str = "intake") -> None:
        """The repository holds packages, by their paths."""
        packages: list[dict[str, object]] = []
        for path in paths:
            fmt, namespace, name = path[1:].split("/")
            packages.append(
                {
                    "format": fmt,
                    "namespace": namespace or None,
                    "package": name,
                    "versions": [{"version": "1.0"}],
                }
            )
        self.seed([], [{"name": repository, "packages": packages}])

    def seed(
        self, groups: Sequence[dict[str, object]], repositories: Sequence[dict[str, object]] = ()
    ) -> None:
        """What is described exists."""
        domain = {"name": DOMAIN, "packageGroups": groups, "repositories": repositories}
        self.local.seed({"domains": [domain]})


@pytest.fixture
def groups(local: Local) -> Groups:
    """A domain with two empty repositories and nothing but the root group."""
    client = local.client()
    client.create_domain(domain=DOMAIN)
    for name in Groups.repositories:
        client.create_repository(domain=DOMAIN, repository=name)
    return Groups(local)
