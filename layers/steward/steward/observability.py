"""How the functions log and count: Powertools, made at first use."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from steward.coordinates import Package

# So that `location` in a log line is the place that decided, not this module.
_CALLER: Final = 3
# Powertools counts without a lock, and writes by itself when a metric has 100 values.
_COUNTING: Final = Lock()


@cache
def logger() -> Logger:
    """
    Return the process's logger: one JSON object a line, as ``POWERTOOLS_*`` variables say.

    Times are UTC. For lines about a package, see :class:`PackageLog`.
    """
    return Logger(utc=True)


@cache
def _metrics() -> Metrics:
    # template.yaml names the namespace; Powertools refuses to write metrics without one.
    return Metrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "CodeArtifactSteward"))


@dataclass(frozen=True, slots=True)
class PackageLog:
    """Log lines about one package: each carries its coordinates."""

    package: Package

    def debug(self, message: str, **keys: object) -> None:
        """Log what is as it should be."""
        logger().debug(message, extra=self._coordinates() | keys, stacklevel=_CALLER)

    def info(self, message: str, **keys: object) -> None:
        """Log what was decided or done, and why."""
        logger().info(message, extra=self._coordinates() | keys, stacklevel=_CALLER)

    def warning(self, message: str, **keys: object) -> None:
        """Log what CodeArtifact refused."""
        logger().warning(message, extra=self._coordinates() | keys, stacklevel=_CALLER)

    def error(self, message: str, **keys: object) -> None:
        """Log what somebody should look at."""
        logger().error(message, extra=self._coordinates() | keys, stacklevel=_CALLER)

    def _coordinates(self) -> dict[str, object]:
        coordinates: dict[str, object] = {
            "domain": self.package.repository.domain,
            "repository": self.package.repository.name,
            "format": self.package.format,
            "package": self.package.name,
        }
        if self.package.namespace:
            coordinates["namespace"] = self.package.namespace
        return coordinates


def count(name: str, number: int) -> None:
    """
    Add *number* to the CloudWatch metric *name* (embedded metric format).

    Metrics have no package among their dimensions: every combination of dimensions is billed as a
    metric of its own ("Amazon CloudWatch pricing").
    """
    with _COUNTING:
        _metrics().add_metric(name=name, unit=MetricUnit.Count, value=number)


def flush_metrics() -> None:
    """Write what was counted since the last time. At least one count has to come first."""
    _metrics().flush_metrics()
