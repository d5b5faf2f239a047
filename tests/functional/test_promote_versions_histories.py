"""Whatever happens, in whatever order: only what has passed is promoted, and all of that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tests.functional.promotion_faults import QUEUES, FaultyPromotions
from tests.functional.promotion_steps import (
    WANTS,
    AddAsset,
    Arrive,
    Change,
    Delete,
    Deploy,
    Forge,
    Known,
    Meanwhile,
    OsvFault,
    Say,
    SetStatus,
    Step,
    Wait,
    Work,
    WorkOff,
)
from tests.functional.promotion_story import Story

# What the functions call while they judge, write, order, copy and compare.
CALLS = (
    "ListPackageVersions",
    "Query",
    "GetItem",
    "PutItem",
    "SendMessageBatch",
    "SendMessage",
    "CopyPackageVersions",
    "ListPackageVersionAssets",
    "DescribePackageVersion",
    "DescribeRepository",
    "GetAuthorizationToken",
    "UpdatePackageVersionsStatus",
)


def steps(random: Random, length: int) -> Iterator[Step]:
    """
    Yield *length* steps; fewer are the first ones of more, so that failures become short.

    Hypothesis chooses the seed. Lists of its own vary too little: most of what it tries is a copy
    of an earlier try, and what matters here takes several steps that fit together.
    """
    for _ in range(length):
        kinds = (_change, _say, _work, _work_off, _wait, _fault, _deploy, _forge)
        yield random.choices(kinds, (9, 4, 5, 4, 2, 2, 1, 1))[0](random)


def _change(random: Random) -> Change:
    package, version = random.randrange(2), random.randrange(2)
    match random.choices(("arrive", "asset", "status", "delete", "known"), (5, 3, 2, 1, 2))[0]:
        case "arrive":
            age = random.choice((30, 10, 5, 0, -2))
            licence, told = random.choice((0, 0, 0, 1, 2, 3)), random.choice((1, 1, 2, 0))
            return Arrive(package, version, age, licence, told)
        case "asset":
            return AddAsset(package, version)
        case "status":
            status = random.choice(("Published", "Published", "Unlisted", "Archived"))
            return SetStatus(package, version, status)  # type: ignore[arg-type]  # one of them
        case "delete":
            return Delete(package, version)
    bad = random.choice((None, None, "low", "high", "critical", "malicious"))
    return Known(package, version, bad)  # type: ignore[arg-type]  # one of them


def _say(random: Random) -> Say:
    return Say(
        random.randrange(2),
        random.randrange(2),
        random.choice(("approve", "approve", "approve", "reject")),
        random.choices(
            ("whatever is held", "this revision", "another revision", "forged"), (4, 4, 1, 1)
        )[0],
        random.choice((1, 1, 2)),
    )


def _work(random: Random) -> Work:
    operation = random.choice(CALLS)
    return Work(
        queue=random.choice((*QUEUES, "promotions", "copies")),
        batches=random.randint(1, 3),
        shuffled=random.random() < 0.5,
        doubled=random.random() < 0.3,
        rate=random.choice((0, 0, 5, 20)),
        broken=random.choice(CALLS) if random.random() < 0.2 else None,
        dies_at=random.randint(1, 10) if random.random() < 0.3 else None,
        dies_after=random.random() < 0.5,
        meanwhile=Meanwhile(operation, _change(random)) if random.random() < 0.4 else None,
    )


def _work_off(_: Random) -> WorkOff:
    return WorkOff()


def _wait(random: Random) -> Wait:
    return Wait(random.choice((1, 25, 96)), random.random() < 0.5, random.random() < 0.3)


def _fault(random: Random) -> OsvFault:
    return OsvFault(random.choice((None, None, None, "down", "text", "fewer", "types")))


def _deploy(random: Random) -> Deploy:
    return Deploy(random.randrange(len(WANTS)))


def _forge(random: Random) -> Forge:
    return Forge(random.randrange(2), random.randrange(2))


@pytest.mark.parametrize("wants", range(len(WANTS)))
@settings(
    max_examples=7,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32), length=st.integers(5, 40))
def test_only_what_has_passed_is_promoted_and_in_the_end_all_of_it(
    functions: FaultyPromotions, wants: int, seed: int, length: int
) -> None:
    """Under lost, doubled and forged messages, failing calls, and workers that die."""
    story = Story(functions, packages=2, wants=WANTS[wants])
    for step in steps(Random(seed), length):  # noqa: S311  repeatable, nothing secret
        note(str(step))
        story.play(step)

    story.end()

    story.converged()
    story.rests()


OLD = Arrive(package=0, version=0, age_days=30, licence=0, told=1)
COPYING = "CopyPackageVersions"
JUDGE = Work("promotions", 3)
COPY = Work("copies", 3)


@pytest.mark.parametrize(
    ("wants", "history"),
    [
        pytest.param(
            3,
            [Arrive(0, 0, 0, 2, 1), JUDGE, Deploy(0), COPY],
            id="another policy is deployed between gate and copy",
        ),
        pytest.param(
            0,
            [OLD, JUDGE, Work("copies", 1, meanwhile=Meanwhile(COPYING, AddAsset(0, 0)))],
            id="a file is added just before the copy",
        ),
        pytest.param(
            0,
            [OLD, JUDGE, Work("copies", 1, meanwhile=Meanwhile(COPYING, Arrive(0, 0, 0, 2, 1)))],
            id="the version is replaced just before the copy",
        ),
        pytest.param(
            0,
            [OLD, JUDGE, Known(0, 0, "malicious"), Wait(25, due=False, recheck=False), COPY],
            id="what becomes known while an order waits for a day",
        ),
        pytest.param(
            1,
            [
                *(OLD, JUDGE, Say(0, 0, "approve", "this revision", 2), Work("approvals", 1)),
                *(JUDGE, Say(0, 0, "reject", "this revision", 1), Work("approvals", 1), COPY),
            ],
            id="somebody rejects what was approved, before the copy",
        ),
        pytest.param(
            1,
            [
                *(OLD, JUDGE, Say(0, 0, "approve", "whatever is held", 1)),
                *(AddAsset(0, 0), JUDGE, Work("approvals", 1), JUDGE, COPY),
            ],
            id="an approval comes after a file that nobody has seen",
        ),
    ],
)
def test_only_what_has_passed_is_promoted_where_random_histories_seldom_come(
    functions: FaultyPromotions, wants: int, history: Sequence[Step]
) -> None:
    """What takes several steps in the one order that matters."""
    story = Story(functions, packages=1, wants=WANTS[wants])
    for step in history:
        story.play(step)

    story.end()

    story.converged()
    story.rests()
