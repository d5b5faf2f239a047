"""What endpoints are asked for, format by format, with how many requests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import pytest

from steward.coordinates import Format, Package
from steward.endpoint_access import EndpointAccess
from steward.errors import EndpointError
from tests.unit.fake_codeartifact import package
from tests.unit.prepared_streams import (
    MISSING,
    PreparedStreams,
    Reply,
    Request,
    asset,
    document,
)
from tests.unit.test_endpoint import HOST, FakeAccess
from warm_caches.fetching import Available, EndpointFetching, Fetch, FetchedFile
from warm_caches.values import WantedVersion

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

ONE = WantedVersion("1.0.0")
Replies = Callable[[Request], Reply | None]


class Asked:
    """An endpoint that answers as it is told, and everything that is asked of it."""

    def __init__(self, reply: Replies | dict[str, Reply]) -> None:
        replies = reply if callable(reply) else lambda request: _by_path(reply, request)
        self.access = FakeAccess()
        self.http = PreparedStreams(replies)
        self.slept: list[float] = []
        self.paced = 0
        self.fetching = EndpointFetching(
            EndpointAccess(cast("CodeArtifactClient", self.access), lambda: self.access.now),
            self.http,
            self._pace,
            sleep=self.slept.append,
        )

    def _pace(self) -> None:
        self.paced += 1

    @property
    def paths(self) -> list[str]:
        """What was asked for, behind the host."""
        return [each.url.removeprefix(HOST) for each in self.http.asked]

    def fetch(
        self, of: Package, wanted: WantedVersion = ONE, *, whole: bool = False, digest: bool = False
    ) -> Fetch:
        """Ask for a version."""
        return self.fetching.fetch(of, wanted, whole=whole, digest=digest)


def _by_path(replies: dict[str, Reply], request: Request) -> Reply:
    return next((reply for path, reply in replies.items() if request.url.endswith(path)), MISSING)


def of(kind: Format, name: str, namespace: str | None = None) -> Package:
    """Return a package of the repository ``intake``."""
    return package(name, package_format=kind, namespace=namespace, repository="intake")


def page(*files: dict[str, object]) -> Reply:
    """Return a project page of PyPI."""
    return document({"meta": {"api-version": "1.1"}, "name": "requests", "files": list(files)})


def listed(name: str, content: bytes = b"", size: int = 9, **more: object) -> dict[str, object]:
    """Return a file of a project page."""
    hashes = {"sha256": hashlib.sha256(content).hexdigest()} if content else {}
    version = name.removesuffix(".tar.gz").split("-")[1]
    url = f"{version}/{name}"
    return {"filename": name, "url": url, "size": size, "hashes": hashes, **more}


REQUESTS = of("pypi", "requests")
WHEEL = "requests-1.0.0-py3-none-any.whl"
SDIST = "requests-1.0.0.tar.gz"
JSON = "newtonsoft.json"
LIBRARY = of("maven", "lib", "org.example.tools")
JAR_POM = Reply(200, b"<project><artifactId>lib</artifactId></project>")
SERVICES = document(
    {
        "resources": [
            {"@type": "PackageBaseAddress/3.0.0", "@id": f"{HOST}/nuget/intake/v3/content/"},
            {"@type": "RegistrationsBaseUrl/3.6.0", "@id": f"{HOST}:443/nuget/intake/v3/reg"},
        ]
    }
)


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


@pytest.mark.parametrize(
    ("reply", "state", "status"),
    [
        pytest.param(MISSING, "not found", 404, id="404"),
        pytest.param(None, "no answer", None, id="nothing"),
        pytest.param(Reply(500), "no answer", 500, id="500"),
        pytest.param(Reply(503), "no answer", 503, id="503"),
        pytest.param(Reply(403), "refused", 403, id="403"),
        pytest.param(Reply(400), "refused", 400, id="400"),
        pytest.param(Reply(302), "asked", 302, id="a redirect that is not followed"),
        pytest.param(Reply(200), "asked", 200, id="the asset itself"),
    ],
)
def test_an_answer_means_something(reply: Reply | None, state: str, status: int | None) -> None:
    """What is not there, whoever is in trouble, and what asking again would not change."""
    fetch = Asked(lambda _: reply).fetch(of("npm", "left-pad"))
    assert (fetch.state, fetch.status) == (state, status)


@pytest.mark.parametrize("status", [403, 404, 503])
def test_a_store_that_fails_is_no_answer(status: int) -> None:
    """What a redirect leads to has no say in whether a version exists."""
    asked = Asked(lambda _: Reply(302, asset=True, store=status))
    fetch = asked.fetch(of("npm", "left-pad"), whole=True)
    assert (fetch.state, fetch.status, fetch.requests) == ("no answer", status, 1)


def test_a_refused_token_is_replaced_in_the_middle_of_a_run() -> None:
    """Once; by all threads together, the next one only after a minute."""
    good = {"secret-1"}

    def reply(request: Request) -> Reply:
        return asset() if request.headers["Authorization"][7:] in good else Reply(401)

    asked = Asked(reply)
    assert asked.fetch(of("npm", "a")).state == "asked"
    good = {"secret-2"}
    assert asked.fetch(of("npm", "b")) == Fetch(
        "asked", "", 302, (FetchedFile("b-1.0.0.tgz"),), requests=2
    )
    good = set()
    for name in ("c", "d", "e"):
        fetch = asked.fetch(of("npm", name))
        assert (fetch.state, fetch.status, fetch.requests) == ("refused", 401, 1)
    assert asked.access.tokens == 2


def test_a_404_may_be_a_word_about_the_token() -> None:
    """Not documented: then it is replaced, and asked once more; not if it was just accepted."""
    good = {"secret-2"}

    def reply(request: Request) -> Reply:
        return asset() if request.headers["Authorization"][7:] in good else MISSING

    asked = Asked(reply)
    assert asked.fetch(of("npm", "a")).state == "asked"
    good = set()
    fetch = asked.fetch(of("npm", "b"))
    assert (fetch.state, fetch.requests, asked.access.tokens) == ("not found", 1, 2)


@pytest.mark.parametrize(
    ("said", "slept"),
    [
        pytest.param("3", [3.0], id="as long as it says"),
        pytest.param("", [1.0], id="a second if it does not say"),
        pytest.param("Wed, 21 Oct 2026 07:28:00 GMT", [1.0], id="or says it in words"),
    ],
)
def test_too_many_requests_are_waited_for(said: str, slept: list[float]) -> None:
    """All threads wait."""
    replies = iter([Reply(429, headers={"retry-after": said})])
    waits: list[float] = []
    clock = [0.0]

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        clock[0] += seconds

    asked = Asked(lambda _: next(replies, asset()))
    asking = asked.fetching._asking
    asking.sleep, asking._monotonic = sleep, lambda: clock[0]
    assert asked.fetch(of("npm", "a")).state == "asked"
    assert waits == slept


def test_too_many_requests_for_too_long_are_no_answer() -> None:
    """Whoever is told to come back in an hour comes back another time."""
    asked = Asked(lambda _: Reply(429, headers={"retry-after": "3600"}))
    fetch = asked.fetch(of("npm", "a"))
    assert (fetch.state, fetch.status, asked.slept) == ("no answer", 429, [])
    asked = Asked(lambda _: Reply(429, headers={"retry-after": "0"}))
    assert asked.fetch(of("npm", "a")).requests == 3


def test_a_listed_file_that_is_not_there_yet_is_asked_for_again() -> None:
    """After 0.5, 1, 2 and 4 seconds: the first fetch of a version takes a moment."""
    missing = iter([MISSING, MISSING, MISSING, MISSING])

    def reply(request: Request) -> Reply:
        return page(listed(SDIST)) if request.url.endswith("/") else next(missing, asset())

    asked = Asked(reply)
    fetch = asked.fetch(REQUESTS)
    assert (fetch.state, fetch.requests, asked.slept) == ("asked", 6, [0.5, 1, 2, 4])


def test_files_that_never_come_are_not_waited_for_for_long() -> None:
    """The page may list what the public repository no longer gives; others wait behind it."""
    files = [listed(f"requests-{major}.0.0.tar.gz") for major in range(6)]
    asked = Asked({"simple/requests/": page(*files)})
    for major in range(5):
        fetch = asked.fetch(REQUESTS, WantedVersion(f"{major}.0.0"))
        assert (fetch.state, fetch.status) == ("not found", 404)
        assert fetch.requests == (2 if major >= 3 else 6 if major == 0 else 5)
    assert asked.slept == [0.5, 1, 2, 4] * 3 + [0.5] * 2


def test_a_yank_is_told() -> None:
    """The version comes in all the same; what to do about it is not decided here."""
    asked = Asked({"/": page(listed(SDIST, yanked="leaks")), ".gz": asset()})
    fetch = asked.fetch(REQUESTS)
    assert (fetch.state, fetch.withdrawn) == ("asked", "leaks")


SECOND = "requests-1.0.0-cp311-cp311-linux_x86_64.whl"


def locked(*contents: bytes) -> WantedVersion:
    """Return the version with the hashes of *contents*."""
    hashes = (f"SHA-256:{hashlib.sha256(content).hexdigest()}" for content in contents)
    return WantedVersion("1.0.0", frozenset(hashes))


@pytest.mark.parametrize(
    ("files", "wanted", "told"),
    [
        pytest.param(
            [listed(WHEEL, b"w", 1), listed(SDIST, b"s", 2), listed(SECOND, b"2", 3)],
            locked(b"s", b"2"),
            [SDIST, SECOND],
            id="those that are locked",
        ),
        pytest.param(
            [listed(WHEEL, b"w", 2), listed(SDIST, b"s", 1)],
            locked(b"other"),
            [SDIST],
            id="the smallest, if none is",
        ),
        pytest.param(
            [listed(WHEEL), listed(SDIST)],
            locked(b"s"),
            [SDIST],
            id="all, if the page has no hashes; told is the one that is locked",
        ),
        pytest.param(
            [listed(WHEEL), listed(SDIST)],
            locked(b"other"),
            [WHEEL, SDIST],
            id="all of them, if none is",
        ),
    ],
)
def test_hashes_are_those_of_the_files_that_are_locked(
    files: list[dict[str, object]], wanted: WantedVersion, told: list[str]
) -> None:
    """A version has files for many platforms, a lock file those of one."""
    contents = {WHEEL: b"w", SDIST: b"s", SECOND: b"2"}
    replies = {name: asset(content) for name, content in contents.items()}
    asked = Asked({"simple/requests/": page(*files), **replies})
    fetch = asked.fetch(REQUESTS, wanted, whole=True, digest=True)
    assert sorted(file.name for file in fetch.files) == sorted(told)
    for file in fetch.files:
        assert file.hashes["SHA-256"] == hashlib.sha256(contents[file.name]).hexdigest()
    assert fetch.size > sum(file.size for file in fetch.files)  # and the page


def test_a_file_with_other_bytes_than_the_page_says_is_told() -> None:
    """Also if another one is as it was locked."""
    files = [listed(WHEEL, b"w"), listed(SDIST, b"s")]
    replies = {WHEEL: asset(b"w"), SDIST: asset(b"tampered")}
    asked = Asked({"simple/requests/": page(*files), **replies})
    fetch = asked.fetch(REQUESTS, locked(b"w", b"s"), whole=True, digest=True)
    assert {file.name for file in fetch.files} == {WHEEL, SDIST}


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


def test_a_format_without_external_connections_is_refused() -> None:
    """Nothing is asked."""
    asked = Asked({"": asset()})
    assert asked.fetch(of("swift", "a", "b")).state == "refused"
    assert asked.paths == []


def test_a_closed_endpoint_is_refused_and_never_raised() -> None:
    """The right may be missing; it is told of each version."""
    asked = Asked({"": asset()})
    for operation in ("GetRepositoryEndpoint", "GetAuthorizationToken"):
        asked.access.refuses = operation
        fetch = asked.fetch(of("npm", "left-pad"))
        assert (fetch.state, fetch.requests) == ("refused", 0)
        assert operation in fetch.reason


METADATA = (
    b"<metadata><versioning><versions><version>1.0</version><version>1.1</version></versions>"
    b"</versioning></metadata>"
)
LEAVES = [
    {"catalogEntry": {"version": "1.0.0"}},
    {"catalogEntry": {"version": "1.1.0", "listed": False}},
]
LISTS = pytest.mark.parametrize(
    ("of_package", "replies", "available", "requests"),
    [
        pytest.param(
            of("npm", "parser", "babel"),
            {"@babel%2Fparser": document({"name": "a", "versions": {"1.0": {"x": []}, "1.1": {}}})},
            Available(("1.0", "1.1")),
            {"npm:packument": 1},
            id="npm",
        ),
        pytest.param(
            REQUESTS,
            {
                "simple/requests/": page(
                    listed("requests-1.0.tar.gz"),
                    listed("requests-1.0-py3-none-any.whl"),
                    listed("requests-1.1.tar.gz", yanked=True),
                    listed("requests-2004d.tar.gz"),
                )
            },
            Available(("1.0", "1.1"), frozenset({"1.1"})),
            {"pypi:page": 1},
            id="PyPI",
        ),
        pytest.param(
            LIBRARY,
            {"org/example/tools/lib/maven-metadata.xml": Reply(200, METADATA)},
            Available(("1.0", "1.1")),
            {"maven:metadata": 1},
            id="Maven",
        ),
        pytest.param(
            of("nuget", "Json"),
            {
                "v3/index.json": SERVICES,
                "reg/json/index.json": document({"items": [{"items": LEAVES}]}),
            },
            Available(("1.0.0", "1.1.0"), frozenset({"1.1.0"})),
            {"nuget:index": 1, "nuget:registration": 1},
            id="NuGet",
        ),
        pytest.param(
            of("nuget", "Json"),
            {
                "v3/index.json": SERVICES,
                "reg/json/index.json": document({"items": [{"@id": "page/1.json"}]}),
                "reg/json/page/1.json": document({"items": LEAVES}),
            },
            Available(("1.0.0", "1.1.0"), frozenset({"1.1.0"})),
            {"nuget:index": 1, "nuget:registration": 1, "nuget:page": 1},
            id="NuGet, with a page elsewhere",
        ),
        pytest.param(
            of("cargo", "serde"),
            {
                "crates/serde/versions": document(
                    {"versions": [{"num": "1.1.0", "yanked": True}, {"num": "1.0.0"}]}
                )
            },
            Available(("1.1.0", "1.0.0"), frozenset({"1.1.0"})),
            {"cargo:versions": 1},
            id="Cargo",
        ),
        pytest.param(
            of("ruby", "rack"),
            {"info/rack": Reply(200, b"---\n1.0 |c:1\n1.0-java |c:2\n1.1 a:>= 1|c:3")},
            Available(("1.0", "1.1")),
            {"ruby:info": 1},
            id="Ruby",
        ),
    ],
)


@LISTS
def test_the_versions_of_a_package_are_one_request(
    of_package: Package,
    replies: dict[str, Reply],
    available: Available,
    requests: dict[str, int],
) -> None:
    """NuGet has a page more, and each repository its index."""
    asked = Asked(replies)
    assert asked.fetching.available(of_package) == available
    assert asked.fetching.requests_made == requests


@LISTS
def test_a_package_that_is_not_there_has_no_versions(
    of_package: Package,
    replies: dict[str, Reply],
    available: Available,
    requests: dict[str, int],
) -> None:
    """That is an answer."""
    del available, requests
    asked = Asked({path: reply for path, reply in replies.items() if path == "v3/index.json"})
    assert asked.fetching.available(of_package) == Available()


@LISTS
def test_a_list_that_cannot_be_read_is_an_error(
    of_package: Package,
    replies: dict[str, Reply],
    available: Available,
    requests: dict[str, int],
) -> None:
    """So is none."""
    del available, requests
    if of_package.format != "ruby":  # whose lists are lines of text
        asked = Asked(dict.fromkeys(replies, Reply(200, b'{"versions": <html>')))
        with pytest.raises(EndpointError, match="cannot be read"):
            asked.fetching.available(of_package)
    with pytest.raises(EndpointError, match="did not answer"):
        Asked(lambda _: None).fetching.available(of_package)


def test_a_list_is_asked_for_anew() -> None:
    """That is what makes CodeArtifact look for new versions; what follows uses it."""
    asked = Asked({"/": page(listed(SDIST)), ".gz": asset()})
    asked.fetching.available(REQUESTS)
    asked.fetching.available(REQUESTS)
    asked.fetch(REQUESTS)
    assert asked.fetching.requests_made == {"pypi:page": 2, "pypi:file": 1}
