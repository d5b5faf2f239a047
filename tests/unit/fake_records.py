"""The table of records in memory, with its rules: a serial guards every write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from promote_versions.records import (
    Approval,
    ApprovalDecision,
    Record,
    RecordConflictError,
    RecordPage,
    RequestAnswer,
    State,
)
from steward.coordinates import Package
from tests.unit.fake_codeartifact import package

NOW = datetime(2026, 3, 1, 10, 15, 0, 123_456, tzinfo=UTC)
RULE = "public-to-approved"
REQUIREMENTS = "5" * 64
REQUESTS = package("requests", package_format="pypi", namespace=None, repository="pypi-intake")


def record(version: str = "1.0", state: State = "held", **said: object) -> Record:
    """Return a record that has never been written."""
    whole = Record(
        package=REQUESTS,
        version=version,
        rule=RULE,
        to="pypi-approved",
        revision="R1",
        state=state,
        verdicts=(),
        requirements=REQUIREMENTS,
        decided_at=NOW - timedelta(hours=1),
    )
    return replace(whole, **said)  # type: ignore[arg-type]  # the fields of a record, by name


def approval(
    decision: ApprovalDecision = "approve",
    *,
    who: str = "AIDAONE",
    reason: str = "read it",
    at: datetime = NOW,
    revision: str = "R1",
) -> Approval:
    """Return what a person decided."""
    return Approval(decision, who, reason, at, revision)


@dataclass
class FakeRecords:
    """
    The records in memory.

    Attributes:
        held: By package, version and rule.
        calls: What was called, in order; a write of several is one of each.
        before: Called before each call with the method's name; may raise.
        before_put: Called before each write, which it may overtake.
        page: How many records a page of :meth:`page_in_state` holds.
        now: When it is, for what somebody was told until then.
    """

    held: dict[tuple[Package, str, str], Record] = field(default_factory=dict)
    answers: dict[tuple[Package, str], RequestAnswer] = field(default_factory=dict)
    told: dict[str, datetime] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None
    before_put: Callable[[], None] = lambda: None
    page: int = 1000
    now: Callable[[], datetime] = lambda: NOW

    def holding(self, *records: Record) -> FakeRecords:
        """Put *records* and return the table."""
        self.put_all(records)
        return self

    def only(self) -> Record:
        """Return the only record."""
        (found,) = self.held.values()
        return found

    def states(self, package: Package, rule: str) -> dict[str, State]:
        """Return the state of each version of *package* that *rule* has a record of."""
        return {
            one.version: one.state
            for one in self.held.values()
            if (one.package, one.rule) == (package, rule)
        }

    def of_package(self, package: Package) -> list[Record]:
        """Return the records of *package*."""
        self._called("of_package")
        return [one for one in self.held.values() if one.package == package]

    def find(self, package: Package, version: str, rule: str) -> Record | None:
        """Return the record, if there is one."""
        self._called("find")
        return self.held.get((package, version, rule))

    def put(self, record: Record) -> Record:
        """Keep *record* if nobody was faster."""
        self._called("put")
        self.before_put()
        key = (record.package, record.version, record.rule)
        there = self.held.get(key)
        if record.serial != (there.serial if there else 0):
            raise RecordConflictError((record,))
        self.held[key] = replace(record, serial=record.serial + 1)
        return self.held[key]

    def put_all(self, records: Sequence[Record]) -> list[Record]:
        """Keep all *records* for which nobody was faster."""
        written: list[Record] = []
        conflicts: list[Record] = []
        for one in records:
            try:
                written.append(self.put(one))
            except RecordConflictError:
                conflicts.append(one)
        if conflicts:
            raise RecordConflictError(tuple(conflicts), tuple(written))
        return written

    def due(self, now: datetime) -> Iterator[Record]:
        """Yield what waits and is due, as it is now, by state and then by when it was due."""
        self._called("due")
        for state in ("held", "approved"):
            found = [
                (one.due, one)
                for one in self.held.values()
                if one.state == state and one.due is not None and one.due <= now
            ]
            yield from (one for _, one in sorted(found, key=lambda pair: pair[0]))

    def in_state(self, state: State) -> Iterator[Record]:
        """Yield what is in *state*."""
        self._called("in_state")
        yield from self._in_state(state)

    def page_in_state(self, state: State, after: str | None = None) -> RecordPage:
        """Return a page; its continuation is a number."""
        self._called("page_in_state")
        start = int(after or 0)
        found = self._in_state(state)
        following = start + self.page
        return RecordPage(
            tuple(found[start:following]), str(following) if following < len(found) else None
        )

    def answer_request(self, package: Package, request: str, answer: RequestAnswer) -> None:
        """Keep *answer*."""
        self._called("answer_request")
        self.answers[package, request] = answer

    def request_answer(self, package: Package, request: str) -> RequestAnswer | None:
        """Return the answer, if there is one."""
        self._called("request_answer")
        return self.answers.get((package, request))

    def tell_once(self, key: str, until: datetime) -> bool:
        """Return whether nobody was told yet, or so long ago that it is to be told again."""
        self._called("tell_once")
        if self.told.get(key, datetime.min.replace(tzinfo=UTC)) > self.now():
            return False
        self.told[key] = until
        return True

    def _in_state(self, state: State) -> list[Record]:
        return [one for one in self.held.values() if one.state == state]

    def _called(self, method: str) -> None:
        self.calls.append(method)
        self.before(method)
