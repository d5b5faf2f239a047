"""The automation's clients of other services than CodeArtifact: counted, and made slow."""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol, cast

from benchmarks.sample_events import ACCOUNT, REGION
from steward import clients


class _Emitter(Protocol):
    def register(self, event_name: str, handler: object) -> None:
        """See "Extending Boto3 with events", Boto3 documentation."""


class _Meta(Protocol):
    events: _Emitter


class _Client(Protocol):
    meta: _Meta


@dataclass
class OtherServices:
    """
    What was asked of DynamoDB, EventBridge, SQS and SNS, by operation.

    The local ones answer at once. With *latency_ms* each call takes that much longer, so that
    it is as far away as a CodeArtifact with the fault ``latencyMs``.
    """

    latency_ms: int = 0
    calls: Counter[str] = field(default_factory=Counter)

    def watch(self) -> None:
        """Count from now on; once a process, as the clients are made once too."""
        for client in (clients.dynamodb(), clients.events(), clients.sqs(), clients.sns()):
            cast("_Client", client).meta.events.register("before-send", self._sent)

    def _sent(self, event_name: str, **_: object) -> None:
        self.calls[event_name.rpartition(".")[2]] += 1
        time.sleep(self.latency_ms / 1000)


def point_aws_at(endpoint: str) -> None:
    """Clients made in this process from now on talk to *endpoint*."""
    os.environ |= {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "local",
        "POWERTOOLS_SERVICE_NAME": "enforce_origin_controls",
        "POWERTOOLS_METRICS_NAMESPACE": "CodeArtifactSteward",
    }
