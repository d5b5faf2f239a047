"""What batches add up to, and when a run of them is planned, going on and over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.coordinates import Package, Repository
from warm_caches.runs import PLAN, Run, below, is_below
from warm_caches.tally import Tally, tally_of
from warm_caches.values import STATES, Outcome

REACT = Package(Repository("my-company", "012345678901", "DemoRepository"), "npm", None, "react")
RUN = Run("r.caches[0]", "caches[0]", "DemoRepository", datetime(2026, 3, 1, tzinfo=UTC))
OUTCOMES = st.lists(
    st.sampled_from(STATES).map(lambda state: Outcome(REACT, "1.0", state)), max_size=20
)


@given(one=OUTCOMES, other=OUTCOMES)
def test_tallies_of_batches_add_up_to_that_of_the_run(
    one: list[Outcome], other: list[Outcome]
) -> None:
    """However the versions are spread over batches."""
    assert tally_of(one) + tally_of(other) == tally_of([*one, *other])


def test_costs_add_up_too() -> None:
    """Each figure with its own."""
    first = tally_of((), requests=1, lists=2, size=3, seconds=0.5)
    assert first + first == Tally(requests=2, lists=4, size=6, seconds=1.0)


@pytest.mark.parametrize("state", ["waiting", "no answer"])
def test_what_is_asked_again_is_not_counted_yet(state: str) -> None:
    """It counts once, where it is settled."""
    outcome = next(Outcome(REACT, "1.0", one) for one in STATES if one == state)
    assert tally_of([outcome]) == Tally()


def names(text: str) -> frozenset[str]:
    """Return the ids in *text*."""
    return frozenset(text.split())


@pytest.mark.parametrize(
    ("begun", "ended", "planned", "done", "is_open"),
    [
        pytest.param("p", "", None, 0, "p", id="just started"),
        pytest.param("p p.0 p.1", "p", 2, 0, "p.0 p.1", id="planned"),
        pytest.param("p p.0 p.1", "p p.1", 2, 1, "p.0", id="half done"),
        pytest.param("p p.0 p.0.w", "p p.0", 2, 1, "p.0.w", id="something is listed late"),
        pytest.param("p p.0 p.n", "p p.0", None, 1, "p.n", id="the plan goes on"),
        pytest.param("p p.n p.n.0", "p p.n p.n.0", 1, 1, "", id="over, after two plans"),
        pytest.param("p", "p", 0, 0, "", id="nothing is wanted"),
        pytest.param("p", "p p.7", 0, 0, "", id="a batch that nobody has begun"),
    ],
)
def test_how_far_a_run_is(
    begun: str, ended: str, planned: int | None, done: int, is_open: str
) -> None:
    """As its batches say; those of plans are not counted."""
    run = replace(RUN, begun=names(begun), ended=names(ended))
    assert (run.planned, run.done, run.open) == (planned, done, names(is_open))


def test_a_batch_is_below_its_own_alone() -> None:
    """Not below the one above that."""
    one = below(below(PLAN, "0"), "w")
    assert is_below(one, "p.0")
    assert not is_below(one, "p")
    assert not is_below("p.10", "p.1")
