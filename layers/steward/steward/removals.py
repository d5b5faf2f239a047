"""
Disposing of versions and deleting them: what nobody can undo.

- A disposed version has lost its assets for good and keeps its record; all that can follow is its
  deletion ("Dispose of package versions", User Guide).
- A deleted version is gone, and may be published again ("Delete a package version", User Guide).
- Both take 100 versions a call and ``expectedStatus``, so one call holds versions of one status.
  Only DisposePackageVersions takes revisions (service model).
- Whether one refused version stops the others of its call is only said of disposing (API
  Reference): SKIPPED ones are sent again either way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from steward import codeartifact_answers as answers
from steward import codeartifact_requests as requests
from steward.codeartifact_answers import Refusal, SortedOut
from steward.codeartifact_calls import call_by_call, revisions_of
from steward.coordinates import Package, PackageVersion
from steward.errors import CodeArtifactError, RemovalInterruptedError

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient


@dataclass(frozen=True, slots=True)
class RemovalResult:
    """
    What became of each version, all in the status that they were given in.

    Attributes:
        removed: The versions that were disposed of, or deleted.
        gone: The versions that were not there any more: somebody, or an earlier attempt, has
            deleted them.
        refused: The versions that were left as they are.
    """

    removed: tuple[PackageVersion, ...] = ()
    gone: tuple[PackageVersion, ...] = ()
    refused: tuple[Refusal, ...] = ()


class Removals(Protocol):
    """
    How versions are disposed of and deleted.

    Versions go in the order that they are given in, those of one status together, status after
    status as they first appear. Each only goes if it still has its status.
    """

    def dispose(self, package: Package, versions: Sequence[PackageVersion]) -> RemovalResult:
        """
        Dispose of *versions* of *package*, if they still have their status and revision.

        One call per 100 versions of one status; further calls where some are refused. A version
        whose listing told no revision is guarded by its status alone. What is ``Disposed`` already
        is not asked for and in no part of the result.

        Raises:
            RemovalInterruptedError: A call failed after others had done something.
            PackageNotFoundError: The first call found no such package or repository.
            CodeArtifactError: The first call failed.
        """

    def delete(self, package: Package, versions: Sequence[PackageVersion]) -> RemovalResult:
        """
        Delete *versions* of *package*, if they still have their status; revisions do not count.

        One call per 100 versions of one status; further calls where some are refused. Raises what
        :meth:`dispose` raises.
        """


class RemovalService:
    """Disposes and deletes by CodeArtifact itself."""

    def __init__(self, client: CodeArtifactClient) -> None:
        self._client = client

    def dispose(self, package: Package, versions: Sequence[PackageVersion]) -> RemovalResult:
        """See :class:`Removals`."""
        left = [one for one in versions if one.status != "Disposed"]
        return _removed(left, lambda batch: self._dispose(package, batch), pinned=True)

    def delete(self, package: Package, versions: Sequence[PackageVersion]) -> RemovalResult:
        """See :class:`Removals`."""
        return _removed(versions, lambda batch: self._delete(package, batch), pinned=False)

    def _dispose(self, package: Package, batch: Sequence[PackageVersion]) -> SortedOut:
        try:
            answer = self._client.dispose_package_versions(
                **requests.located(package),
                versions=[one.version for one in batch],
                expectedStatus=batch[0].status,
                **revisions_of(batch),
            )
        except (ClientError, BotoCoreError) as error:
            raise answers.failure("DisposePackageVersions", error) from error
        return answers.sorted_out(batch, answer)

    def _delete(self, package: Package, batch: Sequence[PackageVersion]) -> SortedOut:
        try:
            answer = self._client.delete_package_versions(
                **requests.located(package),
                versions=[one.version for one in batch],
                expectedStatus=batch[0].status,
            )
        except (ClientError, BotoCoreError) as error:
            raise answers.failure("DeletePackageVersions", error) from error
        return answers.sorted_out(batch, answer)


class ObservedRemovals:
    """Removals for observe mode: nothing is removed."""

    def dispose(
        self,
        package: Package,  # noqa: ARG002  the interface
        versions: Sequence[PackageVersion],  # noqa: ARG002  the interface
    ) -> RemovalResult:
        """Remove nothing and refuse nothing."""
        return RemovalResult()

    def delete(
        self,
        package: Package,  # noqa: ARG002  the interface
        versions: Sequence[PackageVersion],  # noqa: ARG002  the interface
    ) -> RemovalResult:
        """Remove nothing and refuse nothing."""
        return RemovalResult()


def _removed(
    versions: Sequence[PackageVersion],
    call: Callable[[Sequence[PackageVersion]], SortedOut],
    *,
    pinned: bool,
) -> RemovalResult:
    done = SortedOut([], [], [])
    try:
        call_by_call(versions, call, done, pinned=pinned)
    except CodeArtifactError as error:
        if done.changed or done.refused:
            raise RemovalInterruptedError(error, _result(done)) from error
        raise
    return _result(done)


def _result(done: SortedOut) -> RemovalResult:
    return RemovalResult(
        tuple(done.changed),
        tuple(one.version for one in done.refused if one.code == "NOT_FOUND"),
        tuple(one for one in done.refused if one.code != "NOT_FOUND"),
    )
