"""How many requests the external connections of one format get at a time, and when no more."""

from __future__ import annotations

from threading import Condition
from typing import Final

# Our choice: one timeout is an accident, and a repository that gave no answer three times running
# would give none to the others either.
SUSPENDED_AFTER: Final = 3
_MORE_PER_ANSWER: Final = 2


class Connection:
    """
    The external connections of one format, which are asked as much as they answer.

    - The first requests are as few as may go unanswered; each answer lets two more be made at a
      time, up to *at_once*. So an outage that was there before costs three requests, not 32.
    - After three requests in succession that were not answered nothing more is asked.

    Attributes:
        suspended: Nothing more is asked.
        answered: At least one request was.
    """

    def __init__(self, at_once: int) -> None:
        self.suspended = False
        self.answered = False
        self._at_once = at_once
        self._allowed = min(SUSPENDED_AFTER, at_once)
        self._running = 0
        self._unanswered = 0
        self._changed = Condition()

    def take(self) -> bool:
        """Return when a request may be made, and whether it may; if so, `give_back` must follow."""
        with self._changed:
            while not self.suspended and self._running and self._is_full():
                self._changed.wait()
            if self.suspended:
                return False
            self._running += 1
            return True

    def give_back(self, *, answered: bool | None, counts: bool = True) -> None:
        """
        Let the next one ask.

        Args:
            answered: ``None``: the request did not get so far that anybody could tell.
            counts: The answer is one of the public repository, and not of a cache before it.
        """
        with self._changed:
            self._running -= 1
            if answered:
                self._unanswered = 0
                self.answered |= counts
                self._allowed = min(self._at_once, self._allowed + _MORE_PER_ANSWER)
            elif answered is not None:
                self._unanswered += 1
                self.suspended |= self._unanswered >= SUSPENDED_AFTER
            self._changed.notify_all()

    def fall_silent(self) -> None:
        """Ask nothing more: what came instead of answers was none."""
        with self._changed:
            self.suspended = True
            self._changed.notify_all()

    @property
    def silent(self) -> bool:
        """Whether it has to be taken for unavailable: no answer was the last word, or the only."""
        with self._changed:
            return self.suspended or (self._unanswered > 0 and not self.answered)

    def _is_full(self) -> bool:
        # As if those in vain were still running: what follows them depends on the next answer.
        return self._running + self._unanswered >= self._allowed
