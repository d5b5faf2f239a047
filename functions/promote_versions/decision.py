"""The decision: whether a version is promoted, held or refused. Values only, no effects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from promote_versions.facts import VersionFacts
from promote_versions.gates import (
    allow_and_deny,
    approval,
    bypass,
    dependencies,
    integrity,
    licences,
    minimum_age,
    origin,
    snapshots,
    status,
    versions,
    vulnerabilities,
    withdrawn,
)
from promote_versions.verdicts import Verdict
from steward.coordinates import Package, PackageVersion

if TYPE_CHECKING:
    from promote_versions.records import Approval
    from steward.promotion_rules import PromotionRule

Need = Literal[
    "release_times", "vulnerabilities", "licences", "assets", "dependencies", "security_fixes"
]
Decided = Literal["approved", "held", "refused"]

# In which order gates are named to a person: what is about the repositories comes first, then what
# is about the version itself, last what others have to do.
_ORDER: Final = (
    bypass.GATE,
    status.GATE,
    snapshots.GATE,
    allow_and_deny.DENY,
    allow_and_deny.ALLOW,
    versions.GATE,
    origin.GATE,
    vulnerabilities.GATE,
    withdrawn.GATE,
    licences.GATE,
    integrity.GATE,
    minimum_age.GATE,
    dependencies.GATE,
    approval.GATE,
)


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
    version: PackageVersion, package: Package, rule: PromotionRule
) -> tuple[Verdict, ...]:
    """
    Return the answers of the gates that need nothing but the row of a list of versions.

    If one of them refuses, so does :func:`judge`: nothing has to be looked up.
    """
    require = rule.require
    answers = [status.judge(version), snapshots.judge(version, package)]
    if require.allow is not None or require.deny:
        answers.append(
            allow_and_deny.judge(version, package, allow=require.allow, deny=require.deny)
        )
    if require.versions is not None:
        answers.append(versions.judge(version, package, require.versions))
    if require.origin is not None:
        answers.append(origin.judge(version, require.origin))
    return tuple(answers)


def wanted(rule: PromotionRule) -> frozenset[Need]:
    """Return what has to be looked up before :func:`judge` can be asked about a version."""
    require = rule.require
    needs: dict[Need, bool] = {
        "release_times": require.minimum_age is not None,
        "security_fixes": require.minimum_age is not None and require.minimum_age.security_fixes,
        "vulnerabilities": require.vulnerabilities is not None,
        "licences": require.licences is not None,
        "assets": require.integrity is not None,
        "dependencies": rule.include_dependencies,
    }
    return frozenset(need for need, is_needed in needs.items() if is_needed)


def judge(
    facts: VersionFacts, rule: PromotionRule, *, approval: Approval | None, now: datetime
) -> Judgement:
    """
    Return what becomes of the version that *facts* are about.

    It is promoted if every gate of the rule lets it through. A rule without gates still refuses
    snapshots, what is malicious or yanked as far as anybody asked, what a person has rejected, and
    everything if there is a way around it: the gates that need facts are not asked then.

    Args:
        approval: What a person said last about this version and rule, about whatever revision.
    """
    return concluded(tuple(_answers(facts, rule, approval, now)))


def concluded(verdicts: Sequence[Verdict]) -> Judgement:
    """
    Return the judgement that follows from *verdicts*: refuse beats hold beats pass.

    The order of *verdicts* does not matter. A held version is due when the first hold that has an
    end ends: until then no gate changes by itself. A person is asked when nothing else holds it.
    """
    ordered = tuple(sorted(verdicts, key=lambda one: (_rank(one.gate), one.gate, one.reason)))
    refusing = [one for one in ordered if one.outcome == "refuse"]
    holding = [one for one in ordered if one.outcome == "hold"]
    if refusing:
        return Judgement("refused", ordered, None, _reasons(refusing), asks_a_person=False)
    if holding:
        due = min((one.until for one in holding if one.until is not None), default=None)
        asks = all(one.gate == approval.GATE for one in holding)
        return Judgement("held", ordered, due, _reasons(holding), asks_a_person=asks)
    return Judgement("approved", ordered, None, "is let through by every gate", asks_a_person=False)


def _answers(
    facts: VersionFacts, rule: PromotionRule, said: Approval | None, now: datetime
) -> Iterator[Verdict]:
    require = rule.require
    yield from at_first_sight(facts.version, facts.package, rule)
    yield bypass.judge(facts)
    yield approval.judge(facts.version, require.approval, said)
    if facts.bypass is not None:  # nothing else was looked up: no other gate can be asked
        return
    if require.vulnerabilities is not None:
        yield vulnerabilities.judge(facts, require.vulnerabilities, now=now)
    elif malice := vulnerabilities.judge_malice(facts):
        yield malice
    if yanked := withdrawn.judge(facts):
        yield yanked
    if require.licences is not None:
        yield licences.judge(facts, require.licences, now=now)
    if require.integrity is not None:
        yield integrity.judge(facts, require.integrity, now=now)
    if require.minimum_age is not None:
        yield minimum_age.judge(facts, require.minimum_age, now=now)
    if rule.include_dependencies:
        yield dependencies.judge(facts, now=now)


def _rank(gate: str) -> int:
    return _ORDER.index(gate) if gate in _ORDER else len(_ORDER)


def _reasons(verdicts: Sequence[Verdict]) -> str:
    return "; ".join(one.reason for one in verdicts)
