"""What people are told about packages, in which words, and how often."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from enforce_origin_controls.collaborators import AUTOMATION, Listeners, Named
from enforce_origin_controls.decision import Mixed
from enforce_origin_controls.outcome import Found
from steward.coordinates import Package, PackageVersion
from steward.ledger import CHANGES_KEPT_FOR, StatusChange
from steward.notices import ExternalOutcome
from steward.observability import PackageLog

# Our choice: what is still there after this time is told again.
REMINDER: Final = timedelta(days=30)
# Our choice: what a person reads. The log and the events have all of them.
VERSIONS_PER_TEXT: Final = 50
# The longest that a function may run ("Lambda quotas", Lambda Developer Guide).
ONE_RUN: Final = timedelta(minutes=15)
MIXED: Final = "mixed"  # the finding, as the ledger remembers it


def tell_archived(
    package: Package, found: Iterable[Found], rule: Named, to: Listeners, *, at: datetime
) -> bool:
    """
    Announce the versions among *found* that were archived, and tell a person how to undo that.

    At the next look these versions are not in use, so each of them is told now, without asking what
    was told before, even if somebody brings it back again and again. What CodeArtifact has answered
    is marked as told after the message was delivered: what is not marked, because the message was
    lost or the function ended in between, is left to :func:`tell_late`.

    Args:
        at: The time under which the changes were recorded.

    Returns:
        Whether nothing is left to be told.

    Raises:
        LedgerError: It was told and cannot be marked: it will be told again.
    """
    answered = [one for one in found if one.outcome != "reported" and not one.overtaken]
    archived = [one for one in answered if one.outcome == "archived"]
    if archived:
        _announce(package, archived, "archived", rule, to)
        if not _tell(package, archived, rule, to, at=at):
            return False
    if answered:
        _mark_archiving(package, (one.version for one in answered), to, at=at)
    return True


def tell_late(
    package: Package, archived: Iterable[PackageVersion], rule: Named, to: Listeners
) -> bool:
    """
    Tell a person of those versions among *archived* that nobody was told of, as it was then.

    That is: this automation has recorded that it archives the version, and neither that change is
    marked as told nor another one of the version within :data:`ONE_RUN` before it. (Of two runs at
    once the one that archives it tells it; the other one has recorded a change that it did not
    make.) What people archive is not recorded, and not told.

    One query of what was changed and, if that is about these versions, one of what was told.

    Returns:
        Whether nothing is left to be told.

    Raises:
        LedgerError: What was told or changed cannot be read, or what was told now not be marked.
    """
    recorded: dict[str, list[StatusChange]] = {}
    for change in to.ledger.changes(package):  # newest first
        if isinstance(change, StatusChange):
            recorded.setdefault(change.version, []).append(change)
    ours = [one for one in archived if one.version in recorded]
    if not ours:
        return True
    told = to.ledger.told(package)
    untold: dict[datetime, list[Found]] = {}
    for one in ours:
        newest = recorded[one.version][0]
        of_this_run = (
            change.at for change in recorded[one.version] if newest.at - change.at <= ONE_RUN
        )
        if not any(_archiving(one, at) in told for at in of_this_run):
            before = replace(one, status=newest.before)
            untold.setdefault(newest.at, []).append(Found(before, "archived", "nobody was told"))
    all_told = True
    for at, found in untold.items():
        if _tell(package, found, rule, to, at=at):
            _mark_archiving(package, (one.version for one in found), to, at=at)
        else:
            all_told = False
    return all_told


def tell_left(package: Package, found: Iterable[Found], rule: Named, to: Listeners) -> None:
    """
    Announce the versions among *found* that were refused or only reported, and tell a person.

    Once for each version and outcome, and again after :data:`REMINDER`. They are marked as told
    after the message was delivered: a message may come twice, but none is left out.

    Raises:
        LedgerError: What was told before cannot be read, or what was told now not be marked.
    """
    left = {finding(one): one for one in found if one.outcome != "archived"}
    if not left:
        return
    told = to.ledger.told(package)
    new = {key: one for key, one in left.items() if key not in told}
    if not new:
        return
    outcomes: tuple[ExternalOutcome, ...] = ("refused", "reported")
    for outcome in outcomes:
        _announce(
            package, [one for one in new.values() if one.outcome == outcome], outcome, rule, to
        )
    if _tell(package, list(new.values()), rule, to, at=to.now()):
        to.ledger.mark_told(package, list(new), until=to.now() + REMINDER)


def tell_mixed(package: Package, mixed: Mixed, rule: Named, to: Listeners) -> None:
    """
    Announce that *package* is of mixed origin and tell a person: once, and after the reminder.

    Raises:
        LedgerError: As for :func:`tell_left`.
    """
    if MIXED in to.ledger.told(package):
        return
    to.notices.mixed_origin_found(
        package,
        internal=mixed.internal,
        external=mixed.external,
        automation=AUTOMATION,
        rule=rule.name,
    )
    domain = package.repository.domain
    subject = f"Package of mixed origin in the domain {domain}"
    text = "\n".join(
        [
            "A package has versions from within and from outside. Nothing was changed.",
            "",
            *_where(package, rule, to.now()),
            f"Versions:    {mixed.internal} from within the domain, {mixed.external} from outside",
            "",
            "If the name is yours, give the package a rule of its own in the policy, of the kind",
            "internal; otherwise one of the kind public.",
        ]
    )
    if _delivered(package, subject, text, to):
        to.ledger.mark_told(package, [MIXED], until=to.now() + REMINDER)


def external_text(package: Package, found: Sequence[Found], rule: Named, at: datetime) -> str:
    """Return what a person reads about *found*: what, where, when, how it came in, how to undo."""
    lines = [
        "Versions from outside were in use in a package that the policy calls internal.",
        "Somebody may be trying to have their code installed under your name.",
        "",
        *_where(package, rule, at),
        "Versions:",
    ]
    shown = found[:VERSIONS_PER_TEXT]
    for one in shown:
        through = one.version.origin.external_connection or "an unknown external connection"
        said = f"refused ({one.code}): {one.reason}" if one.outcome == "refused" else one.outcome
        why = f", {one.reason}" if one.outcome == "reported" else ""
        lines.append(
            f"  {one.version.version} ({one.version.status}), came in through {through}:"
            f" {said}{why}"
        )
    if len(found) > len(shown):
        lines.append(f"  ... and {len(found) - len(shown)} more: see the function's log")
    archived = [one.version.version for one in shown if one.outcome == "archived"]
    lines.append("")
    if archived:
        lines += ["To undo it:", f"  {restore_command(package, archived)}"]
    else:
        lines.append("Nothing was changed, so there is nothing to undo.")
    return "\n".join(lines)


def restore_command(package: Package, versions: Sequence[str]) -> str:
    """
    Return the command that brings *versions* of *package* back, for a shell.

    Its reason is for the reader to fill in: an exemption that gives none is refused.
    """
    words = ["steward", "restore", package.purl(), "--repository", package.repository.name]
    words += ["--domain", package.repository.domain]
    for version in versions:
        words += ["--version", version]
    return f'{shlex.join(words)} --reason "..."'


def _where(package: Package, rule: Named, at: datetime) -> list[str]:
    repository = package.repository
    return [
        f"Package:     {package.purl()}",
        f"Repository:  {repository.name}",
        f"Domain:      {repository.domain} ({repository.domain_owner})",
        f"Rule:        {rule.name}",
        f"Found:       {at.isoformat(timespec='seconds')}",
    ]


def finding(found: Found) -> str:
    """Return the key under which the ledger remembers that a person was told of *found*."""
    return f"external:{found.version.version}:{found.outcome}"


def _archiving(version: PackageVersion, at: datetime) -> str:
    """Return the key under which the ledger remembers that a person knows of this change."""
    return f"external:{version.version}:archived:{at.isoformat()}"


def _mark_archiving(
    package: Package, versions: Iterable[PackageVersion], to: Listeners, *, at: datetime
) -> None:
    # Longer than the changes themselves, which DynamoDB deletes some days after their end.
    until = at + CHANGES_KEPT_FOR + REMINDER
    to.ledger.mark_told(package, [_archiving(one, at) for one in versions], until=until)


def _announce(
    package: Package,
    found: Sequence[Found],
    outcome: ExternalOutcome,
    rule: Named,
    to: Listeners,
) -> None:
    if found:
        to.notices.external_versions_found(
            package,
            [one.version for one in found],
            outcome=outcome,
            automation=AUTOMATION,
            rule=rule.name,
        )


def _tell(
    package: Package,
    found: Sequence[Found],
    rule: Named,
    to: Listeners,
    *,
    at: datetime,
) -> bool:
    subject = f"Versions from outside in an internal package of {package.repository.domain}"
    return _delivered(package, subject, external_text(package, found, rule, at), to)


def _delivered(package: Package, subject: str, text: str, to: Listeners) -> bool:
    """Return whether *text* need not be sent again: it was delivered, or nobody listens."""
    delivery = to.attention.tell(subject, text)
    if delivery == "delivered":
        PackageLog(package).info("told", subject=subject)
    return delivery != "lost"
