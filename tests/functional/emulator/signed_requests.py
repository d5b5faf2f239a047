"""Control-plane requests as no well-behaved SDK sends them: any member, any value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

import httpx

from emulator.wire.model import Operation

DATE = "20260301"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the error code without its decoration, and the document."""

    status: int
    code: str
    document: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """The error's message."""
        return str(self.document.get("message", ""))


def authorization(key_id: str = "012345678901", service: str = "codeartifact") -> str:
    """Return an Authorization header whose signature nobody checks."""
    return (
        f"AWS4-HMAC-SHA256 Credential={key_id}/{DATE}/us-west-2/{service}/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=00"
    )


def send(
    url: str,
    operation: Operation,
    members: Mapping[str, object],
    *,
    key_id: str = "012345678901",
) -> Answer:
    """Send *members*, by their API names, wherever the model places them, unchecked."""
    query: list[tuple[str, str]] = []
    headers = {"authorization": authorization(key_id), "x-amz-date": f"{DATE}T000000Z"}
    body: dict[str, object] = {}
    content = b""
    for member in operation.request.members:
        if member.name not in members:
            continue
        value = members[member.name]
        match member.location:
            case "querystring":
                text = str(value).lower() if isinstance(value, bool) else str(value)
                query.append((member.wire_name, text))
            case "header":
                headers[member.wire_name] = str(value)
            case "payload":
                assert isinstance(value, bytes)
                content = value
            case "body":
                body[member.wire_name] = value
    if body:
        content = json.dumps(body).encode()
    return raw(
        url,
        operation.http_method,
        f"{operation.path}?{urlencode(query)}",
        headers=headers,
        content=content,
    )


def raw(
    url: str,
    method: str,
    target: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes = b"",
) -> Answer:
    """Send one request as it is."""
    given = {"authorization": authorization()} if headers is None else dict(headers)
    answer = _client().request(method, url + target, headers=given, content=content)
    try:
        document = answer.json()
    except ValueError:
        document = {}
    code = answer.headers.get("x-amzn-errortype", "")
    return Answer(answer.status_code, code, document, answer.headers)


@cache
def _client() -> httpx.Client:
    return httpx.Client(timeout=60, trust_env=False)
