"""The gates ``allow`` and ``deny``: lists of packages and versions; a denied one stays out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from promote_versions.verdicts import Verdict, pass_, refuse
from steward.coordinates import Package, PackageVersion

if TYPE_CHECKING:
    from steward.promotion_rules import Matcher

ALLOW: Final = "allow"
DENY: Final = "deny"


def judge(
    version: PackageVersion,
    package: Package,
    *,
    allow: Sequence[Matcher] | None,
    deny: Sequence[Matcher],
) -> Verdict:
    """
    Return whether *version* is on the list *allow* and not on *deny*, which beats it.

    Args:
        allow: ``None`` allows everything, an empty list nothing.
    """
    denied = _first(deny, package, version)
    if denied is not None:
        return refuse(DENY, f"is denied by {denied}", {"deny": str(denied)})
    if allow is None:
        return pass_(DENY, "is not denied")
    allowed = _first(allow, package, version)
    if allowed is None:
        return refuse(ALLOW, "is not on the list of what is allowed")
    return pass_(ALLOW, f"is allowed by {allowed}", {"allow": str(allowed)})


def _first(
    matchers: Sequence[Matcher], package: Package, version: PackageVersion
) -> Matcher | None:
    return next((one for one in matchers if one.matches(package, version.version)), None)
