"""From an HTTP request to the members of an operation's request, checked against the model."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote_plus

from emulator.core.errors import Validation
from emulator.wire.constraints import structure_violations
from emulator.wire.model import Member, Operation, Shape

Members = dict[str, object]

_INTEGER = re.compile(r"-?[0-9]{1,19}")
_SCALARS: Mapping[str, type] = {"string": str, "boolean": bool, "integer": int, "long": int}
_DESCRIPTIONS = {
    "string": "a string",
    "boolean": "true or false",
    "integer": "a whole number",
    "long": "a whole number",
}
_MAX_SHOWN = 10  # a request with hundreds of mistakes is answered with the first few


def query_pairs(query: bytes) -> list[tuple[str, str]]:
    """
    Return the decoded names and values of a query string, in order.

    Raises:
        Validation: A name or value is not UTF-8.
    """
    try:
        return [
            (unquote_plus(name, errors="strict"), unquote_plus(value, errors="strict"))
            for name, _, value in (
                pair.partition("=") for pair in query.decode("ascii").split("&") if pair
            )
        ]
    except UnicodeDecodeError as error:
        raise Validation("The query string is not UTF-8.", reason="CANNOT_PARSE") from error


def parse(
    operation: Operation,
    query: Sequence[tuple[str, str]],
    headers: Mapping[str, str],
    body: bytes,
) -> Members:
    """
    Return the members that the request carries, by their names in the API.

    Members that the model does not know are ignored, as AWS's services do. A streamed payload
    is not among them. *headers* have lower-case names.

    Raises:
        Validation: The body is no JSON object (``CANNOT_PARSE``), a member has the wrong type, or
            a constraint is broken (``FIELD_VALIDATION_FAILED``): all violations are listed.
    """
    document = {} if operation.streams_in else _document(body)
    by_name: dict[str, list[str]] = {}
    for name, text in query:
        by_name.setdefault(name, []).append(text)
    members: Members = {}
    for member in operation.request.members:
        value: object = None
        if member.location == "querystring":
            value = _from_query(by_name.get(member.wire_name), member)
        elif member.location == "header":
            value = headers.get(member.wire_name.lower())
        elif member.location == "body":
            value = _typed(document.get(member.wire_name), member.shape, member.name)
        if value is not None:
            members[member.name] = value
    found = list(structure_violations(members, operation.request, ""))
    if found:
        noun = "error" if len(found) == 1 else "errors"
        raise Validation(
            f"{len(found)} validation {noun} detected: {'; '.join(found[:_MAX_SHOWN])}"
        )
    return members


def _document(body: bytes) -> Mapping[str, object]:
    if not body.strip():
        return {}
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Validation(f"The body is not JSON: {error}", reason="CANNOT_PARSE") from error
    if not isinstance(document, dict):
        raise Validation("The body is not a JSON object.", reason="CANNOT_PARSE")
    return document


def _from_query(values: list[str] | None, member: Member) -> object:
    if not values:
        return None
    if len(values) > 1:
        raise Validation(f"The parameter '{member.wire_name}' is given {len(values)} times.")
    value = values[0]
    match member.shape.kind:
        case "integer" | "long":
            if not _INTEGER.fullmatch(value):
                raise _wrong_type(member.name, "a whole number")
            return int(value)
        case "boolean":
            if value not in {"true", "false"}:
                raise _wrong_type(member.name, "true or false")
            return value == "true"
        case _:
            return value


def _typed(value: object, shape: Shape, at: str) -> object:
    """Return *value* with the type of *shape* all through, without unknown members and nulls."""
    if value is None:
        return None
    match shape.kind:
        case "list":
            return _typed_list(value, shape, at)
        case "map":
            return _typed_map(value, shape, at)
        case "structure":
            return _typed_structure(value, shape, at)
        case kind:
            return _typed_scalar(value, kind, at)


def _typed_scalar(value: object, kind: str, at: str) -> object:
    if kind == "string" and isinstance(value, str):
        return _without_surrogates(value, at)
    if isinstance(value, _SCALARS[kind]) and isinstance(value, bool) == (kind == "boolean"):
        return value
    raise _wrong_type(at, _DESCRIPTIONS[kind])


def _typed_list(value: object, shape: Shape, at: str) -> list[object]:
    assert shape.element is not None  # noqa: S101  every list of the model has one
    if not isinstance(value, list):
        raise _wrong_type(at, "a list")
    items = [
        _typed(item, shape.element, f"{at}.{index}.member")
        for index, item in enumerate(value, start=1)
    ]
    if None in items:
        raise _wrong_type(at, "a list without nulls")
    return items


def _typed_map(value: object, shape: Shape, at: str) -> dict[str, object]:
    assert shape.element is not None  # noqa: S101  every map of the model has one
    if not isinstance(value, dict):
        raise _wrong_type(at, "an object")
    if None in value.values():
        raise _wrong_type(at, "an object without nulls")
    return {
        _without_surrogates(key, at): _typed(item, shape.element, f"{at}.{key}")
        for key, item in value.items()
    }


def _typed_structure(value: object, shape: Shape, at: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _wrong_type(at, "an object")
    members = {
        member.name: _typed(value.get(member.wire_name), member.shape, f"{at}.{member.name}")
        for member in shape.members
    }
    return {name: item for name, item in members.items() if item is not None}


def _without_surrogates(text: str, at: str) -> str:
    """Return *text*; JSON can escape half a character, which no store and no response can hold."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _wrong_type(at, "a string of whole Unicode characters") from error
    return text


def _wrong_type(at: str, expected: str) -> Validation:
    return Validation(f"Value at '{at}' is not {expected}.", reason="CANNOT_PARSE")
