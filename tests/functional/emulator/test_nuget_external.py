"""Public NuGet packages: from a folder feed and from a v3 feed, listed, fetched, kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from emulator.core import metadata, repositories
from emulator.core.external import PublicAsset, PublicVersion, Unreachable, Withdrawn
from emulator.core.faults import Settings
from emulator.core.values import PackageId
from emulator.external import discovery
from emulator.external.nuget_layout import NuGetLayout
from emulator.options import Options
from tests.functional.emulator.data_plane import DataPlane
from tests.functional.emulator.nuget_packages import add, nupkg, nuspec
from tests.functional.emulator.public_index import Index
from tests.functional.emulator.test_endpoint_external import until

JSON = PackageId("nuget", "", "newtonsoft.json")
NAME = "Newtonsoft.Json"
FLAT = "v3/flat/newtonsoft.json"
FILE = "newtonsoft.json.13.0.3.nupkg"
PACKAGE = f"{FLAT}/13.0.3/{FILE}"
CONNECTION = "public:nuget-org"
DOWN = Settings(external_connections={CONNECTION: "down"})


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    """A folder feed with two versions of one package."""
    licence = '<license type="expression">MIT</license>'
    add(tmp_path, NAME, "12.0.1", nupkg(NAME, "12.0.1"))
    add(tmp_path, NAME, "13.0.3", nupkg(NAME, "13.0.3", {"Base": "1.0.0"}, more=licence))
    return tmp_path


@pytest.fixture
def nuget(plane: DataPlane, feed: Path) -> DataPlane:
    """``team``, then ``between``, then ``nuget-store``, behind which is the feed."""
    plane.state.public[CONNECTION] = NuGetLayout(feed, "a folder")
    store = plane.repository("nuget-store")
    repositories.associate_external_connection(plane.state, store, CONNECTION)
    plane.repository("between", "nuget-store")
    plane.repository("team", "between")
    return plane


def test_browsing_stores_nothing(nuget: DataPlane) -> None:
    """Versions and what they say of themselves are those of the feed."""
    with nuget.client("nuget", "team") as client:
        assert client.get(f"{FLAT}/index.json").json() == {"versions": ["12.0.1", "13.0.3"]}
        (page,) = client.get("v3/registration4/newtonsoft.json/index.json").json()["items"]
        client.get("v3/query", params={"q": "json"}).raise_for_status()

    entry = page["items"][1]["catalogEntry"]
    assert (entry["id"], entry["licenseExpression"]) == (NAME, "MIT")
    assert entry["dependencyGroups"][0]["dependencies"] == [{"id": "Base", "range": "1.0.0"}]
    for repository in ("team", "between", "nuget-store"):
        assert nuget.statuses(repository, JSON) == {}


def test_a_fetched_version_is_kept_where_it_belongs(nuget: DataPlane, feed: Path) -> None:
    """In the repository that was asked and in the one with the connection; one event in each."""
    seen: list[dict[str, object]] = []
    nuget.state.events.subscribe(seen.append)
    with nuget.client("nuget", "team") as client:
        answer = client.get(PACKAGE)

    assert answer.content == (feed / "newtonsoft.json/13.0.3" / FILE).read_bytes()
    kept = {"13.0.3": "Published"}
    until(lambda: nuget.statuses("team", JSON) == nuget.statuses("nuget-store", JSON) == kept)
    assert nuget.statuses("between", JSON) == {}
    held = nuget.versions("team", JSON)["13.0.3"]
    assert [each.name for each in held.assets] == [FILE]
    assert (held.origin.type, held.origin.external_connection) == ("EXTERNAL", CONNECTION)
    said = metadata.of(held)
    assert (said.display_name, [each.name for each in said.licenses]) == (NAME, ["MIT"])
    assert [each.package for each in said.dependencies] == ["base"]
    assert nuget.state.events.drain()
    created = [each["detail"]["repositoryName"] for each in seen]  # type: ignore[index]  # JSON
    assert sorted(created) == ["nuget-store", "team"]


def test_the_original_publish_time_is_told(nuget: DataPlane, feed: Path) -> None:
    """Before and after the version has come in (User Guide, age gating)."""
    released = datetime.fromtimestamp(
        int((feed / "newtonsoft.json/13.0.3" / FILE).stat().st_mtime), UTC
    )

    def told() -> datetime:
        leaf = client.get("v3/registration4/newtonsoft.json/13.0.3.json").json()
        return datetime.fromisoformat(leaf["catalogEntry"]["published"])

    with nuget.client("nuget", "team") as client:
        assert told() == released
        client.get(PACKAGE).raise_for_status()
        until(lambda: nuget.statuses("team", JSON) != {})
        assert told() == released


def test_what_is_kept_installs_while_the_feed_is_down(nuget: DataPlane) -> None:
    """Listed and served; what is not kept is not found until it is up again."""
    with nuget.client("nuget", "team") as client:
        client.get(PACKAGE).raise_for_status()
        until(lambda: nuget.statuses("team", JSON) != {})
        nuget.state.faults.set(DOWN)

        assert client.get(PACKAGE).status_code == 200
        assert client.get(f"{FLAT}/index.json").json() == {"versions": ["13.0.3"]}
        assert client.get(f"{FLAT}/12.0.1/newtonsoft.json.12.0.1.nupkg").status_code == 404

        nuget.state.faults.set(Settings())
        assert client.get(f"{FLAT}/12.0.1/newtonsoft.json.12.0.1.nupkg").status_code == 200


def test_a_nuspec_brings_its_package_in(nuget: DataPlane) -> None:
    """It is read from the package (our choice)."""
    with nuget.client("nuget", "team") as client:
        assert (
            b"<id>Newtonsoft.Json</id>" in client.get(f"{FLAT}/13.0.3/{JSON.name}.nuspec").content
        )
    until(lambda: nuget.statuses("team", JSON) == {"13.0.3": "Published"})


def test_origin_controls_keep_the_feed_out(nuget: DataPlane) -> None:
    """With upstream=BLOCK nothing public is listed or served."""
    with nuget.client("nuget", "team") as client:
        client.get(PACKAGE).raise_for_status()
        until(lambda: nuget.statuses("team", JSON) != {})
        nuget.restrict("team", JSON, publish="ALLOW", upstream="BLOCK")

        assert client.get(f"{FLAT}/index.json").json() == {"versions": ["13.0.3"]}
        assert client.get(f"{FLAT}/12.0.1/newtonsoft.json.12.0.1.nupkg").status_code == 404


def test_a_public_version_is_not_pushed(nuget: DataPlane) -> None:
    """409, as long as it may come from there."""
    with nuget.client("nuget", "team") as client:
        files = {"package": ("package.nupkg", nupkg(NAME, "13.0.3"))}
        assert client.put("v3/package", files=files).status_code == 409
    assert nuget.statuses("team", JSON) == {}


def test_other_bytes_than_listed_do_not_come_in(nuget: DataPlane, feed: Path) -> None:
    """A package that is not the one of its ``.sha512`` is given up."""
    (feed / "newtonsoft.json/13.0.3" / FILE).write_bytes(nupkg(NAME, "13.0.3", content="evil"))
    with nuget.client("nuget", "team") as client:
        client.get(PACKAGE)
    until(lambda: not nuget.state.public[CONNECTION].imports.running)  # type: ignore[attr-defined]  # a Connection by now
    assert nuget.statuses("team", JSON) == {}


def test_a_folder_may_lack_everything_but_packages(tmp_path: Path) -> None:
    """No checksum, no ``.nuspec`` beside it, odd folders, names that are not normalised."""
    add(tmp_path, NAME, "1.0", nupkg(NAME, "1.0"), beside=False)
    (tmp_path / "newtonsoft.json" / "empty").mkdir()
    (tmp_path / "newtonsoft.json" / "1.0" / "newtonsoft.json.nuspec").write_bytes(b"<broken")
    broken = add(tmp_path, NAME, "2.0.0", b"no package")
    layout = NuGetLayout(tmp_path, "a folder")

    found = layout.package(JSON)
    assert found is not None
    assert list(found.versions) == ["1.0.0", "2.0.0"]
    assert layout.asset(JSON, "1.0.0", "newtonsoft.json.1.0.0.nupkg") is not None
    assert layout.asset(JSON, "1.0.0", "other.nupkg") is None
    assert layout.asset(JSON, "3.0.0", "newtonsoft.json.3.0.0.nupkg") is None
    assert layout.package(PackageId("nuget", "", "nobody")) is None
    (asset,) = found.versions["2.0.0"].assets
    broken.unlink()
    with pytest.raises(Withdrawn):
        list(layout.open(asset))


def test_a_nuspec_beside_the_package_is_used(tmp_path: Path) -> None:
    """As ``nuget add`` writes it: the package need not be opened."""
    add(tmp_path, NAME, "1.0.0", b"a large package")
    beside = tmp_path / "newtonsoft.json" / "1.0.0" / "newtonsoft.json.nuspec"
    beside.write_bytes(nuspec(NAME, "1.0.0", {"Base": "[2.0.0]"}))

    found = NuGetLayout(tmp_path, "a folder").package(JSON)
    assert found is not None
    assert "[2.0.0]" in json.dumps(found.versions["1.0.0"].metadata)


def test_a_folder_that_is_gone_does_not_answer(tmp_path: Path) -> None:
    """An outage, not a package that does not exist."""
    with pytest.raises(Unreachable):
        NuGetLayout(tmp_path / "gone", "a folder").package(JSON)


def v3(index: Index) -> None:
    """The index is a v3 feed, whose registration has one page inside and one elsewhere."""
    base = index.url

    def leaf(version: str, **more: object) -> dict[str, object]:
        entry = {"@id": "x", "id": NAME, "version": version, "published": "2023-03-08T07:42:54Z"}
        return {"catalogEntry": {**entry, "licenseExpression": "MIT", **more}}

    resources = [
        {"@id": f"{base}/flat", "@type": "PackageBaseAddress/3.0.0"},
        {"@id": f"{base}/old/", "@type": "RegistrationsBaseUrl"},
        {"@id": "reg/", "@type": "RegistrationsBaseUrl/3.6.0"},
    ]
    versions = ["12.0.1", "13.0.3", "13.0.4-Beta"]
    groups = [
        {
            "@id": "noise",
            "targetFramework": "net6.0",
            "dependencies": [{"@id": "noise", "id": "Base", "range": "[1.0.0, )"}],
        },
        {"targetFramework": "net48"},
    ]
    first = {"items": [leaf("12.0.1", published="1900-01-01T00:00:00Z", listed=False)]}
    second = {"items": [leaf("13.0.3", dependencyGroups=groups), leaf("13.0.4-Beta")]}
    pages = {"items": [first, {"@id": f"{base}/reg/newtonsoft.json/page.json"}]}
    for path, document in {
        "/index.json": {"version": "3.0.0", "resources": resources},
        "/flat/newtonsoft.json/index.json": {"versions": versions},
        "/reg/newtonsoft.json/index.json": pages,
        "/reg/newtonsoft.json/page.json": second,
    }.items():
        index.answer(path, json.dumps(document), "application/json")
    index.answer(f"/flat/newtonsoft.json/13.0.3/{FILE}", nupkg(NAME, "13.0.3"))


@pytest.mark.parametrize("location", ["", "/", "/index.json"])
def test_a_v3_feed_is_read_through_its_service_index(index: Index, location: str) -> None:
    """Versions, times, licences, dependencies, and what its gallery has unlisted."""
    v3(index)
    layout = NuGetLayout(index.url + location, "a feed")

    found = layout.package(JSON)
    assert found is not None
    assert list(found.versions) == ["12.0.1", "13.0.3", "13.0.4-beta"]
    unlisted, newest = found.versions["12.0.1"], found.versions["13.0.3"]
    assert (unlisted.published, unlisted.metadata["listed"]) == (None, False)
    assert newest.published == datetime(2023, 3, 8, 7, 42, 54, tzinfo=UTC)
    assert newest.metadata["catalogEntry"] == {
        "id": NAME,
        "version": "13.0.3",
        "licenseExpression": "MIT",
        "dependencyGroups": [
            {"targetFramework": "net6.0", "dependencies": [{"id": "Base", "range": "[1.0.0, )"}]},
            {"targetFramework": "net48", "dependencies": []},
        ],
    }
    (asset,) = layout.assets(JSON, newest)
    assert b"".join(layout.open(asset)) == nupkg(NAME, "13.0.3")
    assert layout.package(PackageId("nuget", "", "nobody")) is None
    with pytest.raises(Withdrawn):
        list(layout.open(PublicAsset("x", f"{index.url}/flat/none")))
    assert layout.assets(JSON, PublicVersion("1.0.0")) == ()


def test_what_the_gallery_has_unlisted_is_told_so(plane: DataPlane, index: Index) -> None:
    """In the versions, as NuGet's own service has it, and not ``listed`` in the registration."""
    v3(index)
    plane.state.public[CONNECTION] = NuGetLayout(index.url, "a feed")
    store = plane.repository("nuget-store")
    repositories.associate_external_connection(plane.state, store, CONNECTION)
    with plane.client("nuget", "nuget-store") as client:
        (page,) = client.get("v3/registration4/newtonsoft.json/index.json").json()["items"]

    listed = {leaf["catalogEntry"]["version"]: leaf["listed"] for leaf in page["items"]}
    assert listed == {"12.0.1": False, "13.0.3": True, "13.0.4-beta": True}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/index.json", "<html>", id="a service index that is no JSON"),
        pytest.param("/index.json", "[]", id="a service index that is a list"),
        pytest.param("/index.json", '{"resources": []}', id="a feed without packages"),
        pytest.param("/flat/newtonsoft.json/index.json", "{}", id="versions without versions"),
    ],
)
def test_a_feed_that_speaks_otherwise_does_not_answer(index: Index, path: str, body: str) -> None:
    """Unreachable, so that what is held is still served."""
    v3(index)
    index.answer(path, body)
    with pytest.raises(Unreachable):
        NuGetLayout(index.url, "a feed").package(JSON)


def test_a_variable_says_where_nuget_org_leads(feed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """STEWARD_NUGET_ORG; without it nothing stands behind the connection, and that says so."""
    monkeypatch.delenv("STEWARD_NUGET_ORG", raising=False)
    nothing = discovery.public_repositories(Options())[CONNECTION]
    assert "STEWARD_NUGET_ORG" in nothing.description

    monkeypatch.setenv("STEWARD_NUGET_ORG", str(feed))
    found = discovery.public_repositories(Options())[CONNECTION].package(JSON)
    assert found is not None
    assert set(found.versions) == {"12.0.1", "13.0.3"}
