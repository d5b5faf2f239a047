"""Whatever depends on whatever: nothing gets through without all that it needs, in order."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from promote_versions.facts import Vulnerability
from steward.endpoint_releases import Release
from steward.promotion_rules import MinimumAge, Requirements, Vulnerabilities
from tests.unit.fake_promotions import NOW, PromotionStage, package, rule

if TYPE_CHECKING:
    from promote_versions.records import State
    from steward.coordinates import Package

GATED = Requirements(
    minimum_age=MinimumAge(timedelta(days=7)), vulnerabilities=Vulnerabilities("high")
)
PACKAGES = [package(f"p{number}") for number in range(6)]
numbers = st.integers(0, len(PACKAGES) - 1)
graphs = st.sets(st.tuples(numbers, numbers), max_size=12)


def reachable(graph: set[tuple[int, int]], start: int) -> set[int]:
    """Return what *start* depends on, directly or not, and itself."""
    found, pending = {start}, [start]
    while pending:
        one = pending.pop()
        new = {needed for user, needed in graph if user == one} - found
        found |= new
        pending += new
    return found


def expected(graph: set[tuple[int, int]], start: int, bad: set[int], young: set[int]) -> State:
    """Return what becomes of a version by itself and by all that it needs."""
    needed = reachable(graph, start)
    if needed & bad:
        return "refused"
    return "held" if needed & young else "approved"


def stage_with(graph: set[tuple[int, int]], bad: set[int], young: set[int]) -> PromotionStage:
    """Return a stage with one version of each package, and these dependencies."""
    stage = PromotionStage(rule(GATED, include_dependencies=True))
    for number, one in enumerate(PACKAGES):
        stage.put(one, "1.0.0")
        stage.needs(
            one, "1.0.0", **{f"p{needed}": "^1" for user, needed in graph if user == number}
        )
    for number in bad:
        malware = (Vulnerability("MAL-1", malicious=True),)
        stage.osv.known[PACKAGES[number].purl("1.0.0")] = malware
    for number in young:
        stage.endpoint.releases_of[PACKAGES[number].purl("1.0.0")] = Release(NOW)
    return stage


@settings(max_examples=60, deadline=None)
@given(graph=graphs, bad=st.sets(numbers, max_size=2), young=st.sets(numbers, max_size=2))
def test_a_version_passes_exactly_if_all_that_it_needs_does(
    graph: set[tuple[int, int]], bad: set[int], young: set[int]
) -> None:
    """Whichever package is looked at, circles included; refused beats held beats approved."""
    for start, looked_at in enumerate(PACKAGES):
        stage = stage_with(graph, bad, young)
        stage.event(looked_at)
        states = {
            number: stage.states(PACKAGES[number])["1.0.0"] for number in reachable(graph, start)
        }
        assert states == {number: expected(graph, number, bad, young) for number in states}


@settings(max_examples=60, deadline=None)
@given(graph=graphs, order=st.permutations(PACKAGES), bad=st.sets(numbers, max_size=1))
def test_nothing_is_ordered_before_what_its_order_waits_for(
    graph: set[tuple[int, int]], order: list[Package], bad: set[int]
) -> None:
    """Over looks at all packages, in any order: what an order waits for was ordered before."""
    stage = stage_with(graph, bad, set())
    for one in order:
        stage.event(one)
    ordered: set[tuple[Package, str]] = set()
    for found in stage.copies.orders:
        assert set(found.after) <= ordered
        ordered |= {(found.package, version) for version in found.revisions}
    passing = {
        (one, "1.0.0")
        for number, one in enumerate(PACKAGES)
        if expected(graph, number, bad, set()) == "approved"
    }
    assert ordered == passing
