"""Maven snapshots over HTTP, and our automation at work on them."""

from __future__ import annotations

from itertools import count

import pytest

from tests.end_to_end.developer import Developer
from tests.end_to_end.local_stack import LocalStack, eventually
from tests.end_to_end.snapshot_builds import DOMAIN, GROUP, Build, Curl

FIRST = "20210728.194552"
SECOND = "20210729.194552"
THIRD = "20210730.194552"
_numbers = count()


@pytest.fixture(scope="module", autouse=True)
def _domain(stack: LocalStack) -> None:
    """The domain that the policy watches."""
    stack.codeartifact.create_domain(domain=DOMAIN)


def new_repository(stack: LocalStack, *upstreams: str) -> str:
    """Return a new repository of the domain."""
    name = f"my-maven-repo-{next(_numbers)}"
    stack.codeartifact.create_repository(
        domain=DOMAIN,
        repository=name,
        upstreams=[{"repositoryName": upstream} for upstream in upstreams],
    )
    return name


@pytest.fixture
def repository(stack: LocalStack) -> str:
    """A repository of this test alone."""
    return new_repository(stack)


@pytest.fixture
def curl(developer: Developer, repository: str) -> Curl:
    """A client for that repository."""
    return Curl(developer, repository)


def builds(artifact: str) -> tuple[Build, Build, Build]:
    """Return three builds of ``1.0-SNAPSHOT``, oldest first."""
    return (
        Build(artifact, "1.0", FIRST, 1),
        Build(artifact, "1.0", SECOND, 2),
        Build(artifact, "1.0", THIRD, 3),
    )


def test_a_build_is_unfinished_until_its_metadata_arrives(
    developer: Developer, stack: LocalStack, repository: str, curl: Curl
) -> None:
    """Then it is Unlisted, and ``1.0-SNAPSHOT`` is Published with the same assets."""
    build = Build("pkg-1", "1.0", FIRST, 1)

    curl.upload_assets(build)
    assert stack.versions(repository, "pkg-1", namespace=GROUP) == {build.version: "Unfinished"}
    assert curl.get(f"{build.folder}/{next(iter(build.files))}")[0] == "404"

    curl.upload_metadata(build)
    assert stack.versions(repository, "pkg-1", namespace=GROUP) == {
        build.version: "Unlisted",
        "1.0-SNAPSHOT": "Published",
    }
    where = {
        "domain": DOMAIN,
        "repository": repository,
        "format": "maven",
        "namespace": GROUP,
        "package": "pkg-1",
    }
    assert developer.aws("list-package-versions", **where)["defaultDisplayVersion"] == (
        "1.0-SNAPSHOT"
    )
    of_build = developer.aws("list-package-version-assets", package_version=build.version, **where)
    of_alias = developer.aws("list-package-version-assets", package_version="1.0-SNAPSHOT", **where)
    assert of_alias["assets"] == of_build["assets"]
    assert of_alias["versionRevision"] != of_build["versionRevision"]


def test_a_snapshot_is_its_newest_build_and_a_build_version_is_itself(
    repository: str, curl: Curl
) -> None:
    """The snapshot's metadata names the newest build; older ones are served by build version."""
    first, second, _ = builds("pkg-14")
    curl.deploy(first)
    curl.deploy(second)

    _, metadata = curl.get(f"{second.folder}/maven-metadata.xml")
    assert second.version.encode() in metadata
    assert first.version.encode() not in metadata
    for build in (first, second):
        jar, content = next(iter(build.files.items()))
        at_build_version = build.folder.replace("1.0-SNAPSHOT", build.version)
        assert curl.get(f"{at_build_version}/{jar}") == ("200", content)
    newest, content = next(iter(second.files.items()))
    assert curl.get(f"{second.folder}/{newest}") == ("200", content)
    assert repository


def test_n_builds_are_n_plus_one_versions_and_builds_can_be_deleted(
    developer: Developer, stack: LocalStack, repository: str, curl: Curl
) -> None:
    """Three deploys leave four versions; DeletePackageVersions removes the builds that it names."""
    every = builds("pkg-15")
    for build in every:
        curl.deploy(build)
    assert stack.versions(repository, "pkg-15", namespace=GROUP) == {
        **{build.version: "Unlisted" for build in every},
        "1.0-SNAPSHOT": "Published",
    }

    developer.aws(
        *("delete-package-versions", "--versions", every[0].version, every[1].version),
        domain=DOMAIN,
        repository=repository,
        format="maven",
        namespace=GROUP,
        package="pkg-15",
        expected_status="Unlisted",
    )

    assert stack.versions(repository, "pkg-15", namespace=GROUP) == {
        every[2].version: "Unlisted",
        "1.0-SNAPSHOT": "Published",
    }
    jar, content = next(iter(every[2].files.items()))
    assert curl.get(f"{every[2].folder}/{jar}") == ("200", content)


def test_builds_published_with_curl_are_unlisted_by_the_automation_which_then_rests(
    stack: LocalStack, repository: str, curl: Curl
) -> None:
    """All builds' assets, then the newest metadata: the older builds become Unlisted."""
    first, second, third = every = builds("pkg-16")
    curl.upload_assets(*every)
    assert set(stack.versions(repository, "pkg-16", namespace=GROUP).values()) == {"Unfinished"}

    curl.upload_metadata(third)

    eventually(
        lambda: stack.versions(repository, "pkg-16", namespace=GROUP),
        lambda seen: (
            seen
            == {
                first.version: "Unlisted",
                second.version: "Unlisted",
                third.version: "Unlisted",
                "1.0-SNAPSHOT": "Published",
            }
        ),
    )
    eventually(stack.undelivered, lambda waiting: waiting == 0)
    stack.forget_requests()
    # One event of a second package passes through the same queue, after all of the first's.
    marker = Build("marker-16", "1.0", FIRST, 1)
    jar, content = next(iter(marker.files.items()))
    curl.put(f"{marker.folder}/{jar}", content)
    eventually(stack.requests, lambda seen: seen.get("ListPackageVersions", 0) >= 1)
    eventually(stack.undelivered, lambda waiting: waiting == 0)
    assert stack.requests() == {"ListPackageVersions": 1, "maven:PutAsset": 1}


def test_a_build_without_a_newer_complete_one_stays_as_it_is(
    stack: LocalStack, repository: str, curl: Curl
) -> None:
    """Unfinished builds supersede nothing, and other snapshots of the package do not count."""
    first, second, _ = builds("pkg-lone")
    other = Build("pkg-lone", "2.0", THIRD, 1)
    curl.deploy(first)
    curl.upload_assets(second)
    curl.deploy(other)
    # The automation has looked at the package when a later package's stale build is unlisted.
    stale, newest, _ = builds("marker-lone")
    curl.upload_assets(stale)
    curl.deploy(newest)
    eventually(
        lambda: stack.versions(repository, "marker-lone", namespace=GROUP),
        lambda seen: seen.get(stale.version) == "Unlisted",
    )
    eventually(stack.undelivered, lambda waiting: waiting == 0)

    assert stack.versions(repository, "pkg-lone", namespace=GROUP) == {
        first.version: "Unlisted",
        second.version: "Unfinished",
        "1.0-SNAPSHOT": "Published",
        other.version: "Unlisted",
        "2.0-SNAPSHOT": "Published",
    }


def test_packages_without_a_rule_are_left_alone(stack: LocalStack, developer: Developer) -> None:
    """A package outside the policy's pattern keeps its unfinished builds and costs no call."""
    repository = new_repository(stack)
    curl = Curl(developer, repository)
    folder = "org/elsewhere/tool/1.0-SNAPSHOT"
    stack.forget_requests()
    for stamp, number in ((FIRST, 1), (SECOND, 2)):
        status = curl.put(f"{folder}/tool-1.0-{stamp}-{number}.jar", b"jar")
        assert status in {"200", "201"}
    eventually(stack.undelivered, lambda waiting: waiting == 0)

    assert "ListPackageVersions" not in stack.requests()
    assert set(stack.versions(repository, "tool", namespace="org.elsewhere").values()) == {
        "Unfinished"
    }


def test_the_upstreams_snapshot_wins_until_upstream_is_blocked_for_the_package(
    developer: Developer, stack: LocalStack
) -> None:
    """R's clients get U's build although R's is newer; upstream=BLOCK in R gives them R's."""
    upstream = new_repository(stack)
    repository = new_repository(stack, upstream)
    older, newer = Build("pkg-18", "1.0", FIRST, 1), Build("pkg-18", "1.0", SECOND, 1)
    clients = Curl(developer, repository)
    clients.deploy(newer)
    stack.codeartifact.put_package_origin_configuration(
        domain=DOMAIN,
        repository=repository,
        format="maven",
        namespace=GROUP,
        package="pkg-18",
        restrictions={"publish": "ALLOW", "upstream": "ALLOW"},
    )
    Curl(developer, upstream).deploy(older)

    assert older.version.encode() in clients.get(f"{older.folder}/maven-metadata.xml")[1]

    developer.aws(
        "put-package-origin-configuration",
        domain=DOMAIN,
        repository=repository,
        format="maven",
        namespace=GROUP,
        package="pkg-18",
        restrictions="publish=ALLOW,upstream=BLOCK",
    )

    metadata = clients.get(f"{older.folder}/maven-metadata.xml")[1]
    assert newer.version.encode() in metadata
    assert older.version.encode() not in metadata
