"""Gradle's ``verification-metadata.xml`` ("Verifying dependencies", Gradle User Manual)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from steward.lockfiles.locked import Hashes, LockfileError, add, known_hash

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_ROOT: Final = "verification-metadata"
_KINDS: Final = ("sha256", "sha512")


def hashes(text: str) -> Hashes:
    """
    Return the SHA-256 and SHA-512 of all artifacts in *text*, those of ``also-trust`` too.

    What it trusts by pattern or by key has no hash, and so none here.
    """
    try:
        root = fromstring(text)
    except ParseError as error:
        raise LockfileError(f"it is no XML: {error}", error.position[0]) from error
    except (DefusedXmlException, ValueError) as error:
        raise LockfileError(f"it is no XML that is safe to read: {error}") from error
    if _name(root) != _ROOT:
        raise LockfileError(f"it is no {_ROOT}")
    found: Hashes = {}
    for component in root.iter():
        if _name(component) != "component":
            continue
        group, module, version = (component.get(key) for key in ("group", "name", "version"))
        if not group or not module or not version:
            raise LockfileError("one of its components has no group, no name or no version")
        known = set(_hashes_of(component, f"{group}:{module}:{version}", text))
        add(found, "maven", (group, module), version, known)
    return found


def _hashes_of(component: Element, of: str, text: str) -> Iterator[str]:
    for element in component.iter():
        if _name(element) not in _KINDS:
            continue
        for trusted in (element, *(one for one in element if _name(one) == "also-trust")):
            digest = trusted.get("value") or ""
            at = text.find(f'"{digest}"')
            line = text.count("\n", 0, at) + 1 if at >= 0 and digest else None
            known = known_hash(_name(element), digest, of=of, line=line)
            if known:
                yield known


def _name(element: Element) -> str:
    """Return the name of *element* without its namespace, which changes with Gradle's versions."""
    return str(element.tag).rpartition("}")[2]
