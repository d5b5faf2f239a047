"""Which package, version and asset a Maven path means, and the metadata that names them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from emulator.core.values import PackageId
from emulator.formats import maven_layout, maven_metadata
from emulator.formats.maven_layout import AssetPath, MalformedPath

APP = PackageId("maven", "com.mycompany.app", "app")
BUILD = "1.0-20260301.101500-10"


@pytest.mark.parametrize(
    ("directory", "file", "build"),
    [
        ("1.0-SNAPSHOT", f"app-{BUILD}.jar", BUILD),
        ("1.0-SNAPSHOT", f"app-{BUILD}-sources.jar", BUILD),
        ("1.0-SNAPSHOT", f"app-{BUILD}", None),
        ("1.0-SNAPSHOT", "app-1.0-SNAPSHOT.jar", None),
        ("1.0-SNAPSHOT", "app-1.0-20260301.101500.jar", None),
        ("1.0-SNAPSHOT", "app-1x0-20260301.101500-10.jar", None),
        ("1.0", f"app-{BUILD}.jar", None),
    ],
)
def test_the_build_version_is_read_from_the_file_name(
    directory: str, file: str, build: str | None
) -> None:
    """Only in a snapshot's folder, and only a complete one."""
    assert AssetPath(APP, directory, file).build == build


@pytest.mark.parametrize(
    ("file", "asset"),
    [
        ("app-1.0-SNAPSHOT.jar", f"app-{BUILD}.jar"),
        ("app-1.0-SNAPSHOT-sources.jar", f"app-{BUILD}-sources.jar"),
        ("app-1.0-SNAPSHOT.war", None),
        (f"app-{BUILD}.jar", None),
    ],
)
def test_a_name_without_a_timestamp_means_the_newest_builds_asset(
    file: str, asset: str | None
) -> None:
    """With the same classifier and extension."""
    assets = [f"app-{BUILD}-sources.jar", f"app-{BUILD}.jar", f"app-{BUILD}.pom"]

    assert AssetPath(APP, "1.0-SNAPSHOT", file).newest_of(assets) == asset


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("com.mycompany/app/1.0/app-1.0.jar", id="a dot in the group"),
        pytest.param("com/my company/app/1.0/app-1.0.jar", id="a space in the group"),
        pytest.param("a/" * 200 + "app/1.0/app-1.0.jar", id="a group of 400 characters"),
    ],
)
def test_paths_with_impossible_names_are_malformed(path: str) -> None:
    """They match the layout, and the service model does not take their names."""
    match = re.fullmatch(maven_layout.ASSET, path)
    assert match is not None

    with pytest.raises(MalformedPath):
        maven_layout.asset(match.groupdict())


def test_metadata_is_escaped() -> None:
    """A version is any text without white space."""
    document = maven_metadata.package_metadata(
        APP, ["1.0<&>"], datetime(2026, 3, 1, 10, 15, tzinfo=UTC)
    )

    assert b"<version>1.0&lt;&amp;&gt;</version>" in document
    assert b"<lastUpdated>20260301101500</lastUpdated>" in document
