"""When schedules of the template are due."""

from datetime import UTC, datetime, timedelta

import pytest

from cli.stack.errors import TemplateError
from cli.stack.schedule_times import next_time

SUNDAY = datetime(2026, 3, 1, 10, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param("rate(5 minutes)", "2026-03-01T10:20", id="every five minutes"),
        pytest.param("rate(1 hour)", "2026-03-01T11:15", id="every hour"),
        pytest.param("rate(2 days)", "2026-03-03T10:15", id="every other day"),
        pytest.param("cron(0 3 * * ? *)", "2026-03-02T03:00", id="at three in the night"),
        pytest.param("cron(15 10 * * ? *)", "2026-03-02T10:15", id="not at the time itself"),
        pytest.param("cron(16 10 * * ? *)", "2026-03-01T10:16", id="the next minute"),
        pytest.param("cron(0/20 * * * ? *)", "2026-03-01T10:20", id="every twenty minutes"),
        pytest.param("cron(0 8-18/5 * * ? *)", "2026-03-01T13:00", id="a range in steps"),
        pytest.param("cron(0 9 ? * MON-FRI *)", "2026-03-02T09:00", id="on weekdays"),
        pytest.param("cron(0 11 ? * 1 *)", "2026-03-01T11:00", id="day 1 of a week is Sunday"),
        pytest.param("cron(0 9 ? * sat,sun *)", "2026-03-07T09:00", id="names in small letters"),
        pytest.param("cron(0 0 1 JAN,JUL ? *)", "2026-07-01T00:00", id="twice a year"),
        pytest.param("cron(0 0 L * ? *)", "2026-03-31T00:00", id="on the last of a month"),
        pytest.param("cron(0 0 29 2 ? *)", "2028-02-29T00:00", id="in a leap year"),
        pytest.param("at(2026-03-01T12:00:00)", "2026-03-01T12:00", id="once"),
        pytest.param("at(2026-03-01T10:15:00)", None, id="once, and that was now"),
        pytest.param("cron(0 0 1 1 ? 2026)", None, id="a year whose time is over"),
    ],
)
def test_a_schedule_says_when_it_is_due_next(expression: str, expected: str | None) -> None:
    """The first time after the one that is asked about, which is a Sunday."""
    wanted = None if expected is None else datetime.fromisoformat(f"{expected}:00+00:00")
    assert next_time(expression)(SUNDAY) == wanted


def test_a_time_zone_moves_the_time() -> None:
    """Nine in Berlin is eight here in winter, and seven in summer."""
    nine = next_time("cron(0 9 * * ? *)", "Europe/Berlin")
    assert nine(SUNDAY) == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert nine(SUNDAY + timedelta(days=40)) == datetime(2026, 4, 11, 7, tzinfo=UTC)


def test_a_time_that_the_change_to_summer_time_leaves_out_is_left_out() -> None:
    """EventBridge Scheduler User Guide, "Schedule types", "Daylight saving time"."""
    half_past_two = next_time("cron(30 2 * * ? *)", "Europe/Berlin")
    change = datetime(2026, 3, 29, 1, tzinfo=UTC)  # from two to three o'clock
    assert half_past_two(change - timedelta(hours=2)) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)


def test_a_time_that_the_change_to_winter_time_repeats_is_due_once() -> None:
    """The first time, by the same source."""
    half_past_two = next_time("cron(30 2 * * ? *)", "Europe/Berlin")
    first = half_past_two(datetime(2026, 10, 24, 12, tzinfo=UTC))
    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert half_past_two(first) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        pytest.param("every day", r"it is rate\(\), cron\(\) or at\(\)", id="words"),
        pytest.param("rate(0 minutes)", "no schedule", id="a rate of nothing"),
        pytest.param("rate(5 weeks)", "no schedule", id="a unit that rates do not have"),
        pytest.param("at(tomorrow)", "a time looks like", id="a time that is none"),
        pytest.param("cron(0 3 * * *)", "six fields", id="five fields, as in Unix"),
        pytest.param("cron(0 3 * * * *)", "one of .* is \\?", id="both kinds of day"),
        pytest.param("cron(60 3 * * ? *)", "'60' is no number from 0 to 59", id="minute 60"),
        pytest.param("cron(0 3 15W * ? *)", "'15W' is no number", id="the nearest weekday"),
        pytest.param("cron(0 3 ? * 6L *)", "'6L' is no number", id="the last Friday"),
        pytest.param("cron(30-20 3 * * ? *)", "names nothing", id="a range backwards"),
        pytest.param("cron(0/0 3 * * ? *)", "'0' is no number from 1 to 59", id="steps of nothing"),
        pytest.param("cron(0/x 3 * * ? *)", "'x' is no number from 1 to 59", id="steps of a word"),
    ],
)
def test_what_is_no_schedule_is_a_clear_error(expression: str, message: str) -> None:
    """Also what AWS knows and the local stack does not."""
    with pytest.raises(TemplateError, match=message):
        next_time(expression)


def test_an_unknown_time_zone_is_a_clear_error() -> None:
    """With its name."""
    with pytest.raises(TemplateError, match="no time zone 'Europe/Atlantis'"):
        next_time("rate(1 day)", "Europe/Atlantis")
