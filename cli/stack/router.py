"""
The event router: from an event to the queues and topics that the rules name.

Rules and targets live in moto, where anyone may put, disable or delete them; the router reads them
at each event, so it is never out of date. moto compiles a pattern once, when the rule is put.
Delivery is ours, because moto's own PutEvents takes far longer and loses `account` on the way.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast
from uuid import uuid4

from moto.core.exceptions import ServiceException

from cli.stack.event_input import target_input
from cli.stack.json_types import Document
from cli.stack.queue_policy import allows_rule
from cli.stack.queues import send

if TYPE_CHECKING:
    from moto.events.models import EventsBackend, Rule

_logger = logging.getLogger(__name__)

ENTRIES_PER_CALL = 10  # PutEvents, API Reference


@dataclass(frozen=True, slots=True)
class Undelivered(Exception):  # noqa: N818  it is an outcome that goes into a dead-letter queue
    """A target did not take an event; code and reason go with it to the dead-letter queue."""

    code: str  # EventBridge User Guide, "Using dead-letter queues": ERROR_CODE
    reason: str


class EventRouter:
    """Takes events as EventBridge does and puts them straight where the matching rules say."""

    def __init__(self, account: str, region: str) -> None:
        """Route for the event buses of *region*; events without an account are *account*'s."""
        self._account = account
        self._region = region
        self._deliveries: dict[str, Callable[[str, Document, Document, str], None]] = {
            "sqs": self._to_queue,
            "sns": self._to_topic,
            "logs": self._to_log_group,
            "events": self._to_bus,
        }

    def route(self, event: Document, *, bus: str = "default") -> int:
        """
        Deliver a complete event to the targets of every enabled rule that matches it.

        A target that cannot be reached costs the others nothing: the event goes to that target's
        dead-letter queue (EventBridge User Guide), or is dropped with a warning.

        Returns:
            The number of targets that took the event.
        """
        account = str(event.get("account") or self._account)
        delivered = 0
        for rule in self._rules(account, bus):
            if rule.scheduled_expression or rule.state == "DISABLED":
                continue
            if not rule.event_pattern.matches_event(cast("dict", event)):  # type: ignore[type-arg, arg-type]  # moto's type is a TypedDict with a numeric time
                continue
            for target in list(rule.targets):
                delivered += self._deliver(rule, target, event)
        return delivered

    def put_events(self, account: str, entries: list[Document]) -> Document:
        """
        Do what PutEvents does and return its response.

        An entry that lacks Source, DetailType or Detail, or whose Detail is no JSON object, fails
        alone (API Reference, PutEventsResultEntry); the others are delivered.
        """
        results = [self._put_entry(account, entry) for entry in entries]
        failed = sum("ErrorCode" in result for result in results)
        return {"FailedEntryCount": failed, "Entries": results}

    def _put_entry(self, account: str, entry: Document) -> dict[str, str]:
        for name in ("Source", "DetailType", "Detail"):
            if not entry.get(name):
                return {
                    "ErrorCode": "InvalidArgument",
                    "ErrorMessage": f"Parameter {name} is not valid. "
                    f"Reason: {name} is a required argument.",
                }
        try:
            detail = json.loads(str(entry["Detail"]))
        except ValueError:
            detail = None
        if not isinstance(detail, dict):
            return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
        event_id = str(uuid4())
        event: Document = {
            "version": "0",
            "id": event_id,
            "detail-type": entry["DetailType"],
            "source": entry["Source"],
            "account": account,
            "time": _event_time(entry.get("Time")),
            "region": self._region,
            "resources": entry.get("Resources") or [],
            "detail": detail,
        }
        self.route(event, bus=_bus_name(entry.get("EventBusName")))
        return {"EventId": event_id}

    def _rules(self, account: str, bus: str) -> "list[Rule]":
        from moto.events.models import events_backends

        backend: EventsBackend = events_backends[account][self._region]
        found = backend.event_buses.get(bus)
        return [] if found is None else list(found.rules.values())

    def _deliver(self, rule: "Rule", target: Document, event: Document) -> bool:
        arn = str(target["Arn"])
        service = arn.split(":")[2]
        try:
            self._deliveries.get(service, _to_nowhere)(arn, target, event, rule.arn)
        except Undelivered as failure:
            self._give_up(rule, target, event, failure)
            return False
        except (ServiceException, ValueError) as error:  # moto refuses, or the ARN is half of one
            self._give_up(rule, target, event, Undelivered("SDK_CLIENT_ERROR", str(error)))
            return False
        return True

    def _to_queue(self, arn: str, target: Document, event: Document, rule_arn: str) -> None:
        from moto.sqs.models import sqs_backends

        _, _, _, region, account, name = arn.split(":", 5)
        backend = sqs_backends[account][region]
        queue = backend.queues.get(name)
        if queue is None:
            raise Undelivered("NO_RESOURCE", f"there is no queue {arn}")
        if not allows_rule(queue.policy, queue_arn=arn, rule_arn=rule_arn):
            raise Undelivered("NO_PERMISSIONS", f"the policy of {arn} does not let {rule_arn} send")
        parameters = cast("dict[str, str]", target.get("SqsParameters") or {})
        send(backend, queue, target_input(target, event), group_id=parameters.get("MessageGroupId"))

    def _to_topic(self, arn: str, target: Document, event: Document, _: str) -> None:
        from moto.sns.models import sns_backends

        _, _, _, region, account, _ = arn.split(":", 5)
        backend = sns_backends[account][region]
        if arn not in backend.topics:
            raise Undelivered("NO_RESOURCE", f"there is no topic {arn}")
        backend.publish(target_input(target, event), arn=arn)

    def _to_log_group(self, arn: str, target: Document, event: Document, _: str) -> None:
        from moto.logs.models import logs_backends

        _, _, _, region, account, _, group = arn.split(":", 6)
        group = group.removesuffix(":*")
        backend = logs_backends[account][region]
        if group not in backend.groups:
            raise Undelivered("NO_RESOURCE", f"there is no log group {group}")
        stream = str(uuid4())
        backend.create_log_stream(group, stream)
        timestamp = int(datetime.now(tz=UTC).timestamp() * 1000)
        line = {"timestamp": timestamp, "message": target_input(target, event)}
        backend.put_log_events(group, stream, [line])

    def _to_bus(self, arn: str, _: Document, event: Document, __: str) -> None:
        account, bus = arn.split(":", 5)[4:]
        self.route({**event, "account": account}, bus=_bus_name(bus))

    def _give_up(
        self, rule: "Rule", target: Document, event: Document, failure: Undelivered
    ) -> None:
        """Send the event to the target's dead-letter queue, or say that it is lost."""
        from moto.sqs.models import sqs_backends

        dead_letters = cast("dict[str, str]", target.get("DeadLetterConfig") or {}).get("Arn", "")
        _logger.warning("rule %s: %s", rule.name, failure.reason)
        if not dead_letters:
            return
        _, _, _, region, account, name = dead_letters.split(":", 5)
        queue = sqs_backends[account][region].queues.get(name)
        if queue is None or not allows_rule(
            queue.policy, queue_arn=dead_letters, rule_arn=rule.arn
        ):
            _logger.warning("rule %s: the event is lost, %s refuses it", rule.name, dead_letters)
            return
        attributes = {
            "RULE_ARN": rule.arn,
            "TARGET_ARN": str(target["Arn"]),
            "ERROR_CODE": failure.code,
            "ERROR_MESSAGE": failure.reason,
        }
        text = json.dumps(event, separators=(",", ":"))
        send(sqs_backends[account][region], queue, text, attributes=attributes)


def _to_nowhere(arn: str, _: Document, __: Document, ___: str) -> None:
    raise Undelivered("NOT_PLAYED", f"the local stack cannot deliver to {arn}")


def _bus_name(name_or_arn: object) -> str:
    """Return the name of a bus that is given by name, by ARN or not at all."""
    return str(name_or_arn or "default").split("event-bus/")[-1]


def _event_time(time: object) -> str:
    """Return the time of an entry as events carry it; PutEvents sends seconds since 1970."""
    moment = (
        datetime.fromtimestamp(float(time), tz=UTC)
        if isinstance(time, (int, float))
        else datetime.now(tz=UTC)
    )
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
