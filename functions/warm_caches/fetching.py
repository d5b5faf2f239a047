"""Asking a repository's endpoint for versions, so that CodeArtifact takes them in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from warm_caches.fetches import Available, Fetch, FetchedFile, FetchState, Needed

if TYPE_CHECKING:
    from steward.coordinates import Package
    from warm_caches.values import WantedVersion

__all__ = ["Available", "Fetch", "FetchState", "FetchedFile", "Fetching", "Needed"]


class Fetching(Protocol):
    """
    What may be asked of the endpoints of repositories; threads share it.

    A version is only asked for: whether it came in is seen where versions are listed.
    """

    @property
    def requests_made(self) -> Mapping[str, int]:
        """The requests to the endpoint until now, by format and kind: ``pypi:page``."""

    def fetch(self, package: Package, wanted: WantedVersion, *, whole: bool, digest: bool) -> Fetch:
        """
        Ask for *wanted*, and hold nothing of it.

        - PyPI: 1 request, and 1 for each project page, which is kept for the versions that follow;
        - npm, Ruby: 1, and for Ruby 1 for each wanted file;
        - Maven: the POM, the main file unless its packaging is ``pom``, each wanted file; and each
          parent, once, if an imported BOM's version is in it;
        - NuGet, Cargo: 1, and 1 for each repository;
        - one more each time a token is refused, or too many requests were made.

        What goes wrong is told in the answer and never raised.

        Args:
            whole: Read its smallest file to the end; else redirects to assets are not followed.
            digest: Read the files that a lock file lists, and tell their hashes.
        """

    def available(self, package: Package) -> Available:
        """
        Return what the endpoint lists of *package*: 1 request, for NuGet more if it has pages.

        It makes CodeArtifact look for new versions, for Maven only for whoever asks next
        ("Requesting Maven packages from external connections", User Guide). A package that is not
        there has no versions.

        Raises:
            EndpointError: There is no answer, or none that can be read.
        """
