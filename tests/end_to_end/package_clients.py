"""A member of a team who publishes and installs: the same verbs for Python and for npm."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING, Protocol

from tests.end_to_end.developer import Developer
from tests.end_to_end.public_packages import module_of, wheel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.local_stack import LocalStack
    from tests.end_to_end.public_packages import PublicPackages

DOMAIN = "my-company"
TEAM = "team"
STORES = {"pypi-store": "public:pypi", "npm-store": "public:npmjs"}

_numbers = count()


class PackageClient(Protocol):
    """
    The clients of one package format, logged in to one repository.

    Attributes:
        format: As CodeArtifact calls it.
        tools: What ``aws codeartifact login`` takes.
    """

    format: str
    tools: tuple[str, ...]

    def release(self, public: PublicPackages, name: str, version: str) -> None:
        """Somebody releases a version in the public repository."""

    def publish(
        self, developer: Developer, name: str, version: str, *, refused: bool = False
    ) -> str:
        """Publish a version; return what the client said."""

    def install(
        self, developer: Developer, name: str, version: str | None = None, *, refused: bool = False
    ) -> str:
        """Install, with nothing cached, the newest or one *version*; return what was said."""

    def installed(self, developer: Developer, name: str) -> str:
        """Return the version that the last ``install`` has left."""


class PipAndTwine:
    """pip and twine."""

    format: str = "pypi"
    tools: tuple[str, ...] = ("pip", "twine")

    def release(self, public: PublicPackages, name: str, version: str) -> None:
        """See :class:`PackageClient`."""
        public.release_python(name, version)

    def publish(
        self, developer: Developer, name: str, version: str, *, refused: bool = False
    ) -> str:
        """See :class:`PackageClient`."""
        module = module_of(name)
        file = developer.home / f"{module}-{version}-py3-none-any.whl"
        file.write_bytes(wheel(module, version))
        done = developer.run(
            *("twine", "upload", "--disable-progress-bar", "--verbose", "-r", "codeartifact", file),
            refused=refused,
        )
        return done.stdout + done.stderr

    def install(
        self, developer: Developer, name: str, version: str | None = None, *, refused: bool = False
    ) -> str:
        """See :class:`PackageClient`."""
        developer.new_environment("venv")
        wanted = f"{name}=={version}" if version else name
        done = developer.run("pip", "install", "--no-cache-dir", wanted, refused=refused)
        return done.stdout + done.stderr

    def installed(self, developer: Developer, name: str) -> str:
        """See :class:`PackageClient`."""
        says = f"print(__import__('{module_of(name)}').SAYS)"
        return developer.run(developer.python, "-c", says).stdout.strip()


class Npm:
    """npm."""

    format: str = "npm"
    tools: tuple[str, ...] = ("npm",)

    def release(self, public: PublicPackages, name: str, version: str) -> None:
        """See :class:`PackageClient`."""
        public.release_npm(name, version)

    def publish(
        self, developer: Developer, name: str, version: str, *, refused: bool = False
    ) -> str:
        """See :class:`PackageClient`."""
        project = developer.home / f"release-{next(_numbers)}"
        project.mkdir()
        manifest = {"name": name, "version": version, "main": "index.js", "license": "MIT"}
        (project / "package.json").write_text(json.dumps(manifest))
        (project / "index.js").write_text(f'module.exports = "{version}";\n')
        done = developer.run("npm", "publish", cwd=project, refused=refused)
        return done.stdout + done.stderr

    def install(
        self, developer: Developer, name: str, version: str | None = None, *, refused: bool = False
    ) -> str:
        """See :class:`PackageClient`."""
        project = developer.home / "project"
        developer.run("rm", "-rf", project)
        project.mkdir()
        (project / "package.json").write_text('{"name": "project", "version": "1.0.0"}')
        wanted = f"{name}@{version}" if version else name
        done = developer.run(
            *("npm", "install", "--cache", developer.home / f"cache-{next(_numbers)}", wanted),
            cwd=project,
            refused=refused,
        )
        return done.stdout + done.stderr

    def installed(self, developer: Developer, name: str) -> str:
        """See :class:`PackageClient`."""
        manifest = developer.home / "project" / "node_modules" / name / "package.json"
        return str(json.loads(manifest.read_text())["version"])


PYTHON = PipAndTwine()
NPM = Npm()


def log_in(developer: Developer, *clients: PackageClient, repository: str = TEAM) -> None:
    """Point *clients* at a repository, as the User Guide shows it."""
    for client in clients:
        for tool in client.tools:
            developer.run(
                *("aws", "codeartifact", "login", "--tool", tool),
                *("--domain", DOMAIN, "--repository", repository),
            )


def team_member(stack: LocalStack, home: Path) -> Developer:
    """
    Return a developer who publishes to and installs from the team's repository.

    The domain, the repository and, behind it, a store for each public repository are new.
    """
    client = stack.codeartifact
    client.create_domain(domain=DOMAIN)
    for store, connection in STORES.items():
        client.create_repository(domain=DOMAIN, repository=store)
        client.associate_external_connection(
            domain=DOMAIN, repository=store, externalConnection=connection
        )
    client.create_repository(
        domain=DOMAIN,
        repository=TEAM,
        upstreams=[{"repositoryName": store} for store in STORES],
    )
    developer = Developer(home, stack.endpoint)
    log_in(developer, PYTHON, NPM)
    return developer
