"""Package URLs as people and tools write them, read as the package that CodeArtifact stores."""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import unquote

from steward.coordinates import Format, Package, Repository, is_format, purl_of, stored_names
from steward.errors import PurlError

PREFIX: Final = "pkg:"
# PackageNamespace, PackageName and PackageVersion, service model.
_NAME: Final = re.compile(r"[^#/\s]{1,255}")
_FORMATS: Final = {"gem": "ruby"}  # "Package URL types", purl specification


class PackageUrl(NamedTuple):
    """A package of no particular repository, and a version of it if the package URL has one."""

    format: Format
    namespace: str | None
    name: str
    version: str | None

    def in_repository(self, repository: Repository) -> Package:
        """Return the package as *repository* has it."""
        return Package(repository, self.format, self.namespace, self.name)

    def __str__(self) -> str:
        return purl_of(self.format, self.namespace, self.name, self.version)


def parse_purl(text: str) -> PackageUrl:
    """
    Return the package that the package URL *text* names, spelt as CodeArtifact stores it.

    Parts are decoded, qualifiers and subpath are left out, the type has no case (purl
    specification). npm's scope may stand with or without its ``@``, encoded or not.

    Raises:
        PurlError: It is no package URL, or one of a package that CodeArtifact cannot hold.
    """
    if not text.startswith(PREFIX):
        raise PurlError(text, f"is no package URL: it does not start with {PREFIX}")
    path = text.removeprefix(PREFIX).split("#")[0].split("?")[0].strip("/")
    head, _, version = path.rpartition("@")
    if "/" not in head or head.endswith("/"):  # the @ of `pkg:npm/@scope/name` starts no version
        head, version = path, ""
    package_type, *names = (_decoded(text, part) for part in head.split("/"))
    package_type = package_type.lower()
    package_format = _FORMATS.get(package_type, package_type)
    if not package_format or not names or not names[-1]:
        raise PurlError(text, "lacks the format or the name of a package")
    if not is_format(package_format):
        raise PurlError(text, f"names no package: CodeArtifact has no format {package_format!r}")
    namespace, name = stored_names(package_format, "/".join(names[:-1]), names[-1])
    decoded_version = _decoded(text, version) or None
    for part in (namespace, name, decoded_version):
        if part is not None and not _NAME.fullmatch(part):
            raise PurlError(text, f"has a part that CodeArtifact cannot hold: {part!r:.300}")
    return PackageUrl(package_format, namespace, name, decoded_version)


def _decoded(purl: str, part: str) -> str:
    try:
        part.encode()  # half a surrogate pair, which JSON can spell, is no text
        return unquote(part, errors="strict")
    except UnicodeError as error:
        raise PurlError(purl, "holds bytes that are no UTF-8") from error
