"""The deployed side of warming: plans, batches, what is left, what is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from steward.cache_rules import CacheRule
from steward.coordinates import Package
from steward.observability import flush_metrics, logger
from steward.patterns import parse
from tests.functional.warming_company import REPOSITORY, THERE, WarmingCompany, company
from tests.functional.warming_rules import (
    REACT,
    REACT_PURL,
    REQUESTS,
    REQUESTS_PURL,
    RULE,
    locked,
    many,
    rule,
)
from tests.unit.lambda_runtime import metric
from warm_caches.messages import WarmPackages, new_request, run_id
from warm_caches.runs import PLAN, Run, below
from warm_caches.tally import Tally
from warm_caches.values import Wanted, WantedVersion

HOUR = timedelta(hours=1)


@pytest.fixture
def warming() -> Iterator[WarmingCompany]:
    """A company with one rule of two packages."""
    with company(rule()) as one:
        yield one


def test_a_tick_of_the_schedule_plans_and_warms(warming: WarmingCompany) -> None:
    """The run is planned, warmed, counted and over; the next one finds everything warm."""
    warming.tick()
    warming.work_off()
    run = warming.last()
    assert (run.rule, run.repository, run.planned, run.done) == (RULE, REPOSITORY, 2, 2)
    assert run.finished == warming.now
    assert (run.tally.fetched, run.tally.warm, run.packages) == (2, 0, 2)
    warming.advance(HOUR)
    warming.tick()
    warming.work_off()
    assert (warming.last().tally.fetched, warming.last().tally.warm) == (0, 2)
    assert [one.versions["fetched"] for one in warming.heard.summaries] == [2, 0]


def test_each_rule_has_a_run_of_its_own() -> None:
    """A tick without a rule starts one run for each; one with a rule only that one."""
    other = rule("caches[1]", packages=(REQUESTS,))
    with company(rule(), other) as warming:
        warming.tick()
        warming.work_off()
        assert sorted(one.rule or "" for one in warming.runs.latest()) == [RULE, "caches[1]"]
        warming.advance(HOUR)
        warming.tick(rule="caches[1]")
        warming.work_off()
        assert [one.rule for one in warming.runs.latest(RULE)] == [RULE]
        assert [one.rule for one in warming.runs.latest("caches[1]")] == ["caches[1]"] * 2


def test_what_there_was_no_time_for_goes_on(warming: WarmingCompany) -> None:
    """A worker that gets through twenty packages sends the others on, and the run counts all."""
    many(warming, 50)
    warming.engine.at_a_time = 20
    warming.tick()
    warming.work_off()
    run = warming.last()
    assert run.tally.fetched == 50
    assert (run.planned, run.done) == (3, 3)
    assert len(warming.heard.summaries) == 1


def test_what_is_listed_late_is_looked_for_again(warming: WarmingCompany) -> None:
    """In three minutes, by another attempt; it counts once, when it is there."""
    warming.engine.slow = {REACT_PURL: 3, REQUESTS_PURL: 2}
    warming.tick()
    warming.work_off()
    assert warming.last().finished is None
    assert warming.last().tally.fetched == 0
    warming.wait(timedelta(minutes=2, seconds=59))
    assert warming.last().tally.fetched == 0
    warming.wait(timedelta(seconds=1))
    assert warming.last().tally.fetched == 1
    warming.wait(timedelta(minutes=3))
    assert (warming.last().tally.fetched, warming.last().finished) == (2, warming.now)
    assert sorted(how.attempt for how in warming.engine.hows) == [1, 1, 2, 2, 3]


def test_what_is_never_listed_fails(warming: WarmingCompany) -> None:
    """Three attempts, and no more."""
    warming.engine.slow = {REACT_PURL: 4}
    warming.tick()
    warming.work_off()
    for _ in range(3):
        warming.wait(timedelta(minutes=3))
    run = warming.last()
    assert (run.tally.fetched, run.tally.failed) == (1, 1)
    assert run.finished is not None
    assert warming.engine.fetched[REACT_PURL] == 3


def test_an_outage_is_told_once_and_so_is_its_end(warming: WarmingCompany) -> None:
    """However many batches and runs see it; the other formats are warmed meanwhile."""
    warming.engine.down = {"npm"}
    for _ in range(3):
        warming.tick()
        warming.work_off()
        for minutes in (1, 5, 15):
            warming.wait(timedelta(minutes=minutes))
        warming.advance(HOUR)
    assert warming.heard.outages == [("begins", "public:npmjs")]
    assert [subject for subject, _ in warming.heard.told] == [
        "public:npmjs does not answer, as seen from my-company"
    ]
    assert [one.versions["failed"] for one in warming.heard.summaries] == [1, 1, 1]
    assert warming.heard.summaries[0].versions["fetched"] == 1
    assert [one.connection for one in warming.outages.current()] == ["public:npmjs"]
    warming.engine.down = set()
    for _ in range(2):
        warming.tick()
        warming.work_off()
        warming.advance(HOUR)
    assert warming.heard.outages == [("begins", "public:npmjs"), ("ends", "public:npmjs")]
    assert len(warming.heard.told) == 2
    assert warming.outages.current() == []
    assert warming.heard.summaries[-2].versions["fetched"] == 1


def test_what_answers_now_and_then_is_told_once_an_hour() -> None:
    """Two workers see a flaky repository down and up with every batch; nobody gets a mail each."""
    with company(rule()) as warming:
        for minute in range(0, 61, 10):
            warming.engine.down = {"npm"}
            warming.engine.held.clear()
            warming.tick()
            warming.work_off()
            warming.engine.down = set()
            warming.wait(timedelta(minutes=10))
            pair = [("begins", "public:npmjs"), ("ends", "public:npmjs")]
            assert warming.heard.outages == pair * (1 if minute < 60 else 2)
        assert warming.outages.current() == []


def test_an_outage_that_ends_in_time_fails_nothing(warming: WarmingCompany) -> None:
    """What waits is asked for again after one minute and after five."""
    warming.engine.down = {"npm"}
    warming.tick()
    warming.work_off()
    assert warming.wait(timedelta(minutes=1)) == 1
    warming.engine.down = set()
    assert warming.wait(timedelta(minutes=4)) == 0
    assert warming.wait(timedelta(minutes=1)) == 1
    run = warming.last()
    assert (run.tally.fetched, run.tally.failed) == (2, 0)
    assert run.finished == warming.now


def test_an_outage_of_which_nobody_could_be_told_is_told_later(warming: WarmingCompany) -> None:
    """A message that was lost is sent again at the next look."""
    warming.engine.down = {"npm"}
    warming.heard.delivery = "lost"
    warming.tick()
    warming.work_off()
    assert warming.heard.told == []
    warming.heard.delivery = "delivered"
    warming.wait(timedelta(minutes=1))
    assert len(warming.heard.told) == 1


def test_a_mismatch_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    """An hourly run finds it each time; it says so and lets the alarm ring once."""
    with company(rule(verify=True, on_mismatch="archive")) as warming:
        warming.engine.mismatched = {REACT_PURL}
        for _ in range(2):
            warming.tick()
            warming.work_off()
            warming.advance(HOUR)
        assert warming.heard.mismatches == [REACT_PURL]
        assert [subject for subject, _ in warming.heard.told] == [
            "Files are not those of the lock file in DemoRepository of my-company"
        ]
        assert [one.versions["mismatched"] for one in warming.heard.summaries] == [1, 1]
        assert all(how.verify and how.archive_mismatches for how in warming.engine.hows)
        capsys.readouterr()
        flush_metrics()
        counted = capsys.readouterr().out
        assert sum(metric(counted, "MismatchesFound")) == 1
        assert sum(metric(counted, "VersionsMismatched")) == 2


@pytest.mark.parametrize(
    ("told", "subject"),
    [
        pytest.param(
            rule(verify=True),
            "Files are not those of the lock file in DemoRepository of my-company",
            id="a mismatch",
        ),
        pytest.param(
            rule(lockfiles=("gone.lock",)),
            "A cache cannot be warmed in full in DemoRepository of my-company",
            id="a lock file that cannot be read",
        ),
    ],
)
def test_what_was_lost_on_its_way_to_people_is_told_again(told: CacheRule, subject: str) -> None:
    """The next run finds it, and tells it; the one after that does not."""
    with company(told) as warming:
        warming.engine.mismatched = {REACT_PURL}
        warming.heard.delivery = "lost"
        for _ in range(3):
            warming.tick()
            warming.work_off()
            warming.advance(HOUR)
            assert [one for one, _ in warming.heard.told] in ([], [subject])
            assert bool(warming.heard.told) == (warming.heard.delivery == "delivered")
            warming.heard.delivery = "delivered"


def test_what_no_package_repository_has_is_told_nobody() -> None:
    """A lock file may name folders and repositories of Git: builds get these from there."""
    with company() as warming:
        url = warming.upload("requirements.txt", b"requests==2.32.4\n./mine\n")
        warming.policy = type(warming.policy)(
            "0" * 64, "my-company", (), caches=(rule(objects=(url,)),)
        )
        warming.tick()
        warming.work_off()
        assert "passed over" in warming.last().problems[0]
        assert warming.heard.told == []


def test_what_is_no_news_is_not_logged(
    warming: WarmingCompany, caplog: pytest.LogCaptureFixture
) -> None:
    """Each hour a run over what is warm logs that it began and what it came to, however large."""
    many(warming, 120)
    warming.engine.slow[f"pkg:npm/{locked(3).name}@1.0.0"] = 2
    with caplog.at_level("INFO", logger=logger().name):
        warming.tick()
        warming.work_off()
        warming.wait(timedelta(minutes=3))
        assert [one.message for one in caplog.records].count("fetched") == 120
        caplog.clear()
        warming.tick()
        warming.work_off()
    assert [one.message for one in caplog.records] == ["caches", "planned", "cache warmed"]


def test_observe_mode_says_what_it_would_fetch(warming: WarmingCompany) -> None:
    """Nothing is asked of the endpoint, and the run has an end."""
    warming.engine.observed = True
    warming.tick()
    warming.work_off()
    assert warming.engine.fetched == {}
    assert warming.heard.summaries[0].versions["wouldFetch"] == 2
    assert warming.last().finished is not None


def test_a_run_that_is_going_keeps_the_next_one_from_starting(warming: WarmingCompany) -> None:
    """Until it ends, or six hours have passed."""
    warming.engine.slow = {REACT_PURL: 2}
    warming.tick()
    warming.work_off()
    warming.tick()
    warming.work_off()
    assert len(warming.runs.latest()) == 1
    warming.wait(timedelta(minutes=3))
    assert warming.last().finished is not None
    warming.tick()
    warming.work_off()
    assert len(warming.runs.latest()) == 2


def test_a_person_finds_their_run_and_why_there_is_none(warming: WarmingCompany) -> None:
    """Runs are found by the request; one that could not start says why."""
    request = new_request(warming.now, "one")
    warming.tick(rule=RULE, request=request)
    warming.engine.slow = {REACT_PURL: 2}
    warming.work_off()
    assert [one.rule for one in warming.runs.of_request(request)] == [RULE]
    second = new_request(warming.now, "two")
    warming.tick(rule=RULE, request=second)
    third = new_request(warming.now, "three")
    warming.tick(rule="caches[9]", request=third)
    warming.work_off()
    assert warming.runs.of_request(second)[0].problems == (
        "caches[0]: another run of it is still going",
    )
    assert warming.runs.of_request(third)[0].problems == ("the policy has no caches[9]",)
    assert warming.runs.of_request(third)[0].finished is not None
    assert warming.heard.summaries == []


def test_a_persons_own_lock_files_are_a_run_without_a_rule(warming: WarmingCompany) -> None:
    """Whoever starts the run and sends the batches needs no rule in the policy."""
    request = new_request(warming.now, "mine")
    run = Run(
        run_id(request, None),
        None,
        REPOSITORY,
        warming.now,
        begun=frozenset({below(PLAN, "0"), PLAN}),
        ended=frozenset({PLAN}),
        packages=1,
    )
    warming.runs.start(run)
    wanted = Wanted(Package(THERE, "npm", None, "react"), (WantedVersion("18.2.0"),))
    warming.send(WarmPackages(run.id, below(PLAN, "0"), None, REPOSITORY, (wanted,)))
    warming.work_off()
    found = warming.runs.of_request(request)[0]
    assert (found.rule, found.planned, found.done) == (None, 1, 1)
    assert (found.tally.fetched, found.finished) == (1, warming.now)


def test_a_rule_keeps_up_with_what_is_held(warming: WarmingCompany) -> None:
    """Every page of the repository is planned, also where the time runs out after each."""
    pages = [
        [Package(THERE, "npm", None, f"held-{page}-{one}") for one in range(60)]
        for page in range(3)
    ]
    warming.held.pages = [*pages, [Package(THERE, "pypi", None, "other")]]
    keeping = rule(packages=(REACT,), keep_up_with=(parse("/npm/*"),))
    warming.policy = type(warming.policy)("0" * 64, "my-company", (), caches=(keeping,))
    asked = iter([True, True, False] * 20)
    warming.has_time = lambda: next(asked)
    warming.tick()
    for _ in range(5):
        warming.work()
    warming.has_time = lambda: True
    warming.work_off()
    run = warming.last()
    assert run.packages == 181
    assert run.finished is not None
    assert run.problems == ()


def test_two_runs_at_once_count_for_themselves() -> None:
    """Their batches come in turns, and neither ends with the other's."""
    with company(rule(), rule("caches[1]", packages=(REACT,))) as warming:
        warming.engine.slow = {REQUESTS_PURL: 2}
        warming.tick()
        warming.work_off()
        first, second = sorted(warming.runs.latest(), key=lambda one: one.rule or "")
        assert first.finished is None
        assert second.finished is not None
        warming.wait(timedelta(minutes=3))
        assert warming.runs.find(first.id) != first
        assert [one.finished is None for one in warming.runs.latest()] == [False, False]
        total = sum((one.tally for one in warming.runs.latest()), Tally())
        assert total.fetched + total.warm == 3


def test_a_large_rule_is_planned_in_full(warming: WarmingCompany) -> None:
    """A thousand packages are twenty batches, each of one message."""
    many(warming, 1000)
    warming.tick()
    assert warming.work_off() == 1 + 1 + 20
    assert (warming.last().packages, warming.last().tally.fetched) == (1000, 1000)
    assert warming.faults.calls["SendMessageBatch"] == 1 + 2
