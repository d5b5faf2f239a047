"""What a seeded version says about itself: licences, dependencies, its public release, a yank."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from emulator.core.external import ORIGINAL_PUBLISH_TIME
from emulator.core.metadata import NPM_DEPENDENCIES, Dependency, Licence, described
from emulator.core.seed_nodes import Node
from emulator.core.values import Format, PackageId

KEYS: Final = "licenses dependencies originalPublishTime yanked"

_TEXT = re.compile(r"[^\x00-\x1f\x7f]*")
_NAME = re.compile(r"[^#/\s]{1,255}")  # PackageName, service model
_USUAL_TYPE: Mapping[Format, str] = {
    # What most dependencies of the format are ("dependencyType", API Reference).
    "npm": "regular",
    "pypi": "Requires-Dist",
    "maven": "compile",
}


def metadata_of(node: Node, package: PackageId, assets: Sequence[str]) -> dict[str, object]:
    """
    Return the metadata of a version: what *node* gives as such, and what its shorter keys mean.

    An npm package's manifest names its licence and dependencies too, for clients to see.

    Raises:
        Validation: A part of it is wrong, or means nothing for the format.
    """
    found = dict(node.mapping("metadata"))
    licences = tuple(_licences(node))
    dependencies = tuple(_dependencies(node, package.format))
    if package.format == "npm":
        found |= _manifest(licences, dependencies)
    found |= described(found, licences=licences, dependencies=dependencies)
    released = node.time("originalPublishTime")
    if released is not None:
        found[ORIGINAL_PUBLISH_TIME] = released.isoformat()
    yanked = node.get("yanked")
    if yanked is not None:
        if package.format != "pypi":
            raise node.refuse("yanked", "exists for pypi only")
        if not isinstance(yanked, bool | str):
            raise node.refuse("yanked", f"must be true, false or a reason, not {yanked!r}")
        files = found.get("files")
        known: dict[str, object] = dict(files) if isinstance(files, dict) else {}
        found["files"] = known | {name: _yanked(known.get(name), yanked) for name in assets}
    return found


def _yanked(entry: object, yanked: bool | str) -> dict[str, object]:  # noqa: FBT001  PEP 592's value
    return {**(entry if isinstance(entry, dict) else {}), "yanked": yanked}


def _licences(node: Node) -> Iterator[Licence]:
    if isinstance(node.get("licenses"), list) and _all_texts(node.get("licenses")):
        yield from (Licence(name=each) for each in node.texts("licenses") or ())
        return
    for each in node.each("licenses", "name url"):
        yield Licence(each.text("name", _TEXT, ""), each.text("url", _TEXT, ""))


def _all_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(each, str) for each in values)


def _dependencies(node: Node, package_format: Format) -> Iterator[Dependency]:
    for each in node.each("dependencies", "package namespace dependencyType versionRequirement"):
        yield Dependency(
            each.text("package", _NAME),
            each.text("namespace", _TEXT, ""),
            each.text("dependencyType", _TEXT, _USUAL_TYPE.get(package_format, "")),
            each.text("versionRequirement", _TEXT, ""),
        )


def _manifest(licences: Sequence[Licence], dependencies: Sequence[Dependency]) -> dict[str, object]:
    """Return the members of ``package.json`` that say the same."""
    found: dict[str, object] = {}
    if licences:
        found["license"] = licences[0].name
    for member, kind in NPM_DEPENDENCIES.items():
        entries = {
            f"@{each.namespace}/{each.package}" if each.namespace else each.package: (
                each.version_requirement or "*"
            )
            for each in dependencies
            if each.dependency_type == kind
        }
        if entries:
            found[member] = entries
    return found
