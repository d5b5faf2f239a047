"""Public gems: a folder and a Compact Index as what is behind the external connection."""

from __future__ import annotations

import hashlib
import os
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
from emulator.external.ruby_layout import RubyLayout
from tests.functional.emulator.data_plane import DataPlane
from tests.functional.emulator.made_gems import gem, release
from tests.functional.emulator.test_endpoint_external import until

GREETER = PackageId("ruby", "", "greeter")
LINUX = "x86_64-linux"
FILE, LINUX_FILE = "greeter-1.0.0.gem", f"greeter-1.0.0-{LINUX}.gem"
DOWN = Settings(external_connections={"public:ruby-gems-org": "down"})
IN_ASSETS = Settings(switches={"gemPlatformPlace": "assets"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Public gems: a version for every platform and for one, and another name."""
    release(tmp_path, "greeter", "1.0.0")
    release(tmp_path, "greeter", "1.0.0", platform=LINUX)
    release(tmp_path, "greeter-extras", "5.0.0")
    (tmp_path / "gems" / "greeter-0.9.0.gem").write_text("no gem at all")
    os.utime(tmp_path / "gems" / FILE, (1_700_000_000, 1_700_000_000))
    return tmp_path


@pytest.fixture
def team(plane: DataPlane, folder: Path) -> Iterator[httpx.Client]:
    """A client of ``team``, whose upstream ``rubygems-store`` has the external connection."""
    plane.state.public["public:ruby-gems-org"] = RubyLayout(folder, "a folder")
    store = plane.repository("rubygems-store")
    repositories.associate_external_connection(plane.state, store, "public:ruby-gems-org")
    plane.repository("team", "rubygems-store")
    with plane.client("ruby", "team") as client:
        yield client


def listed(team: httpx.Client) -> set[str]:
    """Return the versions of ``greeter`` that clients see."""
    answer = team.get("info/greeter")
    answer.raise_for_status()
    return {line.split()[0] for line in answer.text.splitlines() if line != "---"}


def test_browsing_stores_nothing_and_fetching_a_gem_keeps_that(
    plane: DataPlane, team: httpx.Client, folder: Path
) -> None:
    """In the repository that was asked and in the one with the connection, with one event each."""
    seen: list[dict[str, object]] = []
    plane.state.events.subscribe(seen.append)
    assert listed(team) == {"1.0.0", f"1.0.0-{LINUX}"}
    assert plane.statuses("team", GREETER) == {}

    content = team.get(f"gems/{LINUX_FILE}").content

    assert content == (folder / "gems" / LINUX_FILE).read_bytes()
    kept = {f"1.0.0-{LINUX}": "Published"}
    until(
        lambda: plane.statuses("team", GREETER) == plane.statuses("rubygems-store", GREETER) == kept
    )
    assert plane.state.events.drain()
    assert [event["detail"]["operationType"] for event in seen] == ["Created"] * 2  # type: ignore[index]  # JSON
    held = plane.versions("team", GREETER)[f"1.0.0-{LINUX}"]
    assert held.origin.type == "EXTERNAL"
    assert metadata.of(held).licenses == (metadata.Licence("MIT"),)
    assert listed(team) == {"1.0.0", f"1.0.0-{LINUX}"}


def test_the_gem_for_all_platforms_comes_in_alone(plane: DataPlane, team: httpx.Client) -> None:
    """Its version does not bring those for certain platforms along."""
    team.get(f"gems/{FILE}").raise_for_status()

    until(lambda: plane.statuses("team", GREETER) == {"1.0.0": "Published"})
    assert [a.name for a in plane.versions("team", GREETER)["1.0.0"].assets] == [FILE]
    published = plane.versions("team", GREETER)["1.0.0"].metadata["originalPublishTime"]
    assert published == "2023-11-14T22:13:20+00:00"


def test_gems_of_one_number_may_be_assets_of_one_version(
    plane: DataPlane, team: httpx.Client
) -> None:
    """Under the switch: each comes in when it is asked for, the later one as a change."""
    plane.state.faults.set(IN_ASSETS)
    for name in ("team", "rubygems-store"):
        assert plane.versions(name, GREETER) == {}
    team.get(f"gems/{LINUX_FILE}").raise_for_status()
    until(lambda: plane.statuses("team", GREETER) == {"1.0.0": "Published"})
    assert [a.name for a in plane.versions("team", GREETER)["1.0.0"].assets] == [LINUX_FILE]
    assert listed(team) == {"1.0.0", f"1.0.0-{LINUX}"}

    team.get(f"gems/{FILE}").raise_for_status()

    until(lambda: len(plane.versions("team", GREETER)["1.0.0"].assets) == 2)
    assert len(plane.versions("rubygems-store", GREETER)["1.0.0"].assets) == 2


def test_there_is_no_index_of_all_that_is_public(team: httpx.Client) -> None:
    """400, whereupon Bundler asks for what the gems that it needs need."""
    assert team.get("versions").status_code == 400
    assert team.get("names").status_code == 400
    answer = team.get("api/v1/dependencies", params={"gems": "greeter"})
    assert answer.content.count(b"greeter") == 2  # the gem for all platforms, and the other


def test_what_is_stored_installs_while_the_public_repository_is_down(
    plane: DataPlane, team: httpx.Client
) -> None:
    """Other gems are not found, later they are."""
    team.get(f"gems/{FILE}").raise_for_status()
    until(lambda: "1.0.0" in plane.statuses("team", GREETER))
    plane.state.faults.set(DOWN)

    assert listed(team) == {"1.0.0"}
    assert team.get(f"gems/{FILE}").status_code == 200
    assert team.get(f"gems/{LINUX_FILE}").status_code == 404

    plane.state.faults.set(Settings())
    assert team.get(f"gems/{LINUX_FILE}").status_code == 200


def test_publishing_a_version_that_is_public_is_refused(
    plane: DataPlane, team: httpx.Client
) -> None:
    """409, also when the package's origin configuration lets both in."""
    plane.restrict("team", GREETER, publish="ALLOW", upstream="ALLOW")

    answer = team.post("api/v1/gems", content=gem("greeter", "1.0.0", says="otherwise"))

    assert answer.status_code == 409
    assert plane.statuses("team", GREETER) == {}


def test_what_is_not_public_is_not_found(team: httpx.Client) -> None:
    """Neither a gem, nor a version, nor what is no gem at all."""
    for path in ("info/absent", "gems/absent-1.0.gem", "gems/greeter-9.gem"):
        assert team.get(path).status_code == 404
    assert team.get("gems/greeter-0.9.0.gem").status_code == 404


def test_a_gem_that_is_gone_has_been_withdrawn(folder: Path) -> None:
    """Between being listed and being asked for."""
    layout = RubyLayout(folder, "a folder")
    asset = layout.asset(GREETER, "1.0.0", FILE)
    assert asset is not None
    (folder / "gems" / FILE).unlink()
    with pytest.raises(Withdrawn):
        list(layout.open(asset))


def test_a_folder_that_is_gone_is_no_answer(tmp_path: Path) -> None:
    """It is not taken for an empty one."""
    with pytest.raises(Unreachable):
        RubyLayout(tmp_path / "gone", "a folder").package(GREETER)


@pytest.fixture
def index(folder: Path) -> Iterator[str]:
    """The folder behind HTTP, where ``info`` can be."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    (folder / "info").mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_compact_index_is_read_for_what_it_says(folder: Path, index: str) -> None:
    """What each gem needs, and the checksum that its bytes are held against."""
    content = (folder / "gems" / LINUX_FILE).read_bytes()
    checksum = hashlib.sha256(content).hexdigest()
    (folder / "info" / "greeter").write_text(
        "---\n"
        "1.0.0 polite:>= 1.0&< 3,other:= 2|checksum:x,ruby:>= 2.7\n"
        f"1.0.0-{LINUX} |checksum:{checksum},created_at:2024-02-03T04:05:06Z\n"
    )
    layout = RubyLayout(index, "an index")

    found = layout.package(GREETER)

    assert found is not None
    assert set(found.versions) == {"1.0.0", f"1.0.0-{LINUX}"}
    files = found.versions["1.0.0"].metadata["files"]
    assert files[FILE]["dependencies"] == [["polite", ">= 1.0, < 3"], ["other", "= 2"]]  # type: ignore[index]  # JSON
    (linux,) = found.versions[f"1.0.0-{LINUX}"].assets
    assert linux.hashes == {"sha256": checksum}
    assert linux.published is not None
    assert b"".join(layout.open(linux)) == content
    assert layout.package(PackageId("ruby", "", "absent")) is None


def test_a_broken_index_is_no_answer(folder: Path, index: str) -> None:
    """Nothing is guessed."""
    (folder / "info" / "greeter").write_text("---\n../1.0.0 |checksum:x\n")
    with pytest.raises(Unreachable):
        RubyLayout(index, "an index").package(GREETER)
