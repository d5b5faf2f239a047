"""Faults on request: what goes wrong, how often, and which undocumented behaviour is in force."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from emulator.core import switches
from emulator.core.errors import InternalServer, Throttling, Validation
from emulator.core.switches import SwitchValue

ConnectionHealth = Literal["up", "down", "slow"]

QUOTAS: Mapping[str, float] = MappingProxyType(
    {
        # "Quotas in AWS CodeArtifact", User Guide: requests a second
        "CopyPackageVersions": 5,
        "PublishPackageVersion": 10,
        "GetAuthorizationToken": 40,
        "GetPackageVersionAsset": 50,
        "ListPackages": 200,
        "ListPackageVersions": 200,
        "ListPackageVersionAssets": 200,
        "Read": 800,
        "Write": 100,
    }
)
"""
The documented rates; ``Read`` and ``Write`` are those of the account over all operations, data
plane included.
"""

MAX_WAIT = 10**9  # milliseconds or seconds: our choice, longer than anyone waits

_READS = ("Describe", "List", "Get", "Read")


@dataclass(frozen=True, slots=True)
class EventFaults:
    """Probabilities (0 to 1) that an event is delivered twice, after a later one, or never."""

    duplicate: float = 0.0
    reorder: float = 0.0
    drop: float = 0.0


@dataclass(frozen=True, slots=True)
class Settings:
    """
    Every fault that is in force; see `Faults.set`.

    Attributes:
        throttle: Operation (or ``Read``, ``Write``) to requests a second.
        quotas: The documented `QUOTAS` are in force where *throttle* says nothing, and so are the
            documented numbers of domains and repositories.
        error_rate: Probability that a call fails with InternalServerException.
        visibility_delay_seconds: How long a version that was fetched stays unseen by the API (about
            180 in AWS, User Guide).
        switches: The switches that differ from their default.
    """

    latency_ms: float = 0.0
    throttle: Mapping[str, float] = field(default_factory=dict)
    quotas: bool = False
    error_rate: float = 0.0
    external_connections: Mapping[str, ConnectionHealth] = field(default_factory=dict)
    visibility_delay_seconds: float = 0.0
    events: EventFaults = EventFaults()
    switches: Mapping[str, SwitchValue] = field(default_factory=dict)
    seed: int = 0


class _Bucket:
    """A token bucket that holds one second's worth."""

    def __init__(self, rate: float, now: float) -> None:
        self.rate = rate
        self._size = max(rate, 1.0)
        self._tokens = self._size
        self._at = now

    def take(self, now: float) -> bool:
        self._tokens = min(self._size, self._tokens + (now - self._at) * self.rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Faults:
    """
    The faults of one local CodeArtifact, shared by all threads.

    Reading ``settings`` gives one consistent value; `set` replaces it.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._monotonic = monotonic
        self._buckets: dict[str, _Bucket] = {}
        self._settings = Settings()
        self._random = random.Random(0)  # noqa: S311  repeatable faults, nothing secret

    @property
    def settings(self) -> Settings:
        """Everything that is in force now."""
        return self._settings

    @property
    def latency_ms(self) -> float:
        """How long each request waits before it is answered."""
        return self._settings.latency_ms

    @property
    def visibility_delay_seconds(self) -> float:
        """How long a fetched version stays unseen by the API."""
        return self._settings.visibility_delay_seconds

    @property
    def quotas(self) -> bool:
        """Whether the documented quotas are in force."""
        return self._settings.quotas

    def set(self, settings: Settings) -> None:
        """
        *settings* are in force, all others gone; the random numbers start again at their seed.

        Raises:
            Validation: A switch or a value does not exist; everything stays as it was.
        """
        for name, value in settings.switches.items():
            switches.validated(name, value)
        for name, health in settings.external_connections.items():
            if health not in {"up", "down", "slow"}:
                raise Validation(f"externalConnections.{name} is up, down or slow, not {health!r}")
        _check_probability("errorRate", settings.error_rate)
        for name in ("duplicate", "reorder", "drop"):
            _check_probability(f"events.{name}", getattr(settings.events, name))
        for name, rate in settings.throttle.items():
            if rate < 0:
                raise Validation(f"throttle.{name} cannot be below 0, got {rate}")
        for name, wait in (
            ("latencyMs", settings.latency_ms),
            ("visibilityDelaySeconds", settings.visibility_delay_seconds),
        ):
            if not 0 <= wait <= MAX_WAIT:
                raise Validation(f"{name} is from 0 to {MAX_WAIT}, not {wait}")
        with self._lock:
            self._settings = settings
            self._buckets.clear()
            self._random.seed(settings.seed)

    def switch(self, name: str) -> SwitchValue:
        """Return what the switch is set to, its default if it is not."""
        value = self._settings.switches.get(name)
        return switches.SWITCHES[name].default if value is None else value

    def on(self, name: str) -> bool:
        """Whether a yes-or-no switch is set to yes."""
        return self.switch(name) is True

    def connection(self, name: str) -> ConnectionHealth:
        """Return how the external connection *name* does."""
        return self._settings.external_connections.get(name, "up")

    def chance(self, probability: float) -> bool:
        """Whether a thing of this *probability* happens now."""
        if probability <= 0:
            return False
        with self._lock:
            return self._random.random() < probability

    def check(self, *names: str) -> None:
        """
        Nothing, if the request may go on.

        Args:
            names: The API operation; or ``{format}:{kind}`` of a data-plane request and then, if it
                only reads, its IAM action ``ReadFromRepository``.

        Raises:
            Throttling: Its rate, or the account's for reads or writes, is exceeded.
            InternalServer: ``error_rate`` wants this request to fail.
        """
        settings = self._settings
        if settings.quotas or settings.throttle:
            account = "Read" if names[-1].startswith(_READS) else "Write"
            for name in (*names, account):
                self._take(name, settings)
        if self.chance(settings.error_rate):
            raise InternalServer("Internal server error (a fault that was asked for)")

    def _take(self, name: str, settings: Settings) -> None:
        rate = settings.throttle.get(name, QUOTAS.get(name) if settings.quotas else None)
        if rate is None:
            return
        now = self._monotonic()
        with self._lock:
            bucket = self._buckets.get(name)
            if bucket is None:
                bucket = self._buckets[name] = _Bucket(rate, now)
            taken = rate > 0 and bucket.take(now)
        if not taken:
            raise Throttling(f"Rate exceeded for {name}: {rate:g} requests a second")


def _check_probability(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise Validation(f"{name} is a probability from 0 to 1, not {value}")
