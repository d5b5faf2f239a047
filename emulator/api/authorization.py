"""The operation that issues authorization tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.api import documents, targets
from emulator.core import tokens
from emulator.core.state import State
from emulator.core.values import Caller

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import type_defs as wire


def get_authorization_token(
    state: State, caller: Caller, request: wire.GetAuthorizationTokenRequestTypeDef
) -> documents.Document:
    """
    Issue a token for every repository of one domain, with the caller's permissions.

    Source: API Reference, GetAuthorizationToken; User Guide, "Tokens". Not documented: what a
    duration of 1 to 899 seconds is answered with (here ValidationException).
    """
    seconds = tokens.seconds_for(request.get("durationSeconds"))
    domain = targets.domain(state, caller, request, "GetAuthorizationToken")
    token, expires = tokens.issue(state, domain, caller, seconds)
    return {"authorizationToken": token, "expiration": expires}
