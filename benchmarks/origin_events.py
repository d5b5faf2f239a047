"""
Measure what events cost the origin controls: 1,000 events for 100 packages, in one run.

The local CodeArtifact runs in a process of its own, so the processor time counted here is the
handler's: reading messages, deciding, logging, and botocore's share of the calls.

    .venv/bin/python -m benchmarks.origin_events [--repeats 3]

prints JSON, for each kind of rule: events a second of processor time (the most of the repeats), and
the calls that CodeArtifact and other services received; once with all packages drifted, and once
more with the same events, when all are in order.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TypedDict

from benchmarks.local import admin, quiet, running
from benchmarks.other_services import OtherServices, point_aws_at
from benchmarks.sample_events import DOMAIN, NAMESPACE, batch, snapshot_published
from cli.aws import connect
from cli.deployment import find_deployment
from enforce_origin_controls import app
from steward import clients
from steward.policy_file import compile_policy

PACKAGES = 100
EVENTS = 1_000
VERSIONS = 10
# The deployment of the local stack is for another domain: its function hears of nothing here.
ELSEWHERE = "domain: elsewhere\norigins:\n  - packages: /maven/*\n    kind: public\n"
POLICY = f"""
domain: {DOMAIN}
origins:
  - packages: /maven/{NAMESPACE}/explicit~
    publish: BLOCK
    upstream: BLOCK
  - packages: /maven/{NAMESPACE}/public~
    kind: public
  - packages: [/maven/{NAMESPACE}/internal~, /maven/{NAMESPACE}/attacked~]
    kind: internal
  - packages: /maven/{NAMESPACE}/inferred~
    kind: inferred
"""
# What the packages' names begin with; "attacked" is internal with one version from outside.
SCOPES = ("explicit", "public", "internal", "attacked", "inferred", "without-a-rule")


class Figures(TypedDict):
    """What one run has cost."""

    events_per_second_per_core: int
    calls: dict[str, int]
    calls_of_other_services: dict[str, int]


def seed(endpoint: str, scope: str, repository: str) -> None:
    """A new repository has the packages of *scope*, all open on both sides."""
    ours = {"originType": "INTERNAL", "domainEntryPoint": {"repositoryName": repository}}
    outside = {
        "originType": "EXTERNAL",
        "domainEntryPoint": {"externalConnectionName": "public:maven-central"},
    }
    versions = [{"version": f"1.{number}", "origin": ours} for number in range(VERSIONS)]
    if scope == "attacked":
        versions.append({"version": "99.0", "origin": outside})
    packages = [
        {
            "format": "maven",
            "namespace": NAMESPACE,
            "package": f"{scope}-{number}",
            "versions": versions,
            "restrictions": {"publish": "ALLOW", "upstream": "ALLOW"},
        }
        for number in range(PACKAGES)
    ]
    repositories = [{"name": repository, "packages": packages}]
    document = {"domains": [{"name": DOMAIN, "repositories": repositories}]}
    admin(endpoint, "POST", "seed", document)


def events(scope: str, repository: str) -> dict[str, object]:
    """Return one batch with ten events for each package, mixed."""
    order = [n % PACKAGES for n in range(EVENTS)]
    random.Random(0).shuffle(order)  # noqa: S311  a repeatable order, not a secret
    return batch(
        snapshot_published(f"{scope}-{package}", number, repository=repository)
        for number, package in enumerate(order)
    )


def measured(endpoint: str, messages: dict[str, object], others: OtherServices) -> Figures:
    """Give the handler *messages* and return what it has cost."""
    others.calls.clear()
    admin(endpoint, "DELETE", "requests")
    processor = time.process_time()
    answer = app.handler(messages, None)
    processor = time.process_time() - processor
    if answer != {"batchItemFailures": []}:
        sys.exit(f"the handler answered {answer}")
    return {
        "events_per_second_per_core": round(EVENTS / processor),
        "calls": admin(endpoint, "GET", "requests"),
        "calls_of_other_services": dict(others.calls),
    }


def measure(endpoint: str, folder: Path, repeats: int) -> dict[str, dict[str, Figures]]:
    """Run the handler on the events of every scope, and again when all is in order."""
    point_aws_at(endpoint)
    policy = folder / "policy.json"
    policy.write_text(compile_policy(POLICY, "policy.yaml"))
    deployment = find_deployment(connect(), "elsewhere")
    # Nobody reads it: a delayed message of the automation would come after the end.
    queue = clients.sqs().create_queue(QueueName="benchmark")["QueueUrl"]  # type: ignore[attr-defined]  # only here
    os.environ |= {
        "STEWARD_MODE": "enforce",
        "STEWARD_POLICY": str(policy),
        "STEWARD_DOMAIN": DOMAIN,
        "STEWARD_QUEUE_URL": queue,
        "STEWARD_LEDGER_TABLE": deployment.ledger,
        "STEWARD_ATTENTION_TOPIC": deployment.attention_topic or "",
    }
    app.collaborators()  # the clients are made once a process, not once a run
    others = OtherServices()
    others.watch()
    best: dict[str, dict[str, Figures]] = {}
    for repeat in range(repeats):
        for scope in SCOPES:
            repository = f"{scope}-{repeat}"
            seed(endpoint, scope, repository)
            messages = events(scope, repository)
            for state in ("drifted", "in_order"):
                now = measured(endpoint, messages, others)
                before = best.setdefault(scope, {}).setdefault(state, now)
                speed = "events_per_second_per_core"
                before[speed] = max(before[speed], now[speed])  # type: ignore[literal-required]
                if before["calls"] != now["calls"]:
                    sys.exit(f"{scope}, {state}: once {before['calls']}, once {now['calls']}")
    return best


def main() -> None:
    """Start the system, run the handler in this process, print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3, help="runs of each kind (default: 3)")
    repeats: int = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "policy.yaml").write_text(ELSEWHERE)
        with running("up", "--policy", str(folder / "policy.yaml")) as endpoint, quiet():
            figures = measure(endpoint, folder, repeats)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
