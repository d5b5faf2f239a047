"""What the ``snapshots`` rule wants of a package: the decision that its events lead to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from steward.coordinates import Package, PackageVersion
from steward.policy import SnapshotRule
from sweep_repositories.wanted import Wanted
from unlist_snapshot_builds.decision import stale_builds

AUTOMATION: Final = "unlist_snapshot_builds"


def stale(
    package: Package, versions: Sequence[PackageVersion], rule: SnapshotRule, now: datetime
) -> tuple[list[Wanted], int]:
    """
    Return what is to be unlisted, and how many builds stay.

    Builds that wait for the end of their grace are among those that stay: the next sweep sees them.
    """
    decision = stale_builds(versions, package_format=package.format, rule=rule, now=now)
    wanted = [
        Wanted(
            one.version,
            "unlist",
            AUTOMATION,
            rule.name,
            f"{one.reason}: {one.replaced_by}",
        )
        for one in decision.stale
    ]
    return wanted, len(decision.kept) + len(decision.waiting)
