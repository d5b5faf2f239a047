"""
How long an event takes to its queue, for each matching target.

    .venv/bin/python -m benchmarks.event_routing [EVENTS]

Prints JSON: median and 99th percentile in milliseconds for one rule with one target, for one with
five, and for fifty rules of which one matches. The limit is 2 ms for each matching target.
"""

import json
import statistics
import sys
import time

from moto.events.models import events_backends
from moto.sqs.models import sqs_backends

from benchmarks.sample_events import ACCOUNT, REGION, snapshot_published
from cli.stack.queues import make_queues_thread_safe
from cli.stack.router import EventRouter

LIMIT_MILLISECONDS = 2.0


def rule(name: str, domain: str, targets: int) -> None:
    """Put a rule for a domain, with queues of its own."""
    events, queues = events_backends[ACCOUNT][REGION], sqs_backends[ACCOUNT][REGION]
    pattern = {
        "source": ["aws.codeartifact"],
        "detail-type": ["CodeArtifact Package Version State Change"],
        "detail": {"domainName": [domain], "operationType": ["Created", "Updated"]},
    }
    events.put_rule(name, event_pattern=json.dumps(pattern))
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
    }
    policy = json.dumps({"Statement": [statement]})
    arns = [
        queues.create_queue(f"{name}-{number}", Policy=policy).queue_arn
        for number in range(targets)
    ]
    events.put_targets(name, None, [{"Id": str(i), "Arn": arn} for i, arn in enumerate(arns)])


def measured(events: int, matching_targets: int) -> dict[str, float]:
    """Route that many events and return milliseconds for each matching target."""
    router = EventRouter(ACCOUNT, REGION)
    durations = []
    for number in range(events):
        one = snapshot_published("pkg-1", number)
        started = time.perf_counter()
        delivered = router.route(one)
        durations.append((time.perf_counter() - started) * 1000 / matching_targets)
        assert delivered == matching_targets
    percentiles = statistics.quantiles(durations, n=100)
    return {
        "medianMs": round(statistics.median(durations), 4),
        "p99Ms": round(percentiles[98], 4),
    }


def main() -> None:
    """Measure the three cases and print them."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    make_queues_thread_safe()
    figures: dict[str, object] = {"events": events, "limitMs": LIMIT_MILLISECONDS}
    for title, rules in {
        "oneTarget": [("my-company", 1)],
        "fiveTargets": [("my-company", 5)],
        "oneOfFiftyRules": [("my-company", 1), *[(f"other-{i}", 1) for i in range(49)]],
    }.items():
        events_backends[ACCOUNT][REGION].event_buses["default"].rules.clear()
        sqs_backends[ACCOUNT][REGION].queues.clear()
        for number, (domain, targets) in enumerate(rules):
            rule(f"{title}-{number}", domain, targets)
        figures[title] = measured(events, sum(t for domain, t in rules if domain == "my-company"))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
