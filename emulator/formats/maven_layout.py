"""Maven's repository layout: which package, version and asset a path means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from emulator.core.values import PackageId

SNAPSHOT = "-SNAPSHOT"
MAX_NAME = 255  # package, namespace, version and asset names: service model

CHECKSUM = r"\.(?P<checksum>md5|sha1|sha256|sha512)"
_PACKAGE = r"(?P<group>[^/]+(?:/[^/]+)*)/(?P<artifact>[^/]+)"
SNAPSHOT_METADATA = rf"{_PACKAGE}/(?P<snapshot>[^/]+{SNAPSHOT})/maven-metadata\.xml"
PACKAGE_METADATA = rf"{_PACKAGE}/maven-metadata\.xml"
ASSET = rf"{_PACKAGE}/(?P<version>[^/]+)/(?P<file>[^/]+?)"

BUILD = r"[0-9]{8}\.[0-9]{6}-[0-9]+"  # {base}-{yyyyMMdd.HHmmss}-{number}: User Guide, snapshots

_NAME = re.compile(r"[^#/\s]+")


class MalformedPath(ValueError):
    """A path that does not follow Maven's repository layout."""


@dataclass(frozen=True, slots=True)
class AssetPath:
    """
    An asset, by the path that names it.

    Attributes:
        directory: The version as the path has it, ``1.0-SNAPSHOT`` for every build of it.
    """

    package: PackageId
    directory: str
    file: str

    @property
    def build(self) -> str | None:
        """The build version that the file name holds; None if it is no timestamped snapshot."""
        if not self.directory.endswith(SNAPSHOT):
            return None
        base = self.directory.removesuffix(SNAPSHOT)
        prefix = f"{self.package.name}-{base}-"
        match = re.match(rf"{re.escape(prefix)}({BUILD})[.-]", self.file)
        return f"{base}-{match[1]}" if match else None

    def newest_of(self, assets: Iterable[str]) -> str | None:
        """
        Return which of the *assets* of ``1.0-SNAPSHOT`` a request without a timestamp means.

        ``app-1.0-SNAPSHOT.jar`` is ``app-1.0-20210728.194552-2.jar``; None when there is none, or
        the request is another.
        """
        prefix = f"{self.package.name}-{self.directory}"
        if not self.directory.endswith(SNAPSHOT) or not self.file.startswith(prefix):
            return None
        rest = self.file.removeprefix(prefix)
        stem = prefix.removesuffix(SNAPSHOT)
        wanted = re.compile(rf"{re.escape(stem)}-{BUILD}{re.escape(rest)}")
        return next((name for name in assets if wanted.fullmatch(name)), None)


def package(parameters: Mapping[str, str]) -> PackageId:
    """
    Return the package of a matched path.

    Raises:
        MalformedPath: Its group or artifact is no name that CodeArtifact takes.
    """
    segments = parameters["group"].split("/")
    if any("." in segment for segment in segments):
        raise MalformedPath("The path has a dot in a directory of the group id.")
    namespace, name = ".".join(segments), parameters["artifact"]
    _check(namespace, name)
    return PackageId("maven", namespace, name)


def asset(parameters: Mapping[str, str]) -> AssetPath:
    """
    Return the asset of a matched path.

    Raises:
        MalformedPath: Its group, artifact, version or file is no name that CodeArtifact takes.
    """
    _check(parameters["version"])
    return AssetPath(package(parameters), parameters["version"], parameters["file"])


def _check(*names: str) -> None:
    for name in names:
        if len(name) > MAX_NAME or not _NAME.fullmatch(name):
            raise MalformedPath(f"{name[:60]!r} is no name that CodeArtifact takes.")
