"""Work on many things at a time, with the results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

from sweep_repositories.shares import THREADS

# Our choice: threads that are done find the next thing waiting, and no more results lie about than
# twice as many as there are threads, however slow the first of them is.
AHEAD: Final = 2 * THREADS

_Thing = TypeVar("_Thing")
_Result = TypeVar("_Result")


def in_order(
    things: Iterable[_Thing],
    work: Callable[[_Thing], _Result],
    *,
    time_left: Callable[[], bool],
) -> Iterator[tuple[_Thing, _Result]]:
    """
    Yield what *work* makes of each of *things*, in their order.

    Nothing is begun any more when no time is left, nor what waits for a thread by then; what was
    begun is finished. The first thing is always worked on. What *work* raises is raised here.
    """
    with ThreadPoolExecutor(THREADS) as crew:
        begun: deque[tuple[_Thing, Future[_Result]]] = deque()
        try:
            for number, thing in enumerate(things):
                if number and not time_left():
                    break
                begun.append((thing, crew.submit(work, thing)))
                if len(begun) >= AHEAD:
                    first, result = begun.popleft()
                    yield first, result.result()
            while begun:
                if not time_left():
                    _leave_what_waits(begun)
                first, result = begun.popleft()
                yield first, result.result()
        finally:
            for _, result in begun:
                result.cancel()


def _leave_what_waits(begun: deque[tuple[_Thing, Future[_Result]]]) -> None:
    """Take from the end of *begun* what no thread has taken yet, all but the first one."""
    while len(begun) > 1 and begun[-1][1].cancel():
        begun.pop()
