"""The faults of the admin API, between their JSON names and `emulator.core.faults`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar, cast

from emulator.client_routes import client_routes
from emulator.core.errors import Validation
from emulator.core.faults import QUOTAS, ConnectionHealth, EventFaults, Settings
from emulator.core.repositories import EXTERNAL_CONNECTIONS
from emulator.core.switches import SWITCHES, SwitchValue, validated
from emulator.formats.endpoint import READ
from emulator.wire import model

if TYPE_CHECKING:
    from emulator.core.state import State

_Value = TypeVar("_Value")

_MEMBERS = (
    "latencyMs",
    "throttle",
    "quotas",
    "errorRate",
    "externalConnections",
    "visibilityDelaySeconds",
    "events",
    "switches",
    "seed",
)
_EVENTS = ("duplicate", "reorder", "drop")
_MOST = 2**63 - 1
_HEALTH = ("up", "down", "slow")


def document(state: State) -> dict[str, object]:
    """
    Return the faults in force, every switch with its value, default and sentence, and the quotas.

    ``documentedQuotas`` is what ``{"quotas": true}`` puts in force.
    """
    now = state.faults.settings
    return {
        "latencyMs": now.latency_ms,
        "throttle": dict(now.throttle),
        "quotas": now.quotas,
        "documentedQuotas": dict(QUOTAS),
        "errorRate": now.error_rate,
        "externalConnections": {
            name: state.faults.connection(name) for name in sorted(EXTERNAL_CONNECTIONS)
        },
        "visibilityDelaySeconds": now.visibility_delay_seconds,
        "events": asdict(now.events),
        "seed": now.seed,
        "switches": {
            name: {
                "value": state.faults.switch(name),
                "default": switch.default,
                "allowed": list(switch.allowed),
                "question": switch.question,
                "elsewhere": switch.elsewhere,
            }
            for name, switch in SWITCHES.items()
        },
    }


def settings(state: State, wanted: object) -> Settings:
    """
    Return the settings that a PUT document asks for; what it does not name has its default.

    Switches stand in ``switches`` or beside the other members. ``{"throttle": {"quotas": true}}``
    is the same as ``{"quotas": true}``.

    Raises:
        Validation: A name or value is not known; the message lists those that are.
    """
    members = _object("the faults", wanted)
    _known("fault", members, (*_MEMBERS, *SWITCHES))
    throttle = dict(_object("throttle", members.get("throttle", {})))
    quotas = throttle.pop("quotas", members.get("quotas", False))
    if not isinstance(quotas, bool):
        raise Validation(f"quotas is true or false, not {quotas!r}")
    _known("operation", throttle, _operations())
    connections = _object("externalConnections", members.get("externalConnections", {}))
    _known("external connection", connections, sorted({*EXTERNAL_CONNECTIONS, *state.public}))
    events = _object("events", members.get("events", {}))
    _known("event fault", events, _EVENTS)
    return Settings(
        latency_ms=_number("latencyMs", members.get("latencyMs", 0)),
        throttle=_each("throttle", throttle, _number),
        quotas=quotas,
        error_rate=_number("errorRate", members.get("errorRate", 0)),
        external_connections=_each("externalConnections", connections, _health),
        visibility_delay_seconds=_number(
            "visibilityDelaySeconds", members.get("visibilityDelaySeconds", 0)
        ),
        events=EventFaults(**_each("events", events, _number)),
        switches=_switches(members),
        seed=int(_number("seed", members.get("seed", 0))),
    )


def _switches(members: Mapping[str, object]) -> dict[str, SwitchValue]:
    given = {name: value for name, value in members.items() if name in SWITCHES}
    given |= _object("switches", members.get("switches", {}))
    return {name: validated(name, value) for name, value in given.items()}


def _operations() -> list[str]:
    """Return what can be throttled: operations, the account's reads and writes, client requests."""
    clients = {f"{fmt}:{each.kind}" for fmt, routes in client_routes().items() for each in routes}
    return [*model.load().by_name, "Read", "Write", READ, *sorted(clients)]


def _object(name: str, value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise Validation(f"{name} must be a JSON object, not {value!r:.100}")
    return value


def _known(noun: str, given: Iterable[str], known: Iterable[str]) -> None:
    names = list(known)
    for name in given:
        if name not in names:
            raise Validation(f"No {noun} is named {name!r}; there are {', '.join(names)}")


def _each(
    name: str, given: Mapping[str, object], read: Callable[[str, object], _Value]
) -> dict[str, _Value]:
    return {key: read(f"{name}.{key}", value) for key, value in given.items()}


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > _MOST:
        raise Validation(f"{name} is a number of at most 64 bits, not {value!r:.100}")
    return value


def _health(name: str, value: object) -> ConnectionHealth:
    if value not in _HEALTH:
        raise Validation(f"{name} is one of {', '.join(_HEALTH)}, not {value!r}")
    return cast("ConnectionHealth", value)
