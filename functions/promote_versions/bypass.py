"""
The decision: whether versions get into a promotion's destination past its gates. Values only.

A client of the destination ``to`` gets whatever its search finds: in its upstreams, depth-first,
and behind their external connections ("Upstream repository priority order", User Guide). A *route*
is such a way that ends in the repository that the rule copies from, in one from which an earlier
stage brings its packages there, or in an external connection of the package's format.

Only what the User Guide promises closes a route for sure:

- One that starts with an upstream: origin control ``upstream`` BLOCK of the package in ``to``, or a
  package group that does not let ``to`` have versions from its upstreams (INTERNAL_UPSTREAM).
- An external connection of ``to`` itself: the same, with EXTERNAL_UPSTREAM.
- A package that only resembles the pattern of its group (association ``WEAK``) is blocked.

What stands half way (restrictions of an upstream, groups that close an upstream's connection) is
not counted: how a search goes on behind it is not promised for every case.

Sources: User Guide, "Editing package origin controls", "Package group origin controls", "Package
group definition syntax and matching behavior".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from steward import patterns
from steward.codeartifact_answers import AssociatedGroup
from steward.coordinates import (
    Format,
    Package,
    Restriction,
    RestrictionMode,
    RestrictionType,
)
from steward.errors import PatternError
from steward.group_restrictions import PackageGroup
from steward.patterns import Pattern
from steward.promotion_rules import PromotionRule
from steward.upstream_walk import Reach

UpstreamType = Literal["INTERNAL_UPSTREAM", "EXTERNAL_UPSTREAM"]
UPSTREAM_TYPES: Final[tuple[UpstreamType, ...]] = ("INTERNAL_UPSTREAM", "EXTERNAL_UPSTREAM")
_UNKNOWN: Final = "?"


@dataclass(frozen=True, slots=True)
class Route:
    """
    A way to versions that no gate has seen.

    Attributes:
        path: The repositories from the destination on, and then the external connection if the
            route ends in one.
        closed_by: The restrictions of package groups that close it, all of them together.
        unknown: Why nobody can tell where the route ends; ``None`` if it is known.
    """

    path: tuple[str, ...]
    closed_by: tuple[UpstreamType, ...]
    unknown: str | None = None

    def __str__(self) -> str:
        return " -> ".join(self.path)


@dataclass(frozen=True, slots=True)
class GroupSettings:
    """
    The package groups of a domain.

    Attributes:
        groups: All of them, the root included.
        allowed: The repositories on the allow-list of a pattern and type, for those groups whose
            own mode is ``ALLOW_SPECIFIC_REPOSITORIES``.
    """

    groups: tuple[PackageGroup, ...]
    allowed: Mapping[tuple[str, RestrictionType], frozenset[str]] = field(default_factory=dict)

    def closes(self, pattern: str, kind: UpstreamType, repository: str) -> bool:
        """Return whether the group *pattern* surely denies *repository* this *kind* of versions."""
        try:
            parsed = patterns.parse(pattern)
        except PatternError:
            return False  # spelt in a way that we cannot read: nothing is sure
        lineage = self._lineage(parsed)
        if not lineage or lineage[0].pattern != pattern:
            return False
        mode = lineage[0].effective.get(kind)
        if mode != "ALLOW_SPECIFIC_REPOSITORIES":
            return mode == "BLOCK"
        # The list that counts is that of the group that the mode is inherited from.
        owner = next((one for one in lineage if one.modes.get(kind, "INHERIT") != "INHERIT"), None)
        listed = None if owner is None else self.allowed.get((owner.pattern, kind))
        return listed is not None and repository not in listed

    def left_open(self, pattern: Pattern, route: Route) -> list[str]:
        """
        Return the patterns of the groups that have to close *route* for all of *pattern*.

        None, if it is surely closed for each package that *pattern* matches: the most specific
        group that covers it closes it, and none of the more specific ones opens it again. The
        latter are among them only if they would not inherit it from *pattern*.
        """
        covering = self._lineage(pattern)[:1]
        wanting = [] if covering and self._close(covering[0], route) else [str(pattern)]
        below = [one for one, parsed in self._parsed() if pattern.covers(parsed)]
        opening = [one for one in below if not self._close(one, route)]
        wanting += [
            one.pattern
            for one in opening
            if any(one.modes.get(kind, "INHERIT") != "INHERIT" for kind in route.closed_by)
        ]
        return list(dict.fromkeys(wanting or (one.pattern for one in opening)))

    def _close(self, group: PackageGroup, route: Route) -> bool:
        return all(self.closes(group.pattern, kind, route.path[0]) for kind in route.closed_by)

    def _lineage(self, pattern: Pattern) -> list[PackageGroup]:
        """Return the groups that cover *pattern*, the most specific one first."""
        covering = [(one, parsed) for one, parsed in self._parsed() if parsed.covers(pattern)]
        covering.sort(key=lambda each: each[1].specificity, reverse=True)
        return [one for one, _ in covering]

    def _parsed(self) -> Iterable[tuple[PackageGroup, Pattern]]:
        for group in self.groups:
            try:
                yield group, patterns.parse(group.pattern)
            except PatternError:
                continue  # spelt in a way that no package of ours can match


@dataclass(frozen=True, slots=True)
class PackageControls:
    """
    What restricts one package in the destination.

    Attributes:
        upstream: Its own origin control there; ALLOW for a package that is not there yet.
        group: The package group that it belongs to.
        settings: The domain's groups; ``None``: not asked for, so no allow-list is known.
    """

    upstream: Restriction
    group: AssociatedGroup
    settings: GroupSettings | None = None

    def close(self, route: Route) -> bool:
        """Return whether they surely close *route*."""
        if self.upstream == "BLOCK" or self.group.association == "WEAK":
            return True
        return all(self._deny(route.path[0], kind) for kind in route.closed_by)

    def _deny(self, repository: str, kind: UpstreamType) -> bool:
        mode: RestrictionMode | None = self.group.modes.get(kind)
        if mode != "ALLOW_SPECIFIC_REPOSITORIES":
            return mode == "BLOCK"
        return self.settings is not None and self.settings.closes(
            self.group.pattern, kind, repository
        )


@dataclass(frozen=True, slots=True)
class Way:
    """
    A route that nothing closes.

    Attributes:
        problem: Where it leads, as a sentence without its end.
        remedy: The two ways to close it, as sentences with the commands.
    """

    path: tuple[str, ...]
    problem: str
    remedy: str

    @property
    def text(self) -> str:
        """All there is to say."""
        return f"{self.problem}. {self.remedy}"


def routes(rule: PromotionRule, reach: Reach, package_format: Format | None) -> list[Route]:
    """
    Return the ways past the gates of *rule* that the topology has, in the order of the search.

    One that goes on behind another's end is left out: closing the first closes it too.

    Args:
        package_format: Only external connections of this format count; ``None``: of any.
    """
    found: list[Route] = []
    for stop in reach.stops:
        if any(stop.path[: len(one.path)] == one.path for one in found):
            continue
        first = len(stop.path) == 1
        closed_by: tuple[UpstreamType, ...] = (
            ("EXTERNAL_UPSTREAM",) if first else ("INTERNAL_UPSTREAM",)
        )
        if not first and stop.path[-1] in {rule.source, *rule.before}:
            found.append(Route(stop.path, closed_by))
        elif stop.unknown is not None:
            closed_by = UPSTREAM_TYPES if first else closed_by  # it may have either
            found.append(Route((*stop.path, _UNKNOWN), closed_by, stop.unknown))
        else:
            found += [
                Route((*stop.path, connection.name), closed_by)
                for connection in stop.connections
                if package_format in (None, connection.format)
            ]
    return found


def way_around(
    rule: PromotionRule, reach: Reach, package: Package, controls: PackageControls
) -> Way | None:
    """Return the first way by which *package* gets past the gates of *rule*, if there is one."""
    matching = [str(pattern) for pattern in rule.packages if pattern.matches(package.path)]
    return next(
        (
            _way(route, rule, reach, matching or [f"{package.path}$"])
            for route in routes(rule, reach, package.format)
            if not controls.close(route)
        ),
        None,
    )


def routes_around(rule: PromotionRule, reach: Reach, settings: GroupSettings) -> list[Way]:
    """
    Return the ways by which packages of *rule* get past its gates, in the order of the search.

    What restricts a single package does not count here: a package that the destination does not
    hold yet has no restrictions.
    """
    opened: dict[Route, list[str]] = {}
    for pattern in rule.packages:
        for route in routes(rule, reach, pattern.format):
            if groups := settings.left_open(pattern, route):
                opened.setdefault(route, []).extend(groups)
    return [
        _way(route, rule, reach, list(dict.fromkeys(groups))) for route, groups in opened.items()
    ]


def _way(route: Route, rule: PromotionRule, reach: Reach, groups: Sequence[str]) -> Way:
    to, end = route.path[0], route.path[-1]
    if route.unknown is not None:
        problem = f"{route}: nobody can tell what clients of {to} get there ({route.unknown})"
    elif end in {rule.source, *rule.before} and len(route.path) > 1:
        problem = f"{route}: clients of {to} get versions from {end} without promotion"
    else:
        problem = f"{route}: clients of {to} get versions through {end} without promotion"
    if route.path == (to, _UNKNOWN):
        remedy = f"Create {to} without upstreams and external connections, or let it be described."
    else:
        remedy = f"Either {_disconnection(route, reach)}, or {_restriction(route, groups)}."
    return Way(route.path, problem, remedy)


def _disconnection(route: Route, reach: Reach) -> str:
    to, following = route.path[0], route.path[1]
    where = (
        f"--domain {reach.repository.domain} --domain-owner {reach.repository.domain_owner} "
        f"--repository {to}"
    )
    if route.closed_by == ("EXTERNAL_UPSTREAM",):
        return (
            f"disconnect {to}: `aws codeartifact disassociate-external-connection {where} "
            f"--external-connection {following}`"
        )
    kept = " ".join(f"repositoryName={one}" for one in reach.upstreams if one != following)
    return (
        f"take {following} off the upstreams of {to}: `aws codeartifact update-repository {where} "
        f"--upstreams {kept or '[]'}`"
    )


def _restriction(route: Route, groups: Sequence[str]) -> str:
    key = route.closed_by[0].lower()
    to = route.path[0]
    named = " and ".join(groups)
    others = f"`{{allow_in: [...]}}` without {to} if other repositories need it"
    return (
        f"declare `{key}: block` ({others}) for the package group{'s'[: len(groups) > 1]} {named} "
        f"under `groups` of the policy, and run `steward groups`"
    )
