"""Paths and bodies that no package manager sends: refused, with nothing half-done."""

from __future__ import annotations

import base64
import socket
import time
from collections.abc import Callable
from http.client import HTTPResponse
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import pytest

from emulator.core.assets import AssetWriter
from emulator.core.values import PackageId
from emulator.formats import paths
from tests.functional.emulator.data_plane import DataPlane

APP = PackageId("maven", "com.mycompany.app", "app")
JAR = "com/mycompany/app/app/1.0/app-1.0.jar"
DEADLINE_SECONDS = 10


class Connection:
    """A connection on which a test writes its own bytes."""

    def __init__(self, plane: DataPlane, fmt: str = "maven") -> None:
        address = urlsplit(plane.state.base_url)
        self.socket = socket.create_connection((address.hostname, address.port), timeout=10)
        self.root = urlsplit(plane.url(fmt, "repo")).path
        credentials = base64.b64encode(f"aws:{plane.token()}".encode()).decode()
        self.headers = f"Host: {address.netloc}\r\nAuthorization: Basic {credentials}\r\n"

    def send(self, method: str, path: str, headers: str = "", body: bytes = b"") -> None:
        """Send a request whose path is *path* to the letter."""
        start = f"{method} {self.root}/{path} HTTP/1.1\r\n{self.headers}{headers}\r\n"
        self.socket.sendall(start.encode("latin-1") + body)

    def status(self) -> int:
        """Return the status of the next answer, whose body is read."""
        response = HTTPResponse(self.socket)
        response.begin()
        response.read()
        return response.status

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


@pytest.fixture
def plane_with_repository(plane: DataPlane) -> DataPlane:
    """A data plane with one repository."""
    plane.repository("repo")
    return plane


ABSURD = [
    pytest.param("../repo2/x", id="up one level"),
    pytest.param("com/../../../etc/passwd", id="up several levels"),
    pytest.param("com/mycompany/./app/1.0/app-1.0.jar", id="a dot segment"),
    pytest.param("com/%2e%2e/%2e%2e/etc/passwd", id="encoded dots"),
    pytest.param("com/mycompany/app/1.0/..%2f..%2fpasswd", id="an encoded slash"),
    pytest.param("com/mycompany/app/1.0/..%5c..%5cpasswd", id="an encoded backslash"),
    pytest.param("com/mycompany/app/1.0/a%00.jar", id="a null byte"),
    pytest.param("com/mycompany/app/1.0/a%0d%0aX:%20y", id="an encoded line break"),
    pytest.param("com/mycompany/app/1.0/%ff%fe.jar", id="no UTF-8"),
    pytest.param("com/mycompany/app/1.0/a%23b.jar", id="an encoded number sign"),
    pytest.param("com//mycompany/app/1.0/app-1.0.jar", id="an empty segment"),
    pytest.param("com/mycompany/app/1.0/" + "a" * 256, id="a name of 256 characters"),
    pytest.param("a/" * 2100 + "b", id="thousands of segments"),
    pytest.param("com/mycompany/app/1.0/%e2%80%ae.jar", id="a character that reverses text"),
]


@pytest.mark.parametrize("path", ABSURD)
@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("fmt", ["maven", "npm"])
def test_absurd_paths_are_refused(
    plane_with_repository: DataPlane, fmt: str, method: str, path: str
) -> None:
    """400 (404 where npm's own spelling of scopes makes it a path), and the connection goes on."""
    with Connection(plane_with_repository, fmt) as connection:
        connection.send(method, path, "Content-Length: 1\r\n", b"x")
        assert connection.status() == 400
        connection.send("GET", "no/such/1.0/such-1.0.jar" if fmt == "maven" else "no-such")
        assert connection.status() == 404


def test_a_scope_cannot_smuggle_a_traversal(plane_with_repository: DataPlane) -> None:
    """Of all encoded slashes, only the one between an npm scope and its name is taken."""
    for path in ("@scope%2f..", "@..%2fname", "@a%2fb%2fc", "name%2fname", "@%2fname"):
        with Connection(plane_with_repository, "npm") as connection:
            connection.send("GET", path)
            assert connection.status() in {400, 404}, path


@pytest.mark.parametrize(
    "path",
    [
        "/maven/d/my-company-012345678901",
        "/maven/d/my_company-012345678901/repo/x",
        "/maven/d/my-company-0123/repo/x",
        "/maven/d/my-company-012345678901/re%2fpo/x",
        "/maven/x/my-company-012345678901/repo/x",
        "/conda/d/my-company-012345678901/repo/x",
    ],
)
def test_paths_that_are_no_endpoint_are_not_found(plane: DataPlane, path: str) -> None:
    """404, whoever asks."""
    with Connection(plane) as connection:
        connection.root = ""
        connection.send("GET", path.removeprefix("/"))
        assert connection.status() == 404


def test_a_path_is_decoded_once() -> None:
    """What is encoded twice stays a harmless name."""
    assert paths.decoded("a/%252e%252e/b", scoped_names=False) == "a/%2e%2e/b"


def test_an_upload_that_is_cut_off_leaves_nothing(plane_with_repository: DataPlane) -> None:
    """A client that goes away in the middle: no version, no half-written file."""
    incoming = plane_with_repository.state.assets.root / "incoming"
    with Connection(plane_with_repository) as connection:
        connection.send("PUT", JAR, "Content-Length: 9000000\r\n", b"x" * 3_000_000)
        _until(lambda: any(each.stat().st_size for each in incoming.iterdir()))

    _until(lambda: not list(incoming.iterdir()))
    assert plane_with_repository.statuses("repo", APP) == {}


def test_a_full_disk_is_a_clear_error_and_leaves_nothing(
    plane_with_repository: DataPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 in plain words; the same upload succeeds when there is room again."""
    assets = plane_with_repository.state.assets
    writer = assets.writer

    def full() -> AssetWriter:
        made = writer()
        made._file.close()
        made._file = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115  the writer closes it
        return made

    with plane_with_repository.client("maven", "repo") as client:
        with monkeypatch.context() as patched:
            patched.setattr(assets, "writer", full)
            answer = client.put(JAR, content=b"x")
        assert answer.status_code == 500
        assert "cannot store the asset" in answer.text
        assert plane_with_repository.statuses("repo", APP) == {}
        assert list((assets.root / "incoming").iterdir()) == []

        assert client.put(JAR, content=b"x").status_code == 201


def test_a_client_that_expects_100_continue_is_told_to_go_on(
    plane_with_repository: DataPlane,
) -> None:
    """Maven waits for it before it sends an asset."""
    with Connection(plane_with_repository) as connection:
        connection.send("PUT", JAR, "Content-Length: 1\r\nExpect: 100-continue\r\n")
        assert connection.socket.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.socket.sendall(b"x")
        assert connection.status() == 201


def test_a_refused_upload_is_read_to_its_end(plane_with_repository: DataPlane) -> None:
    """The next request on the same connection is not taken for the rest of the body."""
    with Connection(plane_with_repository) as connection:
        good = connection.headers
        connection.headers = good.partition("Authorization")[0]
        connection.send("PUT", JAR, "Content-Length: 2000000\r\n", b"G" * 2_000_000)
        assert connection.status() == 401
        connection.headers = good
        connection.send("PUT", JAR, "Content-Length: 1\r\n", b"x")
        assert connection.status() == 201


def test_an_upload_in_chunks_is_stored(plane_with_repository: DataPlane) -> None:
    """Curl sends unknown lengths this way."""
    with Connection(plane_with_repository) as connection:
        connection.send(
            "PUT", JAR, "Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"
        )
        assert connection.status() == 201
    (asset,) = plane_with_repository.versions("repo", APP)["1.0"].assets
    assert asset.blob.size == 4


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the deadline has passed"
        time.sleep(0.01)
