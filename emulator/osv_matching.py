"""Which versions an entry of OSV affects, by the evaluation that the OSV schema describes; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cmp_to_key
from typing import Any

import semver
from packaging.version import InvalidVersion, Version

from emulator.formats import maven_versions

Json = Mapping[str, Any]
Key = Callable[[str], Any]


def affects(entry: Json, ecosystem: str, name: str, version: str | None) -> bool:
    """
    Whether *entry* is about *version* of a package; ``None`` is any version.

    By the list ``affected[].versions`` or by a range of the type SEMVER or ECOSYSTEM ("Evaluation",
    OSV schema). Ranges need an order, and there is one for npm, PyPI and Maven; entries about other
    packages need the list. A version that has no place in the order is in no range.
    """
    return any(
        version is None or _listed(each, ecosystem, version) or _in_range(each, ecosystem, version)
        for each in entry.get("affected") or ()
        if _named(each, ecosystem, name)
    )


def is_readable(entry: Json) -> bool:
    """Whether `affects` can read *entry*: lists, objects and texts where the schema has them."""
    affected = entry.get("affected")
    return affected is None or (
        _objects(affected)
        and all(
            isinstance(each.get("package") or {}, dict)
            and _texts(each.get("versions") or [])
            and _objects(each.get("ranges") or [])
            and all(
                _objects(span.get("events") or [])
                and all(_texts(list(event.values())) for event in span.get("events") or [])
                for span in each.get("ranges") or []
            )
            for each in affected
        )
    )


def _objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _named(affected: Json, ecosystem: str, name: str) -> bool:
    """Whether *affected* is the package, of the ecosystem without what follows its colon."""
    package = affected.get("package") or {}
    return bool(
        str(package.get("ecosystem")).partition(":")[0] == ecosystem and package.get("name") == name
    )


def _listed(affected: Json, ecosystem: str, version: str) -> bool:
    listed = affected.get("versions") or ()
    if version in listed:
        return True
    return ecosystem == "PyPI" and _python(version) in {_python(each) for each in listed} - {None}


def _in_range(affected: Json, ecosystem: str, version: str) -> bool:
    key = _KEYS.get(ecosystem)
    if key is None:
        return False
    return any(
        _between(each.get("events") or (), key, version)
        for each in affected.get("ranges") or ()
        if each.get("type") in {"SEMVER", "ECOSYSTEM"}
    )


def _between(events: Iterable[Json], key: Key, version: str) -> bool:
    """Follow the events in the order of their versions until *version*; "0" is before them all."""
    try:
        at = key(version)
        ordered = sorted(
            (
                (text != "0", None if text == "0" else key(text), kind == "last_affected", kind)
                for event in events
                for kind, text in event.items()
                if kind in {"introduced", "fixed", "last_affected"}
            ),
            key=cmp_to_key(_earlier),
        )
    except ValueError:
        return False
    affected = False
    for later, place, _, kind in ordered:
        reached = not later or not at < place
        passed = not later or place < at
        if passed if kind == "last_affected" else reached:
            affected = kind == "introduced"
    return affected


def _earlier(one: tuple[Any, ...], other: tuple[Any, ...]) -> int:
    """Compare events; those at the beginning of all versions have no place among them."""
    if not (one[0] and other[0]):
        return int(one[0]) - int(other[0])
    if one[1] < other[1]:
        return -1
    if other[1] < one[1]:
        return 1
    return int(one[2]) - int(other[2])


def _python(version: str) -> Version | None:
    try:
        return Version(version)
    except InvalidVersion:
        return None


_KEYS: Mapping[str, Key] = {
    "npm": semver.Version.parse,
    "PyPI": Version,
    "Maven": cmp_to_key(maven_versions.compare),
}
