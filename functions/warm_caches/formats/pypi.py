"""PyPI: all files of a version come in with any one of them, which the project page names."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from steward.addresses import LONGEST_PART, part, within
from steward.coordinates import Package
from steward.endpoint_releases import reason_of, version_in_file_name
from warm_caches.asking import unreadable
from warm_caches.fetches import NOTHING_AVAILABLE, Available, Fetch, FetchedFile
from warm_caches.json_members import Members
from warm_caches.once import Once
from warm_caches.verifying import has_one_of

if TYPE_CHECKING:
    from warm_caches.asking import Asking, Visit
    from warm_caches.values import WantedVersion

# Our choice. A file takes some 600 bytes of memory, so 30 MB; most pages have a few hundred.
LARGEST_PAGES: Final = 50_000
ACCEPT: Final = "application/vnd.pypi.simple.v1+json"  # User Guide, Python compatibility
# Files that the project page lists answer 404 for one or two seconds while the version is fetched
# for the first time (reports of users; not documented), and pip does not ask again.
RACE_SECONDS: Final = (0.5, 1.0, 2.0, 4.0)
LOST_RACES: Final = 3  # our choice: after so many in a row, each is only tried once more

_UNKNOWN_SIZE: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class ListedFile:
    """
    A file of a project page.

    Attributes:
        url: As the page gives it, relative or not; empty: ``{version}/{name}``, as most are.
        withdrawn: Why it was yanked; ``None``: it was not.
    """

    name: str
    url: str
    sha256: str
    size: int
    withdrawn: str | None


class Page:
    """
    The files of a project page, by the versions in their names (PEP 691, PEP 700).

    Attributes:
        size: How many there are.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._by_text: dict[str, list[ListedFile]] = {}
        self._by_version: dict[Hashable, list[str]] | None = None
        self.size = 0

    def add(self, _: str, file: object) -> None:
        """Note a file, if its name has one of the known forms."""
        if not isinstance(file, dict):
            return
        name, url = file.get("filename"), file.get("url")
        if not isinstance(name, str) or not isinstance(url, str):
            return
        version = version_in_file_name(self._name, name)
        if version is None:
            return
        hashes, size = file.get("hashes"), file.get("size")
        sha256 = hashes.get("sha256") if isinstance(hashes, dict) else None
        listed = ListedFile(
            name,
            "" if url.partition("#")[0] == f"{version}/{name}" else url,
            sha256.lower() if isinstance(sha256, str) else "",
            size if isinstance(size, int) else _UNKNOWN_SIZE,
            reason_of(file.get("yanked")),
        )
        self._by_text.setdefault(version, []).append(listed)
        self.size += 1

    def files(self, version: str) -> list[ListedFile]:
        """Return the files of *version*, however it is spelt, the smallest first."""
        if self._by_version is None:
            by_version: dict[Hashable, list[str]] = {}
            for text in self._by_text:
                by_version.setdefault(_compared(text), []).append(text)
            self._by_version = by_version
        texts = self._by_version.get(_compared(version), ())
        return sorted((file for text in texts for file in self._by_text[text]), key=_by_size)

    def available(self) -> Available:
        """Return the versions, each as it is spelt first; withdrawn if one of its files is."""
        versions: dict[Hashable, str] = {}
        withdrawn = set[str]()
        for text, files in self._by_text.items():
            version = _compared(text)
            if isinstance(version, str):
                continue  # no version that anything could be newer than
            spelt = versions.setdefault(version, text)
            if any(file.withdrawn is not None for file in files):
                withdrawn.add(spelt)
        return Available(tuple(versions.values()), frozenset(withdrawn))


class PypiFetching:
    """
    Asks for versions of PyPI packages.

    1 request for a version, and 1 for each project page, which is kept for the versions that
    follow; up to 4 more while a file that is listed is not found. A page that does not list what is
    asked for is read again for the next one: in an outage it may be shorter than it is.
    """

    def __init__(self, asking: Asking) -> None:
        self._sleep = asking.sleep
        self._pages: Once[Package, Page | None] = Once(
            LARGEST_PAGES, weigh=lambda page: 1 if page is None else 1 + page.size
        )
        self._lost = 0

    def fetch(self, visit: Visit, wanted: WantedVersion, *, whole: bool, digest: bool) -> Fetch:
        """
        Ask for the smallest file of a version; to compare hashes, for those that are locked.

        With *digest*: the files whose hash, by the project page, is locked; if it is none's, the
        smallest one. If the page states no hashes, all of them; then those that have a locked one
        are told, if there is any, for a lock file need not list all files. One that is not there
        beside another one is not compared, as it is not of what the repository lists: a version may
        have more files than CodeArtifact holds of one ("Quotas in AWS CodeArtifact", User Guide).
        """
        page = self._page(visit)
        files = page.files(wanted.version) if page is not None else []
        if not files:
            self._pages.forget(visit.package)
            return Fetch("not found", "the project page does not list it", visit.status)
        withdrawn = _withdrawn(files)
        fetched: list[FetchedFile] = []
        absent: list[str] = []
        for file in _chosen(files, wanted.hashes) if digest else files[:1]:
            found = self._file(visit, file, whole=whole, digest=digest)
            if found is not None:
                fetched.append(found)
                continue
            absent.append(f"{file.name} is listed but is not there")
            if not fetched:
                return Fetch("not found", absent[0], visit.status, (), (), withdrawn)
        unlisted = frozenset(file.name for file in files if not file.sha256)
        told = _told(fetched, wanted.hashes, unlisted) if digest else tuple(fetched)
        return Fetch("asked", "; ".join(absent), visit.status, told, (), withdrawn)

    def available(self, visit: Visit) -> Available:
        """Return the versions on the project page: 1 request, also if it is kept already."""
        self._pages.forget(visit.package)
        page = self._page(visit)
        return NOTHING_AVAILABLE if page is None else page.available()

    def _page(self, visit: Visit) -> Page | None:
        """Return the project page, asked for or kept; ``None``: there is none."""
        return self._pages.get(visit.package, lambda: _read_page(visit))

    def _file(
        self, visit: Visit, file: ListedFile, *, whole: bool, digest: bool
    ) -> FetchedFile | None:
        """Ask for *file*, again while it may be on its way; ``None``: it is not there."""
        path = file.url or f"{version_in_file_name(visit.package.name, file.name)}/{file.name}"
        url = within(visit.base, path, seen_from=_page_url(visit))
        waits = iter(RACE_SECONDS[:1] if self._lost >= LOST_RACES else RACE_SECONDS)
        while True:
            found = visit.asset("pypi:file", url, file.name, whole=whole, digest=digest)
            if found is not None:
                self._lost = 0
                return found
            seconds = next(waits, None)
            if seconds is None:
                self._lost += 1  # threads may lose a count: it is one race more
                return None
            self._sleep(seconds)


def _page_url(visit: Visit) -> str:
    return f"{visit.base}simple/{part(visit.package.name)}/"


def _read_page(visit: Visit) -> Page | None:
    url, page = _page_url(visit), Page(visit.package.name)
    members = Members("files", page.add)
    if visit.document("pypi:page", url, accept=ACCEPT, into=members.feed) is None:
        return None
    try:
        members.finish()
    except ValueError as error:
        raise unreadable(url, str(error)) from None
    return page


def _by_size(file: ListedFile) -> tuple[int, str]:
    return file.size, file.name


def _withdrawn(files: Sequence[ListedFile]) -> str | None:
    """Return the longest reason for which one of *files* was yanked."""
    reasons = (file.withdrawn for file in files if file.withdrawn is not None)
    return max(reasons, key=len, default=None)


def _chosen(files: list[ListedFile], hashes: frozenset[str]) -> list[ListedFile]:
    """Return what to download to compare it with *hashes*."""
    locked = [file for file in files if f"SHA-256:{file.sha256}" in hashes]
    return locked or [file for file in files if not file.sha256] or files[:1]


def _told(
    fetched: Sequence[FetchedFile], hashes: frozenset[str], unlisted: frozenset[str]
) -> tuple[FetchedFile, ...]:
    """Return *fetched* without those *unlisted* that have none of *hashes*, unless none stays."""
    told = tuple(f for f in fetched if f.name not in unlisted or has_one_of(f, hashes))
    return told or tuple(fetched)


def _compared(text: str) -> Hashable:
    """
    Return what is equal for equal versions (PEP 440); the text itself if it is none.

    Most are numbers alone, for which packaging's reading would cost more than the request.
    """
    numbers = text.split(".")
    if text.isascii() and len(text) <= LONGEST_PART and all(map(str.isdigit, numbers)):
        return _without_zeros(tuple(map(int, numbers)))
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415  seldom needed

    try:
        version = Version(text)
    except (InvalidVersion, ValueError):
        return text
    plain = version.base_version == str(version) and version.epoch == 0
    return _without_zeros(version.release) if plain else version


def _without_zeros(release: tuple[int, ...]) -> tuple[int, ...]:
    while len(release) > 1 and release[-1] == 0:
        release = release[:-1]
    return release
