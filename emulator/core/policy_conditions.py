"""The Condition element of IAM policies, as far as the local CodeArtifact understands it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from emulator.core.policy_patterns import like
from emulator.core.values import Caller

_NEGATED: Mapping[str, str] = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnlike",
    "arnnotlike": "arnlike",
}

_MATCHES: Mapping[str, Callable[[str, str], bool]] = {
    "stringequals": lambda pattern, value: pattern == value,
    "stringequalsignorecase": lambda pattern, value: pattern.lower() == value.lower(),
    "stringlike": like,
    "arnequals": like,
    "arnlike": like,
}

_UNDERSTOOD = frozenset({"aws:principalaccount", "aws:principalarn", "aws:principalorgid"})


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator applied to one key: true when any of *values* matches."""

    operator: str
    key: str
    values: tuple[str, ...]


def all_hold(conditions: Sequence[Condition], caller: Caller) -> bool | None:
    """
    Whether every condition holds for *caller*; ``None`` when that cannot be told.

    Understood are the String, StringLike and Arn operators, their negations, their ``IfExists``
    forms and ``Null``, on ``aws:PrincipalAccount``, ``aws:PrincipalArn`` and
    ``aws:PrincipalOrgID``. No account belongs to an organisation here, so the last is a key that
    no request has: positive operators fail on it, negated ones hold (IAM User Guide, "Condition
    operators"). With any other operator or key the answer is ``None``, unless another condition
    fails anyway.
    """
    results = [_holds(condition, caller) for condition in conditions]
    if False in results:
        return False
    return None if None in results else True


def _holds(condition: Condition, caller: Caller) -> bool | None:
    key = condition.key.lower()
    if key not in _UNDERSTOOD:
        return None
    value = {"aws:principalaccount": caller.account, "aws:principalarn": caller.arn}.get(key)
    operator = condition.operator.lower()
    if operator == "null":
        return any((wanted == "true") == (value is None) for wanted in condition.values)
    if_exists = operator.endswith("ifexists")
    operator = operator.removesuffix("ifexists")
    positive = _NEGATED.get(operator, operator)
    if positive not in _MATCHES:
        return None
    negated = positive != operator
    if value is None:
        return if_exists or negated
    return negated != any(_MATCHES[positive](wanted, value) for wanted in condition.values)
