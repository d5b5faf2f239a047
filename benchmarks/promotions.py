"""
Measure what promotion costs: copies at CodeArtifact's quota, judgements, and finding what is due.

- Copies: the copier works off its FIFO queue while the documented quotas are in force and every
  call, also to other services, is 20 ms away. CopyPackageVersions has 5 requests a second, so N
  packages cannot take less than N/5 seconds. Once with 200 packages of one version, once with 10
  packages of 20 versions. Beside the latter, as a replay, the calls of tools that copy one version
  a call as fast as the answers come: a loop of our own with botocore's defaults, which compares and
  records nothing.
- Judgements: looks at 10 packages of 100 versions in one run of the judge, by a rule with an age,
  vulnerabilities and licences. The local CodeArtifact and its OSV run in a process of their own,
  so the processor time counted here is the judge's.
- What is due: ten records among 10,000 that are held.

    .venv/bin/python -m benchmarks.promotions [--packages 200] [--repeats 3]

prints JSON: seconds, their ratio to N/5, calls by operation, how many were throttled; versions a
second of processor time (the most of the repeats); milliseconds, queries and records read.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError
from botocore.session import get_session

from benchmarks.local import admin, quiet, running
from benchmarks.other_services import OtherServices, point_aws_at
from benchmarks.promotion_records import create_table, fill
from benchmarks.sample_events import ACCOUNT, DOMAIN
from cli.aws import connect
from cli.deployment import find_deployment
from promote_versions import app, copier, messages
from promote_versions.records_table import DynamoDbRecords
from steward import clients
from steward.coordinates import Package, Repository
from steward.policy_file import compile_policy

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

LATENCY_MS = 20
COPIES_PER_SECOND = 5  # CopyPackageVersions, "Quotas in AWS CodeArtifact", User Guide
BATCH = 10  # of a FIFO queue ("Using Lambda with Amazon SQS", Lambda Developer Guide)
JUDGED_PACKAGES = 10
JUDGED_VERSIONS = 100
HELD = 10_000
DUE = 10
THROTTLED = 429
TABLE = "benchmark-promotions"
# The deployment of the local stack is for another domain: its functions hear of nothing here.
ELSEWHERE = "domain: elsewhere\norigins:\n  - packages: /pypi/*\n    kind: public\n"
GATES = """
      minimum_age: P7D
      vulnerabilities: {block_at: high}
      licences: {allow: [MIT]}"""
POLICY = f"""
domain: {DOMAIN}
promotions:
  - {{name: single, packages: /pypi/*, from: single, to: single-approved, require: {{}}}}
  - {{name: several, packages: /pypi/*, from: several, to: several-approved, require: {{}}}}
  - name: gated
    packages: /pypi/*
    from: gated
    to: gated-approved
    require:{GATES}
"""


@dataclass
class Bench:
    """
    What all measurements share.

    Attributes:
        dynamodb: A client of botocore, which has types for none of the operations used here.
        sqs: The same. What these two are used for is what Lambda does, and not made slow.
        throttled: The calls that CodeArtifact has refused for their number, by operation.
    """

    endpoint: str
    dynamodb: Any
    sqs: Any
    others: OtherServices
    copies_queue: str
    throttled: Counter[str] = field(default_factory=Counter)

    def seed(
        self,
        name: str,
        packages: int,
        versions: int,
        *,
        released: datetime,
        prefix: str = "package",
    ) -> list[Package]:
        """Return the packages of a repository; what it is promoted to exists, and is empty."""
        found = [
            {
                "format": "pypi",
                "package": f"{prefix}-{number}",
                "versions": [
                    {
                        "version": f"1.{each}.0",
                        "originalPublishTime": released.isoformat(),
                        "licenses": ["MIT"],
                        "assets": [
                            {
                                "name": f"{prefix}_{number}-1.{each}.0-py3-none-any.whl",
                                "content": f"{number} {each}",
                            }
                        ],
                    }
                    for each in range(versions)
                ],
            }
            for number in range(packages)
        ]
        repositories = [{"name": name, "packages": found}, {"name": f"{name}-approved"}]
        document = {"domains": [{"name": DOMAIN, "repositories": repositories}]}
        admin(self.endpoint, "POST", "seed", document)
        place = Repository(DOMAIN, ACCOUNT, name)
        return [Package(place, "pypi", None, f"{prefix}-{n}") for n in range(packages)]

    @contextmanager
    def away(self) -> Iterator[None]:
        """CodeArtifact keeps to its quotas, everything is 20 ms away; calls count from zero."""
        admin(self.endpoint, "PUT", "faults", {"latencyMs": LATENCY_MS, "quotas": True})
        self.others.latency_ms = LATENCY_MS
        self.forget_calls()
        time.sleep(1)  # the quotas' allowance for bursts is as it would be after a pause
        yield
        admin(self.endpoint, "PUT", "faults", {})
        self.others.latency_ms = 0

    def forget_calls(self) -> None:
        """Count calls from zero."""
        self.others.calls.clear()
        self.throttled.clear()
        admin(self.endpoint, "DELETE", "requests")

    def calls(self) -> dict[str, object]:
        """Return what was called since then."""
        return {
            "calls": admin(self.endpoint, "GET", "requests"),
            "throttled": dict(self.throttled),
            "calls_of_other_services": dict(self.others.calls),
        }

    def watch(self, client: CodeArtifactClient) -> None:
        """Count the throttled answers that *client* gets, also those that it asks again after."""

        def received(response_dict: Mapping[str, Any] | None, event_name: str, **_: object) -> None:
            if response_dict is not None and response_dict["status_code"] == THROTTLED:
                self.throttled[event_name.rpartition(".")[2]] += 1

        client.meta.events.register("response-received.codeartifact", received)

    def judge(self, bodies: Sequence[str]) -> float:
        """Have the judge take one batch; return the seconds of processor time."""
        began = time.process_time()
        answer = app.handler(batch_of(bodies), None)
        seconds = time.process_time() - began
        if answer != {"batchItemFailures": []}:
            sys.exit(f"the judge answered {answer}")
        return seconds

    def order(self, packages: Sequence[Package]) -> None:
        """The copies of all versions are ordered, by way of the judge."""
        for start in range(0, len(packages), BATCH):
            self.judge([messages.look(one) for one in packages[start : start + BATCH]])

    def work_off(self) -> float:
        """Have the copier work off its queue; return the seconds that it took."""
        began = time.perf_counter()
        while True:
            # As Lambda does: one batch at a time, as there is one message group.
            received = self.sqs.receive_message(
                QueueUrl=self.copies_queue, MaxNumberOfMessages=BATCH
            )
            orders = received.get("Messages", [])
            if not orders:
                return time.perf_counter() - began
            answer = copier.handler(batch_of([one["Body"] for one in orders]), None)
            if answer != {"batchItemFailures": []}:
                sys.exit(f"the copier answered {answer}")
            self.sqs.delete_message_batch(
                QueueUrl=self.copies_queue,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": one["ReceiptHandle"]}
                    for number, one in enumerate(orders)
                ],
            )

    def copied(self, name: str, packages: int, versions: int) -> dict[str, object]:
        """Return what it costs to copy all versions of so many packages."""
        found = self.seed(name, packages, versions, released=long_ago())
        self.order(found)
        with self.away():
            seconds = self.work_off()
            calls = self.calls()
        self._check(found, versions)
        least = packages / COPIES_PER_SECOND
        return {
            "packages": packages,
            "versions": packages * versions,
            "seconds": round(seconds, 2),
            "ratio_to_the_quota": round(seconds / least, 3),
            **calls,
        }

    def replay(self, packages: int, versions: int) -> dict[str, object]:
        """Return what it costs to copy as many, one version a call, as fast as answers come."""
        found = self.seed("replayed", packages, versions, released=long_ago())
        client: CodeArtifactClient = get_session().create_client("codeartifact")
        self.watch(client)
        failed: Counter[str] = Counter()
        with self.away():
            began = time.perf_counter()
            for package in found:
                for number in range(versions):
                    try:
                        client.copy_package_versions(
                            domain=DOMAIN,
                            sourceRepository="replayed",
                            destinationRepository="replayed-approved",
                            format="pypi",
                            package=package.name,
                            versions=[f"1.{number}.0"],
                        )
                    except ClientError as error:
                        failed[error.response["Error"]["Code"]] += 1
            seconds = time.perf_counter() - began
            calls = self.calls()
        return {
            "packages": packages,
            "versions": packages * versions,
            "seconds": round(seconds, 2),
            "not_copied": dict(failed),
            **calls,
        }

    def judged(self, repeats: int) -> dict[str, dict[str, object]]:
        """Return how many versions a second and core are judged, by what becomes of them."""
        best: dict[str, dict[str, object]] = {}
        for repeat in range(repeats):
            for title, released in (("approved", long_ago()), ("held", datetime.now(UTC))):
                packages = self.seed(
                    "gated",
                    JUDGED_PACKAGES,
                    JUDGED_VERSIONS,
                    released=released,
                    prefix=f"{title}-{repeat}",
                )
                self._time_judge(best, title, packages)
            self._time_judge(best, "settled", packages)
            self.work_off()
        return best

    def _time_judge(
        self, best: dict[str, dict[str, object]], title: str, packages: Sequence[Package]
    ) -> None:
        self.forget_calls()
        seconds = self.judge([messages.look(one) for one in packages])
        now = round(JUDGED_PACKAGES * JUDGED_VERSIONS / seconds)
        speed = "versions_per_second_per_core"
        before = cast("int", best.get(title, {}).get(speed, 0))
        best[title] = {speed: max(now, before), **self.calls()}

    def due(self, repeats: int) -> dict[str, object]:
        """Return what it costs to find what is due."""
        table = f"{TABLE}-due"
        create_table(self.dynamodb, table)
        now = datetime.now(UTC).replace(microsecond=0)
        fill(self.dynamodb, table, held=HELD, due=DUE, now=now)
        records = DynamoDbRecords(table)
        evaluated: list[int] = []
        events = cast("CodeArtifactClient", clients.dynamodb()).meta.events
        events.register(
            "after-call.dynamodb.Query",
            lambda parsed, **_: evaluated.append(parsed["ScannedCount"]),
        )
        milliseconds = []
        for _ in range(repeats):
            self.forget_calls()
            began = time.perf_counter()
            found = list(records.due(now))
            milliseconds.append((time.perf_counter() - began) * 1000)
            if len(found) != DUE:
                sys.exit(f"{len(found)} records were due, not {DUE}")
        return {
            "held": HELD,
            "due": DUE,
            "items_evaluated": sum(evaluated) // repeats,
            "milliseconds": round(min(milliseconds), 1),
            "calls_of_other_services": dict(self.others.calls),
        }

    def _check(self, packages: Sequence[Package], versions: int) -> None:
        """Every version has arrived, and is recorded."""
        records = DynamoDbRecords(TABLE)
        for package in packages:
            states = [one.state for one in records.of_package(package)]
            if states != ["copied"] * versions:
                sys.exit(f"{package.purl()}: {states}")


def long_ago() -> datetime:
    """Return a time that no gate minds."""
    return datetime.now(UTC) - timedelta(days=400)


def batch_of(bodies: Sequence[str]) -> dict[str, object]:
    """Return what Lambda gives a function for messages with *bodies*."""
    return {
        "Records": [
            {"messageId": str(number), "body": body, "eventSource": "aws:sqs"}
            for number, body in enumerate(bodies)
        ]
    }


def prepared(endpoint: str, folder: Path) -> Bench:
    """Return the bench, with a table and queues that only the functions of this process use."""
    point_aws_at(endpoint)
    session = get_session()
    dynamodb, sqs = (session.create_client(service) for service in ("dynamodb", "sqs"))
    policy = folder / "policy.json"
    policy.write_text(compile_policy(POLICY, "policy.yaml"))
    create_table(dynamodb, TABLE)
    deployment = find_deployment(connect(), "elsewhere")
    # Nobody reads the first: a delayed message of the copier would come after the end.
    promotions = sqs.create_queue(QueueName="benchmark")["QueueUrl"]
    copies = sqs.create_queue(
        QueueName="benchmark.fifo", Attributes={"FifoQueue": "true", "VisibilityTimeout": "600"}
    )["QueueUrl"]
    os.environ |= {
        "STEWARD_MODE": "enforce",
        "STEWARD_POLICY": str(policy),
        "STEWARD_DOMAIN": DOMAIN,
        "STEWARD_QUEUE_URL": promotions,
        "STEWARD_PROMOTIONS_QUEUE_URL": promotions,
        "STEWARD_COPIES_QUEUE_URL": copies,
        "STEWARD_PROMOTIONS_TABLE": TABLE,
        "STEWARD_LEDGER_TABLE": deployment.ledger,
        "STEWARD_ATTENTION_TOPIC": deployment.attention_topic or "",
        "STEWARD_OSV_URL": f"{endpoint}/_emulator/osv",
    }
    app.collaborators()  # the clients are made once a process, not once a run
    copier.collaborators()
    others = OtherServices()
    others.watch()
    bench = Bench(endpoint, dynamodb, sqs, others, copies)
    bench.watch(clients.codeartifact())
    return bench


def main() -> None:
    """Run the benchmark and print its figures as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--packages", type=int, default=200, help="packages of one version (default: 200)"
    )
    parser.add_argument("--repeats", type=int, default=3, help="judgements, queries (default: 3)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "policy.yaml").write_text(ELSEWHERE)
        with running("up", "--policy", str(folder / "policy.yaml")) as endpoint:
            bench = prepared(endpoint, folder)
            with quiet():
                figures = {
                    # First, as the local DynamoDB reads its whole table at each Query.
                    "one_version_a_package": bench.copied("single", arguments.packages, 1),
                    "twenty_versions_a_package": bench.copied("several", 10, 20),
                    "replay_one_version_a_call": bench.replay(10, 20),
                    "judge": bench.judged(arguments.repeats),
                    "what_is_due": bench.due(arguments.repeats),
                }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
