"""Package URLs as configuration and messages have them, read strictly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NoReturn
from urllib.parse import unquote

from steward.coordinates import FORMATS, Format, Package, Repository, is_format, stored_names
from steward.errors import PatternError
from steward.patterns import ALWAYS_A_NAMESPACE, NEVER_A_NAMESPACE

PREFIX: Final = "pkg:"
# "Package URL types" of the purl specification; the other types are called as the formats.
_FORMATS_OF_TYPES: Final[dict[str, Format]] = {"gem": "ruby"}


@dataclass(frozen=True, slots=True)
class PackageUrl:
    """
    A package of no particular repository, or one of its versions.

    Attributes:
        namespace: As CodeArtifact stores it, as ``name``.
        version: As it is written there; ``None`` if the URL has none.
    """

    format: Format
    namespace: str | None
    name: str
    version: str | None

    def in_repository(self, repository: Repository) -> Package:
        """Return the package as *repository* has it."""
        return Package(repository, self.format, self.namespace, self.name)

    @property
    def path(self) -> str:
        """The package path that package-group patterns are matched with (User Guide)."""
        return f"/{self.format}/{self.namespace or ''}/{self.name}"


def parse(text: str) -> PackageUrl:
    """
    Return the package, and perhaps the version, that the package URL *text* names.

    Names are normalised as CodeArtifact does it: any spelling of a package is that package.
    Qualifiers and subpaths name parts of one, and are refused.

    Raises:
        PatternError: It is no package URL of a package that CodeArtifact can have; the error says
            what to write.
    """
    if not text.startswith(PREFIX):
        _refuse(text, "is no package URL", "Write pkg:type/namespace/name@version.")
    if "?" in text or "#" in text:
        whole, _, _ = text.partition("#")[0].partition("?")
        _refuse(text, "names a part of a package", f"Write {whole}.")
    path, version = _split(text.removeprefix(PREFIX).strip("/"))
    kind, *parts = (unquote(part) for part in path.split("/"))
    package_format = _FORMATS_OF_TYPES.get(kind.lower(), kind.lower())  # a type has no case
    if not is_format(package_format):
        known = ", ".join("gem" if known == "ruby" else known for known in FORMATS)
        _refuse(text, f"has the type {kind!r}, which is no format", f"Types are {known}.")
    if not parts or not all(parts):
        _refuse(text, "names no package", f"Write pkg:{kind}/name.")
    namespace, name = stored_names(package_format, "/".join(parts[:-1]) or None, parts[-1])
    if namespace is not None and package_format in NEVER_A_NAMESPACE:
        _refuse(
            text, f"has a namespace, and {package_format} has none", f"Write pkg:{kind}/{name}."
        )
    if namespace is None and package_format in ALWAYS_A_NAMESPACE:
        _refuse(text, "has no namespace", f"Write pkg:{kind}/namespace/{name}.")
    if any(character.isspace() for character in f"{namespace}{name}{version}"):
        _refuse(text, "has white space, which no package has", "Leave it out.")
    return PackageUrl(package_format, namespace, name, version)


def _split(path: str) -> tuple[str, str | None]:
    """Return what stands before the version, still encoded, and the version."""
    head, _, version = path.rpartition("@")
    if "/" not in head or head.endswith("/"):  # the @ of `pkg:npm/@scope/name` starts no version
        return path, None
    return head, unquote(version) or None


def _refuse(text: str, problem: str, remedy: str) -> NoReturn:
    raise PatternError(text, problem, remedy)
