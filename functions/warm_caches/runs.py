"""What is remembered about the runs of warming, as values, and what a table of them can do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol

from steward.errors import AwsError
from warm_caches.tally import Tally

# Our choice: longer than any run that gets somewhere, far shorter than a day.
GIVEN_UP_AFTER: Final = timedelta(hours=6)
KEPT_FOR: Final = timedelta(days=30)  # our choice: what people ask about
PLAN: Final = "p"  # the batch that stands for the plan of a run
PLAN_GOES_ON: Final = "n"  # the last part of the id of a batch that stands for the rest of a plan
REST_KEPT_FOR: Final = timedelta(days=14)  # no queue keeps a message longer (Quotas, SQS guide)
MAX_PROBLEMS: Final = 50  # of a run; our choice: what people read. The log has all of them.
MAX_PROBLEM: Final = 500  # characters; our choice


@dataclass(frozen=True, slots=True)
class Run:
    """
    One run of warming: of one rule at one time, or of lock files of a person's own.

    Attributes:
        id: Sorts by the time at which it was asked for (``messages.run_id``).
        rule: ``None``: lock files of a person's own.
        repository: The name of the repository that is warmed.
        begun: The ids of its batches, of the plan's too, as far as they are known.
        ended: Those of them that are done, and counted in *tally*.
        packages: How many packages have been planned.
        finished: When its last batch was done; ``None``: it is still going, or was given up.
        problems: What could not be done, apart from single versions, in words.
    """

    id: str
    rule: str | None
    repository: str
    started: datetime
    begun: frozenset[str] = frozenset({PLAN})
    ended: frozenset[str] = frozenset()
    packages: int = 0
    finished: datetime | None = None
    tally: Tally = field(default_factory=Tally)
    problems: tuple[str, ...] = ()

    @property
    def open(self) -> frozenset[str]:
        """The batches that are not done yet."""
        return self.begun - self.ended

    @property
    def planned(self) -> int | None:
        """How many batches there are; ``None``: the plan is not finished, there may be more."""
        if any(_is_plan(one) for one in self.open):
            return None
        return sum(not _is_plan(one) for one in self.begun)

    @property
    def done(self) -> int:
        """How many batches are done."""
        return sum(not _is_plan(one) for one in self.ended & self.begun)


class Counted(NamedTuple):
    """
    What became of the end of a batch.

    Attributes:
        newly: It counts now; else it had been counted before.
        run: The run as it is now.
    """

    newly: bool
    run: Run


@dataclass(frozen=True, slots=True)
class Kept:
    """
    A message with what is left of a batch, for whoever has to send it once more.

    Attributes:
        body: As it stands on the queue.
        due: It is not to be received before.
    """

    body: str
    due: datetime


class Runs(Protocol):
    """
    The runs of warming.

    Reads see every write that was finished before, but for :meth:`latest`, which may lag behind.
    Every method raises :class:`RunsError` if the table cannot be read or written.
    """

    def start(self, run: Run) -> Run:
        """Keep *run* unless there is one with its id; return the one that is kept: 1 PutItem."""

    def claim(self, rule: str, run: str, now: datetime) -> bool:
        """
        Return whether *run* may go on for *rule*, as no other run of the rule is still going.

        A claim ends with its run, or is given up :data:`GIVEN_UP_AFTER` it was made: 1 PutItem.
        """

    def release(self, run: Run, now: datetime) -> None:
        """End the claim of *run*, which is over, if it has one: 1 PutItem."""

    def finish(
        self,
        run: str,
        batch: str,
        tally: Tally,
        *,
        below: Collection[str] = (),
        packages: int = 0,
        problems: Sequence[str] = (),
    ) -> Counted:
        """
        Count *batch* as done, once; have the batches *below* begun, which stand for what is left.

        If it was counted before, nothing is changed, and so none of *below* is begun. Whoever has
        something left calls this first and sends the messages of the batches *below* then: so no
        run is ever finished too early. 1 UpdateItem; 1 GetItem if it was counted before.

        Args:
            packages: How many packages the batches below are about, for plans.
            problems: What a person has to know.
        """

    def begin(self, run: str, below: Collection[str]) -> Run:
        """Have the batches *below* begun if *run* is still going; return it: 1 UpdateItem."""

    def keep(self, run: str, batch: str, rest: Kept, now: datetime) -> bool:
        """
        Keep *rest*, which is the batch *batch*, for :data:`REST_KEPT_FOR`: 1 PutItem.

        Returns:
            Whether it is kept: nothing is ever replaced.
        """

    def kept(self, run: str, batch: str) -> Kept | None:
        """Return the message that is the batch *batch*, if it is kept: 1 GetItem."""

    def conclude(self, run: Run, now: datetime) -> bool:
        """
        Finish *run*, if none of its batches is open; return whether this call did: only one does.

        The claim of its rule ends with it: 2 UpdateItem, if nothing is open, else none.
        """

    def find(self, run: str) -> Run | None:
        """Return the run with this id: 1 GetItem."""

    def of_request(self, request: str) -> list[Run]:
        """Return the runs whose ids begin with *request*, by id: 1 Query a MB."""

    def latest(
        self, rule: str | None = None, *, repository: str | None = None, limit: int = 10
    ) -> list[Run]:
        """
        Return the newest runs, newest first: 1 Query a MB.

        Of *rule* and of *repository*, if these are given: *limit* of them, however many others
        there were meanwhile.
        """

    def tell_once(self, key: str, until: datetime, now: datetime) -> bool:
        """Return whether nobody was told of *key* yet; if so, they count as told until *until*."""

    def forget(self, key: str) -> None:
        """Nobody was told of *key* after all: 1 DeleteItem."""


class RunsError(AwsError):
    """The table of warming could not be read or written, or holds what we did not write."""


def below(batch: str, part: str) -> str:
    """Return the id of the batch *part* below *batch*."""
    return f"{batch}.{part}"


def is_below(one: str, batch: str) -> bool:
    """Return whether *one* is the id of a batch directly below *batch*."""
    return one.rpartition(".")[0] == batch


def _is_plan(batch: str) -> bool:
    return all(part in (PLAN, PLAN_GOES_ON) for part in batch.split("."))
