"""Some packages of a run: warmed, told about, and what is left of them sent on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, cast

from steward.errors import StewardError
from steward.observability import logger
from warm_caches.engine import How
from warm_caches.messages import MAX_ATTEMPTS, MAX_BATCH_ID, MAX_TRIES, WarmPackages
from warm_caches.planning import batches_of
from warm_caches.runs import below
from warm_caches.settling import AT_ONCE, Done, Rest, counted_before, settle_packages
from warm_caches.tally import tally_of
from warm_caches.telling import log_outcome, tell_mismatches, tell_outages
from warm_caches.values import Outcome

if TYPE_CHECKING:
    from warm_caches.collaborators import Collaborators
    from warm_caches.engine import Warmed
    from warm_caches.values import Wanted

# "asynchronous persistence" (User Guide, "Working with external connections"): about 3 minutes.
LISTED_AFTER: Final = timedelta(minutes=3)
# Our choice: an outage of some minutes is over within a run; a longer one is for the next run.
OUTAGE_PAUSES: Final = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))

_WAITING: Final = "w"
_UNANSWERED: Final = "o"
_NO_TIME: Final = "t"
# Of an id: what no time adds, a letter, a number and a dot, and as much for the attempts after it.
_LONGEST_PART: Final = 32


class UnknownRunError(StewardError):
    """A message is of a run that nobody has started, or that was forgotten."""


def warm_packages(
    message: WarmPackages,
    to: Collaborators,
    *,
    repeated: bool,
    time_left: Callable[[], bool],
) -> None:
    """
    Warm the packages of *message*, and have what is left of them done later.

    - What was asked for and is not listed some seconds later: in 3 minutes, by the next attempt,
      three in all.
    - What nobody answered for: in 1, 5 and 15 minutes; then it has failed for this run.
    - What there was no time for: at once. Five such messages in which nothing moved end it.

    1 GetItem, what the engine asks for, 1 UpdateItem, 1 PutItem and a message for each kind of
    rest. A message that comes again when it is done costs the GetItem; its rest is sent again if
    that is not.

    Args:
        repeated: The message was delivered before, and whoever got it did not come to its end.

    Raises:
        UnknownRunError: Its run is not known.
        CodeArtifactError: CodeArtifact refused something that the message cannot do without.
        RunsError: The table cannot be read or written.
        QueueError: Some of the rest was not sent.
    """
    run = to.runs.find(message.run)
    if run is None:
        raise UnknownRunError(f"there is no run {message.run!r:.400}")
    repository = message.packages[0].package.repository
    if counted_before(run, repository, message.batch, to):
        extra = {"run": run.id, "batch": message.batch, "reason": "it was counted before"}
        logger().info("passed over", extra=extra)
        return
    how = How(
        verify=message.verify,
        archive_mismatches=message.archive_mismatches,
        attempt=cast("Literal[1, 2, 3]", message.attempt),  # messages.read lets no other pass
        rule=message.rule or "caches",
        repeated=repeated,
    )
    log = partial(log_outcome, run=run.id)
    warmed = to.warm(message.packages, how, on_outcome=log, time_left=time_left)
    rest, given_up = remaining(message, warmed)
    for outcome in given_up:
        log(outcome)
    tell_outages(message, warmed, to)
    tell_mismatches(message, warmed.outcomes, to)
    tally = warmed.tally + tally_of(given_up)
    settle_packages(run, repository, Done(message.batch, tally, rest), to)


def remaining(message: WarmPackages, warmed: Warmed) -> tuple[list[Rest], list[Outcome]]:
    """Return what is left to do after *message*, and what is given up for this run; pure."""
    rest: list[Rest] = []
    given_up: list[Outcome] = []
    if warmed.waiting:
        if message.attempt < MAX_ATTEMPTS:
            following = replace(message, attempt=message.attempt + 1, tries=0)
            rest += _rest(following, _WAITING, warmed.waiting, LISTED_AFTER)
        else:
            given_up += _failed(warmed.waiting, "it was asked for three times and is not listed")
    unanswered = [one for one in warmed.left if one.package.format in warmed.unanswered]
    if unanswered:
        if message.tries < len(OUTAGE_PAUSES):
            again = replace(message, tries=message.tries + 1)
            rest += _rest(again, _UNANSWERED, unanswered, OUTAGE_PAUSES[message.tries])
        else:
            given_up += _failed(unanswered, "the public repository does not answer")
    put_off = [one for one in warmed.left if one.package.format not in warmed.unanswered]
    if put_off:
        moved = warmed.waiting or any(one.state != "no answer" for one in warmed.outcomes)
        tries = message.tries if moved else message.tries + 1
        if tries <= MAX_TRIES and len(message.batch) < MAX_BATCH_ID - _LONGEST_PART:
            rest += _rest(replace(message, tries=tries), _NO_TIME, put_off, AT_ONCE)
        else:
            given_up += _failed(put_off, "there was no time for it in many messages")
    return rest, given_up


def _rest(
    message: WarmPackages, part: str, packages: Sequence[Wanted], after: timedelta
) -> Iterator[Rest]:
    """
    Yield messages with *packages* below the batch of *message*, whose other members they have.

    There may be several: parents of Maven packages are found while these are fetched.
    """
    for number, some in enumerate(batches_of(packages, with_hashes=message.verify)):
        batch = below(message.batch, f"{part}{number or ''}")
        yield Rest(replace(message, batch=batch, packages=some), after)


def _failed(wanted: Sequence[Wanted], reason: str) -> list[Outcome]:
    failed: list[Outcome] = []
    for one in wanted:
        versions: list[str | None] = [each.version for each in one.versions]
        failed += [Outcome(one.package, each, "failed", reason) for each in versions or [None]]
    return failed
