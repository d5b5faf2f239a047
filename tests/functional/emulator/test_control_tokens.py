"""Authorization tokens: shape, lifetime, scope; and the endpoints that they open."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from emulator.core import domains, tokens
from emulator.core.state import open_state
from emulator.core.values import Caller, DomainId
from emulator.options import Options
from tests.functional.local_codeartifact import Local

if TYPE_CHECKING:
    from mypy_boto3_codeartifact.literals import EndpointTypeType

DOMAIN = DomainId("012345678901", "my-company")
CALLER = Caller("012345678901", "arn:aws:iam::012345678901:user/x")


@pytest.fixture
def issuing(local: Local) -> Local:
    """Hold two domains and a repository."""
    client = local.client()
    client.create_domain(domain="my-company")
    client.create_domain(domain="another")
    client.create_repository(domain="my-company", repository="DemoRepository")
    return local


def test_a_token_looks_like_codeartifacts(issuing: Local) -> None:
    """Five segments of about 1.5 kB, whose first tells when it was issued and when it expires."""
    answer = issuing.client().get_authorization_token(domain="my-company")
    segments = answer["authorizationToken"].split(".")
    assert len(segments) == 5
    assert 1_200 < len(answer["authorizationToken"]) < 2_000
    header = json.loads(base64.urlsafe_b64decode(segments[0] + "=="))
    assert header.keys() == {"ver", "isu", "enc", "tag", "exp", "alg", "iv"}
    assert header["exp"] - header["isu"] == 43_200
    assert header["exp"] == answer["expiration"].timestamp()


@pytest.mark.parametrize(
    ("duration", "seconds"), [(None, 43_200), (0, 43_200), (900, 900), (43_200, 43_200)]
)
def test_a_token_lives_as_long_as_asked(issuing: Local, duration: int | None, seconds: int) -> None:
    """Twelve hours, unless a duration says less."""
    client = issuing.client()
    issuing.admin("PUT", "clock", {"freeze": "2026-03-01T12:00:00Z"})
    answer = (
        client.get_authorization_token(domain="my-company")
        if duration is None
        else client.get_authorization_token(domain="my-company", durationSeconds=duration)
    )
    expected = datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(seconds=seconds)
    assert answer["expiration"] == expected


@pytest.mark.parametrize("duration", [1, 899])
def test_a_duration_below_fifteen_minutes_is_refused(issuing: Local, duration: int) -> None:
    """The model allows it, the documentation does not."""
    client = issuing.client()
    with pytest.raises(client.exceptions.ValidationException):
        client.get_authorization_token(domain="my-company", durationSeconds=duration)


def test_a_token_is_for_one_domain_and_one_caller(issuing: Local) -> None:
    """It names both."""
    claims = tokens.verify(issuing.state, issuing.token("my-company"))
    assert claims.domain == DOMAIN
    assert claims.caller.account == "012345678901"


def test_an_expired_token_is_refused(issuing: Local) -> None:
    """To the second."""
    issuing.admin("PUT", "clock", {"freeze": "2026-03-01T12:00:00Z"})
    token = issuing.token("my-company")
    issuing.admin("PUT", "clock", {"advance": 43_199})
    tokens.verify(issuing.state, token)
    issuing.admin("PUT", "clock", {"advance": 1})
    with pytest.raises(tokens.InvalidToken, match="expired"):
        tokens.verify(issuing.state, token)


def test_a_forged_token_is_refused(issuing: Local) -> None:
    """Whatever segment is changed, and whoever issued it."""
    token = issuing.token("my-company")
    segments = token.split(".")
    for index, segment in enumerate(segments):
        flipped = ("A" if segment[5] != "A" else "B") + segment[6:]
        changed = [*segments[:index], segment[:5] + flipped, *segments[index + 1 :]]
        with pytest.raises(tokens.InvalidToken):
            tokens.verify(issuing.state, ".".join(changed))
    for absurd in ("", ".", "....", "a.b.c.d.e", "\u00e9" * 40, token + ".x", token[:-1]):
        with pytest.raises(tokens.InvalidToken):
            tokens.verify(issuing.state, absurd)


def test_a_token_outlives_a_restart_but_not_its_emulator(tmp_path: Path) -> None:
    """The secret lies in the data folder; another folder has another."""
    first = open_state(Options(data=tmp_path / "one"))
    domains.create(first, DOMAIN, encryption_key=None, tags={})
    token, _ = tokens.issue(first, DOMAIN, CALLER, 900)
    first.close()
    again, stranger = open_state(Options(data=tmp_path / "one")), open_state(Options())
    try:
        assert tokens.verify(again, token).domain == DOMAIN
        with pytest.raises(tokens.InvalidToken):
            tokens.verify(stranger, token)
    finally:
        again.close()
        stranger.close()


def test_a_token_for_a_domain_that_does_not_exist_is_not_found(issuing: Local) -> None:
    """In the words that users quote."""
    client = issuing.client()
    with pytest.raises(client.exceptions.ResourceNotFoundException) as refused:
        client.get_authorization_token(domain="nowhere")
    assert refused.value.response["Error"]["Message"] == (
        "Domain not found. Domain 'nowhere' owned by account '012345678901' does not exist"
    )
    assert refused.value.response["resourceId"] == "nowhere"
    assert refused.value.response["resourceType"] == "domain"


@pytest.mark.parametrize("endpoint_type", ["ipv4", "dualstack"])
def test_an_endpoint_is_a_path_of_this_server(
    issuing: Local, endpoint_type: EndpointTypeType
) -> None:
    """In the form of VPC endpoints, with a slash at its end."""
    answer = issuing.client().get_repository_endpoint(
        domain="my-company",
        repository="DemoRepository",
        format="pypi",
        endpointType=endpoint_type,
    )
    assert answer["repositoryEndpoint"] == (
        f"{issuing.url}/pypi/d/my-company-012345678901/DemoRepository/"
    )
