"""Authorization tokens: issued for one domain, carrying their caller and expiry, unforgeable."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from emulator.core.errors import Validation
from emulator.core.values import Caller, DomainId

if TYPE_CHECKING:
    from emulator.core.state import State
    from emulator.core.store import Store

DEFAULT_SECONDS = 43_200  # GetAuthorizationToken, API Reference: twelve hours
LEAST_SECONDS = 900  # the same page
ENCODED_LENGTH = (
    1_400  # the service's tokens have about 1.5 kB, which configuration files must bear
)

_SETTING = "token-secret"
_SEGMENTS = 5  # compact JWE: header, key, initialisation vector, ciphertext, tag
_TAG_BYTES = 16

MAX_KNOWN = 256  # tokens whose signature is not checked again each time: our choice

_known_secrets: WeakKeyDictionary[Store, bytes] = WeakKeyDictionary()
_known_tokens: WeakKeyDictionary[Store, dict[str, TokenClaims]] = WeakKeyDictionary()


class InvalidToken(Exception):
    """A token that this domain's endpoint does not accept: forged, damaged or expired."""


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What a valid token says."""

    domain: DomainId
    caller: Caller
    expires: datetime


def issue(state: State, domain: DomainId, caller: Caller, seconds: int) -> tuple[str, datetime]:
    """
    Return a token that lets *caller* into *domain*'s endpoints for *seconds*, and its expiry.

    It has the outward shape of CodeArtifact's: a compact JWE whose header shows ``isu`` and
    ``exp``. Inside it is signed, not encrypted, with a secret that the store keeps: it outlives a
    restart with ``--data``, and no other local CodeArtifact accepts it.
    """
    issued = int(state.clock.now().timestamp())
    expires = issued + seconds
    claims = {
        "owner": domain.owner,
        "domain": domain.name,
        "account": caller.account,
        "arn": caller.arn,
        "exp": expires,
        "padding": "",
    }
    header = {
        "ver": 1,
        "isu": issued,
        "enc": "A128GCM",
        "tag": _encoded(os.urandom(16)),
        "exp": expires,
        "alg": "A128GCMKW",
        "iv": _encoded(os.urandom(12)),
    }
    prefix = f"{_json(header)}.{_encoded(os.urandom(16))}.{_encoded(os.urandom(12))}."
    missing = (ENCODED_LENGTH - len(prefix)) * 3 // 4 - len(json.dumps(claims))
    claims["padding"] = secrets.token_hex(max(0, missing) // 2)
    signed = prefix + _json(claims)
    return f"{signed}.{_tag(state, signed)}", datetime.fromtimestamp(expires, UTC)


def verify(state: State, token: str) -> TokenClaims:
    """
    Return what *token* says.

    Raises:
        InvalidToken: It was not issued by this local CodeArtifact, or it has expired.
    """
    claims = _known_claims(state, token)
    if state.clock.now() >= claims.expires:
        raise InvalidToken(
            f"The authorization token expired at {claims.expires:%Y-%m-%dT%H:%M:%SZ}."
        )
    return claims


def _known_claims(state: State, token: str) -> TokenClaims:
    """Return what *token* says, as of its issue; each is checked once in a while only."""
    known = _known_tokens.setdefault(state.store, {})
    claims = known.get(token)
    if claims is None:
        claims = _checked(state, token)
        if len(known) >= MAX_KNOWN:
            known.clear()
        known[token] = claims
    return claims


def _checked(state: State, token: str) -> TokenClaims:
    signed, _, tag = token.rpartition(".")
    segments = signed.split(".")
    if len(segments) != _SEGMENTS - 1 or not token.isascii():
        raise InvalidToken("This is no authorization token.")
    if not hmac.compare_digest(tag, _tag(state, signed)):
        raise InvalidToken("The authorization token was not issued here.")
    try:
        claims = json.loads(base64.urlsafe_b64decode(segments[-1] + "=="))
    except (ValueError, binascii.Error) as error:
        raise InvalidToken("The authorization token is damaged.") from error
    return TokenClaims(
        domain=DomainId(claims["owner"], claims["domain"]),
        caller=Caller(claims["account"], claims["arn"]),
        expires=datetime.fromtimestamp(claims["exp"], UTC),
    )


def seconds_for(duration: int | None) -> int:
    """
    Return the lifetime that a GetAuthorizationToken request asks for.

    Without one it is twelve hours. 0 means as long as the caller's temporary credentials live;
    here nobody's end, so it is twelve hours too (not documented for long-lived ones: our choice).

    Raises:
        Validation: Neither 0 nor 900 to 43200 (User Guide, "Tokens").
    """
    if not duration:
        return DEFAULT_SECONDS
    if duration < LEAST_SECONDS:
        raise Validation(
            f"The duration must be 0 or between 900 and 43200 seconds, not {duration}."
        )
    return duration


def _tag(state: State, signed: str) -> str:
    digest = hmac.new(_secret(state), signed.encode(), hashlib.sha256).digest()
    return _encoded(digest[:_TAG_BYTES])


def _secret(state: State) -> bytes:
    """Return the store's secret, made at its first use."""
    known = _known_secrets.get(state.store)
    if known is not None:
        return known
    with state.store.transaction() as connection:
        connection.execute(
            "INSERT OR IGNORE INTO settings (name, value) VALUES (?, ?)",
            (_SETTING, secrets.token_hex(32)),
        )
        (value,) = connection.execute(
            "SELECT value FROM settings WHERE name = ?", (_SETTING,)
        ).fetchone()
    return _known_secrets.setdefault(state.store, bytes.fromhex(value))


def _json(document: object) -> str:
    return _encoded(json.dumps(document).encode())


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
