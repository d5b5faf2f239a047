"""Public repositories with many small packages, kept in memory, and lock files of all of them."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from emulator.core.external import PublicAsset, PublicPackage, PublicVersion, Unreachable
from emulator.core.values import Format, PackageId
from emulator.external.maven_layout import MavenLayout
from emulator.external.npm_registry import package_of

RELEASED = datetime(2021, 7, 13, 14, 55, 6, tzinfo=UTC)
GROUP = "org.example"
VERSION = "1.0.0"
MEGABYTE = 1024 * 1024
LARGE = "large"
LARGE_FILE = f"{LARGE}-{VERSION}-py3-none-any.whl"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many packages each public repository has, and how large the one large file of PyPI is."""

    pypi: int
    npm: int
    maven: int
    large_megabytes: int = 0


@dataclass
class Kept:
    """A public repository in memory: its packages, and their assets by location."""

    format: Format
    description: str = "packages of a benchmark"
    packages: dict[PackageId, PublicPackage] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    large_megabytes: int = 0
    near: ClassVar[bool] = True

    def package(self, package: PackageId) -> PublicPackage | None:
        """Return what *package* offers."""
        return self.packages.get(package)

    def assets(self, package: PackageId, version: PublicVersion) -> tuple[PublicAsset, ...]:  # noqa: ARG002  protocol
        """Return every file of the version."""
        return version.assets

    def asset(self, package: PackageId, version: str, name: str) -> PublicAsset | None:
        """Return one file by its name."""
        listed = self.packages.get(package)
        found = listed.versions.get(version) if listed else None
        return next((one for one in found.assets if one.name == name), None) if found else None

    def open(self, asset: PublicAsset) -> Iterator[bytes]:
        """Yield the bytes of *asset*; those of the large one are made as they are wanted."""
        if asset.name == LARGE_FILE:
            return (piece for piece in _pieces(self.large_megabytes))
        if asset.location not in self.contents:
            raise Unreachable(asset.name)
        return iter((self.contents[asset.location],))


def public_world(sizes: Sizes, folder: Path) -> dict[str, Kept | MavenLayout]:
    """Return what is behind the external connections; Maven's files are in *folder*."""
    for name in names("maven", sizes.maven):
        place = folder / GROUP.replace(".", "/") / name
        version = place / VERSION
        version.mkdir(parents=True)
        for file, content in maven_files(name).items():
            (version / file).write_bytes(content)
        (place / "maven-metadata.xml").write_text(
            f"<metadata><groupId>{GROUP}</groupId><artifactId>{name}</artifactId><versioning>"
            f"<versions><version>{VERSION}</version></versions></versioning></metadata>"
        )
    return {
        "public:pypi": _pypi(sizes),
        "public:npmjs": _npm(sizes.npm),
        "public:maven-central": MavenLayout(str(folder), "packages of a benchmark"),
    }


def names(package_format: Format, number: int) -> list[str]:
    """Return the names of the packages that a public repository has."""
    return [f"{package_format}-package-{each:04}" for each in range(number)]


def requirements(number: int) -> str:
    """Return a ``requirements.txt`` with the hashes of both files of each package."""
    return "".join(
        f"{name}=={VERSION}"
        + "".join(f" --hash=sha256:{_sha256(one)}" for one in pypi_files(name).values())
        + "\n"
        for name in names("pypi", number)
    )


def large_requirements(megabytes: int) -> str:
    """Return a ``requirements.txt`` of the one large file."""
    return f"{LARGE}=={VERSION} --hash=sha256:{_large_sha256(megabytes)}\n"


def package_lock(number: int, registry: str) -> str:
    """Return a ``package-lock.json`` whose tarballs are at *registry*, which ends with a slash."""
    locked: dict[str, object] = {
        f"node_modules/{name}": {
            "version": VERSION,
            "resolved": f"{registry}{name}/-/{name}-{VERSION}.tgz",
            "integrity": _integrity(npm_tarball(name)),
        }
        for name in names("npm", number)
    }
    root = {**json.loads(package_json(number)), "lockfileVersion": 3}
    dependencies = root.pop("dependencies")
    packages = {"": {"name": "app", "version": VERSION, "dependencies": dependencies}, **locked}
    return json.dumps({**root, "requires": True, "packages": packages}, indent=2)


def package_json(number: int) -> str:
    """Return the ``package.json`` of the same application."""
    dependencies = dict.fromkeys(names("npm", number), VERSION)
    return json.dumps({"name": "app", "version": VERSION, "dependencies": dependencies}, indent=2)


def dependency_list(number: int) -> str:
    """Return what ``mvn dependency:list`` prints of all Maven packages."""
    lines = (f"   {GROUP}:{name}:jar:{VERSION}:compile\n" for name in names("maven", number))
    return "The following files have been resolved:\n" + "".join(lines)


def pypi_files(name: str) -> Mapping[str, bytes]:
    """Return a wheel and a source distribution, which pip only has to read the names of."""
    module, out = name.replace("-", "_"), io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        folder = f"{module}-{VERSION}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {VERSION}\n"
        wheel = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        for path, text in (
            (f"{module}.py", f'NAME = "{name}"\n'),
            (f"{folder}/METADATA", metadata),
            (f"{folder}/WHEEL", wheel),
            (f"{folder}/RECORD", ""),
        ):
            archive.writestr(zipfile.ZipInfo(path, (2021, 7, 13, 0, 0, 0)), text)
    return {
        f"{module}-{VERSION}-py3-none-any.whl": out.getvalue(),
        f"{module}-{VERSION}.tar.gz": _tar_gz({f"{module}-{VERSION}/PKG-INFO": metadata}),
    }


def npm_tarball(name: str) -> bytes:
    """Return an npm package."""
    manifest = json.dumps({"name": name, "version": VERSION})
    index = f'module.exports = "{name}";\n'
    return _tar_gz({"package/package.json": manifest, "package/index.js": index})


def maven_files(name: str) -> Mapping[str, bytes]:
    """Return a POM and a JAR, with their checksums."""
    pom = (
        "<project><modelVersion>4.0.0</modelVersion>"
        f"<groupId>{GROUP}</groupId><artifactId>{name}</artifactId><version>{VERSION}</version>"
        "</project>"
    )
    jar = io.BytesIO()
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr(zipfile.ZipInfo(f"{name}.txt", (2021, 7, 13, 0, 0, 0)), name)
    found = {f"{name}-{VERSION}.pom": pom.encode(), f"{name}-{VERSION}.jar": jar.getvalue()}
    sums = {
        f"{file}.sha1": hashlib.sha1(content, usedforsecurity=False).hexdigest().encode()
        for file, content in found.items()
    }
    return found | sums


def _pypi(sizes: Sizes) -> Kept:
    kept = Kept("pypi", large_megabytes=sizes.large_megabytes)
    for name in names("pypi", sizes.pypi):
        assets = []
        for file, content in pypi_files(name).items():
            kept.contents[file] = content
            hashes = {"sha256": _sha256(content)}
            assets.append(PublicAsset(file, file, len(content), hashes, RELEASED))
        kept.packages[PackageId("pypi", "", name)] = _released(*assets)
    if sizes.large_megabytes:
        large = PublicAsset(
            LARGE_FILE,
            LARGE_FILE,
            sizes.large_megabytes * MEGABYTE,
            {"sha256": _large_sha256(sizes.large_megabytes)},
            RELEASED,
        )
        kept.packages[PackageId("pypi", "", LARGE)] = _released(large)
    return kept


def _released(*assets: PublicAsset) -> PublicPackage:
    files: dict[str, object] = {one.name: {} for one in assets}
    return PublicPackage({VERSION: PublicVersion(VERSION, RELEASED, assets, {"files": files})})


def _npm(number: int) -> Kept:
    kept = Kept("npm")
    for name in names("npm", number):
        content = kept.contents[name] = npm_tarball(name)
        manifest = {
            "name": name,
            "version": VERSION,
            "dist": {"tarball": name, "integrity": _integrity(content)},
        }
        packument = {
            "name": name,
            "dist-tags": {"latest": VERSION},
            "versions": {VERSION: manifest},
            "time": {VERSION: RELEASED.isoformat()},
        }
        kept.packages[PackageId("npm", "", name)] = package_of(packument)
    return kept


def _tar_gz(files: Mapping[str, str]) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(plain.getvalue(), mtime=0)


def _pieces(megabytes: int) -> Iterator[bytes]:
    for number in range(megabytes):
        yield number.to_bytes(4, "big") * (MEGABYTE // 4)


def _large_sha256(megabytes: int) -> str:
    digest = hashlib.sha256()
    for piece in _pieces(megabytes):
        digest.update(piece)
    return digest.hexdigest()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _integrity(content: bytes) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
