"""Opaque page tokens: where in an ordered list the next page begins."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Sequence

from emulator.core.errors import Validation

_TAG_BYTES = 6


def encode(scope: Sequence[object], key: Sequence[str | int]) -> str:
    """
    Return the token of the page that begins after *key* in the list described by *scope*.

    A list is ordered by its keys, so a page begins at the right place whatever was written or
    deleted meanwhile. *scope* names the operation and its filters: a token is good for those alone.
    """
    body = zlib.compress(json.dumps(list(key), ensure_ascii=False).encode(), 6)
    return base64.urlsafe_b64encode(_tag(scope, body) + body).decode().rstrip("=")


def decode(scope: Sequence[object], token: str | None) -> list[str | int] | None:
    """
    Return the key that `encode` was given, or ``None`` for no token.

    Raises:
        Validation: *token* was not made for *scope*.
    """
    if token is None:
        return None
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raw = b""
    tag, body = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
    if tag != _tag(scope, body):
        raise Validation(f"Invalid nextToken: {token[:80]!r} was not returned by this list")
    key: list[str | int] = json.loads(zlib.decompress(body))
    return key


def _tag(scope: Sequence[object], body: bytes) -> bytes:
    return hashlib.blake2b(repr(list(scope)).encode() + body, digest_size=_TAG_BYTES).digest()
