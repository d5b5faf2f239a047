"""HTTP with bounds, against servers that misbehave."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from steward.bounded_http import Answer, BoundedHttp, RequestFailedError, side_by_side

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
DEADLINE_SECONDS = 20.0

Misbehave = Callable[[socket.socket, threading.Event], None]


@contextmanager
def misbehaving(misbehave: Misbehave) -> Iterator[tuple[str, list[bytes]]]:
    """Serve requests with *misbehave*; yield the URL and what is asked."""
    over, requests = threading.Event(), list[bytes]()

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while request := connection.recv(65536):
                requests.append(request)
                misbehave(connection, over)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/path?token=secret", requests
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)


def drips(first: bytes, piece: bytes) -> Misbehave:
    """Return a server that sends *piece* every 50 ms for good, after *first*."""

    def drip(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(first)
        while not over.wait(0.05):
            connection.sendall(piece)

    return drip


def silent(_: socket.socket, over: threading.Event) -> None:
    """Answer nothing."""
    over.wait(DEADLINE_SECONDS)


@pytest.mark.timeout(DEADLINE_SECONDS)
@pytest.mark.parametrize(
    "misbehave",
    [
        pytest.param(silent, id="no answer"),
        pytest.param(drips(b"", b"H"), id="a status line without an end, byte by byte"),
        pytest.param(drips(HEAD, b"X-More: more\r\n"), id="headers without an end"),
        pytest.param(
            drips(HEAD + b"Content-Length: 99999\r\n\r\n", b" "), id="a body byte by byte"
        ),
        pytest.param(drips(HEAD + b"\r\n", b" "), id="a body without a length"),
        pytest.param(
            drips(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
            id="a body in chunks",
        ),
    ],
)
def test_an_answer_has_a_deadline_from_its_first_byte(misbehave: Misbehave) -> None:
    """However alive the connection looks; the error does not show the query."""
    with misbehaving(misbehave) as (url, requests):
        http = BoundedHttp(seconds=0.3, largest=1_000_000)
        with pytest.raises(RequestFailedError) as raised:
            http.request("GET", url, headers={})
    assert "secret" not in str(raised.value)
    assert len(requests) == 1


@pytest.mark.parametrize(
    ("length", "large"),
    [
        pytest.param(b"Content-Length: 100\r\n", False, id="as many bytes as are allowed"),
        pytest.param(b"Content-Length: 101\r\n", True, id="one more"),
        pytest.param(b"", True, id="many more, of which it says nothing"),
    ],
)
def test_an_answer_is_no_larger_than_allowed(length: bytes, large: bool) -> None:  # noqa: FBT001  a column of the table
    """And the connection is not used again."""

    def answer(connection: socket.socket, _: threading.Event) -> None:
        size = int(length.split(b":")[1]) if length else 200_000
        connection.sendall(HEAD + length + b"\r\n" + b"x" * size)
        if not length:
            connection.shutdown(socket.SHUT_RDWR)

    with misbehaving(answer) as (url, _):
        http = BoundedHttp(seconds=DEADLINE_SECONDS, largest=100)
        if large:
            with pytest.raises(RequestFailedError, match="more than 100 bytes"):
                http.request("GET", url, headers={})
        else:
            assert http.request("GET", url, headers={}).body == b"x" * 100


def test_a_connection_that_was_closed_is_opened_again() -> None:
    """A server may close what is idle; a request on it gets its answer all the same."""
    answered: list[socket.socket] = []

    def answer(connection: socket.socket, _: threading.Event) -> None:
        if connection in answered:  # what was sent before the client saw that it is closed
            return
        answered.append(connection)
        connection.sendall(HEAD + b"Content-Length: 2\r\n\r\n{}")
        connection.shutdown(socket.SHUT_RDWR)

    with misbehaving(answer) as (url, _):
        http = BoundedHttp(seconds=DEADLINE_SECONDS, largest=100)
        for _ in range(3):
            assert http.request("GET", url, headers={}).document() == {}
    assert len(answered) == 3


def test_a_connection_that_breaks_is_tried_once_more() -> None:
    """Twice in all; then it is an error."""

    def breaks(connection: socket.socket, _: threading.Event) -> None:
        connection.shutdown(socket.SHUT_RDWR)

    with misbehaving(breaks) as (url, requests):
        http = BoundedHttp(seconds=DEADLINE_SECONDS, largest=100)
        with pytest.raises(RequestFailedError, match="did not answer"):
            http.request("GET", url, headers={"Authorization": "Bearer secret"})
    assert len(requests) == 2


def test_an_answer_that_breaks_off_is_an_error() -> None:
    """Half a document could be read as a whole one."""

    def breaks(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(HEAD + b"Content-Length: 99\r\n\r\n{}")
        connection.shutdown(socket.SHUT_RDWR)

    with misbehaving(breaks) as (url, _):
        http = BoundedHttp(seconds=DEADLINE_SECONDS, largest=100)
        with pytest.raises(RequestFailedError, match="broke off"):
            http.request("GET", url, headers={})


@pytest.mark.parametrize("status", [b"302 Found", b"500 Oops", b"429 Slow Down"])
def test_every_status_is_an_answer(status: bytes) -> None:
    """A redirect is not followed: its place may be anybody's."""

    def answer(connection: socket.socket, _: threading.Event) -> None:
        there = b"Location: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
        connection.sendall(b"HTTP/1.1 " + status + b"\r\n" + there)

    with misbehaving(answer) as (url, requests):
        found = BoundedHttp(seconds=DEADLINE_SECONDS, largest=100).request("GET", url, headers={})
    assert found.status == int(status.split()[0])
    assert found.headers["location"] == "http://127.0.0.1:1/"
    assert len(requests) == 1


def test_a_closed_port_is_an_error() -> None:
    """Nobody is there."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(RequestFailedError):
        BoundedHttp(seconds=1, largest=100).request("GET", f"http://127.0.0.1:{port}/", headers={})


@pytest.mark.parametrize("url", ["gopher://127.0.0.1/", "http://[", "http://127.0.0.1:99999/"])
def test_what_is_no_address_is_an_error(url: str) -> None:
    """Of the request, and not of the program."""
    with pytest.raises(RequestFailedError):
        BoundedHttp(seconds=1, largest=100).request("GET", url, headers={})


@pytest.mark.parametrize("member", [b"[]", b"{}", b"0", b'"ab"'])
def test_a_document_with_too_many_members_is_not_read(member: bytes) -> None:
    """A few bytes each become many of memory, of which a function has little."""
    few, many = (b"[" + b",".join([member] * number) + b"]" for number in (10, 30))
    assert isinstance(Answer(200, {}, few).document(members=20), list)
    with pytest.raises(ValueError, match="more than 20 members"):
        Answer(200, {}, many).document(members=20)


def test_questions_are_answered_in_their_order() -> None:
    """However many are asked at once; nothing is asked for nothing."""
    assert side_by_side(str, range(20), at_once=4, within=60) == list(map(str, range(20)))
    assert side_by_side(str, [], at_once=4, within=60) == []


def test_the_first_failure_ends_the_questions() -> None:
    """It is what is raised, and whatever has not been asked yet is not asked."""
    asked: list[int] = []

    def ask(number: int) -> int:
        asked.append(number)
        if number == 5:
            raise LookupError(number)
        return number

    with pytest.raises(LookupError, match="5"):
        side_by_side(ask, range(100), at_once=1, within=60)
    assert asked == [0, 1, 2, 3, 4, 5]


def test_when_the_time_is_up_nothing_more_is_asked() -> None:
    """That is no answer, and not half of one."""
    with pytest.raises(RequestFailedError, match="no time"):
        side_by_side(str, [1], at_once=1, within=0)
