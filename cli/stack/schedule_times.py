"""
When a schedule is due: `rate()`, `cron()` and `at()`.

EventBridge Scheduler User Guide, "Schedule types in EventBridge Scheduler". Of cron's special
characters, `W`, `#`, and `L` in the day of the week are not known here.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cli.stack.errors import TemplateError

_UNITS = {"minute": "minutes", "hour": "hours", "day": "days"}
_RATE = re.compile(r"rate\(\s*([1-9]\d*)\s+(minute|hour|day)s?\s*\)")
_CRON = re.compile(r"cron\(([^()]*)\)")
_AT = re.compile(r"at\(([^()]*)\)")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")  # 1 to 7
_LAST = 0  # `L` among the days of a month
_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_YEARS_AHEAD = 8  # a 29 February may be that far off; what is later never comes here

Next = Callable[[datetime], datetime | None]
"""Gives the first time after another one, aware, or None if there is none."""


def next_time(expression: str, timezone: str = "UTC") -> Next:
    """
    Return what finds the next time of *expression* in *timezone*.

    A rate counts from the time that it is asked for, so that the first time is one interval later.

    Raises:
        TemplateError: It is none of the three forms, or asks for something that is not known here.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise TemplateError(f"there is no time zone {timezone!r}") from error
    rate = _RATE.fullmatch(expression)
    if rate:
        interval = timedelta(**{_UNITS[rate[2]]: int(rate[1])})
        return lambda after: None if after.year > _LAST_YEAR else after + interval
    at = _AT.fullmatch(expression)
    if at:
        return _once(expression, at[1], zone)
    cron = _CRON.fullmatch(expression)
    if cron:
        return _Cron.of(expression, cron[1].split(), zone).next
    raise TemplateError(f"{expression!r} is no schedule: it is rate(), cron() or at()")


def _once(expression: str, text: str, zone: ZoneInfo) -> Next:
    try:
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=zone).astimezone(UTC)
    except ValueError as error:
        raise TemplateError(f"{expression!r}: a time looks like 2026-03-01T12:00:00") from error
    return lambda after: moment if after < moment else None


@dataclass(frozen=True, slots=True)
class _Cron:
    """The six fields, each as the numbers that it stands for."""

    zone: ZoneInfo
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]  # of the month, and `_LAST`; empty for `?`
    months: frozenset[int]
    weekdays: frozenset[int]  # 1 is Sunday; empty for `?`
    years: frozenset[int]

    @classmethod
    def of(cls, expression: str, fields: list[str], zone: ZoneInfo) -> "_Cron":
        """Read the fields; a day is told by one of its two fields, the other is `?`."""
        names = ("minutes", "hours", "days", "months", "weekdays", "years")
        if len(fields) != len(names) or (fields[2] == "?") == (fields[4] == "?"):
            raise TemplateError(
                f"{expression!r}: cron has six fields, one of the day of the month and the day of "
                "the week is ?"
            )
        bounds = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (_FIRST_YEAR, _LAST_YEAR))
        words: tuple[tuple[str, ...], ...] = ((), (), (), _MONTHS, _DAYS, ())
        try:
            numbers = [
                _numbers(text, *bound, word, last=name == "days")
                for name, text, bound, word in zip(names, fields, bounds, words, strict=True)
            ]
        except ValueError as error:
            raise TemplateError(f"{expression!r}: {error}") from error
        return cls(zone, *numbers)

    def next(self, after: datetime) -> datetime | None:
        """
        Return the first whole minute after *after* that all fields name.

        A time that the change to summer time leaves out is left out, one that the change to winter
        time repeats counts once ("Daylight saving time", User Guide).
        """
        if after.year > _LAST_YEAR:
            return None
        start = after.astimezone(self.zone)
        day = start.date()
        until = day.replace(year=day.year + _YEARS_AHEAD, day=1)
        while day <= until:
            if self._names_day(day.year, day.month, day.day, day.isoweekday() % 7 + 1):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        local = datetime.combine(day, time(hour, minute), self.zone)
                        moment = local.astimezone(UTC)
                        is_left_out = moment.astimezone(self.zone).time() != local.time()
                        if moment > after and not is_left_out:
                            return moment
            day += timedelta(days=1)
        return None

    def _names_day(self, year: int, month: int, day: int, weekday: int) -> bool:
        if year not in self.years or month not in self.months:
            return False
        if self.weekdays:
            return weekday in self.weekdays
        next_month = datetime(year, month, day, tzinfo=UTC) + timedelta(days=1)
        return day in self.days or (_LAST in self.days and next_month.month != month)


def _numbers(
    field: str, low: int, high: int, names: tuple[str, ...], *, last: bool
) -> frozenset[int]:
    """Return what a field names; nothing for `?`."""
    if field == "?":
        return frozenset()
    found: set[int] = set()
    for part in field.split(","):
        if part == "L" and last:
            found.add(_LAST)
            continue
        span, _, step = part.partition("/")
        first, _, end = span.partition("-")
        if span == "*":
            start, stop = low, high
        else:
            start = _number(first, low, high, names)
            stop = _number(end, low, high, names) if end else (high if step else start)
        found.update(range(start, stop + 1, _number(step, 1, high, ()) if step else 1))
    if not found:
        raise ValueError(f"{field} names nothing")
    return frozenset(found)


def _number(text: str, low: int, high: int, names: tuple[str, ...]) -> int:
    if text.upper() in names:
        return names.index(text.upper()) + 1
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise ValueError(f"{text!r} is no number from {low} to {high}, and nothing else known here")
    return int(text)
