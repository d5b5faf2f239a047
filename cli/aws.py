"""AWS as a command uses it: the caller's own credentials, region and endpoint, as any AWS tool."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Final, NoReturn, cast

import click

from cli.output import fail

if TYPE_CHECKING:
    from botocore.session import Session
    from mypy_boto3_codeartifact import CodeArtifactClient

ENDPOINT: Final = "AWS_ENDPOINT_URL"  # "Service-specific endpoints", AWS SDKs and Tools

# A person waits longer than a function may: throttling and 5xx get eight attempts with backoff
# ("Retry behavior", AWS SDKs and Tools Reference Guide).
_ATTEMPTS: Final = 8
_CONNECTIONS: Final = 64  # our choice: some commands ask from many threads; botocore keeps ten

_LOG_IN: Final = (
    "Log in as for any AWS tool (`aws sso login`, AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY); the local stack takes any key."
)
_NOBODY_ANSWERS: Final = "Is `steward up` running there? Without the variable, AWS is asked."
# botocore's exceptions and AWS's error codes ("Common errors", API Reference).
_REMEDIES: Final = {
    **dict.fromkeys(
        (
            "NoCredentialsError",
            "PartialCredentialsError",
            "CredentialRetrievalError",
            "NoAuthTokenError",
            "SSOTokenLoadError",
            "TokenRetrievalError",
            "UnauthorizedSSOTokenError",
            "ExpiredToken",
            "ExpiredTokenException",
            "InvalidClientTokenId",
            "UnrecognizedClientException",
        ),
        _LOG_IN,
    ),
    "NoRegionError": (
        "Set AWS_DEFAULT_REGION to the region of the domain (AWS_REGION alone is not read)."
    ),
    "ProfileNotFound": "Set AWS_PROFILE to one of your profiles, or unset it.",
    "AccessDenied": "Ask for the permission that the message names.",
    "AccessDeniedException": "Ask for the permission that the message names.",
}
_UNREACHABLE: Final = frozenset(
    {"ConnectTimeoutError", "ConnectionClosedError", "EndpointConnectionError", "ReadTimeoutError"}
)


class Aws:
    """
    The caller's AWS.

    Attributes:
        endpoint: What AWS_ENDPOINT_URL says, ``None`` for AWS itself.
    """

    def __init__(self, session: "Session", endpoint: str | None) -> None:
        self._session = session
        self.endpoint = endpoint

    def client(self, service: str) -> object:
        """
        Return a new client of *service*, to be cast to its type; it retries what may pass.

        Raises:
            click.ClickException: A region is missing; the message says what to do.
        """
        from botocore.config import Config

        config = Config(
            connect_timeout=5,
            max_pool_connections=_CONNECTIONS,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        )
        with explained():
            made: object = self._session.create_client(service, config=config)
            return made

    def codeartifact(self) -> "CodeArtifactClient":
        """Return a new client of CodeArtifact."""
        return cast("CodeArtifactClient", self.client("codeartifact"))

    @property
    def account(self) -> str:
        """The account of the caller; raises what `arn` raises."""
        return self._identity["Account"]

    @property
    def arn(self) -> str:
        """
        Who the caller is, as IAM says it.

        One call of GetCallerIdentity, which needs no permission, for this and the account.

        Raises:
            click.ClickException: There are no credentials; the message says what to do.
        """
        return self._identity["Arn"]

    @property
    def region(self) -> str:
        """The region that is asked."""
        return str(self._session.get_config_variable("region"))

    @cached_property
    def _identity(self) -> dict[str, str]:
        with explained(otherwise="Or name the domain's account with --domain-owner."):
            answer = self.client("sts").get_caller_identity()  # type: ignore[attr-defined]  # botocore publishes no types
            return {"Account": str(answer["Account"]), "Arn": str(answer["Arn"])}


def connect() -> Aws:
    """
    Return AWS as the environment describes it; nothing is asked yet.

    Raises:
        click.ClickException: The profile or the endpoint is wrong; the message says what to do.
    """
    import botocore.session

    endpoint = os.environ.get(ENDPOINT) or None
    if endpoint is not None and not endpoint.startswith(("http://", "https://")):
        fail(f"{ENDPOINT} is {endpoint!r}. Set it to a URL, as http://127.0.0.1:4566, or unset it.")
    with explained():
        session = botocore.session.get_session()
        session.get_config_variable("region")  # a profile that does not exist shows itself here
        return Aws(session, endpoint)


def domain_owner(aws: Aws, given: str | None) -> str:
    """Return the account that owns the domain: *given*, or the caller's."""
    return given or aws.account


@contextmanager
def explained(*, otherwise: str = "") -> Iterator[None]:
    """
    Let a failure of AWS end the command with what went wrong and what to do.

    Args:
        otherwise: What to do if the failure itself does not tell.

    Raises:
        click.ClickException: In place of botocore's exceptions and of the gateways' `AwsError`.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    from steward.errors import AwsError

    try:
        yield
    except ClientError as error:
        details = error.response.get("Error", {})
        _explain(str(details.get("Code", "Unknown")), str(error), otherwise)
    except BotoCoreError as error:
        _explain(type(error).__name__, str(error), otherwise)
    except ResponseParserError as error:  # the answer of a server that does not have the service
        said = str(error).rpartition("\n")[2]
        if not said.startswith("b'{"):  # JSON may be a local CodeArtifact alone
            fail(_foreign())
        _explain("ResponseParserError", f"no answer of AWS, but {said}", otherwise)
    except AwsError as error:
        _explain(error.code, str(error), otherwise)
    except ValueError as error:
        if "endpoint" not in str(error).lower():  # botocore's only sign of one that is no URL
            raise
        _explain("ValueError", f"{error} ({ENDPOINT})", otherwise)


def _explain(code: str, message: str, otherwise: str) -> NoReturn:
    if code.isdigit() and "<html" in message.lower():  # an HTTP status: AWS sends a name
        fail(_foreign())
    sentence = f"{message.rstrip('. ')}."
    fail(" ".join(filter(None, (sentence, _remedy(code) or otherwise))))


def _foreign() -> str:
    """Return that somebody else answers, without what they say: it may be a page of HTML."""
    if endpoint := os.environ.get(ENDPOINT):
        return (
            f"what answers at {endpoint} is not AWS nor a local stack. Set {ENDPOINT} to the "
            "endpoint that `steward up` prints, or unset it to ask AWS."
        )
    return "what answers is not AWS: is there a proxy between? Check the region and the network."


def _remedy(code: str) -> str | None:
    if code in _UNREACHABLE:
        if endpoint := os.environ.get(ENDPOINT):
            return f"{ENDPOINT} is {endpoint}. {_NOBODY_ANSWERS}"
        return "Check the region and the network."
    return _REMEDIES.get(code)


def _account(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is not None and not (len(value) == 12 and value.isascii() and value.isdigit()):  # noqa: PLR2004  AccountId, service model
        raise click.BadParameter(f"{value!r} is no account id: it needs to be 12 digits")
    return value


domain_owner_option = click.option(
    "--domain-owner",
    metavar="ACCOUNT",
    callback=_account,
    help="The account that owns the policy's domain.  [default: the caller's]",
)
