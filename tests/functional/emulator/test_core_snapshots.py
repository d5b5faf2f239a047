"""Maven releases and snapshots, straight on the core."""

from __future__ import annotations

import pytest

from emulator.core import metadata, packages, snapshots, versions, xml_documents
from emulator.core.errors import Conflict, ResourceNotFound, Validation
from emulator.core.values import Status, Version
from tests.functional.emulator.local_core import MAVEN, REPOSITORY, Core

ALIAS = "1.0-SNAPSHOT"
BUILDS = ["1.0-20210728.194552-1", "1.0-20210729.010000-2", "1.0-20210730.020000-10"]
POM = """<project xmlns="urn:a-namespace">
  <parent><groupId>com.mycompany</groupId><artifactId>parent</artifactId><version>3</version></parent>
  <artifactId>pkg</artifactId><description>A package</description><url>https://example.com</url>
  <licenses><license><name>Apache-2.0</name><url>https://example.com/l</url></license></licenses>
  <scm><url>https://example.com/scm</url></scm> <dependencies>
    <dependency><groupId>junit</groupId><artifactId>junit</artifactId><version>4.13</version>
      <scope>test</scope></dependency>
    <dependency><groupId>g</groupId><artifactId>plain</artifactId><version>[1,2)</version></dependency>
    <dependency><groupId>g</groupId><artifactId>maybe</artifactId><optional>true</optional></dependency>
  </dependencies>
</project>"""
BOMB = """<!DOCTYPE metadata [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<metadata><versioning><versions><version>&b;</version></versions></versioning></metadata>"""


def put(core: Core, directory: str, name: str, content: str = "") -> Version:
    """Upload one file, as PUT does."""
    blob = core.state.assets.store((content or name).encode())
    return snapshots.put_asset(core.state, REPOSITORY, MAVEN, directory, name, blob)


def put_build(core: Core, build: str) -> None:
    """Upload the jar and the POM of a build."""
    put(core, ALIAS, f"pkg-{build}.jar")
    put(core, ALIAS, f"pkg-{build}.pom", POM)


def snapshot_xml(build: str, *, values: list[str] | None = None) -> bytes:
    """Return the metadata that a client sends after *build*."""
    _, timestamp, number = build.split("-")
    named = [build] if values is None else values
    each = "".join(
        f"<snapshotVersion><extension>jar</extension><value>{value}</value></snapshotVersion>"
        for value in named
    )
    return (
        "<metadata><versioning><snapshot>"
        f"<timestamp>{timestamp}</timestamp><buildNumber>{number}</buildNumber></snapshot>"
        f"<snapshotVersions>{each}</snapshotVersions></versioning></metadata>"
    ).encode()


def put_metadata(core: Core, build: str) -> Version | None:
    """Upload the snapshot metadata that names *build*."""
    return snapshots.put_metadata(core.state, REPOSITORY, MAVEN, ALIAS, snapshot_xml(build))


def release_xml(*listed: str) -> bytes:
    """Return artifact-level metadata."""
    each = "".join(f"<version>{version}</version>" for version in listed)
    return f"<metadata><versioning><versions>{each}</versions></versioning></metadata>".encode()


def test_a_release_is_unfinished_until_its_metadata_arrives(core: Core) -> None:
    """Then it is Published, with the same revision."""
    before = put(core, "1.0", "pkg-1.0.jar")
    assert before.status == "Unfinished"
    put(core, "2.0", "pkg-2.0.jar")
    finished = snapshots.put_package_metadata(core.state, REPOSITORY, MAVEN, release_xml("1.0"))
    assert finished == ["1.0"]
    assert core.statuses(MAVEN) == {"1.0": "Published", "2.0": "Unfinished"}
    after = versions.describe(core.state, REPOSITORY, MAVEN, "1.0")
    assert after.revision == before.revision


def test_n_builds_are_n_plus_1_versions(core: Core) -> None:
    """Each deploy: build Unfinished, then Unlisted, and the alias holds its assets."""
    expected: dict[str, Status] = {}
    for build in BUILDS:
        put_build(core, build)
        assert core.statuses(MAVEN)[build] == "Unfinished"
        before = versions.describe(core.state, REPOSITORY, MAVEN, build)
        put_metadata(core, build)
        expected |= {build: "Unlisted", ALIAS: "Published"}
        assert core.statuses(MAVEN) == expected
        after = versions.describe(core.state, REPOSITORY, MAVEN, build)
        alias = versions.describe(core.state, REPOSITORY, MAVEN, ALIAS)
        assert after.revision == before.revision
        assert alias.revision != after.revision
        assert alias.assets == after.assets
        assert [asset.name for asset in alias.assets] == [f"pkg-{build}.jar", f"pkg-{build}.pom"]
        assert versions.default_display_version(core.state, REPOSITORY, MAVEN) == ALIAS
    assert len(core.statuses(MAVEN)) == len(BUILDS) + 1


def test_before_the_first_metadata_there_is_no_alias(core: Core) -> None:
    """Only the Unfinished build, and no default display version."""
    put_build(core, BUILDS[0])
    assert core.statuses(MAVEN) == {BUILDS[0]: "Unfinished"}
    assert versions.default_display_version(core.state, REPOSITORY, MAVEN) is None


def test_publishing_with_curl_leaves_older_builds_unfinished(core: Core) -> None:
    """Only the newest build's metadata arrives: the older ones stay for someone to unlist."""
    for build in BUILDS:
        put_build(core, build)
    put_metadata(core, BUILDS[-1])
    unfinished: dict[str, Status] = dict.fromkeys(BUILDS[:-1], "Unfinished")
    assert core.statuses(MAVEN) == unfinished | {BUILDS[-1]: "Unlisted", ALIAS: "Published"}


def test_the_switch_publishes_older_builds_of_the_same_snapshot(core: Core) -> None:
    """With curlOlderBuilds=Published, but not those of another base version."""
    core.switch(curlOlderBuilds="Published")
    put_build(core, BUILDS[0])
    put(core, "2.0-SNAPSHOT", "pkg-2.0-20210101.000000-1.jar")
    put_build(core, BUILDS[1])
    put_metadata(core, BUILDS[1])
    found = core.statuses(MAVEN)
    assert found[BUILDS[0]] == "Published"
    assert found["2.0-20210101.000000-1"] == "Unfinished"


def test_the_same_metadata_again_changes_nothing(core: Core) -> None:
    """No event, no new revision of the alias."""
    put_build(core, BUILDS[0])
    first = put_metadata(core, BUILDS[0])
    count = len(core.delivered())
    assert put_metadata(core, BUILDS[0]) == first
    assert len(core.delivered()) == count


def test_events_of_a_snapshot_deploy_say_what_happened(core: Core) -> None:
    """Created and Updated for the assets, Created for the alias, Updated for the unlisted build."""
    put_build(core, BUILDS[0])
    put_metadata(core, BUILDS[0])
    seen = [
        (each["packageVersion"], each["operationType"], each["packageVersionState"])
        for each in core.delivered()
    ]
    assert seen == [
        (BUILDS[0], "Created", "Unfinished"),
        (BUILDS[0], "Updated", "Unfinished"),
        (ALIAS, "Created", "Published"),
        (BUILDS[0], "Updated", "Unlisted"),
    ]
    assert [each["sequenceNumber"] for each in core.delivered()] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("directory", "name"),
    [
        pytest.param(ALIAS, "pkg-1.0-SNAPSHOT.jar", id="a non-unique snapshot"),
        pytest.param(ALIAS, "pkg-1.0-20210728.194552.jar", id="no build number"),
        pytest.param(ALIAS, "pkg-2.0-20210728.194552-1.jar", id="a build of another base version"),
        pytest.param(ALIAS, "other-1.0-20210728.194552-1.jar", id="another artifact"),
        pytest.param("1.0", "pkg-2.0.jar", id="another version"),
        pytest.param(ALIAS, "pkg-1.0-٢٠٢١٠٧٢٨.194552-1.jar", id="digits that are not ASCII"),
    ],
)
def test_a_file_that_breaks_the_layout_is_refused(core: Core, directory: str, name: str) -> None:
    """400, and no package comes into being."""
    with pytest.raises(Validation):
        put(core, directory, name)
    assert packages.find(core.state, REPOSITORY, MAVEN) is None


@pytest.mark.parametrize(
    "xml",
    [
        pytest.param(snapshot_xml(BUILDS[1]), id="a build without assets"),
        pytest.param(snapshot_xml(BUILDS[0], values=[]), id="no asset of the build is named"),
        pytest.param(b"<metadata/>", id="no timestamp"),
        pytest.param(b"<project/>", id="another document"),
        pytest.param(b"<metadata>", id="not well-formed"),
        pytest.param(b"", id="nothing"),
        pytest.param(BOMB.encode(), id="an entity bomb"),
        pytest.param(b" " * (xml_documents.MAX_BYTES + 1), id="too large"),
    ],
)
def test_bad_snapshot_metadata_is_refused_and_changes_nothing(core: Core, xml: bytes) -> None:
    """The build stays Unfinished, the alias does not come into being."""
    put_build(core, BUILDS[0])
    with pytest.raises(Validation):
        snapshots.put_metadata(core.state, REPOSITORY, MAVEN, ALIAS, xml)
    assert core.statuses(MAVEN) == {BUILDS[0]: "Unfinished"}


def test_an_entity_bomb_in_the_artifact_metadata_is_refused(core: Core) -> None:
    """Entities are not expanded, whatever they would say."""
    put(core, "1.0", "pkg-1.0.jar")
    with pytest.raises(Validation, match="cannot be parsed"):
        snapshots.put_package_metadata(core.state, REPOSITORY, MAVEN, BOMB.encode())
    assert core.statuses(MAVEN) == {"1.0": "Unfinished"}


def test_a_wrong_checksum_keeps_the_version_unfinished_until_the_right_one(core: Core) -> None:
    """400 for the checksum, 400 for the metadata, then both pass."""
    version = put(core, "1.0", "pkg-1.0.jar")
    right = version.assets[0].blob.sha1

    def send(checksum: str) -> None:
        snapshots.put_checksum(
            core.state,
            REPOSITORY,
            MAVEN,
            "1.0",
            "pkg-1.0.jar",
            algorithm="sha1",
            checksum=checksum,
        )

    with pytest.raises(Validation, match="Checksum mismatch"):
        send(right.upper())
    with pytest.raises(Validation, match="does not match"):
        snapshots.put_package_metadata(core.state, REPOSITORY, MAVEN, release_xml("1.0"))
    assert core.statuses(MAVEN) == {"1.0": "Unfinished"}
    send(f"{right}  pkg-1.0.jar\n")
    snapshots.put_package_metadata(core.state, REPOSITORY, MAVEN, release_xml("1.0"))
    assert core.statuses(MAVEN) == {"1.0": "Published"}


def test_a_checksum_before_its_asset_is_not_found(core: Core) -> None:
    """404, as parallel uploaders see it."""
    with pytest.raises(ResourceNotFound):
        snapshots.put_checksum(
            core.state, REPOSITORY, MAVEN, "1.0", "pkg-1.0.jar", algorithm="md5", checksum="x"
        )


def test_the_switch_leaves_versions_unfinished(core: Core) -> None:
    """With mavenMetadataSometimesLeavesUnfinished=always the upload does nothing."""
    core.switch(mavenMetadataSometimesLeavesUnfinished="always")
    put(core, "2.0", "pkg-2.0.jar")
    assert snapshots.put_package_metadata(core.state, REPOSITORY, MAVEN, release_xml("2.0")) == []
    put_build(core, BUILDS[0])
    assert put_metadata(core, BUILDS[0]) is None
    assert core.statuses(MAVEN) == {"2.0": "Unfinished", BUILDS[0]: "Unfinished"}


def test_deleting_a_build_leaves_the_alias_unless_switched(core: Core) -> None:
    """Build and alias are separate versions; the switch makes them share their fate."""
    for build in BUILDS[:2]:
        put_build(core, build)
        put_metadata(core, build)
    versions.delete(core.state, REPOSITORY, MAVEN, [BUILDS[0]], expected="Unlisted")
    assert len(versions.describe(core.state, REPOSITORY, MAVEN, ALIAS).assets) == 2
    core.switch(deletingBuildAffectsAlias=True)
    versions.delete(core.state, REPOSITORY, MAVEN, [BUILDS[1]])
    assert versions.describe(core.state, REPOSITORY, MAVEN, ALIAS).assets == ()


def test_deleting_the_alias_leaves_the_builds(core: Core) -> None:
    """And the next metadata brings it back."""
    put_build(core, BUILDS[0])
    put_metadata(core, BUILDS[0])
    versions.delete(core.state, REPOSITORY, MAVEN, [ALIAS])
    assert core.statuses(MAVEN) == {BUILDS[0]: "Unlisted"}
    put_metadata(core, BUILDS[0])
    assert core.statuses(MAVEN)[ALIAS] == "Published"


def test_a_disposed_alias_refuses_metadata(core: Core) -> None:
    """Only deleting may follow Disposed."""
    put_build(core, BUILDS[0])
    put_metadata(core, BUILDS[0])
    versions.dispose(core.state, REPOSITORY, MAVEN, [ALIAS])
    put_build(core, BUILDS[1])
    with pytest.raises(Conflict):
        put_metadata(core, BUILDS[1])
    assert core.statuses(MAVEN)[BUILDS[1]] == "Unfinished"


def test_the_pom_describes_the_version(core: Core) -> None:
    """Summary, pages, licences and dependencies, parent included, parents not resolved."""
    put(core, "1.0", "pkg-1.0.jar")
    found = metadata.of(put(core, "1.0", "pkg-1.0.pom", POM))
    assert (found.summary, found.home_page) == ("A package", "https://example.com")
    assert found.source_code_repository == "https://example.com/scm"
    assert [each.name for each in found.licenses] == ["Apache-2.0"]
    assert [
        (each.namespace, each.package, each.dependency_type, each.version_requirement)
        for each in found.dependencies
    ] == [
        ("com.mycompany", "parent", "parent", "3"),
        ("junit", "junit", "test", "4.13"),
        ("g", "plain", "compile", "[1,2)"),
        ("g", "maybe", "optional", ""),
    ]


@pytest.mark.parametrize("content", [BOMB, "no xml", "<metadata/>"])
def test_a_pom_that_cannot_be_read_is_an_asset_all_the_same(core: Core, content: str) -> None:
    """It describes nothing."""
    version = put(core, "1.0", "pkg-1.0.pom", content)
    assert metadata.of(version) == metadata.Description()


@pytest.mark.parametrize(
    ("version", "base"),
    [
        ("1.0-20210728.194552-1", "1.0"),
        ("1.0-rc-1-20210728.194552-12", "1.0-rc-1"),
        ("1.0-20210728.194552", None),
        ("1.0-SNAPSHOT", None),
        ("1.0", None),
    ],
)
def test_only_timestamped_versions_are_builds(version: str, base: str | None) -> None:
    """The grammar of build versions."""
    assert snapshots.base_of(version) == base
