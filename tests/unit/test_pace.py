"""The pace of copies: evenly, over all threads, without a burst."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Lock

import pytest

from steward.pace import Pace


@dataclass
class Clock:
    """A clock that only sleeping moves; it may wake sleepers early."""

    time: float = 100.0
    wakes_early_by: float = 0.0
    slept: list[float] = field(default_factory=list)
    turning: Lock = field(default_factory=Lock)

    def monotonic(self) -> float:
        """Return the time."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let *seconds* pass, or a little less."""
        with self.turning:
            self.slept.append(seconds)
            self.time += max(seconds - self.wakes_early_by, 0.01)


def returns(pace: Pace, clock: Clock, calls: int) -> list[float]:
    """Return when each of *calls* calls returned."""
    times = []
    for _ in range(calls):
        pace()
        times.append(clock.time)
    return times


def test_calls_return_evenly_spaced_and_the_first_one_waits_too() -> None:
    """A process that starts makes no burst behind the one before it."""
    clock = Clock()
    times = returns(Pace(5, monotonic=clock.monotonic, sleep=clock.sleep), clock, 11)
    assert times == pytest.approx([100.2 + number / 5 for number in range(11)])


def test_a_pause_is_not_made_up_for() -> None:
    """After a minute without calls, the second one waits as ever; the first need not."""
    clock = Clock()
    pace = Pace(5, monotonic=clock.monotonic, sleep=clock.sleep)
    pace()
    clock.time += 60
    times = returns(pace, clock, 3)
    assert times == pytest.approx([160.2, 160.4, 160.6])


def test_a_sleep_that_ends_early_is_gone_on_with() -> None:
    """No call returns before its time."""
    clock = Clock(wakes_early_by=0.05)
    times = returns(Pace(5, monotonic=clock.monotonic, sleep=clock.sleep), clock, 5)
    assert all(later - earlier > 0.2 - 1e-6 for earlier, later in pairwise([100.0, *times]))


def test_threads_share_the_pace() -> None:
    """However many threads call, their turns are those of one."""
    asked: list[float] = []
    clock = Clock()

    def sleep(seconds: float) -> None:
        with clock.turning:
            asked.append(clock.time + seconds)
            clock.time += seconds

    pace = Pace(5, monotonic=clock.monotonic, sleep=sleep)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(40):
            pool.submit(pace)
    # 40 turns, the last of them not before 40 intervals after the start.
    assert clock.time >= 108.0 - 1e-6
    pace()
    assert clock.time >= 108.2 - 1e-6
