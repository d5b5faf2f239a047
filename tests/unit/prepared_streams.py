"""A client for assets that gives prepared answers and remembers what it was asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from steward.bounded_http import RequestFailedError
from steward.streamed_http import Fetched, StreamedHttp


@dataclass(frozen=True)
class Request:
    """One request."""

    url: str
    headers: Mapping[str, str]
    follow: bool


@dataclass(frozen=True)
class Reply:
    """
    What an endpoint answers.

    Attributes:
        body: What comes, or where a redirect that is followed leads.
        asset: Whether it is one, behind a redirect.
        store: What the place that the redirect leads to answers.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    asset: bool = False
    store: int = 200


def document(content: object) -> Reply:
    """Return an answer of JSON."""
    return Reply(200, json.dumps(content).encode())


def asset(body: bytes = b"an asset") -> Reply:
    """Return a redirect to an asset."""
    return Reply(302, body, {"location": "https://elsewhere.example/?signature"}, asset=True)


MISSING = Reply(404, b"not here")


@dataclass
class PreparedStreams(StreamedHttp):
    """
    Answers each request as *reply* says, without a socket.

    Attributes:
        asked: Every request, in order.
    """

    reply: Callable[[Request], Reply | None]
    asked: list[Request] = field(default_factory=list)

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        follow: bool,
        digest: bool = False,
        keep: int = 0,
        largest: int = 1 << 30,
        into: Callable[[bytes], None] | None = None,
    ) -> Fetched:
        """Return the prepared answer; ``None`` is none."""
        request = Request(url, dict(headers), follow)
        self.asked.append(request)
        reply = self.reply(request)
        if reply is None:
            raise RequestFailedError(f"{url} did not answer: TimeoutError")
        assert len(reply.body) <= largest
        if reply.asset and not follow:
            return Fetched(reply.status, reply.headers)
        status = reply.store if reply.asset else reply.status
        if into is not None and status == 200:
            for at in range(0, len(reply.body), 7):
                into(reply.body[at : at + 7])
        kinds = {"SHA-256": hashlib.sha256, "SHA-512": hashlib.sha512}
        hashes = {kind: make(reply.body).hexdigest() for kind, make in kinds.items()}
        return Fetched(
            status,
            reply.headers,
            len(reply.body),
            hashes if digest else {},
            reply.body[:keep],
            redirected=reply.asset,
        )
