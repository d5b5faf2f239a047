"""Resource policies as IAM writes them: parsed once, then asked about one request at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from emulator.core.errors import Validation
from emulator.core.policy_conditions import Condition, all_hold
from emulator.core.policy_patterns import like
from emulator.core.values import Caller

Verdict = Literal["allow", "deny", "silent"]

_VERSIONS = ("2012-10-17", "2008-10-17")
_POLICY_KEYS = frozenset({"Version", "Id", "Statement"})
_STATEMENT_KEYS = frozenset(
    {"Sid", "Effect", "Condition"}
    | {prefix + name for prefix in ("", "Not") for name in ("Principal", "Action", "Resource")}
)
_ACTION = re.compile(r"\*|[a-z0-9-]+:[A-Za-z0-9*?]+")
_RESOURCE = re.compile(r"\*|arn:\S+")
_PRINCIPAL = re.compile(
    r"\*|[0-9]{12}|arn:aws:(?:iam|sts)::[0-9]{12}:(?:root|[\w+=,.@/-]+)", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a statement, or its ``Not`` form."""

    patterns: tuple[str, ...]
    negated: bool

    def concerns(self, matches: Callable[[str], bool]) -> bool:
        """Whether the element covers what *matches* is true for."""
        return self.negated != any(matches(pattern) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; *principals* holds account ids, ARNs and ``*``."""

    effect: Literal["Allow", "Deny"]
    principals: Element
    actions: Element
    resources: Element
    conditions: tuple[Condition, ...]


def parse(document: str) -> tuple[Statement, ...]:
    """
    Return the statements of a policy document.

    Raises:
        Validation: It is not JSON, or no policy that IAM's grammar allows; the message says where.
            Policy variables (``${...}``) are refused: they are not supported here.
    """
    try:
        policy = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise Validation(f"The policy document is not JSON: {error}") from error
    if not isinstance(policy, dict):
        raise _invalid("it is not a JSON object")
    if "${" in document:
        raise _invalid("policy variables are not supported by the local CodeArtifact")
    _only(policy, _POLICY_KEYS, "the policy")
    if policy.get("Version", _VERSIONS[0]) not in _VERSIONS:
        raise _invalid(f"Version is one of {', '.join(_VERSIONS)}")
    statements = policy.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise _invalid("Statement is missing or empty")
    return tuple(_statement(each, f"Statement[{index}]") for index, each in enumerate(statements))


@lru_cache(maxsize=512)
def parsed(document: str) -> tuple[Statement, ...]:
    """Return what `parse` returns, remembered: a stored policy is read with every request."""
    return parse(document)


def verdict(
    statements: Sequence[Statement], *, caller: Caller, action: str, resource: str
) -> Verdict:
    """
    Return what the policy says of *caller* doing *action* (``codeartifact:X``) to *resource*.

    An explicit Deny outweighs every Allow. A condition that is not understood never lets an
    Allow match and never keeps a Deny from matching: when in doubt, refused.
    """
    found: Verdict = "silent"
    for statement in statements:
        if not (
            statement.principals.concerns(lambda pattern: _is_caller(pattern, caller))
            and statement.actions.concerns(lambda pattern: like(pattern.lower(), action.lower()))
            and statement.resources.concerns(lambda pattern: like(pattern, resource))
        ):
            continue
        holds = all_hold(statement.conditions, caller)
        if statement.effect == "Deny" and holds is not False:
            return "deny"
        if statement.effect == "Allow" and holds is True:
            found = "allow"
    return found


def _is_caller(principal: str, caller: Caller) -> bool:
    """Whether a principal is everybody, the caller's account, or the caller (IAM, "Principal")."""
    return principal in {
        "*",
        caller.account,
        f"arn:aws:iam::{caller.account}:root",
        caller.arn,
    }


def _statement(raw: object, at: str) -> Statement:
    if not isinstance(raw, dict):
        raise _invalid(f"{at} is not an object")
    _only(raw, _STATEMENT_KEYS, at)
    effect = raw.get("Effect")
    if effect not in {"Allow", "Deny"}:
        raise _invalid(f"{at}.Effect is Allow or Deny")
    principals = _element(raw, "Principal", at, _principals)
    if principals.negated and effect == "Allow":
        raise _invalid(f"{at}: NotPrincipal goes with Deny only")
    return Statement(
        effect=effect,
        principals=principals,
        actions=_element(raw, "Action", at, lambda value, where: _strings(value, _ACTION, where)),
        resources=_element(
            raw, "Resource", at, lambda value, where: _strings(value, _RESOURCE, where)
        ),
        conditions=_conditions(raw.get("Condition", {}), f"{at}.Condition"),
    )


def _element(
    raw: Mapping[str, object],
    name: str,
    at: str,
    read: Callable[[object, str], tuple[str, ...]],
) -> Element:
    given = [key for key in (name, f"Not{name}") if key in raw]
    if len(given) != 1:
        raise _invalid(f"{at} needs either {name} or Not{name}")
    return Element(read(raw[given[0]], f"{at}.{given[0]}"), negated=given[0] != name)


def _principals(value: object, at: str) -> tuple[str, ...]:
    """Return the AWS principals; services and federated users never call here, so never match."""
    if value == "*":
        return ("*",)
    if not isinstance(value, dict) or not value:
        raise _invalid(f'{at} is "*" or an object such as {{"AWS": "123456789012"}}')
    _only(value, frozenset({"AWS", "Service", "Federated", "CanonicalUser"}), at)
    return _strings(value["AWS"], _PRINCIPAL, f"{at}.AWS") if "AWS" in value else ()


def _strings(value: object, pattern: re.Pattern[str], at: str) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not values:
        raise _invalid(f"{at} is empty")
    for each in values:
        if not isinstance(each, str) or not pattern.fullmatch(each):
            raise _invalid(f"{at} cannot be {each!r}")
    return tuple(values)


def _conditions(raw: object, at: str) -> tuple[Condition, ...]:
    if not isinstance(raw, dict):
        raise _invalid(f"{at} is not an object")
    found = []
    for operator, keys in raw.items():
        if not isinstance(keys, dict) or not keys:
            raise _invalid(f"{at}.{operator} is not an object of keys and values")
        for key, value in keys.items():
            values = value if isinstance(value, list) else [value]
            found.append(Condition(operator, key, tuple(map(_text, values))))
    return tuple(found)


def _text(value: object) -> str:
    """Return a condition's value as text; JSON's true is IAM's ``true``."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _only(raw: Mapping[str, object], known: frozenset[str], at: str) -> None:
    unknown = sorted(raw.keys() - known)
    if unknown:
        raise _invalid(f"{at} has no element {unknown[0]!r}")


def _invalid(what: str) -> Validation:
    return Validation(f"The policy document is invalid: {what}.")
