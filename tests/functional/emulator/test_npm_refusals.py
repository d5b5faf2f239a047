"""What a refused npm upload leaves behind: nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from emulator.core import packages, versions
from emulator.core.faults import Settings
from tests.functional.emulator.data_plane import DataPlane
from tests.functional.emulator.npm_uploads import APP, NAME, PATH, REPOSITORY, body, publish

if TYPE_CHECKING:
    import httpx


@pytest.fixture
def repo(plane: DataPlane) -> Iterator[httpx.Client]:
    """A client of a fresh npm repository."""
    plane.repository("npm-internal")
    with plane.client("npm", "npm-internal") as client:
        yield client


@pytest.mark.parametrize(("switch", "status"), [("conflict", 409), ("success", 200)])
def test_publishing_the_same_bytes_again_keeps_what_was_said_of_them(
    plane: DataPlane, repo: httpx.Client, switch: str, status: int
) -> None:
    """The version stays deprecated, at its revision, whatever the answer is."""
    publish(repo)
    repo.put(PATH, json={"versions": {"1.0.0": {"deprecated": "use 2.0.0"}}}).raise_for_status()
    before = plane.versions("npm-internal", APP)["1.0.0"]
    plane.state.faults.set(Settings(switches={"npmIdenticalRepublish": switch}))

    answer = repo.put(PATH, json=body(description="another"))

    assert answer.status_code == status
    assert plane.versions("npm-internal", APP)["1.0.0"] == before


def test_a_version_whose_tags_cannot_be_set_is_not_published(
    plane: DataPlane, repo: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version and dist-tags are one change: a version without its tag could never be tagged."""

    def fail(*_: object) -> None:
        raise RuntimeError("killed between the two")

    with monkeypatch.context() as patched:
        patched.setattr(packages, "put_metadata", fail)
        assert repo.put(PATH, json=body()).status_code == 500

    assert versions.all_of(plane.state, REPOSITORY, APP) == []
    publish(repo)
    assert repo.get(PATH).json()["dist-tags"] == {"latest": "1.0.0"}


@pytest.mark.parametrize(
    "description",
    [
        pytest.param(r'"\ud800"', id="half a character"),
        pytest.param("NaN", id="no JSON number"),
        pytest.param("1e999", id="a number beyond all bounds"),
    ],
)
def test_a_manifest_that_no_answer_could_hold_is_refused(
    plane: DataPlane, repo: httpx.Client, description: str
) -> None:
    """400: it would break every later packument of the package."""
    content = json.dumps(body(description="@")).replace('"@"', description)

    assert repo.put(PATH, content=content).status_code == 400

    assert plane.versions("npm-internal", APP) == {}


@pytest.mark.parametrize(
    "tag",
    [
        pytest.param(b"[" * 4000, id="nested too deeply"),
        pytest.param(rb'"\ud800"', id="half a character"),
    ],
)
def test_a_dist_tag_that_is_no_text_is_refused(repo: httpx.Client, tag: bytes) -> None:
    """400, and nothing is tagged."""
    publish(repo)

    answer = repo.put(f"-/package/{PATH}/dist-tags/stable", content=tag)

    assert answer.status_code == 400
    assert repo.get(f"-/package/{PATH}/dist-tags").json() == {"latest": "1.0.0"}


def test_a_version_longer_than_the_api_can_name_is_refused(
    plane: DataPlane, repo: httpx.Client
) -> None:
    """400: package versions have at most 255 characters (service model)."""
    answer = repo.put(PATH, json=body(f"1.0.0-{'a' * 250}"))

    assert answer.status_code == 400
    assert plane.versions("npm-internal", APP) == {}
    assert repo.get(NAME).status_code == 404
