"""The gate ``dependencies``: what a version needs goes before it, or it does not go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from promote_versions.facts import DependencyFact, Unavailable, VersionFacts
from promote_versions.gates.waits import UNANSWERED, later
from promote_versions.verdicts import Verdict, hold, pass_, refuse

GATE: Final = "dependencies"


def judge(facts: VersionFacts, *, now: datetime) -> Verdict:
    """
    Return whether everything that the version depends on may be promoted before it.

    - A refused dependency refuses the version, and is named.
    - A held one holds it, for as long as the first of them is held for certain.
    - One that the source repository does not hold is named and does not count: it may be a package
      that the destination's clients get elsewhere, or that is optional.
    """
    if isinstance(facts.dependencies, Unavailable):
        reason = f"needs what nobody could list: {facts.dependencies.reason}"
        return hold(GATE, reason, until=later(now, UNANSWERED))
    ordered = sorted(facts.dependencies, key=lambda one: one.purl)
    named: dict[str, object] = {
        "dependencies": [{"purl": one.purl, "state": one.state} for one in ordered]
    }
    refused = [one for one in ordered if one.state == "refused"]
    if refused:
        return refuse(GATE, f"needs what is refused: {_shown(refused)}", named)
    held = [one for one in ordered if one.state == "held"]
    if held:
        until = min((one.until for one in held if one.until is not None), default=None)
        return hold(GATE, f"needs what is held: {_shown(held)}", named, until=until)
    absent = ", ".join(one.purl for one in ordered if one.state == "absent")
    if absent:
        return pass_(GATE, f"needs only what is let through, and what is absent: {absent}", named)
    return pass_(GATE, "needs only what is let through" if ordered else "needs nothing", named)


def _shown(dependencies: Sequence[DependencyFact]) -> str:
    return "; ".join(
        f"{one.purl} ({one.reason})" if one.reason else one.purl for one in dependencies
    )
