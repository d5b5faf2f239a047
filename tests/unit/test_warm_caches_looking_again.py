"""The function looks some seconds longer for what it has asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.unit.fake_warming import FakeWarming, package, wanted
from warm_caches.engine import How, Warmed
from warm_caches.looking_again import LOOKS, look_again
from warm_caches.values import Outcome, WantedVersion

LATE = package("late")
STATED = WantedVersion("1.0", hashes=frozenset({f"SHA-256:{'a' * 64}"}))


@dataclass
class Looking:
    """
    A version that was asked for, and is listed some seconds later.

    Attributes:
        after: So many seconds; ``None``: never.
        slept: What was waited, in seconds.
        told: The outcomes that were told of, beside those of the first look.
    """

    after: float | None
    how: How = field(default_factory=How)
    one: WantedVersion = field(default_factory=lambda: WantedVersion("1.0"))
    fake: FakeWarming = field(default_factory=lambda: FakeWarming(unlisted_for=1))
    slept: list[float] = field(default_factory=list)
    told: list[Outcome] = field(default_factory=list)

    def first(self) -> Warmed:
        """Ask for it, and look once."""
        self.fake.publish(LATE, "1.0", file={"SHA-256": "b" * 64})
        self.fake.withdrawn[LATE, "1.0"] = "a mistake"
        warmed = self.fake.warm(wanted("late", self.one), how=self.how)
        assert len(warmed.waiting) == 1
        return warmed

    def again(self, *, is_time_left: bool = True) -> Warmed:
        """Ask for it, and look as often as the function does."""
        return look_again(
            self.first(),
            self.fake.engine(),
            self.how,
            on_outcome=self.told.append,
            time_left=lambda: is_time_left,
            sleep=self._sleep,
        )

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.after is not None and sum(self.slept) >= self.after:
            self.fake.hold(LATE, v1_0="Published")


@pytest.mark.parametrize(("after", "looks"), [(1, 1), (3, 2), (14, 3)])
def test_what_is_listed_some_seconds_later_is_fetched(after: float, looks: int) -> None:
    """With one list a look, and what is known of it from before."""
    looking = Looking(after)
    first = Looking(None).first()
    warmed = looking.again()
    assert looking.slept == list(LOOKS[:looks])
    assert warmed.waiting == ()
    assert (warmed.tally.fetched, warmed.lists) == (1, first.lists + looks)
    (outcome,) = looking.told
    assert (outcome.state, outcome.note) == ("fetched", "withdrawn: a mistake")
    assert warmed.outcomes == (*first.outcomes, outcome)


def test_what_is_not_listed_then_is_left_for_the_next_attempt() -> None:
    """Nothing more is said of it."""
    looking = Looking(None)
    warmed = looking.again()
    assert looking.slept == list(LOOKS)
    assert warmed.waiting == (wanted("late", "1.0"),)
    assert looking.told == []


def test_without_time_nobody_looks_again() -> None:
    """The rest is sent on at once."""
    looking = Looking(0)
    first = Looking(None).first()
    warmed = looking.again(is_time_left=False)
    assert looking.slept == []
    assert (warmed.waiting, warmed.lists) == (first.waiting, first.lists)


def test_a_mismatch_that_is_to_be_archived_waits_for_the_attempt_that_compares_it() -> None:
    """Nobody calls it fetched because it is listed by now."""
    looking = Looking(0, How(verify=True, archive_mismatches=True, rule="caches[0]"), STATED)
    warmed = looking.again()
    assert looking.slept == []
    assert warmed.waiting == (wanted("late", STATED),)
    assert [one.state for one in warmed.outcomes] == ["mismatch"]
