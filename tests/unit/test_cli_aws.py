"""The caller's AWS: what is missing ends the command with what to do."""

import os

import click
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError, UnauthorizedSSOTokenError
from botocore.parsers import ResponseParserError

from cli import aws
from steward.errors import PackageGroupError

ENVIRONMENT = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ACCESS_KEY_ID": "anyone",
    "AWS_SECRET_ACCESS_KEY": "anything",
    "AWS_DEFAULT_REGION": "us-west-2",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment of somebody with keys, a region, and no profile."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_the_region_and_the_endpoint_are_the_environment_s(
    environment: pytest.MonkeyPatch,
) -> None:
    """Nothing is asked for that."""
    environment.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    mine = aws.connect()
    assert (mine.region, mine.endpoint) == ("us-west-2", "http://127.0.0.1:4566")
    assert mine.codeartifact().meta.endpoint_url == "http://127.0.0.1:4566"
    environment.setenv("AWS_ENDPOINT_URL", "")
    assert aws.connect().endpoint is None


def test_an_owner_that_is_given_is_not_asked_for() -> None:
    """No call is made, so no permission or STS endpoint is needed."""
    assert aws.domain_owner(aws.connect(), "111122223333") == "111122223333"


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("AWS_PROFILE", "of-another-machine", "Set AWS_PROFILE to one of your profiles"),
        ("AWS_ENDPOINT_URL", "127.0.0.1:4566", "Set it to a URL, as http://127.0.0.1:4566"),
        ("AWS_ENDPOINT_URL", "http://a b", "(AWS_ENDPOINT_URL)"),
        ("AWS_ACCESS_KEY_ID", None, "Log in as for any AWS tool"),
    ],
    ids=["profile", "endpoint without scheme", "endpoint", "credentials"],
)
def test_what_is_missing_or_wrong_is_named_with_the_remedy(
    name: str, value: str | None, remedy: str, environment: pytest.MonkeyPatch
) -> None:
    """No traceback, and nothing that only AWS's documentation explains."""
    if value is None:
        environment.delenv(name)
    else:
        environment.setenv(name, value)
    with pytest.raises(click.ClickException) as caught:
        _ = aws.connect().account
    assert remedy in caught.value.message


def test_a_missing_region_is_named_with_the_variable(environment: pytest.MonkeyPatch) -> None:
    """Who the caller is can be asked without one; a domain is in a region."""
    environment.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(click.ClickException) as caught:
        aws.connect().codeartifact()
    assert "Set AWS_DEFAULT_REGION to the region of the domain" in caught.value.message


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (
            ClientError({"Error": {"Code": "ExpiredToken", "Message": "It has expired"}}, "Any"),
            "Log in as for any AWS tool",
        ),
        (UnauthorizedSSOTokenError(), "Log in as for any AWS tool"),
        (
            PackageGroupError("ListPackageGroups", "AccessDeniedException", "is not authorized"),
            "is not authorized. Ask for the permission that the message names.",
        ),
        (ReadTimeoutError(endpoint_url="there"), "Check the region and the network."),
        (PackageGroupError("Any", "ConflictException", "It is so."), "is so. Look again."),
    ],
    ids=["an old token", "no SSO login", "no permission", "no answer", "anything else"],
)
def test_a_failure_says_what_to_do(error: Exception, remedy: str) -> None:
    """The command may add what it knows; a known remedy comes before."""
    with (
        pytest.raises(click.ClickException) as caught,
        aws.explained(otherwise="Look again."),
    ):
        raise error
    assert remedy in caught.value.message


PAGE = "<!DOCTYPE HTML>\n<html lang='en'><p>Error code: 501</p></html>"


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:8000", None], ids=["given", "AWS's own"])
@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "501", "Message": PAGE}}, "GetParameter"),
        PackageGroupError("ListPackageGroups", "404", PAGE),
        ResponseParserError(f"Unable to parse response, invalid XML:\n{PAGE.encode()!r}"),
        ResponseParserError("Unable to parse response, invalid XML:\nb'404 page not found'"),
    ],
    ids=["a JSON service", "CodeArtifact", "an XML service", "no page"],
)
def test_another_server_is_told_from_aws(
    error: Exception, endpoint: str | None, environment: pytest.MonkeyPatch
) -> None:
    """In a sentence, without its page, and without a remedy that has nothing to do with it."""
    if endpoint is not None:
        environment.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(click.ClickException) as caught, aws.explained(otherwise="Look again."):
        raise error
    said = caught.value.message
    subject = "what answers" if endpoint is None else f"what answers at {endpoint}"
    assert said.startswith(f"{subject} is not AWS")
    assert not any(text in said for text in ("<", "b'", "Look again"))


def test_a_service_that_the_local_codeartifact_lacks_keeps_its_sentence() -> None:
    """It is no stranger: it says itself what it answers for."""
    said = "This server answers for codeartifact alone"
    parsed = ResponseParserError(f'invalid XML:\nb\'{{"message": "{said}"}}\'')
    refused = ClientError({"Error": {"Code": "404", "Message": said}}, "GetParameter")
    for error in (parsed, refused):
        with pytest.raises(click.ClickException) as caught, aws.explained(otherwise="Look again."):
            raise error
        assert said in caught.value.message
        assert "Look again." in caught.value.message


def test_a_mistake_of_ours_is_no_failure_of_aws() -> None:
    """It keeps its traceback."""
    with pytest.raises(ValueError, match="ours"), aws.explained():
        raise ValueError("ours")


@pytest.mark.parametrize("value", ["1234", "abcdefghijkl", "\u0661" * 12])
def test_an_owner_has_12_digits(value: str) -> None:
    """Anything else is a usage error."""
    command = click.Command("any", params=[], callback=lambda **_: None)
    aws.domain_owner_option(command)
    with pytest.raises(click.BadParameter, match="is no account id"):
        command.make_context("any", ["--domain-owner", value])
