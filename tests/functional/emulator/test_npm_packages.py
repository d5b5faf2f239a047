"""The npm endpoint: publishing, packuments, tarballs, dist-tags, deprecation."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from emulator.core import metadata, statuses
from emulator.core.faults import Settings
from tests.functional.emulator.data_plane import DataPlane
from tests.functional.emulator.npm_uploads import APP, NAME, PATH, REPOSITORY, body, publish

if TYPE_CHECKING:
    import httpx

SHORT = {"Accept": "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*"}


@pytest.fixture
def repo(plane: DataPlane) -> Iterator[httpx.Client]:
    """A client of a fresh npm repository."""
    plane.repository("npm-internal")
    with plane.client("npm", "npm-internal") as client:
        yield client


@pytest.mark.parametrize("path", [PATH, NAME, "@mycompany%2Fapp"])
def test_a_published_version_is_listed_and_its_tarball_served(
    plane: DataPlane, repo: httpx.Client, path: str
) -> None:
    """The packument's tarball URL leads back to this repository, however the scope is spelt."""
    assert repo.put(path, json=body()).status_code == 200

    document = repo.get(path).json()

    assert document["name"] == NAME
    assert document["dist-tags"] == {"latest": "1.0.0"}
    dist = document["versions"]["1.0.0"]["dist"]
    assert dist["tarball"] == f"{plane.url('npm', 'npm-internal')}/{NAME}/-/app-1.0.0.tgz"
    assert repo.get(dist["tarball"]).content == b"tarball"
    (asset,) = plane.versions("npm-internal", APP)["1.0.0"].assets
    assert asset.name == "package.tgz"


def test_a_packument_has_a_shasum_and_no_integrity(repo: httpx.Client) -> None:
    """As users of the service report; npm verifies the shasum."""
    publish(repo)

    dist = repo.get(PATH).json()["versions"]["1.0.0"]["dist"]

    assert dist["shasum"] == hashlib.sha1(b"tarball", usedforsecurity=False).hexdigest()
    assert "integrity" not in dist


def test_a_packument_tells_when_each_version_was_published(repo: httpx.Client) -> None:
    """Age gating reads ``time`` (User Guide); the readme is no part of a version."""
    publish(repo)
    publish(repo, "1.1.0")

    document = repo.get(PATH).json()

    assert set(document["time"]) == {"created", "modified", "1.0.0", "1.1.0"}
    assert datetime.fromisoformat(document["time"]["1.0.0"]).tzinfo is not None
    assert "readme" not in document["versions"]["1.0.0"]


def test_the_abbreviated_packument_holds_what_installing_needs(repo: httpx.Client) -> None:
    """Dependencies, scripts that run at installation, no scripts and no description."""
    publish(repo, dependencies={"lodash": "^4.17.0"}, scripts={"test": "x"}, description="An app")

    answer = repo.get(PATH, headers=SHORT)

    assert answer.headers["content-type"].startswith("application/vnd.npm.install-v1+json")
    (version,) = answer.json()["versions"].values()
    assert version["dependencies"] == {"lodash": "^4.17.0"}
    assert "scripts" not in version
    assert "description" not in version
    assert "time" not in answer.json()
    assert repo.get(PATH).json()["versions"]["1.0.0"]["scripts"] == {"test": "x"}


def test_a_packument_that_has_not_changed_is_not_sent_again(repo: httpx.Client) -> None:
    """304 for the ETag of what the client has."""
    publish(repo)
    etag = repo.get(PATH).headers["etag"]

    assert repo.get(PATH, headers={"If-None-Match": etag}).status_code == 304
    publish(repo, "1.1.0")
    assert repo.get(PATH, headers={"If-None-Match": etag}).status_code == 200


def test_unlisted_versions_are_served_but_not_listed(plane: DataPlane, repo: httpx.Client) -> None:
    """A lock file goes on working; ``latest`` falls back to the highest release that is listed."""
    publish(repo)
    publish(repo, "1.1.0")
    statuses.set_status(plane.state, REPOSITORY, APP, ["1.1.0"], target="Unlisted")

    document = repo.get(PATH).json()

    assert list(document["versions"]) == ["1.0.0"]
    assert document["dist-tags"] == {"latest": "1.0.0"}
    assert repo.get(f"{NAME}/-/app-1.1.0.tgz").content == b"tarball"


@pytest.mark.parametrize("tarball", [b"tarball", b"another tarball"])
def test_a_version_that_exists_is_refused_whatever_its_bytes(
    repo: httpx.Client, tarball: bytes
) -> None:
    """409, and the first publication stays."""
    publish(repo)

    assert repo.put(PATH, json=body(tarball=tarball)).status_code == 409

    assert repo.get(f"{NAME}/-/app-1.0.0.tgz").content == b"tarball"


@pytest.mark.parametrize("status", ["Archived", "Disposed"])
def test_a_version_that_is_not_served_still_occupies_its_name(
    plane: DataPlane, repo: httpx.Client, status: str
) -> None:
    """404 for readers, 409 for publishers."""
    publish(repo)
    if status == "Archived":
        statuses.set_status(plane.state, REPOSITORY, APP, ["1.0.0"], target="Archived")
    else:
        statuses.dispose(plane.state, REPOSITORY, APP, ["1.0.0"])

    assert repo.get(f"{NAME}/-/app-1.0.0.tgz").status_code == 404
    assert repo.get(PATH).status_code == 404
    assert repo.put(PATH, json=body()).status_code == 409


def test_a_package_that_blocks_publishing_says_so(plane: DataPlane, repo: httpx.Client) -> None:
    """403 with JSON that npm prints."""
    plane.restrict("npm-internal", APP, publish="BLOCK", upstream="ALLOW")

    answer = repo.put(PATH, json=body())

    assert answer.status_code == 403
    assert "This package is configured to block new versions" in answer.json()["error"]
    assert plane.statuses("npm-internal", APP) == {}


def test_a_large_tarball_arrives_intact(repo: httpx.Client) -> None:
    """Several megabytes of base64, cut into pieces of any length on the way."""
    tarball = hashlib.shake_256(b"large").digest(5_000_003)

    publish(repo, tarball=tarball)

    assert repo.get(f"{NAME}/-/app-1.0.0.tgz").content == tarball


def broken(**changes: object) -> bytes:
    """Return a publish body with some of its members replaced, or removed by None."""
    document = {**body(), **changes}
    return json.dumps({key: value for key, value in document.items() if value is not None}).encode()


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"[]", id="no object"),
        pytest.param(b'{"name": "@mycompany/app"', id="cut short"),
        pytest.param(json.dumps(body()).encode()[:-60], id="cut short in the tarball"),
        pytest.param(b"[" * 100_000, id="nested too deep"),
        pytest.param(json.dumps(body(dist={"shasum": "0" * 40})).encode(), id="another shasum"),
        pytest.param(
            json.dumps(body(dist={"integrity": "sha512-AAAA"})).encode(), id="another integrity"
        ),
        pytest.param(json.dumps(body(length=3)).encode(), id="another length"),
        pytest.param(json.dumps(body("not-a-version")).encode(), id="no semantic version"),
        pytest.param(broken(name="@mycompany/other"), id="another package"),
        pytest.param(broken(versions={}), id="no version"),
        pytest.param(broken(versions={"1.0.0": 7}), id="a version that is no object"),
        pytest.param(
            broken(_attachments={"app-1.0.0.tgz": {"data": "!!!!"}}), id="a tarball not in base64"
        ),
        pytest.param(
            broken(_attachments={"a.tgz": {"data": "AAAA"}, "b.tgz": {"data": "AAAA"}}),
            id="two tarballs",
        ),
    ],
)
def test_a_malformed_publication_is_refused(
    plane: DataPlane, repo: httpx.Client, document: bytes
) -> None:
    """400, no version, and nothing half-written in the asset store."""
    answer = repo.put(PATH, content=document, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400
    assert answer.json()["error"]
    assert plane.statuses("npm-internal", APP) == {}
    assert list((plane.state.assets.root / "incoming").iterdir()) == []


def test_dist_tags_are_set_listed_and_removed(repo: httpx.Client) -> None:
    """`npm dist-tag add`, `ls`, `rm`."""
    publish(repo)
    publish(repo, "2.0.0-beta.1", tag="beta")
    tags = f"-/package/{PATH}/dist-tags"
    assert repo.get(tags).json() == {"latest": "1.0.0", "beta": "2.0.0-beta.1"}

    assert repo.put(f"{tags}/stable", json="1.0.0").status_code == 200
    assert repo.delete(f"{tags}/beta").status_code == 200

    assert repo.get(tags).json() == {"latest": "1.0.0", "stable": "1.0.0"}
    assert repo.delete(f"{tags}/beta").status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b'"9.9.9"', 404, id="a version that is not held"),
        pytest.param(b"1.0.0", 400, id="no JSON"),
        pytest.param(b"{}", 400, id="no string"),
        pytest.param(b'"' + b"1" * 5000 + b'"', 413, id="absurdly long"),
    ],
)
def test_a_dist_tag_names_a_version_that_the_repository_holds(
    repo: httpx.Client, body: bytes, status: int
) -> None:
    """Nothing is tagged otherwise."""
    publish(repo)

    answer = repo.put(f"-/package/{PATH}/dist-tags/stable", content=body)

    assert answer.status_code == status
    assert repo.get(f"-/package/{PATH}/dist-tags").json() == {"latest": "1.0.0"}


def test_the_upstreams_value_of_a_dist_tag_wins(plane: DataPlane) -> None:
    """1.0.2 published downstream stays invisible as ``latest`` (npm tags)."""
    plane.repository("shared")
    plane.repository("team", "shared")
    plane.restrict("team", APP, publish="ALLOW", upstream="ALLOW")
    with plane.client("npm", "shared") as shared, plane.client("npm", "team") as team:
        publish(shared, "1.0.1")
        publish(team, "1.0.2")
        publish(team, "1.0.3-rc.1", tag="next")

        document = team.get(PATH).json()

    assert list(document["versions"]) == ["1.0.1", "1.0.2", "1.0.3-rc.1"]
    assert document["dist-tags"] == {"latest": "1.0.1", "next": "1.0.3-rc.1"}


def test_a_version_that_an_upstream_offers_is_refused(plane: DataPlane) -> None:
    """409, and the upstream's version stays what clients get."""
    plane.repository("shared")
    plane.repository("team", "shared")
    plane.restrict("team", APP, publish="ALLOW", upstream="ALLOW")
    with plane.client("npm", "shared") as shared, plane.client("npm", "team") as team:
        publish(shared)

        assert team.put(PATH, json=body(tarball=b"mine")).status_code == 409

        assert team.get(f"{NAME}/-/app-1.0.0.tgz").content == b"tarball"
    assert plane.statuses("team", APP) == {"1.0.0": "Published"}


def test_deprecating_changes_the_versions_that_the_body_says(repo: httpx.Client) -> None:
    """`npm deprecate` sends the packument back, without a tarball; an empty message revokes."""
    publish(repo)
    publish(repo, "1.1.0")
    document = repo.get(PATH, params={"write": "true"}).json()
    document["versions"]["1.0.0"]["deprecated"] = "use 1.1.0"

    assert repo.put(PATH, json=document).status_code == 200

    listed = repo.get(PATH, headers=SHORT).json()["versions"]
    assert listed["1.0.0"]["deprecated"] == "use 1.1.0"
    assert "deprecated" not in listed["1.1.0"]

    document["versions"]["1.0.0"]["deprecated"] = ""
    repo.put(PATH, json=document).raise_for_status()
    assert "deprecated" not in repo.get(PATH).json()["versions"]["1.0.0"]


def test_deprecating_what_is_not_there_is_not_found(repo: httpx.Client) -> None:
    """404: upstreams' versions are not this repository's to deprecate."""
    document = {"name": NAME, "versions": {"1.0.0": {"deprecated": "old"}}}

    assert repo.put(PATH, json=document).status_code == 404


def test_ping_answers_with_an_empty_object(repo: httpx.Client) -> None:
    """User Guide: npm ping, also a check of the token."""
    assert repo.get("-/ping", params={"write": "true"}).json() == {}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "-/npm/v1/security/advisories/bulk"),
        ("POST", "-/npm/v1/security/audits/quick"),
        ("GET", "-/whoami"),
        ("GET", "-/v1/search"),
        ("PUT", "-/user/org.couchdb.user:me"),
    ],
)
def test_commands_that_codeartifact_lacks_are_not_found_and_the_connection_goes_on(
    repo: httpx.Client, method: str, path: str
) -> None:
    """404 with a reason, the body read to its end: the next request is answered."""
    answer = repo.request(method, path, content=b"\x1f\x8b" + b"x" * 100_000)

    assert answer.status_code == 404
    assert "does not support" in answer.json()["error"]
    assert repo.get("-/ping").json() == {}


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_unpublishing_is_refused_so_that_npm_notices(
    plane: DataPlane, repo: httpx.Client, method: str
) -> None:
    """405: on 404 npm would report success. Versions are deleted through the API only."""
    publish(repo)

    assert repo.request(method, f"{PATH}/-rev/1", json=body()).status_code == 405

    assert plane.statuses("npm-internal", APP) == {"1.0.0": "Published"}


def test_the_api_shows_what_the_manifest_and_the_readme_say(
    plane: DataPlane, repo: httpx.Client
) -> None:
    """The README comes with the body, or (npm 9 and later) in the tarball only."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in (("package/package.json", b"{}"), ("package/README.md", b"# Packed")):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    document = body("1.1.0", tarball=packed.getvalue())
    del document["readme"]
    publish(repo, dependencies={"@other/lib": "^2.0.0"}, license="MIT")
    repo.put(PATH, json=document).raise_for_status()

    held = {name: metadata.of(each) for name, each in plane.versions("npm-internal", APP).items()}

    assert held["1.0.0"].readme == "# App"
    assert held["1.1.0"].readme == "# Packed"
    (dependency,) = held["1.0.0"].dependencies
    assert (dependency.namespace, dependency.package) == ("other", "lib")
    assert "described" not in repo.get(PATH).json()["versions"]["1.0.0"]


@pytest.mark.parametrize(
    "path",
    [
        "no-such-package",
        f"{NAME}/-/app-9.9.9.tgz",
        f"{NAME}/-/other-1.0.0.tgz",
        f"{NAME}/-/app-.tgz",
        "@mycompany",
        "-/package/no-such-package/dist-tags",
    ],
)
def test_what_is_not_there_is_not_found(repo: httpx.Client, path: str) -> None:
    """404 for packages, versions and paths."""
    publish(repo)

    assert repo.get(path).status_code == 404


@pytest.mark.parametrize("name", ["a" * 215, "_x%20y", "%C3%A4pfel", "a'b"])
def test_a_package_under_an_absurd_name_is_not_published(repo: httpx.Client, name: str) -> None:
    """400 (npm's own rules for names)."""
    assert repo.put(name, json=body()).status_code == 400


def test_a_publication_identical_to_the_first_may_succeed(
    plane: DataPlane, repo: httpx.Client
) -> None:
    """The switch ``npmIdenticalRepublish``: not documented; nothing changes either way."""
    publish(repo)
    revision = plane.versions("npm-internal", APP)["1.0.0"].revision
    plane.state.faults.set(Settings(switches={"npmIdenticalRepublish": "success"}))

    assert repo.put(PATH, json=body()).status_code == 200

    assert plane.versions("npm-internal", APP)["1.0.0"].revision == revision
