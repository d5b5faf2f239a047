"""
Measure the automation itself: 1,000 events for 10 packages with 200 builds each, in one run.

The local CodeArtifact runs in a process of its own, so the processor time counted here is the
handler's: reading messages, deciding, logging, and botocore's share of the calls.

    .venv/bin/python -m benchmarks.handler

prints JSON: events a second of processor time, and the calls that CodeArtifact received.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.local import admin, running
from benchmarks.sample_events import (
    ACCOUNT,
    DOMAIN,
    NAMESPACE,
    REPOSITORY,
    batch,
    snapshot_published,
)
from cli.aws import connect
from cli.deployment import find_deployment
from steward.policy_file import compile_policy
from unlist_snapshot_builds import app

PACKAGES = 10
BUILDS = 200
EVENTS = 1_000
POLICY = f"domain: {DOMAIN}\nsnapshots:\n  - packages: /maven/com.mycompany~\n"


def versions() -> list[dict[str, object]]:
    """Return the builds of one package: the newest Unlisted, the others left Published."""
    names = [f"1.0-20260301.{10 + n // 60:02d}{n % 60:02d}00-{n + 1}" for n in range(BUILDS)]
    builds: list[dict[str, object]] = [
        {"version": name, "status": "Published", "assets": [{"name": "a.jar", "size": 100}]}
        for name in names[:-1]
    ]
    return [
        *builds,
        {"version": names[-1], "status": "Unlisted"},
        {"version": "1.0-SNAPSHOT", "status": "Published"},
    ]


def seed_document() -> dict[str, object]:
    """Return the seed: one repository with all packages."""
    packages = [
        {
            "format": "maven",
            "namespace": NAMESPACE,
            "package": f"pkg-{n}",
            "versions": versions(),
        }
        for n in range(PACKAGES)
    ]
    repository = {"name": REPOSITORY, "packages": packages}
    return {"domains": [{"name": DOMAIN, "repositories": [repository]}]}


def events() -> list[dict[str, object]]:
    """Return the events of all packages, mixed."""
    order = [n % PACKAGES for n in range(EVENTS)]
    random.Random(0).shuffle(order)  # noqa: S311  a repeatable order, not a secret
    return [snapshot_published(f"pkg-{package}", n) for n, package in enumerate(order)]


def measure(endpoint: str, folder: Path) -> dict[str, object]:
    """Run the handler twice, on stale builds and on tidy packages, and return the figures."""
    policy = folder / "policy.json"
    policy.write_text(compile_policy(POLICY, "policy.yaml"))
    os.environ |= {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": "us-west-2",
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "local",
        "STEWARD_MODE": "enforce",
        "STEWARD_POLICY": str(policy),
        "STEWARD_DOMAIN": DOMAIN,
        "STEWARD_QUEUE_URL": f"{endpoint}/{ACCOUNT}/snapshot-builds",
        "POWERTOOLS_SERVICE_NAME": "unlist_snapshot_builds",
        "POWERTOOLS_METRICS_NAMESPACE": "CodeArtifactSteward",
    }
    os.environ["STEWARD_LEDGER_TABLE"] = find_deployment(connect(), DOMAIN).ledger
    app.collaborators()  # the clients are made once a process, not once a run
    figures: dict[str, object] = {}
    messages = batch(events())
    for name in ("199_stale_builds_a_package", "nothing_stale"):
        admin(endpoint, "DELETE", "requests")
        wall, processor = time.perf_counter(), time.process_time()
        answer = app.handler(messages, None)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        if answer != {"batchItemFailures": []}:
            sys.exit(f"the handler answered {answer}")
        figures[name] = {
            "events_per_second_per_core": round(EVENTS / processor),
            "wall_seconds": round(wall, 2),
            "processor_seconds": round(processor, 2),
            "calls": admin(endpoint, "GET", "requests"),
        }
    return figures


def main() -> None:
    """Start the system, run the handler in this process, print the figures."""
    with tempfile.TemporaryDirectory() as folder, running("up", "--mode", "observe") as endpoint:
        admin(endpoint, "POST", "seed", seed_document())
        output = os.dup(1)
        with (Path(folder) / "log").open("w") as log:
            os.dup2(log.fileno(), 1)  # the handler's log lines are no result
            figures = measure(endpoint, Path(folder))
            sys.stdout.flush()
            os.dup2(output, 1)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
