"""The NuGet endpoint: packages are pushed, described, listed, searched, served and refused."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from emulator.core import metadata, policies, statuses
from emulator.core.faults import Settings
from emulator.core.values import Caller, PackageId, RepositoryId, Status
from tests.functional.emulator.data_plane import DOMAIN, DataPlane
from tests.functional.emulator.nuget_packages import nupkg, scrambled

APP = PackageId("nuget", "", "mycompany.app")
NAME = "MyCompany.App"
FLAT, REGISTRATION = "v3/flat/mycompany.app", "v3/registration4/mycompany.app/index.json"
TEAM = RepositoryId(DOMAIN, "team")
STRANGER = Caller("111122223333", "arn:aws:iam::111122223333:root")


@pytest.fixture
def client(plane: DataPlane) -> Iterator[httpx.Client]:
    """A NuGet client of the repository ``team``."""
    plane.repository("team")
    with plane.client("nuget", "team") as made:
        yield made


def push(client: httpx.Client, package: bytes) -> httpx.Response:
    """Push a package as ``nuget push`` does."""
    return client.put("v3/package/", files={"package": ("package.nupkg", package)})


def set_status(plane: DataPlane, version: str, status: Status) -> None:
    """Give a version of the app a status."""
    statuses.set_status(plane.state, TEAM, APP, [version], target=status)


def listed(client: httpx.Client) -> list[str]:
    """Return the versions of the app that clients are told of."""
    answer = client.get(f"{FLAT}/index.json")
    return [] if answer.status_code == 404 else list(answer.json()["versions"])


def entries(client: httpx.Client) -> dict[str, dict[str, object]]:
    """Return the catalog entries of the app by version."""
    (page,) = client.get(REGISTRATION).json()["items"]
    return {leaf["catalogEntry"]["version"]: leaf["catalogEntry"] for leaf in page["items"]}


def found(client: httpx.Client, **query: str) -> list[str]:
    """Return the ids that a search finds."""
    return [each["id"] for each in client.get("v3/query", params=query).json()["data"]]


def test_the_service_index_leads_to_everything(plane: DataPlane, client: httpx.Client) -> None:
    """Every resource that NuGet 4.8 and later look for, below the repository."""
    document = client.get("v3/index.json").json()

    kinds = {each["@type"] for each in document["resources"]}
    assert kinds >= {
        "PackageBaseAddress/3.0.0",
        "RegistrationsBaseUrl",
        "RegistrationsBaseUrl/3.6.0",
        "SearchQueryService",
        "PackagePublish/2.0.0",
    }
    base = plane.url("nuget", "team") + "/v3/"
    assert all(each["@id"].startswith(base) for each in document["resources"])
    assert document["version"] == "3.0.0"


def test_the_service_index_needs_a_token(plane: DataPlane, client: httpx.Client) -> None:
    """401 with a challenge that NuGet answers."""
    client.get("v3/index.json").raise_for_status()
    answer = httpx.get(f"{plane.url('nuget', 'team')}/v3/index.json", trust_env=False)

    assert answer.status_code == 401
    assert 'Basic realm="CodeArtifact"' in answer.headers["www-authenticate"]


def test_a_pushed_package_is_published_once(plane: DataPlane, client: httpx.Client) -> None:
    """201, one asset, one event; listed, described and served as it was sent."""
    seen: list[dict[str, object]] = []
    plane.state.events.subscribe(seen.append)
    package = nupkg(NAME, "1.0.0")

    assert push(client, package).status_code == 201

    assert plane.statuses("team", APP) == {"1.0.0": "Published"}
    (asset,) = plane.versions("team", APP)["1.0.0"].assets
    assert asset.name == "mycompany.app.1.0.0.nupkg"
    assert listed(client) == ["1.0.0"]
    entry = entries(client)["1.0.0"]
    assert (entry["id"], entry["listed"]) == (NAME, True)
    assert client.get(str(entry["packageContent"])).content == package
    assert plane.state.events.drain()
    assert [each["detail"]["operationType"] for each in seen] == ["Created"]  # type: ignore[index]  # JSON


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        pytest.param("1.00", "1.0.0", id="two numbers become three, without leading zeros"),
        pytest.param("1.0.01.0", "1.0.1", id="a fourth number that is zero goes"),
        pytest.param("1.0.1.7", "1.0.1.7", id="another fourth number stays"),
        pytest.param("1.0.7+r3456", "1.0.7", id="build metadata goes"),
        pytest.param("1.0.0-Beta.2", "1.0.0-beta.2", id="labels are in lower case"),
    ],
)
def test_names_and_versions_are_normalised(
    plane: DataPlane, client: httpx.Client, written: str, stored: str
) -> None:
    """Stored in one form, served under both; the display name is the publisher's."""
    package = nupkg(NAME, written)
    push(client, package).raise_for_status()

    assert plane.statuses("team", APP) == {stored: "Published"}
    assert metadata.of(plane.versions("team", APP)[stored]).display_name == NAME
    assert listed(client) == [stored]
    for name in ("mycompany.app", NAME):
        for version in (stored, written.partition("+")[0]):
            path = f"v3/flat/{name}/{version}/{name}.{stored}.nupkg"
            assert client.get(path).content == package


def test_versions_are_listed_in_nugets_order(client: httpx.Client) -> None:
    """Numbers as numbers, a prerelease before its release, labels as in SemVer 2."""
    ordered = ["1.0.0-beta.2", "1.0.0-beta.10", "1.0.0", "1.0.0.1", "1.2.0", "1.10.0"]
    for version in sorted(ordered):
        push(client, nupkg(NAME, version)).raise_for_status()

    assert listed(client) == ordered


def test_a_version_says_what_its_nuspec_says(plane: DataPlane, client: httpx.Client) -> None:
    """In the API and in the registration: licence, home, repository, dependencies."""
    more = (
        '<license type="expression">MIT</license><projectUrl>https://example.com/app</projectUrl>'
        '<repository type="git" url="https://example.com/app.git" /><tags>one two</tags>'
    )
    package = nupkg(NAME, "1.0.0", {"Serilog": "[3.0.0, )", "Other": ""}, more=more)
    push(client, package).raise_for_status()

    said = metadata.of(plane.versions("team", APP)["1.0.0"])
    assert [each.name for each in said.licenses] == ["MIT"]
    assert (said.home_page, said.summary) == ("https://example.com/app", f"{NAME} for a test")
    assert said.source_code_repository == "https://example.com/app.git"
    depends = [(each.package, each.version_requirement) for each in said.dependencies]
    assert depends == [("serilog", "[3.0.0, )"), ("other", "(, )")]
    assert {each.dependency_type for each in said.dependencies} == {""}
    entry = entries(client)["1.0.0"]
    assert entry["licenseExpression"] == "MIT"
    assert entry["tags"] == ["one", "two"]
    assert entry["dependencyGroups"] == [
        {
            "targetFramework": ".NETStandard2.0",
            "dependencies": [
                {"id": "Serilog", "range": "[3.0.0, )"},
                {"id": "Other", "range": "(, )"},
            ],
        }
    ]
    assert b"<id>MyCompany.App</id>" in client.get(f"{FLAT}/1.0.0/mycompany.app.nuspec").content


@pytest.mark.parametrize("status", ["Published", "Unlisted", "Archived"])
@pytest.mark.parametrize("content", ["", "other bytes"])
def test_a_version_that_exists_is_not_pushed_again(
    plane: DataPlane, client: httpx.Client, status: Status, content: str
) -> None:
    """409, identical or not, so that ``--skip-duplicate`` knows; nothing changes."""
    push(client, nupkg(NAME, "1.0.0")).raise_for_status()
    set_status(plane, "1.0.0", status)
    before = plane.versions("team", APP)

    assert push(client, nupkg(NAME, "1.0.0.0", content=content)).status_code == 409
    assert plane.versions("team", APP) == before


def test_a_version_of_an_upstream_is_not_pushed(plane: DataPlane, client: httpx.Client) -> None:
    """409, as long as the package may come from there."""
    push(client, nupkg(NAME, "1.0.0")).raise_for_status()
    plane.repository("downstream", "team")
    with plane.client("nuget", "downstream") as other:
        assert push(other, nupkg(NAME, "1.0.0")).status_code == 409
        assert listed(other) == ["1.0.0"]
        assert push(other, nupkg(NAME, "1.1.0")).status_code == 201
        assert listed(other) == ["1.1.0"]  # what a team publishes comes from nowhere else


def test_origin_controls_keep_pushes_out(plane: DataPlane, client: httpx.Client) -> None:
    """403 and the service's words."""
    push(client, nupkg(NAME, "1.0.0")).raise_for_status()
    plane.restrict("team", APP, publish="BLOCK", upstream="ALLOW")

    answer = push(client, nupkg(NAME, "1.1.0"))
    assert answer.status_code == 403
    assert "configured to block new versions" in answer.text
    assert listed(client) == ["1.0.0"]


@pytest.mark.parametrize(
    "package",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"no zip archive", id="no zip archive"),
        pytest.param(nupkg(NAME, "1.0.0")[:-30], id="a truncated zip archive"),
        pytest.param(scrambled(nupkg(NAME, "1.0.0")), id="a zip archive that does not unpack"),
        pytest.param(nupkg(NAME, "one"), id="no version"),
        pytest.param(nupkg("../app", "1.0.0"), id="an id that leaves the path"),
        pytest.param(nupkg("a" * 101, "1.0.0"), id="an id that is too long"),
        pytest.param(nupkg(NAME, "1.0.0", more="<unclosed>"), id="a broken .nuspec"),
    ],
)
def test_what_is_no_package_is_refused(
    plane: DataPlane, client: httpx.Client, package: bytes
) -> None:
    """400; nothing is held, and nothing is left on the disk."""
    assert push(client, package).status_code == 400
    assert plane.statuses("team", APP) == {}
    assert [each for each in plane.state.assets.root.rglob("*") if each.is_file()] == []


def test_a_form_that_ends_early_is_refused(plane: DataPlane, client: httpx.Client) -> None:
    """400, whatever has arrived."""
    body = b'--b\r\nContent-Disposition: form-data; name="package"\r\n\r\n' + nupkg(NAME, "1.0.0")
    headers = {"Content-Type": "multipart/form-data; boundary=b"}

    assert client.put("v3/package", content=body, headers=headers).status_code == 400
    assert client.put("v3/package", content=b"--b--\r\n", headers=headers).status_code == 400
    assert client.put("v3/package", content=body).status_code == 400
    assert plane.statuses("team", APP) == {}


def test_only_the_first_part_of_a_form_is_the_package(client: httpx.Client) -> None:
    """Whatever the parts are called."""
    first, second = nupkg(NAME, "1.0.0"), nupkg(NAME, "2.0.0")
    files = {"anything": ("a.nupkg", first), "package": ("b.nupkg", second)}

    assert client.put("v3/package", files=files).status_code == 201
    assert listed(client) == ["1.0.0"]


def test_an_unlisted_version_is_served_and_not_listed(
    plane: DataPlane, client: httpx.Client
) -> None:
    """Neither in the versions nor in the registration nor found; its package is there."""
    for version in ("1.0.0", "1.1.0"):
        push(client, nupkg(NAME, version)).raise_for_status()
    set_status(plane, "1.1.0", "Unlisted")

    assert listed(client) == ["1.0.0"]
    assert list(entries(client)) == ["1.0.0"]
    assert client.get("v3/registration4/mycompany.app/1.1.0.json").status_code == 404
    assert client.get("v3/query").json()["data"][0]["version"] == "1.0.0"
    assert client.get(f"{FLAT}/1.1.0/mycompany.app.1.1.0.nupkg").status_code == 200

    set_status(plane, "1.0.0", "Unlisted")
    assert listed(client) == []
    assert client.get(REGISTRATION).status_code == 404


def test_an_archived_version_is_neither(plane: DataPlane, client: httpx.Client) -> None:
    """404 for its package and its ``.nuspec``."""
    push(client, nupkg(NAME, "1.0.0")).raise_for_status()
    set_status(plane, "1.0.0", "Archived")

    assert listed(client) == []
    for file in ("mycompany.app.1.0.0.nupkg", "mycompany.app.nuspec"):
        assert client.get(f"{FLAT}/1.0.0/{file}").status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("v3/flat/nobody/index.json", 404, id="an unknown package"),
        pytest.param(f"{FLAT}/9.9.9/mycompany.app.9.9.9.nupkg", 404, id="an unknown version"),
        pytest.param(f"{FLAT}/1.0.0/other.1.0.0.nupkg", 404, id="another file"),
        pytest.param("v3/registration4/nobody/index.json", 404, id="an unknown registration"),
        pytest.param("v3/flat/no%20body/index.json", 400, id="a name that no package has"),
        pytest.param("v3/flat/..%2fteam/index.json", 400, id="a name that leaves the path"),
        pytest.param("api/v2", 404, id="the protocol of version 2"),
    ],
)
def test_what_is_not_there_is_not_found(client: httpx.Client, path: str, status: int) -> None:
    """404, or 400 for what no client asks."""
    push(client, nupkg(NAME, "1.0.0")).raise_for_status()
    assert client.get(path).status_code == status


def test_nuget_delete_is_not_supported(plane: DataPlane, client: httpx.Client) -> None:
    """405, so that nobody believes it; nothing changes."""
    push(client, nupkg(NAME, "1.0.0")).raise_for_status()

    answer = client.delete("v3/package/MyCompany.App/1.0.0")
    assert answer.status_code == 405
    assert "UpdatePackageVersionsStatus" in answer.text
    assert plane.statuses("team", APP) == {"1.0.0": "Published"}


def test_a_search_finds_what_the_repository_and_its_upstreams_hold(
    plane: DataPlane, client: httpx.Client
) -> None:
    """By words of id, description and tags, by exact id, page by page."""
    for name, version in ((NAME, "1.0.0"), (NAME, "2.0.0-rc.1"), ("Other.Lib", "1.0.0-alpha")):
        push(client, nupkg(name, version)).raise_for_status()
    plane.repository("downstream", "team")
    with plane.client("nuget", "downstream") as other:
        push(other, nupkg("Own.Tool", "1.0.0")).raise_for_status()

        assert found(other) == [NAME, "Own.Tool"]
        assert found(other, prerelease="true") == [NAME, "Other.Lib", "Own.Tool"]
        assert found(other, q="APP test") == [NAME]
        assert found(other, q="packageid:own.tool") == ["Own.Tool"]
        assert found(other, q="nobody") == []
        assert found(other, skip="1", take="1") == ["Own.Tool"]
        page = other.get("v3/query", params={"take": "1", "prerelease": "true"}).json()
        assert (page["totalHits"], page["data"][0]["version"]) == (3, "2.0.0-rc.1")
        versions = [each["version"] for each in page["data"][0]["versions"]]
        assert versions == ["1.0.0", "2.0.0-rc.1"]


def test_requests_are_throttled_by_kind(plane: DataPlane, client: httpx.Client) -> None:
    """429 with Retry-After; a push that failed has left nothing."""
    throttled = {"nuget:Publish": 0.0, "nuget:GetVersions": 0.0}
    plane.state.faults.set(Settings(throttle=throttled))
    for answer in (push(client, nupkg(NAME, "1.0.0")), client.get(f"{FLAT}/index.json")):
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
    assert plane.statuses("team", APP) == {}


def test_another_account_needs_the_permission_to_publish(
    plane: DataPlane, client: httpx.Client
) -> None:
    """ReadFromRepository reads, PublishPackageVersion publishes; neither gives the other."""
    push(client, nupkg(NAME, "1.0.0")).raise_for_status()

    def allow(action: str) -> None:
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": STRANGER.arn},
            "Action": f"codeartifact:{action}",
            "Resource": "*",
        }
        document = {"Version": "2012-10-17", "Statement": [statement]}
        policies.put(plane.state, TEAM, json.dumps(document), revision=None)

    def answers(version: str) -> tuple[int, int]:
        pushed = push(stranger, nupkg(NAME, version)).status_code
        return stranger.get("v3/index.json").status_code, pushed

    with plane.client("nuget", "team", token=plane.token(caller=STRANGER)) as stranger:
        assert answers("1.1.0") == (403, 403)
        allow("ReadFromRepository")
        assert answers("1.1.0") == (200, 403)
        allow("PublishPackageVersion")
        assert answers("1.1.0") == (403, 201)
    assert listed(client) == ["1.0.0", "1.1.0"]
