"""The gate ``approval``: what a person has said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from promote_versions.verdicts import Verdict, hold, pass_, refuse
from steward.coordinates import PackageVersion

if TYPE_CHECKING:
    from promote_versions.records import Approval
    from steward.promotion_rules import ApprovalMode

GATE: Final = "approval"


def judge(version: PackageVersion, mode: ApprovalMode, approval: Approval | None) -> Verdict:
    """
    Return whether a person has approved *version*, if *mode* asks for one.

    - A rejection refuses, in either mode and at every later revision: a file that is added to a
      version does not undo what a person has said about it.
    - An approval counts only for the revision that it was given for.
    """
    named: dict[str, object] = {"mode": mode}
    if approval is not None:
        named |= {
            "decision": approval.decision,
            "who": approval.who,
            "said": approval.reason,
            "at": approval.at.isoformat(),
            "revision": approval.revision,
        }
        if approval.decision == "reject":
            return refuse(GATE, f"was rejected by {approval.who}: {approval.reason}", named)
    if mode == "automatic":
        return pass_(GATE, "needs nobody's approval", named)
    if approval is None:
        return hold(GATE, "waits for somebody's approval", named)
    if approval.revision != version.revision:
        return hold(GATE, f"has changed since {approval.who} approved it", named)
    return pass_(GATE, f"was approved by {approval.who}: {approval.reason}", named)
