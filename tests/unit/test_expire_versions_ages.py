"""How ages are found out with few descriptions, whatever the list and the answers are like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expire_versions.ages import Publication, calls_for
from expire_versions.values import Appeared

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class FakeTimes:
    """What DescribePackageVersion tells of versions, and how often it was asked."""

    times: dict[str, datetime | None]
    asked: list[str] = field(default_factory=list)

    def published_at(self, version: str) -> datetime | None:
        """Tell the time of *version*."""
        self.asked.append(version)
        return self.times[version]

    def newest_first(self) -> list[str]:
        """Return all versions as a list of one direction has them."""
        return list(reversed(self.times))


def daily(number: int) -> FakeTimes:
    """Return versions 0, 1, 2 ... that were published a day after each other."""
    return FakeTimes({str(each): START + each * DAY for each in range(number)})


def old(appeared: dict[str, Appeared], moment: datetime) -> set[str]:
    """Return the versions that were published by *moment* for sure."""
    return {name for name, one in appeared.items() if one.latest and one.latest <= moment}


def young(appeared: dict[str, Appeared], moment: datetime) -> set[str]:
    """Return the versions that were published after *moment* for sure."""
    return {name for name, one in appeared.items() if one.earliest and one.earliest > moment}


@pytest.mark.parametrize("number", [1, 2, 3, 6, 7, 50, 1000, 10_000])
@pytest.mark.parametrize("descending", [False, True], ids=["oldest first", "newest first"])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0], ids=["all young", "a third old", "all old"])
def test_the_boundary_is_found_in_both_directions_within_the_budget(
    number: int, share: float, *, descending: bool
) -> None:
    """Twice the logarithm of the number of versions; 1 for one version."""
    times = daily(number)
    boundary = round(number * share)
    moment = START + boundary * DAY - timedelta(seconds=1)
    names = times.newest_first() if descending else list(times.times)

    appeared = Publication(names, times.published_at).appeared(dict.fromkeys(names, moment))

    assert old(appeared, moment) == {str(each) for each in range(boundary)}
    assert young(appeared, moment) == {str(each) for each in range(boundary, number)}
    assert len(times.asked) <= calls_for(number)
    assert len(set(times.asked)) == len(times.asked)


@pytest.mark.parametrize(
    ("versions", "calls"),
    [(0, 0), (1, 1), (2, 2), (3, 4), (4, 4), (5, 6), (50, 12), (64, 12), (65, 14), (10_000, 28)],
)
def test_the_budget_is_twice_the_logarithm(versions: int, calls: int) -> None:
    """``2 * ceil(log2(n))``, and one version costs one call."""
    assert calls_for(versions) == calls


def test_a_version_of_exactly_the_moment_is_not_younger() -> None:
    """The bound is included."""
    times = daily(20)
    names = list(times.times)

    appeared = Publication(names, times.published_at).appeared(
        dict.fromkeys(names, START + 10 * DAY)
    )

    assert old(appeared, START + 10 * DAY) == {str(each) for each in range(11)}


def test_only_what_is_asked_about_is_described() -> None:
    """The other versions of the list cost nothing."""
    times = daily(1000)
    asked = {str(each): START + 500 * DAY for each in range(490, 510)}

    appeared = Publication(list(times.times), times.published_at).appeared(asked)

    assert set(times.asked) <= set(asked)
    assert len(times.asked) <= calls_for(20)
    assert old(appeared, START + 500 * DAY) == {str(each) for each in range(490, 501)}


def test_several_ages_share_what_was_described() -> None:
    """Two rules with two ages: each of them has its budget, and no version is described twice."""
    times = daily(100)
    moments = [START + 30 * DAY, START + 70 * DAY]
    asked = {str(each): moments[each % 2] for each in range(100)}

    appeared = Publication(times.newest_first(), times.published_at).appeared(asked)

    for moment in moments:
        mine = {name for name, one in asked.items() if one == moment}
        assert old(appeared, moment) & mine == {
            name for name in mine if START + int(name) * DAY <= moment
        }
    assert len(times.asked) == len(set(times.asked)) <= 2 * calls_for(100)


@pytest.mark.parametrize("number", [7, 50, 1000])
def test_versions_of_one_time_cost_no_more_than_others(number: int) -> None:
    """A whole package that was copied at once: any direction will do."""
    times = FakeTimes(dict.fromkeys(map(str, range(number)), START))
    names = list(times.times)

    appeared = Publication(names, times.published_at).appeared(dict.fromkeys(names, START))

    assert old(appeared, START) == set(names)
    assert len(times.asked) <= calls_for(number)


def test_stretches_of_one_time_are_decided_alike() -> None:
    """Twenty versions a day."""
    times = FakeTimes({str(each): START + (each // 20) * DAY for each in range(200)})
    names = times.newest_first()

    appeared = Publication(names, times.published_at).appeared(
        dict.fromkeys(names, START + 4 * DAY)
    )

    assert old(appeared, START + 4 * DAY) == {str(each) for each in range(100)}
    assert young(appeared, START + 4 * DAY) == {str(each) for each in range(100, 200)}


def test_a_list_that_is_visibly_in_no_order_is_described_version_by_version() -> None:
    """One description each, and nothing is concluded."""
    times = daily(40)
    names = [str(each * 7 % 40) for each in range(40)]
    moment = START + 20 * DAY

    appeared = Publication(names, times.published_at).appeared(dict.fromkeys(names, moment))

    assert appeared == {str(each): Appeared.at(START + each * DAY) for each in range(40)}
    assert sorted(times.asked) == sorted(names)


@pytest.mark.parametrize("calls", range(1, 11))
def test_a_young_version_on_the_old_side_is_seen_where_the_budget_looks(calls: int) -> None:
    """All old but one stretch in the middle: the looks are spread over what would go."""
    times = daily(64)
    middle = [str(each) for each in range(20, 20 + 2 * calls + 4)]
    times.times |= dict.fromkeys(middle, START + 900 * DAY)
    names = list(times.times)
    moment = START + 100 * DAY

    appeared = Publication(names, times.published_at).appeared(dict.fromkeys(names, moment))

    assert not old(appeared, moment) & set(middle)


class TestMissingTimes:
    """Versions that vanished meanwhile, or that have no time."""

    @pytest.mark.parametrize("number", [1, 2, 6, 30])
    def test_of_those_nothing_is_known(self, number: int) -> None:
        """Each of them is asked once at most."""
        times = FakeTimes(dict.fromkeys(map(str, range(number))))
        names = list(times.times)

        assert Publication(names, times.published_at).appeared(dict.fromkeys(names, START)) == {}
        assert len(times.asked) <= number

    @pytest.mark.parametrize("gone", [{0}, {0, 1, 2}, {99}, {50}, {49, 50, 51}, {0, 50, 99}])
    def test_the_others_are_found_all_the_same(self, gone: set[int]) -> None:
        """Each of those that are passed over costs a call more."""
        times = daily(100)
        times.times |= {str(each): None for each in gone}
        names = list(times.times)
        moment = START + 49 * DAY

        appeared = Publication(names, times.published_at).appeared(dict.fromkeys(names, moment))

        assert old(appeared, moment) == {str(each) for each in range(50) if each not in gone}
        assert young(appeared, moment) == {str(each) for each in range(50, 100) if each not in gone}
        assert len(times.asked) <= calls_for(100) + len(gone)

    def test_no_version_is_described_twice_however_often_it_is_asked_about(self) -> None:
        """Also if there was nothing to know."""
        times = FakeTimes({"1.0": None, "2.0": START})
        publication = Publication(["1.0", "2.0"], times.published_at)

        assert [publication.at("1.0"), publication.at("1.0"), publication.at("2.0")] == [
            None,
            None,
            START,
        ]
        publication.appeared({"1.0": START, "2.0": START})
        assert times.asked == ["1.0", "2.0"]

    def test_what_the_list_does_not_have_is_not_known(self) -> None:
        """It is not asked for either."""
        times = daily(2)

        assert Publication(["0"], times.published_at).appeared({"7": START}) == {}
        assert times.asked == []


class TestRanks:
    """The order of publication, for formats that have no order of their own."""

    @pytest.mark.parametrize("number", [0, 1, 2, 7, 100, 10_000])
    @pytest.mark.parametrize("descending", [False, True], ids=["oldest first", "newest first"])
    def test_the_order_is_that_of_the_list_once_its_direction_is_known(
        self, number: int, *, descending: bool
    ) -> None:
        """Within the budget."""
        times = daily(number)
        names = times.newest_first() if descending else list(times.times)

        ranks = Publication(names, times.published_at).ranks()

        assert sorted(ranks, key=ranks.__getitem__) == list(times.times)
        assert len(set(ranks.values())) == number
        assert len(times.asked) <= calls_for(number)

    def test_a_list_in_no_order_is_described(self) -> None:
        """Equal times are equal ranks."""
        times = FakeTimes({str(each): START + (each * 7 % 20) // 2 * DAY for each in range(20)})

        ranks = Publication(list(times.times), times.published_at).ranks()

        for one, two in combinations(times.times, 2):
            first, second = times.times[one], times.times[two]
            assert first is not None
            assert second is not None
            assert (ranks[one] < ranks[two]) is (first < second)
        assert len(times.asked) == 20

    def test_versions_of_one_time_have_one_rank(self) -> None:
        """As far as it is known that they are of one time."""
        times = FakeTimes(dict.fromkeys(map(str, range(50)), START))

        assert set(Publication(list(times.times), times.published_at).ranks().values()) == {0}

    def test_versions_without_a_time_have_none(self) -> None:
        """The others do."""
        times = daily(30)
        times.times |= {"0": None, "29": None}

        ranks = Publication(list(times.times), times.published_at).ranks()

        assert set(ranks) == {str(each) for each in range(1, 29)}


@given(
    offsets=st.lists(st.integers(0, 50) | st.none(), max_size=60),
    boundary=st.integers(-1, 51),
    descending=st.booleans(),
)
def test_of_a_list_in_order_nothing_wrong_is_ever_said(
    offsets: Sequence[int | None], boundary: int, *, descending: bool
) -> None:
    """
    Each version that has a time is said to be as old as it is.

    One that has none, if nobody happened to describe it, is as old as its neighbours.
    """
    present = sorted(each for each in offsets if each is not None)
    in_order = iter(present)
    times = FakeTimes(
        {
            str(at): None if each is None else START + next(in_order) * DAY
            for at, each in enumerate(offsets)
        }
    )
    names = times.newest_first() if descending else list(times.times)
    moment = START + boundary * DAY

    appeared = Publication(names, times.published_at).appeared(dict.fromkeys(names, moment))

    by_time = {name: at for name, at in times.times.items() if at is not None}
    said = {name: one for name, one in appeared.items() if name in by_time}
    assert old(said, moment) == {name for name, at in by_time.items() if at <= moment}
    assert young(said, moment) == {name for name, at in by_time.items() if at > moment}
