"""A fresh local CodeArtifact for each test, behind one server for all of them."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore.config import Config

from emulator.app import LocalCodeArtifact, create_app
from emulator.options import DEFAULT_ACCOUNT, Options
from emulator.server import RunningServer

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient
    from starlette.types import Receive, Scope, Send

    from emulator.core.state import State


class Swappable:
    """Passes each request on to the application of the test that runs."""

    def __init__(self) -> None:
        self.app: LocalCodeArtifact | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        assert self.app is not None, "a request outside any test"
        await self.app(scope, receive, send)


class Local:
    """
    One local CodeArtifact under test.

    Attributes:
        url: Where it answers; also the endpoint of AWS clients.
        state: What is behind it.
    """

    def __init__(self, url: str, app: LocalCodeArtifact) -> None:
        self.url = url
        self.app = app
        self.state: State = app.state.codeartifact

    def client(self, account: str | None = None) -> CodeArtifactClient:
        """Return a client that speaks as *account* (default: the local one) and never retries."""
        return _client(self.url, account or DEFAULT_ACCOUNT)

    def token(self, domain: str, account: str | None = None) -> str:
        """Return an authorization token for one of the local account's domains."""
        answer = self.client(account).get_authorization_token(
            domain=domain, domainOwner=DEFAULT_ACCOUNT
        )
        return answer["authorizationToken"]

    def seed(self, document: Mapping[str, object]) -> None:
        """*document* exists."""
        self.admin("POST", "seed", document)

    def faults(self, **settings: object) -> None:
        """*settings*, by their JSON names, are in force, and no others."""
        self.admin("PUT", "faults", settings)

    def requests(self) -> dict[str, int]:
        """Return how often each operation was asked for."""
        return dict(self.admin("GET", "requests"))

    def admin(self, method: str, path: str, document: object = None) -> Any:  # noqa: ANN401  any JSON
        """Return what the admin API answers."""
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(f"{self.url}/_emulator/{path}", body, method=method)
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)


@cache
def _client(url: str, account: str) -> CodeArtifactClient:
    client: CodeArtifactClient = _session().create_client(
        "codeartifact",
        endpoint_url=url,
        region_name="us-west-2",
        aws_access_key_id=account,
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}, max_pool_connections=50),
    )
    return client


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


@pytest.fixture(scope="session")
def emulator_server() -> Iterator[tuple[str, Swappable]]:
    """One server for the whole run: starting and stopping one takes longer than most tests."""
    swappable = Swappable()
    with RunningServer(swappable) as server:
        yield server.url, swappable


@pytest.fixture
def local_options() -> Options:
    """Return the options of `local`; override it to start with others."""
    return Options()


@pytest.fixture
def local(emulator_server: tuple[str, Swappable], local_options: Options) -> Iterator[Local]:
    """A fresh local CodeArtifact, with nothing behind its external connections."""
    url, swappable = emulator_server
    app = create_app(local_options, public={})
    app.served_at(url)
    with closing(app):
        swappable.app = app
        yield Local(url, app)
