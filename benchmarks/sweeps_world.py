"""The repository that sweeps are measured on: packages with many builds of one snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from benchmarks.local import admin
from benchmarks.sample_events import DOMAIN, NAMESPACE

REPOSITORY: Final = "my-snapshots"
VERSIONS: Final = 50
FIRST_BUILD: Final = datetime(2024, 1, 1, tzinfo=UTC)
_PART: Final = 25_000  # versions a seed document: about 5 MB


def builds(count: int = VERSIONS) -> list[str]:
    """Return the build versions of one snapshot, oldest first, an hour apart."""
    return [
        f"1.0-{FIRST_BUILD + timedelta(hours=number):%Y%m%d.%H%M%S}-{number + 1}"
        for number in range(count)
    ]


def package_name(number: int) -> str:
    """Return the name of the package number *number*."""
    return f"app-{number:05d}"


def seed(endpoint: str, packages: int, versions: int = VERSIONS) -> None:
    """
    The local CodeArtifact at *endpoint* has *packages* Maven packages with builds of one snapshot.

    All builds are Published: there is something to do about all but the newest of each package.
    """
    names = builds(versions)
    for part in _parts(packages, max(1, _PART // versions)):
        documents = [_package(number, names) for number in part]
        repository = {"name": REPOSITORY, "packages": documents}
        document = {"domains": [{"name": DOMAIN, "repositories": [repository]}]}
        admin(endpoint, "POST", "seed", document)


def _parts(packages: int, size: int) -> Iterator[range]:
    for start in range(0, packages, size):
        yield range(start, min(start + size, packages))


def _package(number: int, names: Sequence[str]) -> dict[str, object]:
    return {
        "format": "maven",
        "namespace": NAMESPACE,
        "package": package_name(number),
        "restrictions": {"publish": "ALLOW", "upstream": "BLOCK"},
        "versions": [
            {"version": name, "publishedTime": (FIRST_BUILD + timedelta(hours=hour)).isoformat()}
            for hour, name in enumerate(names)
        ],
    }
