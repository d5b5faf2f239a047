"""
The package groups of a domain, as CodeArtifact keeps them.

- A page holds 1,000 groups, or 1,000 repositories of an allow-list (service model).
- A call that changes an allow-list takes 100 entries, added and removed together.
- A group's own modes and what they come to are two things: ``INHERIT`` is a mode, never an
  effective one.
- Which package belongs to which group follows the creation or removal of a group with a delay that
  nobody promises; a change of modes or lists counts almost at once.

Sources: API Reference, service model 2018-09-22, User Guide ("Package group origin controls").
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NotRequired, TypedDict, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from steward.coordinates import RestrictionMode, RestrictionType
from steward.errors import PackageGroupError
from steward.group_restrictions import ROOT, TYPES, AllowedRepository, PackageGroup

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient
    from mypy_boto3_codeartifact.type_defs import (
        PackageGroupAllowedRepositoryTypeDef,
        PackageGroupDescriptionTypeDef,
        PackageGroupSummaryTypeDef,
    )

TAG_KEY: Final = "codeartifact-steward"
TAG_VALUE: Final = "policy"
DESCRIPTION: Final = "Declared in the policy of CodeArtifact Steward"

MAX_ITEMS_PER_PAGE: Final = 1000  # ListPackageGroups, ListAllowedRepositoriesForGroup, model
# The model has no limit; AWS's own CloudFormation provider sends this many.
MAX_ENTRIES_PER_CALL: Final = 100

Page = TypeVar("Page", bound=Mapping[str, object])


class _DomainParameters(TypedDict):
    domain: str
    domainOwner: str


class _GroupParameters(_DomainParameters):
    packageGroup: str


class _PageParameters(TypedDict):
    maxResults: int
    nextToken: NotRequired[str]


class _OriginParameters(TypedDict, total=False):
    restrictions: dict[RestrictionType, RestrictionMode]
    addAllowedRepositories: list[PackageGroupAllowedRepositoryTypeDef]
    removeAllowedRepositories: list[PackageGroupAllowedRepositoryTypeDef]


class PackageGroups:
    """
    The package groups of one domain.

    Raises:
        PackageGroupError: Whatever the method, CodeArtifact refused its call or was not reached.
    """

    def __init__(self, client: CodeArtifactClient, *, domain: str, domain_owner: str) -> None:
        self._client = client
        self._domain: _DomainParameters = {"domain": domain, "domainOwner": domain_owner}

    def all(self) -> list[PackageGroup]:
        """Return every group of the domain, the root included; one call per 1,000."""
        # By pattern: a list that changes between two pages may show a group on both.
        found: dict[str, PackageGroup] = {}
        for page in _pages(
            "ListPackageGroups",
            lambda page: self._client.list_package_groups(**self._domain, **page),
        ):
            for summary in page.get("packageGroups", []):
                found[summary["pattern"]] = _group(summary)
        return list(found.values())

    def group(self, pattern: str) -> PackageGroup:
        """Return the group with exactly this pattern; one call."""
        with _reported("DescribePackageGroup"):
            answer = self._client.describe_package_group(**self._named(pattern))
        return _group(answer["packageGroup"])

    def allowed_repositories(self, pattern: str, kind: RestrictionType) -> frozenset[str]:
        """Return the names on one allow-list of the group; one call per 1,000."""
        return frozenset(
            name
            for page in _pages(
                "ListAllowedRepositoriesForGroup",
                lambda page: self._client.list_allowed_repositories_for_group(
                    **self._named(pattern), originRestrictionType=kind, **page
                ),
            )
            for name in page.get("allowedRepositories", [])
        )

    def is_ours(self, group: PackageGroup) -> bool:
        """Return whether the group has the tag that :meth:`create` gives; one call."""
        with _reported("ListTagsForResource"):
            answer = self._client.list_tags_for_resource(resourceArn=group.arn)
        return {"key": TAG_KEY, "value": TAG_VALUE} in answer.get("tags", [])

    def create(self, pattern: str) -> None:
        """Create the group, with our tag, inheriting each type of restriction; one call."""
        with _reported("CreatePackageGroup"):
            self._client.create_package_group(
                **self._named(pattern),
                description=DESCRIPTION,
                tags=[{"key": TAG_KEY, "value": TAG_VALUE}],
            )

    def restrict(
        self,
        pattern: str,
        modes: Mapping[RestrictionType, RestrictionMode],
        *,
        add: Collection[AllowedRepository] = (),
        remove: Collection[AllowedRepository] = (),
    ) -> None:
        """
        Give the group these modes and change its allow-lists; one call per 100 entries.

        What closes comes first: ``BLOCK`` goes with the first call, removed entries before added
        ones. The other modes go with the last call, so that a list is complete when it counts.
        A call that fails leaves out the ones after it.
        """
        entries = [("remove", one) for one in sorted(remove)]
        entries += [("add", one) for one in sorted(add)]
        calls: list[_OriginParameters] = [
            _entries(entries[start : start + MAX_ENTRIES_PER_CALL])
            for start in range(0, len(entries), MAX_ENTRIES_PER_CALL)
        ] or [{}]
        for call, wanted in ((calls[0], True), (calls[-1], False)):
            chosen = {kind: mode for kind, mode in modes.items() if (mode == "BLOCK") is wanted}
            if chosen:
                call["restrictions"] = {**call.get("restrictions", {}), **chosen}
        for call in calls:
            if call:
                with _reported("UpdatePackageGroupOriginConfiguration"):
                    self._client.update_package_group_origin_configuration(
                        **self._named(pattern), **call
                    )

    def remove(self, pattern: str) -> None:
        """Remove the group; its packages and the groups below it go to its parent; one call."""
        with _reported("DeletePackageGroup"):
            self._client.delete_package_group(**self._named(pattern))

    def _named(self, pattern: str) -> _GroupParameters:
        return {**self._domain, "packageGroup": pattern}


def _group(answer: PackageGroupSummaryTypeDef | PackageGroupDescriptionTypeDef) -> PackageGroup:
    restrictions = answer.get("originConfiguration", {}).get("restrictions", {})
    unsaid: RestrictionMode = "ALLOW" if answer["pattern"] == ROOT else "INHERIT"
    modes: dict[RestrictionType, RestrictionMode] = {}
    effective: dict[RestrictionType, RestrictionMode] = {}
    counts: dict[RestrictionType, int] = {}
    for kind in TYPES:
        restriction = restrictions.get(kind, {})
        modes[kind] = restriction.get("mode", unsaid)
        effective[kind] = restriction.get("effectiveMode", "ALLOW")
        if "repositoriesCount" in restriction:
            counts[kind] = restriction["repositoriesCount"]
    return PackageGroup(answer["pattern"], answer["arn"], modes, effective, counts)


def _entries(entries: Sequence[tuple[str, AllowedRepository]]) -> _OriginParameters:
    call: _OriginParameters = {}
    for change, entry in entries:
        item: PackageGroupAllowedRepositoryTypeDef = {
            "repositoryName": entry.repository,
            "originRestrictionType": entry.type,
        }
        if change == "add":
            call.setdefault("addAllowedRepositories", []).append(item)
        else:
            call.setdefault("removeAllowedRepositories", []).append(item)
    return call


def _pages(operation: str, ask: Callable[[_PageParameters], Page]) -> Iterator[Page]:
    """Yield page after page of what *ask* answers, each with up to 1,000 items."""
    page: _PageParameters = {"maxResults": MAX_ITEMS_PER_PAGE}
    while True:
        with _reported(operation):
            answer = ask(page)
        yield answer
        following = answer.get("nextToken")
        if not following or not isinstance(following, str):
            return
        if following == page.get("nextToken"):
            raise PackageGroupError(operation, "RepeatedToken", "the answer leads back to itself")
        page = {"maxResults": MAX_ITEMS_PER_PAGE, "nextToken": following}


@contextmanager
def _reported(operation: str) -> Iterator[None]:
    """Let what botocore raises be a :class:`PackageGroupError`."""
    try:
        yield
    except ClientError as error:
        details = error.response.get("Error", {})
        raise PackageGroupError(
            operation,
            details.get("Code", "Unknown"),
            details.get("Message", str(error)),
            resource_type=error.response.get("resourceType"),
            resource=error.response.get("resourceId"),
        ) from error
    except BotoCoreError as error:
        raise PackageGroupError(operation, type(error).__name__, str(error)) from error
