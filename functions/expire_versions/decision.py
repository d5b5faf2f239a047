"""
The decision: which versions of a package take a step now, which wait, which stay. No effects.

A version goes if a rule governs it, the rule's ``then`` has a step further out than its status, and
nothing keeps it. Keeping always wins. A version is kept if

- somebody has exempted it, it is in use (a lock file, a promotion), or the rule's ``keep`` names it;
- it is ``Unfinished`` and not older than ``unfinished_after``: that time alone decides about it,
  unless it is the newest build of a snapshot that is not released;
- it is a build, and the newest of a snapshot that is not released, whatever the rule says;
- it is among the ``keep_newest``, or cannot be placed among them;
- it is younger than ``keep_younger_than``, or nobody knows its age;
- the rule has neither of the two, and does not speak of its release.

Builds whose release has been there for ``release_grace`` go without the last three, and
``X-SNAPSHOT`` goes with them, when nothing keeps any of them. While something keeps it, or one of
its builds, the newest build stays too: ``X-SNAPSHOT`` has the assets of that one ("Maven
snapshots", User Guide).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from expire_versions.survey import UNORDERED, Placed, Standings, Survey
from expire_versions.values import NO_AGES, Ages, Appeared, Due, Kept, Retention, Waiting
from steward.coordinates import Format, PackageVersion
from steward.ledger_entries import Exemption
from steward.ledger_marks import NO_MARKS, Marks
from steward.retention_rules import RetentionRule

_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
_LATEST: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Facts:
    """
    What is known besides the versions themselves.

    Attributes:
        in_use: Why a version is in use, by version.
        releases: When a release appeared, by its version: only for builds that go by that.
    """

    now: datetime
    ages: Ages = NO_AGES
    in_use: Mapping[str, str] = field(default_factory=dict)
    exemptions: Sequence[Exemption] = ()
    marks: Marks = NO_MARKS
    releases: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Goes:
    """
    A version that goes if it is old enough.

    Attributes:
        since: It has to have appeared at or before this; ``None``: it goes at any age.
        at_least: The age that this is, for people.
        reason: Why it goes, but for its age.
    """

    placed: Placed
    reason: str
    since: datetime | None = None
    at_least: timedelta = timedelta()


def expired_versions(
    versions: Sequence[PackageVersion],
    *,
    package_format: Format,
    rules: Sequence[RetentionRule],
    ages: Ages = NO_AGES,
    in_use: Mapping[str, str] | None = None,
    exemptions: Sequence[Exemption] = (),
    marks: Marks = NO_MARKS,
    releases: Mapping[str, datetime] | None = None,
    now: datetime,
) -> Retention:
    """
    Return what becomes of each version of one package, by *rules*.

    The step is the first of ``then`` that lies further out than the version's status. Its waiting
    time counts from the mark of the version, if that is of the status it has; else from now on.

    Args:
        versions: All versions of the package, in any order.
        rules: Those that apply to the package; the first that selects a version governs it.
        ages: Of versions whose name does not tell. What is missing is not known, and keeps.
        in_use: By version, why it is in use.
        exemptions: Of the package; those that have ended and those of restrictions do not count.
        releases: By version of a release, when it appeared.
        now: The time, aware.
    """
    facts = Facts(now, ages, in_use or {}, exemptions, marks, releases or {})
    return decide(Survey(versions, package_format, rules), facts)


def decide(survey: Survey, facts: Facts) -> Retention:
    """Return what :func:`expired_versions` returns."""
    raise NotImplementedError
