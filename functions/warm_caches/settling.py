"""How a batch of a run ends: counted once, what is left sent on, the run concluded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from steward.coordinates import Repository
from warm_caches.messages import WarmingMessage
from warm_caches.runs import is_below
from warm_caches.tally import Tally
from warm_caches.telling import count_batch, tell_summary

if TYPE_CHECKING:
    from warm_caches.collaborators import Collaborators
    from warm_caches.runs import Run

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
    Return whether nothing is left to do for *batch*: it was counted, and its rest was done.

    Where some of its rest is open, nobody can tell whether it was sent. If it was the last batch,
    the run is concluded: whoever counted it may not have come to that.

    Raises:
        RunsError: The table cannot be written.
    """
    if run.finished is not None:
        return True
    if batch not in run.ended or any(is_below(one, batch) for one in run.open):
        return False
    _conclude(run, repository, to)
    return True


def settle(run: Run, repository: Repository, done: Done, to: Collaborators) -> None:
    """
    Count what was done, once, and have the rest done; announce the end of the run, if it is that.

    First it is written what is left, then it is sent: a run never ends too early. If this comes
    back, because a message was not accepted, or because a queue delivers twice, the rest is sent
    again unless it was done. What was left before, and is not any more, counts as a batch that is
    done; how many versions that were, nobody knows any more, so the tally is short of them.

    1 UpdateItem, and a message for each rest; 2 more UpdateItem at the end of the run. A process
    that dies between the last of these and the announcement leaves a run that is over and was
    not announced.

    Raises:
        RunsError: It was not counted, or cannot be known to be.
        QueueError: Some of the rest was not sent.
    """
    begun = {one.batch for one in done.rest}
    counted = to.runs.finish(
        run.id,
        done.batch,
        done.tally,
        below=begun,
        packages=done.packages,
        problems=done.problems,
    )
    now = counted.run
    if counted.newly:
        count_batch(done.tally)
    if now.finished is not None:
        return
    for one in sorted(now.open):
        if is_below(one, done.batch) and one not in begun:
            now = to.runs.finish(run.id, one, Tally()).run
    _send([one for one in done.rest if one.batch in now.open], to)
    _conclude(now, repository, to)


def _conclude(run: Run, repository: Repository, to: Collaborators) -> None:
    finished = to.now()
    if to.runs.conclude(run, finished):
        tell_summary(run, repository, finished, to)


def _send(rest: Sequence[Rest], to: Collaborators) -> None:
    to.queue.send(one.message for one in rest if one.after == AT_ONCE)
    for one in rest:
        if one.after != AT_ONCE:
            to.queue.send_later(one.message, after=one.after)
