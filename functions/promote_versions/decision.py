"""The decision: whether a version is promoted, held or refused. Values only, no effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from promote_versions.facts import VersionFacts
from promote_versions.verdicts import Verdict
from steward.coordinates import Package, PackageVersion

if TYPE_CHECKING:
    from promote_versions.records import Approval
    from steward.promotion_rules import PromotionRule

Need = Literal[
    "release_times", "vulnerabilities", "licences", "assets", "dependencies", "security_fixes"
]
Decided = Literal["approved", "held", "refused"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """
    What becomes of a version, and the answers of all gates that were asked.

    Attributes:
        due: Of a held version: the earliest time at which a gate may answer differently by itself;
            ``None``: only an event or a person can change it.
        reason: Of the gates that decided, for people.
        asks_a_person: Everything but the approval of a person is there.
    """

    state: Decided
    verdicts: tuple[Verdict, ...]
    due: datetime | None
    reason: str
    asks_a_person: bool


def at_first_sight(
    version: PackageVersion, package: Package, rule: PromotionRule, now: datetime
) -> tuple[Verdict, ...]:
    """Return the answers of the gates that need nothing but the row of a list of versions."""
    return ()


def wanted(rule: PromotionRule) -> frozenset[Need]:
    """Return what has to be looked up before :func:`judge` can be asked about a version."""
    return frozenset()


def judge(
    facts: VersionFacts, rule: PromotionRule, *, approval: Approval | None, now: datetime
) -> Judgement:
    """Return what becomes of the version that *facts* are about."""
    return concluded((), facts=facts)


def concluded(verdicts: Sequence[Verdict], *, facts: VersionFacts) -> Judgement:
    """Return the judgement that follows from *verdicts* alone: refuse beats hold beats pass."""
    return Judgement("held", tuple(verdicts), None, "", asks_a_person=False)
