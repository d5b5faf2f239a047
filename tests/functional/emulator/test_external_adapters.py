"""The adapters of public repositories, against a small index on the loopback interface."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from emulator.core.external import PublicAsset, PublicVersion, Unreachable, Withdrawn
from emulator.core.values import PackageId
from emulator.external.files import Directory
from emulator.external.maven_layout import MavenLayout
from emulator.external.npm_registry import NpmRegistry
from emulator.external.pypi_index import PyPIIndex
from tests.functional.emulator.public_index import Index

DEMO = PackageId("pypi", "", "demo")
SCOPED = PackageId("npm", "acme", "ui")
LIBRARY = PackageId("maven", "org.slf4j", "slf4j-api")
WHEEL = b"the bytes of a wheel"
METADATA = """<metadata><versioning><versions>
<version>2.0.12</version><version>2.0.13</version><version>2.1-SNAPSHOT</version>
</versions></versioning></metadata>"""


def test_a_json_project_page_gives_versions_files_hashes_times_and_yanks(index: Index) -> None:
    """PEP 691 and 700, with a file URL relative to the page."""
    digest = hashlib.sha256(WHEEL).hexdigest()
    page = {
        "meta": {"api-version": "1.1"},
        "name": "demo",
        "files": [
            {
                "filename": "demo-1.0-py3-none-any.whl",
                "url": "../../files/demo-1.0-py3-none-any.whl",
                "hashes": {"sha256": digest},
                "requires-python": ">=3.9",
                "size": len(WHEEL),
                "upload-time": "2021-07-13T14:55:06.123456Z",
                "yanked": "broken",
            },
            {"filename": "demo-1.0.exe", "url": "x", "hashes": {}},
        ],
    }
    index.answer("/simple/demo/", json.dumps(page), "application/vnd.pypi.simple.v1+json")
    index.answer("/files/demo-1.0-py3-none-any.whl", WHEEL)
    adapter = PyPIIndex(f"{index.url}/simple", "a test")

    found = adapter.package(DEMO)

    assert found is not None
    assert list(found.versions) == ["1.0"]
    (asset,) = found.versions["1.0"].assets
    assert asset.size == len(WHEEL)
    assert asset.hashes == {"sha256": digest}
    assert asset.published == datetime(2021, 7, 13, 14, 55, 6, 123456, UTC)
    assert asset.metadata["yanked"] == "broken"
    assert asset.metadata["requires-python"] == ">=3.9"
    assert b"".join(adapter.open(asset)) == WHEEL


def test_an_html_project_page_gives_the_same(index: Index) -> None:
    """PEP 503 with data-requires-python and data-yanked."""
    index.answer(
        "/simple/demo/",
        '<a href="/f/demo-1.0.tar.gz#sha256=ABCD" data-requires-python="&gt;=3.9"'
        ' data-yanked="">demo-1.0.tar.gz</a>',
        "text/html",
    )

    found = PyPIIndex(f"{index.url}/simple/", "a test").package(DEMO)

    assert found is not None
    (asset,) = found.versions["1.0"].assets
    assert asset.location == f"{index.url}/f/demo-1.0.tar.gz"
    assert asset.hashes == {"sha256": "abcd"}
    assert asset.metadata == {"yanked": True, "requires-python": ">=3.9"}


def test_a_packument_gives_versions_tags_times_and_hashes(index: Index) -> None:
    """A scoped package is asked for with %2f."""
    packument = {
        "name": "@acme/ui",
        "dist-tags": {"latest": "1.0.0"},
        "versions": {
            "1.0.0": {
                "name": "@acme/ui",
                "version": "1.0.0",
                "dist": {
                    "tarball": f"{index.url}/ui.tgz",
                    "shasum": "ab" * 20,
                    "integrity": "sha512-q6urqw==",
                },
            }
        },
        "time": {"1.0.0": "2021-02-20T15:42:16.891Z"},
    }
    index.answer("/@acme%2fui", json.dumps(packument), "application/json")
    index.answer("/ui.tgz", b"tar")
    adapter = NpmRegistry(index.url, "a test")

    found = adapter.package(SCOPED)

    assert found is not None
    assert found.metadata["dist-tags"] == {"latest": "1.0.0"}
    (asset,) = found.versions["1.0.0"].assets
    assert asset.name == "package.tgz"
    assert asset.hashes == {"sha1": "ab" * 20, "sha512": "abababab"}
    assert asset.published == datetime(2021, 2, 20, 15, 42, 16, 891000, UTC)
    assert b"".join(adapter.open(asset)) == b"tar"


def offer_library(index: Index) -> None:
    """Put a Maven version with a POM, a JAR and an unusual asset on the server."""
    base = "/org/slf4j/slf4j-api"
    index.answer(f"{base}/maven-metadata.xml", METADATA)
    modified = "Fri, 12 Apr 2024 19:14:08 GMT"
    for suffix in (".pom", ".jar", "-linux.jar"):
        name = f"{base}/2.0.13/slf4j-api-2.0.13{suffix}"
        index.answer(name, f"content of {suffix}", Last_Modified=modified)
    digest = hashlib.sha1(b"content of .jar").hexdigest()
    index.answer(f"{base}/2.0.13/slf4j-api-2.0.13.jar.sha1", f"{digest}  slf4j-api.jar\n")


def test_a_maven_repository_gives_releases_and_the_assets_of_the_usual_names(
    index: Index,
) -> None:
    """What exists of .pom, .jar, -javadoc.jar and -sources.jar; others by name; no snapshots."""
    offer_library(index)
    adapter = MavenLayout(index.url, "a test")

    found = adapter.package(LIBRARY)

    assert found is not None
    assert list(found.versions) == ["2.0.12", "2.0.13"]
    assets = adapter.assets(LIBRARY, found.versions["2.0.13"])
    assert [each.name for each in assets] == ["slf4j-api-2.0.13.pom", "slf4j-api-2.0.13.jar"]
    assert assets[1].hashes == {"sha1": hashlib.sha1(b"content of .jar").hexdigest()}
    assert assets[1].published == datetime(2024, 4, 12, 19, 14, 8, tzinfo=UTC)
    linux = adapter.asset(LIBRARY, "2.0.13", "slf4j-api-2.0.13-linux.jar")
    assert linux is not None
    assert b"".join(adapter.open(linux)) == b"content of -linux.jar"
    assert adapter.asset(LIBRARY, "2.1-SNAPSHOT", "slf4j-api-2.1-SNAPSHOT.jar") is None


def test_a_maven_directory_lists_all_its_assets_and_lets_nobody_out(tmp_path: Path) -> None:
    """All but checksums come in; paths stay below the folder; a gone folder is an outage."""
    folder = tmp_path / "org/slf4j/slf4j-api/2.0.13"
    folder.mkdir(parents=True)
    for suffix in (".pom", "-linux.jar", ".pom.sha1"):
        (folder / f"slf4j-api-2.0.13{suffix}").write_text(suffix)
    (tmp_path.parent / "secret").write_text("secret")
    adapter = MavenLayout(tmp_path, "a test")

    found = adapter.package(LIBRARY)

    assert found is not None
    assert list(found.versions) == ["2.0.13"]
    names = {each.name for each in adapter.assets(LIBRARY, PublicVersion("2.0.13"))}
    assert names == {"slf4j-api-2.0.13.pom", "slf4j-api-2.0.13-linux.jar"}
    with pytest.raises(Unreachable):
        list(adapter.open(PublicAsset("secret", "../secret")))
    with pytest.raises(Unreachable):
        MavenLayout(tmp_path / "gone", "a test").package(LIBRARY)


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b"oops"), (200, b"{not json"), (200, b"[]")],
    ids=["a server error", "a document that is cut off", "a document of another shape"],
)
def test_an_answer_that_is_no_packument_is_no_answer(
    index: Index, status: int, body: bytes
) -> None:
    """It is not taken for 'no such package'."""
    index.answers["/@acme%2fui"] = (status, {"Content-Type": "application/json"}, body)

    with pytest.raises(Unreachable):
        NpmRegistry(index.url, "a test").package(SCOPED)


def test_what_does_not_exist_is_none_and_what_does_not_answer_is_unreachable(
    index: Index,
) -> None:
    """404 is an answer; a closed port is none, and the message does not name the address."""
    assert PyPIIndex(f"{index.url}/simple/", "a test").package(DEMO) is None
    assert not PyPIIndex("http://user:secret@127.0.0.1:1/simple/", "a test").answers()

    with pytest.raises(Unreachable) as caught:
        PyPIIndex("http://user:secret@127.0.0.1:1/simple/", "a test").package(DEMO)
    assert "secret" not in str(caught.value)


def test_a_file_that_breaks_off_or_is_gone_says_so(index: Index) -> None:
    """A transfer that ends early is Unreachable, a listed file that is not there Withdrawn."""
    adapter = PyPIIndex(f"{index.url}/simple/", "a test")
    index.answer("/whole", b"all of it")
    index.truncated = True

    with pytest.raises(Unreachable):
        list(adapter.open(PublicAsset("whole", f"{index.url}/whole")))
    with pytest.raises(Withdrawn):
        list(adapter.open(PublicAsset("gone", f"{index.url}/gone")))


def test_an_entity_bomb_in_public_metadata_is_no_answer(index: Index) -> None:
    """It is refused, not expanded."""
    bomb = '<!DOCTYPE m [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><metadata>&b;</metadata>'
    index.answer("/org/slf4j/slf4j-api/maven-metadata.xml", bomb)

    with pytest.raises(Unreachable):
        MavenLayout(index.url, "a test").package(LIBRARY)


def test_names_lead_nowhere_but_below_the_base_url(index: Index) -> None:
    """Whatever a caller puts into a name: no query, no folder above, no other server."""
    index.answer("/registry/secret", json.dumps({"versions": {}}))
    index.answer("/maven-metadata.xml", METADATA)
    index.answer("/elsewhere/lib/maven-metadata.xml", METADATA)
    registry = NpmRegistry(f"{index.url}/registry", "a test")
    layout = MavenLayout(f"{index.url}/maven2", "a test")
    scheme, _, host = index.url.partition("://")

    assert registry.package(PackageId("npm", "", "..")) is None
    assert registry.package(PackageId("npm", "", "secret?write=true")) is None
    assert layout.package(PackageId("maven", f"{scheme}:..{host}.elsewhere", "lib")) is None
    with pytest.raises(Unreachable):
        layout.package(PackageId("maven", "a", "../.."))


def test_a_name_with_a_space_is_asked_for_as_a_url_has_it(index: Index) -> None:
    """And comes in under its own name."""
    index.answer("/maven2/org/slf4j/slf4j-api/2.0.12/a%20b.jar", b"bytes")
    layout = MavenLayout(f"{index.url}/maven2", "a test")

    asset = layout.asset(LIBRARY, "2.0.12", "a b.jar")

    assert asset is not None
    assert asset.name == "a b.jar"
    assert b"".join(layout.open(asset)) == b"bytes"


def test_a_name_that_no_file_can_have_is_not_there(tmp_path: Path) -> None:
    """Whoever asks for it learns the same of a folder and of a URL."""
    files, name = Directory(tmp_path), "a" * 300
    assert [files.read(name), files.describe(name), files.names(name)] == [None, None, None]
    with pytest.raises(Withdrawn):
        list(files.stream(name))
