"""The answer of one gate about one version: pass, hold or refuse, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, get_args

Outcome = Literal["pass", "hold", "refuse"]

OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What one gate says.

    Attributes:
        gate: Its name, which is its key in the policy's ``require`` where it has one.
        reason: For a person who knows the package but not the policy, to be read after "it".
        until: Only of a hold: when to look again; ``None``: no time alone will change it.
        facts: What the gate judged by, as JSON has it: no number in it has a fraction.
    """

    gate: str
    outcome: Outcome
    reason: str
    until: datetime | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


def pass_(gate: str, reason: str, facts: Mapping[str, object] | None = None) -> Verdict:
    """Return that *gate* lets the version through."""
    return Verdict(gate, "pass", reason, None, facts or {})


def hold(
    gate: str,
    reason: str,
    facts: Mapping[str, object] | None = None,
    *,
    until: datetime | None = None,
) -> Verdict:
    """Return that *gate* holds the version until *until*, or until something else happens."""
    return Verdict(gate, "hold", reason, until, facts or {})


def refuse(gate: str, reason: str, facts: Mapping[str, object] | None = None) -> Verdict:
    """Return that *gate* keeps the version out."""
    return Verdict(gate, "refuse", reason, None, facts or {})
