"""The gate ``minimum_age``: long enough since the public release for others to have found out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from promote_versions.facts import Unavailable, VersionFacts
from promote_versions.gates.waits import UNANSWERED, UNKNOWN, later
from promote_versions.verdicts import Verdict, hold, pass_

if TYPE_CHECKING:
    from steward.promotion_rules import MinimumAge

GATE: Final = "minimum_age"


def judge(facts: VersionFacts, requirement: MinimumAge, *, now: datetime) -> Verdict:
    """
    Return whether the version has been public for as long as *requirement* says.

    - What an exception matches passes; so does a security fix, if the requirement says so.
    - The age counts from the time that the public repository gives, never from the fetch.
    - A version whose time is unknown is held, and asked about again; so is one of the future,
      until that time has come and the age has passed.
    """
    wants: dict[str, object] = {"at_least": _spoken(requirement.at_least)}
    released_at = facts.released_at
    if isinstance(released_at, datetime):
        wants["released_at"] = released_at.isoformat()
    version = facts.version.version
    exception = next(
        (one for one in requirement.exceptions if one.matches(facts.package, version)), None
    )
    if exception is not None:
        wants["exception"] = str(exception)
        return pass_(GATE, f"needs no age: the policy excepts {exception}", wants)
    if requirement.security_fixes and facts.security_fix:
        wants["security_fix"] = True
        return pass_(GATE, "needs no age: it fixes a known vulnerability", wants)
    if isinstance(released_at, Unavailable):
        reason = f"has an age that nobody could tell: {released_at.reason}"
        return hold(GATE, reason, wants, until=later(now, UNANSWERED))
    if released_at is None:
        reason = "has no known age: the public repository does not say when it was released"
        return hold(GATE, reason, wants, until=later(now, UNKNOWN))
    old_enough = later(released_at, requirement.at_least)
    age = _spoken(requirement.at_least)
    if old_enough > now:
        tense = "is said to be released" if released_at > now else "was released"
        reason = f"{tense} {_shown(released_at)}; it must have been public for {age}"
        return hold(GATE, reason, wants, until=old_enough)
    return pass_(GATE, f"was released {_shown(released_at)}, at least {age} ago", wants)


def _shown(moment: datetime) -> str:
    return moment.isoformat(" ", "minutes").replace("+00:00", " UTC")


def _spoken(duration: timedelta) -> str:
    """Return *duration* in the greatest unit that it is a whole number of."""
    seconds = int(duration.total_seconds())
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds and seconds % length == 0:
            count = seconds // length
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return f"{seconds} seconds"
