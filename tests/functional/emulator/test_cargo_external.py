"""Public crates: a folder and a sparse registry as what is behind the external connection."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from emulator.core import metadata, repositories
from emulator.core.external import Unreachable, Withdrawn
from emulator.core.faults import Settings
from emulator.core.values import PackageId
from emulator.external.cargo_layout import CargoLayout
from tests.functional.emulator.data_plane import DataPlane
from tests.functional.emulator.made_crates import crate, release, upload
from tests.functional.emulator.test_endpoint_external import until

GREETER = PackageId("cargo", "", "greeter")
PATH = "gr/ee/greeter"
DOWNLOAD = "api/v1/crates/greeter/{}/download"
DOWN = Settings(external_connections={"public:crates-io": "down"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A local registry with two versions, of which one is yanked."""
    manifest = 'license = "MIT"\n[dependencies]\nserde = { version = "1.0" }\n'
    content = crate("greeter", "1.0.0", manifest=manifest)
    release(tmp_path, "greeter", "1.0.0", content=content, pubtime="2024-02-03T04:05:06Z")
    release(tmp_path, "greeter", "1.1.0", yanked=True)
    return tmp_path


@pytest.fixture
def team(plane: DataPlane, folder: Path) -> Iterator[httpx.Client]:
    """A client of ``team``, whose upstream ``cargo-store`` has the external connection."""
    plane.state.public["public:crates-io"] = CargoLayout(folder, "a folder")
    store = plane.repository("cargo-store")
    repositories.associate_external_connection(plane.state, store, "public:crates-io")
    plane.repository("team", "cargo-store")
    with plane.client("cargo", "team") as client:
        yield client


def versions_of(answer: httpx.Response) -> dict[str, bool]:
    """Return, by version, whether it is yanked."""
    entries = [json.loads(line) for line in answer.text.splitlines()]
    return {entry["vers"]: entry["yanked"] for entry in entries}


def test_browsing_stores_nothing_and_fetching_one_version_keeps_that(
    plane: DataPlane, team: httpx.Client
) -> None:
    """In the repository that was asked and in the one with the connection, with one event each."""
    seen: list[dict[str, object]] = []
    plane.state.events.subscribe(seen.append)
    assert versions_of(team.get(PATH)) == {"1.0.0": False, "1.1.0": True}
    assert plane.statuses("team", GREETER) == {}

    content = team.get(DOWNLOAD.format("1.0.0")).content

    (entry, _) = (json.loads(line) for line in team.get(PATH).text.splitlines())
    assert hashlib.sha256(content).hexdigest() == entry["cksum"]
    kept = {"1.0.0": "Published"}
    until(lambda: plane.statuses("team", GREETER) == plane.statuses("cargo-store", GREETER) == kept)
    assert plane.state.events.drain()
    assert [event["detail"]["operationType"] for event in seen] == ["Created"] * 2  # type: ignore[index]  # JSON
    held = plane.versions("team", GREETER)["1.0.0"]
    assert held.origin.type == "EXTERNAL"
    described = metadata.of(held)
    assert described.licenses == (metadata.Licence("MIT"),)
    assert [each.package for each in described.dependencies] == ["serde"]


def test_the_publish_time_is_that_of_the_public_registry(team: httpx.Client) -> None:
    """Before and after it has come in."""
    for _ in range(2):
        listed = team.get("api/v1/crates/greeter/versions").json()["versions"]
        assert listed[0]["created_at"] == "2024-02-03T04:05:06+00:00"
        team.get(DOWNLOAD.format("1.0.0")).raise_for_status()


def test_a_yanked_version_is_marked_and_served(plane: DataPlane, team: httpx.Client) -> None:
    """What a lock file names still builds."""
    assert team.get(DOWNLOAD.format("1.1.0")).status_code == 200
    until(lambda: plane.statuses("team", GREETER) == {"1.1.0": "Published"})
    assert versions_of(team.get(PATH)) == {"1.0.0": False, "1.1.0": True}


def test_what_is_stored_builds_while_the_public_registry_is_down(
    plane: DataPlane, team: httpx.Client
) -> None:
    """Other versions are not found, later they are."""
    team.get(DOWNLOAD.format("1.0.0")).raise_for_status()
    until(lambda: "1.0.0" in plane.statuses("team", GREETER))
    plane.state.faults.set(DOWN)

    assert versions_of(team.get(PATH)) == {"1.0.0": False}
    assert team.get(DOWNLOAD.format("1.0.0")).status_code == 200
    assert team.get(DOWNLOAD.format("1.1.0")).status_code == 404

    plane.state.faults.set(Settings())
    assert team.get(DOWNLOAD.format("1.1.0")).status_code == 200


def test_publishing_a_version_that_is_public_is_refused(
    plane: DataPlane, team: httpx.Client
) -> None:
    """409, also when the package's origin configuration lets both in."""
    plane.restrict("team", GREETER, publish="ALLOW", upstream="ALLOW")
    document = {"name": "greeter", "vers": "1.0.0", "deps": [], "features": {}}

    answer = team.put("api/v1/crates/new", content=upload(document, b"mine"))

    assert answer.status_code == 409
    assert plane.statuses("team", GREETER) == {}


def test_what_is_not_public_is_not_found(team: httpx.Client) -> None:
    """Neither a crate nor a version."""
    assert team.get("no/-s/no-such-crate").status_code == 404
    assert team.get(DOWNLOAD.format("9.9.9")).status_code == 404


def test_crates_may_lie_in_a_folder_of_their_own(tmp_path: Path) -> None:
    """As on the file server of a public registry."""
    made = release(tmp_path, "greeter", "1.0.0")
    place = tmp_path / "crates" / "greeter" / "greeter-1.0.0.crate"
    place.parent.mkdir(parents=True)
    (tmp_path / "greeter-1.0.0.crate").rename(place)
    layout = CargoLayout(tmp_path, "a folder")

    asset = layout.asset(GREETER, "1.0.0", "greeter-1.0.0.crate")

    assert asset is not None
    assert b"".join(layout.open(asset)) == made


def test_a_crate_that_is_listed_and_missing_has_been_withdrawn(folder: Path) -> None:
    """The index still names it."""
    (folder / "greeter-1.0.0.crate").unlink()
    layout = CargoLayout(folder, "a folder")
    asset = layout.asset(GREETER, "1.0.0", "greeter-1.0.0.crate")
    assert asset is not None
    with pytest.raises(Withdrawn):
        list(layout.open(asset))


@pytest.mark.parametrize(
    "text",
    ["{", '{"name": "greeter"}', '{"name": "../x", "vers": "1.0.0", "cksum": ""}'],
    ids=["no JSON", "an entry without a version", "an entry of something else"],
)
def test_a_broken_index_is_no_answer(folder: Path, text: str) -> None:
    """Nothing is guessed."""
    (folder / "index" / PATH).write_text(text)
    with pytest.raises(Unreachable):
        CargoLayout(folder, "a folder").package(GREETER)


def test_a_folder_that_is_gone_is_no_answer(tmp_path: Path) -> None:
    """It is not taken for an empty one."""
    with pytest.raises(Unreachable):
        CargoLayout(tmp_path / "gone", "a folder").package(GREETER)


@pytest.mark.parametrize("marked", [False, True], ids=["without markers", "with markers"])
def test_a_sparse_registry_says_where_its_crates_are(folder: Path, *, marked: bool) -> None:
    """The key ``dl`` ("Index Configuration", The Cargo Book)."""
    made = (folder / "greeter-1.0.0.crate").read_bytes()
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_address[1]}"
            template = f"{url}/{{crate}}-{{version}}.crate" if marked else f"{url}/dl"
            (folder / "index" / "config.json").write_text(json.dumps({"dl": template}))
            place = folder / "dl" / "greeter" / "1.0.0"
            place.mkdir(parents=True)
            (place / "download").write_bytes(made)
            layout = CargoLayout(f"sparse+{url}/index/", "a registry")
            asset = layout.asset(GREETER, "1.0.0", "greeter-1.0.0.crate")
            assert asset is not None
            assert b"".join(layout.open(asset)) == made
            assert layout.package(PackageId("cargo", "", "absent")) is None
        finally:
            server.shutdown()
            thread.join()
