"""Whatever repositories hold, whatever is wanted and whatever goes wrong: how warming ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from steward.cache_rules import CachedPackage, CacheRule
from steward.coordinates import Format, Package, Restrictions, Status
from steward.lockfiles import Locked
from tests.functional.warming_company import REPOSITORY, WarmingCompany, company
from tests.functional.warming_rules import RULE
from tests.unit.fake_warming import FakeWarming, package
from warm_caches.collaborators import Collaborators
from warm_caches.warming import warm

FORMATS: tuple[Format, ...] = ("npm", "pypi", "maven")
VERSIONS = ("1.0.0", "1.1.0", "2.0.0")
STATUSES: tuple[Status, ...] = ("Published", "Published", "Unlisted", "Archived")
PARENT = ("org.example", "parent", "7")
FRESH = "fresh"  # of which the newest version is wanted, whichever that is
SETTLED = tuple(timedelta(minutes=minutes) for minutes in (3, 3, 6, 15, 3, 3))


@dataclass(frozen=True)
class Wish:
    """
    A package.

    Attributes:
        public: The versions that the public repository has.
        held: The versions that are in the repository, with their statuses.
        wanted: Those that a lock file names.
        blocked: Nothing of it may come in.
        needs: Its versions have a parent, if it is one of Maven.
    """

    package: Package
    public: frozenset[str]
    held: dict[str, Status]
    wanted: frozenset[str]
    blocked: bool
    needs: bool

    @property
    def reachable(self) -> frozenset[str]:
        """The versions that have to be served in the end."""
        archived = {version for version, status in self.held.items() if status == "Archived"}
        there = self.held.keys() | (frozenset() if self.blocked else self.public)
        return (self.wanted & there) - archived


@dataclass(frozen=True)
class World:
    """Everything that a run may meet; *rate* of 100 calls of queue and table fail in the first."""

    wishes: tuple[Wish, ...]
    down: frozenset[Format]
    unlisted_for: int
    at_once: int
    copies: int
    rate: int
    seed: int
    dies_at: int | None


@st.composite
def wishes(draw: st.DrawFn) -> tuple[Wish, ...]:
    """Draw up to eight packages, each once."""
    found = []
    for number in range(draw(st.integers(1, 8))):
        package_format = draw(st.sampled_from(FORMATS))
        namespace = "org.example" if package_format == "maven" else None
        some = st.frozensets(st.sampled_from(VERSIONS))
        held = draw(st.dictionaries(st.sampled_from(VERSIONS), st.sampled_from(STATUSES)))
        named = st.frozensets(st.sampled_from((*VERSIONS, "9.9.9")), min_size=1)
        found.append(
            Wish(
                package(f"p{number}", package_format, namespace),
                draw(some) | held.keys(),
                held,
                draw(named),
                blocked=draw(st.integers(0, 5)) == 0,
                needs=package_format == "maven" and draw(st.booleans()),
            )
        )
    return tuple(found)


WORLDS = st.builds(
    World,
    wishes(),
    down=st.frozensets(st.sampled_from(FORMATS)),
    unlisted_for=st.integers(0, 2),
    at_once=st.sampled_from((1, 8)),
    copies=st.integers(1, 2),
    rate=st.sampled_from((0, 0, 5, 15)),
    seed=st.integers(0, 99),
    dies_at=st.none() | st.integers(1, 15),
)


def made(world: World) -> FakeWarming:
    """Return the repository and the public ones."""
    fake = FakeWarming(unlisted_for=world.unlisted_for)
    for wish in world.wishes:
        if wish.blocked:
            fake.restricted[wish.package] = Restrictions("ALLOW", "BLOCK")
        elif wish.public:
            fake.publish(wish.package, *wish.public)
        if wish.held:
            fake.held[wish.package] = dict(wish.held)
        if wish.needs:
            fake.needs |= {(wish.package, version): (PARENT,) for version in VERSIONS}
    fake.publish(package("parent", "maven", PARENT[0]), PARENT[2])
    fake.publish(package(FRESH), "1.0.0", "3.0.0")
    return fake


def settle(warming: WarmingCompany, world: World) -> None:
    """Time passes until nothing is left to try; dead letters come back, as the runbook says."""
    for duration in SETTLED:
        warming.advance(duration)
        warming.work_off(copies=world.copies)
    for body in warming.dead_letters:
        warming.send(body)
    warming.dead_letters.clear()
    warming.work_off()


@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # shrinking would take minutes
    suppress_health_check=[HealthCheck.too_slow],
)
@given(world=WORLDS)
def test_in_the_end_what_can_be_there_is_there_and_nothing_else_was_asked_for(
    world: World,
) -> None:
    """A run in which everything goes wrong, and the next one, in which nothing does."""
    fake = made(world)
    fresh = CachedPackage("npm", None, FRESH, newest=1)
    rule = CacheRule(RULE, REPOSITORY, lockfiles=("uv.lock",), packages=(fresh,))
    with company(rule) as warming:
        warming.locked["uv.lock"] = tuple(
            Locked(one.package.format, one.package.namespace, one.package.name, version)
            for one in world.wishes
            for version in sorted(one.wanted)
        )

        def arranged(to: Collaborators) -> Collaborators:
            engine = fake.engine(at_once=world.at_once)
            return replace(to, warm=lambda wanted, how, **said: warm(wanted, engine, how, **said))

        warming.arranged = arranged
        fake.down = set(world.down)
        warming.faults.rate, warming.faults.seed = world.rate, world.seed
        warming.faults.dies_at = world.dies_at
        warming.tick()
        settle(warming, world)
        warming.faults.end()
        settle(warming, world)
        fake.down = set()
        warming.advance(timedelta(hours=7))
        warming.tick()
        settle(warming, world)

        check_held(fake, world)
        check_asked_for(fake, world)
        check_runs(warming, world)


def check_held(fake: FakeWarming, world: World) -> None:
    """What can be there is; what somebody has put away stays so."""
    for wish in world.wishes:
        there = fake.held.get(wish.package, {})
        served = {version for version, status in there.items() if status != "Archived"}
        assert wish.reachable <= served
        assert wish.held.items() <= there.items()
    assert fake.held[package(FRESH)] == {"3.0.0": "Published"}


def check_asked_for(fake: FakeWarming, world: World) -> None:
    """Nothing was asked for but what is wanted, not held, and what that needs."""
    allowed = {
        wish.package.purl(version)
        for wish in world.wishes
        for version in wish.wanted
        # Of Maven what is held may be asked for its POM, which names what it needs.
        if version not in wish.held or wish.package.format == "maven"
    }
    allowed |= {package(FRESH).purl("3.0.0")}
    if any(wish.needs for wish in world.wishes):
        allowed |= {package("parent", "maven", PARENT[0]).purl(PARENT[2])}
    assert {purl for purl, _ in fake.fetched} <= allowed


def check_runs(warming: WarmingCompany, world: World) -> None:
    """Each run is over; the last one is told once, and tells of all that was wanted."""
    runs = warming.runs.latest()
    assert all(one.finished is not None for one in runs)
    told = [one.run for one in warming.heard.summaries]
    assert len(set(told)) == len(told)
    assert {one.id for one in runs} >= set(told)
    last = warming.heard.summaries[-1]
    assert last.run == runs[0].id
    if world.rate == 0 and world.dies_at is None:
        assert len(told) == 2
    wanted = sum(len(wish.wanted) for wish in world.wishes) + 1
    needed = any(wish.needs for wish in world.wishes)
    counted = sum(last.versions.values())
    assert counted <= wanted + needed
    if world.copies == 1:
        # What one delivery of a message has left and the next one settles counts nowhere.
        assert counted >= wanted
    assert last.versions["mismatched"] == last.versions["wouldFetch"] == 0
    begun = [name for name, _ in warming.heard.outages]
    assert begun.count("begins") <= len(FORMATS)
