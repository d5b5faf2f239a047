"""How assets come down: pre-signed URLs, ranges, and files that are still arriving."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from emulator.core import publishing
from emulator.core.faults import Settings
from emulator.core.values import PackageId, RepositoryId
from tests.functional.emulator.data_plane import DOMAIN
from tests.functional.emulator.public_repository import Company, FakeRepository

if TYPE_CHECKING:
    from tests.functional.emulator.data_plane import DataPlane

PACKAGE = PackageId("pypi", "", "demo")
FILE = "demo-1.0.tar.gz"
CONTENT = bytes(range(256)) * 40
PATH = f"simple/demo/1.0/{FILE}"


@pytest.fixture
def client(plane: DataPlane) -> Iterator[httpx.Client]:
    """A client of ``app``, which holds one file; it does not follow redirects."""
    app = plane.repository("app")
    blob = plane.state.assets.store(CONTENT)
    publishing.publish(plane.state, app, PACKAGE, "1.0", [(FILE, blob)])
    with plane.client("pypi", "app") as made:
        made.follow_redirects = False
        yield made


@pytest.fixture
def presigned(client: httpx.Client) -> str:
    """Return the URL that a download of the file is sent to."""
    return str(client.get(PATH).headers["location"])


def fetch(url: str, method: str = "GET", **headers: str) -> httpx.Response:
    """Ask for a pre-signed URL without credentials."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.request(method, url, headers=named, trust_env=False)


@pytest.mark.parametrize("status", [302, 307, 301])
def test_a_download_is_redirected_to_another_host_name_that_needs_no_token(
    plane: DataPlane, client: httpx.Client, status: int
) -> None:
    """The URL shows the file's name; its status is a switch."""
    plane.state.faults.set(Settings(switches={"redirectStatus": status}))

    answer = client.get(PATH)

    assert answer.status_code == status
    target = httpx.URL(answer.headers["location"])
    assert target.host != client.base_url.host
    assert target.path.endswith(f"/{FILE}")
    assert fetch(str(target)).content == CONTENT


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_switch_turns_redirects_off(plane: DataPlane, client: httpx.Client, method: str) -> None:
    """Status 200 is the asset itself."""
    plane.state.faults.set(Settings(switches={"redirectStatus": 200}))

    answer = client.request(method, PATH)

    assert answer.status_code == 200
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert answer.content == (CONTENT if method == "GET" else b"")


def test_a_forwarded_authorization_header_is_refused_as_s3_does(presigned: str) -> None:
    """Only one auth mechanism allowed."""
    answer = fetch(presigned, Authorization="Bearer token")

    assert answer.status_code == 400
    assert "Only one auth mechanism allowed" in answer.text


def test_a_pre_signed_url_expires(plane: DataPlane, presigned: str) -> None:
    """After its lifetime it is 403."""
    plane.state.clock.advance(timedelta(minutes=15))

    assert fetch(presigned).status_code == 403


@pytest.mark.parametrize(
    ("old", "new"),
    [("X-Amz-Signature=", "X-Amz-Signature=0"), (FILE, "other"), ("x-published=", "x-published=1")],
    ids=["another signature", "another name", "another publish time"],
)
def test_a_forged_url_is_refused(presigned: str, old: str, new: str) -> None:
    """Everything in it is signed."""
    assert fetch(presigned.replace(old, new)).status_code == 403


def test_a_url_without_a_signature_is_refused(presigned: str) -> None:
    """A hash alone opens nothing."""
    assert fetch(presigned.partition("?")[0]).status_code == 403


@pytest.mark.parametrize(
    ("header", "status", "start", "stop"),
    [
        ("bytes=0-99", 206, 0, 100),
        ("bytes=100-", 206, 100, len(CONTENT)),
        ("bytes=-10", 206, len(CONTENT) - 10, len(CONTENT)),
        ("bytes=0-99999999", 206, 0, len(CONTENT)),
        ("bytes=0-1,5-6", 200, 0, len(CONTENT)),
        ("lines=1-2", 200, 0, len(CONTENT)),
    ],
)
def test_a_range_is_answered_with_its_bytes(
    presigned: str, header: str, status: int, start: int, stop: int
) -> None:
    """One range of bytes is 206; anything else means the whole file."""
    answer = fetch(presigned, Range=header)

    assert answer.status_code == status
    assert answer.content == CONTENT[start:stop]
    if status == 206:
        assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(CONTENT)}"


def test_a_range_beyond_the_end_is_refused(presigned: str) -> None:
    """416 says how long the file is."""
    answer = fetch(presigned, Range=f"bytes={len(CONTENT)}-")

    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(CONTENT)}"


def test_head_says_what_get_would_send(presigned: str) -> None:
    """Length, tag and time without a body; the tag revalidates."""
    answer = fetch(presigned, "HEAD")

    assert answer.content == b""
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert answer.headers["etag"] == f'"{hashlib.sha256(CONTENT).hexdigest()}"'
    assert "last-modified" in answer.headers
    assert fetch(presigned, If_None_Match=answer.headers["etag"]).status_code == 304


@pytest.mark.parametrize("status", [302, 200], ids=["by redirect", "directly"])
@pytest.mark.parametrize("sized", [True, False], ids=["of known size", "of unknown size"])
def test_a_file_is_sent_while_it_still_arrives(
    plane: DataPlane,
    status: int,
    sized: bool,  # noqa: FBT001  a column of the table
) -> None:
    """Its first byte is with the client before the public repository has sent the rest."""
    plane.state.faults.set(Settings(switches={"redirectStatus": status}))
    company = Company.with_store(plane.state, FakeRepository(), "public:pypi")
    company.public.offer(PACKAGE, "1.0", FILE)
    if not sized:
        offered = company.public.packages[PACKAGE]
        version = offered.versions["1.0"]
        unsized = replace(version, assets=(replace(version.assets[0], size=None),))
        company.public.packages[PACKAGE] = replace(offered, versions={"1.0": unsized})
    company.public.held_back = {FILE}
    plane.repository("app", "store")
    whole = company.public.content[f"1.0/{FILE}"]

    with plane.client("pypi", "app") as client, client.stream("GET", PATH) as answer:
        arriving = answer.iter_raw()
        first = next(arriving)
        assert not plane.versions("app", PACKAGE)
        company.public.gate.set()
        received = first + b"".join(arriving)

    assert whole.startswith(first)
    assert len(first) < len(whole)
    assert received == whole
    assert ("content-length" in answer.headers) == sized


def test_a_file_that_turns_out_wrong_breaks_the_connection(plane: DataPlane) -> None:
    """A client never takes it for whole, and it is never stored."""
    company = Company.with_store(plane.state, FakeRepository(), "public:pypi")
    company.public.offer(PACKAGE, "1.0", FILE)
    company.public.held_back = {FILE}
    plane.repository("app", "store")
    whole = company.public.content[f"1.0/{FILE}"]
    company.public.content[f"1.0/{FILE}"] = whole[:-3]

    with (
        plane.client("pypi", "app") as client,
        client.stream("GET", PATH) as answer,
    ):
        company.public.gate.set()
        with pytest.raises(httpx.RemoteProtocolError):
            answer.read()

    company.settled()
    assert company.assets(RepositoryId(DOMAIN, "app"), PACKAGE, "1.0") == set()
