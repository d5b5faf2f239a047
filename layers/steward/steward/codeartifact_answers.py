"""What CodeArtifact's answers say, as values; only the gateway meets the answers themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from steward.coordinates import (
    RESTRICTION_TYPES,
    UNKNOWN_ORIGIN,
    UNRESTRICTED,
    Origin,
    Package,
    PackageVersion,
    Repository,
    RestrictionMode,
    Restrictions,
    RestrictionType,
)
from steward.errors import CodeArtifactError, PackageNotFoundError

if TYPE_CHECKING:
    from mypy_boto3_codeartifact.type_defs import (
        DeletePackageVersionsResultTypeDef,
        DisposePackageVersionsResultTypeDef,
        GetAssociatedPackageGroupResultTypeDef,
        PackageOriginConfigurationTypeDef,
        PackageSummaryTypeDef,
        PackageVersionSummaryTypeDef,
        UpdatePackageVersionsStatusResultTypeDef,
    )

    # Their answers have one shape (service model).
    BulkAnswer = (
        DeletePackageVersionsResultTypeDef
        | DisposePackageVersionsResultTypeDef
        | UpdatePackageVersionsStatusResultTypeDef
    )

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
INCOMPLETE: Final = "IncompleteAnswer"  # ours: the code of an answer without what was asked for

_T = TypeVar("_T")


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


@dataclass(frozen=True, slots=True)
class AssociatedGroup:
    """
    The package group that a package belongs to.

    Attributes:
        association: ``WEAK``: the package only resembles the group's pattern, and is blocked.
        modes: The effective mode of each restriction type, inherited ones included. A type that
            the answer leaves out is left out here.
    """

    pattern: str
    association: Literal["STRONG", "WEAK"]
    modes: Mapping[RestrictionType, RestrictionMode]

    @property
    def unrestricted(self) -> bool:
        """Whether the group leaves everything to the package: STRONG, and each mode ALLOW."""
        return self.association == "STRONG" and all(
            self.modes.get(restriction) == "ALLOW" for restriction in RESTRICTION_TYPES
        )


def version_in(summary: PackageVersionSummaryTypeDef) -> PackageVersion:
    """Return the version of a row of ListPackageVersions; an origin it leaves out is unknown."""
    return PackageVersion(
        summary["version"], summary["status"], _origin_in(summary), summary.get("revision") or None
    )


def _origin_in(summary: PackageVersionSummaryTypeDef) -> Origin:
    origin = summary.get("origin") or {}
    kind = origin.get("originType")
    if kind is None:
        return UNKNOWN_ORIGIN
    entry = origin.get("domainEntryPoint") or {}
    return Origin(kind, entry.get("repositoryName"), entry.get("externalConnectionName"))


def restrictions_in(configuration: PackageOriginConfigurationTypeDef | None) -> Restrictions:
    """
    Return the restrictions of an ``originConfiguration``.

    The service model promises neither the member nor what is in it. A package without it has no
    restrictions of its own: both ALLOW, which the User Guide ("Default package origin control
    settings") says of packages that are older than these settings.
    """
    restrictions = (configuration or {}).get("restrictions")
    if not restrictions:
        return UNRESTRICTED
    return Restrictions(restrictions["publish"], restrictions["upstream"])


def package_in(
    repository: Repository, summary: PackageSummaryTypeDef
) -> tuple[Package, Restrictions]:
    """Return the package of a row of ListPackages, and its restrictions."""
    package = Package(
        repository,
        required("ListPackages", "format", summary.get("format")),
        summary.get("namespace") or None,
        required("ListPackages", "package", summary.get("package")),
    )
    return package, restrictions_in(summary.get("originConfiguration"))


def group_in(answer: GetAssociatedPackageGroupResultTypeDef) -> AssociatedGroup:
    """Return the group of an answer of GetAssociatedPackageGroup."""
    operation = "GetAssociatedPackageGroup"
    group = required(operation, "packageGroup", answer.get("packageGroup"))
    restrictions = (group.get("originConfiguration") or {}).get("restrictions") or {}
    modes: dict[RestrictionType, RestrictionMode] = {}
    for kind, restriction in restrictions.items():
        mode = restriction.get("effectiveMode")
        if mode:
            modes[kind] = mode
    return AssociatedGroup(
        required(operation, "pattern", group.get("pattern")),
        required(operation, "associationType", answer.get("associationType")),
        modes,
    )


def failure(operation: str, error: ClientError | BotoCoreError) -> CodeArtifactError:
    """Return what a failed call says: its code, or the kind of connection failure."""
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        code, message = details.get("Code", "Unknown"), details.get("Message", str(error))
        if code == "ResourceNotFoundException":
            return PackageNotFoundError(operation, code, message)
        return CodeArtifactError(operation, code, message)
    return CodeArtifactError(operation, type(error).__name__, str(error))


def required(operation: str, member: str, value: _T | None) -> _T:
    """
    Return *value*, the member of an answer that the service model does not promise.

    Raises:
        CodeArtifactError: There is none: what was asked for is not known.
    """
    if value is None:
        raise CodeArtifactError(operation, INCOMPLETE, f"the answer has no {member}")
    return value


@dataclass(frozen=True, slots=True)
class SortedOut:
    """What one call did with each version it was given, and what has to be sent again."""

    changed: list[PackageVersion]
    refused: list[Refusal]
    skipped: list[PackageVersion]

    @property
    def changes(self) -> StatusChanges:
        """What is settled."""
        return StatusChanges(tuple(self.changed), tuple(self.refused))


def sorted_out(batch: Sequence[PackageVersion], answer: BulkAnswer) -> SortedOut:
    """Return what *answer* says about each version of *batch*."""
    successful = answer.get("successfulVersions") or {}
    failed = answer.get("failedVersions") or {}
    found = SortedOut([], [], [])
    for version in batch:
        failure = failed.get(version.version)
        if failure is None and version.version in successful:
            found.changed.append(version)
        elif failure is None:
            found.refused.append(
                Refusal(version, "UNANSWERED", "the answer does not mention this version")
            )
        elif failure.get("errorCode") == "SKIPPED":
            found.skipped.append(version)
        else:
            code: RefusalCode = failure.get("errorCode") or "UNANSWERED"
            found.refused.append(Refusal(version, code, failure.get("errorMessage", "")))
    return found
