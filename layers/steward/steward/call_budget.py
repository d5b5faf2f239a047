"""
How many calls a process may make in a second, so that the sum over all stays under the quotas.

"Quotas in AWS CodeArtifact" (User Guide), in an account and region: 200 requests a second each of
ListPackages, ListPackageVersions and ListPackageVersionAssets; 800 reads a second, these lists
among them; 100 writes a second. It does not say of each operation whether it reads or writes: we
go by its name. The lower quotas of single operations (copies, tokens, assets) are not kept here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

from steward.pace import Pace

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

# Operations with a quota of their own, each as large; "Quotas in AWS CodeArtifact", User Guide.
LISTS: Final = frozenset({"ListPackages", "ListPackageVersions", "ListPackageVersionAssets"})
# Operations of these names read; all others write. Service model; the page above names none.
READING: Final = ("Describe", "Get", "List")


@dataclass(frozen=True, slots=True)
class Budget:
    """
    How many requests this process may make in a second, each number above 0.

    Attributes:
        lists: Of each operation of :data:`LISTS`.
        reads: Of all that read, lists included.
        writes: Of all that write.
    """

    lists: float
    reads: float
    writes: float


class Calls:
    """The requests that were made so far, those that the client repeated by itself included."""

    def __init__(self) -> None:
        self._made: Counter[str] = Counter()
        self._counting = Lock()

    @property
    def made(self) -> Mapping[str, int]:
        """How many were made, by operation: a copy."""
        with self._counting:
            return dict(self._made)

    def count(self, operation: str) -> None:
        """Count one more."""
        with self._counting:
            self._made[operation] += 1


def budgeted(
    client: CodeArtifactClient,
    budget: Budget | None,
    *,
    pace: Callable[[float], Callable[[], None]] = Pace,
) -> Calls:
    """
    Have *client* keep to *budget* from now on, over all threads, and count its requests.

    - Each request waits until it may be made, the first one too. So do those that the client
      repeats after a failure (``before-send`` is called for each, botocore): a throttled call takes
      its place in the line again.
    - It is to be called once for a client: a second time would count twice.

    Args:
        client: The client; its answers are not looked at.
        budget: ``None``: requests are counted and nothing waits.
        pace: Makes what waits, given the number of requests in a second.
    """
    calls = Calls()
    waits = {} if budget is None else _waits(budget, pace)

    def before_send(event_name: str, **_: object) -> None:
        operation = event_name.rpartition(".")[2]
        for wait in _of(operation, waits):
            wait()
        calls.count(operation)

    client.meta.events.register("before-send.codeartifact", before_send)
    return calls


def _waits(
    budget: Budget, pace: Callable[[float], Callable[[], None]]
) -> dict[str, Callable[[], None]]:
    return {
        "reads": pace(budget.reads),
        "writes": pace(budget.writes),
        **{operation: pace(budget.lists) for operation in sorted(LISTS)},
    }


def _of(operation: str, waits: Mapping[str, Callable[[], None]]) -> list[Callable[[], None]]:
    """Return what a request of *operation* waits for, one after the other."""
    kind = "reads" if operation.startswith(READING) else "writes"
    return [waits[name] for name in (operation, kind) if name in waits]
