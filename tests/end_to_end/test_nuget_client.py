"""NuGet itself: pushes, installs, public packages, an outage, and what is no longer offered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.end_to_end import debian_clients, nuget_client
from tests.end_to_end.developer import Developer
from tests.end_to_end.local_stack import LocalStack, eventually, steward_up
from tests.end_to_end.nuget_client import NuGet
from tests.functional.emulator.nuget_packages import add, nupkg

DOMAIN, TEAM, STORE = "my-company", "team", "nuget-store"

NewClient = Callable[[], NuGet]

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The command that runs NuGet; tests are skipped with a plain reason without one."""
    found = nuget_client.command(tmp_path_factory.mktemp("nuget"))
    if found is None:
        pytest.skip(f"nuget is not on PATH, and {debian_clients.UNPACKED_WITHOUT}")
    return found


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The public feed: a folder of three packages."""
    folder = tmp_path_factory.mktemp("feed")
    add(folder, "Public.Base", "1.0.0", nupkg("Public.Base", "1.0.0"))
    add(folder, "Public.Base", "1.1.0", nupkg("Public.Base", "1.1.0"))
    add(folder, "Public.Top", "2.0.0", nupkg("Public.Top", "2.0.0", {"Public.Base": "1.0.0"}))
    return folder


@pytest.fixture(scope="module")
def stack(feed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A local stack: ``team`` with upstream ``nuget-store``, behind which is the feed."""
    environment = {"STEWARD_NUGET_ORG": str(feed)}
    with steward_up(tmp_path_factory.mktemp("stack"), environment=environment) as running:
        client = running.codeartifact
        client.create_domain(domain=DOMAIN)
        client.create_repository(domain=DOMAIN, repository=STORE)
        client.associate_external_connection(
            domain=DOMAIN, repository=STORE, externalConnection="public:nuget-org"
        )
        client.create_repository(
            domain=DOMAIN, repository=TEAM, upstreams=[{"repositoryName": STORE}]
        )
        yield running


@pytest.fixture
def new_client(command: str, new_developer: Callable[..., Developer]) -> NewClient:
    """Return a maker of NuGet clients, each on a machine of its own, logged in to ``team``."""
    return lambda: NuGet(new_developer(), command, TEAM)


def versions(stack: LocalStack, repository: str, package: str) -> dict[str, str]:
    """Return the status of each version of a NuGet package."""
    return stack.versions(repository, package, fmt="nuget")


def held(stack: LocalStack, repository: str, *packages: str) -> dict[str, dict[str, str]]:
    """Return the same of several packages."""
    return {each: versions(stack, repository, each) for each in packages}


def test_what_one_developer_pushes_another_installs(
    stack: LocalStack, new_client: NewClient
) -> None:
    """Under its normalised name and version; with what it depends on, a public package."""
    author, user = new_client(), new_client()
    said = author.push(
        author.pack("MyCompany.App", "1.0.01.0", '<dependency id="Public.Base" version="1.0.0" />')
    )
    assert "Your package was pushed" in said
    assert versions(stack, TEAM, "mycompany.app") == {"1.0.1": "Published"}

    user.install("MyCompany.App", "1.0.1")

    assert user.installed() == {"MyCompany.App.1.0.1", "Public.Base.1.0.0"}
    described = stack.codeartifact.describe_package_version(
        domain=DOMAIN,
        repository=TEAM,
        format="nuget",
        package="MyCompany.App",
        packageVersion="1.0.1.0",
    )["packageVersion"]
    assert (described["packageName"], described["displayName"]) == (
        "mycompany.app",
        "MyCompany.App",
    )


def test_a_version_is_pushed_once(stack: LocalStack, new_client: NewClient) -> None:
    """409 the second time, which ``-SkipDuplicate`` takes for success."""
    author = new_client()
    package = author.pack("MyCompany.Once", "1.0.0")
    author.push(package)

    assert "409" in author.push(package, refused=True)
    assert "already exists" in author.push(package, "-SkipDuplicate")
    assert versions(stack, TEAM, "mycompany.once") == {"1.0.0": "Published"}


def test_public_packages_are_kept_and_install_in_an_outage(
    stack: LocalStack, new_client: NewClient
) -> None:
    """With what they depend on; what nobody has fetched does not install until it is over."""
    new_client().install("Public.Top", "2.0.0")
    kept = {"public.top": {"2.0.0": "Published"}, "public.base": {"1.0.0": "Published"}}
    for repository in (TEAM, STORE):
        eventually(
            partial(held, stack, repository, *kept),
            lambda found: all(kept[name].items() <= found[name].items() for name in kept),
        )

    with stack.faults(externalConnections={"public:nuget-org": "down"}):
        user = new_client()
        user.install("Public.Top", "2.0.0")
        assert user.installed() == {"Public.Top.2.0.0", "Public.Base.1.0.0"}
        assert "is not found" in user.install("Public.Base", "1.1.0", refused=True)

    user.install("Public.Base", "1.1.0")
    assert "Public.Base.1.1.0" in user.installed()


def test_what_is_archived_does_not_install(stack: LocalStack, new_client: NewClient) -> None:
    """A version that has been withdrawn fails the build; published again, it installs."""
    author = new_client()
    author.push(author.pack("MyCompany.Bad", "1.0.0"))
    where = {"domain": DOMAIN, "repository": TEAM, "format": "nuget", "package": "MyCompany.Bad"}

    def set_status(status: str) -> None:
        stack.codeartifact.update_package_versions_status(
            **where,  # type: ignore[arg-type]  # strings that the model checks
            versions=["1.0"],
            targetStatus=status,  # type: ignore[arg-type]  # as above
        )

    set_status("Archived")
    user = new_client()
    assert "is not found" in user.install("MyCompany.Bad", "1.0.0", refused=True)

    set_status("Published")
    user.install("MyCompany.Bad", "1.0.0")
    assert user.installed() == {"MyCompany.Bad.1.0.0"}


def test_a_client_without_a_token_is_refused(stack: LocalStack, new_client: NewClient) -> None:
    """401, also for what anyone could have: nothing is fetched for strangers."""
    stranger = new_client()
    stranger.developer.run("nuget", "sources", "remove", "-Name", stranger.source)
    stranger.developer.run(
        *("nuget", "sources", "add", "-Name", stranger.source, "-Source"),
        stranger.developer.repository_url(DOMAIN, TEAM, "nuget") + "v3/index.json",
    )
    before = versions(stack, TEAM, "public.base")

    assert "401" in stranger.install("Public.Base", "1.1.0", refused=True)
    assert stranger.installed() == set()
    assert versions(stack, TEAM, "public.base") == before
