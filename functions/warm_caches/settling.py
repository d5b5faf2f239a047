"""How a batch of a run ends: counted once, what is left sent on, the run concluded."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain, count
from string import digits
from typing import TYPE_CHECKING, Final

from steward.coordinates import Repository
from steward.observability import logger
from warm_caches.messages import WarmingMessage, body_of, read
from warm_caches.runs import Kept, is_below
from warm_caches.tally import Tally
from warm_caches.telling import count_batch, tell_summary

if TYPE_CHECKING:
    from warm_caches.collaborators import Collaborators
    from warm_caches.runs import Counted, Run

AT_ONCE: Final = timedelta()


@dataclass(frozen=True, slots=True)
class Rest:
    """
    A message with what is left of a batch, under an id below that of the batch.

    Attributes:
        after: It is not to be received before.
    """

    message: WarmingMessage
    after: timedelta = AT_ONCE

    @property
    def batch(self) -> str:
        """The id of the batch that the message is."""
        return self.message.batch or ""


@dataclass(frozen=True, slots=True)
class Done:
    """
    What a message of a run has come to.

    Attributes:
        packages: How many packages the rest is about, if this was a plan.
        problems: What cannot be warmed, in words.
    """

    batch: str
    tally: Tally
    rest: Sequence[Rest] = ()
    packages: int = 0
    problems: Sequence[str] = ()


def settled_before(run: Run, repository: Repository, batch: str, to: Collaborators) -> bool:
    """
    Return whether nothing is left to do for the plan *batch*: it was counted, its rest was done.

    Where some of its rest is open, nobody can tell whether it was sent. If it was the last batch,
    the run is concluded: whoever counted it may not have come to that.

    Raises:
        RunsError: The table cannot be written.
    """
    if run.finished is not None:
        return True
    if batch not in run.ended or _open_below(batch, run):
        return False
    _conclude(run, repository, to)
    return True


def settle(run: Run, repository: Repository, done: Done, to: Collaborators) -> None:
    """
    Count a plan, once, and have the rest done; announce the end of the run, if it is that.

    First it is written what is left, then it is sent: a run never ends too early. If this comes
    back, because a message was not accepted, or because a queue delivers twice, the rest is sent
    again unless it was done. What was planned before, and is not any more, counts as a batch that
    is done: a policy or a lock file has changed meanwhile.

    1 UpdateItem, and a message for each rest; 2 more UpdateItem at the end of the run. A process
    that dies between the last of these and the announcement leaves a run that is over and was
    not announced.

    Raises:
        RunsError: It was not counted, or cannot be known to be.
        QueueError: Some of the rest was not sent.
    """
    begun = {one.batch for one in done.rest}
    counted = _finish(run, done, begun, to)
    now = counted.run if counted.newly else to.runs.begin(run.id, begun)
    if now.finished is not None:
        return
    for one in _open_below(done.batch, now):
        if one not in begun:
            now = to.runs.finish(run.id, one, Tally()).run
    _send([one for one in done.rest if one.batch in now.open], to)
    _conclude(now, repository, to)


def counted_before(run: Run, repository: Repository, batch: str, to: Collaborators) -> bool:
    """
    Return whether the packages *batch* were counted; if so, have what was left of them done.

    Whoever counted them may not have come to that: what was left then is sent once more, unless it
    was done, and the run is concluded if nothing is open.

    If they were counted, 1 GetItem and a message for each rest that is open.

    Raises:
        RunsError: The table cannot be read or written.
        QueueError: Some of the rest was not sent.
    """
    if run.finished is not None:
        return True
    if batch not in run.ended:
        return False
    now, rest = run, []
    for one in _open_below(batch, run):
        kept = to.runs.kept(run.id, one)
        if kept is None:  # forgotten: no queue has kept the batch for so long either
            reason = f"what the batch {batch} had left is forgotten"
            logger().warning("not warmed", extra={"run": run.id, "reason": reason})
            now = to.runs.finish(run.id, one, Tally()).run
            continue
        message = read(kept.body, account=repository.domain_owner, domain=repository.domain)
        rest.append(Rest(message, max(kept.due - to.now(), AT_ONCE)))
    _send(rest, to)
    _conclude(now, repository, to)
    return True


def settle_packages(run: Run, repository: Repository, done: Done, to: Collaborators) -> None:
    """
    Count what was done, once, and have the rest done; announce the end of the run, if it is that.

    What an attempt counts and what it leaves belong together: each version is in one of them. So
    the rest is kept, under ids that no other attempt has, before both are written in one step; who
    comes later, and may have another rest, sends the one that was written. Every version that is
    wanted stands once in the tally of a run that is over, whoever dies at whatever point.

    1 PutItem and a message for each rest, 1 UpdateItem; 2 more UpdateItem at the end of the run,
    which may be over and not announced, as with :func:`settle`.

    Raises:
        RunsError: It was not counted, or cannot be known to be.
        QueueError: Some of the rest was not sent.
    """
    rest = [_kept(run, one, to) for one in done.rest]
    counted = _finish(run, done, {one.batch for one in rest}, to)
    if counted.newly:
        _send(rest, to)
        _conclude(counted.run, repository, to)
    else:
        counted_before(counted.run, repository, done.batch, to)


def _kept(run: Run, rest: Rest, to: Collaborators) -> Rest:
    """Return *rest* as it is kept now: under its own id, or the next that nobody has taken."""
    now = to.now()
    stem = rest.batch.rstrip(digits)
    ids = chain([rest.batch], (f"{stem}{number}" for number in count(1)))
    named = (replace(rest, message=replace(rest.message, batch=one)) for one in ids)
    return next(
        one
        for one in named
        if to.runs.keep(run.id, one.batch, Kept(body_of(one.message), now + one.after), now)
    )


def _finish(run: Run, done: Done, begun: Collection[str], to: Collaborators) -> Counted:
    counted = to.runs.finish(
        run.id,
        done.batch,
        done.tally,
        below=begun,
        packages=done.packages,
        problems=done.problems,
    )
    if counted.newly:
        count_batch(done.tally)
    return counted


def _open_below(batch: str, run: Run) -> list[str]:
    return sorted(one for one in run.open if is_below(one, batch))


def _conclude(run: Run, repository: Repository, to: Collaborators) -> None:
    finished = to.now()
    if to.runs.conclude(run, finished):
        tell_summary(run, repository, finished, to)


def _send(rest: Sequence[Rest], to: Collaborators) -> None:
    to.queue.send(one.message for one in rest if one.after == AT_ONCE)
    for one in rest:
        if one.after != AT_ONCE:
            to.queue.send_later(one.message, after=one.after)
