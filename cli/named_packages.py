"""The package of a repository that a person names on the command line."""

from typing import TYPE_CHECKING

import click

from cli.purls import parse_package, parse_version

if TYPE_CHECKING:
    from steward.coordinates import Package, Repository


def named_package(
    text: str, repository: "Repository", *, hint: str
) -> tuple["Package", str | None]:
    """
    Return the package that *text* names, as *repository* stores it, and the version in it if any.

    PyPI, NuGet and Swift know a package by many spellings, CodeArtifact by one (User Guide).

    Args:
        hint: The parameter that *text* was given for, for messages.

    Raises:
        click.BadParameter: It names none.
    """
    from steward.coordinates import Package, is_format, stored_names

    try:
        name = parse_package(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=hint) from error
    if not is_format(name.format):
        raise click.BadParameter(f"CodeArtifact has no format {name.format!r}", param_hint=hint)
    names = stored_names(name.format, name.namespace, name.name)
    return Package(repository, name.format, *names), parse_version(text)
