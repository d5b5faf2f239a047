"""XML of Maven and NuGet, read from anyone who may publish: size-limited, without entities."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from emulator.core.errors import Validation

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_BYTES = 5 * 2**20  # our choice: a maven-metadata.xml of 100,000 versions


def parse(content: bytes, *, root: str) -> Element:
    """
    Return the document's root element, all tags without their namespace.

    Raises:
        Validation: It is too large, not well-formed, declares a document type or entities, or
            begins with another element than *root*.
    """
    if len(content) > MAX_BYTES:
        raise Validation(
            f"The XML document has {len(content)} bytes, at most {MAX_BYTES} are accepted"
        )
    try:
        found: Element = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise Validation(
            f"The XML document cannot be parsed: {error}", reason="CANNOT_PARSE"
        ) from error
    for element in found.iter():
        element.tag = element.tag.rpartition("}")[2]
    if found.tag != root:
        raise Validation(
            f"The XML document is a <{found.tag}>, not a <{root}>", reason="CANNOT_PARSE"
        )
    return found


def text(element: Element, path: str) -> str:
    """Return the text at *path* without surrounding white space, ``""`` if there is none."""
    return (element.findtext(path) or "").strip()
