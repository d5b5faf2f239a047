"""Copying versions of a package to another repository of its domain, each at a known revision."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from steward import codeartifact_requests as requests
from steward.codeartifact_answers import RefusalCode, failure
from steward.coordinates import Package
from steward.errors import CodeArtifactError, CopyInterruptedError

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient
    from mypy_boto3_codeartifact.type_defs import CopyPackageVersionsResultTypeDef

# CopyPackageVersions, API Reference, of `versions`; that of `versionRevisions` is not documented.
MAX_VERSIONS_PER_CALL: Final = 100


@dataclass(frozen=True, slots=True)
class CopyRefusal:
    """
    A version that CodeArtifact did not copy, and its reason.

    Attributes:
        code: ``MISMATCHED_REVISION``: it is not the revision any more that was to be copied.
            ``ALREADY_EXISTS``: the destination holds another one, and was not to be overwritten.
            ``NOT_FOUND``: it is gone. ``NOT_ALLOWED``: no AWS document says when.
            ``UNANSWERED``: the answer has no code.
    """

    version: str
    code: RefusalCode
    message: str


@dataclass(frozen=True, slots=True)
class CopyResult:
    """
    What became of each version.

    Attributes:
        copied: Version to its revision in the destination; ``None`` if the answer does not tell it.
        already_there: Versions that stand in neither map of the answer: the destination holds them
            identically ("Copy packages between repositories", User Guide).
        refused: The versions that were not copied.
    """

    copied: Mapping[str, str | None] = field(default_factory=dict)
    already_there: tuple[str, ...] = ()
    refused: tuple[CopyRefusal, ...] = ()


class Copies(Protocol):
    """How versions are copied."""

    def copy(
        self, package: Package, to: str, revisions: Mapping[str, str], *, overwrite: bool = False
    ) -> CopyResult:
        """
        Copy versions of *package* to the repository *to* of its domain, at *revisions* only.

        One call per 100 versions. Today a call copies all or nothing: where some are refused, they
        are set aside and the others sent again, whether or not that stays so. Nothing is ever taken
        from upstream repositories (``includeFromUpstream`` is false).

        Args:
            revisions: Version to the revision that it must have.
            overwrite: Replace versions of *to* that differ.

        Raises:
            CopyInterruptedError: A call failed after others had done something.
            PackageNotFoundError: The first call found no such package or repository.
            CodeArtifactError: The first call failed.
        """


@dataclass(slots=True)
class _Done:
    """What is settled so far."""

    copied: dict[str, str | None] = field(default_factory=dict)
    already_there: list[str] = field(default_factory=list)
    refused: list[CopyRefusal] = field(default_factory=list)

    @property
    def anything(self) -> bool:
        return bool(self.copied or self.already_there or self.refused)

    @property
    def result(self) -> CopyResult:
        return CopyResult(dict(self.copied), tuple(self.already_there), tuple(self.refused))


class CopyService:
    """
    Copies by CodeArtifact itself.

    Args:
        pace: Called before each request; it returns when the request may be made. What the client
            repeats by itself after a failure (``clients.py``) is not paced.
    """

    def __init__(self, client: CodeArtifactClient, pace: Callable[[], None]) -> None:
        self._client = client
        self._pace = pace

    def copy(
        self, package: Package, to: str, revisions: Mapping[str, str], *, overwrite: bool = False
    ) -> CopyResult:
        """See :class:`Copies`."""
        done = _Done()
        pending = deque(revisions)
        size = MAX_VERSIONS_PER_CALL
        while pending:
            batch = [pending.popleft() for _ in range(min(size, len(pending)))]
            try:
                answer = self._call(
                    package, to, {one: revisions[one] for one in batch}, overwrite=overwrite
                )
            except CodeArtifactError as error:
                if done.anything:
                    raise CopyInterruptedError(error, done.result) from error
                raise
            skipped = _sort_out(batch, answer, done)
            pending.extendleft(reversed(skipped))
            if skipped != batch:
                size = MAX_VERSIONS_PER_CALL
            elif len(batch) > 1:
                # Nobody is named as the culprit: half as many at once find out who it is.
                size = len(batch) // 2
            else:
                size = MAX_VERSIONS_PER_CALL
                pending.popleft()
                done.refused.append(CopyRefusal(batch[0], "SKIPPED", "skipped although sent alone"))
        return done.result

    def _call(
        self, package: Package, to: str, revisions: Mapping[str, str], *, overwrite: bool
    ) -> CopyPackageVersionsResultTypeDef:
        self._pace()
        try:
            return self._client.copy_package_versions(
                **requests.named(package),
                sourceRepository=package.repository.name,
                destinationRepository=to,
                versionRevisions=revisions,
                allowOverwrite=overwrite,
            )
        except (ClientError, BotoCoreError) as error:
            raise failure("CopyPackageVersions", error) from error


class ObservedCopies:
    """Copies for observe mode: none is made."""

    def copy(
        self,
        package: Package,  # noqa: ARG002  the interface
        to: str,  # noqa: ARG002  the interface
        revisions: Mapping[str, str],  # noqa: ARG002  the interface
        *,
        overwrite: bool = False,  # noqa: ARG002  the interface
    ) -> CopyResult:
        """Copy nothing and refuse nothing."""
        return CopyResult()


def _sort_out(batch: list[str], answer: CopyPackageVersionsResultTypeDef, done: _Done) -> list[str]:
    """Add to *done* what *answer* settles; return the versions of *batch* to be sent again."""
    successful = answer.get("successfulVersions") or {}
    failed = answer.get("failedVersions") or {}
    skipped: list[str] = []
    for version in batch:
        refusal = failed.get(version)
        if refusal is None and version in successful:
            done.copied[version] = successful[version].get("revision") or None
        elif refusal is None:
            done.already_there.append(version)
        elif refusal.get("errorCode") == "SKIPPED":
            skipped.append(version)
        else:
            code: RefusalCode = refusal.get("errorCode") or "UNANSWERED"
            done.refused.append(CopyRefusal(version, code, refusal.get("errorMessage", "")))
    return skipped
