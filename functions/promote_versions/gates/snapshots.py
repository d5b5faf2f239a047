"""The gate ``snapshots``: Maven snapshots are never promoted."""

from __future__ import annotations

from typing import Final

from promote_versions.verdicts import Verdict, pass_, refuse
from steward.coordinates import Package, PackageVersion
from steward.versions import is_snapshot

GATE: Final = "snapshots"


def judge(version: PackageVersion, package: Package) -> Verdict:
    """
    Return whether *version* is none that changes by its nature.

    What CopyPackageVersions does with a snapshot and its builds is not documented: our choice.
    """
    if is_snapshot(package.format, version.version):
        return refuse(GATE, "is a Maven snapshot, which is not promoted")
    return pass_(GATE, "is no Maven snapshot")
