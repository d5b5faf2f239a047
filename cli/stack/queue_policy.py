"""Whether a queue's policy lets an EventBridge rule send to it."""

import json
from fnmatch import fnmatchcase
from functools import lru_cache

_SERVICE = "events.amazonaws.com"
_SOURCE_CONDITIONS = {"ArnEquals", "ArnLike", "StringEquals", "StringLike"}


@lru_cache(maxsize=256)
def allows_rule(policy: str | None, *, queue_arn: str, rule_arn: str) -> bool:
    """
    Return whether EventBridge may send to the queue on behalf of the rule.

    It may if a statement of the queue's policy allows `sqs:SendMessage` on the queue to the service
    and its condition, if any, names the rule (EventBridge User Guide, "Using resource-based
    policies", Amazon SQS permissions). Conditions other than on `aws:SourceArn` count as met.
    A template without the policy works on no account; so it does not work here.
    """
    if policy is None:
        return False
    return any(
        statement.get("Effect") == "Allow"
        and _is_service(statement.get("Principal"))
        and _any(statement.get("Action"), "sqs:sendmessage", lower=True)
        and _any(statement.get("Resource", "*"), queue_arn)
        and _source_matches(statement.get("Condition", {}), rule_arn)
        for statement in _list(json.loads(policy).get("Statement", []))
        if isinstance(statement, dict)
    )


def _is_service(principal: object) -> bool:
    if isinstance(principal, dict):
        return any(name in {_SERVICE, "*"} for who in principal.values() for name in _list(who))
    return principal == "*"


def _source_matches(condition: object, rule_arn: str) -> bool:
    if not isinstance(condition, dict):
        return True
    return all(
        _any(wanted, rule_arn)
        for operator, keys in condition.items()
        if operator in _SOURCE_CONDITIONS
        for key, wanted in keys.items()
        if key.lower() == "aws:sourcearn"
    )


def _any(patterns: object, value: str, *, lower: bool = False) -> bool:
    texts = [str(pattern) for pattern in _list(patterns)]
    return any(fnmatchcase(value, text.lower() if lower else text) for text in texts)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
