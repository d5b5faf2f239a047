"""The decisions: which restrictions a package gets, and what becomes of versions from outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from steward.coordinates import PackageVersion, Restriction, Restrictions, Status
from steward.policy import OriginKind, OriginRule

if TYPE_CHECKING:
    from datetime import datetime

    from steward.codeartifact import AssociatedGroup
    from steward.ledger import Exemption

# Nobody can download an asset of these ("Package version status", User Guide).
_OUT_OF_USE: Final[frozenset[Status]] = frozenset({"Archived", "Disposed", "Deleted"})
_CLOSED: Final = Restrictions("BLOCK", "BLOCK")
_WHY: Final[dict[OriginKind, str]] = {
    "internal": "the policy calls the package internal",
    "public": "the policy calls the package public",
    "explicit": "the policy gives these restrictions",
}


@dataclass(frozen=True, slots=True)
class Drifted:
    """The restrictions of a package are not what they have to be."""

    before: Restrictions
    after: Restrictions
    reason: str


@dataclass(frozen=True, slots=True)
class Settled:
    """The restrictions of a package stay as they are."""

    reason: str


@dataclass(frozen=True, slots=True)
class Mixed:
    """
    The versions of a package come from within and from outside: only a person can say what it is.

    Attributes:
        internal: How many versions were published within the domain.
        external: How many came through an external connection.
    """

    internal: int
    external: int
    reason: str = "it has versions from within and from outside"


Decision = Drifted | Settled | Mixed


@dataclass(frozen=True, slots=True)
class Kept:
    """
    What a person has undone and what therefore stays as it is for the time being.

    Attributes:
        version: ``None``: the package's restrictions.
    """

    version: PackageVersion | None
    exemption: Exemption


@dataclass(frozen=True, slots=True)
class External:
    """
    The versions from outside that an internal package has in use, by what becomes of them.

    Attributes:
        archive: To archive, and to report.
        report: To report only.
        kept: To leave alone: exempt.
    """

    archive: tuple[PackageVersion, ...]
    report: tuple[PackageVersion, ...]
    kept: tuple[Kept, ...]


def without_a_look(rule: OriginRule, *, promoted_to: bool) -> Settled | None:
    """
    Return the decision about a package of which nothing but its rule is known, if that is enough.

    Nothing is inferred in a repository that the policy promotes to: its versions come by copy, and
    how they first entered the domain says nothing about how they should enter this repository.
    """
    if rule.kind == "inferred" and promoted_to:
        return Settled("the policy promotes versions to this repository")
    return None


def by_restrictions(rule: OriginRule, current: Restrictions) -> Drifted | Settled | None:
    """
    Return the decision about a package whose restrictions are *current*, if they are enough for it.

    - A rule that says what the restrictions have to be has that; what it leaves open stays.
    - ``inferred`` only tightens. Where both are ``BLOCK``, nothing is left to tighten, and nothing
      comes in that could mix origins further: the versions are not even read, so that a mixture
      that somebody has closed off by hand is not reported either.

    Returns:
        ``None`` if only the package's versions can tell: see :func:`by_origins`.
    """
    if rule.kind == "inferred":
        return Settled("both are BLOCK: nothing is left to tighten") if current == _CLOSED else None
    after = Restrictions(rule.publish or current.publish, rule.upstream or current.upstream)
    if after == current:
        return Settled("the restrictions are what the rule says")
    return Drifted(current, after, _WHY[rule.kind])


def by_row(rule: OriginRule, current: Restrictions, *, promoted_to: bool) -> Decision | None:
    """
    Return the decision about a package of which a list has shown the restrictions, if it is enough.

    Returns:
        ``None`` if only the package's versions can tell: see :func:`by_origins`.
    """
    return without_a_look(rule, promoted_to=promoted_to) or by_restrictions(rule, current)


def by_origins(
    current: Restrictions, versions: Sequence[PackageVersion], *, repository: str
) -> Decision:
    """
    Return the decision about a package whose restrictions follow from how its versions entered.

    - All were published to this repository: publish ``ALLOW``, upstream ``BLOCK``.
    - All came through an external connection: publish ``BLOCK``, upstream ``ALLOW``.
    - Some of them were published within the domain, some came from outside: mixed.
    - One was published to another repository, or nobody knows how it entered, or there is none:
      left. Blocking upstream would cut off the first, and guessing may cut off the second.

    Each restriction becomes the stricter one of that and *current*: ``BLOCK`` never becomes
    ``ALLOW``. These are the settings that CodeArtifact itself gives to new packages ("Default
    package origin control settings", User Guide); the origin is that of the first entry into the
    domain, and versions count in every status.

    Args:
        versions: Every version of the package, in any order.
        repository: The name of the package's repository.
    """
    internal = [version for version in versions if version.origin.type == "INTERNAL"]
    external = [version for version in versions if version.origin.type == "EXTERNAL"]
    if not versions:
        return Settled("it has no versions to infer from")
    if internal and external:
        return Mixed(len(internal), len(external))
    if len(internal) + len(external) < len(versions):
        return Settled("nobody knows how some of its versions entered")
    if any(version.origin.repository != repository for version in internal):
        return Settled("some of its versions were published to another repository")
    inferred = Restrictions("ALLOW", "BLOCK") if internal else Restrictions("BLOCK", "ALLOW")
    after = Restrictions(
        _stricter(current.publish, inferred.publish), _stricter(current.upstream, inferred.upstream)
    )
    if after == current:
        return Settled("the restrictions are as strict as the origin of its versions asks for")
    entered = "were published to this repository" if internal else "came from outside"
    return Drifted(current, after, f"all of its versions {entered}")


def unless_grouped(drifted: Drifted, group: AssociatedGroup) -> Drifted | Settled:
    """
    Return *drifted*, inferred from versions, if the package's group leaves everything to it.

    Where a group has an effective mode other than ``ALLOW``, somebody has said what is right for
    its packages, and CodeArtifact itself leaves the settings of new ones to the group ("Default
    package origin control settings", User Guide). A package that matches weakly is blocked anyway.
    """
    if group.unrestricted:
        return drifted
    return Settled(f"the package group {group.pattern} decides")


def must_be_fresh(decision: Decision, rule: OriginRule) -> bool:
    """
    Return whether *decision* may rest on no restrictions but those of this moment.

    A write sets both restrictions, and ``inferred`` never makes a ``BLOCK`` an ``ALLOW``: an
    ``ALLOW`` that it leaves as it was must not be one that somebody has closed meanwhile.
    """
    return rule.kind == "inferred" and isinstance(decision, Drifted) and decision.after != _CLOSED


def exemption(
    exemptions: Iterable[Exemption], version: str | None, *, now: datetime
) -> Exemption | None:
    """
    Return the exemption in force for *version*, the one that lasts longest.

    Args:
        exemptions: Those of one package, expired ones among them.
        version: ``None`` asks for the package's restrictions.
    """
    return max(
        (one for one in exemptions if one.version == version and one.in_force(now)),
        key=lambda one: one.until,
        default=None,
    )


def in_use_from_outside(versions: Iterable[PackageVersion]) -> list[PackageVersion]:
    """Return those of *versions* that came from outside and can be downloaded, by their names."""
    return sorted(
        (
            version
            for version in versions
            if version.origin.type == "EXTERNAL" and version.status not in _OUT_OF_USE
        ),
        key=lambda version: version.version,
    )


def external_versions(
    versions: Sequence[PackageVersion],
    *,
    rule: OriginRule,
    exemptions: Iterable[Exemption],
    now: datetime,
) -> External:
    """
    Return what becomes of *versions*, which came from outside, of a package that is internal.

    - A version with an exemption of its own is left alone.
    - The others are archived, or only reported, as the rule says.

    An exemption of the package's restrictions is none of its versions: whoever opens the door for a
    while still says which version is wanted.
    """
    asked = list(exemptions)
    kept: list[Kept] = []
    others: list[PackageVersion] = []
    for version in versions:
        reason = exemption(asked, version.version, now=now)
        if reason is None:
            others.append(version)
        else:
            kept.append(Kept(version, reason))
    if rule.external == "archive":
        return External(tuple(others), (), tuple(kept))
    return External((), tuple(others), tuple(kept))


def _stricter(one: Restriction, other: Restriction) -> Restriction:
    return "BLOCK" if "BLOCK" in (one, other) else "ALLOW"
