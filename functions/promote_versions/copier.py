"""
Copy the package versions that have passed the gates of a promotion, and compare what arrived.

Trigger: the FIFO queue ``CopiesQueue``, with the copy orders of the judge
(:mod:`promote_versions.app`). One message group makes one run at a time of it.
Decision: none; a version is copied if its record says ``approved`` at the ordered revision.
Effect: versions in the ``to`` repository of a ``promotions`` rule, and their records. A copy whose
assets are not those of the source becomes ``Archived``; one that was recalled, and that a person
has approved after that, ``Published`` again.
Undo: archive or delete the version in ``to``; the source keeps it. ``steward reject`` has it
recalled.

An order that fails, or that there was no time for, does not come back to this queue, where all
others would wait behind it until its visibility timeout is over: the judge is asked to look at the
package again, finds the version ``approved``, and orders it again. Only what the judge cannot be
asked comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

from promote_versions import records_table
from promote_versions.copy_outcomes import tell_once
from promote_versions.copying import Collaborators, carry_out
from promote_versions.messages import CopyOrder, order_in
from promote_versions.queues import SqsPromotionsQueue
from steward import codeartifact as gateway
from steward.attention import SnsAttention
from steward.batches import BatchResponse, failures, read_batch
from steward.deployed import settings_and_policy
from steward.errors import StewardError
from steward.invocation import Invocation, time_left
from steward.observability import PackageLog, count, flush_metrics
from steward.pace import ASSET_LISTS_PER_SECOND, COPIES_PER_SECOND, Pace
from steward.promotion_notices import BusPromotionNotices

# Our choice: ten orders of 100 versions need 2,000 lists of assets, of which 100 a second are made.
MILLISECONDS_PER_ORDER: Final = 60_000
# A batch of a FIFO queue has no more messages ("Using Lambda with Amazon SQS", Lambda Developer
# Guide). While one order compares assets, the others are copied: copies are what takes time.
ORDERS_AT_ONCE: Final = 10
# Our choice: throttling and short outages are over by then, and the order that follows is none that
# SQS takes for a repetition (five minutes, "Exactly-once processing", SQS Developer Guide).
FAILED_LATER: Final = timedelta(minutes=6)


def handler(event: object, context: Invocation | None) -> BatchResponse:
    """Carry out every copy order of the SQS batch *event*."""
    enough = time_left(context, milliseconds=MILLISECONDS_PER_ORDER)
    response = copy_in_batch(event, collaborators(), time_left=enough)
    flush_metrics()
    return response


def copy_in_batch(
    batch: object, to: Collaborators, *, time_left: Callable[[], bool] = lambda: True
) -> BatchResponse:
    """
    Carry out the orders of the SQS batch *batch*, side by side; return the messages to retry.

    - Orders about one package follow one another, in the order of the batch.
    - An order follows those of the batch that it depends on.
    - A message that is no order is dropped, and a person is told: left on the queue, it would keep
      all others waiting, and what puts messages there is our own role.

    Raises:
        BatchError: *batch* is no batch of SQS messages.
    """
    reading = read_batch(batch, lambda message: order_in(message.body))
    if reading.malformed:
        tell_once(
            to,
            "malformed copy order",
            "A message that is no copy order",
            "Somebody has put a message on CopiesQueue that is no copy order. It was dropped; the "
            f"log says what was wrong with it ({', '.join(reading.malformed)}). Who may send "
            "messages there?",
        )
    count("CopyOrdersReceived", len(reading.read))
    return failures(_side_by_side(reading.read, to, time_left))


@cache
def collaborators() -> Collaborators:
    """
    Return what the environment asks for, made at the first call and kept for the next ones.

    Raises:
        SettingsError: The environment is wrong, or the policy is for another domain.
        PolicyError: The compiled policy cannot be read.
    """
    chosen, policy = settings_and_policy()
    return Collaborators(
        codeartifact=gateway.connect(chosen.mode),
        contents=gateway.connect_contents(),
        copies=gateway.connect_copies(chosen.mode, Pace(COPIES_PER_SECOND)),
        pace_of_lists=Pace(ASSET_LISTS_PER_SECOND),
        policy=policy,
        records=records_table.connect(chosen.needed("promotions_table")),
        queue=SqsPromotionsQueue(chosen.needed("promotions_queue_url")),
        notices=BusPromotionNotices(),
        attention=SnsAttention(chosen.attention_topic),
        now=lambda: datetime.now(UTC),
    )


def _side_by_side(
    orders: Sequence[tuple[str, CopyOrder]], to: Collaborators, time_left: Callable[[], bool]
) -> list[str]:
    """Carry out *orders*, each after those that it has to follow; return the ids of the failed."""
    waiting = turns([order for _, order in orders])
    failed: set[int] = set()
    running: dict[Future[bool], int] = {}
    with ThreadPoolExecutor(ORDERS_AT_ONCE) as pool:
        while waiting or running:
            unfinished = waiting.keys() | set(running.values())
            ready = [number for number, before in waiting.items() if not before & unfinished]
            if not ready and not running:
                ready = [min(waiting)]  # they wait for one another
            for number in ready:
                del waiting[number]
                order = orders[number][1]
                if time_left():
                    running[pool.submit(_carried_out, order, to)] = number
                    continue
                PackageLog(order.package).warning("put off", reason="no time left")
                count("CopyOrdersPutOff", 1)
                if not _is_left_to_the_judge(order, to):
                    failed.add(number)
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                number = running.pop(future)
                if not future.result():
                    failed.add(number)
    return [orders[number][0] for number in sorted(failed)]


def turns(orders: Sequence[CopyOrder]) -> dict[int, set[int]]:
    """Return, for each of *orders*, which others of them it has to follow, by their numbers."""
    copies: dict[tuple[object, str], set[int]] = {}
    for number, order in enumerate(orders):
        for version in order.revisions:
            copies.setdefault((order.package, version), set()).add(number)
    return {
        number: {
            earlier for earlier in range(number) if orders[earlier].package == order.package
        }.union(*(copies.get(needed, set()) for needed in order.after))
        - {number}
        for number, order in enumerate(orders)
    }


def _carried_out(order: CopyOrder, to: Collaborators) -> bool:
    """Carry out *order*; return whether its message is done with."""
    try:
        carry_out(order, to)
        return True
    except StewardError as error:
        PackageLog(order.package).error("failed", reason=str(error), rule=order.rule, to=order.to)
        count("CopyOrdersFailed", 1)
    return _is_left_to_the_judge(order, to)


def _is_left_to_the_judge(order: CopyOrder, to: Collaborators) -> bool:
    """Have the judge order the copies again, later; return whether it could be asked."""
    try:
        to.queue.look_again(order.package, after=FAILED_LATER)
    except StewardError as error:
        PackageLog(order.package).error("failed", reason=str(error), rule=order.rule)
        return False
    return True
