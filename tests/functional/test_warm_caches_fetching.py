"""Versions asked for at the local CodeArtifact's endpoints, so that they come in."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from emulator.core.external import Connection
from emulator.core.switches import SWITCHES, SwitchValue
from emulator.core.values import PackageId
from emulator.external.cargo_layout import CargoLayout
from emulator.external.nuget_layout import NuGetLayout
from emulator.external.ruby_layout import RubyLayout
from steward.codeartifact import CodeArtifactService
from steward.coordinates import Format, Package, Repository
from steward.endpoint_access import EndpointAccess
from steward.errors import PackageNotFoundError
from steward.streamed_http import StreamedHttp
from steward.version_contents import ServiceVersionContents
from tests.functional.emulator import made_crates, made_gems, nuget_packages
from tests.functional.emulator.public_repository import FakeRepository
from tests.functional.local_codeartifact import Local
from warm_caches.fetching import Available, EndpointFetching, Fetch
from warm_caches.values import WantedVersion

TEAM = Repository("my-company", "012345678901", "team")
ONE, TWO = WantedVersion("1.0.0"), WantedVersion("2.0.0")
CONNECTIONS: dict[Format, str] = {
    "pypi": "public:pypi",
    "npm": "public:npmjs",
    "maven": "public:maven-central",
    "nuget": "public:nuget-org",
    "cargo": "public:crates-io",
    "ruby": "public:ruby-gems-org",
}
PACKAGES = [
    Package(TEAM, "pypi", None, "greeter"),
    Package(TEAM, "npm", "tools", "greeter"),
    Package(TEAM, "maven", "org.example", "greeter"),
    Package(TEAM, "nuget", None, "greeter"),
    Package(TEAM, "cargo", None, "greeter"),
    Package(TEAM, "ruby", None, "greeter"),
]
FORMATS = pytest.mark.parametrize("package", PACKAGES, ids=lambda each: each.format)
POM = (
    "<project><parent><groupId>org.example</groupId><artifactId>parent</artifactId>"
    "<version>7</version></parent><artifactId>greeter</artifactId></project>"
)
# What a version costs, and what comes before the first one of a package or repository.
REQUESTS = {"pypi": 1, "npm": 1, "maven": 2, "nuget": 1, "cargo": 1, "ruby": 1}
BEFORE = {"pypi": 1, "npm": 0, "maven": 0, "nuget": 1, "cargo": 1, "ruby": 0}
SETTLED_SECONDS = 20.0


@dataclass
class Company:
    """A repository whose upstreams have external connections, of all formats."""

    local: Local
    now: datetime = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    paced: list[None] = field(default_factory=list)

    def fetching(self) -> EndpointFetching:
        """Return what asks its endpoints, with a clock of its own."""
        return EndpointFetching(
            EndpointAccess(self.local.client(), lambda: self.now),
            StreamedHttp(seconds_idle=10, seconds_whole=20, connections=32),
            lambda: self.paced.append(None),
            sleep=lambda _: None,
        )

    def held(self, package: Package) -> dict[str, str]:
        """Return the versions that are listed, with their statuses."""
        try:
            versions = CodeArtifactService(self.local.client()).versions(package)
        except PackageNotFoundError:
            return {}
        return {version.version: version.status for version in versions}

    def until_held(self, package: Package, version: str) -> None:
        """Return when a version is listed: its assets follow the first one."""
        deadline = time.monotonic() + SETTLED_SECONDS
        while version not in self.held(package):
            assert time.monotonic() < deadline, f"{package.purl(version)} did not come in"


@pytest.fixture
def company(local: Local, tmp_path: Path) -> Iterator[Company]:
    """Everything is public in two versions, and nothing is held."""
    for kind in ("nuget", "cargo", "ruby"):
        (tmp_path / kind).mkdir()
    for version in ("1.0.0", "2.0.0"):
        made = nuget_packages.nupkg("Greeter", version)
        nuget_packages.add(tmp_path / "nuget", "Greeter", version, made)
        made_crates.release(tmp_path / "cargo", "greeter", version)
        made_gems.release(tmp_path / "ruby", "greeter", version)
    made_gems.release(tmp_path / "ruby", "greeter", "1.0.0", platform="x86_64-linux")
    local.state.public |= {
        CONNECTIONS["nuget"]: NuGetLayout(tmp_path / "nuget", "a folder"),
        CONNECTIONS["cargo"]: CargoLayout(tmp_path / "cargo", "a folder"),
        CONNECTIONS["ruby"]: RubyLayout(tmp_path / "ruby", "a folder"),
    }
    for package in PACKAGES[:3]:
        local.state.public[CONNECTIONS[package.format]] = _public(package)
    stores = [
        {"name": f"{kind}-store", "externalConnection": connection}
        for kind, connection in CONNECTIONS.items()
    ]
    team = {"name": "team", "upstreams": [each["name"] for each in stores]}
    local.seed({"domains": [{"name": "my-company", "repositories": [*stores, team]}]})
    yield Company(local)
    deadline = time.monotonic() + SETTLED_SECONDS
    while any(
        isinstance(each, Connection) and each.imports.running
        for each in local.state.public.values()
    ):
        assert time.monotonic() < deadline


def _public(package: Package) -> FakeRepository:
    """Return a public repository with two versions of *package*."""
    public = FakeRepository(package.format)
    package_id = PackageId(package.format, package.namespace or "", package.name)
    for version in ("1.0.0", "2.0.0"):
        names = {
            "pypi": (f"greeter-{version}.tar.gz", f"greeter-{version}-py3-none-any.whl"),
            "npm": ("package.tgz",),
            "maven": (f"greeter-{version}.pom", f"greeter-{version}.jar"),
        }[package.format]
        public.offer(package_id, version, *names)
        if package.format != "maven":
            continue
        public.content[f"{version}/{names[0]}"] = POM.encode()
        known = public.packages[package_id]
        assets = filter(None, (public.asset(package_id, version, name) for name in names))
        made = replace(known.versions[version], assets=tuple(assets))
        public.packages[package_id] = replace(known, versions={**known.versions, version: made})
    return public


def ask(
    fetching: EndpointFetching,
    package: Package,
    wanted: WantedVersion = ONE,
    *,
    whole: bool = False,
) -> Fetch:
    """Ask for a version, and if *whole*, tell its hashes."""
    return fetching.fetch(package, wanted, whole=whole, digest=whole)


@FORMATS
def test_a_version_that_is_asked_for_comes_in(company: Company, package: Package) -> None:
    """With as many requests as its format needs, each at the pace; its asset is not read."""
    company.local.admin("DELETE", "requests")
    fetching = company.fetching()
    for number, wanted in enumerate((ONE, TWO)):
        fetch = ask(fetching, package, wanted)
        before = BEFORE[package.format] if number == 0 else 0
        assert (fetch.state, fetch.requests) == ("asked", before + REQUESTS[package.format])
        company.until_held(package, wanted.version)
    assert company.held(package) == {"1.0.0": "Published", "2.0.0": "Published"}
    counted = company.local.requests()
    made = sum(fetching.requests_made.values())
    assert made == len(company.paced)
    assert made == sum(n for name, n in counted.items() if name.startswith(f"{package.format}:"))
    assert (counted["GetAuthorizationToken"], counted["GetRepositoryEndpoint"]) == (1, 1)


@FORMATS
@pytest.mark.parametrize("redirect", SWITCHES["redirectStatus"].allowed)
def test_it_comes_in_whatever_a_download_is(
    company: Company, package: Package, redirect: SwitchValue
) -> None:
    """A redirect to another host, or the asset itself: not documented, so a switch."""
    company.local.faults(redirectStatus=redirect)
    assert ask(company.fetching(), package).state == "asked"
    company.until_held(package, "1.0.0")


@FORMATS
def test_an_asset_that_is_read_tells_its_hash(company: Company, package: Package) -> None:
    """It is the one that CodeArtifact lists."""
    fetching = company.fetching()
    fetch = ask(fetching, package, whole=True)
    assert (fetch.state, fetch.status) == ("asked", 200)
    company.until_held(package, "1.0.0")
    listed = ServiceVersionContents(company.local.client()).assets(package, "1.0.0")
    hashes = {(asset.size, asset.hashes["SHA-256"]) for asset in listed.assets.values()}
    assert {(file.size, file.hashes["SHA-256"]) for file in fetch.files} <= hashes
    assert fetch.size >= sum(file.size for file in fetch.files) > 0


@FORMATS
def test_what_only_a_download_brings_in_is_downloaded(company: Company, package: Package) -> None:
    """Not documented, so a switch: then the redirect alone does nothing."""
    company.local.faults(ingestsBeforeDownload=False)
    fetching = company.fetching()
    assert ask(fetching, package).state == "asked"
    assert ask(fetching, package, whole=True).state == "asked"
    company.until_held(package, "1.0.0")


@FORMATS
def test_what_does_not_exist_is_not_found(company: Company, package: Package) -> None:
    """Neither the version nor the package: an answer, with its reason."""
    fetching = company.fetching()
    for wanted in (Package(TEAM, package.format, package.namespace, "no-such"), package):
        fetch = ask(fetching, wanted, WantedVersion("9.9.9"))
        assert (fetch.state, bool(fetch.reason)) == ("not found", True)
        assert company.held(wanted) == {}


@FORMATS
def test_a_connection_that_does_not_answer_is_no_answer(company: Company, package: Package) -> None:
    """Where CodeArtifact says so; where it says 404 instead, it is what it says."""
    fetching = company.fetching()
    fetching.available(package)
    connection = {CONNECTIONS[package.format]: "down"}
    for status, state in ((503, "no answer"), (404, "not found")):
        company.local.faults(externalConnections=connection, unavailableConnectionStatus=status)
        assert ask(fetching, package).state == state
        assert company.held(package) == {}


@FORMATS
@pytest.mark.parametrize("status", SWITCHES["invalidTokenStatus"].allowed)
def test_a_token_that_ends_in_the_middle_of_a_run_is_replaced(
    company: Company, package: Package, status: SwitchValue
) -> None:
    """The two clocks need not agree; also where that looks like a version that is not there."""
    company.local.faults(invalidTokenStatus=status)
    fetching = company.fetching()
    assert ask(fetching, package).state == "asked"
    company.local.admin("PUT", "clock", {"advance": "PT2H"})
    company.now += timedelta(minutes=1)
    assert ask(fetching, package, TWO).state == "asked"
    assert company.local.requests()["GetAuthorizationToken"] == 2


@FORMATS
def test_the_versions_of_a_package_are_listed(company: Company, package: Package) -> None:
    """Nothing comes in by that."""
    fetching = company.fetching()
    found = fetching.available(package)
    assert (sorted(found.versions), found.withdrawn) == (["1.0.0", "2.0.0"], frozenset())
    missing = Package(TEAM, package.format, package.namespace, "no-such")
    assert fetching.available(missing) == Available()
    assert company.held(package) == {}


def test_the_parent_of_a_pom_is_needed(company: Company) -> None:
    """Without another request: its version is written in the POM."""
    fetch = ask(company.fetching(), PACKAGES[2])
    assert (fetch.needs, fetch.requests) == ((("org.example", "parent", "7"),), 2)


@pytest.mark.parametrize("place", SWITCHES["gemPlatformPlace"].allowed)
def test_a_gem_of_a_platform_comes_in(company: Company, place: SwitchValue) -> None:
    """Wherever its platform stands."""
    company.local.faults(gemPlatformPlace=place)
    gem = PACKAGES[5]
    wanted = WantedVersion("1.0.0", files=frozenset({"greeter-1.0.0-x86_64-linux.gem"}))
    fetch = ask(company.fetching(), gem, wanted, whole=True)
    assert (fetch.state, fetch.requests, len(fetch.files)) == ("asked", 2, 2)
    company.until_held(gem, "1.0.0")
    if place == "version":
        company.until_held(gem, "1.0.0-x86_64-linux")


def test_many_threads_share_a_token_and_what_a_repository_tells(company: Company) -> None:
    """All formats at once."""
    fetching = company.fetching()
    work = [(package, wanted) for package in PACKAGES for wanted in (ONE, TWO)] * 3
    company.local.admin("DELETE", "requests")
    with ThreadPoolExecutor(32) as pool:
        states = pool.map(lambda each: ask(fetching, *each).state, work)
        assert set(states) == {"asked"}
    made = fetching.requests_made
    assert (made["pypi:page"], made["nuget:index"], made["cargo:configuration"]) == (1, 1, 1)
    assert company.local.requests()["GetAuthorizationToken"] == 1


def test_what_was_downloaded_is_what_is_public(company: Company) -> None:
    """Byte by byte."""
    (file,) = ask(company.fetching(), PACKAGES[1], whole=True).files
    content = b"greeter 1.0.0 package.tgz"  # as the public repository makes it
    assert file.hashes["SHA-512"] == hashlib.sha512(content).hexdigest()
