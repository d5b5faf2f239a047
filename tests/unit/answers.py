"""An HTTP client that gives prepared answers and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from steward.bounded_http import Answer, BoundedHttp


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None


def answered(document: object, status: int = 200, **headers: str) -> Answer:
    """Return an answer of JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, named, json.dumps(document).encode())


@dataclass
class PreparedHttp(BoundedHttp):
    """
    Answers each request as *reply* says, without a socket.

    Attributes:
        asked: Every request, in order.
    """

    reply: Callable[[Asked], Answer]
    asked: list[Asked] = field(default_factory=list)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> Answer:
        """Return the prepared answer."""
        asked = Asked(method, url, dict(headers), body)
        self.asked.append(asked)
        return self.reply(asked)
