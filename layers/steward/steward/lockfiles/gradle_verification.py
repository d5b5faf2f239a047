"""Gradle's ``verification-metadata.xml`` ("Verifying dependencies", Gradle User Manual)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from steward.lockfiles.entries import Entries
from steward.lockfiles.lines import Lines, places
from steward.lockfiles.locked import Lockfile, LockfileError, is_storable

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_ROOT: Final = "verification-metadata"
_KINDS: Final = ("sha256", "sha512")


def entries(text: str) -> Lockfile:
    """
    Return the components in *text*, with the SHA-256 and SHA-512 of all their artifacts.

    Those of ``also-trust`` are among them. What it trusts by pattern or by key has no hash. The
    files of a component are its artifacts with such a hash: which ones are there at all depends on
    ``verify-metadata`` and on what the build has resolved, of some versions only the metadata.
    """
    try:
        root = fromstring(text)
    except ParseError as error:
        raise LockfileError(f"it is no XML: {error}", error.position[0]) from error
    except (DefusedXmlException, ValueError) as error:
        raise LockfileError(f"it is no XML that is safe to read: {error}") from error
    if _name(root) != _ROOT:
        raise LockfileError(f"it is no {_ROOT}")
    found, lines = Entries("maven"), Lines(text)
    components = [one for one in root.iter() if _name(one) == "component"]
    begun = places(text, r"<(?:[\w.-]+:)?component(?=[\s/>])", len(components))
    for component, offset in zip(components, begun, strict=True):
        line = None if offset is None else lines.at(offset)
        group, module, version = (component.get(key) for key in ("group", "name", "version"))
        if not group or not module or not version:
            problem = "one of its components has no group, no name or no version"
            found.pass_over("a component", "has no group, name or version", line, damage=problem)
            continue
        artifacts = _named(component, "artifact")
        found.add(
            (group, module),
            version,
            line=line,
            hashes=[one for artifact in artifacts for one in _hashes_of(artifact)],
            files=list(_files_of(artifacts, f"{module}-{version}")),
            locate=lines.of_quoted,
        )
    return found.lockfile()


def _hashes_of(artifact: Element) -> Iterator[tuple[str, str]]:
    for element in _named(artifact, *_KINDS):
        for trusted in (element, *_named(element, "also-trust")):
            yield _name(element), trusted.get("value") or ""


def _files_of(artifacts: Sequence[Element], stem: str) -> Iterator[str]:
    """Yield the names of those that have a hash, as they are in a Maven repository."""
    for artifact in artifacts:
        name = artifact.get("name") or ""
        is_file = name.startswith((f"{stem}.", f"{stem}-")) and is_storable(name)
        if is_file and any(True for _ in _hashes_of(artifact)):
            yield name


def _named(parent: Element, *names: str) -> list[Element]:
    """Return the children of these names; what is further down is no business of *parent*."""
    return [each for each in parent if _name(each) in names]


def _name(element: Element) -> str:
    """Return the name of *element* without its namespace, which changes with Gradle's versions."""
    return str(element.tag).rpartition("}")[2]
