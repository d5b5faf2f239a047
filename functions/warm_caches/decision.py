"""What is missing of what is wanted, and what a look and a fetch mean. Values only, no effects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from steward.version_order import Position, position
from warm_caches.fetches import FetchedFile
from warm_caches.values import Outcome, State, WantedVersion
from warm_caches.verifying import has_one_of, mismatches

if TYPE_CHECKING:
    from steward.coordinates import Format, Package, PackageVersion, Status
    from warm_caches.fetches import Available

# "Package version status", User Guide: both are served to clients that ask for the version.
_SERVED: Final[frozenset[Status]] = frozenset({"Published", "Unlisted"})
# Formats whose versions CodeArtifact stores in a spelling of its own ("NuGet package name, version
# ... normalization", User Guide) or as the files state them (PyPI), whatever the lock file says.
_RESPELT: Final[frozenset[Format]] = frozenset({"nuget", "pypi"})
# Formats of whose versions a lock file may list some files and not others, by their names.
_OF_SEVERAL_FILES: Final[frozenset[Format]] = frozenset({"maven", "ruby"})
_NAMED: Final = 3  # our choice: so many names make a sentence, more make a list

# first: nothing was asked for yet. confirming: it has just been asked for. again, last: it was
# asked for minutes ago, once or twice.
Look = Literal["first", "confirming", "again", "last"]
_NOT_LISTED: Final[Mapping[Look, str]] = {
    "confirming": "asked for, and not listed yet",
    "last": "asked for and downloaded in full, and still not listed",
}


@dataclass(frozen=True, slots=True)
class Missing:
    """
    What a look at a repository says about the versions that are wanted of one package.

    Attributes:
        to_fetch: What has to be asked for.
        to_compare: Served; only its assets tell whether it has the files and the hashes.
        outcomes: All the others.
        served: What is served of what is wanted, by the version that is wanted.
    """

    to_fetch: tuple[WantedVersion, ...]
    to_compare: tuple[WantedVersion, ...]
    outcomes: tuple[Outcome, ...]
    served: Mapping[str, PackageVersion]


def missing(
    package: Package,
    wanted: Iterable[WantedVersion],
    held: Sequence[PackageVersion],
    *,
    look: Look,
    verify: bool = False,
) -> Missing:
    """
    Return which of the versions *wanted* of *package* have to be fetched, given those *held*.

    - ``Published`` and ``Unlisted``: warm; ``fetched`` if we had asked for it. If certain files of
      it are wanted, or hashes are to be compared, its assets have to be looked at.
    - ``Archived``, ``Disposed``, ``Unfinished``: blocked. Clients cannot get it, and asking for it
      changes nothing.
    - Not listed: to be fetched; after a fetch it is ``waiting``, and ``failed`` at the last look.

    Args:
        verify: Compare hashes, where any are stated.
    """
    rows = _Rows(package.format, held)
    there: State = "warm" if look == "first" else "fetched"
    to_fetch: list[WantedVersion] = []
    to_compare: list[WantedVersion] = []
    outcomes: list[Outcome] = []
    served: dict[str, PackageVersion] = {}
    for one in wanted:
        rest = replace(one, files=one.files - rows.gems(package, one))
        row = rows.find(one.version) or rows.around(one)
        if row is not None and row.status in _SERVED:
            served[one.version] = row
        if row is None and one.files and not rest.files:
            outcomes.append(Outcome(package, one.version, there))
        elif row is None:
            reason = _NOT_LISTED.get(look)
            if reason is None:
                to_fetch.append(rest)
            else:
                outcomes.append(Outcome(package, one.version, not_listed(look), reason))
        elif row.status not in _SERVED:
            reason = f"it is {row.status} in the repository"
            outcomes.append(Outcome(package, one.version, "blocked", reason))
        elif _besides(package, rest) or (verify and one.hashes and look != "confirming"):
            to_compare.append(rest)
        else:
            outcomes.append(Outcome(package, one.version, there))
    return Missing(tuple(to_fetch), tuple(to_compare), tuple(outcomes), served)


def lists_more(
    package_format: Format, available: Available, held: Sequence[PackageVersion]
) -> bool:
    """Return whether *available* has a version that is not among those *held*."""
    rows = _Rows(package_format, held)
    return any(rows.find(version) is None for version in available.versions)


def not_listed(look: Look) -> State:
    """Return what a version is that is not there although it was asked for."""
    return "failed" if look == "last" else "waiting"


@dataclass(frozen=True, slots=True)
class Compared:
    """
    What the assets of a version that is served say.

    Attributes:
        files: Those that are wanted and missing.
        mismatch: Why its hashes are not those of the lock file; empty: they are, or nobody can
            tell.
    """

    files: frozenset[str] = frozenset()
    mismatch: str = ""


def compared(
    package: Package,
    wanted: WantedVersion,
    assets: Mapping[str, Mapping[str, str]],
    *,
    verify: bool,
    downloaded: bool = False,
) -> Compared:
    """
    Return what the *assets* of a version (name to hashes by algorithm) lack of what is *wanted*.

    Which hashes are others than those stated: :func:`mismatches`, of the files that the lock file
    can mean.

    - Of Maven and Ruby these are the files that are wanted by name, each of which has to have a
      stated hash: sources, documentation, gems of other platforms and what a build never resolved
      are in no lock file. If none is named: the files without a classifier or platform.
    - Where the lock file names no file it may state hashes of files that are not here, and leave
      out some that are. So there is only a mismatch if no file has a stated hash, but for the files
      of other formats that were downloaded, which were chosen by the hashes. A POM alone says
      nothing then: the main file, which is rather meant, may be on its way.
    - Files without a hash of a stated kind say nothing.

    Args:
        downloaded: The *assets* were read for this; else they are all that the repository lists.
    """
    files = wanted.files - assets.keys()
    if not verify or not wanted.hashes:
        return Compared(files)
    kinds = {one.partition(":")[0] for one in wanted.hashes}
    found = [
        FetchedFile(name, hashes={kind: hashes[kind] for kind in kinds & hashes.keys()})
        for name, hashes in sorted(assets.items())
        if _is_meant(package, wanted, name)
    ]
    is_named = package.format in _OF_SEVERAL_FILES and bool(wanted.files)
    if not is_named and (package.format in _OF_SEVERAL_FILES or not downloaded):
        found = [] if any(has_one_of(one, wanted.hashes) for one in found) else found
        found = [] if all(one.name.endswith(".pom") for one in found) else found
    differing = [
        f"{one.name} ({', '.join(f'{kind}:{digest}' for kind, digest in one.hashes.items())})"
        for one in mismatches(wanted.hashes, found)
    ]
    if not differing:
        return Compared(files)
    more = f" and {len(differing) - _NAMED} more" if len(differing) > _NAMED else ""
    shown = ", ".join(differing[:_NAMED])
    return Compared(files, f"the lock files do not state the hash of {shown}{more}")


def _is_meant(package: Package, wanted: WantedVersion, file: str) -> bool:
    """Return whether a hash that is stated for a version may be that of *file*."""
    if package.format not in _OF_SEVERAL_FILES:
        return True
    return file in wanted.files if wanted.files else file.startswith(_stem(package, wanted) + ".")


def _besides(package: Package, wanted: WantedVersion) -> frozenset[str]:
    """Return the files that are *wanted* besides those that come by themselves."""
    if package.format != "maven":
        return wanted.files
    stem = _stem(package, wanted)
    return wanted.files - {f"{stem}.pom", f"{stem}.jar"}


def _stem(package: Package, wanted: WantedVersion) -> str:
    return f"{package.name}-{wanted.version}"


class _Rows:
    """The versions that a repository holds, found by however they are spelt."""

    def __init__(self, package_format: Format, held: Sequence[PackageVersion]) -> None:
        self._format = package_format
        self._by_name = {one.version: one for one in held if one.status != "Deleted"}
        self._by_place: dict[Position, PackageVersion] = {}
        if package_format in _RESPELT:
            for row in self._by_name.values():
                place = position(package_format, row.version)
                if place is not None:
                    self._by_place[place] = row

    def find(self, version: str) -> PackageVersion | None:
        if version in self._by_name:
            return self._by_name[version]
        place = position(self._format, version) if self._by_place else None
        return None if place is None else self._by_place.get(place)

    def around(self, wanted: WantedVersion) -> PackageVersion | None:
        """
        Return the version that is served and of which the gem of a platform may be an asset.

        Lock files write the platform behind the version; see :meth:`gems`.
        """
        number, dash, _ = wanted.version.partition("-")
        if self._format != "ruby" or not dash or not wanted.files:
            return None
        row = self._by_name.get(number)
        return row if row is not None and row.status in _SERVED else None

    def gems(self, package: Package, wanted: WantedVersion) -> frozenset[str]:
        """
        Return which of the files wanted are versions of their own that are served.

        Whether a gem's platform is part of its version is not documented: it is looked for there,
        and else among the assets.
        """
        if self._format != "ruby" or not wanted.files:
            return frozenset()
        return frozenset(
            file
            for file in wanted.files
            if (row := self._by_name.get(_version_of(package.name, file))) is not None
            and row.status in _SERVED
            and row.version != wanted.version
        )


def _version_of(name: str, file: str) -> str:
    return file.removeprefix(f"{name}-").removesuffix(".gem")
