"""HTTP for assets, against servers that misbehave; how much memory it takes."""

from __future__ import annotations

import gzip
import hashlib
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from steward.bounded_http import RequestFailedError
from steward.streamed_http import PIECE, AnswerTooLargeError, Fetched, StreamedHttp
from tests.functional.test_bounded_http import DEADLINE_SECONDS, Misbehave, drips, misbehaving

OK = b"HTTP/1.1 200 OK\r\n"
TOKEN = {"Authorization": "Bearer secret"}
MEGABYTE = 1024 * 1024


def http(**bounds: float) -> StreamedHttp:
    """Return a client with bounds that a test can wait for."""
    return StreamedHttp(
        seconds_idle=bounds.get("idle", DEADLINE_SECONDS),
        seconds_whole=bounds.get("whole", DEADLINE_SECONDS),
        connections=4,
    )


def answers(*whole: bytes) -> Misbehave:
    """Return a server that gives these answers, the last one for good."""
    left = list(whole)

    def answer(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(left.pop(0) if len(left) > 1 else left[0])

    return answer


def body(content: bytes, *, head: bytes = OK, more: bytes = b"") -> bytes:
    """Return an answer with *content*."""
    return head + more + b"Content-Length: %d\r\n\r\n" % len(content) + content


def redirect(url: str, content: bytes = b"") -> bytes:
    """Return an answer that leads to *url*."""
    return body(content, head=b"HTTP/1.1 302 Found\r\n", more=f"Location: {url}\r\n".encode())


@contextmanager
def leading_to(
    *whole: bytes, host: str = "localhost"
) -> Iterator[tuple[str, list[bytes], list[bytes]]]:
    """Serve a redirect to another server, which gives the answers; yield what both are asked."""
    with ExitStack() as stack:
        store, asked_there = stack.enter_context(misbehaving(answers(*whole)))
        there = store.replace("127.0.0.1", host)
        url, asked_here = stack.enter_context(misbehaving(answers(redirect(there))))
        yield url, asked_here, asked_there


def test_an_asset_is_read_and_dropped() -> None:
    """What is left of it: its size, its hashes, the bytes that were to be kept."""
    content = bytes(range(256)) * 1000
    with misbehaving(answers(body(content))) as (url, requests):
        pieces: list[bytes] = []
        fetched = http().get(
            url, headers=TOKEN, follow=True, digest=True, keep=10, into=pieces.append
        )
    assert fetched == Fetched(
        200,
        {"content-length": "256000"},
        256_000,
        {
            "SHA-256": hashlib.sha256(content).hexdigest(),
            "SHA-512": hashlib.sha512(content).hexdigest(),
        },
        content[:10],
    )
    assert b"".join(pieces) == content
    assert max(map(len, pieces)) <= PIECE
    assert b"Authorization: Bearer secret" in requests[0]
    assert b"Accept-Encoding: identity" in requests[0]


def test_a_redirect_to_another_host_gets_no_credentials() -> None:
    """Its answer is told as somebody else's."""
    with leading_to(body(b"an asset")) as (url, asked_here, asked_there):
        fetched = http().get(url, headers=TOKEN, follow=True)
    assert (fetched.status, fetched.size, fetched.redirected) == (200, 8, True)
    assert [b"Authorization" in each for each in asked_here] == [True]
    assert [b"uthorization" in each for each in asked_there] == [False]


def test_a_redirect_to_another_port_gets_no_credentials() -> None:
    """It may be another program."""
    with leading_to(body(b"an asset"), host="127.0.0.1") as (url, _, asked_there):
        http().get(url, headers=TOKEN, follow=True)
    assert [b"uthorization" in each for each in asked_there] == [False]


def test_a_redirect_on_the_same_host_keeps_them() -> None:
    """A project page may be elsewhere on the endpoint."""
    with misbehaving(answers(redirect("/other"), body(b"x"))) as (url, requests):
        assert http().get(url, headers=TOKEN, follow=True).size == 1
    assert [b"Bearer secret" in each for each in requests] == [True, True]
    assert requests[1].startswith(b"GET /other ")


def test_credentials_do_not_come_back() -> None:
    """Once they were left behind, also the first host gets none."""
    with ExitStack() as stack:
        first: list[bytes] = []
        url, asked = stack.enter_context(
            misbehaving(lambda connection, _: connection.sendall(first.pop(0)))
        )
        elsewhere, _ = stack.enter_context(misbehaving(answers(redirect(url))))
        first += [redirect(elsewhere), body(b"x")]
        http().get(url, headers=TOKEN, follow=True)
    assert [b"Bearer" in each for each in asked] == [True, False]


def test_a_redirect_need_not_be_followed() -> None:
    """Then nobody else is asked, and the connection stays open."""
    with leading_to(body(b"an asset")) as (url, asked_here, asked_there):
        client = http()
        for _ in range(3):
            fetched = client.get(url, headers=TOKEN, follow=False)
            assert (fetched.status, fetched.size, fetched.redirected) == (302, 0, False)
    assert (len(asked_here), asked_there) == (3, [])


def test_the_body_of_a_redirect_is_not_read_for_long() -> None:
    """It says nothing that anybody asked for."""
    endless = drips(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n" + b"x" * PIECE * 2, b"x" * PIECE)
    with misbehaving(endless) as (url, _):
        assert http().get(url, headers=TOKEN, follow=False).status == 302


@pytest.mark.parametrize(
    ("whole", "problem"),
    [
        pytest.param([redirect("/again")], "more than 3 times", id="in a circle"),
        pytest.param([redirect("http://host.example/a")], "neither HTTPS", id="an open way"),
        pytest.param([redirect("file:///etc/hostname")], "neither HTTPS", id="no web address"),
        pytest.param([redirect("https://[/")], "no address", id="no address"),
    ],
)
def test_a_redirect_that_leads_nowhere_is_an_error(whole: list[bytes], problem: str) -> None:
    """Three at most are followed."""
    with (
        misbehaving(answers(*whole)) as (url, requests),
        pytest.raises(RequestFailedError, match=problem),
    ):
        http().get(url, headers=TOKEN, follow=True)
    assert len(requests) <= 4


@pytest.mark.timeout(DEADLINE_SECONDS)
@pytest.mark.parametrize(
    "misbehave",
    [
        pytest.param(lambda _, over: over.wait(DEADLINE_SECONDS), id="no answer"),
        pytest.param(drips(b"", b"H"), id="a status line without an end"),
        pytest.param(drips(OK, b"X-More: more\r\n"), id="headers without an end"),
        pytest.param(drips(OK + b"Content-Length: 99999\r\n\r\n", b" "), id="byte by byte"),
        pytest.param(drips(OK + b"\r\n", b"x" * 4096), id="a body without an end"),
        pytest.param(
            drips(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"), id="chunks for good"
        ),
    ],
)
def test_an_answer_has_a_deadline(misbehave: Misbehave) -> None:
    """However alive the connection looks; the error does not show the query."""
    with misbehaving(misbehave) as (url, _), pytest.raises(RequestFailedError) as raised:
        http(whole=0.3).get(url, headers=TOKEN, follow=True)
    assert "secret" not in str(raised.value)


@pytest.mark.timeout(DEADLINE_SECONDS)
def test_nothing_may_come_for_a_while_only() -> None:
    """Long before the deadline of the whole."""
    with (
        misbehaving(lambda connection, _: connection.sendall(OK)) as (url, _),
        pytest.raises(RequestFailedError, match="Timeout"),
    ):
        http(idle=0.2, whole=600).get(url, headers=TOKEN, follow=True)


@pytest.mark.timeout(DEADLINE_SECONDS)
def test_redirects_share_the_deadline() -> None:
    """Each hop takes of the same time."""

    def late(connection: socket.socket, over: threading.Event) -> None:
        over.wait(0.2)
        connection.sendall(redirect("/again"))

    with (
        misbehaving(late) as (url, requests),
        pytest.raises(RequestFailedError, match="did not answer"),
    ):
        http(whole=0.5).get(url, headers=TOKEN, follow=True)
    assert len(requests) <= 3


@pytest.mark.parametrize(
    ("whole", "problem"),
    [
        pytest.param(
            OK + b"Content-Length: 99\r\n\r\nhalf", "broke off", id="shorter than it says"
        ),
        pytest.param(
            OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhal", "broke off", id="half a chunk"
        ),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\nno\r\n", "broke off", id="no chunk"),
        pytest.param(b"nonsense\r\n\r\n", "did not answer", id="no HTTP"),
    ],
)
def test_an_answer_that_breaks_off_is_an_error(whole: bytes, problem: str) -> None:
    """Its hash would be another one's."""

    def breaks(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(whole)
        connection.shutdown(socket.SHUT_RDWR)

    with misbehaving(breaks) as (url, _), pytest.raises(RequestFailedError, match=problem):
        http().get(url, headers=TOKEN, follow=True)


def test_more_than_it_says_is_not_the_next_answer() -> None:
    """The request that finds it is sent once more, on another connection."""
    with misbehaving(answers(body(b"first") + b"and more", body(b"next"))) as (url, _):
        client = http()
        assert client.get(url, headers={}, follow=True, keep=99).content == b"first"
        assert client.get(url, headers={}, follow=True, keep=99).content == b"next"


def test_a_larger_answer_than_allowed_is_an_error() -> None:
    """As soon as that is seen."""
    with (
        misbehaving(drips(OK + b"\r\n", b"x" * PIECE)) as (url, _),
        pytest.raises(AnswerTooLargeError, match="more than 100 bytes"),
    ):
        http().get(url, headers=TOKEN, follow=True, keep=100, largest=100)


def test_what_comes_compressed_is_not_opened() -> None:
    """Nobody asked for it, it could grow without end, and archives are sometimes labelled so."""
    content = gzip.compress(b"x" * MEGABYTE)
    with misbehaving(answers(body(content, more=b"Content-Encoding: gzip\r\n"))) as (url, _):
        fetched = http().get(url, headers={}, follow=True, digest=True)
    assert fetched.size == len(content)
    assert fetched.hashes["SHA-256"] == hashlib.sha256(content).hexdigest()


def test_what_a_reader_raises_is_raised() -> None:
    """And the connection, in the middle of an answer, is not used again."""

    def refuse(_: bytes) -> None:
        raise ValueError("no JSON")

    with misbehaving(answers(body(b"x" * MEGABYTE), body(b"next"))) as (url, _):
        client = http()
        with pytest.raises(ValueError, match="no JSON"):
            client.get(url, headers={}, follow=True, into=refuse)
        assert client.get(url, headers={}, follow=True, keep=9).content == b"next"


def test_an_asset_of_any_size_takes_no_memory() -> None:
    """300 MB, in a process that may have less."""
    piece, count = b"\0" * MEGABYTE, 300

    def large(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(OK + b"Content-Length: %d\r\n\r\n" % (count * MEGABYTE))
        for _number in range(count):
            connection.sendall(piece)

    with misbehaving(large) as (url, _):
        client = http()
        tracemalloc.start()
        try:
            fetched = client.get(url, headers=TOKEN, follow=True, digest=True, keep=100)
            _now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert fetched.size == count * MEGABYTE
    assert peak < 2 * MEGABYTE
