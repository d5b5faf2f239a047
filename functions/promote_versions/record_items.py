"""
How records, and what else stands in their table, are written as items and read again.

=====================  ==========================================  ==============================
value                  ``entry`` (the sort key)                    ``expires``
=====================  ==========================================  ==============================
:class:`Record`        ``record#1.0#public-to-approved``           180 days after it was judged
                                                                   or is due; see below
:class:`RequestAnswer` ``request#...``                             a day after it was given
somebody was told      ``told#...``, which is its ``package`` too  when to tell again
=====================  ==========================================  ==============================

``package``, the partition key, is that of the ledger. No version holds ``#`` (service model), so no
two records have one key. ``state`` and ``due`` are attributes of records alone, so only they are in
the index by state.

A record stays for good if a version was ever copied by it, since it is about something that is in
the destination, or if a person has rejected the version: that would otherwise be forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, TypeVar, cast, get_args

from promote_versions.record_limits import (
    MAX_REASON,
    cut_text,
    fitting_approvals,
    fitting_findings,
    fitting_verdicts,
)
from promote_versions.records import (
    ANSWER_STATES,
    APPROVAL_DECISIONS,
    STATES,
    Approval,
    Record,
    RequestAnswer,
)
from promote_versions.verdicts import Outcome, Verdict
from steward import table_items
from steward.coordinates import Package
from steward.table_items import Attribute, Item, fitting, moment_in, time_text, whole_seconds

RECORDS: Final = "record#"
REQUESTS: Final = "request#"
TOLD: Final = "told#"
NEVER_DUE: Final = 9_999_999_999  # in the year 2286
RECORDS_KEPT_FOR: Final = timedelta(days=180)  # our choice: a version nobody asked for again
ANSWERS_KEPT_FOR: Final = timedelta(days=1)  # our choice: the command waits for minutes
_OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)

_T = TypeVar("_T")


def record_key(package: Package, version: str, rule: str) -> dict[str, Attribute]:
    """Return the key of the record of *version* by *rule*."""
    entry = fitting(f"{RECORDS}{version}#{rule}", table_items.MAX_SORT_KEY)
    return table_items.key(package, entry)


def record_item(record: Record) -> Item:
    """Return *record* as an item that fits into the table, whatever its gates have said."""
    due = Attribute(N=str(NEVER_DUE)) if record.due is None else whole_seconds(record.due)
    optional: dict[str, str | None] = {
        "dueAt": None if record.due is None else time_text(record.due),
        "approval": None
        if record.approval is None
        else json.dumps(_approval_said(record.approval)),
        "copiedAt": None if record.copied_at is None else time_text(record.copied_at),
        "copiedRevision": record.copied_revision,
        "approvedSince": None
        if record.approved_since is None
        else time_text(record.approved_since),
        "recalledAt": None if record.recalled_at is None else time_text(record.recalled_at),
    }
    expires = _expires(record)
    earlier = [_approval_said(one) for one in fitting_approvals(record.earlier)]
    return {
        **record_key(record.package, record.version, record.rule),
        **table_items.coordinates(record.package),
        "version": {"S": record.version},
        "rule": {"S": record.rule},
        "destination": {"S": record.to},
        "revision": {"S": record.revision},
        "state": {"S": record.state},
        "due": due,
        "verdicts": {"S": json.dumps([_said(one) for one in fitting_verdicts(record.verdicts)])},
        "requirements": {"S": record.requirements},
        "decidedAt": {"S": time_text(record.decided_at)},
        "reason": {"S": cut_text(record.reason, MAX_REASON)},
        "asked": {"N": str(int(record.asked))},
        "findings": {"S": json.dumps(fitting_findings(record.findings))},
        "serial": {"N": str(record.serial)},
        **({"earlier": Attribute(S=json.dumps(earlier))} if earlier else {}),
        **{name: Attribute(S=text) for name, text in optional.items() if text is not None},
        **({} if expires is None else {"expires": whole_seconds(expires)}),
    }


def record_of(item: Item) -> Record:
    """
    Return the record that *item* is.

    Raises:
        LookupError, ValueError, TypeError: It is none.
    """
    verdicts = json.loads(item["verdicts"]["S"])
    findings = json.loads(item["findings"]["S"])
    earlier = json.loads(item["earlier"]["S"]) if "earlier" in item else []
    return Record(
        package=table_items.package_of(item),
        version=item["version"]["S"],
        rule=item["rule"]["S"],
        to=item["destination"]["S"],
        revision=item["revision"]["S"],
        state=_one_of(STATES, item["state"]["S"]),
        verdicts=tuple(_verdict(said) for said in verdicts),
        requirements=item["requirements"]["S"],
        decided_at=moment_in(item["decidedAt"]["S"]),
        due=_optional_time(item, "dueAt"),
        reason=item["reason"]["S"],
        approval=_approval(json.loads(item["approval"]["S"])) if "approval" in item else None,
        earlier=tuple(_approval(said) for said in earlier),
        asked=bool(int(item["asked"]["N"])),
        copied_at=_optional_time(item, "copiedAt"),
        copied_revision=item["copiedRevision"]["S"] if "copiedRevision" in item else None,
        findings=tuple(str(finding) for finding in findings),
        approved_since=_optional_time(item, "approvedSince"),
        recalled_at=_optional_time(item, "recalledAt"),
        serial=int(item["serial"]["N"]),
    )


def answer_key(package: Package, request: str) -> dict[str, Attribute]:
    """Return the key of the answer to *request*."""
    return table_items.key(package, fitting(REQUESTS + request, table_items.MAX_SORT_KEY))


def answer_item(package: Package, request: str, answer: RequestAnswer, now: datetime) -> Item:
    """Return *answer*, given at *now*, as an item."""
    problem = None if answer.problem is None else cut_text(answer.problem, MAX_REASON)
    return {
        **answer_key(package, request),
        "policyDigest": {"S": answer.policy_digest},
        "answer": {"S": answer.state},  # not `state`, which would put it into the index
        "judged": {"N": str(answer.judged)},
        **({} if problem is None else {"problem": Attribute(S=problem)}),
        "expires": whole_seconds(now + ANSWERS_KEPT_FOR),
    }


def answer_of(item: Item) -> RequestAnswer:
    """
    Return the answer that *item* is.

    Raises:
        LookupError, ValueError: It is none.
    """
    return RequestAnswer(
        policy_digest=item["policyDigest"]["S"],
        state=_one_of(ANSWER_STATES, item["answer"]["S"]),
        judged=int(item["judged"]["N"]),
        problem=item["problem"]["S"] if "problem" in item else None,
    )


def told_item(told: str, until: datetime) -> Item:
    """Return the item that says until *until* that somebody was told of *told*."""
    text = TOLD + told
    return {
        "package": {"S": fitting(text, table_items.MAX_PARTITION_KEY)},
        "entry": {"S": fitting(text, table_items.MAX_SORT_KEY)},
        "told": {"S": cut_text(told, MAX_REASON)},
        "expires": whole_seconds(until),
    }


def _expires(record: Record) -> datetime | None:
    rejected = record.approval is not None and record.approval.decision == "reject"
    if rejected or record.copied_at is not None or record.state in ("copied", "recalled"):
        return None
    try:
        return max(record.decided_at, record.due or record.decided_at) + RECORDS_KEPT_FOR
    except OverflowError:  # due at the end of all times
        return None


def _said(verdict: Verdict) -> dict[str, object]:
    said: dict[str, object] = {
        "gate": verdict.gate,
        "outcome": verdict.outcome,
        "reason": verdict.reason,
        "facts": verdict.facts,
    }
    if verdict.until is not None:
        said["until"] = time_text(verdict.until)
    return said


def _verdict(said: Mapping[str, object]) -> Verdict:
    facts = said["facts"]
    if not isinstance(facts, dict):
        raise TypeError(f"facts are no object: {facts!r:.100}")
    return Verdict(
        gate=str(said["gate"]),
        outcome=_one_of(_OUTCOMES, said["outcome"]),
        reason=str(said["reason"]),
        until=moment_in(str(said["until"])) if "until" in said else None,
        facts=cast("dict[str, object]", facts),
    )


def _approval_said(approval: Approval) -> dict[str, str]:
    return {
        "decision": approval.decision,
        "who": approval.who,
        "reason": approval.reason,
        "at": time_text(approval.at),
        "revision": approval.revision,
    }


def _approval(said: Mapping[str, object]) -> Approval:
    return Approval(
        decision=_one_of(APPROVAL_DECISIONS, said["decision"]),
        who=str(said["who"]),
        reason=str(said["reason"]),
        at=moment_in(str(said["at"])),
        revision=str(said["revision"]),
    )


def _optional_time(item: Item, name: str) -> datetime | None:
    return moment_in(item[name]["S"]) if name in item else None


def _one_of(values: tuple[_T, ...], given: object) -> _T:
    for value in values:
        if value == given:
            return value
    raise ValueError(f"{given!r:.100} is none of {values}")
