"""What an npm packument says of a package's versions, in full and abbreviated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import semver

ABBREVIATED_TYPE = "application/vnd.npm.install-v1+json"

ABBREVIATED = (
    "name",
    "version",
    "deprecated",
    "dependencies",
    "optionalDependencies",
    "devDependencies",
    "bundleDependencies",
    "bundledDependencies",
    "peerDependencies",
    "peerDependenciesMeta",
    "acceptDependencies",
    "bin",
    "directories",
    "engines",
    "cpu",
    "os",
    "libc",
    "funding",
    "_hasShrinkwrap",
    "hasInstallScript",
)
"""Fields of a version that installing needs (npm registry documentation, package metadata)."""


@dataclass(frozen=True, slots=True)
class ListedVersion:
    """
    A version that the packument lists.

    Attributes:
        manifest: The version's ``package.json`` as published.
        tarball: Absolute URL of its tarball.
        published: The original publish time.
    """

    version: str
    manifest: Mapping[str, object]
    shasum: str
    tarball: str
    published: datetime


def full(
    name: str, versions: Iterable[ListedVersion], tags: Mapping[str, str]
) -> dict[str, object]:
    """
    Return the packument of *name*, oldest version first.

    ``time`` holds the original publish times; ``dist`` has a shasum and no integrity, as users of
    the service report; tags of versions that are not listed are left out.
    """
    listed = sorted(versions, key=lambda each: order(each.version))
    times = {each.version: timestamp(each.published) for each in listed}
    return {
        "_id": name,
        "name": name,
        "dist-tags": dist_tags(listed, tags),
        "versions": {each.version: _version(name, each, each.manifest) for each in listed},
        "time": {"created": min(times.values()), "modified": max(times.values()), **times},
    }


def abbreviated(
    name: str, versions: Iterable[ListedVersion], tags: Mapping[str, str]
) -> dict[str, object]:
    """Return what installing *name* needs of its packument."""
    listed = sorted(versions, key=lambda each: order(each.version))
    return {
        "name": name,
        "modified": timestamp(max(each.published for each in listed)),
        "dist-tags": dist_tags(listed, tags),
        "versions": {
            each.version: _version(
                name, each, {key: each.manifest[key] for key in ABBREVIATED if key in each.manifest}
            )
            for each in listed
        },
    }


def dist_tags(listed: Iterable[ListedVersion], tags: Mapping[str, str]) -> dict[str, str]:
    """
    Return the tags of listed versions; ``latest`` is the highest release when nothing has it.

    npm cannot install a package without it; what the service answers then is not documented.
    """
    versions = [each.version for each in listed]
    known = {tag: version for tag, version in sorted(tags.items()) if version in versions}
    if "latest" not in known and versions:
        known["latest"] = max(versions, key=lambda version: (released(version), order(version)))
    return known


def order(version: str) -> tuple[int, semver.Version | str]:
    """Return a sort key: semantic versions by their rules, before them those that are none."""
    try:
        return (1, semver.Version.parse(version))
    except ValueError:
        return (0, version)


def released(version: str) -> bool:
    """Whether *version* is a semantic version and no prerelease."""
    _, parsed = order(version)
    return isinstance(parsed, semver.Version) and parsed.prerelease is None


def timestamp(moment: datetime) -> str:
    """Return *moment* as npm writes times."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _version(name: str, listed: ListedVersion, manifest: Mapping[str, object]) -> dict[str, object]:
    dist = {"shasum": listed.shasum, "tarball": listed.tarball}
    return {**manifest, "name": name, "version": listed.version, "dist": dist}
