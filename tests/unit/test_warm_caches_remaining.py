"""What is left to do after a batch, when it is done, and what is given up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from steward.coordinates import Format, Package, Repository
from warm_caches.engine import Warmed
from warm_caches.messages import MAX_BATCH_ID, MAX_PACKAGES, WarmPackages
from warm_caches.values import Outcome, Wanted, WantedVersion
from warm_caches.worker import remaining

THERE = Repository("my-company", "012345678901", "DemoRepository")
MINUTE = timedelta(minutes=1)


def some(number: int, package_format: Format = "npm") -> tuple[Wanted, ...]:
    """Return what is wanted of so many packages."""
    return tuple(
        Wanted(Package(THERE, package_format, None, f"p{one}"), (WantedVersion("1.0"),))
        for one in range(number)
    )


NOTHING = Warmed((), (), (), frozenset(), frozenset(), 0, 0, 0, 0.0)
MESSAGE = WarmPackages("r", "p.0", "caches[0]", "DemoRepository", some(2))
FETCHED = Outcome(some(1)[0].package, "1.0", "fetched")
UNANSWERED = Outcome(some(1)[0].package, "1.0", "no answer")
NPM: frozenset[Format] = frozenset({"npm"})


@pytest.mark.parametrize(
    ("message", "warmed", "left"),
    [
        pytest.param({}, {}, [], id="all is done"),
        pytest.param(
            {"tries": 2},
            {"waiting": some(1)},
            [("p.0.w", 2, 0, 3 * MINUTE)],
            id="not listed: the next attempt",
        ),
        pytest.param({"attempt": 3}, {"waiting": some(1)}, [], id="not listed: given up"),
        pytest.param(
            {},
            {"left": some(1), "unanswered": NPM},
            [("p.0.o", 1, 1, MINUTE)],
            id="no answer: after a minute",
        ),
        pytest.param(
            {"tries": 1, "attempt": 2},
            {"left": some(1), "unanswered": NPM},
            [("p.0.o", 2, 2, 5 * MINUTE)],
            id="no answer again: after five",
        ),
        pytest.param(
            {"tries": 2},
            {"left": some(1), "unanswered": NPM},
            [("p.0.o", 1, 3, 15 * MINUTE)],
            id="and again: after fifteen",
        ),
        pytest.param(
            {"tries": 3}, {"left": some(1), "unanswered": NPM}, [], id="no answer: given up"
        ),
        pytest.param(
            {"tries": 4},
            {"left": some(1), "outcomes": (FETCHED,)},
            [("p.0.t", 1, 4, 0 * MINUTE)],
            id="no time, but something moved",
        ),
        pytest.param(
            {"tries": 4},
            {"left": some(1)},
            [("p.0.t", 1, 5, 0 * MINUTE)],
            id="no time, and nothing moved",
        ),
        pytest.param(
            {"tries": 5},
            {"left": some(1), "outcomes": (UNANSWERED,)},
            [],
            id="nothing moved in five messages: given up",
        ),
        pytest.param(
            {},
            {
                "waiting": some(1, "pypi"),
                "left": (*some(1), *some(1, "maven")),
                "unanswered": NPM,
            },
            [
                ("p.0.w", 2, 0, 3 * MINUTE),
                ("p.0.o", 1, 1, MINUTE),
                ("p.0.t", 1, 0, 0 * MINUTE),
            ],
            id="each kind has a message of its own",
        ),
    ],
)
def test_what_is_left_is_done_later(
    message: dict[str, int],
    warmed: dict[str, tuple[Wanted, ...]],
    left: list[tuple[str, int, int, timedelta]],
) -> None:
    """By a message below the batch; what has none is given up, and counts as failed."""
    said = replace(MESSAGE, **message)  # type: ignore[arg-type]  # the fields of a message, by name
    done = replace(NOTHING, **warmed)  # type: ignore[arg-type]  # likewise
    rest, given_up = remaining(said, done)
    found = []
    for one in rest:
        assert isinstance(one.message, WarmPackages)
        found.append((one.batch, one.message.attempt, one.message.tries, one.after))
    assert found == left
    wanted = len(done.waiting) + len(done.left)
    assert sum(one.state == "failed" for one in given_up) == wanted - len(left)


def test_more_than_a_message_holds_becomes_several() -> None:
    """Parents of Maven packages come to those that a batch began with."""
    waiting = some(MAX_PACKAGES + 30, "maven")
    rest, _ = remaining(MESSAGE, replace(NOTHING, waiting=waiting))
    assert [one.batch for one in rest] == ["p.0.w", "p.0.w1"]
    sizes = [len(one.message.packages) for one in rest if isinstance(one.message, WarmPackages)]
    assert sizes == [MAX_PACKAGES, 30]


def test_a_batch_that_moves_by_inches_ends() -> None:
    """Its messages stand below each other, and an id has a length."""
    message, messages = MESSAGE, 0
    while rest := remaining(message, replace(NOTHING, left=some(1), outcomes=(FETCHED,)))[0]:
        assert isinstance(rest[0].message, WarmPackages)
        message, messages = rest[0].message, messages + 1
    assert 40 <= messages <= 60
    last, _ = remaining(message, replace(NOTHING, waiting=some(1)))
    assert len(last[0].batch) < MAX_BATCH_ID
