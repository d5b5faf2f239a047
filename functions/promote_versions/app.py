"""
Judge the versions of packages by the policy's gates, and order copies of those that pass.

Trigger: the queue ``PromotionsQueue``, with CodeArtifact's package-version events, the messages of
two schedules (what is due, the recheck of what was promoted), approvals that have been recorded,
``steward promote``, and this function's own messages.
Decision: :mod:`promote_versions.decision`, by the policy's ``promotions`` rules.
Effect: a record for each version and rule, and an order to ``CopyPromotedVersionsFunction``, which
alone may copy; people are asked for approvals and told of what is malicious. What was promoted and
has turned bad is reported, or ``Unlisted`` or ``Archived`` where the rule says so.
Undo: ``steward restore PURL --repository REPOSITORY --domain DOMAIN --version VERSION`` brings back
what was recalled, for a while; ``steward approve`` has it judged again, and brings it back if it
passes. A version that was promoted is taken out again by ``steward reject``; nothing
is ever deleted.

Its own changes do not wake it: copies lead to events of the destination, which matter only if the
policy promotes from there, and are settled at the next look; recalled versions are not
``Published``, which the rule of the queue asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from typing import Final

from promote_versions import messages
from promote_versions.collaborators import Collaborators
from promote_versions.due import look_at_what_is_due
from promote_versions.messages import DueNow, Look, PromotionMessage, Recheck, RecheckAll
from promote_versions.osv import HttpOsv
from promote_versions.package import reconcile
from promote_versions.queues import ObservedCopiesQueue, SqsCopiesQueue, SqsPromotionsQueue
from promote_versions.recheck import recheck
from promote_versions.rechecks import recheck_all
from promote_versions.records import AnswerState, RequestAnswer
from promote_versions.records_table import DynamoDbRecords
from promote_versions.topology import Topology
from steward import codeartifact as gateway
from steward import events, ledger
from steward.attention import SnsAttention
from steward.batches import BatchResponse, Message, Work, carry_out, failures, read_batch
from steward.coordinates import Package
from steward.deployed import settings_and_policy
from steward.errors import MalformedMessageError, StewardError
from steward.invocation import Invocation, time_left
from steward.observability import PackageLog, flush_metrics, logger
from steward.promotion_notices import BusPromotionNotices

# Our choice: a hundred versions with all their look-ups, eight at once, each retried once at the
# service's usual pace, and as much for OSV and the endpoint to answer slowly.
MILLISECONDS_PER_PACKAGE: Final = 60_000
NO_RULE: Final = "no promotions rule applies to this package"


@dataclass(slots=True)
class _Asked:
    """
    What the messages of a batch ask about one package.

    Attributes:
        repeated: Nobody but we ourselves asked.
        requests: Those of ``steward promote``, by id, with the policy that each expects.
    """

    message_ids: list[str] = field(default_factory=list)
    repeated: bool = True
    plain: bool = False
    requests: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Read:
    """
    A message that was read.

    Attributes:
        own: We have sent it ourselves.
        account: That of the queue, which is the domain's: the template has one for both.
    """

    content: PromotionMessage
    own: bool
    account: str


def handler(event: object, context: Invocation | None) -> BatchResponse:
    """Judge every package that the SQS batch *event* names; do what its other messages ask for."""
    enough = time_left(context, milliseconds=MILLISECONDS_PER_PACKAGE)
    response = promote_in_batch(event, collaborators(), time_left=enough)
    flush_metrics()
    return response


def promote_in_batch(
    batch: object, to: Collaborators, *, time_left: Callable[[], bool] = lambda: True
) -> BatchResponse:
    """
    Do what the messages of the SQS batch *batch* ask for; return the messages to retry.

    Each package is looked at once and rechecked once, however many messages name it.
    """
    reading = read_batch(batch, _read)
    looks = carry_out(_looks(reading.read, to, time_left), of="Packages", time_left=time_left)
    others = carry_out(_others(reading.read, to, time_left), of="Tasks", time_left=time_left)
    return failures([*reading.malformed, *looks, *others])


@cache
def collaborators() -> Collaborators:
    """
    Return what the environment asks for, made at the first call and kept for the next ones.

    Raises:
        SettingsError: The environment is wrong, or the policy is for another domain.
        PolicyError: The compiled policy cannot be read.
    """
    chosen, policy = settings_and_policy()
    copies_url = chosen.needed("copies_queue_url")
    codeartifact = gateway.connect(chosen.mode)
    return Collaborators(
        codeartifact=codeartifact,
        contents=gateway.connect_contents(),
        topology=Topology(gateway.connect_repositories(), codeartifact, gateway.connect_groups),
        endpoint=gateway.connect_endpoint(),
        osv=HttpOsv(chosen.needed("osv_url")),
        policy=policy,
        records=DynamoDbRecords(chosen.needed("promotions_table")),
        own_queue=SqsPromotionsQueue(chosen.queue_url),
        copies=SqsCopiesQueue(copies_url) if chosen.mode == "enforce" else ObservedCopiesQueue(),
        ledger=ledger.connect(chosen.mode, chosen.needed("ledger_table")),
        notices=BusPromotionNotices(),
        attention=SnsAttention(chosen.attention_topic),
        now=lambda: datetime.now(UTC),
    )


def _read(message: Message) -> _Read:
    """
    Return what *message* asks for, and who has sent it.

    Raises:
        MalformedMessageError: Nothing that is known here, or nobody can tell in which account.
    """
    content = messages.read(message.body)
    if isinstance(content, RecheckAll) and not message.account:
        raise MalformedMessageError(f"the queue has no account: {message.queue_arn!r:.200}")
    own = isinstance(content, Look) and events.hint_in(message.body).repeated
    return _Read(content, own, message.account)


def _looks(
    read: Iterable[tuple[str, _Read]],
    to: Collaborators,
    time_left: Callable[[], bool],
) -> Iterator[Work]:
    asked: dict[Package, _Asked] = {}
    for message_id, one_read in read:
        content = one_read.content
        if not isinstance(content, Look):
            continue
        one = asked.setdefault(content.package, _Asked())
        one.message_ids.append(message_id)
        one.repeated &= one_read.own
        if content.request is None:
            one.plain = True
        else:
            one.requests[content.request] = content.policy_digest
    for package, one in asked.items():
        yield Work(
            one.message_ids, partial(_look, package, one, to, time_left), PackageLog(package)
        )


def _others(
    read: Iterable[tuple[str, _Read]],
    to: Collaborators,
    time_left: Callable[[], bool],
) -> Iterator[Work]:
    due: list[str] = []
    whole: dict[tuple[str | None, str], list[str]] = {}
    packages: dict[Package, list[str]] = {}
    for message_id, one in read:
        match one.content:
            case DueNow():
                due.append(message_id)
            case RecheckAll(after):
                whole.setdefault((after, one.account), []).append(message_id)
            case Recheck(package):
                packages.setdefault(package, []).append(message_id)
            case Look():
                pass
    if due:
        yield Work(due, lambda: _looked(to, time_left), _TaskLog("what is due"))
    for (after, account), message_ids in whole.items():
        act = partial(recheck_all, after, to, account=account, time_left=time_left)
        yield Work(message_ids, act, _TaskLog("recheck of all that was promoted"))
    for package, message_ids in packages.items():
        yield Work(message_ids, partial(recheck, package, to), PackageLog(package))


def _looked(to: Collaborators, time_left: Callable[[], bool]) -> None:
    look_at_what_is_due(to, time_left=time_left)


def _look(
    package: Package, asked: _Asked, to: Collaborators, time_left: Callable[[], bool]
) -> None:
    """Look at *package* once, and answer everybody who waits for it."""
    digest = to.policy.digest
    valid = {one for one, expected in asked.requests.items() if expected in (None, digest)}
    others = asked.requests.keys() - valid
    for request in others:
        PackageLog(package).warning(
            "request refused", request=request, reason="it expects another policy"
        )
        _answer(package, [request], to, "another policy")
    if not (asked.plain or valid):
        return
    if valid and not to.policy.promotion_rules_for(package):
        _answer(package, valid, to, "no rule", problem=NO_RULE)
        if not asked.plain:
            return
        valid = set()
    if valid:
        to.topology.forget(valid)
    try:
        outcome = reconcile(
            package, to, repeated=asked.repeated, anew=bool(valid), time_left=time_left
        )
    except StewardError as error:
        _answer(package, valid, to, "failed", problem=str(error))
        raise
    problem = (
        "there was no time for all versions; the others follow" if outcome.unfinished else None
    )
    _answer(package, valid, to, "done", judged=outcome.judged, problem=problem)


def _answer(
    package: Package,
    requests: Iterable[str],
    to: Collaborators,
    state: AnswerState,
    *,
    judged: int = 0,
    problem: str | None = None,
) -> None:
    for request in requests:
        answer = RequestAnswer(to.policy.digest, state, judged, problem)
        to.records.answer_request(package, request, answer)


@dataclass(frozen=True, slots=True)
class _TaskLog:
    """Log lines about work that is not about one package."""

    task: str

    def warning(self, message: str, **keys: object) -> None:
        """Log what will be tried again."""
        logger().warning(message, extra={"task": self.task, **keys}, stacklevel=2)

    def error(self, message: str, **keys: object) -> None:
        """Log what went wrong."""
        logger().error(message, extra={"task": self.task, **keys}, stacklevel=2)
