"""What endpoints are asked for, format by format, with how many requests."""

from __future__ import annotations

import pytest

from steward.coordinates import Package
from tests.unit.asked_endpoint import (
    JAR_POM,
    JSON,
    LIBRARY,
    ONE,
    REQUESTS,
    SDIST,
    SERVICES,
    WHEEL,
    Asked,
    listed,
    of,
    page,
)
from tests.unit.prepared_streams import (
    Reply,
    asset,
    document,
)
from tests.unit.test_endpoint import HOST
from warm_caches.values import WantedVersion


@pytest.mark.parametrize(
    ("of_package", "wanted", "replies", "paths"),
    [
        pytest.param(
            of("npm", "left-pad"),
            ONE,
            {".tgz": asset()},
            ["/npm/intake/left-pad/-/left-pad-1.0.0.tgz"],
            id="npm",
        ),
        pytest.param(
            of("npm", "parser", "babel"),
            WantedVersion("1.0.0-a.1+b"),
            {".tgz": asset()},
            ["/npm/intake/@babel%2Fparser/-/parser-1.0.0-a.1%2Bb.tgz"],
            id="npm, with a scope and a version that needs encoding",
        ),
        pytest.param(
            REQUESTS,
            ONE,
            {"simple/requests/": page(listed(WHEEL), listed(SDIST, size=5)), ".gz": asset()},
            ["/pypi/intake/simple/requests/", f"/pypi/intake/simple/requests/1.0.0/{SDIST}"],
            id="PyPI: the project page and the smallest file",
        ),
        pytest.param(
            LIBRARY,
            ONE,
            {".pom": JAR_POM, ".jar": asset()},
            [
                "/maven/intake/org/example/tools/lib/1.0.0/lib-1.0.0.pom",
                "/maven/intake/org/example/tools/lib/1.0.0/lib-1.0.0.jar",
            ],
            id="Maven: the POM and its jar",
        ),
        pytest.param(
            LIBRARY,
            WantedVersion("1.0.0", files=frozenset({"lib-1.0.0-linux.jar", "lib-1.0.0.jar"})),
            {".pom": JAR_POM, ".jar": asset()},
            [
                f"/maven/intake/org/example/tools/lib/1.0.0/{name}"
                for name in ("lib-1.0.0.pom", "lib-1.0.0.jar", "lib-1.0.0-linux.jar")
            ],
            id="Maven: and what a classifier names, each file once",
        ),
        pytest.param(
            LIBRARY,
            ONE,
            {".pom": Reply(200, b"<project><packaging>pom</packaging></project>")},
            ["/maven/intake/org/example/tools/lib/1.0.0/lib-1.0.0.pom"],
            id="Maven: a POM alone",
        ),
        pytest.param(
            LIBRARY,
            ONE,
            {".pom": Reply(200, b"<project><packaging>war</packaging></project>"), ".war": asset()},
            [
                "/maven/intake/org/example/tools/lib/1.0.0/lib-1.0.0.pom",
                "/maven/intake/org/example/tools/lib/1.0.0/lib-1.0.0.war",
            ],
            id="Maven: what its packaging is called",
        ),
        pytest.param(
            of("nuget", "Newtonsoft.Json"),
            WantedVersion("1.0.00.0-Beta+build"),
            {"v3/index.json": SERVICES, ".nupkg": asset()},
            [
                "/nuget/intake/v3/index.json",
                f"/nuget/intake/v3/content/{JSON}/1.0.0-beta/{JSON}.1.0.0-beta.nupkg",
            ],
            id="NuGet: the service index and the package, normalised",
        ),
        pytest.param(
            of("cargo", "serde"),
            ONE,
            {
                "config.json": document({"dl": f"{HOST}/cargo/intake/api/v1/crates"}),
                "download": asset(),
            },
            ["/cargo/intake/config.json", "/cargo/intake/api/v1/crates/serde/1.0.0/download"],
            id="Cargo: the configuration and the crate",
        ),
        pytest.param(
            of("cargo", "SerDe"),
            WantedVersion("1.0.0", frozenset({"SHA-256:" + "a" * 64})),
            {
                "config.json": document(
                    {"dl": "crates/{prefix}/{lowerprefix}/{crate}-{version}-{sha256-checksum}"}
                ),
                "a": asset(),
            },
            [
                "/cargo/intake/config.json",
                f"/cargo/intake/crates/Se/rD/se/rd/SerDe-1.0.0-{'a' * 64}",
            ],
            id="Cargo: with all markers",
        ),
        pytest.param(
            of("ruby", "rack"),
            ONE,
            {".gem": asset()},
            ["/ruby/intake/gems/rack-1.0.0.gem"],
            id="Ruby",
        ),
        pytest.param(
            of("ruby", "nokogiri"),
            WantedVersion("1.0.0", files=frozenset({"nokogiri-1.0.0-x86_64-linux.gem"})),
            {"linux.gem": asset()},
            [
                "/ruby/intake/gems/nokogiri-1.0.0.gem",
                "/ruby/intake/gems/nokogiri-1.0.0-x86_64-linux.gem",
            ],
            id="Ruby: of a platform, without one for all",
        ),
    ],
)
def test_a_version_is_asked_for_as_its_package_manager_would(
    of_package: Package, wanted: WantedVersion, replies: dict[str, Reply], paths: list[str]
) -> None:
    """Each request has a token and is counted; the redirect to the asset is not followed."""
    asked = Asked(replies)
    fetch = asked.fetch(of_package, wanted)
    # One 404 stands for a token that may not be accepted, until one has been.
    assert list(dict.fromkeys(asked.paths)) == paths
    assert fetch.state == "asked"
    assert fetch.files
    assert fetch.requests == asked.paced == len(asked.paths)
    assert sum(asked.fetching.requests_made.values()) == fetch.requests
    assert all(each.headers["Authorization"].startswith("Bearer ") for each in asked.http.asked)
    assert not asked.http.asked[-1].follow or paths[-1].endswith(".pom")


def test_what_a_repository_tells_is_asked_for_once() -> None:
    """For all versions and packages of it that follow: one request a version."""
    asked = Asked({"v3/index.json": SERVICES, ".nupkg": asset()})
    for name in ("a", "b"):
        for version in ("1.0.0", "2.0.0"):
            assert asked.fetch(of("nuget", name), WantedVersion(version)).state == "asked"
    assert asked.fetching.requests_made == {"nuget:index": 1, "nuget:package": 4}


def test_a_project_page_is_asked_for_once() -> None:
    """For all versions of the package, however they are spelt; the next package has its own."""
    files = [listed(f"requests-{version}.tar.gz") for version in ("1.0", "1.1", "1.2rc1", "2004d")]
    asked = Asked({"/": page(*files), ".gz": asset()})
    for version in ("1.0.0", "1.1", "v1.2-rc.1", "2004d"):
        assert asked.fetch(REQUESTS, WantedVersion(version)).state == "asked"
    assert asked.fetch(REQUESTS, WantedVersion("1.3")).state == "not found"
    asked.fetch(of("pypi", "other"))
    assert asked.fetching.requests_made == {"pypi:page": 2, "pypi:file": 4}


def test_a_project_page_that_lacks_a_version_is_read_again() -> None:
    """In an outage it lists what is held, and the one who asks may try again after it."""
    replies = {"simple/requests/": page(listed(SDIST)), ".gz": asset()}
    asked = Asked(replies)
    assert asked.fetch(REQUESTS, WantedVersion("2.0.0")).state == "not found"
    replies["simple/requests/"] = page(listed(SDIST), listed("requests-2.0.0.tar.gz"))
    assert asked.fetch(REQUESTS, WantedVersion("2.0.0")).state == "asked"


@pytest.mark.parametrize(
    ("of_package", "wanted"),
    [
        pytest.param(of("npm", ".."), ONE, id="a name"),
        pytest.param(of("npm", "a/../../b"), ONE, id="a name with slashes"),
        pytest.param(of("npm", "a", ".."), ONE, id="a scope"),
        pytest.param(of("npm", "a"), WantedVersion("../../1"), id="a version"),
        pytest.param(of("npm", "a"), WantedVersion("1\\..\\2"), id="a backslash"),
        pytest.param(of("npm", "a\r\nHost: b"), ONE, id="another header"),
        pytest.param(of("npm", "a" * 256), ONE, id="longer than any name"),
        pytest.param(of("pypi", ".."), ONE, id="a project"),
        pytest.param(of("maven", "a", "org..b"), ONE, id="an empty folder"),
        pytest.param(of("maven", "a", None), ONE, id="no folder"),
        pytest.param(of("maven", "a", "org"), WantedVersion(".."), id="a folder of a version"),
        pytest.param(of("ruby", "a"), WantedVersion("1/../../b"), id="a gem"),
    ],
)
def test_a_name_that_would_leave_the_path_is_refused(
    of_package: Package, wanted: WantedVersion
) -> None:
    """And not sent."""
    asked = Asked({"": asset()})
    fetch = asked.fetch(of_package, wanted)
    assert (fetch.state, fetch.requests, asked.paths) == ("refused", 0, [])
    assert "is no name" in fetch.reason


def test_a_file_that_would_leave_the_folder_is_refused() -> None:
    """A lock file may name anything."""
    asked = Asked({".pom": JAR_POM, ".jar": asset()})
    fetch = asked.fetch(LIBRARY, WantedVersion("1.0.0", files=frozenset({"../../x.jar"})))
    assert (fetch.state, fetch.requests) == ("refused", 2)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://elsewhere.example/a.tar.gz", id="another host"),
        pytest.param("//elsewhere.example/a.tar.gz", id="another host, by the same scheme"),
        pytest.param(HOST.replace("https", "http") + "/pypi/intake/a.tar.gz", id="no encryption"),
        pytest.param(f"{HOST}:8443/pypi/intake/a.tar.gz", id="another port"),
        pytest.param("../../../other/a.tar.gz", id="another repository"),
        pytest.param("1.0.0/%2e%2e/%2e%2e/a.tar.gz", id="encoded dots"),
        pytest.param("https://[", id="no address"),
    ],
)
def test_a_page_leads_to_no_other_place(url: str) -> None:
    """A token is for the endpoint of the repository alone."""
    asked = Asked({"simple/requests/": page({"filename": SDIST, "url": url}), "": asset()})
    fetch = asked.fetch(REQUESTS)
    assert (fetch.state, asked.paths) == ("refused", ["/pypi/intake/simple/requests/"])


def test_a_file_elsewhere_in_the_repository_is_asked_for() -> None:
    """Where files are is the page's to say."""
    url = f"../../packages/{SDIST}#sha256=1"
    asked = Asked({"simple/requests/": page({"filename": SDIST, "url": url}), "": asset()})
    assert asked.fetch(REQUESTS).state == "asked"
    assert asked.paths[1].startswith(f"/pypi/intake/packages/{SDIST}")


def test_parents_and_boms_are_needed() -> None:
    """A parent is only read for a property that the POM itself leaves open, and only once."""
    bom = (
        b"<project><parent><groupId>org.p</groupId><artifactId>p</artifactId><version>7</version>"
        b"</parent><dependencyManagement><dependencies><dependency><groupId>org.b</groupId>"
        b"<artifactId>b</artifactId><version>${b.version}</version><type>pom</type>"
        b"<scope>import</scope></dependency></dependencies></dependencyManagement></project>"
    )
    parent = b"<project><properties><b.version>3</b.version></properties></project>"
    asked = Asked({"p-7.pom": Reply(200, parent), ".pom": Reply(200, bom), ".jar": asset()})
    for version in ("1.0.0", "1.1.0"):
        fetch = asked.fetch(LIBRARY, WantedVersion(version))
        assert fetch.needs == (("org.p", "p", "7"), ("org.b", "b", "3"))
    assert asked.fetching.requests_made == {"maven:pom": 2, "maven:asset": 2, "maven:parent": 1}
    assert "/maven/intake/org/p/p/7/p-7.pom" in asked.paths


def test_a_pom_that_cannot_be_read_needs_nothing() -> None:
    """It is on its way all the same; its jar is asked for."""
    asked = Asked({".pom": Reply(200, b"<project>"), ".jar": asset()})
    fetch = asked.fetch(LIBRARY)
    assert (fetch.state, fetch.needs, fetch.reason) == ("asked", (), "its POM cannot be read")


def test_a_missing_jar_is_no_missing_version_but_a_wanted_file_is() -> None:
    """Some that are called jar have none."""
    asked = Asked({".pom": JAR_POM})
    fetch = asked.fetch(LIBRARY)
    assert (fetch.state, fetch.reason) == ("asked", "lib-1.0.0.jar is not there")
    wanted = WantedVersion("1.0.0", files=frozenset({"lib-1.0.0-linux.jar"}))
    fetch = asked.fetch(LIBRARY, wanted)
    assert (fetch.state, fetch.reason) == ("not found", "lib-1.0.0-linux.jar is not there")
    assert [file.name for file in fetch.files] == ["lib-1.0.0.pom"]
