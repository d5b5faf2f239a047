"""
The gateway to CodeArtifact: the only place that calls it, and that knows its sharp edges.

- A call takes 100 versions at most; a page holds 1,000.
- A status update is all-or-nothing today: if one version is refused, the others are ``SKIPPED``.
  The culprits are set aside and the others sent again, whether or not that stays so.
- A refusal comes with HTTP 200, in ``failedVersions``.
- A namespace is left out where there is none: the service model refuses an empty one.
- A status change does not change a version's revision, so ``expectedStatus`` is the lock, and one
  call can only hold versions of one status.

Sources: API Reference and User Guide ("Update package version status"), service model 2018-09-22.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NotRequired, Protocol, TypedDict

from botocore.exceptions import BotoCoreError, ClientError

from steward import clients
from steward.coordinates import Format, Package, PackageVersion, Status
from steward.errors import CodeArtifactError, PackageNotFoundError, StatusUpdateInterruptedError
from steward.settings import Mode

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient
    from mypy_boto3_codeartifact.type_defs import (
        ListPackageVersionsResultTypeDef,
        UpdatePackageVersionsStatusResultTypeDef,
    )

MAX_VERSIONS_PER_CALL: Final = 100  # UpdatePackageVersionsStatus, API Reference
MAX_VERSIONS_PER_PAGE: Final = 1000  # ListPackageVersions, API Reference

TargetStatus = Literal["Published", "Unlisted", "Archived"]  # the others are refused as targets
RefusalCode = Literal[
    "ALREADY_EXISTS",
    "MISMATCHED_REVISION",
    "MISMATCHED_STATUS",
    "NOT_ALLOWED",
    "NOT_FOUND",
    "SKIPPED",
    "UNANSWERED",  # ours: the version stands in neither map of the answer
]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A version that CodeArtifact did not change, and its reason."""

    version: PackageVersion
    code: RefusalCode
    message: str


@dataclass(frozen=True, slots=True)
class StatusChanges:
    """
    What a status update did.

    Attributes:
        changed: The versions that have the new status now, in the status they had before.
        refused: The versions that were left as they are.
    """

    changed: tuple[PackageVersion, ...] = ()
    refused: tuple[Refusal, ...] = ()


class CodeArtifact(Protocol):
    """What an automation may ask of CodeArtifact."""

    def versions(self, package: Package) -> list[PackageVersion]:
        """
        Return every version of *package*, in any status and no particular order.

        Raises:
            PackageNotFoundError: The repository or the package does not exist (any more).
            CodeArtifactError: The call failed.
        """

    def set_status(
        self, package: Package, versions: Sequence[PackageVersion], target: TargetStatus
    ) -> StatusChanges:
        """
        Bring *versions* of *package* to the status *target*, if they still have their own.

        Raises:
            StatusUpdateInterruptedError: A call failed after others had succeeded.
            CodeArtifactError: The first call failed.
        """


class _PackageParameters(TypedDict):
    domain: str
    domainOwner: str
    repository: str
    format: Format
    package: str
    namespace: NotRequired[str]


class CodeArtifactService:
    """CodeArtifact itself."""

    def __init__(self, client: CodeArtifactClient) -> None:
        self._client = client

    def versions(self, package: Package) -> list[PackageVersion]:
        """See :class:`CodeArtifact`; one call per 1,000 versions."""
        # By name: a list that changes between two pages may show a version on both.
        found: dict[str, PackageVersion] = {}
        token: str | None = None
        while True:
            page = self._page(package, token)
            for summary in page.get("versions", []):
                found[summary["version"]] = PackageVersion(summary["version"], summary["status"])
            following = page.get("nextToken")
            if not following:
                return list(found.values())
            if following == token:
                raise CodeArtifactError(
                    "ListPackageVersions", "RepeatedToken", "the answer leads back to itself"
                )
            token = following

    def set_status(
        self, package: Package, versions: Sequence[PackageVersion], target: TargetStatus
    ) -> StatusChanges:
        """See :class:`CodeArtifact`; one call per 100 versions of one status."""
        done = _Answer([], [], [])
        for status, group in _by_status(versions).items():
            if status == target:
                continue
            try:
                self._bring(package, group, target, done)
            except CodeArtifactError as error:
                if done.changed or done.refused:
                    raise StatusUpdateInterruptedError(error, _changes(done)) from error
                raise
        return _changes(done)

    def _bring(
        self,
        package: Package,
        versions: Sequence[PackageVersion],
        target: TargetStatus,
        done: _Answer,
    ) -> None:
        """Bring *versions*, which all have one status, to *target*; add to *done* call by call."""
        pending = deque(versions)
        size = MAX_VERSIONS_PER_CALL
        while pending:
            batch = [pending.popleft() for _ in range(min(size, len(pending)))]
            answer = self._update(package, batch, target)
            if answer.skipped != batch:
                size = MAX_VERSIONS_PER_CALL
                pending.extendleft(reversed(answer.skipped))
            elif len(batch) > 1:
                # Nobody is named as the culprit: half as many at once find out who it is.
                size = len(batch) // 2
                pending.extendleft(reversed(batch))
            else:
                size = MAX_VERSIONS_PER_CALL
                done.refused.append(Refusal(batch[0], "SKIPPED", "skipped although sent alone"))
            done.changed.extend(answer.changed)
            done.refused.extend(answer.refused)

    def _page(self, package: Package, token: str | None) -> ListPackageVersionsResultTypeDef:
        parameters = _parameters(package)
        try:
            if token is None:
                return self._client.list_package_versions(
                    **parameters, maxResults=MAX_VERSIONS_PER_PAGE
                )
            return self._client.list_package_versions(
                **parameters, maxResults=MAX_VERSIONS_PER_PAGE, nextToken=token
            )
        except (ClientError, BotoCoreError) as error:
            raise _failure("ListPackageVersions", error) from error

    def _update(
        self,
        package: Package,
        versions: list[PackageVersion],
        target: TargetStatus,
    ) -> _Answer:
        try:
            answer = self._client.update_package_versions_status(
                **_parameters(package),
                versions=[version.version for version in versions],
                expectedStatus=versions[0].status,
                targetStatus=target,
            )
        except (ClientError, BotoCoreError) as error:
            raise _failure("UpdatePackageVersionsStatus", error) from error
        return _sorted_out(versions, answer)


class ObservedCodeArtifact:
    """CodeArtifact for observe mode: it reads like the other one and changes nothing."""

    def __init__(self, codeartifact: CodeArtifact) -> None:
        self._codeartifact = codeartifact

    def versions(self, package: Package) -> list[PackageVersion]:
        """See :class:`CodeArtifact`."""
        return self._codeartifact.versions(package)

    def set_status(
        self,
        package: Package,  # noqa: ARG002  the interface
        versions: Sequence[PackageVersion],  # noqa: ARG002  the interface
        target: TargetStatus,  # noqa: ARG002  the interface
    ) -> StatusChanges:
        """Change nothing and refuse nothing."""
        return StatusChanges()


def connect(mode: Mode) -> CodeArtifact:
    """Return CodeArtifact as *mode* may use it."""
    service = CodeArtifactService(clients.codeartifact())
    return service if mode == "enforce" else ObservedCodeArtifact(service)


@dataclass(frozen=True, slots=True)
class _Answer:
    changed: list[PackageVersion]
    refused: list[Refusal]
    skipped: list[PackageVersion]


def _changes(done: _Answer) -> StatusChanges:
    return StatusChanges(tuple(done.changed), tuple(done.refused))


def _sorted_out(
    batch: Sequence[PackageVersion], answer: UpdatePackageVersionsStatusResultTypeDef
) -> _Answer:
    successful = answer.get("successfulVersions") or {}
    failed = answer.get("failedVersions") or {}
    sorted_out = _Answer([], [], [])
    for version in batch:
        failure = failed.get(version.version)
        if failure is None and version.version in successful:
            sorted_out.changed.append(version)
        elif failure is None:
            sorted_out.refused.append(
                Refusal(version, "UNANSWERED", "the answer does not mention this version")
            )
        elif failure.get("errorCode") == "SKIPPED":
            sorted_out.skipped.append(version)
        else:
            code: RefusalCode = failure.get("errorCode") or "UNANSWERED"
            sorted_out.refused.append(Refusal(version, code, failure.get("errorMessage", "")))
    return sorted_out


def _by_status(versions: Iterable[PackageVersion]) -> dict[Status, list[PackageVersion]]:
    groups: dict[Status, list[PackageVersion]] = {}
    for version in versions:
        groups.setdefault(version.status, []).append(version)
    return groups


def _parameters(package: Package) -> _PackageParameters:
    parameters: _PackageParameters = {
        "domain": package.repository.domain,
        "domainOwner": package.repository.domain_owner,
        "repository": package.repository.name,
        "format": package.format,
        "package": package.name,
    }
    if package.namespace:
        parameters["namespace"] = package.namespace
    return parameters


def _failure(operation: str, error: ClientError | BotoCoreError) -> CodeArtifactError:
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        code, message = details.get("Code", "Unknown"), details.get("Message", str(error))
        if code == "ResourceNotFoundException":
            return PackageNotFoundError(operation, code, message)
        return CodeArtifactError(operation, code, message)
    return CodeArtifactError(operation, type(error).__name__, str(error))
