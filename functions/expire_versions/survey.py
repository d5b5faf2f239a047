"""Where the versions of one package stand: rule, next step, order, builds and releases. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from expire_versions.values import next_step
from steward.coordinates import Format, PackageVersion, Status
from steward.retention_rules import RetentionRule, Step
from steward.version_order import Position, position
from steward.versions import Build, build_of, is_release, is_snapshot_alias

# Formats whose versions are but names: there the newest are those that were published last.
UNORDERED: Final[frozenset[Format]] = frozenset({"generic"})
# What people get. A Maven client leaves complete builds Unlisted ("Maven snapshots", User Guide);
# anything else is unlisted because somebody wanted it out of the way, and keeps nothing in its
# place.
_COMPLETE: Final[frozenset[Status]] = frozenset({"Published"})
_COMPLETE_MAVEN_BUILD: Final[frozenset[Status]] = frozenset({"Published", "Unlisted"})
_RELEASED: Final[frozenset[Status]] = frozenset({"Published", "Unlisted"})
_ALIAS: Final = "-SNAPSHOT"


@dataclass(frozen=True, slots=True)
class Placed:
    """
    A version and what its name, its status and the policy say about it.

    Attributes:
        rule: The rule that governs it; ``None``: no rule selects it.
        step: The step that comes next; ``None``: the rule asks for nothing further, or there is no
            rule.
        build: What its name says, if it is a build.
        order: Its place among the versions of its format; ``None``: it has none.
        alias_of: Of ``X-SNAPSHOT``, the base version ``X``; ``None`` for all others.
    """

    version: PackageVersion
    rule: RetentionRule | None
    step: Step | None
    build: Build | None
    order: Position | None
    alias_of: str | None = None

    @property
    def name(self) -> str:
        """The version itself."""
        return self.version.version

    @property
    def from_outside(self) -> bool:
        """Whether it came through an external connection."""
        return self.version.origin.type == "EXTERNAL"

    @property
    def series(self) -> str | None:
        """The series of a build; ``None``: it is none."""
        return None if self.build is None else self.build.series


class Survey:
    """
    The versions of one package, oldest first, and how they stand to each other.

    Whatever came through an external connection takes nothing's place that did not: whoever
    publishes ``99.1`` to ``99.5`` outside, under our name, has nothing of ours removed.

    Attributes:
        placed: Every version once.
    """

    def __init__(
        self,
        versions: Iterable[PackageVersion],
        package_format: Format,
        rules: Sequence[RetentionRule],
    ) -> None:
        self.format: Final = package_format
        by_name = {version.version: version for version in versions}
        placed = [_placed(version, package_format, rules) for version in by_name.values()]
        self.placed: Final = tuple(sorted(placed, key=_by_age))
        self._builds: Final[dict[str, list[Placed]]] = defaultdict(list)
        for one in self.placed:
            if one.build is not None:
                self._builds[one.build.series].append(one)
        # By series, and whether builds from outside are looked at too.
        self._last: Final = {
            (series, outside): self._newest(
                [one for one in builds if outside or not one.from_outside] or builds
            )
            for series, builds in self._builds.items()
            for outside in (False, True)
        }
        self._standings: Standings | None = None  # the same at each look, as ranks do not count
        self._releases: Final = self._find_releases() if self._builds else {}

    def complete(self, one: Placed) -> bool:
        """Return whether *one* is what people get, and may stand in for an older one."""
        maven_build = self.format == "maven" and one.build is not None
        return one.version.status in (_COMPLETE_MAVEN_BUILD if maven_build else _COMPLETE)

    def people_get(self, alias: Placed) -> bool:
        """Return whether ``X-SNAPSHOT``, which is *alias*, has the status of a complete build."""
        return alias.version.status in _COMPLETE_MAVEN_BUILD

    def builds_of(self, series: str) -> Sequence[Placed]:
        """Return the builds of *series*, oldest first."""
        return self._builds.get(series, ())

    def aliases(self) -> list[Placed]:
        """Return the versions that are ``X-SNAPSHOT``."""
        return [one for one in self.placed if one.alias_of is not None]

    def release_of(self, one: Placed) -> PackageVersion | None:
        """
        Return the release of the base version of *one*, which is a build or ``X-SNAPSHOT``.

        It counts while it is ``Published`` or ``Unlisted``; one from outside counts only for what
        came from outside too. Maven's has the very name of the base version.
        """
        if one.alias_of is not None:
            key: object = one.alias_of
        elif one.build is None:
            return None
        else:
            key = _release_key(self.format, one)
        found = self._releases.get(key, ())
        return next(
            (each.version for each in found if one.from_outside or not each.from_outside), None
        )

    def is_last_build(self, one: Placed) -> bool:
        """
        Return whether the build *one* is the newest of its series, in one of two senses.

        No other build of any status is newer; or it is not ``Unfinished``, and no complete one is.
        """
        if one.build is None:
            return False
        newest, newest_complete = self._last[one.build.series, one.from_outside]
        if one.build.position >= newest:
            return True
        return (
            one.version.status != "Unfinished"
            and newest_complete is not None
            and one.build.position >= newest_complete
        )

    def would_pass_for_newest(self, one: Placed) -> bool:
        """
        Return whether the build *one*, if it were unlisted, stood for the newest complete one.

        So it is with Maven's, complete ones of which are ``Unlisted``, too (:data:`_COMPLETE`).
        """
        if self.format != "maven" or one.build is None:
            return False
        _, newest_complete = self._last[one.build.series, one.from_outside]
        return newest_complete is not None and one.build.position > newest_complete

    def standings(self, ranks: Mapping[str, int]) -> Standings:
        """Return how many newer ones each version has, where formats have no order by *ranks*."""
        if self.format in UNORDERED:
            return Standings(self, ranks)
        if self._standings is None:
            self._standings = Standings(self, ranks)
        return self._standings

    def _newest(self, builds: Sequence[Placed]) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
        """Return the newest position among *builds*, and the newest of a complete one."""
        positions = [one.build.position for one in builds if one.build is not None]
        complete = [
            one.build.position for one in builds if one.build is not None and self.complete(one)
        ]
        return max(positions), max(complete, default=None)

    def _find_releases(self) -> dict[object, list[Placed]]:
        found: dict[object, list[Placed]] = defaultdict(list)
        for one in self.placed:
            if one.build is not None or one.alias_of or one.version.status not in _RELEASED:
                continue
            if self.format == "maven":
                found[one.name].append(one)
            elif one.order is not None and is_release(self.format, one.name):
                found[one.order].append(one)
        for several in found.values():
            several.sort(key=lambda one: (one.from_outside, one.name))
        return found


class Standings:
    """
    How many newer ones stand before each version: those of its rule, builds those of their series.

    Only complete ones are counted, so what was taken away by a person keeps nothing alive, and
    what is interrupted pushes nothing out.
    """

    def __init__(self, survey: Survey, ranks: Mapping[str, int]) -> None:
        self._ranks = ranks
        self._unordered = survey.format in UNORDERED
        self._complete: set[str] = set()
        # By group, and whether those from outside are counted too. Places of one group compare.
        self._sizes: Counter[tuple[object, bool]] = Counter()
        self._places: dict[tuple[object, bool], list[Any]] = defaultdict(list)
        for one in survey.placed:
            if one.rule is None or not survey.complete(one):
                continue
            self._complete.add(one.name)
            group, place = self._group(one), self._place(one)
            for outside in (True, False) if not one.from_outside else (True,):
                self._sizes[group, outside] += 1
                if place is not None:
                    self._places[group, outside].append(place)
        for places in self._places.values():
            places.sort()

    def newer_than(self, one: Placed) -> int | None:
        """Return how many newer ones there are; ``None``: nobody can say where *one* stands."""
        place = self._place(one)
        if place is None:
            return None
        places = self._places.get((self._group(one), one.from_outside), [])
        return len(places) - bisect_right(places, place)

    def most_newer_than(self, one: Placed) -> int:
        """Return how many newer ones there are at most, wherever *one* stands."""
        size = self._sizes[self._group(one), one.from_outside]
        return size - (one.name in self._complete)

    def _group(self, one: Placed) -> object:
        return (one.rule.name if one.rule else None, one.series)

    def _place(self, one: Placed) -> object | None:
        if one.build is not None:
            return one.build.position
        if self._unordered:
            return self._ranks.get(one.name)
        return None if one.order is None else one.order.key  # tuples compare faster


def _placed(
    version: PackageVersion, package_format: Format, rules: Sequence[RetentionRule]
) -> Placed:
    name = version.version
    if is_snapshot_alias(package_format, name):
        rule = next((one for one in rules if one.selects_alias(package_format, name)), None)
        step = None if rule is None else next_step(version.status, rule.then)
        base = name[: -len(_ALIAS)] if name.upper().endswith(_ALIAS) else ""
        return Placed(version, rule, step, None, None, base)
    rule = next((one for one in rules if one.selects(package_format, name)), None)
    step = None if rule is None else next_step(version.status, rule.then)
    build = build_of(package_format, name)
    order = None if build is not None else position(package_format, name)
    return Placed(version, rule, step, build, order)


def _by_age(one: Placed) -> tuple[Any, ...]:
    """Return what sorts versions: those without an order first, then the others, then builds."""
    if one.build is not None:
        return (2, one.build.series, one.build.position, one.name)
    if one.order is not None:
        return (1, one.order.key, one.name)
    return (0, one.name)


def _release_key(package_format: Format, one: Placed) -> object:
    if package_format == "maven":
        return one.series
    if package_format == "pypi":
        from packaging.version import Version  # noqa: PLC0415  only rules that name PyPI pay

        parsed = Version(one.name)
        after = "" if parsed.post is None else f".post{parsed.post}"
        return position(package_format, parsed.base_version + after)
    return position(package_format, one.name.partition("-")[0])
