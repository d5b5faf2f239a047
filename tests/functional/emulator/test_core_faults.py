"""The clock, faults on request, and the switches of undocumented behaviours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from emulator.core.clock import Clock, moment, stamp
from emulator.core.errors import InternalServer, Throttling, Validation
from emulator.core.faults import EventFaults, Faults, Settings
from emulator.core.switches import SWITCHES

NOW = datetime(2024, 2, 29, 23, 59, 59, 999_999, UTC)


class Ticks:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        """Return the present second."""
        return self.seconds


def accepted(faults: Faults, operation: str, calls: int) -> int:
    """Return how many of so many calls pass."""
    count = 0
    for _ in range(calls):
        try:
            faults.check(operation)
        except Throttling:
            continue
        count += 1
    return count


def test_the_clock_stands_still_moves_and_runs_again() -> None:
    """Frozen and advanced to the microsecond; watchers hear of each change."""
    clock = Clock()
    heard: list[datetime] = []
    clock.watch(lambda: heard.append(clock.now()))
    clock.freeze(NOW)
    assert (clock.now(), clock.now(), clock.frozen) == (NOW, NOW, True)
    clock.advance(timedelta(minutes=30))
    assert clock.now() == NOW + timedelta(minutes=30)
    clock.resume()
    assert not clock.frozen
    assert clock.now() - datetime.now(UTC) < timedelta(minutes=1)
    assert len(heard) == 3
    assert moment(stamp(NOW)) == NOW


def test_a_running_clock_can_be_advanced() -> None:
    """It runs on from there."""
    clock = Clock()
    clock.advance(timedelta(days=365))
    assert clock.now() > datetime.now(UTC) + timedelta(days=364)
    assert not clock.frozen


def test_a_throttled_operation_passes_at_its_rate() -> None:
    """A burst of one second's worth, then as time goes by; others are not touched."""
    ticks = Ticks()
    faults = Faults(ticks)
    faults.set(Settings(throttle={"ListPackages": 3}))
    assert accepted(faults, "ListPackages", 10) == 3
    assert accepted(faults, "DescribePackage", 10) == 10
    ticks.seconds += 1
    assert accepted(faults, "ListPackages", 10) == 3
    ticks.seconds += 1 / 3 + 0.01
    assert accepted(faults, "ListPackages", 10) == 1


def test_the_documented_quotas_hold_and_can_be_overridden() -> None:
    """Five copies a second, 100 writes a second over all operations; throttle comes first."""
    faults = Faults(Ticks())
    assert accepted(faults, "CopyPackageVersions", 500) == 500
    faults.set(Settings(quotas=True))
    assert accepted(faults, "CopyPackageVersions", 500) == 5
    assert accepted(faults, "DeletePackage", 500) == 95
    assert accepted(faults, "DescribePackage", 2000) == 800
    faults.set(Settings(quotas=True, throttle={"CopyPackageVersions": 50}))
    assert accepted(faults, "CopyPackageVersions", 500) == 50


def test_a_rate_of_nothing_refuses_all() -> None:
    """With how long to wait in the error."""
    faults = Faults(Ticks())
    faults.set(Settings(throttle={"ListPackages": 0}))
    with pytest.raises(Throttling) as caught:
        faults.check("ListPackages")
    assert caught.value.retry_after_seconds == 1


def test_errors_come_at_their_rate_and_repeat_with_the_seed() -> None:
    """The same seed fails the same calls."""

    def outcomes() -> list[bool]:
        faults = Faults()
        faults.set(Settings(error_rate=0.5, seed=42))
        found = []
        for _ in range(50):
            try:
                faults.check("ListPackages")
                found.append(True)
            except InternalServer:
                found.append(False)
        return found

    first = outcomes()
    assert first == outcomes()
    assert 10 < sum(first) < 40


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(Settings(error_rate=1.1), id="a rate above 1"),
        pytest.param(Settings(events=EventFaults(drop=-0.1)), id="a probability below 0"),
        pytest.param(Settings(latency_ms=-1), id="a negative latency"),
        pytest.param(Settings(throttle={"ListPackages": -1}), id="a negative throttle"),
        pytest.param(Settings(switches={"noSuch": True}), id="an unknown switch"),
        pytest.param(Settings(switches={"redirectStatus": 303}), id="a value it does not take"),
        pytest.param(Settings(switches={"distTagEmits": 1}), id="a number for yes or no"),
        pytest.param(
            Settings(external_connections={"public:pypi": "away"}),  # type: ignore[dict-item]  # wrong on purpose
            id="a health that is none",
        ),
    ],
)
def test_faults_that_cannot_be_are_refused_and_the_old_ones_stay(settings: Settings) -> None:
    """Nothing half-set."""
    faults = Faults()
    faults.set(Settings(latency_ms=5))
    with pytest.raises(Validation):
        faults.set(settings)
    assert faults.latency_ms == 5


@pytest.mark.parametrize("name", sorted(SWITCHES))
def test_every_switch_has_another_value_and_says_what_is_reached_then(name: str) -> None:
    """Each value can be set; the default is the first."""
    switch = SWITCHES[name]
    faults = Faults()
    assert faults.switch(name) == switch.default == switch.allowed[0]
    assert len(switch.allowed) == len(set(switch.allowed)) >= 2
    assert switch.question.endswith(".")
    assert switch.elsewhere
    for value in switch.allowed:
        faults.set(Settings(switches={name: value}))
        assert faults.switch(name) == value
