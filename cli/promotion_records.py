"""The records of promotion that a person asks for by a package URL."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cli.output import fail

if TYPE_CHECKING:
    from promote_versions.records import Record
    from promote_versions.records_table import Records
    from steward.coordinates import Package, Repository


def records_of(
    purl: str,
    place: "Repository",
    table: "Records",
    sources: Callable[["Package"], Iterable[str]],
) -> list["Record"]:
    """
    Return what was decided about the package *purl*, or about its version if it names one.

    Args:
        place: Where the package is promoted from. With an empty name, it is looked for in every
            repository that *sources* gives.
    """
    from cli.named_packages import named_package

    package, version = named_package(purl, place, hint="PURL")
    names = [place.name] if place.name else list(sources(package))
    found: list[Record] = []
    for name in names:
        here = replace(package, repository=replace(place, name=name))
        found += (one for one in table.of_package(here) if version in (None, one.version))
    return found


def sources(package: "Package", policy_path: Path) -> list[str]:
    """
    Return the repositories that the policy promotes *package* from.

    Raises:
        click.ClickException: The policy promotes it from none.
    """
    from cli.policies import loaded_policy
    from steward.coordinates import Repository

    policy = loaded_policy(policy_path)
    here = package.repository
    found = [
        rule.source
        for rule in policy.promotions
        if rule.applies_to(
            replace(package, repository=Repository(here.domain, here.domain_owner, rule.source))
        )
    ]
    if not found:
        fail(
            f"no rule of the policy's `promotions` is about {package.purl()}: give the policy that "
            "is deployed with --policy, or the repository that it is promoted from with "
            "--repository."
        )
    return list(dict.fromkeys(found))
