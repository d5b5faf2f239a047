"""Reads what the assets of a version that came in from outside say about it."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

from emulator.core import crates, gems, metadata, npm_readme, nuspec, tarballs
from emulator.core.errors import CodeArtifactError
from emulator.core.state import State
from emulator.core.values import Blob, Format, PackageId, Version

MAX_DOCUMENT = 4 * 1024 * 1024  # our choice: a README is part of it
MAX_MEMBERS = 500  # of an sdist, which has its PKG-INFO near the beginning: our choice

_OF_ASSET: Mapping[Format, Callable[[Path], dict[str, object]]] = {
    "cargo": crates.of_crate,
    "nuget": nuspec.of_package,
    "ruby": gems.of_gem,
}
"""Formats whose versions have one asset, which says everything."""


def read(
    state: State, package: PackageId, assets: Mapping[str, Blob], manifest: Mapping[str, object]
) -> dict[str, object]:
    """
    Return the metadata that *assets* give, for the API's descriptions and dependencies.

    npm: from *manifest*, the version's object in the packument (`readme` is of the tarball); PyPI:
    from a wheel, else an sdist; Maven: from the POM; Cargo: from the crate's ``Cargo.toml``; Ruby:
    from the gem's specification. Empty where an asset cannot be read: what is public is never
    refused for its metadata.
    """
    try:
        match package.format:
            case "npm":
                return metadata.of_npm(manifest)
            case "pypi":
                return _of_distributions(state, assets)
            case "cargo" | "nuget" | "ruby":
                return _of_first(state, assets, _OF_ASSET[package.format])
            case "maven":
                pom = next((name for name in assets if name.endswith(".pom")), None)
                if pom is not None and assets[pom].size <= MAX_DOCUMENT:
                    return metadata.of_pom(state.assets.path(assets[pom].sha256).read_bytes())
    except (
        OSError,
        EOFError,
        ValueError,
        KeyError,
        TypeError,
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        NotImplementedError,  # a compression that zipfile does not know
        CodeArtifactError,
    ):
        return {}
    return {}


def readme(state: State, version: Version) -> str:
    """
    Return the readme of *version*, empty if there is none to read.

    Where nobody has said it, as for an npm version that has come in, it is read from the tarball.
    """
    said = metadata.of(version).readme
    if said or version.package.format != "npm" or not version.assets:
        return said
    return npm_readme.of_tarball(state.assets.path(version.assets[0].blob.sha256))


def _of_first(
    state: State, assets: Mapping[str, Blob], read_asset: Callable[[Path], dict[str, object]]
) -> dict[str, object]:
    blob = next(iter(assets.values()), None)
    return {} if blob is None else read_asset(state.assets.path(blob.sha256))


def _of_distributions(state: State, assets: Mapping[str, Blob]) -> dict[str, object]:
    for name in sorted(assets, key=lambda each: (not each.endswith(".whl"), each)):
        path = state.assets.path(assets[name].sha256)
        document = _of_wheel(path) if name.endswith(".whl") else _of_sdist(path, name)
        if document is not None:
            return metadata.of_core_metadata(document.decode("utf-8", "replace"))
    return {}


def _of_wheel(path: Path) -> bytes | None:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            folder, _, name = member.filename.rpartition("/")
            if name == "METADATA" and folder.endswith(".dist-info") and "/" not in folder:
                with archive.open(member) as document:
                    return document.read(MAX_DOCUMENT)
    return None


def _of_sdist(path: Path, name: str) -> bytes | None:
    if not name.endswith(".tar.gz"):
        return None
    with tarballs.opened(path) as archive:
        for position, member in enumerate(archive):
            if (
                member.isfile()
                and member.name.count("/") == 1
                and member.name.endswith("/PKG-INFO")
            ):
                document = archive.extractfile(member)
                return document.read(MAX_DOCUMENT) if document else None
            if position >= MAX_MEMBERS:
                break
    return None
