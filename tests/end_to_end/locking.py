"""What a package manager is for a test of lock files, and where its packages come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.developer import Developer
    from tests.end_to_end.public_packages import PublicPackages


@dataclass
class PublicWorld:
    """
    What is public, in all formats.

    Attributes:
        packages: Python, npm and Maven packages, served on a loopback port.
        crates: The folder of public crates; ``gems`` and ``nuget`` those of gems and of NuGet's
            packages.
    """

    packages: PublicPackages
    crates: Path
    gems: Path
    nuget: Path


@dataclass(frozen=True)
class Place:
    """
    A repository, as the clients of one format see it.

    Attributes:
        url: Its endpoint, with the slash at its end.
    """

    url: str
    token: str = field(repr=False)

    @property
    def with_token(self) -> str:
        """The endpoint with the token in it."""
        parts = urlsplit(self.url)
        return parts._replace(netloc=f"aws:{self.token}@{parts.netloc}").geturl()

    @property
    def without_scheme(self) -> str:
        """The endpoint as ``.npmrc`` names it."""
        return self.url.partition(":")[2]


class Locker(Protocol):
    """
    A package manager with a lock file.

    What is public: an application and a library that it needs in any version, which has two.

    Attributes:
        name: For the test's name.
        format: As CodeArtifact calls it.
        lock_file: What the lock file is called.
        locked: The package URLs of what the lock file names.
        installs: What `installed` returns after `install`.
        hashes: How many hashes that can be compared the lock file has of each version.
    """

    name: str
    format: str
    lock_file: str
    locked: frozenset[str]
    installs: frozenset[str]
    hashes: int

    def release(self, public: PublicWorld, developer: Developer) -> None:
        """What the project needs is public afterwards; asked for once."""

    def lock(self, developer: Developer, project: Path, place: Place) -> None:
        """Write a project into the new folder *project*, and make its lock file from *place*."""

    def install(
        self, developer: Developer, project: Path, place: Place, *, refused: bool = False
    ) -> str:
        """
        Install what the lock file of *project* names from *place*; return what was said.

        *developer* has a new machine, so that nothing is cached.
        """

    def installed(self, developer: Developer, project: Path) -> set[str]:
        """Return what *developer* has, as the tool or its folders tell."""
