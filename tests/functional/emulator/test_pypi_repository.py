"""The PyPI endpoint: project pages, uploads, and what status does to both."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from emulator.core import versions
from emulator.core.faults import Settings
from emulator.core.values import PackageId, RepositoryId
from emulator.external.archives import Project, sdist, wheel
from tests.functional.emulator.data_plane import DOMAIN
from tests.functional.emulator.public_repository import Company, FakeRepository, until

if TYPE_CHECKING:
    from tests.functional.emulator.data_plane import DataPlane

DEMO = Project("Demo.App", "1.0", ">=3.9", ("idna<4",))
PACKAGE = PackageId("pypi", "", "demo-app")
WHEEL, SDIST = "demo_app-1.0-py3-none-any.whl", "demo_app-1.0.tar.gz"
JSON = "application/vnd.pypi.simple.v1+json"
PIP = f"{JSON}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"


@pytest.fixture
def client(plane: DataPlane) -> Iterator[httpx.Client]:
    """A client of the repository ``app``."""
    plane.repository("app")
    with plane.client("pypi", "app") as made:
        yield made


def fields(**changed: str) -> dict[str, str]:
    """Return the fields that twine sends."""
    return {
        ":action": "file_upload",
        "protocol_version": "1",
        "name": "Demo.App",
        "version": "1.0",
        "requires_python": ">=3.9",
        "requires_dist": "idna<4",
        **changed,
    }


def upload(
    client: httpx.Client,
    name: str = WHEEL,
    content: bytes | None = None,
    changed: dict[str, str] | None = None,
) -> httpx.Response:
    """Upload a file as twine does."""
    whole = wheel(DEMO) if content is None else content
    return client.post("", data=fields(**(changed or {})), files={"content": (name, whole)})


def files(client: httpx.Client) -> list[dict[str, object]]:
    """Return the files of the project page."""
    page = client.get("simple/demo-app/", headers={"Accept": PIP})
    assert page.status_code == 200, page.text
    return list(page.json()["files"])


def test_an_uploaded_wheel_and_its_sdist_are_one_published_version(
    plane: DataPlane, client: httpx.Client
) -> None:
    """The page lists both with hash, size and requires-python; the bytes come back."""
    assert upload(client).status_code == 200
    assert upload(client, SDIST, sdist(DEMO)).status_code == 200

    assert plane.statuses("app", PACKAGE) == {"1.0": "Published"}
    listed = {str(each["filename"]): each for each in files(client)}
    assert set(listed) == {WHEEL, SDIST}
    assert listed[WHEEL]["url"] == f"1.0/{WHEEL}"
    assert listed[WHEEL]["requires-python"] == ">=3.9"
    assert listed[WHEEL]["size"] == len(wheel(DEMO))
    assert listed[WHEEL]["hashes"] == {
        "sha256": hashlib.sha256(wheel(DEMO)).hexdigest(),
        "md5": hashlib.md5(wheel(DEMO)).hexdigest(),
    }
    answer = client.get(f"simple/demo-app/1.0/{WHEEL}")
    assert answer.content == wheel(DEMO)


def test_the_same_bytes_again_are_accepted_and_other_bytes_conflict(client: httpx.Client) -> None:
    """200 and 409; the first bytes stay."""
    upload(client)

    assert upload(client).status_code == 200
    assert upload(client, content=wheel(DEMO) + b"x").status_code == 409

    assert client.get(f"simple/demo-app/1.0/{WHEEL}").content == wheel(DEMO)


def test_a_blocked_package_refuses_uploads_with_the_words_that_tools_look_for(
    plane: DataPlane, client: httpx.Client
) -> None:
    """403 and the message; nothing is stored."""
    plane.restrict("app", PACKAGE, publish="BLOCK", upstream="ALLOW")

    answer = upload(client)

    assert answer.status_code == 403
    assert "This package is configured to block new versions" in answer.text
    assert plane.statuses("app", PACKAGE) == {}


@pytest.mark.parametrize(
    "changed",
    [
        {"md5_digest": "0" * 32},
        {"sha256_digest": "0" * 64},
        {"blake2_256_digest": "0" * 64},
        {"version": "2.0"},
        {"version": "no version"},
        {"name": "other"},
        {"name": ""},
        {":action": "submit"},
        {"protocol_version": "2"},
    ],
    ids=lambda changed: " ".join(f"{k} is {v[:10] or 'empty'}" for k, v in changed.items()),
)
def test_an_upload_that_contradicts_its_file_is_refused(
    plane: DataPlane, client: httpx.Client, changed: dict[str, str]
) -> None:
    """400, and nothing is stored."""
    assert upload(client, changed=changed).status_code == 400
    assert plane.statuses("app", PACKAGE) == {}


def test_right_digests_are_accepted_in_either_case(client: httpx.Client) -> None:
    """All three that twine sends."""
    content = wheel(DEMO)
    digests = {
        "md5_digest": hashlib.md5(content).hexdigest(),
        "sha256_digest": hashlib.sha256(content).hexdigest().upper(),
        "blake2_256_digest": hashlib.blake2b(content, digest_size=32).hexdigest(),
    }

    assert upload(client, changed=digests).status_code == 200


@pytest.mark.parametrize("name", ["../evil-1.0.tar.gz", "demo_app-1.0.exe", "x" * 300 + ".whl"])
def test_a_file_name_that_no_distribution_has_is_refused(client: httpx.Client, name: str) -> None:
    """400, whatever it tries."""
    assert upload(client, name).status_code == 400


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=b", b"no form at all"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="a"'),
        ("multipart/form-data; boundary=b", b"--b--\r\n"),
    ],
    ids=["no form", "no boundary", "garbage", "cut off in a header", "nothing in it"],
)
def test_a_malformed_or_truncated_form_is_refused(
    client: httpx.Client, content_type: str, body: bytes
) -> None:
    """400, and nothing is left behind."""
    answer = client.post("", content=body, headers={"Content-Type": content_type})

    assert answer.status_code == 400


def test_an_upload_whose_connection_breaks_leaves_nothing_behind(
    plane: DataPlane, client: httpx.Client
) -> None:
    """The file that was growing is gone, and the server goes on."""
    address = urlsplit(plane.state.base_url)
    head = client.build_request(
        "POST", "", data=fields(), files={"content": (WHEEL, b"x" * 100_000)}
    )
    head.read()
    path = urlsplit(str(head.url)).path
    with socket.create_connection((str(address.hostname), int(address.port or 80))) as connection:
        authorization = client.auth._auth_header if isinstance(client.auth, httpx.BasicAuth) else ""
        lines = [
            f"POST {path} HTTP/1.1",
            f"Host: {address.netloc}",
            f"Authorization: {authorization}",
            f"Content-Type: {head.headers['Content-Type']}",
            f"Content-Length: {len(head.content)}",
        ]
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + head.content[:50_000])

    until(lambda: not list((plane.state.assets.root / "incoming").iterdir()))
    assert plane.statuses("app", PACKAGE) == {}
    assert upload(client).status_code == 200


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (PIP, JSON),
        ("application/vnd.pypi.simple.latest+json", JSON),
        ("application/vnd.pypi.simple.v1+html", "application/vnd.pypi.simple.v1+html"),
        ("application/vnd.pypi.simple.latest+html", "application/vnd.pypi.simple.v1+html"),
        ("text/html", "text/html; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
        (f"text/html;q=0.2, {JSON};q=0.8", JSON),
    ],
)
def test_a_project_page_is_what_the_client_prefers(
    client: httpx.Client, accept: str, content_type: str
) -> None:
    """JSON or HTML by the Accept header."""
    upload(client)

    answer = client.get("simple/demo-app/", headers={"Accept": accept})

    assert answer.headers["content-type"] == content_type
    assert WHEEL in answer.text


@pytest.mark.parametrize("accept", ["application/json", "image/png", f"{JSON};q=0"])
def test_a_client_that_accepts_neither_page_gets_406(client: httpx.Client, accept: str) -> None:
    """Content negotiation fails aloud."""
    upload(client)

    assert client.get("simple/demo-app/", headers={"Accept": accept}).status_code == 406


def test_an_html_page_carries_hash_python_and_time(client: httpx.Client) -> None:
    """What pip before 23 reads."""
    upload(client)

    page = client.get("simple/demo-app/", headers={"Accept": "text/html"}).text

    digest = hashlib.sha256(wheel(DEMO)).hexdigest()
    assert f'href="1.0/{WHEEL}#sha256={digest}"' in page
    assert 'data-requires-python="&gt;=3.9"' in page
    assert "data-upload-time=" in page
    assert "data-yanked" not in page


@pytest.mark.parametrize("spelling", ["Demo.App/", "demo_app/", "demo-app", "DEMO---APP"])
def test_other_spellings_of_a_name_are_redirected(client: httpx.Client, spelling: str) -> None:
    """The normalised name with its slash is where the page is."""
    upload(client)

    answer = client.get(f"simple/{spelling}", follow_redirects=False)

    assert answer.status_code == 301
    assert answer.headers["location"].endswith(
        "/pypi/d/my-company-012345678901/app/simple/demo-app/"
    )


@pytest.mark.parametrize("path", ["simple/", "simple/unknown/", "demo-app/json", "simple/a/b/c/d"])
def test_what_codeartifact_does_not_have_is_not_found(client: httpx.Client, path: str) -> None:
    """No list of all projects, no Warehouse JSON."""
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("status", "listed", "served"),
    [("Unlisted", False, True), ("Archived", False, False), ("Published", True, True)],
)
def test_status_decides_what_is_listed_and_served(
    plane: DataPlane,
    client: httpx.Client,
    status: str,
    listed: bool,  # noqa: FBT001  a column of the table
    served: bool,  # noqa: FBT001  the same
) -> None:
    """Unlisted files are still downloadable by exact URL; archived ones are not."""
    upload(client)
    app = RepositoryId(DOMAIN, "app")
    versions.set_status(plane.state, app, PACKAGE, ["1.0"], target=status)  # type: ignore[arg-type]  # a Status

    assert bool(files(client)) == listed
    assert (client.get(f"simple/demo-app/1.0/{WHEEL}").status_code == 200) == served
    if status == "Archived":
        assert upload(client, SDIST, sdist(DEMO)).status_code == 409


def test_yanked_files_of_the_public_index_are_shown_as_yanked_and_served(
    plane: DataPlane,
) -> None:
    """Yanking is the public index's; the file stays downloadable, with its original time."""
    company = Company.with_store(plane.state, FakeRepository(), "public:pypi")
    yanked = {"files": {WHEEL: {"yanked": "broken", "upload-time": "2021-07-13T12:30:00+00:00"}}}
    company.public.offer(PACKAGE, "1.0", WHEEL, metadata=yanked)
    plane.repository("app", "store")
    with plane.client("pypi", "app") as client:
        answer = client.get(f"simple/demo-app/1.0/{WHEEL}")
        company.settled()
        (listed,) = files(client)
        page = client.get("simple/demo-app/", headers={"Accept": "text/html"}).text

    assert answer.content == company.public.content[f"1.0/{WHEEL}"]
    assert answer.headers["last-modified"] == "Tue, 13 Jul 2021 12:30:00 GMT"
    assert listed["yanked"] == "broken"
    assert listed["upload-time"] == "2021-07-13T12:30:00.000000Z"
    assert 'data-yanked="broken"' in page


def test_a_project_page_in_an_outage_lists_what_is_stored(plane: DataPlane) -> None:
    """The version that nobody fetched is gone from the page until the outage ends."""
    company = Company.with_store(plane.state, FakeRepository(), "public:pypi")
    company.public.offer(PACKAGE, "1.0", WHEEL)
    company.public.offer(PACKAGE, "2.0", "demo_app-2.0.tar.gz")
    plane.repository("app", "store")
    with plane.client("pypi", "app") as client:
        client.get(f"simple/demo-app/1.0/{WHEEL}")
        company.settled()
        plane.state.faults.set(Settings(external_connections={"public:pypi": "down"}))
        assert [each["filename"] for each in files(client)] == [WHEEL]
        assert client.get("simple/demo-app/2.0/demo_app-2.0.tar.gz").status_code == 404
        plane.state.faults.set(Settings())
        assert len(files(client)) == 2
