"""Where the endpoint of a repository is, and the token that opens it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from steward.addresses import refuse_open_ways
from steward.codeartifact_answers import failure
from steward.errors import EndpointClosedError

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

    from steward.coordinates import Package

# Our choice: a function seldom lives longer, and a token cannot be revoked ("Tokens", User Guide).
TOKEN_LIFETIME: Final = timedelta(hours=1)
# Our choice: longer than any answer takes. A run may take longer than a token lives.
RENEWED_BEFORE: Final = timedelta(minutes=10)
# Our choice: whoever is refused for good asks for a token now and then, and not with every request
# (40 a second, "Quotas in AWS CodeArtifact", User Guide).
REPLACED_AGAIN_AFTER: Final = timedelta(minutes=1)
TRUSTED_FOR: Final = timedelta(seconds=10)  # our choice
# "Common errors" (API Reference), and the exceptions of botocore for what was not reached.
_PASSING: Final = frozenset(
    {
        "ConnectTimeoutError",
        "ConnectionClosedError",
        "EndpointConnectionError",
        "InternalServerException",
        "ReadTimeoutError",
        "ServiceUnavailable",
        "ThrottlingException",
    }
)


@dataclass(frozen=True, slots=True)
class _Token:
    """A token; it is never shown."""

    text: str = field(repr=False)
    expires: datetime


class EndpointAccess:
    """URLs and tokens, each asked for once while it is good; it may be shared by threads."""

    def __init__(
        self,
        client: CodeArtifactClient,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._now = now
        self._lock = Lock()
        self._urls: dict[tuple[str, str, str, str], str] = {}
        self._tokens: dict[tuple[str, str], _Token] = {}
        self._replaced: dict[tuple[str, str], datetime] = {}
        self._accepted: dict[str, datetime] = {}

    def url(self, package: Package) -> str:
        """
        Return the endpoint of the package's repository and format, with a slash at its end.

        Raises:
            EndpointClosedError: CodeArtifact does not say.
            EndpointError: It names one that no token may be sent to.
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
                    raise _closed("GetRepositoryEndpoint", error) from error
                known = answer["repositoryEndpoint"].rstrip("/") + "/"
                refuse_open_ways(known)
                self._urls[key] = known
            return known

    def token(self, package: Package) -> str:
        """
        Return a token for the package's domain that is good for ten minutes more.

        Raises:
            EndpointClosedError: CodeArtifact gives none.
        """
        with self._lock:
            return self._token(package, refused=None)

    def renewed(self, package: Package, refused: str) -> str:
        """
        Return another token than *refused*, which an endpoint did not accept.

        The same one if a refused token was replaced within the last minute: then it is not the
        token that is wrong.

        Raises:
            EndpointClosedError: CodeArtifact gives none.
        """
        with self._lock:
            return self._token(package, refused=refused)

    def accepted(self, token: str) -> None:
        """An endpoint accepted *token* just now."""
        self._accepted[token] = self._now()

    def doubtful(self, token: str) -> bool:
        """
        Return whether a 404 may mean that *token* is not accepted (any more).

        Whether that is 401 or 404 is not documented (both were seen), so a 404 is believed while
        the same token has been accepted within the last seconds.
        """
        accepted = self._accepted.get(token)
        return accepted is None or self._now() - accepted > TRUSTED_FOR

    def _token(self, package: Package, refused: str | None) -> str:
        repository = package.repository
        key = (repository.domain, repository.domain_owner)
        held, now = self._tokens.get(key), self._now()
        replaced = held is not None and held.text == refused
        if held is not None and replaced:
            before = self._replaced.get(key)
            if before is not None and now - before < REPLACED_AGAIN_AFTER:
                return held.text
        if held is None or replaced or held.expires - now <= RENEWED_BEFORE:
            try:
                answer = self._client.get_authorization_token(
                    domain=repository.domain,
                    domainOwner=repository.domain_owner,
                    durationSeconds=int(TOKEN_LIFETIME.total_seconds()),
                )
            except (ClientError, BotoCoreError) as error:
                raise _closed("GetAuthorizationToken", error) from error
            held = _Token(answer["authorizationToken"], answer["expiration"])
            self._tokens[key] = held
            self._accepted.clear()
            if replaced:
                self._replaced[key] = now
        return held.text


def _closed(operation: str, error: ClientError | BotoCoreError) -> EndpointClosedError:
    found = failure(operation, error)
    return EndpointClosedError(str(found), passing=found.code in _PASSING)
