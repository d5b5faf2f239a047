"""Releases on the Maven endpoint: uploaded, checked, finished, listed, downloaded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from defusedxml import ElementTree

from emulator.core import statuses
from emulator.core.values import DomainId, PackageId, RepositoryId
from emulator.formats import maven
from tests.functional.emulator.data_plane import DataPlane

if TYPE_CHECKING:
    import httpx

REPOSITORY = RepositoryId(DomainId("012345678901", "my-company"), "my-maven-repo")
APP = PackageId("maven", "com.mycompany.app", "app")
ROOT = "com/mycompany/app/app"
JAR = f"{ROOT}/1.0/app-1.0.jar"
SHA1 = hashlib.sha1(b"classes", usedforsecurity=False).hexdigest()
METADATA = f"{ROOT}/maven-metadata.xml"


def listing(*versions: str) -> bytes:
    """Return the artifact-level metadata that a Maven client uploads."""
    lines = "".join(f"<version>{each}</version>" for each in versions)
    return (
        "<metadata><groupId>com.mycompany.app</groupId><artifactId>app</artifactId>"
        f"<versioning><versions>{lines}</versions></versioning></metadata>"
    ).encode()


def texts(document: bytes, path: str) -> list[str]:
    """Return the texts of the elements at *path*."""
    return [each.text or "" for each in ElementTree.fromstring(document).iterfind(path)]


@pytest.fixture
def repo(plane: DataPlane) -> Iterator[httpx.Client]:
    """A client of a fresh Maven repository."""
    plane.repository("my-maven-repo")
    with plane.client("maven", "my-maven-repo") as client:
        yield client


def deploy(client: httpx.Client, version: str = "1.0", content: bytes = b"classes") -> None:
    """Upload the jar and the metadata of a release."""
    client.put(f"{ROOT}/{version}/app-{version}.jar", content=content).raise_for_status()
    client.put(METADATA, content=listing(version)).raise_for_status()


def test_a_release_is_unfinished_and_not_downloadable_until_its_metadata_arrives(
    plane: DataPlane, repo: httpx.Client
) -> None:
    """Maven packages, User Guide: the metadata upload makes a version Published."""
    assert repo.put(JAR, content=b"classes").status_code == 201
    assert plane.statuses("my-maven-repo", APP) == {"1.0": "Unfinished"}
    assert repo.get(JAR).status_code == 404
    assert repo.get(METADATA).status_code == 404

    assert repo.put(METADATA, content=listing("1.0")).status_code == 201

    assert plane.statuses("my-maven-repo", APP) == {"1.0": "Published"}
    assert repo.get(JAR).content == b"classes"


def test_metadata_publishes_only_the_versions_that_it_lists(
    plane: DataPlane, repo: httpx.Client
) -> None:
    """An interrupted deployment of another version stays Unfinished."""
    repo.put(JAR, content=b"1")
    repo.put(f"{ROOT}/2.0/app-2.0.jar", content=b"2")

    repo.put(METADATA, content=listing("2.0"))

    assert plane.statuses("my-maven-repo", APP) == {"1.0": "Unfinished", "2.0": "Published"}


def test_the_same_bytes_again_are_accepted_and_other_bytes_refused(
    plane: DataPlane, repo: httpx.Client
) -> None:
    """A release does not change: 200 for the same bytes, 409 for others."""
    deploy(repo)
    revision = plane.versions("my-maven-repo", APP)["1.0"].revision

    assert repo.put(JAR, content=b"classes").status_code == 200
    assert repo.put(JAR, content=b"other classes").status_code == 409

    assert plane.versions("my-maven-repo", APP)["1.0"].revision == revision
    assert repo.get(JAR).content == b"classes"


def test_assets_of_new_names_join_a_published_version(plane: DataPlane, repo: httpx.Client) -> None:
    """Later assets are accepted, and served at once."""
    deploy(repo)
    sources = f"{ROOT}/1.0/app-1.0-sources.jar"

    assert repo.put(sources, content=b"sources").status_code == 201

    assert repo.get(sources).content == b"sources"
    held = plane.versions("my-maven-repo", APP)["1.0"]
    assert {asset.name for asset in held.assets} == {"app-1.0.jar", "app-1.0-sources.jar"}


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512"])
def test_checksums_of_assets_are_served_though_never_stored(
    plane: DataPlane, repo: httpx.Client, algorithm: str
) -> None:
    """The service computes all four, whichever the client has sent."""
    deploy(repo)
    expected = hashlib.new(algorithm, b"classes").hexdigest()

    assert repo.put(f"{JAR}.{algorithm}", content=expected.encode()).status_code == 201
    assert repo.get(f"{JAR}.{algorithm}").text == expected

    (asset,) = plane.versions("my-maven-repo", APP)["1.0"].assets
    assert asset.name == "app-1.0.jar"


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512"])
def test_checksums_of_generated_metadata_are_those_of_what_is_served(
    repo: httpx.Client, algorithm: str
) -> None:
    """A client that verifies metadata finds it intact."""
    deploy(repo)

    document = repo.get(METADATA).content

    expected = hashlib.new(algorithm, document).hexdigest()
    assert repo.get(f"{METADATA}.{algorithm}").text == expected


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param("0" * 40, id="of other bytes"),
        pytest.param(SHA1.upper(), id="in upper case"),
        pytest.param("", id="empty"),
        pytest.param("\xff\x00", id="no text"),
    ],
)
def test_a_wrong_checksum_keeps_the_version_unfinished_until_the_right_one_arrives(
    plane: DataPlane, repo: httpx.Client, wrong: str
) -> None:
    """400 for the checksum, 400 for the metadata; then the right checksum heals it."""
    repo.put(JAR, content=b"classes")

    assert repo.put(f"{JAR}.sha1", content=wrong.encode()).status_code == 400
    assert repo.put(METADATA, content=listing("1.0")).status_code == 400
    assert plane.statuses("my-maven-repo", APP) == {"1.0": "Unfinished"}

    right = SHA1
    assert repo.put(f"{JAR}.sha1", content=right.encode()).status_code == 201
    assert repo.put(METADATA, content=listing("1.0")).status_code == 201
    assert plane.statuses("my-maven-repo", APP) == {"1.0": "Published"}


def test_a_right_checksum_does_not_make_up_for_a_wrong_one_of_another_algorithm(
    plane: DataPlane, repo: httpx.Client
) -> None:
    """Maven sends .md5 and .sha1: the version stays Unfinished while one of them is wrong."""
    repo.put(JAR, content=b"classes")
    assert repo.put(f"{JAR}.md5", content=b"0" * 32).status_code == 400
    assert repo.put(f"{JAR}.sha1", content=SHA1.encode()).status_code == 201

    assert repo.put(METADATA, content=listing("1.0")).status_code == 400
    assert plane.statuses("my-maven-repo", APP) == {"1.0": "Unfinished"}

    right = hashlib.md5(b"classes", usedforsecurity=False).hexdigest()
    assert repo.put(f"{JAR}.md5", content=right.encode()).status_code == 201
    assert repo.put(METADATA, content=listing("1.0")).status_code == 201


def test_metadata_publishes_nothing_of_a_package_that_blocks_publishing(
    plane: DataPlane, repo: httpx.Client
) -> None:
    """403: a version that was being uploaded when publishing was blocked stays Unfinished."""
    repo.put(JAR, content=b"classes")
    plane.restrict("my-maven-repo", APP, publish="BLOCK", upstream="ALLOW")

    assert repo.put(METADATA, content=listing("1.0")).status_code == 403

    assert plane.statuses("my-maven-repo", APP) == {"1.0": "Unfinished"}


def test_a_wrong_checksum_of_a_published_asset_changes_nothing(repo: httpx.Client) -> None:
    """400, and the computed checksum is served as before."""
    deploy(repo)

    assert repo.put(f"{JAR}.sha1", content=b"0" * 40).status_code == 400

    assert repo.get(JAR).content == b"classes"
    assert repo.get(f"{JAR}.sha1").text == SHA1


def test_a_checksum_before_its_asset_is_not_found(repo: httpx.Client) -> None:
    """Parallel uploaders see this 404."""
    assert repo.put(f"{JAR}.sha1", content=b"0" * 40).status_code == 404


def test_metadata_lists_published_versions_in_mavens_order(
    plane: DataPlane, repo: httpx.Client
) -> None:
    """1.10 comes after 1.9; an Unlisted version is served but not listed."""
    for version in ("1.10", "1.9", "2.0-beta-1", "1.8"):
        deploy(repo, version)
    statuses.set_status(
        plane.state,
        REPOSITORY,
        APP,
        ["1.8"],
        target="Unlisted",
    )

    document = repo.get(METADATA).content

    assert texts(document, "versioning/versions/version") == ["1.9", "1.10", "2.0-beta-1"]
    assert texts(document, "versioning/latest") == ["2.0-beta-1"]
    assert texts(document, "versioning/release") == ["2.0-beta-1"]
    assert texts(document, "versioning/lastUpdated")[0].isdecimal()
    assert repo.get(f"{ROOT}/1.8/app-1.8.jar").content == b"classes"


def test_metadata_is_merged_across_upstreams(plane: DataPlane) -> None:
    """A client sees its repository's versions and its upstreams', and downloads either."""
    plane.repository("shared")
    plane.repository("team", "shared")
    with plane.client("maven", "shared") as shared, plane.client("maven", "team") as team:
        deploy(shared, "1.0")
        plane.restrict("team", APP, publish="ALLOW", upstream="ALLOW")
        deploy(team, "1.1")

        listed = texts(team.get(METADATA).content, "versioning/versions/version")
        assert listed == ["1.0", "1.1"]
        assert team.get(JAR).content == b"classes"
    assert plane.statuses("team", APP) == {"1.1": "Published", "1.0": "Published"}


@pytest.mark.parametrize("status", ["Archived", "Disposed"])
def test_a_version_that_is_archived_or_disposed_of_still_occupies_its_name(
    plane: DataPlane, repo: httpx.Client, status: str
) -> None:
    """409 for every upload, 404 for every download (User Guide, package version status)."""
    deploy(repo)
    if status == "Archived":
        statuses.set_status(plane.state, REPOSITORY, APP, ["1.0"], target="Archived")
    else:
        statuses.dispose(plane.state, REPOSITORY, APP, ["1.0"])

    assert repo.put(JAR, content=b"classes").status_code == 409
    assert repo.put(f"{ROOT}/1.0/app-1.0.pom", content=b"<project/>").status_code == 409
    assert repo.get(JAR).status_code == 404
    assert repo.get(METADATA).status_code == 404
    assert plane.statuses("my-maven-repo", APP) == {"1.0": status}


def test_a_package_that_blocks_publishing_says_so(plane: DataPlane, repo: httpx.Client) -> None:
    """403, with the words that AWS's answer has."""
    plane.restrict("my-maven-repo", APP, publish="BLOCK", upstream="ALLOW")

    answer = repo.put(JAR, content=b"classes")

    assert answer.status_code == 403
    assert "This package is configured to block new versions" in answer.text
    assert plane.statuses("my-maven-repo", APP) == {}


def test_a_version_that_an_upstream_offers_is_refused(plane: DataPlane) -> None:
    """With publish and upstream allowed, publishing what is reachable is a conflict."""
    plane.repository("shared")
    plane.repository("team", "shared")
    plane.restrict("team", APP, publish="ALLOW", upstream="ALLOW")
    with plane.client("maven", "shared") as shared, plane.client("maven", "team") as team:
        deploy(shared)

        assert team.put(JAR, content=b"mine").status_code == 409
    assert plane.statuses("team", APP) == {}


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("app.jar", id="no directories"),
        pytest.param("com/mycompany/app/app.jar", id="no version directory"),
        pytest.param("com/mycompany/app/app/1.0/other-1.0.jar", id="another artifact's file"),
        pytest.param("com/mycompany/app/app/1.0/app-2.0.jar", id="another version's file"),
        pytest.param("com.mycompany/app/1.0/app-1.0.jar", id="a dot in the group's directory"),
        pytest.param("com/my company/app/1.0/app-1.0.jar", id="a space in the group"),
        pytest.param("", id="the endpoint itself"),
    ],
)
def test_an_upload_outside_mavens_layout_is_refused(repo: httpx.Client, path: str) -> None:
    """400, and no package comes of it."""
    assert repo.put(path, content=b"x").status_code == 400


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{}", id="no XML"),
        pytest.param(b"<metadata>", id="not closed"),
        pytest.param(b"<project/>", id="another document"),
        pytest.param(
            b'<!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
            b"<metadata><versioning><versions><version>&b;</version></versions></versioning>"
            b"</metadata>",
            id="an entity bomb",
        ),
        pytest.param(
            b'<!DOCTYPE m [<!ENTITY f SYSTEM "file:///etc/hostname">]>'
            b"<metadata><versioning><versions><version>&f;</version></versions></versioning>"
            b"</metadata>",
            id="an external entity",
        ),
    ],
)
def test_metadata_that_is_no_such_document_is_refused(
    plane: DataPlane, repo: httpx.Client, document: bytes
) -> None:
    """400, and no version is published by it."""
    repo.put(JAR, content=b"classes")

    assert repo.put(METADATA, content=document).status_code == 400

    assert plane.statuses("my-maven-repo", APP) == {"1.0": "Unfinished"}


def test_oversized_metadata_is_refused_and_the_connection_goes_on(
    plane: DataPlane, repo: httpx.Client
) -> None:
    """413 after the whole body was read: the next request on the connection is answered."""
    repo.put(JAR, content=b"classes")
    oversized = listing("1.0") + b" " * maven.MAX_METADATA

    assert repo.put(METADATA, content=oversized).status_code == 413

    assert plane.statuses("my-maven-repo", APP) == {"1.0": "Unfinished"}
    assert repo.put(METADATA, content=listing("1.0")).status_code == 201


def test_head_answers_as_get_without_a_body(repo: httpx.Client) -> None:
    """HEAD of an asset and of metadata; 404 for what is not there."""
    deploy(repo)

    assert repo.head(JAR).headers["content-length"] == "7"
    assert repo.head(METADATA).status_code == 200
    assert repo.head(METADATA).content == b""
    assert repo.head(f"{ROOT}/9/app-9.jar").status_code == 404


def test_other_methods_are_not_allowed(repo: httpx.Client) -> None:
    """405 with what is allowed: versions are deleted through the API only."""
    deploy(repo)

    answer = repo.delete(JAR)

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, PUT"
