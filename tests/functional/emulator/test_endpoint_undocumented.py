"""Fetching from outside where AWS documents nothing: what an outage answers, when ingestion is."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from emulator.core import external, repositories
from emulator.core.faults import ConnectionHealth, Settings
from emulator.core.switches import SwitchValue
from emulator.core.values import PackageId
from emulator.external.maven_layout import MavenLayout
from tests.functional.emulator.data_plane import DataPlane
from tests.functional.emulator.test_endpoint_external import until

LIBRARY = PackageId("maven", "org.example", "library")
FOLDER = "org/example/library"
JAR, POM = f"{FOLDER}/1.0/library-1.0.jar", f"{FOLDER}/1.0/library-1.0.pom"
CENTRAL = "public:maven-central"
LATER = {"ingestsBeforeDownload": False}


@pytest.fixture
def maven(plane: DataPlane, tmp_path: Path) -> DataPlane:
    """``team`` with upstream ``central``, behind which lies a folder of two versions."""
    for version in ("1.0", "2.0"):
        for suffix in (".jar", ".pom"):
            file = tmp_path / f"{FOLDER}/{version}/library-{version}{suffix}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{suffix} of {version}")
    plane.state.public[CENTRAL] = MavenLayout(tmp_path, "a folder")
    central = plane.repository("central")
    repositories.associate_external_connection(plane.state, central, CENTRAL)
    plane.repository("team", "central")
    return plane


def switch(maven: DataPlane, down: bool = False, **values: SwitchValue) -> None:  # noqa: FBT001, FBT002  reads well by name
    """Set the switches, and whether the external connection is down."""
    health: dict[str, ConnectionHealth] = {CENTRAL: "down"} if down else {}
    maven.state.faults.set(Settings(switches=values, external_connections=health))


def read(location: str) -> httpx.Response:
    """Return what a pre-signed URL answers to whoever has it."""
    return httpx.get(location, trust_env=False)


def is_quiet(maven: DataPlane) -> bool:
    """Whether nothing is on its way in."""
    return not external.connection(maven.state, CENTRAL).imports.running


@pytest.mark.parametrize("status", [404, 502, 503, 504])
def test_what_only_an_outage_keeps_out_has_the_status_of_the_switch(
    maven: DataPlane, status: int
) -> None:
    """What is held is served all the same, and what nobody ever had is 404 once it is over."""
    with maven.client("maven", "team") as client:
        client.get(JAR).raise_for_status()
        until(lambda: maven.statuses("team", LIBRARY) == {"1.0": "Published"})
        switch(maven, down=True, unavailableConnectionStatus=status)

        assert client.get(JAR).status_code == 200
        assert client.get(f"{FOLDER}/2.0/library-2.0.jar").status_code == status
        assert client.get(f"{FOLDER}/1.0/library-1.0-linux.jar").status_code == status
        assert client.get(f"{FOLDER}/maven-metadata.xml").status_code == 200
        assert client.get("org/example/other/maven-metadata.xml").status_code == status

        switch(maven, unavailableConnectionStatus=status)
        assert client.get(f"{FOLDER}/2.0/library-2.0.jar").status_code == 200
        assert client.get(f"{FOLDER}/3.0/library-3.0.jar").status_code == 404
        assert client.get("org/example/other/maven-metadata.xml").status_code == 404


def test_a_redirect_that_is_not_followed_brings_the_version_in(maven: DataPlane) -> None:
    """As it is without the switch: the request itself begins the ingestion."""
    with maven.client("maven", "team") as client:
        assert client.get(JAR, follow_redirects=False).status_code == 302

    until(lambda: maven.statuses("team", LIBRARY) == {"1.0": "Published"})


def test_a_version_comes_in_with_the_download_under_the_switch(maven: DataPlane) -> None:
    """The redirect alone changes nothing; following it keeps the version, all of it, once."""
    switch(maven, **LATER)
    with maven.client("maven", "team") as client:
        redirect = client.get(JAR, follow_redirects=False)
        assert redirect.status_code == 302
        assert is_quiet(maven)
        assert maven.statuses("team", LIBRARY) == {}

    for _ in range(2):
        assert read(redirect.headers["location"]).text == ".jar of 1.0"

    until(lambda: maven.statuses("team", LIBRARY) == {"1.0": "Published"})
    assert maven.statuses("central", LIBRARY) == {"1.0": "Published"}
    held = maven.versions("team", LIBRARY)["1.0"]
    assert {each.name for each in held.assets} == {"library-1.0.jar", "library-1.0.pom"}


def test_an_asset_that_is_not_there_is_not_found_before_any_download(maven: DataPlane) -> None:
    """404 and no redirect, also under the switch."""
    switch(maven, **LATER)
    with maven.client("maven", "team") as client:
        assert client.get(f"{FOLDER}/3.0/library-3.0.jar").status_code == 404


def test_a_download_that_is_promised_fails_in_an_outage(maven: DataPlane) -> None:
    """502 of the pre-signed URL; nothing is stored, and the same URL works when it is over."""
    switch(maven, **LATER)
    with maven.client("maven", "team") as client:
        location = client.get(JAR, follow_redirects=False).headers["location"]
    switch(maven, down=True, **LATER)
    assert read(location).status_code == 502
    assert maven.statuses("team", LIBRARY) == {}

    switch(maven, **LATER)
    assert read(location).text == ".jar of 1.0"
    until(lambda: maven.statuses("team", LIBRARY) == {"1.0": "Published"})


def test_an_asset_without_a_redirect_is_its_own_download(maven: DataPlane) -> None:
    """With ``redirectStatus`` 200 there is no URL that anyone could leave unread."""
    switch(maven, redirectStatus=200, **LATER)
    with maven.client("maven", "team") as client:
        assert client.get(POM).text == ".pom of 1.0"

    until(lambda: maven.statuses("team", LIBRARY) == {"1.0": "Published"})


def test_a_checksum_brings_its_asset_in(maven: DataPlane) -> None:
    """It is computed from the asset, whose download nobody else would begin."""
    switch(maven, **LATER)
    with maven.client("maven", "team") as client:
        assert len(client.get(f"{JAR}.sha1").text) == 40

    until(lambda: maven.statuses("team", LIBRARY) == {"1.0": "Published"})
