"""What promotion has decided about a version, as JSON."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from promote_versions.records import Approval, Record
    from promote_versions.verdicts import Verdict
    from steward.ledger import Exemption


def document(record: "Record", restored: "Exemption | None" = None) -> dict[str, object]:
    """
    Return *record* for programs.

    Args:
        restored: What keeps the version in use although it was recalled.
    """
    return {
        "package": record.package.purl(),
        "version": record.version,
        "packageUrl": record.purl,
        "rule": record.rule,
        "from": record.package.repository.name,
        "to": record.to,
        "revision": record.revision,
        "state": record.state,
        "reason": record.reason,
        "decidedAt": record.decided_at.isoformat(),
        "heldUntil": _iso(held_until(record)),
        "due": _iso(record.due),
        "gates": [
            {
                "gate": one.gate,
                "outcome": one.outcome,
                "reason": one.reason,
                "until": _iso(one.until),
                "facts": dict(one.facts),
            }
            for one in record.verdicts
        ],
        "approval": None if record.approval is None else _said(record.approval),
        "earlierWords": [_said(one) for one in record.earlier],
        "copiedAt": _iso(record.copied_at),
        "copiedRevision": record.copied_revision,
        "findings": list(record.findings),
        "restoredUntil": None if restored is None else _iso(restored.until),
    }


def held_until(record: "Record") -> "datetime | None":
    """Return until when a held version has to wait at the least; None: nobody knows."""
    ends = [one.until for one in record.verdicts if ends_by_itself(one)]
    return max((end for end in ends if end), default=None) if record.state == "held" else None


def ends_by_itself(verdict: "Verdict") -> bool:
    """Return whether *verdict* is a hold that ends with time alone, and not just asked again."""
    return verdict.outcome == "hold" and "released_at" in verdict.facts


def _said(approval: "Approval") -> dict[str, object]:
    return {
        "decision": approval.decision,
        "who": approval.who,
        "reason": approval.reason,
        "at": approval.at.isoformat(),
        "revision": approval.revision,
    }


def _iso(moment: "datetime | None") -> str | None:
    return moment.isoformat() if moment else None
