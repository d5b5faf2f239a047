"""Origin controls of packages and their groups: defaults, what may come in, and how."""

from __future__ import annotations

from typing import Literal

from emulator.core import package_groups
from emulator.core.errors import AccessDenied
from emulator.core.state import State
from emulator.core.values import (
    Association,
    DomainId,
    PackageId,
    RepositoryId,
    Restriction,
    Restrictions,
    RestrictionType,
)

Arrival = Literal["published", "ingested", "retained", "copied"]
"""How the first version of a package comes into a repository."""

Decision = Literal["accepted", "unchanged", "conflict"]

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
    """
    The package's origin configuration, or its group's, refuses versions published directly.

    Args:
        group: The association that refuses; ``None`` when the package itself does. What AWS says
            then is not documented: our choice, so that people see where to look.
    """

    def __init__(self, name: str, *, group: Association | None = None) -> None:
        # The first words are those that twine prints for AWS's answer (aws-cdk, publishing tools).
        words = "This package is configured to block new versions"
        if group is not None:
            words += f" by the package group {group.group.id.pattern}"
            if group.type == "WEAK":
                words += ", which its name only resembles"
        super().__init__(f"{words}. Package: {name}")


def admits(
    state: State,
    repository: RepositoryId,
    package: PackageId,
    restrictions: Restrictions,
    kind: RestrictionType,
) -> bool:
    """
    Return whether versions of *package* may come into *repository* in this way.

    Both the package's own *restrictions* and its group have to allow it; the package's ``upstream``
    stands for upstream repositories and for public ones ("Package group origin controls", User
    Guide). For ``INTERNAL_UPSTREAM`` *repository* is the one that pulls, for ``EXTERNAL_UPSTREAM``
    the one with the external connection.
    """
    own = restrictions.publish if kind == "PUBLISH" else restrictions.upstream
    return own == "ALLOW" and package_groups.admits(state, repository, package, kind)


def check_publish(
    state: State, repository: RepositoryId, package: PackageId, restrictions: Restrictions
) -> None:
    """
    Return if versions of *package* may be published to *repository*.

    Raises:
        PublishBlocked: The package's own *restrictions* block it, or its group does.
    """
    if restrictions.publish == "BLOCK":
        raise PublishBlocked(package.name)
    if not package_groups.admits(state, repository, package, "PUBLISH"):
        group = package_groups.associated(state, repository.domain, package)
        raise PublishBlocked(package.name, group=group)


def defaults(state: State, domain: DomainId, package: PackageId, arrival: Arrival) -> Restrictions:
    """
    Return the origin configuration of a new package record.

    "Default package origin control settings", User Guide:

    - its group restricts anything (a name that only resembles the group's too: our choice): ALLOW
      both, which leaves it to the group;
    - published directly: publish ALLOW, upstream BLOCK;
    - ingested from a public repository: publish BLOCK, upstream ALLOW;
    - retained from an upstream repository, or copied: not documented, see the switches
      ``retainedInternalDefaultRestrictions`` and ``copyDefaultRestrictions``.
    """
    if not package_groups.unrestricted(state, domain, package):
        return UNCONFIGURED
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
    Return what becomes of an asset that a client publishes and may publish.

    The table of "Editing package origin controls", User Guide, after `check_publish`.

    Args:
        held: What the repository holds: no such version, the version with this asset and the same
            or other bytes, or the version without an asset of this name.
        reachable: Whether an upstream repository or a public one offers the version; it only
            matters while ``restrictions.upstream`` is ALLOW.
    """
    if held == "same bytes":
        return "unchanged"
    if held == "other bytes":
        return "conflict"
    if held == "nothing" and restrictions.upstream == "ALLOW" and reachable:
        return "conflict"
    return "accepted"


def _restriction(text: str) -> Restriction:
    return "ALLOW" if text == "ALLOW" else "BLOCK"
