"""How automations log and count, whoever else does so in the same process."""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from cli.automation_lines import automation_lines
from steward.observability import count, flush_metrics, logger

THREADS = 8
COUNTS = 500  # of each thread: Powertools writes by itself at 100


@pytest.fixture(name="impatient", autouse=True)
def _impatient() -> Iterator[None]:
    """Threads take turns as often as they can; the logger is there before output is captured."""
    logger()
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def count_in_all_threads() -> None:
    """Count one kind of thing in several threads at once."""
    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(count, "Things", 1) for _ in range(THREADS * COUNTS)]:
            done.result()


def test_threads_count_together(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is lost, and nothing breaks."""
    count("Things", 0)
    flush_metrics()
    capsys.readouterr()
    count_in_all_threads()
    count("Things", 0)
    flush_metrics()
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sum(sum(one["Things"]) for one in documents) == THREADS * COUNTS
    assert all(len(one["Things"]) <= 100 for one in documents)


def test_a_command_prints_no_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output is for its results; what the automations log at length goes nowhere."""
    with automation_lines("enforce", verbose=False):
        count_in_all_threads()
        logger().info("something was decided")
        logger().error("something was lost")
    said = capsys.readouterr()
    assert said.out == ""
    assert "something was lost" in said.err
    assert "something was decided" not in said.err
    count("Things", 0)
    flush_metrics()
