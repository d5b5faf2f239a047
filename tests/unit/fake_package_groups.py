"""A low-level CodeArtifact client that keeps a domain's package groups and counts its calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, cast

from botocore.exceptions import ClientError

from steward import patterns
from steward.coordinates import RestrictionMode, RestrictionType
from steward.group_restrictions import ROOT, TYPES
from steward.package_groups import TAG_KEY, TAG_VALUE, PackageGroups
from steward.policy import GroupDeclaration

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

parsed = cache(patterns.parse)  # groups are compared with one another again and again

DOMAIN_OWNER = "012345678901"
ARN = f"arn:aws:codeartifact:us-west-2:{DOMAIN_OWNER}:package-group/my-company"
LISTED: RestrictionMode = "ALLOW_SPECIFIC_REPOSITORIES"

Calls = list[tuple[str, dict[str, object]]]


def declaration(
    pattern: str,
    *,
    name: str = "groups[0]",
    allowed: Mapping[RestrictionType, Collection[str]] | None = None,
    **modes: RestrictionMode,
) -> GroupDeclaration:
    """Return a declaration with the modes *modes*, the rest inherited, and lists *allowed*."""
    unsaid: RestrictionMode = "ALLOW" if pattern == ROOT else "INHERIT"
    lists = {kind: tuple(names) for kind, names in (allowed or {}).items()}
    chosen: dict[RestrictionType, RestrictionMode] = dict.fromkeys(TYPES, unsaid)
    chosen |= cast("dict[RestrictionType, RestrictionMode]", modes)
    chosen |= dict.fromkeys(lists, LISTED)
    return GroupDeclaration(name, parsed(pattern), chosen, lists)


def refusal(operation: str, code: str, **details: str) -> ClientError:
    """Return the exception with which botocore reports the error *code*."""
    response = {"Error": {"Code": code, "Message": f"{code} of a test"}, **details}
    return ClientError(response, operation)


@dataclass
class Group:
    """What the fake keeps of one group."""

    modes: dict[RestrictionType, RestrictionMode]
    lists: dict[RestrictionType, set[str]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


class FakeDomain:
    """
    The package groups of the domain ``my-company`` as CodeArtifact keeps them.

    Attributes:
        groups: By pattern; a test reads what is left afterwards.
        missing: Names that no repository of the domain has.
        calls: Operation and parameters of each call.
        before: Called before each call with the operation and the pattern; may change or raise.
    """

    def __init__(self, *, page: int = 1000) -> None:
        self.groups = {ROOT: Group(dict.fromkeys(TYPES, "ALLOW"))}
        self.page = page
        self.missing: set[str] = set()
        self.calls: Calls = []
        self.before: Callable[[str, str], None] = lambda _, __: None

    def add(
        self,
        pattern: str,
        *,
        ours: bool = False,
        allowed: Mapping[RestrictionType, Collection[str]] | None = None,
        **modes: RestrictionMode,
    ) -> None:
        """A group is there (or the root is so), with lists that may be of no effect."""
        group = Group(dict.fromkeys(TYPES, "ALLOW" if pattern == ROOT else "INHERIT"))
        group.modes |= cast("dict[RestrictionType, RestrictionMode]", modes)
        group.lists = {kind: set(names) for kind, names in (allowed or {}).items()}
        group.tags = {TAG_KEY: TAG_VALUE} if ours else {}
        self.groups[pattern] = group

    @property
    def gateway(self) -> PackageGroups:
        """The gateway under test, with this as its client."""
        return PackageGroups(
            cast("CodeArtifactClient", self), domain="my-company", domain_owner=DOMAIN_OWNER
        )

    def counted(self) -> dict[str, int]:
        """Return how often each operation was called since the last time this was asked."""
        counts = Counter(operation for operation, _ in self.calls)
        self.calls.clear()
        return dict(counts)

    def effective(
        self, path: str, kind: RestrictionType
    ) -> tuple[RestrictionMode, frozenset[str] | None]:
        """Return what a package may do: the mode in force, and the list if that is what counts."""
        matching = [text for text in self.groups if parsed(text).matches(path)]
        for text in sorted(matching, key=lambda text: parsed(text).specificity)[::-1]:
            group = self.groups[text]
            mode = group.modes[kind]
            if mode != "INHERIT":
                listed = frozenset(group.lists.get(kind, ())) if mode == LISTED else None
                return mode, listed
        raise AssertionError("the root inherits")

    def list_package_groups(self, **parameters: object) -> dict[str, object]:
        """Answer with a page of groups."""
        self._called("ListPackageGroups", parameters)
        shown, token = self._paged(sorted(self.groups), parameters)
        return {"packageGroups": [self._described(pattern) for pattern in shown], **token}

    def describe_package_group(self, **parameters: object) -> dict[str, object]:
        """Answer with one group."""
        pattern = self._called("DescribePackageGroup", parameters)
        return {"packageGroup": self._described(pattern)}

    def list_allowed_repositories_for_group(self, **parameters: object) -> dict[str, object]:
        """Answer with a page of one allow-list."""
        pattern = self._called("ListAllowedRepositoriesForGroup", parameters)
        kind = cast("RestrictionType", parameters["originRestrictionType"])
        names = sorted(self.groups[pattern].lists.get(kind, ()))
        shown, token = self._paged(names, parameters)
        return {"allowedRepositories": shown, **token}

    def list_tags_for_resource(self, **parameters: object) -> dict[str, object]:
        """Answer with a group's tags."""
        pattern = str(parameters["resourceArn"]).removeprefix(ARN).replace("%2a", "*")
        self._called("ListTagsForResource", {**parameters, "packageGroup": pattern})
        tags = self.groups[pattern].tags
        return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}

    def create_package_group(self, **parameters: object) -> None:
        """Create a group that inherits everything."""
        pattern = self._called("CreatePackageGroup", parameters, may_miss=True)
        if pattern in self.groups:
            raise refusal("CreatePackageGroup", "ConflictException")
        tags = cast("list[dict[str, str]]", parameters["tags"])
        self.add(pattern)
        self.groups[pattern].tags = {tag["key"]: tag["value"] for tag in tags}

    def update_package_group_origin_configuration(self, **parameters: object) -> None:
        """Change modes and lists, all at once or not at all."""
        pattern = self._called("UpdatePackageGroupOriginConfiguration", parameters)
        added, removed = (
            cast("list[dict[str, str]]", parameters.get(f"{change}AllowedRepositories", []))
            for change in ("add", "remove")
        )
        assert len(added) + len(removed) <= 100
        for entry in added:
            if entry["repositoryName"] in self.missing:
                raise refusal(
                    "UpdatePackageGroupOriginConfiguration",
                    "ResourceNotFoundException",
                    resourceType="repository",
                    resourceId=entry["repositoryName"],
                )
        group = self.groups[pattern]
        group.modes |= cast(
            "dict[RestrictionType, RestrictionMode]", parameters.get("restrictions", {})
        )
        for entries, change in ((added, set.add), (removed, set.discard)):
            for entry in entries:
                kind = cast("RestrictionType", entry["originRestrictionType"])
                change(group.lists.setdefault(kind, set()), entry["repositoryName"])

    def delete_package_group(self, **parameters: object) -> None:
        """Remove a group; its children have its parent by themselves."""
        pattern = self._called("DeletePackageGroup", parameters)
        assert pattern != ROOT
        del self.groups[pattern]

    def _called(
        self, operation: str, parameters: Mapping[str, object], *, may_miss: bool = False
    ) -> str:
        pattern = str(parameters.get("packageGroup", ROOT))
        self.calls.append((operation, dict(parameters)))
        self.before(operation, pattern)
        if pattern not in self.groups and not may_miss:
            raise refusal(operation, "ResourceNotFoundException", resourceType="package-group")
        return pattern

    def _paged(
        self, items: list[str], parameters: Mapping[str, object]
    ) -> tuple[list[str], dict[str, str]]:
        start = int(cast("str", parameters.get("nextToken", "0")))
        end = start + self.page
        return items[start:end], {"nextToken": str(end)} if end < len(items) else {}

    def _described(self, pattern: str) -> dict[str, object]:
        group = self.groups[pattern]
        restrictions = {
            kind: {
                "mode": group.modes[kind],
                "effectiveMode": self._in_force(pattern, kind),
                "repositoriesCount": len(group.lists.get(kind, ())),
            }
            for kind in TYPES
        }
        return {
            "pattern": pattern,
            "arn": ARN + pattern.replace("*", "%2a"),
            "originConfiguration": {"restrictions": restrictions},
        }

    def _in_force(self, pattern: str, kind: RestrictionType) -> RestrictionMode:
        own = self.groups[pattern].modes[kind]
        if own != "INHERIT":
            return own
        parents = [
            text for text in self.groups if text != pattern and parsed(text).covers(parsed(pattern))
        ]
        nearest = max(parents, key=lambda text: parsed(text).specificity)
        return self._in_force(nearest, kind)
