"""How many bytes a plan would free: the sizes of the assets of what would be deleted."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from steward.coordinates import Package
    from steward.version_contents import VersionContents
    from sweep_repositories.plan_lines import PlanLine

_WORKERS: Final = 16  # our choice: with some 50 ms a call more than the 200 a second of the quota


def measured(
    lines: Sequence["PlanLine"],
    contents: "VersionContents",
    *,
    most: int,
    seen: Callable[[int], None] = lambda _: None,
) -> list["PlanLine"]:
    """
    Return *lines* with the sizes of the versions that they delete or dispose of.

    1 ListPackageVersionAssets for each of them, of the first *most*. A version that is gone, or
    whose assets cannot be listed, stays without a size: that is no reason to have no plan.

    Args:
        seen: Called after each version, from several threads, with the number of versions: 1.
    """
    wanted = [
        (line.package, one.version)
        for line in lines
        if line.deletions
        for one in line.versions
        if one.status != "Disposed"  # its assets are gone already ("Package version status")
    ][:most]

    def size(one: tuple["Package", str]) -> int | None:
        found = _size(contents, *one)
        seen(1)
        return found

    with ThreadPoolExecutor(_WORKERS) as pool:
        sizes = dict(zip(wanted, pool.map(size, wanted), strict=True))
    return [_with_sizes(line, sizes) if line.deletions else line for line in lines]


def _with_sizes(line: "PlanLine", sizes: dict[tuple["Package", str], int | None]) -> "PlanLine":
    versions = (replace(one, size=sizes.get((line.package, one.version))) for one in line.versions)
    return replace(line, versions=tuple(versions))


def _size(contents: "VersionContents", package: "Package", version: str) -> int | None:
    from steward.errors import CodeArtifactError

    try:
        assets = contents.assets(package, version).assets.values()
    except CodeArtifactError:
        return None
    return _sum(asset.size for asset in assets)


def _sum(sizes: Iterable[int | None]) -> int | None:
    known = list(sizes)
    return None if None in known else sum(size or 0 for size in known)
