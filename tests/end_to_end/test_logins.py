"""`aws codeartifact login`, and what pip, npm and twine do with the configuration it wrote."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.end_to_end.developer import Developer
from tests.end_to_end.local_stack import LocalStack
from tests.end_to_end.public_packages import PublicPackages, source_archive, wheel

DOMAIN = "my-company"
REPOSITORY = "team"


@pytest.fixture(scope="module", autouse=True)
def _repositories(stack: LocalStack, public_packages: PublicPackages) -> None:
    """A repository for the team, with the public Python and npm packages behind it."""
    public_packages.release_python("greeter", "1.0")
    public_packages.release_npm("left-pad", "1.3.0")
    client = stack.codeartifact
    client.create_domain(domain=DOMAIN)
    for store, connection in (("pypi-store", "public:pypi"), ("npm-store", "public:npmjs")):
        client.create_repository(domain=DOMAIN, repository=store)
        client.associate_external_connection(
            domain=DOMAIN, repository=store, externalConnection=connection
        )
    client.create_repository(
        domain=DOMAIN,
        repository=REPOSITORY,
        upstreams=[{"repositoryName": "pypi-store"}, {"repositoryName": "npm-store"}],
    )


def login(developer: Developer, tool: str, *arguments: str) -> None:
    """Run ``aws codeartifact login`` as the User Guide shows it."""
    developer.run(
        *("aws", "codeartifact", "login", "--tool", tool),
        *("--domain", DOMAIN, "--repository", REPOSITORY, *arguments),
    )


def upload(developer: Developer, *files: str, refused: bool = False) -> str:
    """Upload with the configuration that the login wrote, and return what twine said."""
    done = developer.run(
        *("twine", "upload", "--disable-progress-bar", "--verbose", "-r", "codeartifact", *files),
        refused=refused,
    )
    return done.stdout + done.stderr


def test_twine_publishes_and_pip_installs_after_login(
    new_developer: Callable[..., Developer], stack: LocalStack
) -> None:
    """What one developer uploads with twine, another installs with pip."""
    author, user = new_developer(), new_developer()
    (author.home / "our_tool-1.0-py3-none-any.whl").write_bytes(wheel("our_tool", "1.0"))
    (author.home / "our_tool-1.0.tar.gz").write_bytes(source_archive("our_tool", "1.0"))

    login(author, "twine")
    upload(author, "our_tool-1.0-py3-none-any.whl", "our_tool-1.0.tar.gz")
    login(user, "pip")
    user.run("pip", "install", "--no-cache-dir", "our-tool", "greeter")

    found = {name.replace("_", "-"): version for name, version in user.installed().items()}
    assert found == {"our-tool": "1.0", "greeter": "1.0"}
    assert stack.versions(REPOSITORY, "our-tool", fmt="pypi") == {"1.0": "Published"}


def test_twine_may_upload_the_same_file_again_but_no_other_under_its_name(
    developer: Developer, stack: LocalStack
) -> None:
    """The same bytes are accepted again; other bytes under the same name are a conflict."""
    file = "settled-1.0-py3-none-any.whl"
    login(developer, "twine")
    (developer.home / file).write_bytes(wheel("settled", "1.0"))
    upload(developer, file)
    upload(developer, file)

    (developer.home / file).write_bytes(wheel("settled", "1.0", says="something else"))
    assert "409" in upload(developer, file, refused=True)

    assert stack.versions(REPOSITORY, "settled", fmt="pypi") == {"1.0": "Published"}


def test_an_unlisted_version_is_not_chosen_but_still_served(
    developer: Developer, stack: LocalStack
) -> None:
    """A client takes the older listed version; the page of the package hides the unlisted one."""
    login(developer, "twine")
    for version in ("1.0", "2.0"):
        file = f"shy-{version}-py3-none-any.whl"
        (developer.home / file).write_bytes(wheel("shy", version))
        upload(developer, file)
    stack.codeartifact.update_package_versions_status(
        domain=DOMAIN,
        repository=REPOSITORY,
        format="pypi",
        package="shy",
        versions=["2.0"],
        targetStatus="Unlisted",
    )
    login(developer, "pip")

    developer.run("pip", "install", "--no-cache-dir", "shy")

    assert developer.installed()["shy"] == "1.0"


def write_npm_package(developer: Developer, name: str, version: str) -> None:
    """Write an npm project into its own folder below HOME."""
    folder = developer.home / "package"
    folder.mkdir(exist_ok=True)
    manifest = {"name": name, "version": version, "main": "index.js", "license": "MIT"}
    (folder / "package.json").write_text(json.dumps(manifest))
    (folder / "index.js").write_text(f'module.exports = "{version}";\n')


def npm_versions(stack: LocalStack, package: str, namespace: str | None = None) -> dict[str, str]:
    """Return the versions of an npm package in the team's repository."""
    return stack.versions(REPOSITORY, package, namespace=namespace, fmt="npm")


@pytest.mark.parametrize(
    ("name", "namespace", "package"),
    [
        pytest.param("our-widget", None, "our-widget", id="a package without a scope"),
        pytest.param("@our-team/widget", "our-team", "widget", id="a scoped package"),
    ],
)
def test_npm_publishes_and_installs_after_login(
    new_developer: Callable[..., Developer],
    stack: LocalStack,
    name: str,
    namespace: str | None,
    package: str,
) -> None:
    """What one developer publishes, another installs, beside a public package."""
    author, user = new_developer(), new_developer()
    login(author, "npm")
    write_npm_package(author, name, "1.0.0")
    author.run("npm", "publish", cwd=author.home / "package")
    write_npm_package(author, name, "1.1.0-beta.1")
    author.run("npm", "publish", "--tag", "next", cwd=author.home / "package")
    again = author.run("npm", "publish", "--tag", "next", cwd=author.home / "package", refused=True)
    assert "previously published" in again.stderr or "409" in again.stderr

    login(user, "npm")
    project = user.home / "project"
    project.mkdir()
    (project / "package.json").write_text('{"name": "project", "version": "1.0.0"}')
    user.run("npm", "install", name, "left-pad", cwd=project)

    installed = json.loads((project / "node_modules" / name / "package.json").read_text())
    assert installed["version"] == "1.0.0"
    assert (project / "node_modules" / "left-pad" / "index.js").exists()
    assert npm_versions(stack, package, namespace) == {
        "1.0.0": "Published",
        "1.1.0-beta.1": "Published",
    }
    tags = json.loads(user.run("npm", "view", name, "dist-tags", "--json").stdout)
    assert tags == {"latest": "1.0.0", "next": "1.1.0-beta.1"}


def test_npm_moves_dist_tags_and_deprecates(developer: Developer) -> None:
    """Tags follow ``npm dist-tag``; a deprecation warns whoever looks."""
    login(developer, "npm")
    for version in ("1.0.0", "2.0.0"):
        write_npm_package(developer, "tagged", version)
        developer.run("npm", "publish", cwd=developer.home / "package")

    developer.run("npm", "dist-tag", "add", "tagged@1.0.0", "stable")
    developer.run("npm", "deprecate", "tagged@1.0.0", "use 2.0.0")
    listed = developer.run("npm", "dist-tag", "ls", "tagged").stdout
    warning = developer.run("npm", "view", "tagged@1.0.0", "deprecated").stdout
    developer.run("npm", "dist-tag", "rm", "tagged", "stable")
    left = developer.run("npm", "dist-tag", "ls", "tagged").stdout

    assert sorted(listed.split("\n"))[1:] == ["latest: 2.0.0", "stable: 1.0.0"]
    assert warning.strip() == "use 2.0.0"
    assert left.strip() == "latest: 2.0.0"


def test_npm_login_of_a_scope_leaves_the_default_registry_alone(developer: Developer) -> None:
    """``--namespace`` binds the repository to one scope only."""
    login(developer, "npm", "--namespace", "our-team")

    npmrc = (developer.home / ".npmrc").read_text()

    assert f"/npm/d/{DOMAIN}-" in npmrc
    assert "@our-team:registry=" in npmrc
    assert "\nregistry=" not in npmrc


def test_npm_ping_shows_that_the_token_is_good(developer: Developer) -> None:
    """``npm ping`` succeeds with the login and fails with another token."""
    login(developer, "npm")
    developer.run("npm", "ping")

    npmrc = developer.home / ".npmrc"
    lines = [
        line.split("_authToken=")[0] + "_authToken=nonsense" if "_authToken" in line else line
        for line in npmrc.read_text().splitlines()
    ]
    npmrc.write_text("\n".join(lines) + "\n")

    refused = developer.run("npm", "ping", refused=True)
    assert "E401" in refused.stderr
