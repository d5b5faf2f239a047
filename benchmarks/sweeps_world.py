"""The repositories of a company that sweeps are measured on: many packages of fifty versions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from benchmarks.local import admin
from benchmarks.sample_events import DOMAIN, NAMESPACE

REPOSITORY: Final = "my-snapshots"
VERSIONS: Final = 50
FIRST_BUILD: Final = datetime(2026, 1, 1, tzinfo=UTC)
_PART: Final = 500  # packages a seed document: 25,000 versions, about 5 MB

Kind = Literal["stale", "tidy"]


def builds(count: int = VERSIONS) -> list[str]:
    """Return the build versions of one snapshot, oldest first, an hour apart."""
    return [
        f"1.0-{FIRST_BUILD + timedelta(hours=number):%Y%m%d.%H%M%S}-{number + 1}"
        for number in range(count)
    ]


def package_name(number: int) -> str:
    """Return the name of the package number *number*."""
    return f"app-{number:05d}"


def seed(endpoint: str, packages: int, kind: Kind) -> None:
    """
    The local CodeArtifact at *endpoint* has *packages* Maven packages with builds of one snapshot.

    ``stale``: every build is listed, so that all but the newest have to be unlisted. ``tidy``: only
    the newest is.
    """
    for part in _parts(packages):
        documents = [_package(number, kind) for number in part]
        repository = {"name": REPOSITORY, "packages": documents}
        document = {"domains": [{"name": DOMAIN, "repositories": [repository]}]}
        admin(endpoint, "POST", "seed", document)


def _parts(packages: int) -> Iterator[range]:
    for start in range(0, packages, _PART):
        yield range(start, min(start + _PART, packages))


def _package(number: int, kind: Kind) -> dict[str, object]:
    names = builds()
    old = "Unlisted" if kind == "tidy" else "Published"
    return {
        "format": "maven",
        "namespace": NAMESPACE,
        "package": package_name(number),
        "restrictions": {"publish": "ALLOW", "upstream": "BLOCK"},
        "versions": [
            {
                "version": name,
                "status": "Published" if name == names[-1] else old,
                "publishedTime": (FIRST_BUILD + timedelta(hours=hour)).isoformat(),
            }
            for hour, name in enumerate(names)
        ],
    }
