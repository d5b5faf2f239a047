"""Package origin controls: their defaults, and what they say to a publish."""

from __future__ import annotations

from typing import Literal

from emulator.core.errors import AccessDenied
from emulator.core.state import State
from emulator.core.values import Restriction, Restrictions

Arrival = Literal["published", "ingested", "retained", "copied"]
"""How the first version of a package comes into a repository."""

Decision = Literal["accepted", "blocked", "unchanged", "conflict"]

UNCONFIGURED = Restrictions("ALLOW", "ALLOW")
"""
What a package that a repository has no record of obeys: its defaults come with its first version.

So a first publish of a version that upstreams or a public repository have is a conflict ("Package
origin controls", User Guide: a version that exists upstream cannot be published).
"""

_SWITCHED: dict[Arrival, str] = {
    "copied": "copyDefaultRestrictions",
    "retained": "retainedInternalDefaultRestrictions",
}


class PublishBlocked(AccessDenied):
    """The package's origin configuration refuses versions that are published directly."""

    def __init__(self, name: str) -> None:
        # The first words are those that twine prints for AWS's answer (aws-cdk, publishing tools).
        super().__init__(f"This package is configured to block new versions. Package: {name}")


def defaults(state: State, arrival: Arrival) -> Restrictions:
    """
    Return the origin configuration of a new package record.

    "Default package origin control settings", User Guide:

    - published directly: publish ALLOW, upstream BLOCK;
    - ingested from a public repository: publish BLOCK, upstream ALLOW;
    - retained from an upstream repository, or copied: not documented, see the switches
      ``retainedInternalDefaultRestrictions`` and ``copyDefaultRestrictions``.
    """
    match arrival:
        case "published":
            return Restrictions("ALLOW", "BLOCK")
        case "ingested":
            return Restrictions("BLOCK", "ALLOW")
        case _:
            publish, _, upstream = str(state.faults.switch(_SWITCHED[arrival])).partition("/")
            return Restrictions(_restriction(publish), _restriction(upstream))


def publish_decision(
    restrictions: Restrictions,
    *,
    held: Literal["nothing", "same bytes", "other bytes", "other assets"],
    reachable: bool,
) -> Decision:
    """
    Return what becomes of an asset that a client publishes.

    The table of "Editing package origin controls", User Guide.

    Args:
        held: What the repository holds: no such version, the version with this asset and the same
            or other bytes, or the version without an asset of this name.
        reachable: Whether an upstream repository or a public one offers the version; it only
            matters while ``restrictions.upstream`` is ALLOW.
    """
    if restrictions.publish == "BLOCK":
        return "blocked"
    if held == "same bytes":
        return "unchanged"
    if held == "other bytes":
        return "conflict"
    if held == "nothing" and restrictions.upstream == "ALLOW" and reachable:
        return "conflict"
    return "accepted"


def _restriction(text: str) -> Restriction:
    return "ALLOW" if text == "ALLOW" else "BLOCK"
