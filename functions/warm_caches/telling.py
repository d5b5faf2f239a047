"""What people are told about warming, in which words, and how often."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from steward.coordinates import Repository
from steward.observability import PackageLog, count, logger
from steward.warming_notices import Mismatch, RunSummary
from warm_caches.planning import PASSED_OVER

if TYPE_CHECKING:
    from steward.coordinates import Format, Package
    from warm_caches.collaborators import Collaborators
    from warm_caches.engine import Warmed
    from warm_caches.messages import WarmPackages
    from warm_caches.runs import Run
    from warm_caches.tally import Tally
    from warm_caches.values import Outcome, State

REMINDER: Final = timedelta(days=30)  # our choice: what is still so after this time is told again
VERSIONS_PER_TEXT: Final = 50  # our choice: what a person reads. The log has all of them.
# Our choice: longer than CodeArtifact remembers lists of npm, PyPI and NuGet (30 minutes, "External
# connection latency", User Guide), so that an outage is not over and there again all the time.
QUIET_BEFORE_END: Final = timedelta(hours=1)
# Our choice: two workers see a repository that drops every third request, and nobody reads a mail
# for each of their batches.
ONE_OUTAGE_IN: Final = timedelta(hours=1)
NO_REASON: Final = "it gives no answer"
_NO_NEWS: Final[frozenset[State]] = frozenset({"warm", "waiting"})


def log_outcome(outcome: Outcome, run: str) -> None:
    """
    Log what became of one version, and why.

    What was there, and what is not settled, is no news: a lock file has thousands of lines, and the
    clock comes each hour. The summary counts them.
    """
    log = PackageLog(outcome.package)
    keys = {"reason": outcome.reason, "note": outcome.note, "size": outcome.size}
    write = log.debug if outcome.state in _NO_NEWS and not outcome.note else log.info
    write(
        outcome.state,
        version=outcome.version,
        run=run,
        **{name: value for name, value in keys.items() if value},
    )


def count_batch(tally: Tally) -> None:
    """Count what a batch has come to."""
    count("VersionsWarm", tally.warm)
    count("VersionsFetched", tally.fetched)
    count("VersionsNotFound", tally.not_found)
    count("VersionsBlocked", tally.blocked)
    count("VersionsMismatched", tally.mismatched)
    count("VersionsFailed", tally.failed)
    count("BytesFetched", tally.size)


def tell_outages(message: WarmPackages, warmed: Warmed, to: Collaborators) -> None:
    """
    Tell people of public repositories that do not answer any more, and of those that do again.

    - Each outage is told once, whoever notices it, and its end once. What was lost on its way to
      people is told at the next look.
    - What answers now and then is told once an hour: until then a further outage of it is none.
    - An outage is over when a version came through the connection: CodeArtifact itself answers for
      what it does not hold, so that an answer alone proves nothing. It is over, too, when nobody
      has seen it for an hour and the endpoint lists a version that the repository does not hold.

    2 UpdateItem at most for each connection that does not answer, and 1 PutItem if that is new;
    where another one does 1 Query, and 1 DeleteItem for each outage that is over;
    DescribeRepository now and then.

    Raises:
        CodeArtifactError: Nobody can tell what the repository is connected to.
        RunsError: Nobody can tell whether it was told before.
    """
    for package_format in sorted(warmed.unanswered):
        reason = _reason(warmed, package_format)
        for one in _connections(package_format, message, to):
            count("ConnectionsUnavailable", 1)
            if to.outages.begin(one.name, reason, to.now()):
                _begin(one, reason, to)
    came = {one.package.format for one in warmed.outcomes if one.state == "fetched"}
    came |= {one.package.format for one in warmed.waiting}
    alive = (came | warmed.answered) - warmed.unanswered
    lasting = {one.connection: one for one in to.outages.current()} if alive else {}
    if not lasting:
        return
    for package_format in sorted(alive):
        for one in _connections(package_format, message, to):
            known = lasting.get(one.name)
            if known is None:
                continue
            is_over = package_format in came or to.now() - known.seen >= QUIET_BEFORE_END
            outage = to.outages.end(one.name) if is_over else None
            if outage is not None:
                _tell_end(one, outage.since, to)


def tell_mismatches(message: WarmPackages, outcomes: Iterable[Outcome], to: Collaborators) -> None:
    """
    Tell people of versions whose files have none of the hashes that the lock files state.

    Each version is told once, and again after :data:`REMINDER`: 1 PutItem for each. What an alarm
    watches is counted as often: runs find the same file each hour.

    Raises:
        RunsError: Nobody can tell whether it was told before.
    """
    found: dict[Package, list[Outcome]] = {}
    for one in outcomes:
        if one.state == "mismatch" and _is_news(_mismatch(one), to):
            found.setdefault(one.package, []).append(one)
    count("MismatchesFound", sum(map(len, found.values())))
    if not found:
        return
    repository = next(iter(found)).repository
    lines = [
        "Files in the repository are not those that lock files were made with. Either somebody has",
        "changed them, in the public repository or on the way, or the lock file is wrong.",
        "",
        *_where(repository, message.rule),
        "Versions:",
    ]
    told = [one for some in found.values() for one in some]
    for one in told[:VERSIONS_PER_TEXT]:
        note = f" ({one.note})" if one.note else ""
        lines.append(f"  {one.package.purl(one.version)}{note}: {one.reason}")
    if len(told) > VERSIONS_PER_TEXT:
        lines.append(f"  ... and {len(told) - VERSIONS_PER_TEXT} more, which the log has")
    subject = f"Files are not those of the lock file in {repository.name} of {repository.domain}"
    if not _told(subject, lines, map(_mismatch, told), to):
        return
    for package, some in found.items():
        said = [Mismatch(one.version or "", one.reason, one.note) for one in some]
        to.notices.mismatches_found(package, said, rule=message.rule)


def tell_problems(
    problems: Sequence[str], run: Run, repository: Repository, to: Collaborators
) -> None:
    """
    Log what *run* cannot warm, and tell people of it once, and again after :data:`REMINDER`.

    What no package repository has is only logged: builds get it from elsewhere. 1 PutItem for each
    of the others.

    Raises:
        RunsError: Nobody can tell whether it was told before.
    """
    for problem in problems:
        logger().warning("not warmed", extra={"run": run.id, "reason": problem})
    keys = {one: _key("problem", f"{run.rule} {one}") for one in problems if PASSED_OVER not in one}
    news = [one for one, key in keys.items() if _is_news(key, to)]
    if not news:
        return
    lines = [
        "Something that a cache is to hold is not looked for: builds may miss it in an outage. The",
        "rest is warmed, and each run tries again.",
        "",
        *_where(repository, run.rule),
        "What is wrong:",
        *(f"  {one}" for one in news[:VERSIONS_PER_TEXT]),
    ]
    if len(news) > VERSIONS_PER_TEXT:
        lines.append(f"  ... and {len(news) - VERSIONS_PER_TEXT} more, which the log has")
    lines += ["", 'What to do: docs/operations.md, "What is not warm".']
    subject = f"A cache cannot be warmed in full in {repository.name} of {repository.domain}"
    _told(subject, lines, (keys[one] for one in news), to)


def tell_summary(run: Run, repository: Repository, finished: datetime, to: Collaborators) -> None:
    """Log and announce what *run*, which is over, has done."""
    tally = run.tally
    versions = {
        "warm": tally.warm,
        "fetched": tally.fetched,
        "notFound": tally.not_found,
        "blocked": tally.blocked,
        "mismatched": tally.mismatched,
        "failed": tally.failed,
        "wouldFetch": tally.would_fetch,
    }
    logger().info(
        "cache warmed",
        extra={
            "run": run.id,
            "rule": run.rule,
            "repository": run.repository,
            "packages": run.packages,
            "versions": versions,
            "bytes": tally.size,
            "requests": tally.requests,
            "lists": tally.lists,
            "seconds": round(tally.seconds, 3),
            "took": round((finished - run.started).total_seconds(), 3),
            "problems": list(run.problems),
        },
    )
    summary = RunSummary(
        run=run.id,
        started=run.started,
        finished=finished,
        packages=run.packages,
        versions=versions,
        size=tally.size,
        requests=tally.requests,
        lists=tally.lists,
        seconds=tally.seconds,
        problems=run.problems,
    )
    to.notices.cache_warmed(repository, summary, rule=run.rule)


@dataclass(frozen=True, slots=True)
class _Connection:
    """An external connection, and what was warmed through it."""

    name: str
    format: Format
    repository: Repository
    rule: str | None


def _connections(
    package_format: Format, message: WarmPackages, to: Collaborators
) -> Iterator[_Connection]:
    """Yield what packages of a format come through; if that is nothing, the endpoint itself."""
    repository = message.packages[0].package.repository
    names = to.connections.of(repository, package_format)
    for name in names or (f"the {package_format} endpoint of {repository.name}",):
        yield _Connection(name, package_format, repository, message.rule)


def _begin(one: _Connection, reason: str, to: Collaborators) -> None:
    """Tell of an outage that has just been noticed, unless one was told an hour ago or later."""
    now, key = to.now(), f"outage#{one.name}"
    if not to.runs.tell_once(key, now + ONE_OUTAGE_IN, now):
        to.outages.end(one.name)  # if it lasts, it is told at a later look
        return
    if not _tell_outage(one, reason, to):
        to.outages.end(one.name)
        to.runs.forget(key)


def _tell_outage(one: _Connection, reason: str, to: Collaborators) -> bool:
    """Tell of an outage; return whether that was not lost on its way."""
    lines = [
        f"{one.name} does not answer: {reason}",
        "",
        *_where(one.repository, one.rule),
        "",
        "What repositories hold still installs. What they do not hold is asked for again at each",
        "run; you will be told when it answers. There is nothing to do.",
    ]
    subject = f"{one.name} does not answer, as seen from {one.repository.domain}"
    if to.attention.tell(subject, "\n".join(lines)) == "lost":
        return False
    to.notices.unavailable(one.repository, one.name, one.format, reason, rule=one.rule)
    return True


def _tell_end(one: _Connection, since: datetime, to: Collaborators) -> None:
    lines = [
        f"{one.name} answers again. It was first seen not to on {since:%d %B %Y at %H:%M} UTC.",
        "",
        *_where(one.repository, one.rule),
    ]
    subject = f"{one.name} answers again, as seen from {one.repository.domain}"
    to.attention.tell(subject, "\n".join(lines))
    to.notices.available_again(one.repository, one.name, one.format, since, rule=one.rule)


def _reason(warmed: Warmed, package_format: Format) -> str:
    """Return what came instead of an answer."""
    return next(
        (
            one.reason
            for one in warmed.outcomes
            if one.state == "no answer" and one.package.format == package_format and one.reason
        ),
        NO_REASON,
    )


def _is_news(key: str, to: Collaborators) -> bool:
    """Return whether people have not been told of *key* for a while; they count as told now."""
    now = to.now()
    return to.runs.tell_once(key, now + REMINDER, now)


def _told(subject: str, lines: Sequence[str], keys: Iterable[str], to: Collaborators) -> bool:
    """Tell people; return whether that was not lost on its way: then *keys* are news again."""
    if to.attention.tell(subject, "\n".join(lines)) != "lost":
        return True
    for key in keys:
        to.runs.forget(key)
    return False


def _mismatch(outcome: Outcome) -> str:
    """Return the key under which it is remembered that people know."""
    place = outcome.package.repository
    text = f"{place.domain_owner}/{place.domain}/{place.name} "
    text += f"{outcome.package.purl(outcome.version)} {outcome.reason}"
    return _key("mismatch", text)


def _key(kind: str, text: str) -> str:
    """Return a key that is no longer than keys may be."""
    return f"{kind}#{sha256(text.encode()).hexdigest()}"


def _where(repository: Repository, rule: str | None) -> list[str]:
    return [
        f"Repository:  {repository.name}",
        f"Domain:      {repository.domain} ({repository.domain_owner})",
        f"Rule:        {rule or 'none: lock files of a person'}",
    ]
