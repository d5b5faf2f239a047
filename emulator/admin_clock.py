"""The clock of the admin API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from emulator.core.errors import Validation

if TYPE_CHECKING:
    from emulator.core.clock import Clock

_DURATION = re.compile(
    r"P(?:(?P<weeks>\d{1,5})W)?(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,7})H)?(?:(?P<minutes>\d{1,9})M)?"
    r"(?:(?P<seconds>\d{1,10}(?:\.\d{1,6})?)S)?)?",
    re.ASCII,
)
_MEMBERS = ("freeze", "advance", "resume")


def document(clock: Clock) -> dict[str, object]:
    """Return the time and whether it stands still."""
    return {"now": clock.now().isoformat(timespec="milliseconds"), "frozen": clock.frozen}


def apply(clock: Clock, wanted: object) -> None:
    """
    Set the clock.

    ``{"freeze": true}`` stops it now, ``{"freeze": "2026-03-01T12:00:00Z"}`` then;
    ``{"advance": 90}`` (seconds) or ``{"advance": "P1DT2H"}`` makes it later, and may go along
    with ``freeze``; ``{"resume": true}`` makes it the machine's again.

    Raises:
        Validation: The document says something else; the clock is as it was.
    """
    if not isinstance(wanted, dict) or not wanted or wanted.keys() - set(_MEMBERS):
        raise Validation(f"The clock takes an object of {', '.join(_MEMBERS)}, not {wanted!r:.100}")
    if "resume" in wanted:
        if wanted != {"resume": True}:
            raise Validation('resume stands alone and is true: {"resume": true}')
        clock.resume()
        return
    advance = _duration(wanted["advance"]) if "advance" in wanted else None
    at = _moment(wanted["freeze"]) if "freeze" in wanted else None
    later = (at or clock.now(), advance or timedelta())
    try:
        sum(later[1:], start=later[0])
    except OverflowError as error:
        raise Validation("The clock ends with the year 9999.") from error
    if "freeze" in wanted:
        clock.freeze(at)
    if advance is not None:
        clock.advance(advance)


def _moment(value: object) -> datetime | None:
    if value is True:
        return None
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None:
        raise Validation(f"freeze is true or a time such as 2026-03-01T12:00:00Z, not {value!r}")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _duration(value: object) -> timedelta:
    try:
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
            return timedelta(seconds=value)
        match = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if match is not None and any(match.groups()):
            return timedelta(**_units(match.groupdict()))
    except (OverflowError, ValueError):
        pass
    raise Validation(
        f"advance is seconds, not below 0, or an ISO 8601 duration such as PT1H, not {value!r}"
    )


def _units(groups: Mapping[str, str | None]) -> dict[str, float]:
    return {unit: float(number) for unit, number in groups.items() if number is not None}
