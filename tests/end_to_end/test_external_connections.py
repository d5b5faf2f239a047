"""What comes in through external connections, when, and what an outage does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from tests.end_to_end.developer import Developer, values
from tests.end_to_end.local_stack import LocalStack, eventually
from tests.end_to_end.public_packages import PublicPackages, wheel

DOMAIN = "my-company"
STORES = {
    "npm-store": "public:npmjs",
    "pypi-store": "public:pypi",
    "maven-store": "public:maven-central",
}
HALF_AN_HOUR = 30 * 60
THREE_HOURS = 3 * 60 * 60
LIBRARY = "org.example.lab"


@pytest.fixture(scope="module", autouse=True)
def _stores(stack: LocalStack) -> None:
    """One store for each external connection."""
    client = stack.codeartifact
    client.create_domain(domain=DOMAIN)
    for store, connection in STORES.items():
        client.create_repository(domain=DOMAIN, repository=store)
        client.associate_external_connection(
            domain=DOMAIN, repository=store, externalConnection=connection
        )


_numbers = count()


@pytest.fixture
def repository(stack: LocalStack) -> str:
    """A new repository of this test, with all the stores behind it."""
    name = f"demo-{next(_numbers)}"
    stack.codeartifact.create_repository(
        domain=DOMAIN,
        repository=name,
        upstreams=[{"repositoryName": store} for store in STORES],
    )
    return name


@pytest.fixture
def frozen(stack: LocalStack) -> Iterator[LocalStack]:
    """The stack with a local CodeArtifact whose clock stands still until it is advanced."""
    stack.freeze_clock()
    yield stack
    stack.resume_clock()


def pip_install(
    developer: Developer, repository: str, *requirements: str, refused: bool = False
) -> str:
    """Install into a new environment, with nothing cached, and return what pip said."""
    developer.new_environment("venv")
    developer.run(
        *("aws", "codeartifact", "login", "--tool", "pip"),
        *("--domain", DOMAIN, "--repository", repository),
    )
    done = developer.run("pip", "install", "--no-cache-dir", *requirements, refused=refused)
    return done.stdout + done.stderr


def npm_project(developer: Developer, repository: str) -> Path:
    """Return a new, empty npm project that installs from *repository*."""
    developer.run(
        *("aws", "codeartifact", "login", "--tool", "npm"),
        *("--domain", DOMAIN, "--repository", repository),
    )
    project = developer.home / f"project-{next(_numbers)}"
    project.mkdir()
    (project / "package.json").write_text('{"name": "project", "version": "1.0.0"}')
    return project


def maven_get(developer: Developer, repository: str, path: str) -> tuple[str, str]:
    """Return the status and body of a Maven request made with curl, redirects followed."""
    url = developer.repository_url(DOMAIN, repository, "maven")
    out = developer.home / "answer"
    out.write_text("")
    done = developer.run(
        *("curl", "-sS", "-L", "-u", f"aws:{developer.token(DOMAIN)}", "-o", str(out)),
        *("-w", "%{http_code}", f"{url}{path}"),
    )
    return done.stdout, out.read_text()


def test_npm_through_an_external_connection(
    developer: Developer,
    stack: LocalStack,
    public_packages: PublicPackages,
    repository: str,
) -> None:
    """What npm installed, dependencies too, is listed in the repository and in the store."""
    public_packages.release_npm("left-pad", "1.1.0")
    public_packages.release_npm("left-pad", "1.3.0")
    public_packages.release_npm("@lab/tool", "2.0.0", dependencies={"left-pad": "^1.1.0"})
    project = npm_project(developer, repository)

    developer.run("npm", "install", "@lab/tool", cwd=project)

    for name in ("left-pad", "@lab/tool"):
        assert (project / "node_modules" / name / "index.js").exists()
    for where in (repository, "npm-store"):
        eventually(partial(stack.versions, where, "left-pad", fmt="npm"), bool)
        listed = developer.aws("list-packages", domain=DOMAIN, repository=where, format="npm")
        assert {"left-pad", "tool"} <= set(values(listed, "packages", "package"))
        eventually(partial(stack.versions, where, "tool", namespace="lab", fmt="npm"), bool)
        shown = developer.aws(
            "list-package-versions",
            domain=DOMAIN,
            repository=where,
            format="npm",
            namespace="lab",
            package="tool",
        )
        assert values(shown, "versions", "version") == ["2.0.0"]
        assert shown["defaultDisplayVersion"] == "2.0.0"
    assert stack.versions(repository, "left-pad", fmt="npm") == {"1.3.0": "Published"}


def test_npm_ci_installs_again_from_the_repository_alone(
    developer: Developer,
    stack: LocalStack,
    public_packages: PublicPackages,
    repository: str,
) -> None:
    """With the outside down and an empty cache, the lock file installs as before."""
    public_packages.release_npm("kept", "1.0.0")
    project = npm_project(developer, repository)
    developer.run("npm", "install", "kept", cwd=project)
    eventually(lambda: stack.versions(repository, "kept", fmt="npm"), bool)

    with stack.faults(externalConnections={"public:npmjs": "down"}):
        developer.run("npm", "ci", "--cache", developer.home / "empty", cwd=project)

    manifest = json.loads((project / "node_modules" / "kept" / "package.json").read_text())
    assert manifest["version"] == "1.0.0"


def test_a_fetched_package_is_seen_through_the_api_only_after_a_delay(
    developer: Developer,
    frozen: LocalStack,
    public_packages: PublicPackages,
    repository: str,
) -> None:
    """A client has it at once; list-package-versions shows it three minutes later."""
    public_packages.release_python("patience", "1.0")
    asked = {
        "domain": DOMAIN,
        "repository": repository,
        "format": "pypi",
        "package": "patience",
    }
    with frozen.faults(visibilityDelaySeconds=180):
        pip_install(developer, repository, "patience")
        assert developer.installed() == {"patience": "1.0"}
        assert "ResourceNotFound" in developer.aws_refused("list-package-versions", **asked)

        frozen.advance_clock(179)
        assert "ResourceNotFound" in developer.aws_refused("list-package-versions", **asked)

        frozen.advance_clock(1)
        shown = developer.aws("list-package-versions", **asked)
        assert values(shown, "versions", "version") == ["1.0"]


@pytest.mark.parametrize("health", ["down", "slow"])
def test_an_outage_leaves_what_is_stored_and_nothing_else(
    developer: Developer,
    stack: LocalStack,
    public_packages: PublicPackages,
    repository: str,
    health: str,
) -> None:
    """Stored versions install, others fail; after the outage they install too."""
    stored, wanted = f"stored{health}", f"wanted{health}"
    for name in (stored, wanted):
        public_packages.release_python(name, "1.0")
    pip_install(developer, repository, stored)

    with stack.faults(externalConnections={"public:pypi": health}):
        pip_install(developer, repository, stored)
        said = pip_install(developer, repository, wanted, refused=True)
        assert "No matching distribution found" in said

    pip_install(developer, repository, wanted)
    assert len(developer.installed()) == 1


def test_a_version_that_the_public_repository_has_cannot_be_published(
    developer: Developer,
    stack: LocalStack,
    public_packages: PublicPackages,
    repository: str,
) -> None:
    """A publish of a public version is a conflict; during an outage it may slip through."""
    public_packages.release_python("contested", "1.0")
    public_packages.release_python("contested", "2.0")
    developer.run(
        *("aws", "codeartifact", "login", "--tool", "twine"),
        *("--domain", DOMAIN, "--repository", repository),
    )
    upload = ("twine", "upload", "--disable-progress-bar", "-r", "codeartifact")
    for version in ("1.0", "2.0"):
        file = developer.home / f"contested-{version}-py3-none-any.whl"
        file.write_bytes(wheel("contested", version, says="ours"))

    refused = developer.run(*upload, "contested-1.0-py3-none-any.whl", refused=True)
    assert "409" in refused.stdout + refused.stderr
    assert stack.versions(repository, "contested", fmt="pypi") == {}

    with stack.faults(externalConnections={"public:pypi": "down"}):
        developer.run(*upload, "contested-2.0-py3-none-any.whl")
    assert stack.versions(repository, "contested", fmt="pypi") == {"2.0": "Published"}


def test_new_public_python_and_npm_versions_are_seen_after_half_an_hour(
    developer: Developer,
    frozen: LocalStack,
    public_packages: PublicPackages,
    repository: str,
) -> None:
    """The metadata cache of npm and PyPI is asked again when it is thirty minutes old."""
    public_packages.release_python("growing", "1.0")
    public_packages.release_npm("growing", "1.0.0")
    pip_install(developer, repository, "growing")
    project = npm_project(developer, repository)
    developer.run("npm", "install", "growing", cwd=project)

    public_packages.release_python("growing", "2.0")
    public_packages.release_npm("growing", "2.0.0")

    def newest() -> tuple[str, str]:
        pip_install(developer, repository, "growing")
        return (
            developer.installed()["growing"],
            developer.run("npm", "view", "--prefer-online", "growing", "version").stdout.strip(),
        )

    frozen.advance_clock(HALF_AN_HOUR - 1)
    assert newest() == ("1.0", "1.0.0")
    frozen.advance_clock(2)
    assert newest() == ("2.0", "2.0.0")


def test_new_public_maven_versions_are_seen_on_the_second_request_after_three_hours(
    developer: Developer,
    frozen: LocalStack,
    public_packages: PublicPackages,
    repository: str,
) -> None:
    """The first request after expiry still gets the old list and triggers the refresh."""
    listing = f"{LIBRARY.replace('.', '/')}/growing/maven-metadata.xml"
    public_packages.release_maven(LIBRARY, "growing", "1.0")
    assert "<version>1.0</version>" in maven_get(developer, repository, listing)[1]
    public_packages.release_maven(LIBRARY, "growing", "2.0")

    frozen.advance_clock(THREE_HOURS - 1)
    assert "<version>2.0</version>" not in maven_get(developer, repository, listing)[1]
    frozen.advance_clock(2)
    assert "<version>2.0</version>" not in maven_get(developer, repository, listing)[1]
    eventually(
        lambda: maven_get(developer, repository, listing)[1],
        lambda page: "<version>2.0</version>" in page,
    )


def assets(stack: LocalStack, repository: str, where: dict[str, str]) -> list[str]:
    """Return the names of a version's assets; empty where the version is not seen."""
    client = stack.codeartifact
    try:
        listed = client.list_package_version_assets(
            domain=DOMAIN,
            repository=repository,
            **where,  # type: ignore[arg-type]  # built from strings that the model checks
        )
    except client.exceptions.ResourceNotFoundException:
        return []
    return sorted(asset["name"] for asset in listed["assets"])


def test_all_assets_of_a_python_version_come_in_with_the_first(
    developer: Developer,
    stack: LocalStack,
    public_packages: PublicPackages,
    repository: str,
) -> None:
    """A client asks for the wheel; the source archive is there too."""
    public_packages.release_python("several", "1.0")
    pip_install(developer, repository, "several")
    expected = ["several-1.0-py3-none-any.whl", "several-1.0.tar.gz"]

    where = {"format": "pypi", "package": "several", "packageVersion": "1.0"}
    for each in (repository, "pypi-store"):
        seen = eventually(partial(assets, stack, each, where), bool)
        assert seen == expected


def test_a_python_file_that_is_released_later_joins_its_version(
    developer: Developer,
    frozen: LocalStack,
    public_packages: PublicPackages,
    repository: str,
) -> None:
    """Not before the metadata cache is half an hour old; then in both repositories."""
    public_packages.release_python("late", "1.0")
    source = public_packages.wheels["late"].pop("late-1.0.tar.gz")
    where = {"format": "pypi", "package": "late", "packageVersion": "1.0"}
    at_first, in_the_end = (
        ["late-1.0-py3-none-any.whl"],
        ["late-1.0-py3-none-any.whl", "late-1.0.tar.gz"],
    )
    pip_install(developer, repository, "late")
    for each in (repository, "pypi-store"):
        assert eventually(partial(assets, frozen, each, where), bool) == at_first

    public_packages.wheels["late"]["late-1.0.tar.gz"] = source
    frozen.advance_clock(HALF_AN_HOUR - 1)
    pip_install(developer, repository, "late")
    assert assets(frozen, repository, where) == at_first

    frozen.advance_clock(2)
    pip_install(developer, repository, "late")
    for each in (repository, "pypi-store"):
        eventually(partial(assets, frozen, each, where), lambda seen: seen == in_the_end)


def test_maven_assets_of_unusual_names_come_in_when_asked_for(
    developer: Developer,
    stack: LocalStack,
    public_packages: PublicPackages,
    repository: str,
) -> None:
    """Jar and POM come together; ``-linux.jar`` joins them when someone asks for it by name."""
    public_packages.release_maven(
        LIBRARY, "several", "1.0", (".jar", ".pom", "-sources.jar", "-linux.jar")
    )
    folder = f"{LIBRARY.replace('.', '/')}/several/1.0"
    where = {
        "format": "maven",
        "namespace": LIBRARY,
        "package": "several",
        "packageVersion": "1.0",
    }
    usual = {"several-1.0.jar", "several-1.0.pom", "several-1.0-sources.jar"}

    status, body = maven_get(developer, repository, f"{folder}/several-1.0.jar")
    assert (status, body) == ("200", "several 1.0 .jar")
    for each in (repository, "maven-store"):
        seen = eventually(partial(assets, stack, each, where), bool)
        assert set(seen) - {"maven-metadata.xml"} == usual

    status, body = maven_get(developer, repository, f"{folder}/several-1.0-linux.jar")
    assert (status, body) == ("200", "several 1.0 -linux.jar")
    for each in (repository, "maven-store"):
        eventually(
            partial(assets, stack, each, where),
            lambda seen: set(seen) - {"maven-metadata.xml"} == {*usual, "several-1.0-linux.jar"},
        )


def test_snapshots_never_come_through_external_connections(
    developer: Developer,
    stack: LocalStack,
    public_packages: PublicPackages,
    repository: str,
) -> None:
    """A public snapshot is not found, neither its metadata nor its assets, and not stored."""
    folder = f"{LIBRARY.replace('.', '/')}/wild"
    public_packages.release_maven(LIBRARY, "wild", "1.0-SNAPSHOT")
    public_packages.maven[f"{folder}/1.0-SNAPSHOT/maven-metadata.xml"] = b"<metadata/>"

    answers = [
        maven_get(developer, repository, f"{folder}/1.0-SNAPSHOT/{file}")[0]
        for file in ("maven-metadata.xml", "wild-1.0-SNAPSHOT.jar")
    ]

    assert answers == ["404", "404"]
    assert stack.versions("maven-store", "wild", namespace=LIBRARY) == {}
    assert not [path for path in public_packages.asked if "SNAPSHOT" in path]
