"""Has the deployment judge packages for `steward promote`, and follows what becomes of them."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import uuid4

if TYPE_CHECKING:
    from promote_versions.queues import PromotionsQueue
    from promote_versions.records import Record, RequestAnswer
    from promote_versions.records_table import Records
    from steward.coordinates import Package

_PAUSE_SECONDS: Final = 0.5
_NAMED: Final = 10  # packages in a message


@dataclass(frozen=True, slots=True)
class Followed:
    """
    What became of packages that were to be judged anew.

    Attributes:
        answers: By package; those that were not answered in time are missing.
        records: What stands in the table of the packages that were answered.
        copying: Some are approved, and were not copied in time.
    """

    packages: tuple["Package", ...]
    answers: dict["Package", "RequestAnswer"] = field(default_factory=dict)
    records: tuple["Record", ...] = ()
    copying: bool = False

    @property
    def judged(self) -> tuple["Package", ...]:
        """The packages that were looked at."""
        return tuple(one for one, answer in self.answers.items() if answer.state == "done")

    @property
    def unanswered(self) -> tuple["Package", ...]:
        """The packages that nobody has judged in time."""
        return tuple(one for one in self.packages if one not in self.answers)


def ask(packages: Sequence["Package"], queue: "PromotionsQueue", *, policy_digest: str) -> str:
    """
    Send a look for each of *packages*, ten a call; return the id under which they are answered.

    Raises:
        QueueError: Some were not accepted.
    """
    request = str(uuid4())
    queue.look(*packages, request=request, policy_digest=policy_digest)
    return request


def follow(
    packages: Sequence["Package"],
    request: str,
    table: "Records",
    *,
    seconds: float,
    enforcing: bool,
    means: Callable[["Record"], bool],
    progress: Callable[[str], None],
) -> Followed:
    """
    Wait until every package is judged, and until what was approved is copied.

    One read for each package that is still waited for, twice a second.

    Args:
        seconds: How long to wait without any progress.
        enforcing: Whether what is approved is copied at all.
        means: Whether a record is about what was asked for: other copies are not waited for.
        progress: Is told how far it is.
    """
    deadline = time.monotonic() + seconds
    followed = Followed(tuple(packages))
    while True:
        for package in followed.unanswered:
            answer = table.request_answer(package, request)
            if answer is not None:
                followed.answers[package] = answer
                deadline = time.monotonic() + seconds
        progress(f"{len(followed.answers)} of {len(packages)} packages judged")
        if not followed.unanswered or time.monotonic() >= deadline:
            break
        time.sleep(_PAUSE_SECONDS)
    records, copying = _settled(
        followed.judged, table, means, seconds=seconds, enforcing=enforcing, progress=progress
    )
    return Followed(followed.packages, followed.answers, tuple(records), copying)


def _settled(
    packages: Sequence["Package"],
    table: "Records",
    means: Callable[["Record"], bool],
    *,
    seconds: float,
    enforcing: bool,
    progress: Callable[[str], None],
) -> tuple[list["Record"], bool]:
    """Return the records of *packages*, and whether some of those meant are on their way."""
    settled: dict[Package, list[Record]] = {}
    deadline, before = time.monotonic() + seconds, -1
    while True:
        for package in packages:
            if package not in settled or _approved(settled[package], means):
                settled[package] = table.of_package(package)
        under_way = sum(_approved(records, means) for records in settled.values())
        records = [one for some in settled.values() for one in some]
        if under_way != before:
            deadline, before = time.monotonic() + seconds, under_way
        if not enforcing or not under_way or time.monotonic() >= deadline:
            return records, bool(enforcing and under_way)
        progress(f"{under_way} versions are being copied")
        time.sleep(_PAUSE_SECONDS)


def _approved(records: Iterable["Record"], means: Callable[["Record"], bool]) -> int:
    return sum(record.state == "approved" and means(record) for record in records)


def settled(
    before: Iterable["Record"], after: Iterable["Record"]
) -> frozenset[tuple["Package", str, str]]:
    """Return package, version and rule of what was in its destination, and was not judged again."""
    decided = {
        (one.package, one.version, one.rule): one.decided_at
        for one in before
        if one.state in ("copied", "recalled")
    }
    return frozenset(
        (one.package, one.version, one.rule)
        for one in after
        if one.state in ("copied", "recalled")
        and decided.get((one.package, one.version, one.rule)) == one.decided_at
    )


def problems(followed: Followed, policy_digest: str, seconds: int) -> list[str]:
    """Return what could not be judged, and what to do about it."""
    found = []
    other = [one for one in followed.answers.values() if one.state == "another policy"]
    if other:
        found.append(
            f"the deployment has another policy than the one given here (its digest is "
            f"{other[0].policy_digest:.12}, this one's {policy_digest:.12}): nothing was judged. "
            "Give the deployed one with --policy, or deploy this one."
        )
    found += [
        f"{package.purl()} in {package.repository.name}: {answer.problem or answer.state}"
        for package, answer in followed.answers.items()
        if answer.state != "another policy" and (answer.problem or answer.state != "done")
    ]
    if followed.unanswered:
        names = ", ".join(one.purl() for one in followed.unanswered[:_NAMED])
        more = len(followed.unanswered) - _NAMED
        found.append(
            f"not judged within {seconds} s: {names}{f' and {more} more' if more > 0 else ''}. The "
            "function may be busy, or failing: docs/operations.md says what to look at."
        )
    return found
