"""Makes NuGet packages: small, valid, with one library file for every framework."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path

from emulator.external.archives import zip_of

NUSPEC_SPACE = "http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd"


def nuspec(
    name: str, version: str, dependencies: Mapping[str, str] | None = None, *, more: str = ""
) -> bytes:
    """Return a ``.nuspec``; *dependencies* are for every target framework."""
    listed = "".join(
        f'<dependency id="{each}" version="{wanted}" />'
        for each, wanted in (dependencies or {}).items()
    )
    text = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<package xmlns="{NUSPEC_SPACE}"><metadata><id>{name}</id><version>{version}</version>'
        "<authors>My Company</authors>"
        f"<description>{name} for a test</description>{more}"
        f'<dependencies><group targetFramework=".NETStandard2.0">{listed}</group></dependencies>'
        "</metadata></package>"
    )
    return text.encode()


def nupkg(
    name: str,
    version: str,
    dependencies: Mapping[str, str] | None = None,
    *,
    more: str = "",
    content: str = "",
) -> bytes:
    """Return a package that NuGet installs into any framework."""
    relationship = (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Type="http://schemas.microsoft.com/packaging/2010/07/manifest" '
        f'Target="/{name}.nuspec" Id="R1" /></Relationships>'
    )
    types = (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml" />'
        '<Default Extension="nuspec" ContentType="application/octet" />'
        '<Default Extension="txt" ContentType="application/octet" /></Types>'
    )
    return zip_of(
        {
            "_rels/.rels": relationship.encode(),
            f"{name}.nuspec": nuspec(name, version, dependencies, more=more),
            f"lib/netstandard2.0/{name}.txt": (content or f"{name} {version}").encode(),
            "[Content_Types].xml": types.encode(),
        }
    )


def scrambled(package: bytes) -> bytes:
    """Return *package* with a ``.nuspec`` whose bytes cannot be unpacked."""
    start = package.index(b".nuspec") + len(b".nuspec")
    return package[:start] + b"\xff" * 20 + package[start + 20 :]


def add(feed: Path, name: str, version: str, package: bytes, *, beside: bool = True) -> Path:
    """Put a package into a folder feed as ``nuget add`` does; return its file."""
    folder = feed / name.lower() / version.lower()
    folder.mkdir(parents=True)
    file = folder / f"{name.lower()}.{version.lower()}.nupkg"
    file.write_bytes(package)
    if beside:
        digest = base64.b64encode(hashlib.sha512(package).digest())
        file.with_name(f"{file.name}.sha512").write_bytes(digest)
    return file
