"""The gate ``vulnerabilities``: what OSV knows about a version, by severity."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from promote_versions.facts import Unavailable, VersionFacts, Vulnerability
from promote_versions.gates.waits import UNANSWERED, UNKNOWN, later
from promote_versions.verdicts import Verdict, hold, pass_, refuse
from steward.promotion_rules import MALICIOUS, SEVERITIES

if TYPE_CHECKING:
    from steward.promotion_rules import BlockAt, Severity, Vulnerabilities, Waiver

GATE: Final = "vulnerabilities"
_MALICIOUS: Final = "mal-"  # OSV's database of malicious packages


def judge(facts: VersionFacts, requirement: Vulnerabilities, *, now: datetime) -> Verdict:
    """
    Return whether what OSV lists for the version is bearable.

    - A malicious package is refused, whatever is waived: the entry or an alias is ``MAL-...``.
    - A vulnerability of the severity ``block_at`` or above is refused, unless it is waived: by its
      id or an alias, for this package, by a waiver that has not ended.
    - One of unknown severity holds the version, unless it is waived.
    - ``block_at: malicious``: whatever is not malicious passes, also of unknown severity.
    - Milder ones pass, and are named. Entries that their authors have withdrawn do not count.
    - If OSV did not answer, the version is held.
    """
    if isinstance(facts.vulnerabilities, Unavailable):
        reason = f"may be vulnerable, nobody could tell: {facts.vulnerabilities.reason}"
        return hold(GATE, reason, until=later(now, UNANSWERED))
    counted = sorted(
        (one for one in facts.vulnerabilities if not one.withdrawn), key=lambda one: one.id
    )
    named: dict[str, object] = {
        "block_at": requirement.block_at,
        "vulnerabilities": [_fact(one) for one in counted],
    }
    malicious = [one for one in counted if is_malicious(one)]
    if malicious:
        return refuse(GATE, f"is malicious: {_names(malicious)}", named)
    waived: list[Vulnerability] = []
    blocking: list[Vulnerability] = []
    unknown: list[Vulnerability] = []
    milder: list[Vulnerability] = []
    for one in counted:
        if any(_waives(waiver, one, facts, now) for waiver in requirement.waivers):
            waived.append(one)
        elif requirement.block_at == MALICIOUS:
            milder.append(one)
        elif one.severity is None:
            unknown.append(one)
        elif _is_as_bad_as(requirement.block_at, one.severity):
            blocking.append(one)
        else:
            milder.append(one)
    named["waived"] = [one.id for one in waived]
    if blocking:
        ended = [
            f"; the waiver of {waiver.id} has ended"
            for waiver in requirement.waivers
            if now >= waiver.until and any(_is_about(waiver, one, facts) for one in blocking)
        ]
        return refuse(GATE, f"is vulnerable: {_names(blocking)}{''.join(ended)}", named)
    if unknown:
        reason = f"has vulnerabilities of unknown severity: {_names(unknown)}"
        return hold(GATE, reason, named, until=later(now, UNKNOWN))
    borne = [f"{_why_borne(requirement.block_at)}: {_names(milder)}"] if milder else []
    borne += [f"waived: {_names(waived)}"] if waived else []
    known = f"no known vulnerability but {'; '.join(borne)}" if borne else "no known vulnerability"
    return pass_(GATE, f"has {known}", named)


def judge_malice(facts: VersionFacts) -> Verdict | None:
    """Return the refusal of a malicious version where OSV was asked for another gate only."""
    if isinstance(facts.vulnerabilities, Unavailable):
        return None
    malicious = [one for one in facts.vulnerabilities if is_malicious(one) and not one.withdrawn]
    if not malicious:
        return None
    named = {"vulnerabilities": [_fact(one) for one in malicious]}
    return refuse(GATE, f"is malicious: {_names(malicious)}", named)


def is_malicious(vulnerability: Vulnerability) -> bool:
    """Return whether the entry says that a package was made to do harm."""
    names = (vulnerability.id, *vulnerability.aliases)
    return vulnerability.malicious or any(name.lower().startswith(_MALICIOUS) for name in names)


def _is_as_bad_as(block_at: Severity, severity: Severity) -> bool:
    return SEVERITIES.index(severity) >= SEVERITIES.index(block_at)


def _why_borne(block_at: BlockAt) -> str:
    return "less than malicious" if block_at == MALICIOUS else f"milder than {block_at}"


def _waives(waiver: Waiver, one: Vulnerability, facts: VersionFacts, now: datetime) -> bool:
    return now < waiver.until and _is_about(waiver, one, facts)


def _is_about(waiver: Waiver, one: Vulnerability, facts: VersionFacts) -> bool:
    ids = {name.casefold() for name in (one.id, *one.aliases)}
    return waiver.id.casefold() in ids and (
        not waiver.packages
        or any(each.matches(facts.package, facts.version.version) for each in waiver.packages)
    )


def _names(vulnerabilities: Iterable[Vulnerability]) -> str:
    return ", ".join(
        f"{one.id} ({one.severity})" if one.severity else one.id for one in vulnerabilities
    )


def _fact(one: Vulnerability) -> dict[str, object]:
    return {
        "id": one.id,
        "aliases": sorted(one.aliases),
        "severity": one.severity,
        "summary": one.summary,
    }
