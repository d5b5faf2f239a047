"""
The gateway to CodeArtifact: versions, statuses, restrictions, and the sharp edges of these calls.

Every client of CodeArtifact is made here; the calls about contents, copies and repositories have
modules of their own.

- A call takes 100 versions at most; a page holds 1,000.
- A status update is all-or-nothing today: if one version is refused, the others are ``SKIPPED``.
  The culprits are set aside and the others sent again, whether or not that stays so.
- A refusal comes with HTTP 200, in ``failedVersions``.
- A namespace is left out where there is none: the service model refuses an empty one. As a filter
  of ListPackages it is only a prefix, so no filter is used there.
- A status change does not change a version's revision, so ``expectedStatus`` is the lock, and one
  call can only hold versions of one status.
- Origin restrictions have no lock, are written as a pair, and writing them makes a package that
  does not exist.
- A package is called ``package`` in ListPackages and ``name`` in DescribePackage.

Sources: API Reference and User Guide ("Update package version status", "Package origin controls"),
service model 2018-09-22.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NotRequired, Protocol, TypedDict

from botocore.exceptions import BotoCoreError, ClientError

from steward import clients
from steward import codeartifact_answers as answers
from steward import codeartifact_lists as lists
from steward import codeartifact_requests as requests
from steward.codeartifact_answers import (
    AssociatedGroup,
    Refusal,
    RefusalCode,
    SortedOut,
    StatusChanges,
    TargetStatus,
)
from steward.codeartifact_calls import call_by_call, revisions_of
from steward.codeartifact_lists import PAGE
from steward.coordinates import OriginType, Package, PackageVersion, Repository, Restrictions
from steward.errors import CodeArtifactError, StatusUpdateInterruptedError
from steward.settings import Mode

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient
    from mypy_boto3_codeartifact.type_defs import ListPackagesResultTypeDef

    from steward.call_budget import Budget, Calls
    from steward.copies import Copies
    from steward.domain_lists import DomainLists
    from steward.endpoint import Endpoint
    from steward.endpoint_access import EndpointAccess
    from steward.package_groups import PackageGroups
    from steward.published_times import PublishedTimes
    from steward.removals import Removals
    from steward.repositories import Repositories
    from steward.version_contents import VersionContents

__all__ = [
    "PAGE",
    "AssociatedGroup",
    "CodeArtifact",
    "CodeArtifactService",
    "ObservedCodeArtifact",
    "Refusal",
    "RefusalCode",
    "StatusChanges",
    "TargetStatus",
    "connect",
    "connect_budget",
    "connect_contents",
    "connect_copies",
    "connect_domain_lists",
    "connect_endpoint",
    "connect_endpoint_access",
    "connect_groups",
    "connect_published_times",
    "connect_removals",
    "connect_repositories",
]


class CodeArtifact(Protocol):
    """
    What an automation may ask of CodeArtifact.

    Nothing is retried here beyond what the client itself does (``clients.py``); every method raises

    - :class:`PackageNotFoundError`: the domain, repository or package does not exist (any more);
    - :class:`CodeArtifactError`: a call failed, or its answer lacks what was asked for.
    """

    def versions(
        self, package: Package, *, origin: OriginType | None = None
    ) -> list[PackageVersion]:
        """
        Return the versions of *package*, in any status and no particular order: one call per 1,000.

        Args:
            origin: Return only versions of this origin; CodeArtifact filters before it pages.
        """

    def set_status(
        self,
        package: Package,
        versions: Sequence[PackageVersion],
        target: TargetStatus,
        *,
        pinned: bool = False,
    ) -> StatusChanges:
        """
        Bring *versions* of *package* to the status *target*, if they still have their own.

        One call per 100 versions of one status; further calls where some are refused.

        Args:
            pinned: Refuse versions whose contents have changed since they were listed, too
                (``MISMATCHED_REVISION``). One whose listing told no revision is not pinned.

        Raises:
            StatusUpdateInterruptedError: A call failed after others had succeeded.
            CodeArtifactError: The first call failed.
        """

    def restrictions(self, package: Package) -> Restrictions:
        """Return the origin restrictions of *package*: one call, DescribePackage."""

    def put_restrictions(self, package: Package, restrictions: Restrictions) -> bool:
        """
        Give *package* the origin restrictions *restrictions*: one call. Return whether it was made.

        There is no lock: the last of two writers wins. A package that was deleted meanwhile comes
        into being again, without versions (PutPackageOriginConfiguration, User Guide); only a
        missing repository is a :class:`PackageNotFoundError`.
        """

    def packages(self, repository: Repository) -> Iterator[list[tuple[Package, Restrictions]]]:
        """
        Yield the packages of *repository* with their origin restrictions, a list per page.

        One call per 1,000 packages, made when the page is asked for; its errors are raised then.
        Packages without versions come too. If the list changes between two pages, a package may
        come on both, each time as it was when its page was listed.
        """

    def group_of(self, package: Package) -> AssociatedGroup:
        """
        Return the package group that *package* belongs to: one call, GetAssociatedPackageGroup.

        Every package has exactly one, in all repositories of the domain the same, and the package
        need not exist ("Package groups", User Guide). After a group was made or deleted, packages
        change groups with a delay.
        """


class _RepositoryParameters(TypedDict):
    domain: str
    domainOwner: str
    repository: str
    maxResults: int
    nextToken: NotRequired[str]


class CodeArtifactService:
    """CodeArtifact itself."""

    def __init__(self, client: CodeArtifactClient) -> None:
        self._client = client

    def versions(
        self, package: Package, *, origin: OriginType | None = None
    ) -> list[PackageVersion]:
        """See :class:`CodeArtifact`."""
        return lists.versions(self._client, package, origin=origin)

    def packages(self, repository: Repository) -> Iterator[list[tuple[Package, Restrictions]]]:
        """See :class:`CodeArtifact`."""
        parameters: _RepositoryParameters = {
            "domain": repository.domain,
            "domainOwner": repository.domain_owner,
            "repository": repository.name,
            "maxResults": PAGE,
        }
        token: str | None = None
        while True:
            page = self._packages_page(parameters)
            yield [answers.package_in(repository, row) for row in page.get("packages", [])]
            token = requests.following("ListPackages", page.get("nextToken"), after=token)
            if token is None:
                return
            parameters["nextToken"] = token

    def restrictions(self, package: Package) -> Restrictions:
        """See :class:`CodeArtifact`."""
        try:
            answer = self._client.describe_package(**requests.located(package))
        except (ClientError, BotoCoreError) as error:
            raise answers.failure("DescribePackage", error) from error
        return answers.restrictions_in(answer["package"].get("originConfiguration"))

    def put_restrictions(self, package: Package, restrictions: Restrictions) -> bool:
        """See :class:`CodeArtifact`."""
        try:
            self._client.put_package_origin_configuration(
                **requests.located(package),
                restrictions={"publish": restrictions.publish, "upstream": restrictions.upstream},
            )
        except (ClientError, BotoCoreError) as error:
            raise answers.failure("PutPackageOriginConfiguration", error) from error
        return True

    def group_of(self, package: Package) -> AssociatedGroup:
        """See :class:`CodeArtifact`."""
        try:
            answer = self._client.get_associated_package_group(**requests.named(package))
        except (ClientError, BotoCoreError) as error:
            raise answers.failure("GetAssociatedPackageGroup", error) from error
        return answers.group_in(answer)

    def set_status(
        self,
        package: Package,
        versions: Sequence[PackageVersion],
        target: TargetStatus,
        *,
        pinned: bool = False,
    ) -> StatusChanges:
        """See :class:`CodeArtifact`."""
        done = SortedOut([], [], [])
        left = [version for version in versions if version.status != target]
        try:
            call_by_call(
                left,
                lambda batch: self._update(package, batch, target, pinned=pinned),
                done,
                pinned=pinned,
            )
        except CodeArtifactError as error:
            if done.changed or done.refused:
                raise StatusUpdateInterruptedError(error, done.changes) from error
            raise
        return done.changes

    def _packages_page(self, parameters: _RepositoryParameters) -> ListPackagesResultTypeDef:
        try:
            return self._client.list_packages(**parameters)
        except (ClientError, BotoCoreError) as error:
            raise answers.failure("ListPackages", error) from error

    def _update(
        self,
        package: Package,
        versions: Sequence[PackageVersion],
        target: TargetStatus,
        *,
        pinned: bool,
    ) -> SortedOut:
        try:
            answer = self._client.update_package_versions_status(
                **requests.located(package),
                versions=[version.version for version in versions],
                expectedStatus=versions[0].status,
                targetStatus=target,
                **(revisions_of(versions) if pinned else {}),
            )
        except (ClientError, BotoCoreError) as error:
            raise answers.failure("UpdatePackageVersionsStatus", error) from error
        return answers.sorted_out(versions, answer)


class ObservedCodeArtifact:
    """CodeArtifact for observe mode: it reads like the other one and changes nothing."""

    def __init__(self, codeartifact: CodeArtifact) -> None:
        self._codeartifact = codeartifact

    def versions(
        self, package: Package, *, origin: OriginType | None = None
    ) -> list[PackageVersion]:
        """See :class:`CodeArtifact`."""
        return self._codeartifact.versions(package, origin=origin)

    def restrictions(self, package: Package) -> Restrictions:
        """See :class:`CodeArtifact`."""
        return self._codeartifact.restrictions(package)

    def packages(self, repository: Repository) -> Iterator[list[tuple[Package, Restrictions]]]:
        """See :class:`CodeArtifact`."""
        return self._codeartifact.packages(repository)

    def group_of(self, package: Package) -> AssociatedGroup:
        """See :class:`CodeArtifact`."""
        return self._codeartifact.group_of(package)

    def set_status(
        self,
        package: Package,  # noqa: ARG002  the interface
        versions: Sequence[PackageVersion],  # noqa: ARG002  the interface
        target: TargetStatus,  # noqa: ARG002  the interface
        *,
        pinned: bool = False,  # noqa: ARG002  the interface
    ) -> StatusChanges:
        """Change nothing and refuse nothing."""
        return StatusChanges()

    def put_restrictions(
        self,
        package: Package,  # noqa: ARG002  the interface
        restrictions: Restrictions,  # noqa: ARG002  the interface
    ) -> bool:
        """Change nothing, and say so."""
        return False


def connect(mode: Mode) -> CodeArtifact:
    """Return CodeArtifact as *mode* may use it."""
    service = CodeArtifactService(clients.codeartifact())
    return service if mode == "enforce" else ObservedCodeArtifact(service)


# The modules below are read by who asks for them: most functions start without them.
def connect_budget(budget: Budget | None) -> Calls:
    """Have the one client of this process keep to *budget*; return the count of its requests."""
    from steward.call_budget import budgeted  # noqa: PLC0415  see above

    return budgeted(clients.codeartifact(), budget)


def connect_contents() -> VersionContents:
    """Return what tells what is in a version."""
    from steward.version_contents import ServiceVersionContents  # noqa: PLC0415  see above

    return ServiceVersionContents(clients.codeartifact())


def connect_copies(mode: Mode, pace: Callable[[], None]) -> Copies:
    """Return what copies versions, if *mode* may; *pace* is called before each request."""
    from steward.copies import CopyService, ObservedCopies  # noqa: PLC0415  see above

    return CopyService(clients.codeartifact(), pace) if mode == "enforce" else ObservedCopies()


def connect_domain_lists() -> DomainLists:
    """Return what tells what a domain holds."""
    from steward.domain_lists import ServiceDomainLists  # noqa: PLC0415  see above

    return ServiceDomainLists(clients.codeartifact())


def connect_endpoint() -> Endpoint:
    """Return what tells when versions were released, and which were withdrawn."""
    from steward.endpoint import ServiceEndpoint  # noqa: PLC0415  see above

    return ServiceEndpoint(clients.codeartifact())


def connect_endpoint_access() -> EndpointAccess:
    """Return what opens the endpoints of repositories."""
    from steward.endpoint_access import EndpointAccess  # noqa: PLC0415  see above

    return EndpointAccess(clients.codeartifact())


def connect_groups(domain: str, domain_owner: str) -> PackageGroups:
    """Return the package groups of a domain."""
    from steward.package_groups import PackageGroups  # noqa: PLC0415  see above

    return PackageGroups(clients.codeartifact(), domain=domain, domain_owner=domain_owner)


def connect_published_times() -> PublishedTimes:
    """Return what tells when versions were published."""
    from steward.published_times import ServicePublishedTimes  # noqa: PLC0415  see above

    return ServicePublishedTimes(clients.codeartifact())


def connect_removals(mode: Mode) -> Removals:
    """Return what disposes of versions and deletes them, if *mode* may."""
    from steward.removals import ObservedRemovals, RemovalService  # noqa: PLC0415  see above

    return RemovalService(clients.codeartifact()) if mode == "enforce" else ObservedRemovals()


def connect_repositories() -> Repositories:
    """Return what tells how repositories are connected."""
    from steward.repositories import ServiceRepositories  # noqa: PLC0415  see above

    return ServiceRepositories(clients.codeartifact())
