"""What a policy says about a package, written down once more and as simply as possible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from steward.coordinates import OriginType, Restriction, Restrictions, Status

IN_USE: frozenset[Status] = frozenset({"Published", "Unlisted", "Unfinished"})


@dataclass
class Version:
    """A version: how it entered, *where* if it was published, and its status."""

    status: Status
    origin: OriginType
    where: str | None = None


@dataclass
class Model:
    """
    A package as its owners see it.

    Attributes:
        scope: Decides the rule: see `RULES`.
        grouped: Its package group restricts something, or its name only resembles the group's.
        promoted_to: The policy promotes versions to its repository.
        exempt: What a person has undone; ``None`` stands for the restrictions.
    """

    scope: str
    repository: str
    restrictions: Restrictions
    versions: dict[str, Version] = field(default_factory=dict)
    grouped: bool = False
    promoted_to: bool = False
    exempt: frozenset[str | None] = frozenset()


RULES: Mapping[str, tuple[Restriction | None, Restriction | None]] = {
    "mycompany": ("ALLOW", "BLOCK"),
    "reported": ("ALLOW", "BLOCK"),
    "public": ("BLOCK", "ALLOW"),
    "no-publish": ("BLOCK", None),
    "no-upstream": (None, "BLOCK"),
    "closed": ("BLOCK", "BLOCK"),
    "open": ("ALLOW", "ALLOW"),
}
"""What each scope's rule asks for; ``None``: left as it is. ``inferred`` has a table of its own."""


def restrictions_of(model: Model) -> Restrictions:
    """Return the restrictions that the package has in the end."""
    current = model.restrictions
    if None in model.exempt:
        return current
    if model.scope in RULES:
        publish, upstream = RULES[model.scope]
        return Restrictions(publish or current.publish, upstream or current.upstream)
    if model.scope != "inferred" or model.grouped or model.promoted_to:
        return current
    kinds = {each.origin for each in model.versions.values()}
    if kinds == {"EXTERNAL"}:
        return Restrictions("BLOCK", current.upstream)
    own = all(each.where == model.repository for each in model.versions.values())
    if kinds == {"INTERNAL"} and own:
        return Restrictions(current.publish, "BLOCK")
    return current


def intruders(model: Model) -> set[str]:
    """Return the versions from outside that are in use in an internal package, and not exempt."""
    if model.scope not in ("mycompany", "reported"):
        return set()
    return {
        name
        for name, each in model.versions.items()
        if each.origin == "EXTERNAL" and each.status in IN_USE and name not in model.exempt
    }


def statuses_of(model: Model, *, unfinished_may_be_archived: bool = True) -> dict[str, Status]:
    """Return the statuses that the versions have in the end."""
    gone = intruders(model) if model.scope == "mycompany" else set()
    return {
        name: "Archived"
        if name in gone and (each.status != "Unfinished" or unfinished_may_be_archived)
        else each.status
        for name, each in model.versions.items()
    }


def mixed(model: Model) -> bool:
    """Return whether people have to be told that the package is of mixed origin."""
    kinds = {each.origin for each in model.versions.values()}
    open_somewhere = model.restrictions != Restrictions("BLOCK", "BLOCK")
    return (
        model.scope == "inferred"
        and not model.promoted_to
        and open_somewhere
        and {"INTERNAL", "EXTERNAL"} <= kinds
    )
