"""Which of the available versions a rule for the newest ones wants. Values only, no effects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from steward.version_order import Position, position
from steward.version_ranges import parse_range
from steward.versions import is_release, is_snapshot
from warm_caches.values import Wanted

if TYPE_CHECKING:
    from steward.coordinates import PackageVersion


def newest_wanted(
    wanted: Wanted,
    available: Iterable[str],
    *,
    withdrawn: frozenset[str],
    held: Sequence[PackageVersion],
) -> tuple[str, ...]:
    """
    Return the newest versions of a package that *wanted* asks for, newest first.

    - Only releases, unless it asks for pre-releases; never a Maven snapshot, which no external
      connection brings ("Maven snapshots", User Guide).
    - Only versions in its range, if it has one.
    - Never one that its publisher has withdrawn, or that is no version of the format.
    - To keep up: only those that are newer than every version in the repository, in whatever
      status: what somebody archived was held. Nothing if the repository holds nothing.
    - Of two spellings of one version (``1.0`` and ``1.0.0``) the greater text.

    Args:
        available: Every version that clients of the repository can get, in any order.
        withdrawn: Those that were yanked or are no longer listed.
        held: Every version that the repository holds.

    Raises:
        RangeError: Its range is none of the format.
    """
    package_format = wanted.package.format
    within = parse_range(package_format, wanted.range) if wanted.range else None
    newer_than: Position | None = None
    if wanted.keep_up:
        places = [position(package_format, one.version) for one in held]
        newer_than = max((place for place in places if place is not None), default=None)
        if newer_than is None:
            return ()
    found: dict[Position, str] = {}
    for version in available:
        place = position(package_format, version)
        if place is None or version in withdrawn or is_snapshot(package_format, version):
            continue
        if newer_than is not None and place <= newer_than:
            continue
        if not wanted.prereleases and not is_release(package_format, version):
            continue
        if within is not None and not within.contains(version):
            continue
        found[place] = max(version, found.get(place, ""))
    return tuple(found[place] for place in sorted(found, reverse=True)[: wanted.newest])
