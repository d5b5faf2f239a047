"""When versions were released, asked of the local CodeArtifact's repository endpoints."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from emulator.core.external import PublicPackage
from emulator.core.switches import SWITCHES, SwitchValue
from emulator.core.values import PackageId
from steward.bounded_http import BoundedHttp
from steward.coordinates import Format, Package, Repository
from steward.endpoint import ServiceEndpoint
from steward.endpoint_releases import Release
from steward.errors import EndpointError
from tests.functional.emulator.public_repository import PUBLISHED, FakeRepository
from tests.functional.local_codeartifact import Local

INTAKE = Repository("my-company", "012345678901", "intake")
PAST = datetime(2024, 2, 29, 12, 0, tzinfo=UTC)
FUTURE = datetime(2999, 1, 1, tzinfo=UTC)

REQUESTS = Package(INTAKE, "pypi", None, "requests")
PARSER = Package(INTAKE, "npm", "babel", "parser")
LIBRARY = Package(INTAKE, "maven", "org.slf4j", "slf4j-api")
CONNECTIONS: dict[Format, str] = {
    "pypi": "public:pypi",
    "npm": "public:npmjs",
    "maven": "public:maven-central",
}


def endpoint(local: Local, **bounds: float) -> ServiceEndpoint:
    """Return an endpoint whose clock is the local CodeArtifact's."""
    http = BoundedHttp(seconds=bounds.get("seconds", 10.0), largest=int(bounds.get("largest", 1e6)))
    return ServiceEndpoint(local.client(), now=local.state.clock.now, http=http)


def seed(local: Local, package: Package, *versions: dict[str, object]) -> None:
    """*package* has *versions* in the repository."""
    held: dict[str, object] = {"format": package.format, "package": package.name}
    if package.namespace:
        held["namespace"] = package.namespace
    repository = {"name": "intake", "packages": [{**held, "versions": list(versions)}]}
    local.seed({"domains": [{"name": "my-company", "repositories": [repository]}]})


def version(package: Package, name: str, time: datetime) -> dict[str, object]:
    """Return a version for the seed, released at *time*, with what its format cannot do without."""
    found: dict[str, object] = {"version": name, "publishedTime": time.isoformat()}
    if package.format == "maven":
        found["assets"] = [{"name": f"{package.name}-{name}.pom"}]
    return found


FORMATS = pytest.mark.parametrize(
    "package", [REQUESTS, PARSER, LIBRARY], ids=["pypi", "npm", "maven"]
)


@FORMATS
def test_a_version_has_the_time_of_its_release(local: Local, package: Package) -> None:
    """Also one in the future; what is unlisted or was never there is unknown (Maven: is served)."""
    unlisted = {**version(package, "0.9.0", PAST), "status": "Unlisted"}
    seed(
        local,
        package,
        version(package, "1.0.0", PAST),
        version(package, "2.0.0", FUTURE),
        unlisted,
    )
    found = endpoint(local).releases(package, ["1.0.0", "2.0.0", "0.9.0", "3.0.0"])
    assert found == {
        "1.0.0": Release(PAST),
        "2.0.0": Release(FUTURE),
        "0.9.0": Release(PAST if package.format == "maven" else None),
        "3.0.0": Release(),
    }


@FORMATS
def test_a_package_that_is_not_there_is_unknown(local: Local, package: Package) -> None:
    """It may have been deleted since the event."""
    seed(local, replace(package, name="other"), version(package, "1.0.0", PAST))
    assert endpoint(local).releases(package, ["1.0.0"]) == {"1.0.0": Release()}


@FORMATS
def test_one_request_a_package_or_a_head_a_version(local: Local, package: Package) -> None:
    """One token, one endpoint, whatever the number of versions."""
    names = [f"{major}.0.0" for major in range(30)]
    seed(local, package, *(version(package, name, PAST) for name in names))
    asked = endpoint(local)
    local.admin("DELETE", "requests")
    for _ in range(2):
        assert asked.releases(package, names) == dict.fromkeys(names, Release(PAST))
    counted = local.requests()
    kind = {"pypi": "pypi:GetSimple", "npm": "npm:GetPackument", "maven": "maven:GetAsset"}
    assert counted == {
        "GetAuthorizationToken": 1,
        "GetRepositoryEndpoint": 1,
        kind[package.format]: 60 if package.format == "maven" else 2,
    }


def outside(local: Local, package: Package) -> FakeRepository:
    """Return what is behind the external connection of the package's repository."""
    made = FakeRepository(package.format)
    local.state.public[CONNECTIONS[package.format]] = made
    repository = {"name": "intake", "externalConnection": CONNECTIONS[package.format]}
    local.seed({"domains": [{"name": "my-company", "repositories": [repository]}]})
    names = {
        "pypi": ("requests-2.26.0.tar.gz",),
        "npm": ("package.tgz",),
        "maven": ("slf4j-api-2.26.0.pom", "slf4j-api-2.26.0.jar"),
    }
    made.offer(_id(package), "2.26.0", *names[package.format])
    return made


def _id(package: Package) -> PackageId:
    return PackageId(package.format, package.namespace or "", package.name)


@FORMATS
def test_a_fetched_version_has_the_time_of_its_public_release(
    local: Local, package: Package
) -> None:
    """Not that of the fetch, which is years later; before and after it."""
    outside(local, package)
    asked = endpoint(local)
    assert asked.releases(package, ["2.26.0"]) == {"2.26.0": Release(PUBLISHED)}
    fetch(local, package)
    assert asked.releases(package, ["2.26.0"]) == {"2.26.0": Release(PUBLISHED)}


def fetch(local: Local, package: Package) -> None:
    """Download the version as a package manager does."""
    paths = {
        "pypi": "simple/requests/2.26.0/requests-2.26.0.tar.gz",
        "npm": "@babel/parser/-/parser-2.26.0.tgz",
        "maven": "org/slf4j/slf4j-api/2.26.0/slf4j-api-2.26.0.jar",
    }
    base = f"{local.url}/{package.format}/d/my-company-012345678901/intake/"
    token = local.token("my-company")
    answer = httpx.get(
        base + paths[package.format], auth=("aws", token), follow_redirects=True, timeout=30
    )
    assert answer.status_code == 200, answer.text


def test_a_yank_is_seen_with_its_reason(local: Local) -> None:
    """As the public index says it today."""
    public = outside(local, REQUESTS)
    name = "requests-2.26.0.tar.gz"
    known = public.packages[_id(REQUESTS)].versions["2.26.0"]
    yanked = tuple(replace(each, metadata={"yanked": "leaks"}) for each in known.assets)
    public.packages[_id(REQUESTS)] = PublicPackage({"2.26.0": replace(known, assets=yanked)}, {})
    assert yanked[0].name == name
    assert endpoint(local).releases(REQUESTS, ["2.26.0"]) == {"2.26.0": Release(PUBLISHED, "leaks")}


@FORMATS
def test_a_token_that_ends_early_is_renewed(local: Local, package: Package) -> None:
    """The two clocks need not agree: the endpoint's word counts."""
    seed(local, package, version(package, "1.0.0", PAST))
    here = datetime.now(UTC)
    slow = ServiceEndpoint(local.client(), now=lambda: here)
    assert slow.releases(package, ["1.0.0"]) == {"1.0.0": Release(PAST)}
    local.admin("PUT", "clock", {"advance": "PT2H"})
    assert slow.releases(package, ["1.0.0"]) == {"1.0.0": Release(PAST)}
    assert local.requests()["GetAuthorizationToken"] == 2


@pytest.mark.parametrize("redirect", SWITCHES["redirectStatus"].allowed)
def test_a_pom_is_found_whatever_a_download_is(local: Local, redirect: SwitchValue) -> None:
    """A redirect to another host, or the asset itself: not documented, so a switch."""
    local.faults(redirectStatus=redirect)
    seed(local, LIBRARY, version(LIBRARY, "1.0.0", PAST))
    assert endpoint(local).releases(LIBRARY, ["1.0.0"]) == {"1.0.0": Release(PAST)}


def test_a_maven_version_without_a_pom_is_unknown(local: Local) -> None:
    """Its other assets are not asked for."""
    seed(local, LIBRARY, {"version": "1.0.0", "publishedTime": PAST.isoformat()})
    assert endpoint(local).releases(LIBRARY, ["1.0.0"]) == {"1.0.0": Release()}


@FORMATS
def test_an_endpoint_that_fails_is_an_error(local: Local, package: Package) -> None:
    """Throttled, or in trouble; never an empty answer."""
    seed(local, package, version(package, "1.0.0", PAST))
    asked = endpoint(local)
    asked.releases(package, ["1.0.0"])
    local.faults(errorRate=1)
    with pytest.raises(EndpointError):
        asked.releases(package, ["1.0.0"])


def test_too_large_an_answer_is_an_error(local: Local) -> None:
    """A packument may have megabytes; more than is allowed is not read."""
    seed(local, PARSER, *(version(PARSER, f"{major}.0.0", PAST) for major in range(20)))
    with pytest.raises(EndpointError, match="more than 500 bytes"):
        endpoint(local, largest=500).releases(PARSER, ["1.0.0"])


def test_a_slow_endpoint_is_an_error(local: Local) -> None:
    """After the time that is allowed."""
    seed(local, PARSER, version(PARSER, "1.0.0", PAST))
    asked = endpoint(local, seconds=0.2)
    asked.releases(PARSER, ["1.0.0"])
    local.faults(latencyMs=3000)
    with pytest.raises(EndpointError):
        asked.releases(PARSER, ["1.0.0"])


def test_an_external_connection_that_is_down_leaves_what_is_held(local: Local) -> None:
    """The endpoint answers with what the repository holds; the rest is unknown."""
    outside(local, REQUESTS)
    fetch(local, REQUESTS)
    local.faults(externalConnections={"public:pypi": "down"})
    asked = endpoint(local)
    assert asked.releases(REQUESTS, ["2.26.0", "2.27.0"]) == {
        "2.26.0": Release(PUBLISHED),
        "2.27.0": Release(),
    }


def test_a_missing_repository_is_an_error(local: Local) -> None:
    """It may have been deleted since the event."""
    local.seed({"domains": [{"name": "my-company", "repositories": []}]})
    with pytest.raises(EndpointError, match="GetRepositoryEndpoint"):
        endpoint(local).releases(REQUESTS, ["1.0.0"])
