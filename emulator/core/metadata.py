"""What package metadata says about a version, read from each format's own documents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from email import message_from_string
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from emulator.core import xml_documents
from emulator.core.values import Version

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

DESCRIBED = "described"
"""The key of a version's metadata that holds what this module wrote."""

NPM_DEPENDENCIES = {
    # "dependencyType", API Reference, PackageDependency
    "dependencies": "regular",
    "devDependencies": "dev",
    "peerDependencies": "peer",
    "optionalDependencies": "optional",
}
# Fields of core metadata that uploads name otherwise (PyPA, "Upload API" of the legacy index).
_UPLOADED_AS = {"project_url": "project_urls", "classifier": "classifiers"}
_SOURCE_LABELS = frozenset({"source", "source code", "repository", "code", "github"})


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence by name, URL or both (LicenseInfo, API Reference)."""

    name: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Dependency:
    """A dependency as ListPackageVersionDependencies shows it; ``""`` is absent."""

    package: str
    namespace: str = ""
    dependency_type: str = ""
    version_requirement: str = ""


@dataclass(frozen=True, slots=True)
class Description:
    """
    What a version says about itself; ``""`` is absent.

    Attributes:
        classified: The licences that a Python distribution's classifiers name.
    """

    display_name: str = ""
    summary: str = ""
    home_page: str = ""
    source_code_repository: str = ""
    licenses: tuple[Licence, ...] = ()
    classified: tuple[Licence, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    readme: str = ""


def of(version: Version) -> Description:
    """Return what *version* says about itself, empty if nothing was read from its metadata."""
    held = version.metadata.get(DESCRIBED)
    if not isinstance(held, dict):
        return Description()
    texts = {
        each.name: str(held.get(each.name, ""))
        for each in fields(Description)
        if each.name not in {"licenses", "classified", "dependencies"}
    }
    return Description(
        **texts,
        licenses=tuple(Licence(**each) for each in held.get("licenses", ())),
        classified=tuple(Licence(**each) for each in held.get("classified", ())),
        dependencies=tuple(Dependency(**each) for each in held.get("dependencies", ())),
    )


def described(
    known: Mapping[str, object],
    *,
    licences: tuple[Licence, ...] = (),
    dependencies: tuple[Dependency, ...] = (),
) -> dict[str, object]:
    """Return the metadata that says what *known* does, and of what is given here, this instead."""
    held = known.get(DESCRIBED)
    given = _said(Description(licenses=licences, dependencies=dependencies))
    merged = {**(held if isinstance(held, dict) else {}), **given}
    return {DESCRIBED: merged} if merged else {}


def of_npm(package_json: Mapping[str, object]) -> dict[str, object]:
    """Return the version metadata that a ``package.json`` (or a version of a packument) gives."""
    repository = package_json.get("repository")
    return stored(
        Description(
            display_name=_text(package_json.get("name")),
            summary=_text(package_json.get("description")),
            home_page=_text(package_json.get("homepage")),
            source_code_repository=_text(
                repository.get("url") if isinstance(repository, dict) else repository
            ),
            licenses=tuple(
                _npm_licences(package_json.get("license"), package_json.get("licenses"))
            ),
            dependencies=tuple(_npm_dependencies(package_json)),
            readme=_text(package_json.get("readme")),
        )
    )


def of_pypi(metadata: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """
    Return the version metadata that core metadata fields give.

    Args:
        metadata: Field to values; names in the form of uploads (``requires_dist``), as twine sends
            them.
    """

    def first(name: str) -> str:
        values = metadata.get(name) or ("",)
        return "" if values[0] == "UNKNOWN" else values[0]

    licence = first("license_expression") or first("license")
    urls = dict(_project_urls(metadata.get("project_urls", ())))
    source = next((url for label, url in urls.items() if label.lower() in _SOURCE_LABELS), "")
    return stored(
        Description(
            display_name=first("name"),
            summary=first("summary"),
            home_page=first("home_page") or urls.get("Homepage", ""),
            source_code_repository=source,
            licenses=(Licence(name=licence),) if licence else (),
            classified=tuple(_classified(metadata.get("classifiers", ()))),
            dependencies=tuple(_pypi_dependencies(metadata.get("requires_dist", ()))),
            readme=first("description"),
        )
    )


def of_core_metadata(text: str) -> dict[str, object]:
    """Return the version metadata that a wheel's ``METADATA`` or an sdist's ``PKG-INFO`` gives."""
    message = message_from_string(text)
    found: dict[str, list[str]] = {}
    for name, value in message.items():
        key = name.lower().replace("-", "_")
        found.setdefault(_UPLOADED_AS.get(key, key), []).append(str(value))
    body = message.get_payload()
    if isinstance(body, str) and body.strip() and "description" not in found:
        found["description"] = [body]
    return of_pypi(found)


def of_pom(content: bytes) -> dict[str, object]:
    """
    Return the version metadata that a POM gives.

    Parent POMs are not read ("View package dependencies", User Guide).

    Raises:
        Validation: It is no acceptable XML or no POM.
    """
    root = xml_documents.parse(content, root="project")
    return stored(
        Description(
            display_name=xml_documents.text(root, "name") or xml_documents.text(root, "artifactId"),
            summary=xml_documents.text(root, "description"),
            home_page=xml_documents.text(root, "url"),
            source_code_repository=xml_documents.text(root, "scm/url"),
            licenses=tuple(
                Licence(xml_documents.text(each, "name"), xml_documents.text(each, "url"))
                for each in root.iterfind("licenses/license")
            ),
            dependencies=tuple(_pom_dependencies(root)),
        )
    )


def stored(description: Description) -> dict[str, object]:
    """Return the version metadata that says what *description* does."""
    return {DESCRIBED: _said(description)}


def _said(description: Description) -> dict[str, object]:
    return {name: value for name, value in asdict(description).items() if value}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _npm_licences(license_field: object, licenses_field: object) -> Iterable[Licence]:
    every = licenses_field if isinstance(licenses_field, list) else [license_field]
    for each in every:
        if isinstance(each, str) and each:
            yield Licence(name=each)
        elif isinstance(each, dict):
            yield Licence(name=_text(each.get("type")), url=_text(each.get("url")))


def _npm_dependencies(package_json: Mapping[str, object]) -> Iterable[Dependency]:
    for field, kind in NPM_DEPENDENCIES.items():
        entries = package_json.get(field)
        if not isinstance(entries, dict):
            continue
        for name, requirement in entries.items():
            scope, _, short = name.rpartition("/")
            yield Dependency(short, scope.removeprefix("@"), kind, _text(requirement))


def _project_urls(entries: Sequence[str]) -> Iterable[tuple[str, str]]:
    for entry in entries:
        label, comma, url = entry.partition(",")
        if comma:
            yield label.strip(), url.strip()


def _classified(classifiers: Sequence[str]) -> Iterable[Licence]:
    for classifier in classifiers:
        topic, *narrower = (part.strip() for part in classifier.split("::"))
        if topic == "License" and narrower and narrower[-1] != "OSI Approved":
            yield Licence(name=narrower[-1])


def _pypi_dependencies(entries: Sequence[str]) -> Iterable[Dependency]:
    for entry in entries:
        try:
            requirement = Requirement(entry)
        except InvalidRequirement:  # old packages hold what no installer reads either
            continue
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        yield Dependency(name, "", "Requires-Dist", str(requirement.specifier))


def _pom_dependencies(root: Element) -> Iterable[Dependency]:
    parent = root.find("parent")
    entries = [(parent, "parent")] if parent is not None else []
    for each in root.iterfind("dependencies/dependency"):
        optional = xml_documents.text(each, "optional") == "true"
        entries.append(
            (each, "optional" if optional else xml_documents.text(each, "scope") or "compile")
        )
    for element, kind in entries:
        name = xml_documents.text(element, "artifactId")
        if name:
            version = xml_documents.text(element, "version")
            yield Dependency(name, xml_documents.text(element, "groupId"), kind, version)
