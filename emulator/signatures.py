"""Who signs a request: what a Signature Version 4 credential says of account and service."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import unquote_plus

from emulator.core.errors import CodeArtifactError
from emulator.core.values import Caller

_HEADER = re.compile(r"AWS4-[A-Z0-9-]+ .*?Credential=(?P<scope>[^,\s]+)")
_QUERY = re.compile(r"(?:^|&)X-Amz-Credential=(?P<scope>[^&]+)")
_SCOPE = re.compile(
    r"(?P<key>[\w+=,.@-]{1,128})/[0-9]{8}/(?P<region>[a-z0-9-]+)/(?P<service>[A-Za-z0-9_.-]+)"
    r"/aws4_request",
    re.ASCII,
)
_ACCOUNT = re.compile(r"[0-9]{12}")


class NotSigned(CodeArtifactError):
    """A request without a signature."""

    code: ClassVar[str] = "MissingAuthenticationTokenException"
    status: ClassVar[int] = 403


class BadSignature(CodeArtifactError):
    """A request whose ``Authorization`` is not that of Signature Version 4."""

    code: ClassVar[str] = "IncompleteSignatureException"
    status: ClassVar[int] = 403


@dataclass(frozen=True, slots=True)
class Credential:
    """The credential scope of a signed request."""

    access_key_id: str
    service: str


def credential(authorization: str | None, query: str = "") -> Credential | None:
    """Return the credential of a header or of a pre-signed URL's *query*; None without one."""
    match = _HEADER.match(authorization) if authorization else _QUERY.search(query)
    if match is None:
        return None
    scope = _SCOPE.fullmatch(unquote_plus(match["scope"]))
    return None if scope is None else Credential(scope["key"], scope["service"])


def caller(authorization: str | None, *, default_account: str) -> Caller:
    """
    Return who signed.

    The signature itself is not verified, nor its time: credentials are made up here. An access
    key id of twelve digits speaks as that account, any other as *default_account* (our rule).

    Raises:
        NotSigned: There is no ``Authorization`` header.
        BadSignature: There is one of another kind.
    """
    if not authorization:
        raise NotSigned("Missing Authentication Token")
    signed = credential(authorization)
    if signed is None:
        raise BadSignature("The Authorization header is not that of AWS Signature Version 4.")
    key = signed.access_key_id
    account = key if _ACCOUNT.fullmatch(key) else default_account
    return Caller(account=account, arn=f"arn:aws:iam::{account}:user/{key}")
