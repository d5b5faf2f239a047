"""The gate ``bypass``: no promotion to a repository whose clients get the package anyway."""

from __future__ import annotations

from typing import Final

from promote_versions.facts import VersionFacts
from promote_versions.verdicts import Verdict, pass_, refuse

GATE: Final = "bypass"


def judge(facts: VersionFacts) -> Verdict:
    """Return the refusal if there is a way around all gates, with that way and how to close it."""
    if facts.bypass is not None:
        return refuse(GATE, f"can be had without any gate: {facts.bypass}", {"way": facts.bypass})
    return pass_(GATE, "can be had through the gates only")
