"""Snapshots on the Maven endpoint: n builds are n+1 versions, and clients get the newest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from defusedxml import ElementTree

from emulator.core import statuses
from emulator.core.values import PackageId, RepositoryId
from tests.functional.emulator.data_plane import DOMAIN, DataPlane

if TYPE_CHECKING:
    import httpx

APP = PackageId("maven", "com.mycompany.app", "app")
ROOT = "com/mycompany/app/app"
FOLDER = f"{ROOT}/1.0-SNAPSHOT"
METADATA = f"{FOLDER}/maven-metadata.xml"
STAMPS = ("20260301.101500", "20260302.101500", "20260303.101500")


def build(number: int) -> str:
    """Return the build version of the n-th build."""
    return f"1.0-{STAMPS[number - 1]}-{number}"


def jar(number: int) -> str:
    """Return the file name of the n-th build's jar."""
    return f"app-{build(number)}.jar"


def metadata(number: int, *, timestamp: str | None = None, values: tuple[str, ...] = ()) -> bytes:
    """Return the snapshot-level metadata that points at the n-th build."""
    stamp = STAMPS[number - 1] if timestamp is None else timestamp
    builds = "".join(
        f"<snapshotVersion><extension>jar</extension><value>{value}</value></snapshotVersion>"
        for value in values or (build(number),)
    )
    return (
        "<metadata><groupId>com.mycompany.app</groupId><artifactId>app</artifactId>"
        "<version>1.0-SNAPSHOT</version><versioning><snapshot>"
        f"<timestamp>{stamp}</timestamp><buildNumber>{number}</buildNumber></snapshot>"
        f"<snapshotVersions>{builds}</snapshotVersions></versioning></metadata>"
    ).encode()


def upload(client: httpx.Client, number: int) -> None:
    """Upload the assets of the n-th build, not its metadata."""
    content = f"build {number}".encode()
    client.put(f"{FOLDER}/{jar(number)}", content=content).raise_for_status()
    client.put(f"{FOLDER}/app-{build(number)}.pom", content=b"<project/>").raise_for_status()


def deploy(client: httpx.Client, number: int) -> None:
    """Upload the n-th build and its metadata, as a Maven client does."""
    upload(client, number)
    client.put(METADATA, content=metadata(number)).raise_for_status()


def texts(document: bytes, path: str) -> list[str]:
    """Return the texts of the elements at *path*."""
    return [each.text or "" for each in ElementTree.fromstring(document).iterfind(path)]


@pytest.fixture
def repo(plane: DataPlane) -> Iterator[httpx.Client]:
    """A client of a fresh Maven repository."""
    plane.repository("my-maven-repo")
    with plane.client("maven", "my-maven-repo") as client:
        yield client


def test_a_build_is_unfinished_then_unlisted_and_the_snapshot_published(
    plane: DataPlane, repo: httpx.Client
) -> None:
    """The metadata publishes 1.0-SNAPSHOT with the build's assets and unlists the build."""
    upload(repo, 1)
    assert plane.statuses("my-maven-repo", APP) == {build(1): "Unfinished"}
    revision = plane.versions("my-maven-repo", APP)[build(1)].revision

    repo.put(METADATA, content=metadata(1)).raise_for_status()

    held = plane.versions("my-maven-repo", APP)
    assert plane.statuses("my-maven-repo", APP) == {
        build(1): "Unlisted",
        "1.0-SNAPSHOT": "Published",
    }
    assert held["1.0-SNAPSHOT"].assets == held[build(1)].assets
    assert held[build(1)].revision == revision


def test_the_old_build_is_served_until_the_metadata_of_the_new_one(
    repo: httpx.Client,
) -> None:
    """An upload in progress does not disturb anyone."""
    deploy(repo, 1)
    upload(repo, 2)

    assert repo.get(f"{FOLDER}/app-1.0-SNAPSHOT.jar").content == b"build 1"
    assert repo.get(f"{FOLDER}/{jar(2)}").status_code == 404


def test_a_snapshot_request_returns_the_newest_build(repo: httpx.Client) -> None:
    """By the name without a timestamp, by the timestamped name, with its checksum."""
    for number in (1, 2, 3):
        deploy(repo, number)

    assert repo.get(f"{FOLDER}/app-1.0-SNAPSHOT.jar").content == b"build 3"
    assert repo.get(f"{FOLDER}/{jar(3)}").content == b"build 3"
    expected = hashlib.sha1(b"build 3", usedforsecurity=False).hexdigest()
    assert repo.get(f"{FOLDER}/app-1.0-SNAPSHOT.jar.sha1").text == expected


@pytest.mark.parametrize("directory", ["1.0-SNAPSHOT", build(1)])
def test_a_certain_build_is_served_by_its_build_version(repo: httpx.Client, directory: str) -> None:
    """With the build version in the path, or as Maven asks for a pinned build."""
    for number in (1, 2):
        deploy(repo, number)

    assert repo.get(f"{ROOT}/{directory}/{jar(1)}").content == b"build 1"


def test_n_builds_are_n_plus_one_versions_and_builds_can_be_deleted(
    plane: DataPlane, repo: httpx.Client
) -> None:
    """DeletePackageVersions removes builds; the snapshot goes on being served."""
    for number in (1, 2, 3):
        deploy(repo, number)
    assert plane.statuses("my-maven-repo", APP) == {
        build(1): "Unlisted",
        build(2): "Unlisted",
        build(3): "Unlisted",
        "1.0-SNAPSHOT": "Published",
    }

    repository = RepositoryId(DOMAIN, "my-maven-repo")
    statuses.delete(plane.state, repository, APP, [build(1), build(2)], expected="Unlisted")

    assert set(plane.statuses("my-maven-repo", APP)) == {build(3), "1.0-SNAPSHOT"}
    assert repo.get(f"{FOLDER}/{jar(1)}").status_code == 404
    assert repo.get(f"{FOLDER}/app-1.0-SNAPSHOT.jar").content == b"build 3"


def test_the_metadata_of_the_newest_build_leaves_older_ones_to_the_publisher(
    plane: DataPlane, repo: httpx.Client
) -> None:
    """Publishing with curl: all assets, one metadata file, a status update."""
    for number in (1, 2, 3):
        upload(repo, number)
    repo.put(METADATA, content=metadata(3)).raise_for_status()

    assert plane.statuses("my-maven-repo", APP) == {
        build(1): "Unfinished",
        build(2): "Unfinished",
        build(3): "Unlisted",
        "1.0-SNAPSHOT": "Published",
    }

    statuses.set_status(
        plane.state,
        RepositoryId(DOMAIN, "my-maven-repo"),
        APP,
        [build(1), build(2)],
        target="Unlisted",
    )
    assert repo.get(f"{ROOT}/{build(1)}/{jar(1)}").content == b"build 1"


def test_clients_of_a_repository_get_the_upstreams_snapshot(plane: DataPlane) -> None:
    """Although R's is newer; its metadata names U's build too."""
    plane.repository("U1")
    plane.repository("R1", "U1")
    plane.restrict("R1", APP, publish="ALLOW", upstream="ALLOW")
    with plane.client("maven", "U1") as theirs, plane.client("maven", "R1") as ours:
        deploy(theirs, 1)
        deploy(ours, 2)

        assert ours.get(f"{FOLDER}/app-1.0-SNAPSHOT.jar").content == b"build 1"
        document = ours.get(METADATA).content
        assert texts(document, "versioning/snapshot/timestamp") == [STAMPS[0]]


def test_blocking_upstream_for_the_package_cures_it(plane: DataPlane) -> None:
    """R's clients get R's snapshot then."""
    plane.repository("U1")
    plane.repository("R1", "U1")
    plane.restrict("R1", APP, publish="ALLOW", upstream="BLOCK")
    with plane.client("maven", "U1") as theirs, plane.client("maven", "R1") as ours:
        deploy(theirs, 1)
        deploy(ours, 2)

        assert ours.get(f"{FOLDER}/app-1.0-SNAPSHOT.jar").content == b"build 2"
        document = ours.get(METADATA).content
        assert texts(document, "versioning/snapshot/timestamp") == [STAMPS[1]]


def test_snapshot_metadata_names_the_newest_build_and_each_of_its_assets(
    repo: httpx.Client,
) -> None:
    """A Maven client finds the next build number and the name of every asset."""
    deploy(repo, 1)
    upload(repo, 2)
    for name in ("sources.jar", "bin.tar.gz"):
        repo.put(f"{FOLDER}/app-{build(2)}-{name}", content=name.encode()).raise_for_status()
    repo.put(METADATA, content=metadata(2)).raise_for_status()

    document = repo.get(METADATA).content

    assert texts(document, "versioning/snapshot/buildNumber") == ["2"]
    assert texts(document, "versioning/lastUpdated") == [STAMPS[1].replace(".", "")]
    found = {
        (each.findtext("classifier"), each.findtext("extension"), each.findtext("value"))
        for each in ElementTree.fromstring(document).iterfind(
            "versioning/snapshotVersions/snapshotVersion"
        )
    }
    assert found == {
        (None, "jar", build(2)),
        (None, "pom", build(2)),
        ("sources", "jar", build(2)),
        ("bin", "tar.gz", build(2)),
    }
    assert repo.get(f"{METADATA}.sha256").text == hashlib.sha256(document).hexdigest()


def test_package_metadata_lists_the_snapshot_and_no_build(repo: httpx.Client) -> None:
    """Builds are Unlisted; there is no release."""
    deploy(repo, 1)
    deploy(repo, 2)

    document = repo.get(f"{ROOT}/maven-metadata.xml").content

    assert texts(document, "versioning/versions/version") == ["1.0-SNAPSHOT"]
    assert texts(document, "versioning/release") == []


def test_metadata_before_the_first_build_is_not_found(repo: httpx.Client) -> None:
    """A Maven client then starts with build 1."""
    assert repo.get(METADATA).status_code == 404
    assert repo.get(f"{METADATA}.sha1").status_code == 404


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(metadata(1, timestamp=STAMPS[1]), id="another build's timestamp"),
        pytest.param(metadata(1, timestamp=""), id="no timestamp"),
        pytest.param(metadata(1, timestamp="today"), id="a timestamp that is none"),
        pytest.param(metadata(1, values=("1.0-SNAPSHOT",)), id="no asset of the build"),
        pytest.param(metadata(2), id="a build without assets"),
        pytest.param(b"<metadata><versioning/></metadata>", id="no snapshot"),
        pytest.param(metadata(1)[:-10], id="cut short"),
    ],
)
def test_metadata_that_does_not_name_an_uploaded_build_is_refused(
    plane: DataPlane, repo: httpx.Client, document: bytes
) -> None:
    """400 (User Guide, snapshot publishing with curl); the build stays Unfinished."""
    upload(repo, 1)

    assert repo.put(METADATA, content=document).status_code == 400

    assert plane.statuses("my-maven-repo", APP) == {build(1): "Unfinished"}


@pytest.mark.parametrize(
    "file",
    [
        pytest.param("app-1.0-SNAPSHOT.jar", id="without a timestamp, as Maven 2 did"),
        pytest.param("app-1.0-20260301.101500.jar", id="without a build number"),
        pytest.param("app-2.0-20260301.101500-1.jar", id="of another base version"),
        pytest.param("other-1.0-20260301.101500-1.jar", id="of another artifact"),
        pytest.param(
            "app-1.0-\u0662\u0660260301.101500-1.jar", id="with digits that are not ASCII"
        ),
    ],
)
def test_snapshot_assets_that_are_no_timestamped_build_are_refused(
    plane: DataPlane, repo: httpx.Client, file: str
) -> None:
    """400: only unique snapshots are supported (User Guide, Maven snapshots)."""
    assert repo.put(f"{FOLDER}/{file}", content=b"x").status_code == 400
    assert plane.statuses("my-maven-repo", APP) == {}


def test_a_wrong_checksum_keeps_the_build_unfinished(plane: DataPlane, repo: httpx.Client) -> None:
    """The metadata is refused until the right checksum has come."""
    upload(repo, 1)
    assert repo.put(f"{FOLDER}/{jar(1)}.md5", content=b"0" * 32).status_code == 400
    assert repo.put(METADATA, content=metadata(1)).status_code == 400

    right = hashlib.md5(b"build 1", usedforsecurity=False).hexdigest()
    repo.put(f"{FOLDER}/{jar(1)}.md5", content=right.encode()).raise_for_status()
    repo.put(METADATA, content=metadata(1)).raise_for_status()

    assert plane.statuses("my-maven-repo", APP)["1.0-SNAPSHOT"] == "Published"


def test_an_archived_build_takes_no_further_upload(plane: DataPlane, repo: httpx.Client) -> None:
    """409, and nothing of it is served."""
    upload(repo, 1)
    statuses.set_status(
        plane.state, RepositoryId(DOMAIN, "my-maven-repo"), APP, [build(1)], target="Archived"
    )

    assert repo.put(f"{FOLDER}/app-{build(1)}-sources.jar", content=b"x").status_code == 409
    assert repo.get(f"{FOLDER}/{jar(1)}").status_code == 404
