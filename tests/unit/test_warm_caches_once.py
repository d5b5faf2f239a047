"""What is asked for once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from warm_caches.once import KEPT_SECONDS, Once


def test_threads_that_want_the_same_wait_for_one_of_them() -> None:
    """It is made once."""
    made: list[str] = []
    ready = Barrier(8)
    kept: Once[str, str] = Once(4)

    def make() -> str:
        made.append("a")
        return "A"

    def want(_: int) -> str:
        ready.wait()
        return kept.get("a", make)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(want, range(8))) == {"A"}
    assert made == ["a"]


def test_a_failure_is_not_kept() -> None:
    """Whoever wants it next tries again."""
    kept: Once[str, int] = Once(4)
    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: 1 // 0)
    assert kept.get("a", lambda: 1) == 1
    assert kept.get("a", lambda: 2) == 1


def test_what_was_not_wanted_for_longest_goes_first() -> None:
    """And what is forgotten is made again."""
    kept: Once[str, int] = Once(2)
    for name in ("a", "b", "a", "c"):
        kept.get(name, lambda: 1)
    assert kept.get("a", lambda: 2) == 1
    assert kept.get("b", lambda: 2) == 2
    kept.forget("b")
    kept.forget("x")
    assert kept.get("b", lambda: 3) == 3


def test_it_is_kept_for_five_minutes() -> None:
    """A function lives on after its batch."""
    clock = [0.0]
    kept: Once[str, int] = Once(2, monotonic=lambda: clock[0])
    assert kept.get("a", lambda: 1) == 1
    clock[0] = KEPT_SECONDS - 1
    assert kept.get("a", lambda: 2) == 1
    clock[0] = KEPT_SECONDS
    assert kept.get("a", lambda: 2) == 2


def test_what_weighs_more_leaves_less_room() -> None:
    """The one that was wanted last is kept, however heavy."""
    kept: Once[str, int] = Once(10, weigh=lambda thing: thing)
    for name in ("a", "b"):
        kept.get(name, lambda: 4)
    assert kept.get("a", lambda: 1) == 4
    kept.get("c", lambda: 5)
    assert kept.get("a", lambda: 1) == 4
    kept.get("d", lambda: 99)
    assert kept.get("d", lambda: 1) == 99
    assert kept.get("a", lambda: 1) == 1
