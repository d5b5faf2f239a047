"""`steward warm --deployed` and `--watch`: what the queue gets, and what is shown of the runs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from cli import warming_by_deployment as by_deployment
from tests.functional.deployed_domain import (
    ACCOUNT,
    DOMAIN,
    DeployedDomain,
    deployed,
    other_services,
)
from tests.functional.warming_table import create_table
from warm_caches import planning
from warm_caches.messages import WarmCaches, WarmingMessage, WarmPackages, read, run_id
from warm_caches.runs import PLAN, Run, below
from warm_caches.runs_table import DynamoDbRuns
from warm_caches.tally import Tally

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

__all__ = ["deployed", "other_services"]

TABLE = "steward-warming"
REPOSITORY = "DemoRepository"
POLICY = f"""\
domain: {DOMAIN}
caches:
  - repository: other
    packages: pkg:npm/react
  - repository: {REPOSITORY}
    packages: pkg:pypi/requests
"""


class Deployment:
    """A deployment whose queue and table of warming are moto's; the test is its function."""

    def __init__(self, domain: DeployedDomain) -> None:
        self.domain = domain
        self.queue = domain.aws("sqs").create_queue(QueueName="warming")["QueueUrl"]
        create_table(domain.aws("dynamodb"), TABLE)
        domain.redescribe(warming={"table": TABLE, "queue": self.queue})
        self.runs = DynamoDbRuns(TABLE)
        self.policy = domain.folder / "policy.yaml"
        self.policy.write_text(POLICY)

    def warm(self, *arguments: str) -> Result:
        """Run `steward warm`."""
        return self.domain.run("warm", *arguments, "--policy", str(self.policy))

    def messages(self) -> list[WarmingMessage]:
        """Return what stands on the queue, as the function reads it; it is taken off."""
        sqs = self.domain.aws("sqs")
        found: list[WarmingMessage] = []
        while received := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for one in received:
                found.append(read(one["Body"], account=ACCOUNT, domain=DOMAIN))
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=one["ReceiptHandle"])
        return found

    def carry_out(self, message: WarmingMessage, tally: Tally) -> None:
        """Do what the function does with *message*, with this outcome."""
        now = datetime.now(UTC)
        if isinstance(message, WarmPackages):
            counted = self.runs.finish(message.run, message.batch, tally)
        else:
            assert message.request is not None
            name = message.rule or "caches[0]"
            run = self.runs.start(Run(run_id(message.request, name), name, REPOSITORY, now))
            batch = below(PLAN, "0")
            self.runs.finish(run.id, PLAN, Tally(), below=[batch], packages=1)
            counted = self.runs.finish(run.id, batch, tally)
        self.runs.conclude(counted.run, now)

    @contextmanager
    def at_work(self, tally: Tally) -> Iterator[None]:
        """What comes onto the queue meanwhile is carried out with this outcome."""
        over = threading.Event()

        def work() -> None:
            while not over.wait(0.05):
                for message in self.messages():
                    self.carry_out(message, tally)

        worker = threading.Thread(target=work)
        worker.start()
        try:
            yield
        finally:
            over.set()
            worker.join()


@pytest.fixture
def deployment(deployed: DeployedDomain, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """A deployment that warms caches, looked at often."""
    monkeypatch.setattr(by_deployment, "_PAUSE_SECONDS", 0.1)
    return Deployment(deployed)


@pytest.fixture
def lock_file(deployment: Deployment) -> Path:
    """A lock file of pip that names two packages, and what no index has."""
    path = deployment.domain.folder / "requirements.txt"
    path.write_text("requests==2.32.4\nsix==1.17.0\n-e ./ours\n")
    return path


def test_all_caches_of_the_deployed_policy_are_asked_for_at_once(deployment: Deployment) -> None:
    """One message; which caches there are, the deployment's own policy says."""
    result = deployment.warm("--deployed")
    assert result.exit_code == 0, result.output
    (message,) = deployment.messages()
    assert isinstance(message, WarmCaches)
    assert (message.rule, message.batch) == (None, None)
    assert "`steward warm --watch` shows the runs" in result.stdout


def test_the_caches_of_one_repository_are_asked_for_by_name(deployment: Deployment) -> None:
    """By their place in the policy."""
    assert deployment.warm("--deployed", "--repository", REPOSITORY).exit_code == 0
    assert [one.rule for one in deployment.messages() if isinstance(one, WarmCaches)] == [
        "caches[1]"
    ]


def test_a_repository_without_a_cache_is_no_request(deployment: Deployment) -> None:
    """Else every other cache would be warmed in its place."""
    result = deployment.warm("--deployed", "--repository", "nowhere")
    assert result.exit_code == 1
    assert "no `caches` of the policy" in result.stderr
    assert not deployment.messages()


def test_lock_files_of_a_persons_own_are_a_run_of_their_own(
    deployment: Deployment, lock_file: Path
) -> None:
    """It stands in the table before its messages are sent."""
    result = deployment.warm(str(lock_file), "--deployed", "--repository", REPOSITORY, "--verify")
    assert result.exit_code == 0, result.output
    (message,) = deployment.messages()
    assert isinstance(message, WarmPackages)
    assert [one.package.name for one in message.packages] == ["requests", "six"]
    assert (message.rule, message.repository, message.verify) == (None, REPOSITORY, True)
    run = deployment.runs.find(message.run)
    assert run is not None
    assert (run.repository, run.packages, run.open) == (REPOSITORY, 2, frozenset({message.batch}))
    assert "./ours" in result.stderr, "what is passed over is reported"


def test_lock_files_that_name_nothing_make_no_run(deployment: Deployment, lock_file: Path) -> None:
    """Nobody would ever finish it."""
    lock_file.write_text("-e ./ours\n")
    result = deployment.warm(str(lock_file), "--deployed", "--repository", REPOSITORY)
    assert result.exit_code == 1
    assert "nothing that can be warmed" in result.stderr
    assert not deployment.runs.latest()


@pytest.mark.parametrize(
    ("tally", "exit_code"),
    [
        pytest.param(Tally(warm=1, fetched=1), 0, id="all is there"),
        pytest.param(Tally(warm=1, not_found=1), 1, id="one is not found"),
        pytest.param(Tally(warm=1, failed=1), 1, id="one has failed"),
        pytest.param(Tally(mismatched=2), 1, id="the files are other ones"),
    ],
)
def test_a_watched_run_is_shown_when_it_is_done(
    deployment: Deployment, lock_file: Path, tally: Tally, exit_code: int
) -> None:
    """The exit status says whether the repository holds all of it."""
    with deployment.at_work(tally):
        result = deployment.warm(
            str(lock_file), "--deployed", "--repository", REPOSITORY, "--watch", "--json"
        )
    (run,) = json.loads(result.stdout)["runs"]
    assert run["summary"]["warm"] == tally.warm
    assert run["summary"]["notFound"] == tally.not_found
    assert run["finished"] is not None
    assert (result.exit_code, json.loads(result.stdout)["ok"]) == (exit_code, exit_code == 0)


def test_watched_caches_are_a_table_for_people(deployment: Deployment) -> None:
    """With how long it took."""
    with deployment.at_work(Tally(warm=3, fetched=4, size=2_000)):
        result = deployment.warm("--deployed", "--watch")
    assert result.exit_code == 0, result.output
    row = next(line for line in result.stdout.splitlines() if "caches[0]" in line)
    cells = [one.strip() for one in row.split("│")]
    assert cells[2:6] == [REPOSITORY, "1", "3", "4"]
    assert "done in" in row
    assert "missing" not in result.stdout
    assert "7 versions are there" in result.stderr


def test_what_is_not_there_is_counted_below_the_table_with_who_names_it(
    deployment: Deployment,
) -> None:
    """The table has one number for all of it."""
    with deployment.at_work(Tally(warm=1, not_found=2, failed=1)):
        result = deployment.warm("--deployed", "--watch")
    assert result.exit_code == 1, result.output
    row = next(line for line in result.stdout.splitlines() if "│ caches[0]" in line)
    assert [one.strip() for one in row.split("│")][2:7] == [REPOSITORY, "1", "1", "0", "3"]
    assert " UTC: 2 not found, 1 failed\n" in result.stdout
    assert '"Reading the log"' in result.stdout
    assert "1 version is there" in result.stderr


def test_a_table_of_runs_fits_a_terminal_of_100_columns() -> None:
    """Those of today and of other days, going on and done, in one line each."""
    now = datetime.now(UTC)
    tally = Tally(warm=12_345, fetched=1_234, not_found=1_234, blocked=1)
    done = Run("a", "caches[10]", REPOSITORY, now, packages=12_345, finished=now, tally=tally)
    begun = frozenset({PLAN, *(f"{PLAN}.{number}" for number in range(200))})
    going_on = replace(done, begun=begun, ended=frozenset({PLAN}), finished=None)
    console = Console(file=StringIO(), width=100)
    console.print(
        by_deployment.table_of([done, replace(going_on, started=now - timedelta(days=2))])
    )
    assert isinstance(console.file, StringIO)
    rows = [line for line in console.file.getvalue().splitlines() if "│" in line]
    assert len(rows) == 2
    assert "0/200 batches" in rows[1]


def test_what_is_passed_over_is_no_damage() -> None:
    """It is named as such, and the run is well; anything else is of no use, and it is not."""
    now = datetime.now(UTC)
    run = Run("a", "caches[0]", REPOSITORY, now, finished=now)
    passed = replace(run, problems=("s3://a/b: line 3: x is passed over: it is a folder",))
    damaged = replace(run, problems=("s3://a/b: it is not UTF-8",))
    console = Console(file=StringIO(), width=100)
    by_deployment.print_problems([passed, damaged], console)
    assert isinstance(console.file, StringIO)
    assert console.file.getvalue().splitlines() == [
        "passed over s3://a/b: line 3: x is passed over: it is a folder",
        "of no use s3://a/b: it is not UTF-8",
    ]
    assert (by_deployment.is_well(passed), by_deployment.is_well(damaged)) == (True, False)


def test_the_latest_runs_are_shown_without_asking_for_any(deployment: Deployment) -> None:
    """Newest first, of one repository if one is given."""
    assert "has not warmed anything" in deployment.warm("--watch").stdout
    with deployment.at_work(Tally(warm=1)):
        assert deployment.warm("--deployed", "--watch").exit_code == 0
    runs: Callable[..., list[object]] = lambda *more: json.loads(  # noqa: E731  three calls of it
        deployment.warm("--watch", "--json", *more).stdout
    )["runs"]
    assert len(runs()) == 1
    assert len(runs("--repository", REPOSITORY)) == 1
    assert runs("--repository", "nowhere") == []
    assert not deployment.messages()


def test_the_latest_runs_of_a_repository_are_found_behind_those_of_others(
    deployment: Deployment,
) -> None:
    """However many others there were since: ten are shown, of those that were asked for."""
    now = datetime.now(UTC)
    for number in range(15):
        where = REPOSITORY if number < 3 else "other"
        run = Run(f"request-{number:02}", "caches[0]", where, now, ended=frozenset({PLAN}))
        deployment.runs.start(replace(run, finished=now))
    shown = {
        name: json.loads(deployment.warm("--watch", "--json", "--repository", name).stdout)["runs"]
        for name in (REPOSITORY, "other")
    }
    assert [one["id"] for one in shown[REPOSITORY]] == [f"request-0{one}" for one in (2, 1, 0)]
    assert len(shown["other"]) == 10


def test_more_than_a_run_can_hold_is_refused_before_anything_is_begun(
    deployment: Deployment, lock_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ids of its batches stand in one item of the table."""
    monkeypatch.setattr(planning, "MAX_BATCHES", 1)
    other = lock_file.with_name("Cargo.lock")
    crate = 'name = "a"\nversion = "1.0.0"\nsource = "sparse+https://d-0.example/cargo/r/"\n'
    other.write_text(f"version = 4\n[[package]]\n{crate}")
    result = deployment.warm(str(lock_file), str(other), "--repository", REPOSITORY, "--deployed")
    assert result.exit_code == 1
    assert "more than one run can do" in result.stderr
    assert not deployment.runs.latest()
    assert not deployment.messages()


def test_nobody_begins_the_run(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what may be the matter."""
    monkeypatch.setattr(by_deployment, "_FIRST_SECONDS", 0.3)
    result = deployment.warm("--deployed", "--watch", "--wait", "0")
    assert result.exit_code == 1
    assert "no run was begun" in result.stderr


def test_a_deployment_that_only_observes_says_so(deployment: Deployment) -> None:
    """It is asked all the same: it tells what it would fetch."""
    with deployment.domain.redescribed(mode="observe"):
        result = deployment.warm("--deployed")
    assert "The stack steward only observes" in result.stderr
    assert result.exit_code == 0


def test_an_older_deployment_does_not_warm(deployment: Deployment) -> None:
    """The message says to deploy this version."""
    with deployment.domain.redescribed(warming=None):
        result = deployment.warm("--deployed")
    assert result.exit_code == 1
    assert "Deploy this version" in result.stderr
