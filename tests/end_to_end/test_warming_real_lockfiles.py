"""Lock files that real tools made are warmed; then they install while nothing public answers."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path

import pytest

from tests.end_to_end import nuget_client
from tests.end_to_end.debian_clients import UNPACKED_WITHOUT
from tests.end_to_end.developer import Developer
from tests.end_to_end.local_stack import LocalStack, steward_up
from tests.end_to_end.locking import Locker, Place, PublicWorld
from tests.end_to_end.locking_javascript import (
    Npm,
    NpmWithoutAddresses,
    Pnpm,
    YarnBerry,
    YarnClassic,
)
from tests.end_to_end.locking_maven import Maven
from tests.end_to_end.locking_nuget import NuGet
from tests.end_to_end.locking_others import Bundler, Cargo
from tests.end_to_end.locking_python import LIBRARY, Pipenv, PipTools, Poetry, Uv
from tests.end_to_end.public_packages import PublicPackages

DOMAIN = "my-company"
CONNECTIONS = {
    "cargo": "public:crates-io",
    "maven": "public:maven-central",
    "npm": "public:npmjs",
    "nuget": "public:nuget-org",
    "pypi": "public:pypi",
    "ruby": "public:ruby-gems-org",
}
LOCKERS: tuple[Locker, ...] = (
    *(PipTools(), Uv(), Poetry(), Pipenv()),
    *(Npm(), Pnpm(), YarnClassic(), YarnBerry()),
    *(Cargo(), Bundler(), Maven()),
)
HASH = re.compile(r'(sha256:|sha512-|checksum = ")([0-9A-Za-z+/])')

by_tool = pytest.mark.parametrize("locker", LOCKERS, ids=lambda each: each.name)
by_tool_with_hashes = pytest.mark.parametrize(
    "locker", [each for each in LOCKERS if each.hashes], ids=lambda each: each.name
)

pytestmark = pytest.mark.network  # some of the tools are installed when they are first used

_numbers = count()


@dataclass
class Company:
    """A domain on a local stack, and the public repositories behind it."""

    stack: LocalStack
    public: PublicWorld
    _released: set[str] = field(default_factory=set)

    def repository(self, fmt: str, name: str | None = None) -> str:
        """Create an empty repository and its store, which has the external connection of *fmt*."""
        made, client = name or f"{fmt}-{next(_numbers)}", self.stack.codeartifact
        store = f"{made}-store"
        client.create_repository(domain=DOMAIN, repository=store)
        client.associate_external_connection(
            domain=DOMAIN, repository=store, externalConnection=CONNECTIONS[fmt]
        )
        client.create_repository(
            domain=DOMAIN, repository=made, upstreams=[{"repositoryName": store}]
        )
        return made

    def emptied(self, fmt: str, repository: str) -> None:
        """A repository and its store are created again: the address is the same, all is cold."""
        for each in (repository, f"{repository}-store"):
            self.stack.codeartifact.delete_repository(domain=DOMAIN, repository=each)
        self.repository(fmt, repository)

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Nothing answers behind any external connection for the length of a block."""
        down = dict.fromkeys(CONNECTIONS.values(), "down")
        with self.stack.faults(externalConnections=down):
            yield

    def release(self, locker: Locker, developer: Developer) -> None:
        """What the project of *locker* needs is public."""
        if locker.format not in self._released:
            locker.release(self.public, developer)
            self._released.add(locker.format)

    def place(self, fmt: str, repository: str) -> Place:
        """Return what clients have to know of a repository."""
        answer = self.stack.codeartifact.get_repository_endpoint(
            domain=DOMAIN,
            repository=repository,
            format=fmt,  # type: ignore[arg-type]  # a string that the model checks
        )
        return Place(answer["repositoryEndpoint"], self._token)

    def public_place(self, fmt: str) -> Place:
        """Return the public repository of *fmt* itself, as somebody outside uses it."""
        packages = self.public.packages
        served = {"npm": packages.npm_registry, "pypi": f"{packages.url}/pypi/"}
        return Place(served[fmt], "none")

    @cached_property
    def _token(self) -> str:
        client = self.stack.codeartifact
        return client.get_authorization_token(domain=DOMAIN)["authorizationToken"]


@pytest.fixture(scope="module")
def public(
    public_packages: PublicPackages, tmp_path_factory: pytest.TempPathFactory
) -> PublicWorld:
    """The public repositories, of which some are folders."""
    folder = tmp_path_factory.mktemp("public")
    for name in ("crates", "gems", "nuget"):
        (folder / name).mkdir()
    return PublicWorld(public_packages, folder / "crates", folder / "gems", folder / "nuget")


@pytest.fixture(scope="module")
def company(public: PublicWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A local stack with a domain whose external connections lead to the public repositories."""
    environment = {
        "STEWARD_PYPI_INDEX": public.packages.simple_index,
        "STEWARD_NPM_REGISTRY": public.packages.npm_registry,
        "STEWARD_MAVEN_CENTRAL": public.packages.maven_layout,
        "STEWARD_CRATES_IO": str(public.crates),
        "STEWARD_RUBY_GEMS_ORG": str(public.gems),
        "STEWARD_NUGET_ORG": str(public.nuget),
    }
    with steward_up(tmp_path_factory.mktemp("stack"), environment=environment) as running:
        running.codeartifact.create_domain(domain=DOMAIN)
        yield Company(running, public)


@pytest.fixture
def new_developer(company: Company, tmp_path: Path) -> Callable[[], Developer]:
    """Return a maker of machines on which nothing is cached."""
    made = count()
    return lambda: Developer(tmp_path / f"home-{next(made)}", company.stack.endpoint)


@pytest.fixture
def developer(new_developer: Callable[[], Developer]) -> Developer:
    """Who makes the lock file, and warms repositories by it."""
    return new_developer()


def project_of(
    locker: Locker, company: Company, developer: Developer, place: Place, folder: Path
) -> Path:
    """Return a project with the lock file that *locker* has made from *place*."""
    company.release(locker, developer)
    project = folder / "project"
    project.mkdir()
    locker.lock(developer, project, place)
    assert (project / locker.lock_file).stat().st_size
    return project


def installed(
    locker: Locker, developer: Developer, project: Path, place: Place, *, refused: bool = False
) -> set[str]:
    """Install a copy of *project* on a new machine; return what is there."""
    copy = developer.home / "project"
    shutil.copytree(project, copy)
    locker.install(developer, copy, place, refused=refused)
    return locker.installed(developer, copy)


def warm(
    developer: Developer, repository: str, lock: Path, *options: str, refused: bool = False
) -> Mapping[str, str]:
    """Warm *repository* by a lock file; return what became of each package URL."""
    done = developer.run(
        *("steward", "warm", lock, "--repository", repository, "--domain", DOMAIN),
        *("--json", *options),
        refused=refused,
    )
    document = json.loads(done.stdout)
    assert not document["problems"]
    return {one["packageUrl"]: one["state"] for one in document["versions"]}


def warmed_and_installed(
    locker: Locker, company: Company, new_developer: Callable[[], Developer], folder: Path
) -> None:
    """A lock file is made; all is cold, and nothing installs; it is warmed, and all installs."""
    repository, developer = company.repository(locker.format), new_developer()
    place = company.place(locker.format, repository)
    project = project_of(locker, company, developer, place, folder)
    company.emptied(locker.format, repository)
    with company.outage():
        assert not installed(locker, new_developer(), project, place, refused=True)

    fetched = warm(developer, repository, project / locker.lock_file)

    assert locker.locked <= set(fetched)
    assert set(fetched.values()) == {"fetched"}
    with company.outage():
        assert installed(locker, new_developer(), project, place) == locker.installs


@by_tool
def test_what_a_lock_file_names_installs_while_nothing_public_answers(
    locker: Locker, company: Company, new_developer: Callable[[], Developer], tmp_path: Path
) -> None:
    """Not before it is warmed: the repository was created again since the lock file was made."""
    warmed_and_installed(locker, company, new_developer, tmp_path)


def test_a_lock_file_of_nugets_form_installs_while_nothing_public_answers(
    company: Company, new_developer: Callable[[], Developer], tmp_path: Path
) -> None:
    """By NuGet's older list, which names the same."""
    (tmp_path / "nuget").mkdir()
    command = nuget_client.command(tmp_path / "nuget")
    if command is None:
        pytest.skip(f"nuget is not on PATH, and {UNPACKED_WITHOUT}")
    warmed_and_installed(NuGet(command), company, new_developer, tmp_path)


@pytest.mark.parametrize(
    "locker",
    [PipTools(), NpmWithoutAddresses(), Pnpm(), YarnBerry(), Cargo()],
    ids=lambda each: each.name,
)
def test_a_lock_file_without_addresses_installs_from_another_repository(
    locker: Locker, company: Company, new_developer: Callable[[], Developer], tmp_path: Path
) -> None:
    """The one that it was made from is not asked: it is gone."""
    first, second = (company.repository(locker.format) for _ in range(2))
    developer, place = new_developer(), company.place(locker.format, second)
    before = company.place(locker.format, first)
    project = project_of(locker, company, developer, before, tmp_path)
    assert before.url not in (project / locker.lock_file).read_text()
    company.stack.codeartifact.delete_repository(domain=DOMAIN, repository=first)

    warm(developer, second, project / locker.lock_file)

    with company.outage():
        assert installed(locker, new_developer(), project, place) == locker.installs


@by_tool_with_hashes
def test_a_hash_that_was_changed_is_found(
    locker: Locker, company: Company, developer: Developer, tmp_path: Path
) -> None:
    """The other packages are fetched; and what is held agrees with the file as it was made."""
    repository = company.repository(locker.format)
    # Through CodeArtifact npm's packages have SHA-1 alone, so the lock file is made without it.
    if locker.format in {"npm", "pypi"}:
        place = company.public_place(locker.format)
    else:
        place = company.place(locker.format, repository)
    project = project_of(locker, company, developer, place, tmp_path)
    lock = project / locker.lock_file
    company.emptied(locker.format, repository)
    changed = tmp_path / "changed" / locker.lock_file
    changed.parent.mkdir()
    changed.write_text(with_other_hashes(lock.read_text(), locker.hashes))

    found = warm(developer, repository, changed, "--verify", refused=True)

    assert Counter(found.values()) == {"mismatch": 1, "fetched": len(locker.locked) - 1}
    right = warm(developer, repository, lock, "--verify")
    assert right == dict.fromkeys(found, "warm")


@pytest.mark.parametrize("locker", [Npm(), PipTools()], ids=["npm", "pip"])
def test_what_no_lock_file_names_does_not_install(
    locker: Npm | PipTools,
    company: Company,
    new_developer: Callable[[], Developer],
    tmp_path: Path,
) -> None:
    """Another version of a package that is warm is as far away as before."""
    repository, developer = company.repository(locker.format), new_developer()
    place = company.place(locker.format, repository)
    project = project_of(locker, company, developer, place, tmp_path)
    warm(developer, repository, project / locker.lock_file)

    with company.outage():
        there, other = (f"{LIBRARY}{locker.equals}{version}" for version in ("1.4.0", "1.3.0"))
        locker.add(new_developer(), project, place, there)
        locker.add(new_developer(), project, place, other, refused=True)


def with_other_hashes(lock: str, number: int) -> str:
    """Return the text of a lock file in which the last *number* hashes are others."""
    for each in list(HASH.finditer(lock))[-number:]:
        other = "0" if each[2] != "0" else "1"
        lock = f"{lock[: each.start(2)]}{other}{lock[each.end(2) :]}"
    return lock
