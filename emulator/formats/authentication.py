"""Who sends a data-plane request: the token in its ``Authorization`` header."""

from __future__ import annotations

import base64
import binascii

USER_NAME = "aws"  # User Guide, "Tokens": the user name of HTTP basic authentication
CHALLENGES = ('Basic realm="CodeArtifact"', 'Bearer realm="CodeArtifact"')
"""Maven and pip answer to Basic; the service offers Bearer too; its words are not documented."""


BARE = frozenset({"cargo", "ruby"})
"""Formats whose clients send what they are configured with as the whole header (Cargo, gem)."""


def token_of(authorization: str | None, *, bare: bool = False) -> str | None:
    """
    Return the authorization token of an ``Authorization`` header, unverified.

    None when the header is missing, malformed, of another scheme, or Basic for a user other than
    ``aws``. With *bare*, a header without a scheme is the token itself.
    """
    scheme, _, credentials = (authorization or "").strip().partition(" ")
    credentials = credentials.strip()
    if not credentials:
        return scheme if bare and scheme else None
    match scheme.lower():
        case "bearer":
            return credentials
        case "basic":
            return _password(credentials)
        case _:
            return None


def _password(credentials: str) -> str | None:
    try:
        user, separator, password = (
            base64.b64decode(credentials, validate=True).decode().partition(":")
        )
    except (binascii.Error, UnicodeDecodeError):
        return None
    return password if separator and user == USER_NAME and password else None
