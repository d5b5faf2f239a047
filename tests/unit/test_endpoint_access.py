"""When a token is asked for, and what a refusal says of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest

from steward.endpoint_access import (
    RENEWED_BEFORE,
    REPLACED_AGAIN_AFTER,
    TOKEN_LIFETIME,
    TRUSTED_FOR,
    EndpointAccess,
)
from steward.errors import EndpointError
from tests.unit.fake_codeartifact import package
from tests.unit.test_endpoint import FakeAccess

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

PACKAGE = package()
MOMENT = timedelta(seconds=1)


@pytest.fixture
def codeartifact() -> FakeAccess:
    """CodeArtifact, as far as it gives tokens."""
    return FakeAccess()


@pytest.fixture
def access(codeartifact: FakeAccess) -> EndpointAccess:
    """What is tested, with CodeArtifact's clock."""
    return EndpointAccess(cast("CodeArtifactClient", codeartifact), lambda: codeartifact.now)


def test_a_run_may_take_longer_than_a_token_lives(
    codeartifact: FakeAccess, access: EndpointAccess
) -> None:
    """The next one is asked for ten minutes before: no request begins with one that ends."""
    assert access.token(PACKAGE) == "secret-1"
    codeartifact.now += TOKEN_LIFETIME - RENEWED_BEFORE - MOMENT
    assert access.token(PACKAGE) == "secret-1"
    codeartifact.now += MOMENT
    assert access.token(PACKAGE) == "secret-2"


def test_a_refused_token_is_replaced_once_for_all_threads(
    codeartifact: FakeAccess, access: EndpointAccess
) -> None:
    """Who comes later with the old one gets the new one."""
    old = access.token(PACKAGE)
    assert [access.renewed(PACKAGE, old) for _ in range(3)] == ["secret-2"] * 3
    assert access.token(PACKAGE) == "secret-2"
    assert codeartifact.tokens == 2


def test_whoever_is_refused_for_good_asks_once_a_minute(
    codeartifact: FakeAccess, access: EndpointAccess
) -> None:
    """Then it is not the token that is wrong."""
    new = access.renewed(PACKAGE, access.token(PACKAGE))
    codeartifact.now += REPLACED_AGAIN_AFTER - MOMENT
    assert access.renewed(PACKAGE, new) == new
    codeartifact.now += MOMENT
    assert access.renewed(PACKAGE, new) == "secret-3"


def test_a_404_is_believed_while_the_token_was_just_accepted(
    codeartifact: FakeAccess, access: EndpointAccess
) -> None:
    """Not before, nor long after; nothing is known of the next one."""
    token = access.token(PACKAGE)
    assert access.doubtful(token)
    access.accepted(token)
    codeartifact.now += TRUSTED_FOR
    assert not access.doubtful(token)
    codeartifact.now += MOMENT
    assert access.doubtful(token)
    assert access.doubtful(access.renewed(PACKAGE, token))


def test_a_failure_is_not_kept(codeartifact: FakeAccess, access: EndpointAccess) -> None:
    """The next one who asks tries again."""
    codeartifact.refuses = "GetAuthorizationToken"
    with pytest.raises(EndpointError, match="AccessDeniedException"):
        access.token(PACKAGE)
    codeartifact.refuses = None
    assert access.token(PACKAGE) == "secret-1"
