"""``public:ruby-gems-org``: a folder of gems, or a Compact Index at a base URL."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import quote

from emulator.core import gems
from emulator.core.external import (
    ORIGINAL_PUBLISH_TIME,
    PublicAsset,
    PublicPackage,
    PublicVersion,
    Unreachable,
)
from emulator.core.gems import ANY_VERSION, RUBY, Entry
from emulator.core.values import PackageId
from emulator.external.files import Directory
from emulator.external.http import Remote

Offered = tuple[Entry, PublicAsset]
"""A gem as an index lists it, and where it is."""

_CHECKSUM = re.compile(r"[0-9a-f]{64}")


class Source(Protocol):
    """Where gems are."""

    def gems(self, name: str) -> list[Offered] | None:
        """Return every gem of this name; None when there is none."""
        ...

    def stream(self, location: str) -> Iterator[bytes]:
        """Yield the bytes of a gem."""
        ...


class RubyLayout:
    """
    The gems of one source.

    A folder has what ``gem generate_index`` wants: ``gems/*.gem``; whether it has been run does not
    matter, because every gem is asked itself. A base URL is that of a Compact Index.

    A gem for one platform is offered twice: in the version that has the platform in its name, and
    in the version of its number, which has the gems for all platforms (see the switch
    ``gemPlatformPlace``).
    """

    format: Literal["ruby"] = "ruby"

    def __init__(self, location: str | Path, description: str) -> None:
        self.description = description
        text = str(location)
        self._source: Source = CompactIndex(text) if "://" in text else GemFolder(Path(text))

    def package(self, package: PackageId) -> PublicPackage | None:
        """Return the versions of the gems."""
        if not gems.NAME.fullmatch(package.name):
            return None
        offered = self._source.gems(package.name)
        if offered is None:
            return None
        grouped: dict[str, dict[str, Offered]] = {}
        for entry, asset in offered:
            for version in (entry.number, entry.full_version):
                grouped.setdefault(version, {})[asset.name] = entry, asset
        return PublicPackage(
            {version: _version(version, list(each.values())) for version, each in grouped.items()}
        )

    def assets(self, package: PackageId, version: PublicVersion) -> tuple[PublicAsset, ...]:  # noqa: ARG002  protocol
        """Return none: beside the gem that is asked for nothing comes in (User Guide, Ruby)."""
        return ()

    def asset(self, package: PackageId, version: str, name: str) -> PublicAsset | None:
        """Return one gem by its file's name."""
        listed = self.package(package)
        return listed.asset(version, name) if listed else None

    def open(self, asset: PublicAsset) -> Iterator[bytes]:
        """Yield the gem's bytes."""
        return self._source.stream(asset.location)


class GemFolder:
    """A folder of this machine, with ``gems/`` in it."""

    def __init__(self, root: Path) -> None:
        self._files = Directory(root)
        self._read: dict[tuple[str, int | None, datetime | None], Offered] = {}

    def gems(self, name: str) -> list[Offered] | None:
        """Return what the gems say whose file begins with the name; no other is read."""
        found = []
        for file in self._files.names("gems") or ():
            if file.startswith(f"{name}-") and file.endswith(".gem"):
                offered = self._offered(f"gems/{file}")
                if offered is not None and offered[0].name == name:
                    found.append(offered)
        return sorted(found, key=lambda each: each[0].published) or None

    def stream(self, location: str) -> Iterator[bytes]:
        """Yield the file's bytes."""
        return self._files.stream(location)

    def _offered(self, path: str) -> Offered | None:
        described = self._files.describe(path)
        if described is None:
            return None
        size, modified = described
        key = path, size, modified
        if key not in self._read:
            try:
                gem = gems.read(self._files.root / path)
            except gems.MalformedGem:
                return None
            digest = hashlib.sha256()
            for chunk in self._files.stream(path):
                digest.update(chunk)
            entry = replace(gem.entry, published=modified.isoformat() if modified else "")
            asset = PublicAsset(
                name=entry.file_name,
                location=path,
                size=size,
                hashes={"sha256": digest.hexdigest()},
                published=modified,
            )
            self._read[key] = entry, asset
        return self._read[key]


class CompactIndex:
    """An index that is served over HTTP."""

    def __init__(self, base_url: str) -> None:
        self._remote = Remote(base_url)

    def gems(self, name: str) -> list[Offered] | None:
        """Return what ``info/{gem}`` lists ("The Compact Index API", RubyGems guides)."""
        response = self._remote.document(f"info/{quote(name, safe='')}")
        if response is None:
            return None
        lines = response.text.splitlines()
        start = lines.index("---") + 1 if "---" in lines else 0
        return [self._offered(name, line) for line in lines[start:] if line.strip()] or None

    def stream(self, location: str) -> Iterator[bytes]:
        """Yield the gem's bytes."""
        return self._remote.stream(location)

    def _offered(self, name: str, line: str) -> Offered:
        full, _, rest = line.partition(" ")
        number, _, platform = full.partition("-")
        needs, _, says = rest.partition("|")
        if not gems.NUMBER.fullmatch(number) or (
            platform and not gems.PLATFORM.fullmatch(platform)
        ):
            raise Unreachable("The public index sent a broken line.")
        requirements = dict(_pairs(says))
        published = _time(requirements.get("created_at"))
        entry = Entry(
            name=name,
            number=number,
            platform=platform or RUBY,
            dependencies=tuple(_pairs(needs)),
            ruby=requirements.get("ruby", ANY_VERSION),
            rubygems=requirements.get("rubygems", ANY_VERSION),
            published=published.isoformat() if published else "",
        )
        checksum = requirements.get("checksum", "").lower()
        asset = PublicAsset(
            name=entry.file_name,
            location=f"gems/{quote(entry.file_name)}",
            hashes={"sha256": checksum} if _CHECKSUM.fullmatch(checksum) else {},
            published=published,
        )
        return entry, asset


def _version(version: str, offered: list[Offered]) -> PublicVersion:
    """Return a version with its gems; the one for all platforms first."""
    offered = sorted(offered, key=lambda each: each[0].platform != RUBY)
    times = [asset.published for _, asset in offered if asset.published is not None]
    published = min(times) if times else None
    metadata: dict[str, object] = {
        gems.FILES: {asset.name: entry.stored() for entry, asset in offered}
    }
    if published is not None:
        metadata[ORIGINAL_PUBLISH_TIME] = published.isoformat()
    return PublicVersion(version, published, tuple(asset for _, asset in offered), metadata)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split(","):
        name, colon, wanted = part.strip().partition(":")
        if colon:
            yield name, ", ".join(wanted.split("&"))


def _time(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
