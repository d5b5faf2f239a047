"""What is in a version, asked of the local CodeArtifact for versions that came in every way."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Final

import httpx
import pytest

from emulator.app import create_app
from emulator.external.builtin import builtin
from emulator.options import Options
from steward.coordinates import Format, Package, Repository
from steward.errors import PackageNotFoundError
from steward.repositories import ExternalConnection, RepositoryDescription, ServiceRepositories
from steward.version_contents import (
    Asset,
    Dependency,
    Description,
    Licence,
    ServiceVersionContents,
)
from tests.functional.local_codeartifact import Local, Swappable

INTAKE = Repository("my-company", "012345678901", "intake")
APPROVED = Repository("my-company", "012345678901", "approved")
CONNECTIONS: Final[dict[Format, str]] = {
    "pypi": "public:pypi",
    "npm": "public:npmjs",
    "maven": "public:maven-central",
}
REQUESTS = Package(INTAKE, "pypi", None, "requests")
SEEDED: Final = [
    Package(INTAKE, "npm", "mycompany", "ui"),
    REQUESTS,
    Package(INTAKE, "maven", "com.mycompany.app", "pkg-1"),
]
DEADLINE_SECONDS = 30.0
POM = """<project><modelVersion>4.0.0</modelVersion><groupId>com.mycompany.app</groupId>
<artifactId>pkg-1</artifactId><version>1.0</version>
<parent><groupId>com.mycompany</groupId><artifactId>parent</artifactId><version>7</version></parent>
<licenses><license><name>Apache License, Version 2.0</name><url>link</url></license></licenses>
<dependencies><dependency><groupId>org.slf4j</groupId><artifactId>slf4j-api</artifactId>
<version>2.0.13</version></dependency></dependencies></project>"""


@pytest.fixture
def connected(emulator_server: tuple[str, Swappable]) -> Iterator[Local]:
    """A local CodeArtifact whose intake repositories fetch from the built-in stand-ins."""
    url, swappable = emulator_server
    public = {name: builtin(fmt, because="of a test") for fmt, name in CONNECTIONS.items()}
    app = create_app(Options(), public=public)
    app.served_at(url)
    with closing(app):
        swappable.app = app
        local = Local(url, app)
        repositories: list[dict[str, object]] = [
            {"name": f"intake-{fmt}", "externalConnection": name}
            for fmt, name in CONNECTIONS.items()
        ]
        local.seed({"domains": [{"name": "my-company", "repositories": repositories}]})
        yield local


def contents(local: Local) -> ServiceVersionContents:
    """Return what asks the local CodeArtifact."""
    return ServiceVersionContents(local.client())


def seed(local: Local, package: Package, **says: object) -> None:
    """The intake holds the version 1.0 of *package*, which says these things about itself."""
    one: dict[str, object] = {
        "format": package.format,
        "package": package.name,
        "versions": [{"version": "1.0", **says}],
    }
    if package.namespace:
        one["namespace"] = package.namespace
    repositories: list[dict[str, object]] = [
        {"name": "intake", "packages": [one]},
        {"name": "approved", "upstreams": ["intake"]},
    ]
    local.seed({"domains": [{"name": "my-company", "repositories": repositories}]})


def soon(ask: Callable[[], Description]) -> Description:
    """Return the description once the version is there."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            return ask()
        except PackageNotFoundError:
            if time.monotonic() > deadline:
                raise


def request(local: Local, method: str, path: str, content: bytes | None = None) -> None:
    """Ask a repository's endpoint as a package manager does."""
    package_format, _, rest = path.partition("/")
    url = f"{local.url}/{package_format}/d/my-company-012345678901/{rest}"
    token = local.token("my-company")
    answer = httpx.request(
        method, url, content=content, auth=("aws", token), follow_redirects=True, timeout=60
    )
    assert answer.is_success, answer.text


@pytest.mark.parametrize("package", SEEDED, ids=[one.format for one in SEEDED])
def test_a_seeded_version_tells_its_licences_and_dependencies(
    local: Local, package: Package
) -> None:
    """Licences with one call; dependencies in their order."""
    seed(
        local,
        package,
        licenses=["MIT"],
        dependencies=[{"package": "b", "versionRequirement": ">=1"}, {"package": "a"}],
    )
    gateway = contents(local)
    described = gateway.describe(package, "1.0")
    assert (described.status, described.licences) == ("Published", (Licence("MIT", None),))
    found = gateway.dependencies(package, "1.0")
    assert [(one.name, one.requirement) for one in found] == [("b", ">=1"), ("a", None)]
    assert gateway.assets(package, "1.0").revision == described.revision


def test_dependencies_come_from_every_page(local: Local) -> None:
    """CodeArtifact says how much a page holds, here ten."""
    names = [f"dependency-{number}" for number in range(25)]
    seed(local, REQUESTS, dependencies=[{"package": name} for name in names])
    local.faults(switches={"defaultPageSize": 10})
    before = local.requests().get("ListPackageVersionDependencies", 0)
    found = contents(local).dependencies(REQUESTS, "1.0")
    assert found == [Dependency(None, name, "Requires-Dist", None) for name in names]
    assert local.requests()["ListPackageVersionDependencies"] == before + 3


def test_assets_tell_their_hashes(local: Local) -> None:
    """Those of the bytes, in lower-case hexadecimal."""
    seed(local, REQUESTS, assets=[{"name": "r.whl", "content": "w"}, {"name": "r.txt", "size": 7}])
    found = contents(local).assets(REQUESTS, "1.0")
    assert found.assets["r.whl"] == Asset(
        "r.whl",
        1,
        {
            "MD5": hashlib.md5(b"w", usedforsecurity=False).hexdigest(),
            "SHA-1": hashlib.sha1(b"w", usedforsecurity=False).hexdigest(),
            "SHA-256": hashlib.sha256(b"w").hexdigest(),
            "SHA-512": hashlib.sha512(b"w").hexdigest(),
        },
    )
    assert found.assets["r.txt"].size == 7


@pytest.mark.parametrize(
    ("path", "package", "version", "licence", "dependencies"),
    [
        pytest.param(
            "pypi/intake-pypi/simple/requests/2.31.0/requests-2.31.0.tar.gz",
            ("pypi", None, "requests"),
            "2.31.0",
            "Apache-2.0",
            {"charset-normalizer", "idna", "urllib3", "certifi"},
            id="a Python distribution",
        ),
        pytest.param(
            "npm/intake-npm/lodash/-/lodash-4.17.21.tgz",
            ("npm", None, "lodash"),
            "4.17.21",
            "MIT",
            set(),
            id="an npm package",
        ),
        pytest.param(
            "maven/intake-maven/org/slf4j/slf4j-api/2.0.13/slf4j-api-2.0.13.jar",
            ("maven", "org.slf4j", "slf4j-api"),
            "2.0.13",
            "MIT",
            set(),
            id="a Maven artifact",
        ),
    ],
)
def test_a_fetched_version_tells_its_licence_and_dependencies(
    connected: Local,
    *,
    path: str,
    package: tuple[Format, str | None, str],
    version: str,
    licence: str,
    dependencies: set[str],
) -> None:
    """Read from the archive, the packument or the POM."""
    request(connected, "GET", path)
    fmt = package[0]
    fetched = Package(Repository("my-company", "012345678901", f"intake-{fmt}"), *package)
    gateway = contents(connected)
    described = soon(lambda: gateway.describe(fetched, version))
    assert [one.name for one in described.licences] == [licence]
    assert {one.name for one in gateway.dependencies(fetched, version)} == dependencies


def test_a_published_artifact_tells_what_its_pom_does(local: Local) -> None:
    """Its parent is a dependency of type `parent`; the parent's own POM is not read."""
    package = Package(INTAKE, "maven", "com.mycompany.app", "pkg-1")
    seed(local, REQUESTS)
    request(local, "PUT", "maven/intake/com/mycompany/app/pkg-1/1.0/pkg-1-1.0.pom", POM.encode())
    gateway = contents(local)
    assert gateway.describe(package, "1.0").licences == (
        Licence("Apache License, Version 2.0", "link"),
    )
    assert gateway.dependencies(package, "1.0") == [
        Dependency("com.mycompany", "parent", "parent", "7"),
        Dependency("org.slf4j", "slf4j-api", "compile", "2.0.13"),
    ]


@pytest.mark.parametrize(
    ("told", "licences"),
    [(False, ()), (True, (Licence("BSD License", None),))],
    ids=["unknown", "by its switch"],
)
def test_a_licence_that_only_classifiers_tell(
    local: Local, *, told: bool, licences: tuple[Licence, ...]
) -> None:
    """Whether AWS tells it is not documented."""
    local.faults(switches={"licensesFromClassifiers": told})
    seed(local, REQUESTS)
    form = {
        ":action": "file_upload",
        "name": "idna",
        "version": "3.3",
        "classifiers": ["License :: OSI Approved :: BSD License", "Topic :: Internet"],
    }
    url = f"{local.url}/pypi/d/my-company-012345678901/intake/"
    files = {"content": ("idna-3.3.tar.gz", b"no archive")}
    auth = ("aws", local.token("my-company"))
    answer = httpx.post(url, data=form, files=files, auth=auth, timeout=60)
    assert answer.is_success, answer.text
    idna = Package(INTAKE, "pypi", None, "idna")
    assert contents(local).describe(idna, "3.3").licences == licences


def test_what_is_only_upstream_is_not_there(local: Local) -> None:
    """The three operations look at the repository itself (User Guide, upstream repositories)."""
    seed(local, REQUESTS)
    gateway, package = contents(local), Package(APPROVED, "pypi", None, "requests")
    with pytest.raises(PackageNotFoundError):
        gateway.describe(package, "1.0")
    with pytest.raises(PackageNotFoundError):
        gateway.assets(package, "1.0")
    with pytest.raises(PackageNotFoundError):
        gateway.dependencies(package, "1.0")
    with pytest.raises(PackageNotFoundError):
        gateway.describe(REQUESTS, "9.9")


def test_repositories_tell_how_they_are_connected(connected: Local) -> None:
    """A connection with its format, upstreams, or neither; a missing one is told as such."""
    seed(connected, REQUESTS)
    gateway = ServiceRepositories(connected.client())
    intake = Repository("my-company", "012345678901", "intake-npm")
    assert gateway.describe(intake) == RepositoryDescription(
        "intake-npm", (), (ExternalConnection("public:npmjs", "npm"),)
    )
    assert gateway.describe(APPROVED) == RepositoryDescription("approved", ("intake",), ())
    assert gateway.describe(INTAKE) == RepositoryDescription("intake", (), ())
    with pytest.raises(PackageNotFoundError):
        gateway.describe(Repository("my-company", "012345678901", "gone"))
