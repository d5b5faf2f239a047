"""What is wrong with a version that was promoted, and what has to become of it: pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from promote_versions import decision as decide
from promote_versions.facts import VersionFacts
from steward.promotion_rules import PromotionRule, Requirements

if TYPE_CHECKING:
    from promote_versions.records import Record
    from steward.codeartifact import TargetStatus


def against(
    record: Record, rule: PromotionRule | None, facts: VersionFacts | None, *, now: datetime
) -> tuple[str, ...]:
    """
    Return everything that speaks against a promoted version, for people.

    Args:
        rule: The one that it was promoted by; ``None`` if the policy has it no more: then only
            malicious, withdrawn and rejected versions are bad.
        facts: What was looked up; ``None``: only what a person has said counts. What is
            unavailable says nothing.
    """
    found: list[str] = []
    if is_rejected(record) and record.approval is not None:
        found.append(f"rejected by {record.approval.who}: {record.approval.reason}")
    if facts is None:
        return tuple(found)
    # Only those gates that may come to another answer about the same revision.
    require = Requirements()
    if rule is not None:
        require = Requirements(vulnerabilities=rule.require.vulnerabilities, deny=rule.require.deny)
    of_today = PromotionRule(record.rule, (), facts.package.repository.name, record.to, require)
    judgement = decide.judge(facts, of_today, approval=None, now=now)
    found += [f"it {one.reason}" for one in judgement.verdicts if one.outcome == "refuse"]
    return tuple(dict.fromkeys(found))


def is_rejected(record: Record, *, since: datetime | None = None) -> bool:
    """
    Return whether a person wants a version out that is, or was, in the destination.

    Args:
        since: Only what was said then or later counts. Of two words of one moment the rejection is
            the last one, as among approvals.
    """
    approval = record.approval
    if approval is None or approval.decision != "reject" or record.copied_at is None:
        return False
    return since is None or approval.at >= since


def is_to_be_recalled(record: Record) -> bool:
    """
    Return whether a person has rejected a promoted version that is not recalled, or was before.

    What was recalled before may be in use again: somebody may have restored it since.
    """
    if not is_rejected(record) or record.state != "recalled":
        return is_rejected(record)
    approval, recalled_at = record.approval, record.recalled_at
    return recalled_at is None or (approval is not None and approval.at > recalled_at)


def recall_time(record: Record, now: datetime) -> datetime:
    """Return when *record* is recalled: *now*, but not before the rejection that leads to it."""
    # The clocks of SQS and of this function may differ by a little.
    return max(now, record.approval.at) if is_rejected(record) and record.approval else now


def target_for(record: Record, rule: PromotionRule | None) -> TargetStatus | None:
    """Return the status that a bad version has to have; ``None``: it is only reported."""
    recall = "report" if rule is None else rule.recall
    if recall == "unlist":
        return "Unlisted"
    return "Archived" if recall == "archive" or is_rejected(record) else None
