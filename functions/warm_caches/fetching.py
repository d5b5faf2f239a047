"""Asking a repository's endpoint for versions, so that CodeArtifact takes them in."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Final, Protocol

from steward.errors import EndpointClosedError, EndpointError
from warm_caches.asking import Asking, NotFetchedError
from warm_caches.fetches import Available, Fetch, FetchedFile, FetchState, Needed

if TYPE_CHECKING:
    from steward.coordinates import Format, Package
    from steward.endpoint_access import EndpointAccess
    from steward.streamed_http import StreamedHttp
    from warm_caches.asking import Visit
    from warm_caches.values import WantedVersion

__all__ = [
    "Available",
    "EndpointFetching",
    "Fetch",
    "FetchState",
    "FetchedFile",
    "Fetching",
    "Needed",
]


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
            EndpointClosedError: The endpoint cannot be asked, or says nothing that can be read:
                the public repository has no part in it.
            EndpointError: There is no answer.
        """


class EndpointFetching:
    """The endpoints of CodeArtifact itself."""

    def __init__(
        self,
        access: EndpointAccess,
        http: StreamedHttp,
        pace: Callable[[], None],
        *,
        sleep: Callable[[float], None] = time.sleep,
        time_left: Callable[[], bool] = lambda: True,
    ) -> None:
        """
        Ask nothing yet.

        Args:
            pace: Called before each request to an endpoint; not before what a redirect leads to.
            sleep: Waits so many seconds.
            time_left: Asked before each request for a version but the first.
        """
        self._asking = Asking(access, http, pace, sleep=sleep, time_left=time_left)
        self._formats: dict[str, _FormatFetching] = {}
        self._lock = Lock()

    @property
    def requests_made(self) -> Mapping[str, int]:
        """See :class:`Fetching`."""
        return dict(self._asking.made)

    def fetch(self, package: Package, wanted: WantedVersion, *, whole: bool, digest: bool) -> Fetch:
        """See :class:`Fetching`."""
        visit: Visit | None = None
        try:
            visit = self._asking.visit(package)
            asks = self._of(package.format)
            fetch = asks.fetch(visit, wanted, whole=whole, digest=digest)
        except NotFetchedError as error:
            fetch = Fetch(error.state, str(error), error.status)
        except EndpointError as error:  # a name or an address that leads out of the repository
            fetch = Fetch("refused", str(error))
        if visit is None:
            return fetch
        return replace(fetch, requests=visit.requests, size=visit.size)

    def available(self, package: Package) -> Available:
        """See :class:`Fetching`."""
        try:
            visit = self._asking.visit(package)
            visit.patient = True  # no answer means that there is none, and not that time is up
            return self._of(package.format).available(visit)
        except NotFetchedError as error:
            if error.state == "no answer":
                raise EndpointError(str(error)) from error
            raise EndpointClosedError(str(error), passing=error.state == "closed") from error

    def _of(self, package_format: Format) -> _FormatFetching:
        """Return what knows how a format's assets are asked for, loaded when there are any."""
        with self._lock:
            known = self._formats.get(package_format)
            if known is None:
                if package_format not in _FETCHINGS:
                    reason = f"{package_format} packages have no external connection"
                    raise NotFetchedError("refused", reason)
                module, name = _FETCHINGS[package_format]
                made = getattr(import_module(f"warm_caches.formats.{module}"), name)
                known = self._formats[package_format] = made(self._asking)
            return known


class _FormatFetching(Protocol):
    """How one format's assets are named and asked for."""

    def fetch(self, visit: Visit, wanted: WantedVersion, *, whole: bool, digest: bool) -> Fetch:
        """See :class:`Fetching`; failures are raised."""

    def available(self, visit: Visit) -> Available:
        """See :class:`Fetching`."""


# "External connection repositories", User Guide: the other formats have none.
_FETCHINGS: Final[Mapping[str, tuple[str, str]]] = {
    "pypi": ("pypi", "PypiFetching"),
    "npm": ("npm", "NpmFetching"),
    "maven": ("maven", "MavenFetching"),
    "nuget": ("nuget", "NugetFetching"),
    "cargo": ("cargo", "CargoFetching"),
    "ruby": ("ruby", "RubyFetching"),
}
