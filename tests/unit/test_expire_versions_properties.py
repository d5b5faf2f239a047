"""Nothing that a rule keeps is ever due: the decision against each keeper, worked out by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from random import Random
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from expire_versions.decision import expired_versions
from expire_versions.values import Ages, Appeared, Retention, status_after
from steward.coordinates import Format, Origin, PackageVersion, Status
from steward.ledger_entries import Exemption
from steward.ledger_marks import Mark, Marks
from steward.retention_rules import RetentionRule, StepName
from steward.version_order import position
from steward.versions import build_of
from tests.unit.fake_codeartifact import package
from tests.unit.retention_rules_made import DAY, MONTH, NOW, WEEK, build, rule, steps

STATUSES: Final[tuple[Status, ...]] = (
    "Published",
    "Unfinished",
    "Unlisted",
    "Archived",
    "Disposed",
)
BASES: Final = ("1.0", "1.1")
PACKAGE: Final = package()

NAMES: Final[dict[Format, tuple[str, ...]]] = {
    "maven": (
        *(build(base, 1 + day, NOW - 12 * day * DAY) for base in BASES for day in range(6)),
        *(build("1.0", number, NOW - MONTH) for number in (9, 10)),
        *BASES,
        *(f"{base}-SNAPSHOT" for base in BASES),
        "0.9",
        "0.10",
        "1.1-rc1",
        "1.0-20211328.194552-1",
    ),
    "npm": (
        *(f"1.{minor}.0" for minor in range(8, 12)),
        *(f"1.{minor}.0-dev.{number}" for minor in (8, 11) for number in (1, 9, 10)),
        "2.0.0-beta",
        "nightly",
    ),
    "pypi": ("1.9", "1.10", "1.10.0", "2.0.dev1", "2.0.dev9", "2.0.dev10", "2.0", "2.0rc1"),
    "generic": ("a", "b", "c", "d", "10", "9"),
}
TIMES: Final = st.sampled_from(
    [NOW - each for each in (DAY, WEEK, MONTH - timedelta(seconds=1), MONTH, 2 * MONTH)]
)
THENS: Final = (
    steps("delete"),
    steps("archive"),
    steps("unlist", "archive", "dispose", "delete"),
    steps("unlist", ("archive", WEEK), ("delete", MONTH)),
    steps(("unlist", DAY)),
)


@dataclass(frozen=True)
class World:
    """A package and all that is known about it."""

    format: Format
    versions: tuple[PackageVersion, ...]
    rules: tuple[RetentionRule, ...]
    times: dict[str, datetime]
    unknown: frozenset[str]
    ranks: dict[str, int]
    in_use: frozenset[str]
    exempt: dict[str, datetime]
    marks: tuple[Mark, ...]
    releases: dict[str, datetime]
    now: datetime = NOW

    def decide(self, versions: Sequence[PackageVersion] | None = None) -> Retention:
        """Return the decision, with the versions in another order if one is given."""
        known = {name: at for name, at in self.times.items() if name not in self.unknown}
        return expired_versions(
            self.versions if versions is None else versions,
            package_format=self.format,
            rules=self.rules,
            ages=Ages({name: Appeared.at(at) for name, at in known.items()}, self.ranks),
            in_use=dict.fromkeys(self.in_use, "somebody uses it"),
            exemptions=[
                Exemption(PACKAGE, name, "retention[0]", "who", "why", NOW, until)
                for name, until in self.exempt.items()
            ],
            marks=Marks(self.marks),
            releases=self.releases,
            now=self.now,
        )

    def rule_of(self, version: str) -> RetentionRule | None:
        """Return the rule that governs *version*."""
        return next(
            (
                one
                for one in self.rules
                if one.selects(self.format, version) or one.selects_alias(self.format, version)
            ),
            None,
        )

    def age(self, version: str) -> timedelta | None:
        """Return the age that counts: of a Maven build the one in its name."""
        made = build_of(self.format, version)
        if made is not None and made.made_at is not None:
            return self.now - made.made_at
        return None if version in self.unknown else self.now - self.times[version]

    def is_released(self, version: PackageVersion) -> bool:
        """Return whether the base version of the build has a release that counts."""
        return self._release(version) is not None

    def is_long_released(self, version: PackageVersion, grace: timedelta | None) -> bool:
        """Return whether it is known that the release has been there for *grace*."""
        release = self._release(version)
        if release is None or grace is None or release not in self.releases:
            return False
        return self.now - self.releases[release] >= grace

    def _release(self, version: PackageVersion) -> str | None:
        name = version.version
        if self.format == "maven":
            made = build_of("maven", name)
            base = made.series if made else name.removesuffix("-SNAPSHOT")
        else:
            base = name.partition("-")[0].partition(".dev")[0].partition("rc")[0]
        for other in self.versions:
            same = other.version == base or (
                self.format != "maven"
                and position(self.format, other.version) == position(self.format, base)
            )
            if (
                same
                and other.status in ("Published", "Unlisted")
                and (other.origin.type != "EXTERNAL" or version.origin.type == "EXTERNAL")
            ):
                return other.version
        return None

    def newer(self, version: PackageVersion) -> int | None:
        """Return how many versions that people get are newer, of those that count for it."""
        mine, made = self._place(version.version), build_of(self.format, version.version)
        if mine is None:
            return None
        number = 0
        for other in self.versions:
            other_made = build_of(self.format, other.version)
            theirs = self._place(other.version)
            if (
                theirs is not None
                and self.rule_of(other.version) == self.rule_of(version.version)
                and not other.version.endswith("SNAPSHOT")
                and (made and made.series) == (other_made and other_made.series)
                and self._counts(other)
                and (other.origin.type != "EXTERNAL" or version.origin.type == "EXTERNAL")
            ):
                number += theirs > mine
        return number

    def _counts(self, version: PackageVersion) -> bool:
        maven_build = self.format == "maven" and build_of("maven", version.version) is not None
        return version.status == "Published" or (maven_build and version.status == "Unlisted")

    def _place(self, version: str) -> Any:  # noqa: ANN401  of one kind within a series
        made = build_of(self.format, version)
        if made is not None:
            return made.position
        if self.format == "generic":
            return self.ranks.get(version)
        return position(self.format, version)


@st.composite
def rules(draw: st.DrawFn, number: int, *, released: bool) -> RetentionRule:
    """Draw a rule that asks for one thing at least, for releases if they are *released*."""
    keys = draw(
        st.sets(st.sampled_from(["keep_newest", "keep_younger_than", "release_grace"]), min_size=1)
    )
    if released:
        keys = {*keys, "release_grace"}
    return rule(
        draw(st.sampled_from(["all", "snapshot-builds"]))
        if released
        else draw(
            st.sampled_from(["all", "snapshot-builds", "releases", "prereleases", "1.*", "*"])
        ),
        name=f"retention[{number}]",
        keep_newest=draw(st.integers(0, 3)) if "keep_newest" in keys else None,
        keep_younger_than=MONTH if "keep_younger_than" in keys else None,
        release_grace=WEEK if "release_grace" in keys else None,
        keep=draw(st.sampled_from([(), ("1.10*",), ("*1",)])),
        then=draw(st.sampled_from(THENS)),
    )


@st.composite
def worlds(draw: st.DrawFn, *, released: bool = False) -> World:
    """
    Draw a package with any versions and statuses, any rules, and anything known about it.

    With *released* most of it is about builds and releases.
    """
    formats: list[Format] = ["maven", "npm", "pypi", "generic"]
    package_format = draw(st.sampled_from(formats[:2] if released else formats))
    all_names = NAMES[package_format]
    missing = draw(st.sets(st.sampled_from(all_names), max_size=4 if released else len(all_names)))
    names = [name for name in draw(st.permutations(all_names)) if name not in missing]
    versions = tuple(
        PackageVersion(
            name,
            draw(st.sampled_from(STATUSES[:1] * 5 + STATUSES)),
            Origin(draw(st.sampled_from(["INTERNAL", "INTERNAL", "EXTERNAL", "UNKNOWN"]))),
        )
        for name in names
    )
    some = st.frozensets(st.sampled_from(names), max_size=3) if names else st.just(frozenset())
    times = {name: draw(TIMES) for name in names}
    unknown = draw(some)
    return World(
        format=package_format,
        versions=versions,
        rules=tuple(
            draw(rules(number, released=released))
            for number in range(draw(st.sampled_from([1, 1, 2, 3, 0])))
        ),
        times=times,
        unknown=unknown,
        ranks={
            name: draw(st.integers(0, 4))
            for name in names
            if package_format == "generic" and name not in unknown
        },
        in_use=draw(some),
        exempt={name: draw(st.sampled_from([NOW, NOW + DAY])) for name in draw(some)},
        marks=tuple(
            Mark(PACKAGE, name, draw(st.sampled_from(STATUSES)), "retention[0]", draw(TIMES))
            for name in draw(some)
        ),
        releases={name: at for name, at in times.items() if name not in unknown},
    )


ANY_WORLD: Final = st.booleans().flatmap(lambda released: worlds(released=released))
WORLDS: Final = settings(max_examples=80, deadline=None)


@WORLDS
@given(ANY_WORLD)
def test_nothing_that_a_rule_keeps_is_ever_due(world: World) -> None:
    """Each keeper, one by one, as the policy's documentation has it."""
    for one in world.decide().due:
        name, version = one.version.version, one.version
        governing = world.rule_of(name)
        assert governing is not None
        assert governing.name == one.rule
        assert name not in world.in_use
        assert world.exempt.get(name, NOW) <= NOW
        assert not any(fnmatchcase(name, glob) for glob in governing.keep)
        if version.status == "Unfinished":
            age = world.age(name)
            if not name.endswith("SNAPSHOT"):
                assert age is not None
                assert age >= governing.unfinished_after
            continue
        if world.is_long_released(version, governing.release_grace) and (
            name.endswith("SNAPSHOT") or build_of(world.format, name) is not None
        ):
            continue
        assert not name.endswith("SNAPSHOT")
        assert (governing.keep_newest, governing.keep_younger_than) != (None, None)
        if governing.keep_newest is not None:
            newer = world.newer(version)
            assert newer is not None
            assert newer >= governing.keep_newest
        if governing.keep_younger_than is not None:
            age = world.age(name)
            assert age is not None
            assert age >= governing.keep_younger_than


@WORLDS
@given(ANY_WORLD)
def test_the_newest_build_of_a_snapshot_that_is_not_released_is_never_due(world: World) -> None:
    """Neither the newest of all, nor that of those which did not come from outside."""
    due = {one.version for one in world.decide().due}
    builds = [
        (made.series, made.position, each)
        for each in world.versions
        if (made := build_of(world.format, each.version)) is not None
    ]
    for outside in (True, False):
        counted = [one for one in builds if outside or one[2].origin.type != "EXTERNAL"]
        for series, place, version in counted:
            is_newest = all(
                place >= other for its_series, other, _ in counted if its_series == series
            )
            if is_newest and not world.is_released(version):
                assert version not in due


@WORLDS
@given(ANY_WORLD)
def test_of_a_package_with_builds_that_people_get_one_stays_until_the_release(
    world: World,
) -> None:
    """Unlisting and archiving leave the newest complete build where it is."""
    due = {one.version for one in world.decide().due}
    for one in due:
        made = build_of(world.format, one.version)
        if made is None or one.status == "Unfinished" or world.is_released(one):
            continue
        assert any(
            (other_made := build_of(world.format, other.version)) is not None
            and other_made.series == made.series
            and other_made.position > made.position
            for other in world.versions
        )


@WORLDS
@given(ANY_WORLD, st.randoms(use_true_random=False))
def test_every_version_is_answered_once_whatever_the_order_of_the_list(
    world: World, random: Random
) -> None:
    """And what is to be marked waits."""
    decision = world.decide()
    shuffled = list(world.versions)
    random.shuffle(shuffled)

    answered = sorted(
        [one.version.version for one in decision.due]
        + [one.version.version for one in decision.waiting]
        + [one.version.version for one in decision.kept]
    )
    assert answered == sorted(one.version for one in world.versions)
    assert {one.version for one in decision.to_mark} <= {
        one.version.version for one in decision.waiting
    }
    assert world.decide(shuffled) == decision


def taken(world: World, decision: Retention) -> World:
    """Return the world after every due step was taken and marked, as CodeArtifact would have it."""
    due: dict[str, StepName] = {one.version.version: one.step for one in decision.due}
    changed = [
        replace(one, status=status_after(due[one.version])) if one.version in due else one
        for one in world.versions
    ]
    noted = [one for one in changed if one.version in due] + list(decision.to_mark)
    marks = tuple(Mark(PACKAGE, one.version, one.status, "", world.now) for one in noted)
    return replace(
        world,
        versions=tuple(one for one in changed if one.status != "Deleted"),
        marks=(*world.marks, *marks),
    )


@WORLDS
@given(ANY_WORLD)
def test_deciding_again_after_the_steps_comes_to_rest(world: World) -> None:
    """A version takes four steps at most, and in the end nothing waits, either."""
    for _ in range(60):
        decision = world.decide()
        if not (decision.due or decision.waiting):
            break
        world = taken(world, decision)
        if not decision.due:
            assert not taken(world, decision).decide().to_mark
            world = replace(world, now=max([min(one.until for one in decision.waiting), world.now]))
    else:
        raise AssertionError("it goes on and on")
    assert world.decide() == decision


@WORLDS
@given(ANY_WORLD, st.data())
def test_keeping_more_never_lets_another_version_go(world: World, data: st.DataObject) -> None:
    """A version in use more: what was kept before is kept still."""
    if not world.versions:
        return
    more = data.draw(st.sampled_from(world.versions)).version
    before = {one.version for one in world.decide().due}
    after = {one.version for one in replace(world, in_use=world.in_use | {more}).decide().due}

    assert after <= before
