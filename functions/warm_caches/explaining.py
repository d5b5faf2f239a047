"""Why the endpoint does not find a version: because somebody forbids it, or for no such reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from steward.errors import PackageNotFoundError

if TYPE_CHECKING:
    from steward.codeartifact import CodeArtifact
    from steward.coordinates import Package


def why_blocked(
    package: Package, codeartifact: CodeArtifact, *, pace: Callable[[], None]
) -> str | None:
    """
    Return what keeps versions of *package* from coming in; ``None``: nothing that is known.

    - The package's own origin controls block upstream: 1 call, DescribePackage.
    - Else its package group: 1 call more, GetAssociatedPackageGroup. A package that only resembles
      the group's pattern (WEAK) is blocked ("Package group definition syntax", User Guide); so is
      one of a group that blocks external or internal upstreams.

    A group that lets certain repositories through says nothing here: this repository may be one.
    What forbids it in an upstream repository is not looked at.

    Args:
        pace: Called before each call.

    Raises:
        CodeArtifactError: A call failed.
    """
    pace()
    try:
        if codeartifact.restrictions(package).upstream == "BLOCK":
            return "the origin controls of the package block upstream"
    except PackageNotFoundError:
        pass  # the repository has never held it: only its group can say anything
    pace()
    group = codeartifact.group_of(package)
    if group.association == "WEAK":
        return f"its name only resembles the package group {group.pattern}, which blocks it"
    blocked = [
        kind
        for kind in ("EXTERNAL_UPSTREAM", "INTERNAL_UPSTREAM")
        if group.modes.get(kind) == "BLOCK"
    ]
    if blocked:
        return f"the package group {group.pattern} has {' and '.join(blocked)} BLOCK"
    return None
