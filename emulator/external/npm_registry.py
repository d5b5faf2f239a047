"""``public:npmjs``: an npm registry, read through its full packuments."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

from emulator.core.external import (
    ORIGINAL_PUBLISH_TIME,
    PublicAsset,
    PublicPackage,
    PublicVersion,
    Unreachable,
)
from emulator.core.values import PackageId
from emulator.external.http import Remote

ASSET_NAME = "package.tgz"  # the one asset of an npm package version (User Guide, npm)


class NpmRegistry:
    """The npm registry at one base URL."""

    format: Literal["npm"] = "npm"

    def __init__(self, base_url: str, description: str) -> None:
        self.description = description
        self._remote = Remote(base_url)

    def answers(self) -> bool:
        """Return whether the registry answers at all."""
        return self._remote.answers("npm")

    def package(self, package: PackageId) -> PublicPackage | None:
        """Return what the full packument lists."""
        name = quote(package.name, safe="")
        if package.namespace:
            name = f"@{quote(package.namespace, safe='')}%2f{name}"
        response = self._remote.document(name, accept="application/json")
        if response is None:
            return None
        try:
            return package_of(json.loads(response.content))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unreachable(
                "The public registry sent a document that is no packument."
            ) from error

    def assets(self, package: PackageId, version: PublicVersion) -> tuple[PublicAsset, ...]:  # noqa: ARG002  protocol
        """Return the one tarball."""
        return version.assets

    def asset(self, package: PackageId, version: str, name: str) -> PublicAsset | None:
        """Return the tarball of *version* as the packument lists it now."""
        listed = self.package(package)
        return listed.asset(version, name) if listed else None

    def open(self, asset: PublicAsset) -> Iterator[bytes]:
        """Yield the tarball's bytes."""
        return self._remote.stream(asset.location)


def package_of(packument: Mapping[str, object]) -> PublicPackage:
    """Return what *packument* lists; ``metadata`` is all of it but the versions."""
    manifests = packument["versions"]
    times = packument.get("time", {})
    if not isinstance(manifests, Mapping) or not isinstance(times, Mapping):
        raise TypeError("versions and time are objects")
    return PublicPackage(
        {
            str(version): _public_version(str(version), manifest, times.get(version))
            for version, manifest in manifests.items()
        },
        {key: value for key, value in packument.items() if key != "versions"},
    )


def _public_version(version: str, manifest: Mapping[str, object], time: object) -> PublicVersion:
    distribution = manifest["dist"]
    if not isinstance(distribution, Mapping):
        raise TypeError("dist is an object")
    published = _time(time)
    metadata = dict(manifest)
    if published is not None:
        metadata[ORIGINAL_PUBLISH_TIME] = published.isoformat()
    asset = PublicAsset(
        name=ASSET_NAME,
        location=str(distribution["tarball"]),
        hashes=_hashes(distribution),
        published=published,
    )
    return PublicVersion(version, published, (asset,), metadata)


def _hashes(distribution: Mapping[str, object]) -> dict[str, str]:
    hashes: dict[str, str] = {}
    if isinstance(shasum := distribution.get("shasum"), str):
        hashes["sha1"] = shasum.lower()
    for entry in str(distribution.get("integrity") or "").split():
        algorithm, _, digest = entry.partition("-")
        if algorithm in {"sha256", "sha512"}:
            try:
                hashes[algorithm] = base64.b64decode(digest.partition("?")[0]).hex()
            except binascii.Error:
                continue
    return hashes


def _time(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
