"""An intake and an approved repository for each format, and the clients that use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING

from tests.end_to_end.maven_project import MavenProject
from tests.end_to_end.package_clients import NPM, PYTHON, PackageClient, log_in
from tests.end_to_end.snapshot_builds import DOMAIN, Curl

if TYPE_CHECKING:
    from tests.end_to_end.developer import Developer
    from tests.end_to_end.local_stack import LocalStack
    from tests.end_to_end.public_packages import PublicPackages

_numbers = count()


@dataclass
class Format:
    """
    A package format, whose client is told by ``aws codeartifact login`` where packages come from.

    Attributes:
        connection: The external connection of its intake repository.
        ecosystem: What OSV calls it.
        tidy: A package, as its client spells it, whose versions are let through when they are old
            enough.
        malign: One that does harm.
        careful: One that somebody has to look at.
    """

    name: str
    connection: str
    ecosystem: str
    tidy: str
    malign: str
    careful: str
    client: PackageClient | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def intake(self) -> str:
        """The repository that may fetch anything."""
        return f"{self.name}-intake"

    @property
    def approved(self) -> str:
        """The repository that holds what was let through."""
        return f"{self.name}-approved"

    def purl(self, package: str, version: str) -> str:
        """Return the package URL of a version."""
        return f"pkg:{self.name}/{package.replace(':', '/').replace('@', '%40')}@{version}"

    def set_up(self, stack: LocalStack) -> None:
        """Make both repositories."""
        client = stack.codeartifact
        for repository in (self.intake, self.approved):
            client.create_repository(domain=DOMAIN, repository=repository)
        client.associate_external_connection(
            domain=DOMAIN, repository=self.intake, externalConnection=self.connection
        )

    def log_in(self, developer: Developer, repository: str) -> None:
        """Give *developer* a new token for *repository*."""
        assert self.client is not None
        log_in(developer, self.client, repository=repository)

    def release(self, public: PublicPackages, package: str, version: str, at: datetime) -> None:
        """Somebody releases a version in the public repository, at *at*."""
        release = public.release_python if self.client is PYTHON else public.release_npm
        release(package, version, at=at)

    def fetch(self, developer: Developer, package: str, version: str) -> None:
        """Install a version through the intake repository, where it stays."""
        self.install(developer, package, version)

    def install(self, developer: Developer, package: str, version: str | None = None) -> None:
        """Install the newest or one version, with nothing cached."""
        assert self.client is not None
        self.client.install(developer, package, version)

    def expect_refusal(self, developer: Developer, *wanted: tuple[str, str]) -> None:
        """Each of the packages and versions *wanted* cannot be installed."""
        assert self.client is not None
        for package, version in wanted:
            self.client.install(developer, package, version, refused=True)

    def installed(self, developer: Developer, package: str) -> str:
        """Return the version that the last `install` has left."""
        assert self.client is not None
        return self.client.installed(developer, package)


class Maven(Format):
    """Maven, whose client is told by its settings; what is fetched is fetched with curl."""

    def __init__(self, mvn: str) -> None:
        named = ("org.example.lab:tidy", "org.example.lab:malign", "org.example.lab:careful")
        super().__init__("maven", "public:maven-central", "Maven", *named)
        self._mvn = mvn
        self._project: MavenProject | None = None
        self._curl: Curl | None = None

    def log_in(self, developer: Developer, repository: str) -> None:
        """See :class:`Format`."""
        if repository == self.intake:
            self._curl = Curl(developer, repository)
        else:
            name = f"consumer-{next(_numbers)}"
            self._project = MavenProject(self._mvn, developer, repository, name, "1.0")

    def release(self, public: PublicPackages, package: str, version: str, at: datetime) -> None:
        """See :class:`Format`."""
        group, artifact = package.split(":")
        public.release_maven(group, artifact, version, at=at)

    def fetch(self, developer: Developer, package: str, version: str) -> None:
        """See :class:`Format`; mvn would not fetch two versions of a package."""
        del developer
        assert self._curl is not None
        group, artifact = package.split(":")
        folder = f"{group.replace('.', '/')}/{artifact}/{version}"
        assert self._curl.get(f"{folder}/{artifact}-{version}.jar")[0] == "200"

    def install(self, developer: Developer, package: str, version: str | None = None) -> None:
        """See :class:`Format`; the newest is what a range of versions leads to."""
        del developer
        self._compile([(package, version or "[0,)")])

    def expect_refusal(self, developer: Developer, *wanted: tuple[str, str]) -> None:
        """See :class:`Format`; Maven names all that it does not find."""
        del developer
        said = self._compile(wanted, refused=True)
        for package, version in wanted:
            assert f"{package}:jar:{version}" in said, said

    def installed(self, developer: Developer, package: str) -> str:
        """See :class:`Format`."""
        del developer
        assert self._project is not None
        group, artifact = package.split(":")
        held = (self._project.local / group.replace(".", "/") / artifact).glob("*/*.jar")
        return max(file.parent.name for file in held)

    def _compile(self, wanted: Sequence[tuple[str, str]], *, refused: bool = False) -> str:
        assert self._project is not None
        dependencies = ""
        for package, version in wanted:
            group, artifact = package.split(":")
            dependencies += (
                f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
                f"<version>{version}</version></dependency>"
            )
        self._project.depend_on(dependencies)
        return self._project.mvn("-q", "-U", "compile", refused=refused)


def log_in_to_all(developer: Developer, formats: Sequence[Format], *, intake: bool) -> None:
    """Give *developer* new tokens for one repository of each format."""
    for each in formats:
        each.log_in(developer, each.intake if intake else each.approved)


PYPI_FORMAT = Format(
    "pypi", "public:pypi", "PyPI", "tidy-reader", "malign-reader", "careful-reader", PYTHON
)
NPM_FORMAT = Format("npm", "public:npmjs", "npm", "tidy-pad", "malign-pad", "@lab/careful", NPM)
