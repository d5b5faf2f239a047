"""Maven's POMs: which versions one cannot be read without, and which file is its main one; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import ParseError

from warm_caches.fetches import Needed

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# Our choice. Nothing else bounds what properties in properties grow to.
REPLACEMENTS: Final = 64
LONGEST: Final = 255  # names and versions of packages, service model
# Packagings whose file is called like them; that of all others, plugins' too, is a jar ("Default
# Artifact Handlers", Maven; Android's and Kotlin's plugins for ``aar`` and ``klib``).
NAMED_LIKE_IT: Final = frozenset(
    {"war", "ear", "rar", "aar", "zip", "klib", "hpi", "nbm", "kar", "swc", "apk"}
)

_PROPERTY: Final = re.compile(r"\$\{([^${}]{1,255})\}")
_NAME: Final = re.compile(r"[^#/\s\\\[\](),${}]{1,255}")  # no range, nothing left to replace


@dataclass(frozen=True, slots=True)
class Pom:
    """
    What a POM says that others have to be fetched for.

    Attributes:
        packaging: ``jar`` unless it says another.
        parent: Its parent, if it has one that can be named.
        imports: The BOMs that it imports, as they are written.
        properties: Its own, and those that Maven derives from its coordinates.
    """

    packaging: str
    parent: Needed | None
    imports: tuple[Needed, ...]
    properties: Mapping[str, str]

    @property
    def main_extension(self) -> str | None:
        """The extension of its main file; ``None``: it has none."""
        if self.packaging == "pom":
            return None
        return self.packaging if self.packaging in NAMED_LIKE_IT else "jar"


@dataclass(frozen=True, slots=True)
class Needs:
    """
    What a POM cannot be read without.

    Attributes:
        found: Its parent and the BOMs that it imports, each once.
        open: Whether something was left out because a property of it is not known.
    """

    found: tuple[Needed, ...]
    open: bool


def read(content: bytes) -> Pom | None:
    """Return what *content* says; ``None``: it is no POM, or one with entities of its own."""
    from defusedxml import DefusedXmlException  # noqa: PLC0415  only where there is Maven
    from defusedxml.ElementTree import fromstring  # noqa: PLC0415  see above

    try:
        project: Element = fromstring(content)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return None
    if _tag(project) != "project":
        return None
    parent, own = _coordinates(_child(project, "parent")), _coordinates(project)
    properties = {_tag(each): _said(each) for each in _children(_child(project, "properties"))}
    for name, value, of_parent in zip(
        ("groupId", "artifactId", "version"),
        (own[0] or parent[0], own[1], own[2] or parent[2]),
        parent,
        strict=True,
    ):
        for prefix in ("project.", "pom.", ""):
            properties[f"{prefix}{name}"] = value
        properties[f"project.parent.{name}"] = of_parent
    return Pom(
        packaging=_text(project, "packaging") or "jar",
        parent=parent if all(map(_plain, parent)) else None,
        imports=tuple(_imports(project)),
        properties=properties,
    )


def needs(pom: Pom, ancestors: Sequence[Pom] = ()) -> Needs:
    """
    Return what *pom* cannot be read without.

    - Its parent ("Inheritance", Maven's introduction to the POM).
    - The BOMs that it imports itself ("Importing Dependencies", introduction to the dependency
      mechanism), once the properties in their coordinates are replaced: by its own, then by those
      of *ancestors*, the nearest first. What its parents import is theirs.
    - Nothing is guessed: no ranges, snapshots or profiles.
    """
    known: dict[str, str] = {}
    for each in reversed(ancestors):
        known |= {k: v for k, v in each.properties.items() if k not in pom.properties}
    known |= pom.properties
    found = dict.fromkeys((pom.parent,) if pom.parent is not None else ())
    unknown = False
    for written in pom.imports:
        group, name, version = (_replaced(text, known) for text in written)
        if group is None or name is None or version is None:
            unknown = True
        elif _plain(group) and _plain(name) and _plain(version):
            found[group, name, version] = None
    return Needs(tuple(each for each in found if not _snapshot(each)), unknown)


def versions_in(content: bytes) -> tuple[str, ...] | None:
    """Return the versions that a ``maven-metadata.xml`` lists; ``None``: it is none."""
    from defusedxml import DefusedXmlException  # noqa: PLC0415  only where there is Maven
    from defusedxml.ElementTree import fromstring  # noqa: PLC0415  see above

    try:
        metadata: Element = fromstring(content)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return None
    listed = _children(_child(_child(metadata, "versioning"), "versions"))
    return tuple(dict.fromkeys(version for each in listed if (version := _said(each))))


def _imports(project: Element) -> Iterator[Needed]:
    management = _child(_child(project, "dependencyManagement"), "dependencies")
    for each in _children(management):
        if _text(each, "scope") == "import" and _text(each, "type") == "pom":
            yield _coordinates(each)


def _coordinates(element: Element | None) -> Needed:
    return (_text(element, "groupId"), _text(element, "artifactId"), _text(element, "version"))


def _replaced(text: str, properties: Mapping[str, str]) -> str | None:
    """Return *text* with its properties replaced; ``None``: one is unknown, or they are circles."""
    for _ in range(REPLACEMENTS):
        found = _PROPERTY.search(text)
        if found is None:
            return text
        value = properties.get(found[1])
        if value is None or len(text) + len(value) > 4 * LONGEST:
            return None
        text = text[: found.start()] + value + text[found.end() :]
    return None


def _plain(text: str) -> bool:
    return _NAME.fullmatch(text) is not None and text.isprintable() and text not in (".", "..")


def _snapshot(needed: Needed) -> bool:
    # Snapshots never come through external connections (User Guide, Maven snapshots).
    return needed[2].endswith("-SNAPSHOT")


def _tag(element: Element) -> str:
    """Return an element's name without its namespace: not all POMs have Maven's."""
    return element.tag.rpartition("}")[2]


def _children(element: Element | None) -> Iterable[Element]:
    return () if element is None else element


def _child(element: Element | None, name: str) -> Element | None:
    return next((each for each in _children(element) if _tag(each) == name), None)


def _text(element: Element | None, name: str) -> str:
    child = _child(element, name)
    return "" if child is None else _said(child)


def _said(element: Element) -> str:
    return (element.text or "").strip()
