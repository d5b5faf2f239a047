"""What several sources want of the packages of a repository, each package once; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from steward.coordinates import Package
from warm_caches.values import Wanted, WantedVersion

if TYPE_CHECKING:
    from steward.coordinates import Repository
    from steward.lockfiles import Locked


def wanted_of(entries: Iterable[Locked], repository: Repository) -> tuple[Wanted, ...]:
    """Return what a lock file's *entries* want of *repository*, an entry each."""
    return tuple(
        Wanted(
            Package(repository, one.format, one.namespace, one.name),
            (WantedVersion(one.version, one.hashes, one.files),),
        )
        for one in entries
    )


def united(wanted: Iterable[Wanted]) -> tuple[Wanted, ...]:
    """
    Return the same with each package once, in the order in which the packages come first.

    A version that is wanted twice has the hashes and the files of both. Only where the newest
    versions of a package are wanted in two ways that cannot be one, as of two ranges, does the
    package come once for each.
    """
    exact: dict[Package, dict[str, WantedVersion]] = {}
    newest: dict[Package, dict[tuple[object, ...], Wanted]] = {}
    for one in wanted:
        versions = exact.setdefault(one.package, {})
        for version in one.versions:
            versions[version.version] = _both(versions.get(version.version), version)
        ways = newest.setdefault(one.package, {})
        if one.newest:
            way = (one.range, one.keep_up, one.prereleases)
            most = max(one.newest, ways[way].newest if way in ways else 0)
            ways[way] = replace(one, versions=(), newest=most)
    found: list[Wanted] = []
    for package, ways in newest.items():
        first, *others = ways.values() or (Wanted(package),)
        found += [replace(first, versions=tuple(exact[package].values())), *others]
    return tuple(found)


def _both(known: WantedVersion | None, other: WantedVersion) -> WantedVersion:
    if known is None:
        return other
    return WantedVersion(other.version, known.hashes | other.hashes, known.files | other.files)
