"""
What a version depends on, as far as the repository that it comes from holds it.

Which dependencies are followed, by the type that ListPackageVersionDependencies gives them
(PackageDependency, API Reference):

- npm: ``regular``, ``peer`` and ``optional``; not ``dev``, which no user of a package installs;
- Maven: ``compile``, ``runtime`` and ``parent`` (a build without the parent POM fails); not
  ``test``, ``provided``, ``system`` and ``optional``, which are not passed on;
- PyPI: all but those of an extra, if the requirement says so; those of an environment are followed
  on every machine, as nobody knows whose it is;
- the other formats: all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from steward import version_order, version_ranges
from steward.coordinates import Package, PackageVersion, stored_names
from steward.version_ranges import RangeError

if TYPE_CHECKING:
    from steward.coordinates import Format
    from steward.version_contents import Dependency

_NOT_FOLLOWED: Final[Mapping[str, frozenset[str]]] = {
    "npm": frozenset({"dev"}),
    "maven": frozenset({"test", "provided", "system", "optional"}),
}


def is_followed(package_format: Format, dependency: Dependency) -> bool:
    """Return whether users of a package get *dependency* with it."""
    if (dependency.type or "") in _NOT_FOLLOWED.get(package_format, frozenset()):
        return False
    if package_format != "pypi":
        return True
    # Core metadata writes `extra == "name"`; what CodeArtifact makes of it is not documented.
    _, marked, marker = (dependency.requirement or "").partition(";")
    return not (marked and "extra" in marker)


def package_of(dependency: Dependency, user: Package) -> Package:
    """Return the package that *dependency* names, where *user* is."""
    namespace, name = stored_names(user.format, dependency.namespace, dependency.name)
    return Package(user.repository, user.format, namespace, name)


def best(
    package_format: Format, dependency: Dependency, held: Mapping[str, PackageVersion]
) -> PackageVersion | None:
    """
    Return the newest of the published versions among *held* that meets the requirement.

    A pre-release is taken only if no release does. A requirement that the format's own rules cannot
    read (a URL, a tag, a property of a POM) is met by every version: whatever is taken goes through
    the gates.
    """
    meets = _condition(package_format, dependency.requirement)
    fitting = [one for one in held.values() if one.status == "Published" and meets(one.version)]
    releases = [
        one.version
        for one in fitting
        if version_order.is_prerelease(package_format, one.version) is False
    ]
    chosen = version_order.newest(package_format, releases or [one.version for one in fitting])
    if chosen is None and fitting:  # nothing that the format calls a version
        chosen = max(one.version for one in fitting)
    return None if chosen is None else held[chosen]


def any_meets(
    package_format: Format, dependency: Dependency, held: Mapping[str, PackageVersion]
) -> bool:
    """Return whether clients can install one of *held* for *dependency*."""
    meets = _condition(package_format, dependency.requirement)
    return any(
        one.status in ("Published", "Unlisted") and meets(one.version) for one in held.values()
    )


def _condition(package_format: Format, requirement: str | None) -> Callable[[str], bool]:
    text = (requirement or "").partition(";")[0] if package_format == "pypi" else requirement or ""
    text = text.strip()
    if package_format == "pypi":
        text = text.removeprefix("(").removesuffix(")")  # "requires (>=2)", older core metadata
    if not text:
        return lambda _: True
    try:
        return version_ranges.parse_range(package_format, text).contains
    except RangeError:
        return lambda _: True
