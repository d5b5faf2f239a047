"""
The decision: which versions of a package take a step now, which wait, which stay. No effects.

A version goes if a rule governs it, the rule's ``then`` has a step further out than its status, and
nothing keeps it. Keeping always wins. A version is kept if

- somebody has exempted it, it is in use (a lock file, a promotion), or a pattern of ``keep``
  matches it;
- it is ``Unfinished`` and not older than ``unfinished_after``: that time alone decides about it,
  unless it is the newest build of a snapshot that is not released, or ``Unlisted`` it would be
  taken for the newest one that is finished;
- it is a build, and the newest of a snapshot that is not released, whatever the rule says;
- it is among the ``keep_newest``, or cannot be placed among them;
- it is younger than ``keep_younger_than``, or nobody knows its age;
- the rule has neither of the two, and does not speak of its release.

Builds whose release has been there for ``release_grace`` go without the last three, and
``X-SNAPSHOT`` goes with them, when nothing keeps any of them. While it stays for people to use, the
newest build stays too: ``X-SNAPSHOT`` has the assets of that one ("Maven snapshots", User Guide).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from expire_versions.survey import UNORDERED, Placed, Standings, Survey
from expire_versions.values import NO_AGES, Ages, Appeared, Due, Kept, Retention, Waiting
from steward.coordinates import Format, PackageVersion
from steward.ledger_entries import Exemption
from steward.ledger_marks import NO_MARKS, Marks
from steward.retention_rules import RetentionRule, Step

_NEWEST_BUILD: Final = "the newest build of a snapshot that is not released"
_LOOKS_NEWEST: Final = "unlisted, it would pass for the newest finished build"
_NO_PLACE: Final = "nobody can say how many are newer: it has no place in the order of versions"
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
    rule: RetentionRule
    step: Step
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
    """Return what becomes of each version of *survey*, as :func:`expired_versions` does."""
    said: dict[str, Kept | Goes] = {
        one.name: _at_its_age(answer, facts) if isinstance(answer, Goes) else answer
        for one, answer in _answers(survey, facts)
    }
    _decide_aliases(survey, facts, said)
    due: list[Due] = []
    waiting: list[Waiting] = []
    to_mark: list[PackageVersion] = []
    kept: list[Kept] = []
    for one in survey.placed:
        verdict = said[one.name]
        answer = _in_time(verdict, facts) if isinstance(verdict, Goes) else verdict
        if isinstance(answer, Due):
            due.append(answer)
        elif isinstance(answer, Waiting):
            waiting.append(answer)
            if facts.marks.since(one.name, one.version.status) is None:
                to_mark.append(one.version)
        else:
            kept.append(answer)
    return Retention(tuple(due), tuple(waiting), tuple(to_mark), tuple(kept))


def questions_of_age(survey: Survey, facts: Facts) -> list[Goes]:
    """
    Return the versions that go if they are old enough, where nobody has said how old they are.

    A version whose waiting time has not ended by its mark is not among them: it was old enough
    when that began, and takes no step now.
    """
    return [
        answer
        for _, answer in _answers(survey, facts)
        if isinstance(answer, Goes)
        and answer.since is not None
        and _is_old_enough(answer, facts) is None
        and not _is_waiting(answer, facts)
    ]


def may_go(survey: Survey, facts: Facts) -> list[Placed]:
    """
    Return the versions that may turn out to go, by all that is known.

    Args:
        facts: What is not known yet is left out; of releases it has to be left out whether they are
            new: give each as old as can be (:func:`long_released`).
    """
    found = [
        one
        for one, answer in _answers(survey, facts)
        if (isinstance(answer, Goes) and _is_old_enough(answer, facts) is not False)
        or (isinstance(answer, Kept) and answer.reason == _NO_PLACE)
    ]
    return found + [
        one
        for one in survey.aliases()
        if one.step is not None and isinstance(_alias(one, (), survey, facts, {})[0], Goes)
    ]


def long_released(survey: Survey) -> Mapping[str, datetime]:
    """Return every release that builds or ``X-SNAPSHOT`` have, as if it were as old as can be."""
    releases = (survey.release_of(one) for one in survey.placed)
    return {each.version: _EARLIEST for each in releases if each is not None}


def releases_asked_for(survey: Survey, facts: Facts) -> list[str]:
    """Return the releases whose time decides about builds, or about ``X-SNAPSHOT``; each once."""
    found: dict[str, None] = {}
    for one in survey.placed:
        if one.rule is None or one.step is None or one.rule.release_grace is None:
            continue
        release = survey.release_of(one)
        if release is not None and _held(one, one.rule, facts) is None:
            found[release.version] = None
    return list(found)


def needs_ranks(survey: Survey, facts: Facts) -> bool:
    """Return whether some version stays only because nobody has said in which order they came."""
    return survey.format in UNORDERED and any(
        isinstance(answer, Kept) and answer.reason == _NO_PLACE
        for _, answer in _answers(survey, facts)
    )


def _answers(survey: Survey, facts: Facts) -> Iterator[tuple[Placed, Kept | Goes]]:
    """Yield each version but ``X-SNAPSHOT`` with what is said of it, whatever its age."""
    standings = survey.standings(facts.ages.ranks)
    for one in survey.placed:
        if one.alias_of is None:
            yield one, _answer(one, survey, standings, facts)


def _answer(one: Placed, survey: Survey, standings: Standings, facts: Facts) -> Kept | Goes:
    rule = one.rule
    if rule is None or one.step is None:
        return _settled(one)
    release = survey.release_of(one)
    reason = _held(one, rule, facts)
    if reason is None and release is None:
        reason = _newest(one, one.step, survey)
    if reason is not None:
        return Kept(one.version, rule.name, reason)
    if one.version.status == "Unfinished":
        since = _before(facts.now, rule.unfinished_after)
        return Goes(one, rule, one.step, "unfinished", since, rule.unfinished_after)
    if release is not None and _long_released(release, rule, facts):
        return Goes(one, rule, one.step, _released(release))
    return _by_number_and_age(one, rule, one.step, standings, facts)


def _newest(one: Placed, step: Step, survey: Survey) -> str | None:
    """Return what keeps *one* as the newest build, or from being taken for it, if anything does."""
    if survey.is_last_build(one):
        return _NEWEST_BUILD
    unfinished = one.version.status == "Unfinished"
    if unfinished and step.name == "unlist" and survey.would_pass_for_newest(one):
        return _LOOKS_NEWEST
    return None


def _by_number_and_age(
    one: Placed, rule: RetentionRule, step: Step, standings: Standings, facts: Facts
) -> Kept | Goes:
    if rule.keep_newest is None and rule.keep_younger_than is None:
        return Kept(one.version, rule.name, "nothing but its release lets it go")
    reason = ""
    if rule.keep_newest is not None:
        newer = standings.newer_than(one)
        if (standings.most_newer_than(one) if newer is None else newer) < rule.keep_newest:
            return Kept(one.version, rule.name, f"one of the {rule.keep_newest} newest")
        if newer is None:
            return Kept(one.version, rule.name, _NO_PLACE)
        of = "" if one.series is None else " builds of its series"
        reason = f"not among the {rule.keep_newest} newest{of}"
    if rule.keep_younger_than is None:
        return Goes(one, rule, step, reason)
    since = _before(facts.now, rule.keep_younger_than)
    return Goes(one, rule, step, reason, since, rule.keep_younger_than)


def _decide_aliases(survey: Survey, facts: Facts, said: dict[str, Kept | Goes]) -> None:
    """Add to *said* each ``X-SNAPSHOT``; where one stays, its newest build stays too."""
    for alias in survey.aliases():
        builds = survey.builds_of(alias.alias_of or "")
        answer, stays = _alias(alias, builds, survey, facts, said)
        said[alias.name] = answer
        if not stays or not builds:
            continue
        newest = next((one for one in reversed(builds) if survey.complete(one)), builds[-1])
        if not isinstance(said[newest.name], Kept):
            name = newest.rule.name if newest.rule else None
            reason = f"the newest build of {alias.name}, which stays"
            said[newest.name] = Kept(newest.version, name, reason)


def _alias(
    alias: Placed,
    builds: Sequence[Placed],
    survey: Survey,
    facts: Facts,
    said: Mapping[str, Kept | Goes],
) -> tuple[Kept | Goes, bool]:
    """Return what is said of ``X-SNAPSHOT``, and whether its newest build has to stay with it."""
    rule = alias.rule
    if rule is None:
        return _settled(alias), survey.people_get(alias)
    if alias.step is None:
        return _settled(alias), False
    reason = _held(alias, rule, facts)
    if reason is not None:
        return Kept(alias.version, rule.name, reason), True
    release = survey.release_of(alias)
    if release is None or not _long_released(release, rule, facts):
        return Kept(alias.version, rule.name, "it goes some time after its release"), True
    for one in builds:
        # A build for which there is no further step does not hold the snapshot back.
        if isinstance(said[one.name], Kept) and (one.rule is None or one.step is not None):
            return Kept(alias.version, rule.name, f"its build {one.name} stays"), True
    return Goes(alias, rule, alias.step, _released(release)), False


def _settled(one: Placed) -> Kept:
    """Return that *one* stays, since no rule governs it or the rule asks for nothing further."""
    if one.rule is None:
        return Kept(one.version, None, "no retention rule selects it")
    reason = f"it is {one.version.status}, and the rule asks for nothing further"
    return Kept(one.version, one.rule.name, reason)


def _held(one: Placed, rule: RetentionRule, facts: Facts) -> str | None:
    """Return what keeps *one* whatever else is true."""
    exemption = next(
        (
            each
            for each in facts.exemptions
            if each.version == one.name and each.in_force(facts.now)
        ),
        None,
    )
    if exemption is not None:
        return f"exempt until {exemption.until.isoformat(timespec='seconds')}: {exemption.why}"
    if one.name in facts.in_use:
        return facts.in_use[one.name]
    return "a pattern of keep matches it" if rule.keeps(one.name) else None


def _long_released(release: PackageVersion, rule: RetentionRule, facts: Facts) -> bool:
    appeared = facts.releases.get(release.version)
    if rule.release_grace is None or appeared is None:
        return False
    return appeared <= _before(facts.now, rule.release_grace)


def _is_old_enough(goes: Goes, facts: Facts) -> bool | None:
    """Return whether the version appeared early enough; ``None``: nobody knows."""
    if goes.since is None:
        return True
    build = goes.placed.build
    appeared = (
        Appeared.at(build.made_at)
        if build is not None and build.made_at is not None
        else facts.ages.of(goes.placed.name)
    )
    if appeared.latest is not None and appeared.latest <= goes.since:
        return True
    if appeared.earliest is not None and appeared.earliest > goes.since:
        return False
    return None


def _at_its_age(goes: Goes, facts: Facts) -> Kept | Goes:
    """Return *goes*, or that the version is kept for its age; a question nobody asked stays one."""
    old_enough = _is_old_enough(goes, facts)
    if old_enough or (old_enough is None and _is_waiting(goes, facts)):
        return goes
    unknown = "nobody knows how old it is"
    reason = unknown if old_enough is None else f"younger than {in_words(goes.at_least)}"
    return Kept(goes.placed.version, goes.rule.name, reason)


def _is_waiting(goes: Goes, facts: Facts) -> bool:
    """Return whether the waiting time of the next step has begun before now, and goes on."""
    version = goes.placed.version
    marked = facts.marks.since(version.version, version.status) is not None
    return marked and isinstance(_in_time(goes, facts), Waiting)


def _in_time(goes: Goes, facts: Facts) -> Due | Waiting:
    """Return whether the next step is due, or how long it waits."""
    version, step = goes.placed.version, goes.step
    reason = goes.reason
    if goes.since is not None:
        reason = " and ".join(
            part for part in (reason, f"older than {in_words(goes.at_least)}") if part
        )
    if not step.after:
        return Due(version, step.name, goes.rule.name, reason)
    begun = facts.marks.since(version.version, version.status) or facts.now
    until = begun + min(step.after, _LATEST - begun)
    if until <= facts.now:
        return Due(version, step.name, goes.rule.name, reason)
    return Waiting(version, step.name, until, goes.rule.name, reason)


def _released(release: PackageVersion) -> str:
    return f"{release.version} has been released, and the grace period is over"


def _before(now: datetime, duration: timedelta) -> datetime:
    return now - min(duration, now - _EARLIEST)


def in_words(duration: timedelta) -> str:
    """Return *duration* as people say it: ``30 days``, ``1 day, 6:00:00``."""
    if duration.days and duration == timedelta(days=duration.days):
        return "1 day" if duration.days == 1 else f"{duration.days} days"
    return str(duration)
