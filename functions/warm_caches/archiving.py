"""Archive a version whose files are not those that the lock files state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steward.ledger import StatusChange
from warm_caches.engine import AUTOMATION, Engine

if TYPE_CHECKING:
    from steward.coordinates import Package, PackageVersion


def archive(package: Package, version: PackageVersion, to: Engine, *, rule: str) -> str:
    """
    Bring *version* of *package* to ``Archived``, and return what came of it, for people.

    - An exemption of the version keeps it as it is.
    - The change is recorded in the ledger first, so that ``steward restore`` can undo it.
    - A version that has changed meanwhile, or that CodeArtifact refuses to change, stays.

    1 Query, 1 BatchWriteItem, 1 UpdatePackageVersionsStatus.

    Raises:
        LedgerError: The ledger could not be read or written; nothing was changed.
        CodeArtifactError: The change failed.
    """
    if to.ledger is None:
        return ""
    now = to.now()
    for one in to.ledger.exemptions(package):
        if one.version == version.version and one.in_force(now):
            return "kept, as an exemption says"
    change = StatusChange(
        package, version.version, version.status, "Archived", rule, AUTOMATION, now
    )
    to.ledger.record([change])
    changes = to.codeartifact.set_status(package, [version], "Archived")
    if changes.changed:
        return "archived"
    refused = [f"not archived: {one.code} {one.message}".rstrip() for one in changes.refused]
    return refused[0] if refused else "would be archived"
