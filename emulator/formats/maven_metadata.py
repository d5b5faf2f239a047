"""Writes the maven-metadata.xml that CodeArtifact generates."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from emulator.core.values import PackageId
from emulator.formats.maven_layout import BUILD, SNAPSHOT
from emulator.formats.maven_versions import order


def package_metadata(package: PackageId, versions: Iterable[str], updated: datetime) -> bytes:
    """
    Return the artifact-level metadata: *versions* in Maven's order.

    ``latest`` is the last of them, ``release`` the last that is no snapshot.
    """
    ordered = sorted(versions, key=order)
    releases = [each for each in ordered if not each.endswith(SNAPSHOT)]
    lines = [
        *_coordinates(package),
        "  <versioning>",
        f"    <latest>{escape(ordered[-1])}</latest>",
        *(f"    <release>{escape(each)}</release>" for each in releases[-1:]),
        "    <versions>",
        *(f"      <version>{escape(each)}</version>" for each in ordered),
        "    </versions>",
        f"    <lastUpdated>{updated.astimezone(UTC):%Y%m%d%H%M%S}</lastUpdated>",
        "  </versioning>",
    ]
    return _document(lines)


def snapshot_metadata(package: PackageId, snapshot: str, assets: Iterable[str]) -> bytes | None:
    """
    Return the metadata of ``1.0-SNAPSHOT``, whose *assets* are those of its newest build.

    None when no asset has a build's name.
    """
    stem = f"{package.name}-{snapshot.removesuffix(SNAPSHOT)}-"
    pattern = re.compile(
        rf"{re.escape(stem)}(?P<build>{BUILD})(?:-(?P<classifier>[^.]+))?\.(?P<extension>.+)"
    )
    matches = [match for match in map(pattern.fullmatch, assets) if match is not None]
    if not matches:
        return None
    timestamp, _, number = matches[0]["build"].partition("-")
    updated = timestamp.replace(".", "")
    lines = [
        *_coordinates(package),
        f"  <version>{escape(snapshot)}</version>",
        "  <versioning>",
        "    <snapshot>",
        f"      <timestamp>{timestamp}</timestamp>",
        f"      <buildNumber>{number}</buildNumber>",
        "    </snapshot>",
        f"    <lastUpdated>{updated}</lastUpdated>",
        "    <snapshotVersions>",
    ]
    for match in matches:
        build = f"{snapshot.removesuffix(SNAPSHOT)}-{match['build']}"
        lines.append("      <snapshotVersion>")
        if match["classifier"]:
            lines.append(f"        <classifier>{escape(match['classifier'])}</classifier>")
        lines += [
            f"        <extension>{escape(match['extension'])}</extension>",
            f"        <value>{escape(build)}</value>",
            f"        <updated>{updated}</updated>",
            "      </snapshotVersion>",
        ]
    lines += ["    </snapshotVersions>", "  </versioning>"]
    return _document(lines)


def checksum(content: bytes, algorithm: str) -> bytes:
    """Return what ``maven-metadata.xml.{algorithm}`` holds."""
    return hashlib.new(algorithm, content, usedforsecurity=False).hexdigest().encode()


def _coordinates(package: PackageId) -> list[str]:
    return [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<metadata modelVersion="1.1.0">',
        f"  <groupId>{escape(package.namespace)}</groupId>",
        f"  <artifactId>{escape(package.name)}</artifactId>",
    ]


def _document(lines: list[str]) -> bytes:
    return "\n".join([*lines, "</metadata>", ""]).encode()
