"""Maven: a version is a POM, its main file and what else is asked for; the POM names others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from steward.addresses import part
from steward.coordinates import Repository
from warm_caches import poms
from warm_caches.asking import LARGEST_DOCUMENT, NotFetchedError, unreadable
from warm_caches.fetches import NOTHING_AVAILABLE, Available, Fetch, FetchedFile, Needed
from warm_caches.once import Once
from warm_caches.poms import Pom

if TYPE_CHECKING:
    from steward.coordinates import Package
    from warm_caches.asking import Asking, Visit
    from warm_caches.values import WantedVersion

LARGEST_POM: Final = 1024 * 1024  # our choice; the largest BOMs have some 300 kB
LARGEST_METADATA: Final = 4 * 1024 * 1024  # our choice; a thousand versions have some 40 kB
PARENTS: Final = 512  # our choice; most packages share a few
ANCESTORS: Final = 10  # our choice; three or four are usual


class MavenFetching:
    """
    Asks for versions of Maven packages.

    For a version: 1 request for its POM, 1 for its main file unless its packaging is ``pom``, 1 for
    each wanted file that is neither. 1 for each parent, once, where the version of an imported BOM
    is in it. 1 for a list of versions.
    """

    def __init__(self, _: Asking) -> None:
        self._parents: Once[tuple[Repository, Needed], Pom | None] = Once(PARENTS)

    def fetch(self, visit: Visit, wanted: WantedVersion, *, whole: bool, digest: bool) -> Fetch:
        """
        Ask for the files of a version; its POM is always read.

        A main file that is not there is no failure where the POM is: not all that are called
        ``jar`` have one.
        """
        stem = f"{visit.package.name}-{wanted.version}"
        folder = _folder(visit.base, visit.package) + part(wanted.version)
        main_pom = f"{stem}.pom"
        answer = visit.get(
            "maven:pom",
            f"{folder}/{part(main_pom)}",
            follow=True,
            digest=digest,
            keep=LARGEST_POM,
            largest=LARGEST_DOCUMENT,
        )
        if answer is None:
            return Fetch("not found", f"{main_pom} is not there", visit.status)
        files = [FetchedFile(main_pom, answer.size, answer.hashes)]
        whole_pom = answer.size == len(answer.content)
        pom = poms.read(answer.content) if whole_pom else None
        extension = "jar" if pom is None else pom.main_extension
        main = None if extension is None else f"{stem}.{extension}"
        told = [] if pom is not None else ["its POM cannot be read"]
        for name in (*([main] if main else ()), *sorted(wanted.files - {main, main_pom})):
            url = f"{folder}/{part(name)}"
            file = visit.asset("maven:asset", url, name, whole=whole, digest=digest)
            if file is not None:
                files.append(file)
            elif name in wanted.files:
                return Fetch("not found", f"{name} is not there", visit.status, tuple(files))
            else:
                told.append(f"{name} is not there")
        needed = () if pom is None else self._needs(visit, pom)
        return Fetch("asked", "; ".join(told), visit.status, tuple(files), needed)

    def available(self, visit: Visit) -> Available:
        """
        Return the versions of the ``maven-metadata.xml``.

        CodeArtifact looks for new ones at most every three hours, and the request after that is
        still answered with the old list: it is the one that makes CodeArtifact look.
        """
        url = f"{_folder(visit.base, visit.package)}maven-metadata.xml"
        answer = visit.document("maven:metadata", url, keep=LARGEST_METADATA)
        if answer is None:
            return NOTHING_AVAILABLE
        versions = poms.versions_in(answer.content)
        if versions is None:
            raise unreadable(url, "it is no list of versions")
        return Available(versions)

    def _needs(self, visit: Visit, pom: Pom) -> tuple[Needed, ...]:
        """Return what *pom* needs; parents are only read for what its own properties leave open."""
        ancestors: list[Pom] = []
        found, youngest = poms.needs(pom), pom
        while found.open and youngest.parent is not None and len(ancestors) < ANCESTORS:
            parent = self._parent(visit, youngest.parent)
            if parent is None:
                break
            ancestors.append(parent)
            found, youngest = poms.needs(pom, ancestors), parent
        return found.found

    def _parent(self, visit: Visit, needed: Needed) -> Pom | None:
        """Return the POM of a parent, asked for once; ``None``: it is not there, or cannot be."""
        key = (visit.package.repository, needed)
        try:
            return self._parents.get(key, lambda: _read_parent(visit, needed))
        except NotFetchedError as error:
            if error.state == "no time":
                raise
            return None  # what it needs besides is found when it is fetched itself


def _read_parent(visit: Visit, needed: Needed) -> Pom | None:
    namespace, name, version = needed
    package = replace(visit.package, namespace=namespace, name=name)
    url = f"{_folder(visit.base, package)}{part(version)}/{part(f'{name}-{version}.pom')}"
    answer = visit.document("maven:parent", url, keep=LARGEST_POM)
    return None if answer is None else poms.read(answer.content)


def _folder(base: str, package: Package) -> str:
    """Return where the versions of *package* are, with a slash at its end."""
    folders = [part(each) for each in (package.namespace or "").split(".")]
    return f"{base}{'/'.join(folders)}/{part(package.name)}/"
