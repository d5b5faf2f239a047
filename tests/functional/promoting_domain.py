"""A deployment that promotes, in this process; its functions work while a command waits."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from click.testing import Result

from cli import approving, promotion_requests
from promote_versions import app, approvals, copier
from promote_versions.records_table import DynamoDbRecords
from steward import observability
from steward.coordinates import Package, Repository, Status
from steward.observability import logger
from steward.policy_file import compile_policy
from tests.functional.deployed_domain import ACCOUNT, DOMAIN, REGION, TABLE, DeployedDomain
from tests.functional.promotions_table import create_table

if TYPE_CHECKING:
    from promote_versions.records import Record

INTAKE = Repository(DOMAIN, ACCOUNT, "pypi-intake")
APPROVED = Repository(DOMAIN, ACCOUNT, "pypi-approved")
PROMOTIONS_TABLE = "steward-promotions"

_AT_ONCE = 10  # messages in a batch

Handler = Callable[[object, None], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Queues:
    """The URLs of the queues of promotion."""

    promotions: str
    approvals: str
    copies: str


class PromotingDomain:
    """
    A deployed domain whose promotions are at work, with everything there is to see of them.

    Attributes:
        domain: The deployment.
        records: What was decided.
        ignored: The functions do not take these queues' messages.
    """

    def __init__(self, domain: DeployedDomain, environment: pytest.MonkeyPatch) -> None:
        self.domain = domain
        self.records = DynamoDbRecords(PROMOTIONS_TABLE)
        self.ignored: set[str] = set()
        self._at_work = False
        self._raised: list[Exception] = []
        self._seconds = 0.0
        self._environment = environment
        self._policy = domain.folder / "policy.yaml"
        self._sqs = domain.aws("sqs")
        self.queues = self._create()

    def _create(self) -> Queues:
        """Make the table and the queues of template.yaml; the parameter says where they are."""
        create_table(self.domain.aws("dynamodb"), PROMOTIONS_TABLE)
        queues = Queues(
            self._queue("PromotionsQueue"),
            self._queue("ApprovalsQueue"),
            self._queue("CopiesQueue.fifo", FifoQueue="true"),
        )
        self.domain.redescribe(
            promotions={
                "table": PROMOTIONS_TABLE,
                "queue": queues.promotions,
                "approvalsQueue": queues.approvals,
                "copiesQueue": queues.copies,
                "osv": self.osv,
            }
        )
        return queues

    def _queue(self, name: str, **attributes: str) -> str:
        return str(self._sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    @property
    def osv(self) -> str:
        """The base URL of the local OSV."""
        return f"{self.domain.url}/_emulator/osv"

    def deploy(self, promotions: str, *, mode: str = "enforce") -> None:
        """The functions have a policy with these items of `promotions` from now on."""
        text = f"domain: {DOMAIN}\npromotions:\n{promotions}"
        self._policy.write_text(text)
        compiled = self.domain.folder / "policy.json"
        compiled.write_text(compile_policy(text, str(self._policy)))
        environment = {
            "STEWARD_MODE": mode,
            "STEWARD_DOMAIN": DOMAIN,
            "STEWARD_POLICY": str(compiled),
            "STEWARD_LEDGER_TABLE": TABLE,
            "STEWARD_PROMOTIONS_TABLE": PROMOTIONS_TABLE,
            "STEWARD_QUEUE_URL": self.queues.promotions,
            "STEWARD_PROMOTIONS_QUEUE_URL": self.queues.promotions,
            "STEWARD_COPIES_QUEUE_URL": self.queues.copies,
            "STEWARD_OSV_URL": self.osv,
            "STEWARD_ATTENTION_TOPIC": self.domain.topic,
            "POWERTOOLS_METRICS_DISABLED": "true",
        }
        for name, value in environment.items():
            self._environment.setenv(name, value)
        # Powertools writes what earlier tests have counted when it is a hundred values, wherever.
        observability._metrics().clear_metrics()
        forget_collaborators()
        self.domain.redescribe(mode=mode)

    def steward(self, *arguments: str) -> Result:
        """Run a command of `steward` with the policy that is deployed, unless it is given one."""
        policy = () if "--policy" in arguments else ("--policy", str(self._policy))
        return self.domain.run(*arguments, *policy)

    def seed(self, name: str, *versions: Mapping[str, object]) -> Package:
        """Return the Python package *name*, of which the intake has fetched *versions*."""
        found = {
            "format": "pypi",
            "package": name,
            "versions": [{"origin": "EXTERNAL", **version} for version in versions],
        }
        self.domain.seed({"name": INTAKE.name, "packages": [found]}, {"name": APPROVED.name})
        return Package(INTAKE, "pypi", None, name)

    def vulnerable(self, *entries: Mapping[str, object]) -> None:
        """The local OSV knows *entries*."""
        httpx.put(f"{self.osv}/entries", json=entries).raise_for_status()

    def promoted(self, name: str, to: Repository = APPROVED) -> dict[str, Status]:
        """Return the versions of a package that the destination has."""
        try:
            return self.domain.statuses(Package(to, "pypi", None, name))
        except self.domain.client.exceptions.ResourceNotFoundException:
            return {}

    def decided(self, package: Package) -> dict[str, str]:
        """Return the state of each version of *package*."""
        return {one.version: one.state for one in self.records.of_package(package)}

    def the_record(self, package: Package) -> Record:
        """Return what was decided of *package*, of which there is one version and rule."""
        [record] = self.records.of_package(package)
        return record

    def items(self) -> Sequence[object]:
        """Return everything that stands in the table."""
        scanned = self.domain.aws("dynamodb").scan(TableName=PROMOTIONS_TABLE)
        return sorted(scanned["Items"], key=repr)

    def waiting(self) -> int:
        """Return how many messages wait on the queues."""
        name = "ApproximateNumberOfMessages"
        return sum(
            int(
                self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][
                    name
                ]
            )
            for url in (self.queues.promotions, self.queues.approvals, self.queues.copies)
        )

    def state(self) -> object:
        """Return everything that CodeArtifact holds."""
        return httpx.get(f"{self.domain.url}/_emulator/state").raise_for_status().json()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """The functions take what is on their queues while a command waits; errors are raised."""
        self._raised.clear()
        self._at_work = True
        try:
            yield
        finally:
            self._at_work = False
        for error in self._raised:
            raise error

    def work(self) -> None:
        """The functions take everything that is on their queues now, and what follows from it."""
        while self._work():
            pass

    def monotonic(self) -> float:
        """Return the time by which commands wait."""
        return self._seconds

    def sleep(self, seconds: float) -> None:
        """
        A function that is at work takes a batch; if there is none, time passes for the command.

        So no command gives up before the functions have come to what it waits for.
        """
        try:
            worked = self._at_work and self._work()
        except Exception as error:  # the command may make something else of it
            self._raised.append(error)
            raise
        if not worked:
            self._seconds += seconds

    def _work(self) -> bool:
        """Have a function take one batch; return whether there was any."""
        return any(
            self._take(url, handler)
            for url, handler in (
                (self.queues.promotions, app.handler),
                (self.queues.approvals, approvals.handler),
                (self.queues.copies, copier.handler),
            )
            if url not in self.ignored
        )

    def _take(self, url: str, handler: Handler) -> bool:
        received = self._sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=_AT_ONCE, AttributeNames=["All"]
        )
        messages = {one["MessageId"]: one for one in received.get("Messages", [])}
        if not messages:
            return False
        answer = handler({"Records": [_record(url, one) for one in messages.values()]}, None)
        failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
        for message_id, message in messages.items():
            if message_id not in failed:
                self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return True


def _record(url: str, message: Mapping[str, Any]) -> dict[str, object]:
    """Return *message* as Lambda hands it over ("Using Lambda with Amazon SQS")."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{url.rpartition('/')[2]}",
        "awsRegion": REGION,
    }


def ago(**duration: float) -> str:
    """Return when that was, as a seed has times."""
    return (datetime.now(UTC) - timedelta(**duration)).isoformat()


def old(version: str) -> dict[str, object]:
    """Return a version that has been public for long."""
    return young(version, days=400)


def young(version: str, *, days: float = 1) -> dict[str, object]:
    """Return a version that was released yesterday, or so many *days* ago."""
    return {"version": version, "originalPublishTime": ago(days=days)}


def malicious(name: str, version: str) -> dict[str, object]:
    """Return OSV's entry about a version that does harm."""
    package = {"ecosystem": "PyPI", "name": name}
    return {"id": "MAL-2026-7", "affected": [{"package": package, "versions": [version]}]}


def document(result: Result) -> dict[str, Any]:
    """Return the one line of JSON that the command has printed."""
    [line] = result.stdout.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def forget_collaborators() -> None:
    """Make what the functions talk to anew at their next run: they keep what they found first."""
    for function in (app, approvals, copier):
        function.collaborators.cache_clear()


@pytest.fixture
def promoting(
    deployed: DeployedDomain, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PromotingDomain]:
    """A deployment that promotes; `deploy` gives it a policy."""
    with promotion(deployed, monkeypatch) as domain:
        yield domain


@contextmanager
def promotion(
    deployed: DeployedDomain, environment: pytest.MonkeyPatch
) -> Iterator[PromotingDomain]:
    """The deployment promotes; for commands, time passes when the functions have nothing to do."""
    with ExitStack() as closing:
        for handler in logger().handlers:  # the functions' log is not the command's output
            if isinstance(handler, logging.StreamHandler):
                before = handler.setStream(io.StringIO())
                closing.callback(partial(handler.setStream, before))
        closing.callback(forget_collaborators)
        domain = PromotingDomain(deployed, environment)
        for waiting in (approving, promotion_requests):
            environment.setattr(waiting, "time", domain)
        yield domain
