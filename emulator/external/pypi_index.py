"""``public:pypi``: a simple repository index, in JSON or HTML (PEP 503, 691, 700)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Literal
from urllib.parse import quote, unquote, urldefrag, urljoin, urlsplit

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion

from emulator.core.external import (
    ORIGINAL_PUBLISH_TIME,
    PublicAsset,
    PublicPackage,
    PublicVersion,
    Unreachable,
)
from emulator.core.values import PackageId
from emulator.external.http import Remote

ACCEPT = (
    "application/vnd.pypi.simple.v1+json, "
    "application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
)
HASHES = frozenset({"md5", "sha1", "sha256", "sha512"})


class PyPIIndex:
    """The simple index at one base URL (the one that ends with ``simple/``)."""

    format: Literal["pypi"] = "pypi"

    def __init__(self, base_url: str, description: str) -> None:
        self.description = description
        self._remote = Remote(base_url)

    def answers(self) -> bool:
        """Return whether the index answers at all."""
        return self._remote.answers("pip/")

    def package(self, package: PackageId) -> PublicPackage | None:
        """Return what the project's page lists; files that are no wheel or sdist are left out."""
        response = self._remote.document(f"{quote(package.name, safe='')}/", accept=ACCEPT)
        if response is None:
            return None
        page_url = str(response.request.url)
        if "json" in response.headers.get("content-type", ""):
            files = _files_of_json(response.content, page_url)
        else:
            files = _files_of_html(response.text, page_url)
        return package_of(files)

    def assets(self, package: PackageId, version: PublicVersion) -> tuple[PublicAsset, ...]:  # noqa: ARG002  protocol
        """Return every file of the version."""
        return version.assets

    def asset(self, package: PackageId, version: str, name: str) -> PublicAsset | None:
        """Return the file *name* of *version* as the page lists it now."""
        listed = self.package(package)
        return listed.asset(version, name) if listed else None

    def open(self, asset: PublicAsset) -> Iterator[bytes]:
        """Yield the file's bytes."""
        return self._remote.stream(asset.location)


def version_of(filename: str) -> str | None:
    """Return the normalised version in the name of a wheel or an sdist; None for other files."""
    try:
        if filename.endswith(".whl"):
            return str(parse_wheel_filename(filename)[1])
        return str(parse_sdist_filename(filename)[1])
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None


def package_of(files: list[PublicAsset]) -> PublicPackage:
    """Return *files* grouped by version, in the order in which the versions first appear."""
    grouped: dict[str, list[PublicAsset]] = {}
    for file in files:
        version = version_of(file.name)
        if version is not None:
            grouped.setdefault(version, []).append(file)
    return PublicPackage(
        {version: _public_version(version, assets) for version, assets in grouped.items()}
    )


def _public_version(version: str, assets: list[PublicAsset]) -> PublicVersion:
    times = [a.published for a in assets if a.published is not None]
    published = min(times) if times else None
    metadata: dict[str, object] = {"files": {a.name: dict(a.metadata) for a in assets}}
    if published is not None:
        metadata[ORIGINAL_PUBLISH_TIME] = published.isoformat()
    return PublicVersion(version, published, tuple(assets), metadata)


def _files_of_json(content: bytes, page_url: str) -> list[PublicAsset]:
    try:
        document = json.loads(content)
        return [_asset_of_json(entry, page_url) for entry in document["files"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreachable("The public index sent a page that is no simple index page.") from error


def _asset_of_json(entry: Mapping[str, object], page_url: str) -> PublicAsset:
    hashes = entry.get("hashes")
    size = entry.get("size")
    return _asset(
        str(entry["filename"]),
        urljoin(page_url, str(entry["url"])),
        hashes={k: str(v).lower() for k, v in hashes.items()}
        if isinstance(hashes, Mapping)
        else {},
        size=size if isinstance(size, int) else None,
        requires_python=entry.get("requires-python"),
        yanked=entry.get("yanked") or False,
        upload_time=entry.get("upload-time"),
    )


def _files_of_html(text: str, page_url: str) -> list[PublicAsset]:
    parser = _Anchors()
    parser.feed(text)
    base = urljoin(page_url, parser.base) if parser.base else page_url
    files = []
    for attributes in parser.anchors:
        url, fragment = urldefrag(urljoin(base, attributes.get("href") or ""))
        algorithm, _, digest = fragment.partition("=")
        yanked: object = False
        if "data-yanked" in attributes:
            yanked = attributes["data-yanked"] or True
        files.append(
            _asset(
                unquote(urlsplit(url).path.rpartition("/")[2]),
                url,
                hashes={algorithm: digest.lower()},
                size=None,
                requires_python=attributes.get("data-requires-python"),
                yanked=yanked,
                upload_time=attributes.get("data-upload-time"),
            )
        )
    return files


def _asset(
    name: str,
    url: str,
    *,
    hashes: Mapping[str, str],
    size: int | None,
    requires_python: object,
    yanked: object,
    upload_time: object,
) -> PublicAsset:
    metadata: dict[str, object] = {"yanked": yanked}
    if requires_python:
        metadata["requires-python"] = str(requires_python)
    published = _time(upload_time)
    if published is not None:
        metadata["upload-time"] = published.isoformat()
    return PublicAsset(
        name=name,
        location=url,
        size=size,
        hashes={k: v for k, v in hashes.items() if k in HASHES and v},
        published=published,
        metadata=metadata,
    )


def _time(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class _Anchors(HTMLParser):
    """Collects the anchors of a page and its base URL."""

    def __init__(self) -> None:
        super().__init__()
        self.anchors: list[dict[str, str | None]] = []
        self.base: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the attributes of ``<a href>`` and the address of ``<base>``."""
        attributes = dict(attrs)
        if tag == "a" and attributes.get("href"):
            self.anchors.append(attributes)
        elif tag == "base" and self.base is None:
            self.base = attributes.get("href")
