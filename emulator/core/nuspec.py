"""What a NuGet package says about itself: its ``.nuspec``, or a feed's catalog entry of it."""

from __future__ import annotations

import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.core import metadata, nuget_versions, xml_documents
from emulator.core.errors import Validation
from emulator.core.metadata import Dependency, Description, Licence
from emulator.core.values import PackageId

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

ENTRY = "catalogEntry"
"""Key of the version metadata that holds what registrations say of the version."""

MAX_NUSPEC = 1024 * 1024  # not documented: our choice
MAX_FILES = 100_000  # in one package: our choice

ID = re.compile(r"\w+([.-]\w+)*")
MAX_ID = 100  # "id", NuGet .nuspec reference

_TEXTS = (
    "title",
    "description",
    "summary",
    "authors",
    "projectUrl",
    "iconUrl",
    "licenseUrl",
    "releaseNotes",
    "copyright",
    "language",
)


def file_name(package: PackageId, version: str) -> str:
    """Return the name of the one asset of a version."""
    return f"{package.name}.{version}.nupkg"


def of_package(path: Path) -> dict[str, object]:
    """
    Return the version metadata that the package at *path* gives.

    Raises:
        Validation: It is no package of NuGet.
    """
    return metadata_of(entry_of(document_of(path)))


def document_of(path: Path) -> bytes:
    """
    Return the ``.nuspec`` in the top folder of the package at *path*.

    Raises:
        Validation: It is no package of NuGet, or says too much about itself.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist()[:MAX_FILES]:
                if "/" in entry.filename or not entry.filename.lower().endswith(".nuspec"):
                    continue
                with archive.open(entry) as document:
                    content = document.read(MAX_NUSPEC + 1)
                if len(content) > MAX_NUSPEC:
                    raise Validation(f"The package's .nuspec is larger than {MAX_NUSPEC} bytes.")
                return content
    except (
        zipfile.BadZipFile,
        OSError,
        ValueError,
        EOFError,
        NotImplementedError,
        zlib.error,
        lzma.LZMAError,
    ) as error:
        raise Validation("This is no NuGet package: it is no zip archive to read.") from error
    except RuntimeError as error:  # an encrypted member
        raise Validation("The package's .nuspec cannot be read.") from error
    raise Validation("This is no NuGet package: its top folder has no .nuspec.")


def entry_of(content: bytes) -> dict[str, object]:
    """
    Return what a registration says of the package whose ``.nuspec`` is *content*.

    Raises:
        Validation: It is no ``.nuspec``, or its id or version is none that NuGet takes.
    """
    root = xml_documents.parse(content, root="package")
    node = root.find("metadata")
    if node is None:
        raise Validation("The .nuspec has no <metadata>.")
    name, version = xml_documents.text(node, "id"), xml_documents.text(node, "version")
    if len(name) > MAX_ID or not ID.fullmatch(name):
        raise Validation(f"Not the id of a NuGet package: {name[:60]!r}")
    if not nuget_versions.is_version(version):
        raise Validation(f"Not a version of a NuGet package: {version[:60]!r}")
    entry: dict[str, object] = {"id": name, "version": version}
    entry |= {each: text for each in _TEXTS if (text := xml_documents.text(node, each))}
    entry["tags"] = xml_documents.text(node, "tags").replace(",", " ").split()
    entry["requireLicenseAcceptance"] = (
        xml_documents.text(node, "requireLicenseAcceptance").lower() == "true"
    )
    licence = node.find("license")
    if licence is not None and licence.get("type") == "expression":
        entry["licenseExpression"] = (licence.text or "").strip()
    if minimum := node.get("minClientVersion"):
        entry["minClientVersion"] = minimum
    repository = node.find("repository")
    if repository is not None and repository.get("url"):
        entry["repository"] = repository.get("url")
    entry["dependencyGroups"] = list(_groups(node))
    return entry


def metadata_of(entry: Mapping[str, object]) -> dict[str, object]:
    """
    Return the version metadata of a package of which registrations say *entry*.

    Dependencies have no type (ListPackageVersionDependencies, API Reference); one that several
    target frameworks share is listed once.
    """
    licence = _text(entry, "licenseExpression") or ""
    url = "" if licence else _text(entry, "licenseUrl")
    description = Description(
        display_name=_text(entry, "id"),
        summary=_text(entry, "summary") or _text(entry, "description"),
        home_page=_text(entry, "projectUrl"),
        source_code_repository=_text(entry, "repository"),
        licenses=(Licence(licence, url),) if licence or url else (),
        dependencies=tuple(dict.fromkeys(_dependencies(entry))),
    )
    return {ENTRY: dict(entry), **metadata.stored(description)}


def _groups(node: Element) -> Iterator[dict[str, object]]:
    """Yield the dependencies by target framework; those outside any group are for all."""
    dependencies = node.find("dependencies")
    if dependencies is None:
        return
    groups = dependencies.findall("group")
    if not groups and dependencies.find("dependency") is not None:
        yield {"dependencies": list(_listed(dependencies))}
    for group in groups:
        framework = group.get("targetFramework")
        found: dict[str, object] = {"targetFramework": framework} if framework else {}
        yield {**found, "dependencies": list(_listed(group))}


def _listed(parent: Element) -> Iterator[dict[str, object]]:
    for each in parent.findall("dependency"):
        if name := (each.get("id") or "").strip():
            yield {"id": name, "range": (each.get("version") or "").strip() or "(, )"}


def _dependencies(entry: Mapping[str, object]) -> Iterator[Dependency]:
    for group in _sequence(entry.get("dependencyGroups")):
        for each in _sequence(group.get("dependencies")):
            name = each.get("id")
            if isinstance(name, str) and name:
                yield Dependency(name.lower(), version_requirement=_text(each, "range"))


def _sequence(value: object) -> Sequence[Mapping[str, object]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text(entry: Mapping[str, object], key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""
