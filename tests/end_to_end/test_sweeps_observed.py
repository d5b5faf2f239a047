"""A whole domain, swept by the template in observe mode."""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.played_sweeps import (
    events_of,
    founded,
    playing_sweeps,
    remembered,
    rest,
    state,
    sweep,
    sweep_by_schedule,
    writes,
)


def test_observing_changes_nothing(tmp_path: Path) -> None:
    """By events, by hand and by the schedule: what would be done is written down."""
    with playing_sweeps("observe", tmp_path) as stack:
        company = founded(stack, 0)
        writes(stack)
        events_of(stack, company)
        rest(stack)
        by_hand, by_schedule = sweep(stack), sweep_by_schedule(stack)
        assert (by_hand.outcome, by_schedule.outcome) == ("planned", "planned")
        assert by_hand.rows == by_schedule.rows
        assert by_hand.total("planned") > by_hand.total("changed") == 0
        assert state(stack, company) == company.before()
        assert writes(stack) == {}
        assert remembered(stack) == 0
        assert not stack.functions["ApplySweepFunction"].process_ids()
