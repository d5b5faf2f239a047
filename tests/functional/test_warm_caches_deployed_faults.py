"""The deployed side of warming when things come twice, fail or are of no use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from steward.coordinates import Package
from steward.lockfiles import MAX_BYTES
from steward.patterns import parse
from tests.functional.warming_company import REPOSITORY, THERE, WarmingCompany, company
from tests.functional.warming_rules import (
    REACT,
    REACT_PURL,
    REQUESTS_PURL,
    RULE,
    locked,
    many,
    rule,
)
from warm_caches.engine import Warmed
from warm_caches.messages import WarmPackages, new_request
from warm_caches.runs import GIVEN_UP_AFTER
from warm_caches.values import Wanted, WantedVersion


@pytest.fixture
def warming() -> Iterator[WarmingCompany]:
    """A company with one rule of two packages."""
    with company(rule()) as one:
        yield one


def test_what_is_delivered_twice_counts_once(warming: WarmingCompany) -> None:
    """Doubled ticks, plans and batches: one run, each package counted and the end told once."""
    many(warming, 120)
    warming.tick()
    warming.work_off(copies=2)
    assert len(warming.runs.latest()) == 1
    assert (warming.last().planned, warming.last().done) == (3, 3)
    assert (warming.last().tally.fetched, warming.last().tally.warm) == (120, 0)
    assert len(warming.heard.summaries) == 1
    assert set(warming.engine.fetched.values()) == {1}


def test_batches_that_are_sent_twice_count_once(warming: WarmingCompany) -> None:
    """A queue that has every message twice changes nothing in the result."""
    many(warming, 60)
    warming.tick()
    for _ in range(2):  # the tick, the plan
        warming.work()
    waiting: list[str] = []
    while batch := warming.take():
        waiting.append(batch[0]["body"])
        where = {"QueueUrl": warming.url, "ReceiptHandle": batch[0]["receiptHandle"]}
        warming.sqs.delete_message(**where)
    for body in waiting:
        warming.send(body, copies=3)
    warming.work_off()
    assert warming.last().tally.fetched == 60
    assert len(warming.heard.summaries) == 1


@pytest.mark.parametrize("call", range(24))
def test_a_worker_that_dies_after_any_call_leaves_nothing_undone(call: int) -> None:
    """Whatever call is the last one, everything is warmed and the run ends."""
    with company(rule()) as warming:
        many(warming, 60)
        warming.engine.slow[f"pkg:npm/{locked(3).name}@1.0.0"] = 2
        warming.tick()
        warming.faults.dies_at = call + 1
        while warming.work():
            pass
        warming.wait(timedelta(minutes=4))
        run = warming.last()
        assert run.finished is not None
        assert len(warming.engine.held) == 60
        assert run.tally.fetched + run.tally.warm == 60
        assert not warming.dead_letters
        assert len(warming.heard.summaries) <= 1


@pytest.mark.parametrize("call", range(1, 8))
def test_what_an_attempt_has_left_counts_once_if_the_next_one_would_leave_nothing(
    warming: WarmingCompany, call: int
) -> None:
    """What is not listed yet when a worker dies is there when the message comes again."""
    many(warming, 40)
    late = f"pkg:npm/{locked(3).name}@1.0.0"
    warming.engine.slow[late] = 2
    warming.tick()
    for _ in range(2):  # the tick, the plan
        warming.work()
    warming.faults.dies_at = call
    warming.work()
    warming.engine.held.add(late)
    warming.work_off()
    warming.wait(timedelta(minutes=4))
    tally = warming.last().tally
    assert warming.last().finished is not None
    assert (tally.fetched + tally.warm, tally.not_found, tally.failed) == (40, 0, 0)
    assert len(warming.engine.hows) <= 3
    assert not warming.dead_letters


def test_two_workers_at_one_batch_that_leave_different_rests_count_each_version_once(
    warming: WarmingCompany,
) -> None:
    """Whoever comes second counts nothing, and what they would have left is left to nobody."""
    many(warming, 40)
    first, second = (f"pkg:npm/{locked(number).name}@1.0.0" for number in (3, 5))
    warming.engine.slow |= {first: 2, second: 2}
    warming.tick()
    for _ in range(2):  # the tick, the plan
        warming.work()
    batch = warming.take()
    answers: list[Warmed] = []

    def warm(*args: Any, **kwargs: Any) -> Warmed:  # noqa: ANN401  as the engine is called
        answer = warming.engine(*args, **kwargs)
        answers.append(answer)
        if len(answers) == 1:  # the other one is faster, and one version has arrived by then
            warming.engine.held.add(first)
            warming.deliver(batch)
        return answer

    warming.arranged = lambda to: replace(to, warm=warm)
    warming.deliver(batch)
    warming.sqs.delete_message(QueueUrl=warming.url, ReceiptHandle=batch[0]["receiptHandle"])
    assert [sum(len(one.versions) for one in answer.waiting) for answer in answers] == [2, 1]
    assert len(warming.last().open) == 1
    warming.wait(timedelta(minutes=4))
    tally = warming.last().tally
    assert warming.last().finished is not None
    assert (tally.fetched + tally.warm, tally.not_found, tally.failed) == (40, 0, 0)
    assert len(answers) == 3


def test_a_rest_that_nobody_has_kept_ends_with_its_run(warming: WarmingCompany) -> None:
    """After two weeks it is forgotten; the run is not held up by it."""
    many(warming, 2)
    warming.engine.at_a_time = 1
    warming.tick()
    for _ in range(2):  # the tick, the plan
        warming.work()
    batch = warming.take()
    warming.deliver(batch)
    run = warming.last()
    (left,) = run.open
    where = {"subject": {"S": f"rest#{run.id}"}, "entry": {"S": left}}
    warming.dynamodb.delete_item(TableName=warming.table, Key=where)
    warming.deliver(batch)
    assert warming.last().open == frozenset()
    assert warming.last().finished is not None


def test_a_plan_that_comes_when_its_run_is_over_holds_up_nothing(warming: WarmingCompany) -> None:
    """A message that comes again claims the rule for nobody: the next tick starts a run."""
    request = new_request(warming.now, "one")
    warming.tick(rule=RULE, request=request)
    warming.work_off()
    warming.tick(rule=RULE, request=request)
    warming.work_off()
    assert len(warming.runs.latest()) == 1
    warming.advance(timedelta(minutes=1))
    warming.tick()
    warming.work_off()
    assert len(warming.runs.latest()) == 2


def test_a_run_whose_rule_is_gone_ends(warming: WarmingCompany) -> None:
    """A plan that goes on with a rule which a new policy has not is the last of its run."""
    keeping = rule(packages=(), keep_up_with=(parse("/npm/*"),))
    warming.policy = replace(warming.policy, caches=(keeping,))
    warming.held.pages = [[Package(THERE, "npm", None, name)] for name in ("react", "vue")]
    asked = iter([True, True, False])
    warming.has_time = lambda: next(asked)
    warming.tick()
    for _ in range(2):
        warming.work()
    assert warming.last().planned is None
    warming.has_time = lambda: True
    warming.policy = replace(warming.policy, caches=())
    warming.work_off()
    assert warming.last().finished == warming.now
    assert warming.last().problems == (f"the policy has no {RULE}",)


def test_a_worker_knows_that_another_one_was_stopped(warming: WarmingCompany) -> None:
    """The parents of what is there may be missing: nobody came to them."""
    many(warming, 1)
    warming.tick()
    for _ in range(2):  # the tick, the plan
        warming.work()
    warming.faults.dies_at = 2
    warming.work_off()
    assert [how.repeated for how in warming.engine.hows] == [False, True]
    assert warming.last().finished is not None


def test_a_batch_that_never_gets_anywhere_is_given_up(warming: WarmingCompany) -> None:
    """After five messages in which nothing moved, its packages have failed for this run."""
    warming.engine.at_a_time = 0
    warming.tick()
    assert warming.work_off() == 1 + 1 + 2 * 6
    run = warming.last()
    assert (run.tally.failed, run.finished) == (2, warming.now)


def test_a_run_that_was_lost_does_not_hold_up_the_rule_for_good(warming: WarmingCompany) -> None:
    """After six hours another one starts; the old one changes nothing when it comes back."""
    warming.tick()
    warming.work()
    warming.work()
    first = warming.last()
    lost: list[str] = []
    while batch := warming.take():
        lost.append(batch[0]["body"])
        where = {"QueueUrl": warming.url, "ReceiptHandle": batch[0]["receiptHandle"]}
        warming.sqs.delete_message(**where)
    warming.advance(GIVEN_UP_AFTER - timedelta(seconds=1))
    warming.tick()
    warming.work_off()
    assert warming.last().id == first.id
    warming.advance(timedelta(seconds=1))
    warming.tick()
    warming.work_off()
    assert warming.last().id != first.id
    assert warming.last().finished is not None
    for body in lost:
        warming.send(body)
    warming.work_off()
    assert [one.finished is None for one in warming.runs.latest()] == [False, False]
    assert len(warming.heard.summaries) == 2


def test_lock_files_on_s3_are_read_at_each_run() -> None:
    """What is of no use is a problem of the run, line by line; the rest is warmed."""
    with company() as warming:
        good = warming.upload(
            "locks/requirements.txt", b"\xef\xbb\xbfrequests==2.32.4\r\n./mine\r\n"
        )
        cut = warming.upload("locks/package-lock.json", b'{"lockfileVersion": 3, "pack')
        binary = warming.upload("locks/uv.lock", b"\xff\xfe\x00")
        large = warming.upload("locks/poetry.lock", b"#" * (MAX_BYTES + 1))
        missing = f"s3://{warming.bucket}/locks/yarn.lock"
        elsewhere = "s3://there-is-no-such-bucket/uv.lock"
        objects = (good, cut, binary, large, missing, elsewhere)
        only = rule(packages=(REACT,), objects=objects)
        warming.policy = type(warming.policy)("0" * 64, "my-company", (), caches=(only,))
        warming.tick()
        warming.work_off()
        run = warming.last()
        assert warming.engine.held == {REACT_PURL, REQUESTS_PURL}
        assert [problem.partition(": ")[0] for problem in run.problems] == [
            good,
            cut,
            binary,
            large,
            missing,
            elsewhere,
        ]
        assert "no UTF-8" in run.problems[2]
        assert "more than" in run.problems[3]
        assert "no such object" in run.problems[4]
        assert "no such bucket" in run.problems[5]
        assert run.finished is not None


def test_a_failing_s3_is_a_problem_of_the_run(warming: WarmingCompany) -> None:
    """What else the rule wants is warmed."""
    denied = rule(objects=(f"s3://{warming.bucket}/uv.lock",))
    warming.policy = type(warming.policy)("0" * 64, "my-company", (), caches=(denied,))
    warming.faults.broken = frozenset({"GetObject"})
    warming.tick()
    warming.work_off()
    assert "ThrottlingException" in warming.last().problems[0]
    assert warming.last().tally.fetched == 2


def test_a_queue_that_takes_nothing_brings_the_message_back(warming: WarmingCompany) -> None:
    """Nothing is lost: the rest is sent when the queue takes it."""
    warming.tick()
    warming.work()
    warming.faults.broken = frozenset({"SendMessageBatch"})
    warming.work()
    assert warming.last().planned == 2
    assert warming.last().finished is None
    warming.faults.broken = frozenset()
    warming.work_off()
    assert warming.last().finished is not None
    assert warming.last().tally.fetched == 2


@pytest.mark.parametrize("operation", ["GetItem", "PutItem", "UpdateItem"])
def test_a_table_that_fails_brings_the_message_back(
    warming: WarmingCompany, operation: str
) -> None:
    """The function goes on when the table does."""
    warming.tick()
    warming.work()
    warming.faults.broken = frozenset({operation})
    for _ in range(3):
        warming.work()
    assert warming.heard.summaries == []
    warming.faults.broken = frozenset()
    warming.work_off()
    assert warming.last().tally.fetched == 2
    assert len(warming.heard.summaries) == 1


@pytest.mark.parametrize("rate", [5, 20])
@pytest.mark.parametrize("seed", range(4))
def test_calls_that_fail_now_and_then_do_not_matter(rate: int, seed: int) -> None:
    """In the end everything is there, counted, and the run is over."""
    with company(rule()) as warming:
        many(warming, 60)
        warming.faults.rate, warming.faults.seed = rate, seed
        warming.tick()
        for _ in range(400):
            warming.work()
            if warming.dead_letters:
                warming.send(warming.dead_letters.pop())  # as the runbook says
        warming.faults.end()
        assert len(warming.engine.held) == 60
        assert warming.last().finished is not None
        assert warming.last().tally.warm + warming.last().tally.fetched == 60
        assert len(warming.heard.summaries) <= 1


@pytest.mark.parametrize(
    "body",
    [
        "no JSON",
        "{}",
        '{"source": "aws.codeartifact", "detail-type": "Warm Caches", "detail": {}}',
        '{"source": "codeartifact.steward", "detail-type": "Warm Caches", "detail": {"rule": 1}}',
        '{"source": "codeartifact.steward", "detail-type": "Warm Packages", "detail": {}}',
    ],
    ids=["no JSON", "nothing", "of somebody else", "a rule that is none", "no packages"],
)
def test_a_poisonous_message_is_a_dead_letter(warming: WarmingCompany, body: str) -> None:
    """And holds up nothing else."""
    warming.send(body)
    warming.tick()
    warming.work_off()
    assert warming.dead_letters == [body]
    assert warming.last().finished is not None


def test_a_batch_of_no_known_run_is_a_dead_letter(warming: WarmingCompany) -> None:
    """Nobody would see what became of it."""
    wanted = Wanted(Package(THERE, "npm", None, "react"), (WantedVersion("18.2.0"),))
    warming.send(WarmPackages("nobody's", "p.0", None, REPOSITORY, (wanted,)))
    warming.work_off()
    assert len(warming.dead_letters) == 1
    assert warming.engine.fetched == {}
