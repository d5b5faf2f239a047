"""Public packages through the Maven and npm endpoints: listed, fetched, kept, out of reach."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from defusedxml import ElementTree

from emulator.core import repositories
from emulator.core.faults import Settings
from emulator.core.values import PackageId
from emulator.external.builtin import builtin
from emulator.external.maven_layout import MavenLayout
from tests.functional.emulator.data_plane import DataPlane

LODASH = PackageId("npm", "", "lodash")
LIBRARY = PackageId("maven", "org.example", "library")
ROOT = "org/example/library"
DEADLINE_SECONDS = 10
NPM_DOWN = Settings(external_connections={"public:npmjs": "down"})
MAVEN_DOWN = Settings(external_connections={"public:maven-central": "down"})


def until(condition: Callable[[], bool]) -> None:
    """Return when *condition* holds; fail after a deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the deadline has passed"
        time.sleep(0.01)


@pytest.fixture
def npm(plane: DataPlane) -> DataPlane:
    """``team`` with upstream ``npm-store``, which has the external connection to npm."""
    plane.state.public["public:npmjs"] = builtin("npm", because="of a test")
    store = plane.repository("npm-store")
    repositories.associate_external_connection(plane.state, store, "public:npmjs")
    plane.repository("team", "npm-store")
    return plane


@pytest.fixture
def maven(plane: DataPlane, tmp_path: Path) -> DataPlane:
    """``team`` with upstream ``central``, behind which lies a folder in Maven's layout."""
    files = {
        f"{ROOT}/maven-metadata.xml": "<metadata><versioning><versions><version>1.0</version>"
        "<version>2.0-SNAPSHOT</version></versions></versioning></metadata>",
        f"{ROOT}/1.0/library-1.0.jar": "public classes",
        f"{ROOT}/1.0/library-1.0.pom": "<project><artifactId>library</artifactId></project>",
        f"{ROOT}/2.0-SNAPSHOT/library-2.0-SNAPSHOT.jar": "unfinished business",
        f"{ROOT}/2.0-SNAPSHOT/library-2.0-20260301.101500-1.jar": "unfinished business",
        f"{ROOT}/2.0-SNAPSHOT/maven-metadata.xml": "<metadata/>",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    plane.state.public["public:maven-central"] = MavenLayout(tmp_path, "a folder")
    central = plane.repository("central")
    repositories.associate_external_connection(plane.state, central, "public:maven-central")
    plane.repository("team", "central")
    return plane


def newest(document: dict[str, dict[str, str]]) -> str:
    """Return what ``latest`` names."""
    return document["dist-tags"]["latest"]


def test_browsing_a_public_package_stores_nothing_and_fetching_it_does(
    npm: DataPlane,
) -> None:
    """Kept in the repository that was asked and in the one with the connection."""
    with npm.client("npm", "team") as client:
        document = client.get("lodash").json()
        assert len(document["versions"]) >= 2
        assert npm.statuses("team", LODASH) == {}

        version = document["versions"][newest(document)]
        tarball = client.get(version["dist"]["tarball"]).content

    assert hashlib.sha1(tarball, usedforsecurity=False).hexdigest() == version["dist"]["shasum"]
    kept = {newest(document): "Published"}
    until(lambda: npm.statuses("team", LODASH) == npm.statuses("npm-store", LODASH) == kept)


def test_what_is_stored_installs_while_the_public_repository_is_down(npm: DataPlane) -> None:
    """The packument lists what is kept; other versions are not found, later they are."""
    with npm.client("npm", "team") as client:
        document = client.get("lodash").json()
        kept = newest(document)
        other = next(version for version in document["versions"] if version != kept)
        client.get(f"lodash/-/lodash-{kept}.tgz").raise_for_status()
        until(lambda: kept in npm.statuses("team", LODASH))
        npm.state.faults.set(NPM_DOWN)

        assert client.get(f"lodash/-/lodash-{kept}.tgz").status_code == 200
        assert client.get(f"lodash/-/lodash-{other}.tgz").status_code == 404
        assert kept in client.get("lodash").json()["versions"]

        npm.state.faults.set(Settings())
        assert client.get(f"lodash/-/lodash-{other}.tgz").status_code == 200


def test_snapshots_never_come_through_an_external_connection(maven: DataPlane) -> None:
    """Neither listed nor served, whatever the public repository holds."""
    with maven.client("maven", "team") as client:
        listed = ElementTree.fromstring(client.get(f"{ROOT}/maven-metadata.xml").content)
        versions = [each.text for each in listed.iterfind("versioning/versions/version")]
        folder = f"{ROOT}/2.0-SNAPSHOT"

        assert versions == ["1.0"]
        assert client.get(f"{folder}/maven-metadata.xml").status_code == 404
        assert client.get(f"{folder}/library-2.0-SNAPSHOT.jar").status_code == 404
        assert client.get(f"{folder}/library-2.0-20260301.101500-1.jar").status_code == 404
    assert maven.statuses("team", LIBRARY) == {}
    assert maven.statuses("central", LIBRARY) == {}


def test_the_checksum_of_a_public_asset_is_computed_here(maven: DataPlane) -> None:
    """Also when it is asked for before the asset itself."""
    with maven.client("maven", "team") as client:
        checksum = client.get(f"{ROOT}/1.0/library-1.0.jar.sha256").text
        jar = client.get(f"{ROOT}/1.0/library-1.0.jar").content

    assert jar == b"public classes"
    assert checksum == hashlib.sha256(jar).hexdigest()
    until(lambda: maven.statuses("team", LIBRARY) == {"1.0": "Published"})


def test_publishing_a_version_that_the_public_repository_has_is_refused(
    maven: DataPlane,
) -> None:
    """409, also when the package's origin configuration lets both in."""
    maven.restrict("team", LIBRARY, publish="ALLOW", upstream="ALLOW")

    with maven.client("maven", "team") as client:
        answer = client.put(f"{ROOT}/1.0/library-1.0.jar", content=b"mine")

    assert answer.status_code == 409
    assert maven.statuses("team", LIBRARY) == {}


def test_in_an_outage_such_a_version_may_slip_through(maven: DataPlane) -> None:
    """Nobody can be asked, so the publication is accepted (User Guide)."""
    maven.restrict("team", LIBRARY, publish="ALLOW", upstream="ALLOW")
    maven.state.faults.set(MAVEN_DOWN)

    with maven.client("maven", "team") as client:
        answer = client.put(f"{ROOT}/1.0/library-1.0.jar", content=b"mine")

    assert answer.status_code == 201
    assert maven.statuses("team", LIBRARY) == {"1.0": "Unfinished"}
