"""
Write what people approve and reject into the records of the versions.

Trigger: the queue ``ApprovalsQueue``, with messages of ``steward approve`` and ``steward reject``,
or of any tool that may send to it: ``sqs:SendMessage`` on this queue is the right to approve.
Decision: :func:`promote_versions.approval_decision.answered`.
Effect: the approval in the version's record, and a look at its package by
:mod:`promote_versions.app`, which decides. Nothing in CodeArtifact is read or changed.
Undo: send the opposite; the last word counts.

Who approves is what SQS says about the sender (``SenderId``), and when is what it says about the
message (``SentTimestamp``). The body says neither, and one that tries to is malformed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from typing import Final

from promote_versions import records_table
from promote_versions.approval_decision import Ignored, answered
from promote_versions.messages import ApprovalMessage, approval_in
from promote_versions.queues import PromotionsQueue, SqsPromotionsQueue
from promote_versions.records import RecordConflictError
from promote_versions.records_table import Records
from steward.batches import (
    BatchResponse,
    Message,
    Reading,
    Work,
    carry_out,
    failures,
    read_batch,
)
from steward.coordinates import Package, Repository
from steward.deployed import settings_and_policy
from steward.errors import MalformedMessageError
from steward.invocation import Invocation, time_left
from steward.observability import PackageLog, count, flush_metrics, logger
from steward.policy import Policy

# Our choice: enough to read and write ten records and to send a message, each retried once.
MILLISECONDS_PER_PACKAGE: Final = 10_000
# Our choice: the judge writes a record once a look; who is slower that often comes back later.
ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class Collaborators:
    """Everything outside of this function that it talks to."""

    policy: Policy
    records: Records
    promotions: PromotionsQueue
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Signed:
    """
    What somebody asks for, and what SQS says about it.

    Attributes:
        who: The sender.
        at: When it was sent (UTC).
        account: The account of the queue, which is the domain's: the template has one for both.
    """

    asked: ApprovalMessage
    who: str
    at: datetime
    account: str


def handler(event: object, context: Invocation | None) -> BatchResponse:
    """Write down every approval and rejection in the SQS batch *event*."""
    enough = time_left(context, milliseconds=MILLISECONDS_PER_PACKAGE)
    response = approve_in_batch(event, collaborators(), time_left=enough)
    flush_metrics()
    return response


def approve_in_batch(
    batch: object, to: Collaborators, *, time_left: Callable[[], bool] = lambda: True
) -> BatchResponse:
    """
    Write down every approval and rejection in the SQS batch *batch*; return the messages to retry.

    The packages that they are about are each looked at once. What changes nothing is logged with
    the reason and is no failure.

    Raises:
        BatchError: *batch* is no batch of SQS messages.
    """
    reading = read_batch(batch, signed)
    failed = carry_out(_work(reading, to), of="Packages", time_left=time_left)
    return failures([*reading.malformed, *failed])


@cache
def collaborators() -> Collaborators:
    """
    Return what the environment asks for, made at the first call and kept for the next ones.

    What people decide is written down in both modes, so the mode makes no difference here.

    Raises:
        SettingsError: The environment is wrong, or the policy is for another domain.
        PolicyError: The compiled policy cannot be read.
    """
    chosen, policy = settings_and_policy()
    return Collaborators(
        policy=policy,
        records=records_table.connect(chosen.needed("promotions_table")),
        promotions=SqsPromotionsQueue(chosen.needed("promotions_queue_url")),
        now=lambda: datetime.now(UTC),
    )


def signed(message: Message) -> Signed:
    """
    Return what *message* asks for and who sent it when.

    Raises:
        MalformedMessageError: Its body is no approval, or SQS's attributes are not there.
    """
    asked = approval_in(message.body)
    # The user or role that sent it ("SenderId", ReceiveMessage, SQS API Reference): SQS takes it
    # from the credentials of the request. moto, which plays SQS on the local stack, gives every
    # message the same made-up one, so there everybody is the same person.
    who = message.attributes.get("SenderId", "")
    if not who:
        raise MalformedMessageError("SQS does not say who sent the message")
    sent = message.attributes.get("SentTimestamp", "")
    try:
        at = datetime.fromtimestamp(int(sent) / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise MalformedMessageError(f"SQS says no time of sending: {sent!r:.100}") from error
    if not message.account:
        raise MalformedMessageError(f"the queue's name says no account: {message.queue_arn!r:.200}")
    return Signed(asked, who, at, message.account)


def _work(reading: Reading[Signed], to: Collaborators) -> Iterator[Work]:
    """Yield one piece of work for each package, in the order in which messages were sent."""
    by_package: dict[Package, list[tuple[str, Signed]]] = {}
    for message_id, one in sorted(reading.read, key=lambda pair: pair[1].at):
        rule = to.policy.promotion_rule(one.asked.rule)
        if rule is None:
            said = {"purl": str(one.asked.purl), **_words(one)}
            logger().warning(
                "approval ignored", extra={**said, "reason": "the policy has no such rule"}
            )
            count("ApprovalsIgnored", 1)
            continue
        source = Repository(to.policy.domain, one.account, rule.source)
        package = one.asked.purl.in_repository(source)
        by_package.setdefault(package, []).append((message_id, one))
    for package, messages in by_package.items():
        yield Work(
            [message_id for message_id, _ in messages],
            partial(_write_all, package, [one for _, one in messages], to),
            PackageLog(package),
        )


def _write_all(package: Package, several: Sequence[Signed], to: Collaborators) -> None:
    """
    Write *several* into the records of *package*, and have it looked at if that may matter.

    If one fails, all come back; those that were written are then taken for what they are, and the
    look that was not sent is sent.
    """
    looks = [_write(package, one, to) for one in several]
    if any(looks):
        to.promotions.look(package)


def _write(package: Package, one: Signed, to: Collaborators) -> bool:
    """
    Write *one* into its record; return whether a look has to follow.

    The judge may write the record at the same time; then it is read again and decided again, so
    what either has written is not lost.
    """
    version = one.asked.purl.version or ""  # approval_in has seen to it
    log = PackageLog(package)
    for attempt in range(1, ATTEMPTS + 1):
        record = to.records.find(package, version, one.asked.rule)
        answer = answered(record, one.asked, who=one.who, at=one.at, now=to.now())
        if isinstance(answer, Ignored):
            log.warning("approval ignored", version=version, reason=answer.reason, **_words(one))
            count("ApprovalsIgnored", 1)
            return answer.look
        try:
            to.records.put(answer)
        except RecordConflictError:
            if attempt == ATTEMPTS:
                raise
            continue
        word = "approved" if one.asked.decision == "approve" else "rejected"
        log.info(word, version=version, state=answer.state, **_words(one))
        count("ApprovalsRecorded" if word == "approved" else "RejectionsRecorded", 1)
        return True
    return False


def _words(one: Signed) -> dict[str, object]:
    """Return who wants what, for a line of the log; the reason they give is in the record alone."""
    return {
        "rule": one.asked.rule,
        "decision": one.asked.decision,
        "who": one.who,
        "sent": one.at.isoformat(),
    }
