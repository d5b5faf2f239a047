"""What package managers see of package groups: refused publishes, and what is out of reach."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from defusedxml import ElementTree

from emulator.core import packages
from emulator.core.faults import Settings
from emulator.core.values import PackageId
from emulator.external.archives import Project, wheel
from tests.functional.emulator import npm_uploads
from tests.functional.emulator.data_plane import DataPlane
from tests.functional.emulator.group_controls import control, let_in_only
from tests.functional.emulator.public_repository import Company, FakeRepository

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.functional.local_codeartifact import Local

NPM = npm_uploads.APP
PYPI = PackageId("pypi", "", "demo-app")
MAVEN = PackageId("maven", "com.mycompany.app", "app")
GROUPS = {
    "npm": "/npm/mycompany/*",
    "pypi": "/pypi//demo-app$",
    "maven": "/maven/com.mycompany~",
}
PACKAGES = {"npm": NPM, "pypi": PYPI, "maven": MAVEN}

ROOT = "com/mycompany/app/app"
JAR = f"{ROOT}/1.0.0/app-1.0.0.jar"
BUILD = "1.0-20260301.101500-1"
FOLDER = f"{ROOT}/1.0-SNAPSHOT"
WHEEL = "demo_app-1.0.0-py3-none-any.whl"
RELEASES = (
    b"<metadata><versioning><versions><version>1.0.0</version></versions></versioning></metadata>"
)
SNAPSHOT = (
    "<metadata><version>1.0-SNAPSHOT</version><versioning><snapshot>"
    "<timestamp>20260301.101500</timestamp><buildNumber>1</buildNumber></snapshot>"
    "<snapshotVersions><snapshotVersion><extension>jar</extension>"
    f"<value>{BUILD}</value></snapshotVersion></snapshotVersions></versioning></metadata>"
).encode()


def publish_npm(client: httpx.Client) -> httpx.Response:
    """Publish as npm does."""
    return client.put(npm_uploads.PATH, json=npm_uploads.body("1.0.0"))


def publish_pypi(client: httpx.Client) -> httpx.Response:
    """Publish as twine does."""
    form = {
        ":action": "file_upload",
        "protocol_version": "1",
        "name": "Demo.App",
        "version": "1.0.0",
        "requires_python": ">=3.9",
    }
    content = wheel(Project("Demo.App", "1.0.0", ">=3.9", ()))
    return client.post("", data=form, files={"content": (WHEEL, content)})


def publish_maven(client: httpx.Client) -> httpx.Response:
    """Publish the first file of a release, and if that is taken its metadata."""
    answer = client.put(JAR, content=b"classes")
    if answer.is_success:
        client.put(f"{ROOT}/maven-metadata.xml", content=RELEASES).raise_for_status()
    return answer


PUBLISH: dict[str, Callable[[httpx.Client], httpx.Response]] = {
    "npm": publish_npm,
    "pypi": publish_pypi,
    "maven": publish_maven,
}
PAGES = {
    "npm": npm_uploads.PATH,
    "pypi": "simple/demo-app/",
    "maven": f"{ROOT}/maven-metadata.xml",
}
FILES = {
    "npm": f"{npm_uploads.NAME}/-/app-1.0.0.tgz",
    "pypi": f"simple/demo-app/1.0.0/{WHEEL}",
    "maven": JAR,
}


@pytest.mark.parametrize("fmt", PUBLISH)
@pytest.mark.parametrize("where", ["its own group", "the root group"])
def test_a_publish_that_a_group_blocks_is_refused_in_words_that_name_the_group(
    plane: DataPlane, fmt: str, where: str
) -> None:
    """403 as for a package's own BLOCK; nothing is stored, not even a package."""
    repository = plane.repository("team")
    control(plane.state, GROUPS[fmt], {})
    pattern = GROUPS[fmt] if where == "its own group" else "/*"
    control(plane.state, pattern, {"PUBLISH": "BLOCK"})

    with plane.client(fmt, "team") as client:
        answer = PUBLISH[fmt](client)

    assert answer.status_code == 403
    message = answer.json()["error"] if fmt == "npm" else answer.text
    assert "This package is configured to block new versions" in message
    assert GROUPS[fmt] in message
    assert packages.find(plane.state, repository, PACKAGES[fmt]) is None


@pytest.mark.parametrize("fmt", PUBLISH)
def test_a_list_of_repositories_takes_publishes_to_these_only(plane: DataPlane, fmt: str) -> None:
    """ALLOW_SPECIFIC_REPOSITORIES of PUBLISH."""
    for name in ("releases", "team"):
        plane.repository(name)
    let_in_only(plane.state, GROUPS[fmt], "PUBLISH", "releases")

    with plane.client(fmt, "releases") as releases, plane.client(fmt, "team") as team:
        assert PUBLISH[fmt](releases).is_success
        assert PUBLISH[fmt](team).status_code == 403

    assert plane.statuses("releases", PACKAGES[fmt]) == {"1.0.0": "Published"}
    assert plane.statuses("team", PACKAGES[fmt]) == {}


@pytest.mark.parametrize("status", [409, 400])
def test_a_groups_refusal_may_have_another_status(plane: DataPlane, status: int) -> None:
    """The switch ``blockedPublishStatus``."""
    plane.repository("team")
    control(plane.state, GROUPS["maven"], {"PUBLISH": "BLOCK"})
    plane.state.faults.set(Settings(switches={"blockedPublishStatus": status}))

    with plane.client("maven", "team") as client:
        assert client.put(JAR, content=b"x").status_code == status


def test_a_publish_whose_name_only_resembles_a_groups_is_refused(plane: DataPlane) -> None:
    """The typosquat guard: one's own variation needs a group of its own."""
    plane.repository("team")
    control(plane.state, "/maven/com.mycompany.app/app$", {"PUBLISH": "ALLOW"})
    path = "com/mycompany/app/APP/1.0.0/APP-1.0.0.jar"

    with plane.client("maven", "team") as client:
        answer = client.put(path, content=b"x")
        assert answer.status_code == 403
        assert "/maven/com.mycompany.app/app$" in answer.text
        assert "resembles" in answer.text
        control(plane.state, "/maven/com.mycompany.app/APP$", {})
        assert client.put(path, content=b"x").status_code == 201


def test_a_snapshot_is_refused_with_its_build_and_with_its_metadata(plane: DataPlane) -> None:
    """A group that closes between the two leaves the build Unfinished, and no snapshot."""
    plane.repository("team")
    jar = f"{FOLDER}/app-{BUILD}.jar"
    with plane.client("maven", "team") as client:
        control(plane.state, GROUPS["maven"], {"PUBLISH": "BLOCK"})
        assert client.put(jar, content=b"build").status_code == 403
        assert client.put(f"{FOLDER}/maven-metadata.xml", content=SNAPSHOT).status_code == 403
        control(plane.state, GROUPS["maven"], {"PUBLISH": "ALLOW"})
        assert client.put(jar, content=b"build").status_code == 201
        control(plane.state, GROUPS["maven"], {"PUBLISH": "BLOCK"})
        assert client.put(f"{FOLDER}/maven-metadata.xml", content=SNAPSHOT).status_code == 403

    assert plane.statuses("team", MAVEN) == {BUILD: "Unfinished"}


def test_the_metadata_of_a_release_finishes_nothing_once_the_group_is_closed(
    plane: DataPlane,
) -> None:
    """403, as for a package's own BLOCK."""
    plane.repository("team")
    with plane.client("maven", "team") as client:
        client.put(JAR, content=b"classes").raise_for_status()
        control(plane.state, GROUPS["maven"], {"PUBLISH": "BLOCK"})
        assert client.put(f"{ROOT}/maven-metadata.xml", content=RELEASES).status_code == 403

    assert plane.statuses("team", MAVEN) == {"1.0.0": "Unfinished"}


@pytest.mark.parametrize("fmt", PUBLISH)
def test_an_upstreams_version_is_neither_listed_nor_served_where_the_group_does_not_let_it_in(
    plane: DataPlane, fmt: str
) -> None:
    """404 for the page and for the file; once it is let in, both are there, and stay served."""
    plane.repository("shared")
    plane.repository("team", "shared")
    plane.repository("other", "shared")
    with plane.client(fmt, "shared") as shared:
        assert PUBLISH[fmt](shared).is_success
    let_in_only(plane.state, GROUPS[fmt], "INTERNAL_UPSTREAM", "other")

    with plane.client(fmt, "team") as team, plane.client(fmt, "other") as other:
        for path in (PAGES[fmt], FILES[fmt]):
            assert team.get(path).status_code == 404
            assert other.get(path).status_code == 200
        control(plane.state, GROUPS[fmt], {"INTERNAL_UPSTREAM": "BLOCK"})
        for path in (PAGES[fmt], FILES[fmt]):
            assert other.get(path).status_code == 200
    assert plane.statuses("team", PACKAGES[fmt]) == {}
    assert plane.statuses("other", PACKAGES[fmt]) == {"1.0.0": "Published"}


def test_pages_merge_only_what_is_reachable(plane: DataPlane) -> None:
    """Of a repository's own versions and its upstream's, the own ones are left."""
    plane.repository("shared")
    plane.repository("team", "shared")
    with plane.client("npm", "shared") as shared, plane.client("npm", "team") as team:
        npm_uploads.publish(shared, "1.0.0")
        npm_uploads.publish(team, "2.0.0")
        plane.restrict("team", NPM, publish="ALLOW", upstream="ALLOW")
        both = team.get(npm_uploads.PATH).json()
        control(plane.state, GROUPS["npm"], {"INTERNAL_UPSTREAM": "BLOCK"})
        own = team.get(npm_uploads.PATH).json()
        tags = team.get(f"-/package/{npm_uploads.PATH}/dist-tags").json()

    assert (set(both["versions"]), both["dist-tags"]) == ({"1.0.0", "2.0.0"}, {"latest": "1.0.0"})
    assert (set(own["versions"]), own["dist-tags"]) == ({"2.0.0"}, {"latest": "2.0.0"})
    assert tags == {"latest": "2.0.0"}


def test_maven_metadata_lists_only_what_is_reachable(plane: DataPlane) -> None:
    """The merged list loses the upstream's versions."""
    plane.repository("shared")
    plane.repository("team", "shared")
    plane.restrict("team", MAVEN, publish="ALLOW", upstream="ALLOW")
    newer = JAR.replace("1.0.0", "2.0.0")
    with plane.client("maven", "shared") as shared, plane.client("maven", "team") as team:
        publish_maven(shared)
        team.put(newer, content=b"classes").raise_for_status()
        listing = RELEASES.replace(b"1.0.0", b"2.0.0")
        team.put(PAGES["maven"], content=listing).raise_for_status()
        both = team.get(PAGES["maven"]).content
        control(plane.state, GROUPS["maven"], {"INTERNAL_UPSTREAM": "BLOCK"})
        own = team.get(PAGES["maven"]).content

    versions = [
        [each.text for each in ElementTree.fromstring(page).iterfind("versioning/versions/version")]
        for page in (both, own)
    ]
    assert versions == [["1.0.0", "2.0.0"], ["2.0.0"]]


def test_an_internal_name_that_also_exists_outside_gives_clients_only_ours(
    plane: DataPlane,
) -> None:
    """Dependency confusion: a higher public version is neither listed nor served."""
    company = Company.with_store(plane.state, FakeRepository("npm"), "public:npmjs")
    plane.repository("team", "store")
    company.public.offer(NPM, "99.0.0", "package.tgz")
    plane.restrict("team", NPM, publish="ALLOW", upstream="ALLOW")
    with plane.client("npm", "team") as client:
        npm_uploads.publish(client, "1.0.0")
        before = client.get(npm_uploads.PATH).json()
        control(plane.state, GROUPS["npm"], {"EXTERNAL_UPSTREAM": "BLOCK"})
        after = client.get(npm_uploads.PATH).json()
        theirs = client.get(f"{npm_uploads.NAME}/-/app-99.0.0.tgz")

    assert before["dist-tags"]["latest"] == "99.0.0"
    assert (set(after["versions"]), after["dist-tags"]) == ({"1.0.0"}, {"latest": "1.0.0"})
    assert theirs.status_code == 404
    assert plane.statuses("team", NPM) == {"1.0.0": "Published"}


def test_what_is_held_under_a_name_that_becomes_a_weak_match_stays_in_use(
    plane: DataPlane,
) -> None:
    """Listed, served, tagged and deprecated as before; only new versions are refused."""
    plane.repository("npm-internal")
    with plane.client("npm", "npm-internal") as client:
        npm_uploads.publish(client, "1.0.0")
        control(plane.state, "/npm/mycompany/APP$", {})
        page = client.get(npm_uploads.PATH).json()
        page["versions"]["1.0.0"]["deprecated"] = "use another"
        answers = [
            client.get(FILES["npm"]),
            client.put(f"-/package/{npm_uploads.PATH}/dist-tags/stable", json="1.0.0"),
            client.put(npm_uploads.PATH, json=page),
            client.put(npm_uploads.PATH, json=npm_uploads.body("2.0.0")),
        ]
        after = client.get(npm_uploads.PATH).json()

    assert [each.status_code for each in answers] == [200, 200, 200, 403]
    assert after["dist-tags"] == {"latest": "1.0.0", "stable": "1.0.0"}
    assert after["versions"]["1.0.0"]["deprecated"] == "use another"


def test_the_api_refuses_what_package_managers_are_refused(local: Local) -> None:
    """PublishPackageVersion: AccessDeniedException, by the settings that the API has made."""
    client = local.client()
    client.create_domain(domain="my-company")
    for name in ("releases", "team"):
        client.create_repository(domain="my-company", repository=name)
    pattern = "/generic/tools/*"
    client.create_package_group(domain="my-company", packageGroup=pattern)
    client.update_package_group_origin_configuration(
        domain="my-company",
        packageGroup=pattern,
        restrictions={"PUBLISH": "ALLOW_SPECIFIC_REPOSITORIES"},
        addAllowedRepositories=[{"repositoryName": "releases", "originRestrictionType": "PUBLISH"}],
    )
    content = b"a hammer"

    def publish(repository: str) -> None:
        client.publish_package_version(
            domain="my-company",
            repository=repository,
            format="generic",
            namespace="tools",
            package="hammer",
            packageVersion="1.0",
            assetName="hammer.bin",
            assetContent=content,
            assetSHA256=hashlib.sha256(content).hexdigest(),
        )

    publish("releases")
    with pytest.raises(client.exceptions.AccessDeniedException, match=re.escape(pattern)):
        publish("team")

    held = [
        client.list_packages(domain="my-company", repository=name)["packages"]
        for name in ("releases", "team")
    ]
    assert [[each["package"] for each in found] for found in held] == [["hammer"], []]
    configured = held[0][0]["originConfiguration"]["restrictions"]
    assert configured == {"publish": "ALLOW", "upstream": "ALLOW"}


def test_a_new_group_takes_effect_when_packages_have_come_into_it(plane: DataPlane) -> None:
    """Later for a new group (``packageGroupReassociationSeconds``), at once for its settings."""
    plane.repository("team")
    plane.state.clock.freeze()
    plane.state.faults.set(Settings(switches={"packageGroupReassociationSeconds": 60}))
    control(plane.state, GROUPS["maven"], {"PUBLISH": "BLOCK"})
    with plane.client("maven", "team") as client:
        before = client.put(JAR, content=b"classes")
        plane.state.clock.advance(timedelta(seconds=60))
        after = client.put(JAR.replace("1.0.0", "2.0.0"), content=b"classes")
        control(plane.state, GROUPS["maven"], {"PUBLISH": "ALLOW"})
        reopened = client.put(JAR.replace("1.0.0", "2.0.0"), content=b"classes")

    assert [each.status_code for each in (before, after, reopened)] == [201, 403, 201]
