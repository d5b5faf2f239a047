"""The gate ``status``: only what is published is promoted."""

from __future__ import annotations

from typing import Final

from promote_versions.verdicts import Verdict, hold, pass_
from steward.coordinates import PackageVersion

GATE: Final = "status"


def judge(version: PackageVersion) -> Verdict:
    """
    Return whether *version* is ``Published`` and says at which revision.

    Any other is unfinished or put aside; that it is published is an event of its own. Without a
    revision, a copy cannot be held to what was judged.
    """
    named: dict[str, object] = {"status": version.status, "revision": version.revision}
    if version.status != "Published":
        return hold(GATE, f"is {version.status}, not Published", named)
    if version.revision is None:
        return hold(GATE, "has no revision that a copy could be held to", named)
    return pass_(GATE, "is Published", named)
