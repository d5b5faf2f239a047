"""Versions asked for at endpoints that misbehave: it takes neither time nor memory."""

from __future__ import annotations

import json
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import pytest

from steward.coordinates import Format, Package
from steward.endpoint_access import EndpointAccess
from steward.streamed_http import StreamedHttp
from tests.functional.test_bounded_http import DEADLINE_SECONDS, Misbehave, drips, misbehaving
from tests.functional.test_streamed_http import MEGABYTE, OK, body, redirect
from tests.unit.fake_codeartifact import package
from tests.unit.test_endpoint import FakeAccess
from warm_caches import asking
from warm_caches.fetching import EndpointFetching, Fetch
from warm_caches.values import WantedVersion

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

SECONDS = 0.4
MISSING = body(b"", head=b"HTTP/1.1 404 Not Found\r\n")


@contextmanager
def endpoint(misbehave: Misbehave, *, seconds: float = DEADLINE_SECONDS) -> Iterator[Endpoint]:
    """Serve a repository's endpoint with *misbehave*."""
    with misbehaving(misbehave) as (url, requests):
        access = FakeAccess(url.partition("/path")[0])
        fetching = EndpointFetching(
            EndpointAccess(cast("CodeArtifactClient", access), lambda: access.now),
            StreamedHttp(seconds_idle=seconds, seconds_whole=seconds, connections=4),
            lambda: None,
            sleep=lambda _: None,
        )
        yield Endpoint(fetching, access, requests)


class Endpoint:
    """What asks, and what it asked."""

    def __init__(
        self, fetching: EndpointFetching, access: FakeAccess, requests: list[bytes]
    ) -> None:
        self.fetching = fetching
        self.access = access
        self.requests = requests

    def fetch(self, kind: Format = "npm", *, whole: bool = True) -> Fetch:
        """Ask for a version."""
        return self.fetching.fetch(of(kind), WantedVersion("1.0.0"), whole=whole, digest=whole)


def of(kind: Format) -> Package:
    """Return a package."""
    namespace = "org.example" if kind == "maven" else None
    return package("lib", package_format=kind, namespace=namespace, repository="intake")


def in_turn(*answers: bytes) -> Misbehave:
    """Return a server that gives these answers, the last one for good."""
    left = list(answers)

    def give(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(left.pop(0) if len(left) > 1 else left[0])

    return give


@pytest.mark.timeout(DEADLINE_SECONDS)
@pytest.mark.parametrize("kind", ["npm", "pypi", "maven", "nuget", "cargo", "ruby"])
@pytest.mark.parametrize(
    "misbehave",
    [
        pytest.param(lambda _, over: over.wait(DEADLINE_SECONDS), id="silence"),
        pytest.param(drips(OK + b"Content-Length: 9999\r\n\r\n", b" "), id="a slow drip"),
        pytest.param(in_turn(redirect("/again")), id="a circle"),
        pytest.param(in_turn(OK + b"Content-Length: 9\r\n\r\nx"), id="half an answer"),
    ],
)
def test_an_endpoint_that_misbehaves_gives_no_answer(kind: Format, misbehave: Misbehave) -> None:
    """In the time that an answer may take, whatever the format asks for first."""
    with endpoint(misbehave, seconds=SECONDS) as asked:
        fetch = asked.fetch(kind)
    assert (fetch.state, fetch.requests) == ("no answer", 1)


@pytest.mark.parametrize("kind", ["pypi", "nuget", "cargo"])
def test_a_document_without_an_end_is_refused(
    kind: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as it is larger than any, or as soon as it is no JSON."""
    monkeypatch.setattr(asking, "LARGEST_DOCUMENT", MEGABYTE)
    spaces = drips(OK + b"\r\n", b" " * 65536)
    with endpoint(spaces) as asked:
        fetch = asked.fetch(kind)
    assert (fetch.state, fetch.requests) == ("refused", 1)


@pytest.mark.parametrize("whole", [False, True], ids=["not followed", "followed"])
def test_the_store_of_assets_never_sees_a_token(whole: bool) -> None:  # noqa: FBT001  a column of the table
    """It is another host; the redirect need not be followed."""
    with misbehaving(in_turn(body(b"an asset"))) as (store, asked_there):
        there = redirect(store.replace("127.0.0.1", "localhost"))
        with endpoint(in_turn(there)) as asked:
            fetch = asked.fetch(whole=whole)
    assert (fetch.state, fetch.size) == ("asked", 8 if whole else 0)
    assert len(asked_there) == whole
    assert not any(b"uthorization" in each or b"secret-1" in each for each in asked_there)
    assert b"Authorization: Bearer secret-1" in asked.requests[0]


def test_a_token_that_is_revoked_in_the_middle_is_replaced() -> None:
    """And the request is made once more."""
    unauthorized = body(b"", head=b"HTTP/1.1 401 Unauthorized\r\n")
    with endpoint(in_turn(body(b"x"), unauthorized, body(b"y"))) as asked:
        assert [asked.fetch().state, asked.fetch().state] == ["asked", "asked"]
    assert [b"secret-2" in each for each in asked.requests] == [False, False, True]


def test_too_many_requests_are_made_again_later() -> None:
    """As the endpoint says, or not at all if that is too long."""
    later = body(b"", head=b"HTTP/1.1 429 Too Many Requests\r\n", more=b"Retry-After: 0\r\n")
    much_later = later.replace(b"Retry-After: 0", b"Retry-After: 99")
    with endpoint(in_turn(later, body(b"x"), much_later)) as asked:
        first, second = asked.fetch(), asked.fetch()
    assert (first.state, first.requests) == ("asked", 2)
    assert (second.state, second.status, second.requests) == ("no answer", 429, 1)


def test_a_listed_file_may_come_a_moment_later() -> None:
    """PyPI's files while a version is fetched for the first time."""
    files = [{"filename": "lib-1.0.0.tar.gz", "url": "1.0.0/lib-1.0.0.tar.gz", "hashes": {}}]
    page = body(json.dumps({"files": files}).encode())
    with endpoint(in_turn(page, MISSING, MISSING, body(b"x"))) as asked:
        fetch = asked.fetch("pypi", whole=False)
    assert (fetch.state, fetch.requests) == ("asked", 4)


def test_an_asset_of_any_size_takes_no_memory() -> None:
    """300 MB that are read to the end, with their hashes."""
    piece, count = b"\0" * MEGABYTE, 300
    asked_for: list[None] = []

    def large(connection: socket.socket, _: threading.Event) -> None:
        asked_for.append(None)
        if len(asked_for) == 1:
            connection.sendall(redirect("/large"))
            return
        connection.sendall(OK + b"Content-Length: %d\r\n\r\n" % (count * MEGABYTE))
        for _number in range(count):
            connection.sendall(piece)

    with endpoint(large) as asked:
        tracemalloc.start()
        try:
            fetch = asked.fetch()
            _now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert (fetch.state, fetch.size) == ("asked", count * MEGABYTE)
    assert peak < 4 * MEGABYTE
