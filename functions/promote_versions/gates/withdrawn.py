"""The gate ``withdrawn``: what its publisher has yanked is not promoted."""

from __future__ import annotations

from typing import Final

from promote_versions.facts import VersionFacts
from promote_versions.verdicts import Verdict, refuse

GATE: Final = "withdrawn"


def judge(facts: VersionFacts) -> Verdict | None:
    """
    Return the refusal of a version that the public repository has yanked.

    Nobody asks for this alone: it is seen with the release times. A version that was promoted would
    be recalled by the next check.

    Returns:
        ``None`` if it has not been yanked, or nobody asked.
    """
    if facts.withdrawn is None:
        return None
    said = f": {facts.withdrawn}" if facts.withdrawn else ""
    named: dict[str, object] = {"said": facts.withdrawn}
    return refuse(GATE, f"was yanked from the public repository{said}", named)
