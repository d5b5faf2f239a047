"""What people are told about promotions, in which words, and how often."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from promote_versions.facts import VersionFacts
from promote_versions.gates.vulnerabilities import judge_malice
from promote_versions.record_limits import cut_text
from promote_versions.recorded import was_asked
from steward.observability import PackageLog, count
from steward.promotion_notices import NotPromoted, RecallAction

if TYPE_CHECKING:
    from promote_versions.closure import Judged
    from promote_versions.collaborators import Collaborators
    from promote_versions.records import ApprovalDecision, Record
    from steward.attention import Delivery
    from steward.coordinates import Package, PackageVersion
    from steward.promotion_rules import PromotionRule

# Our choice: what is still so after this time is told again.
REMINDER: Final = timedelta(days=30)
# Our choice: longer than a refusal is remembered.
TOLD_FOR: Final = timedelta(days=365)
# Our choice: what a person reads. The records have all of them.
VERSIONS_PER_TEXT: Final = 50
REASON_PER_TEXT: Final = 300


def log_decision(judged: Judged, record: Record) -> None:
    """Log what was decided about one version, and why; count it."""
    keys: dict[str, object] = {
        "version": record.version,
        "revision": record.revision,
        "rule": record.rule,
        "to": record.to,
        "reason": record.reason,
        "gates": {one.gate: one.outcome for one in judged.judgement.verdicts},
    }
    if record.state == "held":
        keys["until"] = None if record.due is None else record.due.isoformat()
    PackageLog(record.package).info(record.state, **keys)
    count(f"Versions{record.state.capitalize()}", 1)


def announce(records: Sequence[Record], to: Collaborators) -> None:
    """Announce what was held or refused, as events; what was approved is announced as a copy."""
    groups: dict[tuple[Package, str, str, str], list[NotPromoted]] = {}
    for one in records:
        said = NotPromoted(one.version, one.revision, one.reason, one.due)
        groups.setdefault((one.package, one.rule, one.to, one.state), []).append(said)
    for (package, rule, destination, state), found in groups.items():
        if state == "held":
            to.notices.versions_held(package, found, to=destination, rule=rule)
        elif state == "refused":
            to.notices.versions_refused(package, found, to=destination, rule=rule)


def tell_decisions(judged: Sequence[Judged], to: Collaborators) -> frozenset[tuple[Package, str]]:
    """
    Tell people what needs them: approvals, malicious versions, ways around the gates.

    - A person is asked once for each version and revision, and only when nothing else is missing.
    - A malicious version is told once for each rule that refuses it.
    - A way around the gates is told once, not for each package, and again after :data:`REMINDER`.

    Returns:
        Who has been asked about: those versions need not be asked about again. A question that was
        lost on its way is not among them.

    Raises:
        RecordsError: Nobody can tell whether it was told before.
    """
    asked: set[tuple[Package, str]] = set()
    groups: dict[tuple[Package, str], list[Judged]] = {}
    for one in judged:
        groups.setdefault((one.package, one.rule.name), []).append(one)
    for (package, _), some in groups.items():
        waiting = [one for one in some if one.judgement.asks_a_person and not was_asked(one)]
        if waiting and _delivered(_tell(package, *_question(package, waiting), to)):
            asked |= {(package, one.version.version) for one in waiting}
        _tell_malicious(package, some, to)
        _tell_way(package, some, to)
    return frozenset(asked)


def tell_findings(
    package: Package,
    findings: Mapping[str, Sequence[str]],
    actions: Mapping[str, RecallAction],
    to: Collaborators,
    *,
    rule: str,
    destination: str,
) -> bool:
    """
    Tell people of promoted versions that have turned bad; return whether that need not be repeated.

    Args:
        findings: What was found, by version.
        actions: What was done about it, by version.
    """
    repository = package.repository
    lines = [
        f"Versions that were promoted to {destination} have turned out to be bad.",
        "",
        *_where(package, rule, destination),
        "Versions:",
    ]
    for version in list(findings)[:VERSIONS_PER_TEXT]:
        lines.append(f"  {version} ({_DONE[actions[version]]})")
        lines += [f"    - {finding}" for finding in findings[version]]
    if len(findings) > VERSIONS_PER_TEXT:
        lines.append(f"  ... and {len(findings) - VERSIONS_PER_TEXT} more: `steward promotions`")
    undo = [one for one in findings if actions[one] in ("unlisted", "archived")]
    lines.append("")
    if undo:
        words = ["steward", "restore", package.purl(), "--repository", destination]
        words += ["--domain", repository.domain]
        for version in undo[:VERSIONS_PER_TEXT]:
            words += ["--version", version]
        lines += ["To bring them back:", f'  {shlex.join(words)} --reason "..."']
    else:
        lines += [
            "Nothing was changed. To take one out of use:",
            f"  {reject_command(package, next(iter(findings)), rule)}",
        ]
    subject = f"Promoted versions have turned bad in {destination} of {repository.domain}"
    return _delivered(_tell(package, subject, "\n".join(lines), to))


def tell_not_promoted(
    there: Package, source: Package, versions: Sequence[str], to: Collaborators, *, last: bool
) -> None:
    """
    Tell people of versions that came into a destination past the gates.

    Args:
        there: The package in the destination.
        last: No other package of this destination is told of today.
    """
    place = there.repository
    shown = list(versions[:VERSIONS_PER_TEXT])
    lines = [
        f"Clients get versions from {place.name} that nobody has promoted by a rule: they came in",
        "through a way around the gates, or somebody has published or copied them.",
        "",
        f"Package:     {there.purl()}",
        f"Repository:  {place.name}",
        f"Domain:      {place.domain} ({place.domain_owner})",
        f"Versions:    {', '.join(shown)}",
    ]
    if len(versions) > len(shown):
        lines.append(f"             ... and {len(versions) - len(shown)} more, which the log has")
    promote = ["steward", "promote", source.purl(shown[0]), "--domain", place.domain]
    archive = ["aws", "codeartifact", "update-package-versions-status", "--target-status"]
    archive += ["Archived", "--domain", place.domain, "--domain-owner", place.domain_owner]
    archive += ["--repository", place.name, "--format", there.format, "--package", there.name]
    archive += [] if there.namespace is None else ["--namespace", there.namespace]
    archive += ["--versions", *shown]
    lines += [
        "",
        "Nothing was changed. To have one judged, which makes it known if it passes:",
        f"  {shlex.join(promote)}",
        "To take them out of use:",
        f"  {shlex.join(archive)}",
    ]
    if last:
        lines += ["", "There may be more packages like this: the log says `not promoted by us`."]
    subject = f"Versions in {place.name} of {place.domain} that nobody has promoted"
    _tell(source, subject, "\n".join(lines), to)


_DONE: Final[dict[RecallAction, str]] = {
    "reported": "still in use",
    "unlisted": "unlisted",
    "archived": "archived",
    "kept": "still in use: an exemption or CodeArtifact keeps it",
}


def _question(package: Package, waiting: Sequence[Judged]) -> tuple[str, str]:
    rule = waiting[0].rule
    lines = [
        "Versions wait for somebody to approve them. All other gates have let them through.",
        "",
        *_where(package, rule.name, rule.to),
        "Versions:",
    ]
    for one in waiting[:VERSIONS_PER_TEXT]:
        passed = [
            f"      {verdict.gate}: {cut_text(verdict.reason, REASON_PER_TEXT)}"
            for verdict in one.judgement.verdicts
            if verdict.outcome == "pass"
        ]
        lines += [
            f"  {one.version.version} (revision {one.version.revision})",
            "    passed:",
            *passed,
            f"    {approve_command(package, one.version, rule.name)}",
        ]
    if len(waiting) > VERSIONS_PER_TEXT:
        lines.append(f"  ... and {len(waiting) - VERSIONS_PER_TEXT} more: `steward promotions`")
    lines += ["", "To keep one out, write `reject` for `approve`."]
    subject = f"Approve {package.name} for {rule.to} of {package.repository.domain}?"
    return subject, "\n".join(lines)


def approve_command(package: Package, version: PackageVersion, rule: str) -> str:
    """
    Return the command that approves *version*, for a shell; the reason is the reader's.

    It names the revision: by the time that it is read, another one may wait.
    """
    words = _saying("approve", package, version.version, rule)
    if version.revision is not None:
        words += ["--revision", version.revision]
    return f'{shlex.join(words)} --reason "..."'


def reject_command(package: Package, version: str, rule: str) -> str:
    """Return the command that rejects *version*, at whatever revision, for a shell."""
    return f'{shlex.join(_saying("reject", package, version, rule))} --reason "..."'


def _saying(decision: ApprovalDecision, package: Package, version: str, rule: str) -> list[str]:
    words = ["steward", decision, package.purl(version), "--rule", rule]
    return [*words, "--domain", package.repository.domain]


def _is_malicious(facts: VersionFacts | None) -> bool:
    """Return whether OSV lists the version as a malicious package."""
    return facts is not None and judge_malice(facts) is not None


def _tell_malicious(package: Package, some: Sequence[Judged], to: Collaborators) -> None:
    until = to.now() + TOLD_FOR
    rule = some[0].rule
    found = [
        one
        for one in some
        if one.judgement.state == "refused"
        and _is_malicious(one.facts)
        and to.records.tell_once(_once("malicious", package.purl(one.version.version), rule), until)
    ]
    if not found:
        return
    lines = [
        "Malicious versions were refused. They are in the repository that they were fetched to:",
        "nobody should install from there, and whoever has should look at their machines.",
        "",
        *_where(package, rule.name, rule.to),
        "Versions:",
        *(f"  {one.version.version}: {one.judgement.reason}" for one in found[:VERSIONS_PER_TEXT]),
    ]
    subject = f"Malicious package in {package.repository.name} of {package.repository.domain}"
    _tell(package, subject, "\n".join(lines), to)


def _tell_way(package: Package, some: Sequence[Judged], to: Collaborators) -> None:
    way = next((one.way for one in some if one.way is not None), None)
    if way is None:
        return
    rule = some[0].rule
    if not to.records.tell_once(_once("bypass", way, rule), to.now() + REMINDER):
        return
    to.notices.bypass_found(package, way, to=rule.to, rule=rule.name)
    lines = [
        f"Nothing is promoted to {rule.to} by this rule: its clients get the versions anyway.",
        "",
        *_where(package, rule.name, rule.to),
        "",
        way,
    ]
    subject = f"A way around the gates of {rule.to} in {package.repository.domain}"
    _tell(package, subject, "\n".join(lines), to)


def _once(kind: str, what: str, rule: PromotionRule) -> str:
    """Return the key under which it is remembered that people know; no longer than keys may be."""
    return f"{kind}#{sha256(f'{rule.name} {what}'.encode()).hexdigest()}"


def _where(package: Package, rule: str, destination: str) -> list[str]:
    repository = package.repository
    return [
        f"Package:     {package.purl()}",
        f"From:        {repository.name}",
        f"To:          {destination}",
        f"Domain:      {repository.domain} ({repository.domain_owner})",
        f"Rule:        {rule}",
    ]


def _tell(package: Package, subject: str, text: str, to: Collaborators) -> Delivery:
    delivery = to.attention.tell(subject, text)
    if delivery == "delivered":
        PackageLog(package).info("told", subject=subject)
    return delivery


def _delivered(delivery: Delivery) -> bool:
    """Return whether it need not be said again: it was delivered, or nobody listens."""
    return delivery != "lost"
