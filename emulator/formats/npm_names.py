"""The names of npm packages: scopes are namespaces, without the ``@``."""

from __future__ import annotations

import re
from collections.abc import Mapping

from emulator.core.errors import ResourceNotFound, Validation
from emulator.core.values import PackageId

MAX_PUBLISHED = 214  # characters, npm documentation, package.json "name"

PATTERN = r"(?:@(?P<scope>[^/]+)/)?(?P<name>(?!-(?:/|$))[^/@][^/]*)"

_PUBLISHED = re.compile(r"(?:@[A-Za-z0-9~_-][A-Za-z0-9._~-]*/)?[A-Za-z0-9~-][A-Za-z0-9._~-]*")


def package_of(parameters: Mapping[str, str]) -> PackageId:
    """
    Return the package that a matched path names.

    Raises:
        Validation: It is no name that CodeArtifact takes.
    """
    scope, name = parameters.get("scope", ""), parameters["name"]
    if any(character.isspace() for character in scope + name):
        raise Validation(f"Not the name of an npm package: {name[:60]!r}")
    return PackageId("npm", scope, name)


def full(package: PackageId) -> str:
    """Return the name as npm writes it, ``@scope/name``."""
    return f"@{package.namespace}/{package.name}" if package.namespace else package.name


def check_publishable(package: PackageId) -> None:
    """
    Return if npm lets a package have this name.

    Raises:
        Validation: It does not.
    """
    name = full(package)
    if len(name) > MAX_PUBLISHED or not _PUBLISHED.fullmatch(name):
        raise Validation(f"Not a name to publish an npm package under: {name[:60]!r}")


def not_found(package: PackageId, what: str = "package") -> ResourceNotFound:
    """Return the refusal of a *what* (package, version, tag) that clients cannot reach."""
    name = full(package)
    return ResourceNotFound(
        f"Not found: {what} of {name!r}" if what != "package" else f"Package {name!r} not found",
        resource_id=name,
        resource_type="package",
    )
