"""Versions that the destination of a promotion holds and offers to nobody: which come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steward.errors import CodeArtifactError
from steward.observability import PackageLog, count

if TYPE_CHECKING:
    from promote_versions.copy_outcomes import CopyOutcomes
    from promote_versions.records import Record
    from steward.codeartifact import CodeArtifact
    from steward.coordinates import Package, PackageVersion, Status


def is_offered(
    record: Record,
    there: Package,
    held: PackageVersion | None,
    codeartifact: CodeArtifact,
    outcomes: CopyOutcomes,
) -> bool:
    """
    Return whether clients get a version whose copy was there already; else refuse it in *outcomes*.

    An identical copy is in neither map of the answer whatever its status, and whether copying it
    changes that is not documented. So it is made ``Published``, if it was recalled and a person has
    approved this revision after that. Any other one was taken out of use by somebody who may have
    had a reason: it stays as it is, and a person is told.

    Args:
        there: The package in the destination.
        held: The version there, as it was listed after the copy.

    Raises:
        CodeArtifactError: It is not listed (yet), or its status could not be changed.
        StewardError: The record could not be written.
    """
    status = status_of(record, held)
    if held is None or status == "Published":
        return True
    if not record.is_to_come_back:
        outcomes.refuse(
            record,
            f"{record.to} has it, and it is {status} there. Somebody has taken it out of use, and "
            "nobody has approved this revision after a recall: it is left as it is. Make it "
            "Published there, then promote it again.",
            tell=True,
        )
        return False
    for refusal in codeartifact.set_status(there, [held], "Published").refused:
        raise CodeArtifactError("UpdatePackageVersionsStatus", refusal.code, refusal.message)
    PackageLog(record.package).info(
        "brought back", version=record.version, before=status, to=record.to, rule=record.rule
    )
    count("VersionsBroughtBack", 1)
    return True


def status_of(record: Record, held: PackageVersion | None) -> Status:
    """
    Return the status of *held*, the version of *record* in the destination.

    Raises:
        CodeArtifactError: The list did not have it, although its assets are there.
    """
    if held is None:
        raise CodeArtifactError(
            "ListPackageVersions", "NotListed", f"{record.to} does not list {record.purl}"
        )
    return held.status
