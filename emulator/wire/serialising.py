"""From the members of an operation's response, or an error, to an HTTP response."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from emulator.core.errors import CodeArtifactError, ResourceError, Throttling, Validation
from emulator.wire.model import Operation, Shape

_SCALARS: Mapping[str, type] = {"string": str, "boolean": bool, "integer": int, "long": int}

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response whose body is whole."""

    status: int
    headers: Headers
    body: bytes


def reply(operation: Operation, members: Mapping[str, object]) -> Reply:
    """
    Return the response that carries *members*, whose names are the API's.

    Members that are ``None`` are left out; timestamps are seconds since 1970 with a fraction
    (User Guide, raw sample of a response). A streamed payload is not part of it.

    Raises:
        TypeError: A member has another type than the model gives it, or the model has none of
            its name: a mistake of ours, which must not reach a client unseen.
    """
    unknown = members.keys() - {member.name for member in operation.response.members}
    if unknown:
        raise TypeError(f"{operation.name} answers with no member {sorted(unknown)}")
    document: dict[str, object] = {}
    headers: Headers = []
    for member in operation.response.members:
        value = members.get(member.name)
        if value is None or member.location == "payload":
            continue
        if member.location == "header":
            headers.append((member.wire_name.lower().encode(), _header(str(value))))
        else:
            document[member.wire_name] = _plain(value, member.shape, member.name)
    return _json(200, headers, document)


def refusal(error: CodeArtifactError) -> Reply:
    """
    Return the response that botocore parses as *error*.

    The code travels in ``x-amzn-ErrorType``; the body holds ``message`` and what the model gives
    the exception; a throttled client learns from ``Retry-After`` how many seconds to wait.
    """
    document: dict[str, object] = {"message": error.message}
    headers: Headers = [(b"x-amzn-errortype", error.code.encode())]
    if isinstance(error, ResourceError):
        document["resourceId"] = error.resource_id
        if error.resource_type is not None:
            document["resourceType"] = error.resource_type
    elif isinstance(error, Validation):
        document["reason"] = error.reason
    elif isinstance(error, Throttling):
        headers.append((b"retry-after", str(error.retry_after_seconds).encode()))
    return _json(error.status, headers, document)


def _json(status: int, headers: Headers, document: Mapping[str, object]) -> Reply:
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return Reply(
        status,
        [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"x-amzn-requestid", str(uuid.uuid4()).encode()),
            *headers,
        ],
        body,
    )


def _header(value: str) -> bytes:
    """Return a header's value; what is not printable ASCII is percent-encoded (our choice)."""
    return quote(value, safe="".join(map(chr, range(0x20, 0x7F)))).encode()


def _plain(value: object, shape: Shape, at: str) -> object:
    """Return *value* as JSON writes it, checked against *shape*."""
    match shape.kind:
        case "structure" if isinstance(value, Mapping):
            return _structure(value, shape, at)
        case "list" if isinstance(value, Sequence) and shape.element:
            return [_plain(item, shape.element, at) for item in value]
        case "map" if isinstance(value, Mapping) and shape.element:
            return {key: _plain(item, shape.element, at) for key, item in value.items()}
        case "timestamp" if isinstance(value, datetime):
            return round(value.timestamp(), 3)
        case kind if isinstance(value, _SCALARS.get(kind, ())):
            return value
        case kind:
            raise TypeError(f"{at} is a {kind}, not {type(value).__name__}")


def _structure(value: Mapping[str, object], shape: Shape, at: str) -> dict[str, object]:
    document: dict[str, object] = {}
    for name, item in value.items():
        if item is None:
            continue
        member = shape.by_name.get(name)
        if member is None:
            raise TypeError(f"{at} has no member {name}")
        plain = member.shape.kind == "string" and type(item) is str  # most members of long lists
        document[member.wire_name] = item if plain else _plain(item, member.shape, f"{at}.{name}")
    return document
