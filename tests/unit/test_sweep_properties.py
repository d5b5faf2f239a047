"""Over random packages and policies: what is kept is never touched, and a sweep comes to rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from expire_versions.gather import RetentionReads, gather_retention
from promote_versions.records import Record
from promote_versions.records import State as RecordState
from steward.coordinates import Origin, Package, PackageVersion, Repository, Restrictions, Status
from steward.ledger import Exemption
from steward.patterns import parse
from steward.policy import OriginRule, Policy, SnapshotRule
from steward.promotion_rules import PromotionRule
from steward.removals import RemovalResult
from steward.retention_rules import STEPS, RetentionRule, Step
from sweep_repositories.applying import Applying, apply_lines
from sweep_repositories.gathering import Gathering, gather_package, needs_a_look
from sweep_repositories.plan_lines import PackagePlan, PlanLine, from_json, to_json
from tests.unit.fake_origin_domain import (
    FakeCodeArtifact,
    FakeLedger,
    Held,
    RecordingAttention,
    RecordingNotices,
)
from tests.unit.fake_promotions import RecordingPromotionsQueue

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
PACKAGE = Package(Repository("my-company", "012345678901", "snapshots"), "maven", "com", "app")
EVERYTHING = (parse("/*"),)
PROMOTION = PromotionRule("out", EVERYTHING, "snapshots", "approved")
NAMES = [
    *(f"1.0-20260101.00000{number}-{number}" for number in range(1, 5)),
    "2.0-20260227.000001-1",
    "2.0-20260227.000002-2",
    "1.0-SNAPSHOT",
    "2.0-SNAPSHOT",
    "0.9",
    "0.10",
    "1.0",
    "no-version-at-all",
]
# Four steps, and one round more of a build that stays with its snapshot until a newer one is there.
ROUNDS = 5

statuses: st.SearchStrategy[Status] = st.sampled_from(
    ["Published", "Published", "Unfinished", "Unlisted", "Archived", "Disposed"]
)
origins = st.sampled_from(
    [Origin("INTERNAL", "snapshots"), Origin("EXTERNAL", None, "public:maven-central")]
)

restrictions = st.builds(
    Restrictions, st.sampled_from(["ALLOW", "BLOCK"]), st.sampled_from(["ALLOW", "BLOCK"])
)


class Announcements(RecordingNotices):
    """The bus, on which versions are announced too."""

    def versions_changed(self, *about: object, **more: object) -> None:
        """Remember it."""
        self.announced.append((*about, more["status"]))


@dataclass
class World:
    """A package, the policy, and what people and promotion have said."""

    codeartifact: FakeCodeArtifact
    ledger: FakeLedger
    policy: Policy
    records: list[Record]

    def versions_by_time(self, package: Package) -> list[PackageVersion]:
        """Return them in some order."""
        return self.codeartifact.versions(package)

    def published_at(self, package: Package, version: str) -> datetime | None:
        """Return a time that follows from the name."""
        assert package == PACKAGE
        return NOW - timedelta(days=NAMES.index(version) * 7)

    def of_package(self, package: Package) -> list[Record]:
        """Return the records."""
        assert package == PACKAGE
        return self.records

    def dispose(self, package: Package, versions: Sequence[PackageVersion]) -> RemovalResult:
        """They lose their assets."""
        held = self.codeartifact.held[package].versions
        for one in versions:
            held[one.version] = PackageVersion(one.version, "Disposed", one.origin)
        return RemovalResult(tuple(versions))

    def delete(self, package: Package, versions: Sequence[PackageVersion]) -> RemovalResult:
        """They are gone."""
        held = self.codeartifact.held[package].versions
        for one in versions:
            del held[one.version]
        return RemovalResult(tuple(versions))

    def gather(self) -> PackagePlan:
        """Return what is planned."""
        current = self.codeartifact.held[PACKAGE].restrictions
        if not needs_a_look(PACKAGE, current, self.policy):
            return PackagePlan(PACKAGE)
        to = Gathering(
            codeartifact=self.codeartifact,
            times=self,
            policy=self.policy,
            locked={},
            ledger=self.ledger,
            exemptions=self.ledger.exemptions_at(),
            records=self,
            now=lambda: NOW,
        )
        return gather_package(PACKAGE, current, to)

    def apply(self, lines: Sequence[PlanLine]) -> None:
        """Carry out *lines*; nothing goes wrong."""
        to = Applying(
            codeartifact=self.codeartifact,
            removals=self,
            ledger=self.ledger,
            exemptions=self.ledger.exemptions_at(),
            planned_at=NOW,
            promotions=RecordingPromotionsQueue(),
            notices=Announcements(),
            attention=RecordingAttention(),
            now=lambda: NOW,
        )
        for applied in apply_lines(lines, to):
            assert (applied.problem, applied.refused, applied.kept) == (None, (), ())

    def kept_by_expiry(self) -> set[str]:
        """Return the versions that the retention rules keep, as expiry says by itself."""
        reads = RetentionReads(
            self.codeartifact, self, self.policy, {}, self.ledger, lambda _: self.records
        )
        kept = gather_retention(PACKAGE, None, reads, NOW).kept
        return {one.version.version for one in kept}


def record(version: str, state: RecordState) -> Record:
    """Return what promotion has come to; contents are never other ones here."""
    no_revision: Any = None  # the fake tells none
    return Record(
        PACKAGE, version, "out", "approved", no_revision, state, (), PROMOTION.digest, NOW
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Return a package and a policy of some rules."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True))
    held = {name: PackageVersion(name, draw(statuses), draw(origins)) for name in names}
    codeartifact = FakeCodeArtifact({PACKAGE: Held(draw(restrictions), held)})
    ledger = FakeLedger(now=lambda: NOW)
    for version in draw(st.sets(st.sampled_from([None, *NAMES]), max_size=3)):
        until = NOW + timedelta(days=draw(st.sampled_from([-1, 7])))
        ledger.exempt(Exemption(PACKAGE, version, "r", "anna", "why", NOW, until))
    states: list[RecordState] = ["held", "approved", "copied"]
    records = [
        record(name, draw(st.sampled_from(states)))
        for name in draw(st.sets(st.sampled_from(NAMES), max_size=3))
    ]
    policy = Policy(
        digest="0" * 64,
        domain="my-company",
        snapshots=draw(
            st.sampled_from(
                [(), (SnapshotRule("snapshots[0]", EVERYTHING, ("*",), timedelta(hours=1)),)]
            )
        ),
        origins=draw(origin_rules()),
        promotions=draw(st.sampled_from([(), (PROMOTION,)])),
        retention=draw(st.lists(retention_rules(), max_size=2).map(tuple)),
    )
    return World(codeartifact, ledger, policy, records)


def origin_rules() -> st.SearchStrategy[tuple[OriginRule, ...]]:
    """Return no rule, or one of each kind."""
    rules = [
        OriginRule("origins[0]", EVERYTHING, ("*",), "internal", "ALLOW", "BLOCK", "archive"),
        OriginRule("origins[0]", EVERYTHING, ("*",), "internal", "ALLOW", "BLOCK", "report"),
        OriginRule("origins[0]", EVERYTHING, ("*",), "public", "BLOCK", "ALLOW"),
        OriginRule("origins[0]", EVERYTHING, ("*",), "inferred"),
    ]
    return st.sampled_from([(), *((rule,) for rule in rules)])


@st.composite
def retention_rules(draw: st.DrawFn) -> RetentionRule:
    """Return a rule; its name says what it selects."""
    versions = draw(st.sampled_from(["snapshot-builds", "releases", "all"]))
    steps = draw(st.lists(st.sampled_from(STEPS), unique=True, min_size=1))
    waiting = st.sampled_from([timedelta(0), timedelta(days=14)])
    return RetentionRule(
        name=f"retention of {versions}",
        packages=EVERYTHING,
        repositories=("*",),
        versions=(versions,),
        keep_newest=draw(st.sampled_from([None, 1, 2])),
        keep_younger_than=draw(st.sampled_from([None, timedelta(days=20)])),
        release_grace=draw(st.sampled_from([None, timedelta(days=7)])),
        keep=draw(st.sampled_from([(), ("0.*",)])),
        lockfiles=(),
        keep_promoted=draw(st.booleans()),
        unfinished_after=timedelta(days=7),
        then=tuple(Step(step, draw(waiting)) for step in sorted(steps, key=STEPS.index)),
    )


def moved(plan: PackagePlan) -> list[tuple[str, PlanLine]]:
    """Return each version that takes a step or is marked, and the line that says so."""
    return [
        (one.version, line)
        for line in plan.lines
        if line.action not in ("report", "promote")
        for one in line.versions
    ]


@settings(max_examples=80)
@given(worlds())
def test_what_is_kept_stands_in_no_line(world: World) -> None:
    """Not what a person has exempted, what expiry keeps, nor what promotion has approved."""
    plan = world.gather()
    assert plan.problem is None
    assert [from_json(to_json(line)) for line in plan.lines] == list(plan.lines)
    steps = moved(plan)
    assert len({version for version, _ in steps}) == len(steps)
    exempt = {one.version for one in world.ledger.exempt_ones if one.in_force(NOW)}
    assert not exempt & {version for version, _ in steps}
    kept = world.kept_by_expiry()
    approved = {one.version for one in world.records if one.state == "approved"}
    for version, line in steps:
        assert line.automation != "expire_versions" or version not in kept
        if world.policy.promotions and line.automation == "unlist_snapshot_builds":
            assert version not in approved
    if None in exempt:
        assert all(line.action != "restrict" for line in plan.lines)
    going = {version for version, line in steps if line.action != "mark"}
    asked = {one.version for line in plan.lines if line.to for one in line.versions}
    assert not going & asked


@settings(max_examples=80)
@given(worlds())
def test_a_sweep_comes_to_rest(world: World) -> None:
    """Some rounds later nothing is planned but what the judge has not answered yet."""
    exempt = [one.version for one in world.ledger.exempt_ones if one.version and one.in_force(NOW)]
    before = world.codeartifact.statuses(PACKAGE)
    for _ in range(ROUNDS):
        plan = world.gather()
        world.apply(plan.lines)
    recorded = (len(world.ledger.recorded), len(world.ledger.marked))
    assert [line for line in world.gather().lines if line.action != "promote"] == []
    assert (len(world.ledger.recorded), len(world.ledger.marked)) == recorded
    after = world.codeartifact.statuses(PACKAGE)
    assert [after.get(name) for name in exempt] == [before.get(name) for name in exempt]
