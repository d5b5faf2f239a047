"""Promotion in observe mode: everything is judged and said, and nothing is copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.end_to_end.played_template import admin, at_rest, dead_letters, said, until
from tests.end_to_end.reviewed_packages import (
    APPROVED,
    approve,
    assets,
    bring_in,
    playing_promotions,
    states,
)

if TYPE_CHECKING:
    from pathlib import Path

QUEUES = (
    "PromotionsDeadLetterQueue",
    "PromotionsUndeliveredQueue",
    "ApprovalsDeadLetterQueue",
    "CopiesDeadLetterQueue.fifo",
)


def test_in_observe_mode_an_approval_is_recorded_and_leads_to_no_copy(tmp_path: Path) -> None:
    """The log says what would be copied; no order is sent, so nothing is there to carry out."""
    with playing_promotions("observe", tmp_path) as stack:
        bring_in(stack, "pad")
        until(lambda: states(stack, "pad") == {"1.0.0": "held", "2.0.0-beta.1": "refused"})
        admin(stack, "DELETE", "requests")

        approve(stack, "pad")

        until(lambda: states(stack, "pad")["1.0.0"] == "approved")
        until(lambda: "would copy" in {line["message"] for line in said(stack)})
        until(lambda: at_rest(stack))
        assert states(stack, "pad") == {"1.0.0": "approved", "2.0.0-beta.1": "refused"}
        assert assets(stack, APPROVED, "pad") == {}
        assert "CopyPackageVersions" not in str(admin(stack, "GET", "requests"))
        assert [dead_letters(stack, queue) for queue in QUEUES] == [[]] * len(QUEUES)
