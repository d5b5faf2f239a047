"""NuGet: a version is one package file, whose address the repository's service index tells."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from steward.addresses import part, within
from steward.endpoint_releases import nuget_leaves, nuget_pages, nuget_resource, nuget_version
from steward.errors import EndpointError
from warm_caches.asking import NotFetchedError, unreadable
from warm_caches.fetches import NOTHING_AVAILABLE, Available, Fetch
from warm_caches.once import Once

if TYPE_CHECKING:
    from warm_caches.asking import Asking, Visit
    from warm_caches.values import WantedVersion

REPOSITORIES: Final = 256  # our choice; each is two lines of text
LARGEST_INDEX: Final = 256 * 1024  # our choice; it has some 50 short entries
LARGEST_LIST: Final = 4 * 1024 * 1024  # our choice; a page of 64 versions has some 200 kB
PAGES: Final = 64  # our choice; a page holds 64 versions ("Package metadata", NuGet API)


@dataclass(frozen=True, slots=True)
class Resources:
    """Where a repository has its packages and what it tells of them, with a slash at the end."""

    packages: str
    registrations: str


class NugetFetching:
    """Asks for NuGet packages: 1 request for a version, and 1 for each repository."""

    def __init__(self, _: Asking) -> None:
        self._resources: Once[str, Resources] = Once(REPOSITORIES)

    def fetch(self, visit: Visit, wanted: WantedVersion, *, whole: bool, digest: bool) -> Fetch:
        """Ask for the ``.nupkg`` of a version ("Package content", NuGet API)."""
        base = self._resources.get(visit.base, lambda: _resources(visit)).packages
        lower, version = visit.package.name.lower(), nuget_version(wanted.version)
        name = f"{lower}.{version}.nupkg"
        url = f"{base}{part(lower)}/{part(version)}/{part(name)}"
        file = visit.asset("nuget:package", url, name, whole=whole, digest=digest)
        if file is None:
            return Fetch("not found", "there is no such version", visit.status)
        return Fetch("asked", "", visit.status, (file,))

    def available(self, visit: Visit) -> Available:
        """
        Return the versions of the registration; those that are not listed are withdrawn.

        1 request, and 1 for each page of 64 versions that is not in its answer ("Package metadata",
        NuGet API); 1 for each repository.
        """
        base = self._resources.get(visit.base, lambda: _resources(visit)).registrations
        url = f"{base}{part(visit.package.name.lower())}/index.json"
        index = _document(visit, "nuget:registration", url, LARGEST_LIST)
        if index is None:
            return NOTHING_AVAILABLE
        try:
            found = nuget_leaves(_pages(visit, url, nuget_pages(index)))
        except EndpointError as error:
            raise unreadable(url, str(error)) from None
        withdrawn = (name for name, release in found.items() if release.withdrawn is not None)
        return Available(tuple(found), frozenset(withdrawn))


def _pages(visit: Visit, url: str, pages: Sequence[object]) -> Iterator[object]:
    """Yield the pages of a registration; those that are elsewhere are asked for one at a time."""
    if sum(isinstance(page, str) for page in pages) > PAGES:
        raise unreadable(url, f"it has more than {PAGES} pages")
    for page in pages:
        if isinstance(page, str):
            address = within(visit.base, page, seen_from=url)
            yield _document(visit, "nuget:page", address, LARGEST_LIST)
        else:
            yield page


def _resources(visit: Visit) -> Resources:
    url = f"{visit.base}v3/index.json"
    document = _document(visit, "nuget:index", url, LARGEST_INDEX)
    if document is None:
        raise NotFetchedError("refused", f"{url} is not there", visit.status)
    found = []
    for kind in ("PackageBaseAddress", "RegistrationsBaseUrl"):
        try:
            address = within(visit.base, nuget_resource(document, kind), seen_from=url)
        except EndpointError as error:
            raise unreadable(url, str(error)) from None
        found.append(address.rstrip("/") + "/")
    return Resources(*found)


def _document(visit: Visit, kind: str, url: str, largest: int) -> object | None:
    answer = visit.document(kind, url, accept="application/json", keep=largest)
    if answer is None:
        return None
    try:
        document: object = json.loads(answer.content)
    except (ValueError, RecursionError) as error:
        raise unreadable(url, str(error)) from None
    return document
