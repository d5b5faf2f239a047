"""Uploads to the PyPI endpoint at the edge of what it takes, and many at a time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from emulator.core import packages
from emulator.core.values import PackageId, RepositoryId
from emulator.external.archives import Project, wheel
from emulator.formats import pypi_upload
from tests.functional.emulator.data_plane import DOMAIN

if TYPE_CHECKING:
    from tests.functional.emulator.data_plane import DataPlane

PACKAGE = PackageId("pypi", "", "demo")
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}


@pytest.fixture
def client(plane: DataPlane) -> Iterator[httpx.Client]:
    """A client of the repository ``app``."""
    plane.repository("app")
    with plane.client("pypi", "app") as made:
        yield made


def stored_files(plane: DataPlane) -> set[Path]:
    """Return every file of the asset store."""
    return {path for path in plane.state.assets.root.rglob("*") if path.is_file()}


def upload(client: httpx.Client, filename: str, content: bytes, **fields: str) -> httpx.Response:
    """Upload a file as twine does."""
    form = {":action": "file_upload", "name": "demo", "version": "1.0", **fields}
    return client.post("", data=form, files={"content": (filename, content)})


def test_files_of_one_version_that_arrive_together_keep_what_was_said_of_each(
    plane: DataPlane, client: httpx.Client
) -> None:
    """Eight wheels at once: each is listed with its own requires-python."""
    wheels = {f"demo-1.0-py3{n}-none-any.whl": f">=3.{n}" for n in range(8)}
    content = wheel(Project("demo", "1.0", ">=3.0", ()))

    def send(name: str) -> int:
        with plane.client("pypi", "app") as own:
            return upload(own, name, content, requires_python=wheels[name]).status_code

    with ThreadPoolExecutor(len(wheels)) as pool:
        assert set(pool.map(send, wheels)) == {200}

    page = client.get("simple/demo/", headers=JSON).json()
    assert {each["filename"]: each["requires-python"] for each in page["files"]} == wheels


@pytest.mark.parametrize(
    "name", ["../demo", "de mo", "de#mo", "-demo", "d\N{LATIN SMALL LETTER E WITH ACUTE}mo"]
)
def test_a_project_under_a_name_that_is_none_is_refused(
    plane: DataPlane, client: httpx.Client, name: str
) -> None:
    """400, also when the file is named after it: the API could not name such a package."""
    answer = upload(client, f"{name}-1.0.tar.gz", b"sdist", name=name)

    assert answer.status_code == 400
    assert packages.page(plane.state, RepositoryId(DOMAIN, "app"), limit=1) == ([], None)


def test_a_refused_file_is_not_kept_unless_a_version_holds_the_same_bytes(
    plane: DataPlane, client: httpx.Client
) -> None:
    """Refused for its name, for other bytes, and by origin controls: nothing stays on the disk."""
    assert upload(client, "demo-1.0.tar.gz", b"first").status_code == 200
    held = stored_files(plane)

    assert upload(client, "other-1.0.tar.gz", b"second").status_code == 400
    assert upload(client, "demo-1.0.tar.gz", b"third").status_code == 409
    plane.restrict("app", PACKAGE, publish="BLOCK", upstream="ALLOW")
    assert upload(client, "demo-2.0.tar.gz", b"fourth", version="2.0").status_code == 403
    assert upload(client, "demo-2.0.tar.gz", b"first", version="2.0").status_code == 403

    assert stored_files(plane) == held
    assert client.get("simple/demo/1.0/demo-1.0.tar.gz").content == b"first"


def test_a_form_of_countless_empty_fields_is_refused(
    plane: DataPlane, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """400 before they fill the memory: names count too."""
    monkeypatch.setattr(pypi_upload, "MAX_FIELDS", 20_000)

    answer = upload(
        client, "demo-1.0.tar.gz", b"sdist", **{f"field-{number}": "" for number in range(500)}
    )

    assert answer.status_code == 400
    assert plane.versions("app", PACKAGE) == {}
