"""Where the endpoint of a repository is, and the token that opens it."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from steward.codeartifact_answers import failure
from steward.errors import EndpointError

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

    from steward.coordinates import Package

# Our choice: a function seldom lives longer, and a token cannot be revoked ("Tokens", User Guide).
TOKEN_LIFETIME: Final = timedelta(hours=1)
RENEWED_BEFORE: Final = timedelta(minutes=10)  # our choice: longer than a function runs


@dataclass(frozen=True, slots=True)
class _Token:
    """A token; it is never shown."""

    text: str = field(repr=False)
    expires: datetime


class EndpointAccess:
    """URLs and tokens, each asked for once while it is good; it may be shared by threads."""

    def __init__(self, client: CodeArtifactClient, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now
        self._lock = Lock()
        self._urls: dict[tuple[str, str, str, str], str] = {}
        self._tokens: dict[tuple[str, str], _Token] = {}

    def url(self, package: Package) -> str:
        """
        Return the endpoint of the package's repository and format, with a slash at its end.

        Raises:
            EndpointError: CodeArtifact does not say, or names one that no token may be sent to.
        """
        repository = package.repository
        key = (repository.domain, repository.domain_owner, repository.name, package.format)
        with self._lock:
            known = self._urls.get(key)
            if known is None:
                try:
                    answer = self._client.get_repository_endpoint(
                        domain=repository.domain,
                        domainOwner=repository.domain_owner,
                        repository=repository.name,
                        format=package.format,
                    )
                except (ClientError, BotoCoreError) as error:
                    raise EndpointError(str(failure("GetRepositoryEndpoint", error))) from error
                known = answer["repositoryEndpoint"].rstrip("/") + "/"
                refuse_open_ways(known)
                self._urls[key] = known
            return known

    def token(self, package: Package) -> str:
        """
        Return a token for the package's domain that is good for ten minutes more.

        Raises:
            EndpointError: CodeArtifact gives none.
        """
        with self._lock:
            return self._token(package, refused=None)

    def renewed(self, package: Package, refused: str) -> str:
        """
        Return another token than *refused*, which an endpoint did not accept.

        Raises:
            EndpointError: CodeArtifact gives none.
        """
        with self._lock:
            return self._token(package, refused=refused)

    def _token(self, package: Package, refused: str | None) -> str:
        repository = package.repository
        key = (repository.domain, repository.domain_owner)
        held = self._tokens.get(key)
        good = held is not None and held.text != refused
        if held is None or not good or held.expires - self._now() <= RENEWED_BEFORE:
            try:
                answer = self._client.get_authorization_token(
                    domain=repository.domain,
                    domainOwner=repository.domain_owner,
                    durationSeconds=int(TOKEN_LIFETIME.total_seconds()),
                )
            except (ClientError, BotoCoreError) as error:
                raise EndpointError(str(failure("GetAuthorizationToken", error))) from error
            held = _Token(answer["authorizationToken"], answer["expiration"])
            self._tokens[key] = held
        return held.text


def refuse_open_ways(url: str) -> None:
    """
    Return if a request to *url* can be read by nobody on the way: HTTPS, or the loopback.

    Raises:
        EndpointError: It could be, or is no address.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise EndpointError("an endpoint's address cannot be read") from None
    if not host or (parts.scheme != "https" and not (parts.scheme == "http" and _loopback(host))):
        where = f"{parts.scheme}://{host}"
        raise EndpointError(f"{where} gets no token: it is neither HTTPS nor on this machine")


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
