"""The gate ``origin``: how the version first entered the domain."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

from promote_versions.verdicts import Verdict, pass_, refuse
from steward.coordinates import PackageVersion

GATE: Final = "origin"
INTERNAL: Final = "internal"


def judge(version: PackageVersion, requirement: AbstractSet[str]) -> Verdict:
    """
    Return whether *version* came through one of the external connections in *requirement*.

    ``internal`` in it stands for what was published within the domain. An unknown origin is
    refused: it is that of the first entry ("originType", API Reference), so nobody will ever know.
    """
    came = _way(version)
    named: dict[str, object] = {"origin": came, "wanted": sorted(requirement)}
    if came is None:
        return refuse(GATE, "nobody knows how it entered the domain", named)
    entered = "was published within the domain" if came == INTERNAL else f"came through {came}"
    if came in requirement:
        return pass_(GATE, entered, named)
    wanted = " or ".join(sorted(requirement))
    return refuse(GATE, f"{entered}; the policy wants {wanted}", named)


def _way(version: PackageVersion) -> str | None:
    if version.origin.type == "INTERNAL":
        return INTERNAL
    return version.origin.external_connection if version.origin.type == "EXTERNAL" else None
