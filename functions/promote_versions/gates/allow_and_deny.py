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

    A version is denied in every spelling that its format takes for the same; it is allowed in the
    one that CodeArtifact shows.

    Args:
        allow: ``None`` allows everything, an empty list nothing.
    """
    denied = next((one for one in deny if one.means(package, version.version)), None)
    if denied is not None:
        return refuse(DENY, f"is denied by {denied}", {"deny": str(denied)})
    if allow is None:
        return pass_(DENY, "is not denied")
    allowed = next((one for one in allow if one.matches(package, version.version)), None)
    if allowed is None:
        return refuse(ALLOW, "is not on the list of what is allowed")
    return pass_(ALLOW, f"is allowed by {allowed}", {"allow": str(allowed)})
