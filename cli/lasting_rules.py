"""The policy lines that make exemptions last: rules for the top of the section `origins`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from steward.coordinates import Package, Restrictions
    from steward.ledger import Exemption


def of_origins(exemptions: Iterable["Exemption"]) -> list["Exemption"]:
    """
    Return those of *exemptions* that rules of `origins` can make last, in their order.

    Where it was not noted whose change was undone, it was that of `origins`: no other automation
    could be restored then.
    """
    from enforce_origin_controls.collaborators import AUTOMATION

    return [one for one in exemptions if one.automation in (None, AUTOMATION)]


def lasting_rules(
    exemptions: Iterable["Exemption"], restrictions: Mapping["Package", "Restrictions"]
) -> str:
    """
    Return the items of `origins` that say for good what *exemptions* say for a while.

    One rule for each package in a repository, in the order of *exemptions*, for that package alone:

    - Are its restrictions exempt, the rule gives those that it has now outright. This makes no
      package internal, so versions from outside that are exempt too are left alone by the same
      rule.
    - Are only versions exempt, the package stays internal, and versions from outside are reported
      and no longer archived: the policy names no single versions.

    Empty without exemptions.

    Args:
        restrictions: Of the packages whose restrictions are exempt. A package that is missing here
            does not exist any more, and gets a comment in place of a rule.
    """
    by_package: dict[Package, list[Exemption]] = {}
    for exemption in exemptions:
        by_package.setdefault(exemption.package, []).append(exemption)
    return "".join(
        _rule(package, some, restrictions.get(package)) for package, some in by_package.items()
    )


def _rule(package: "Package", exemptions: Sequence["Exemption"], now: "Restrictions | None") -> str:
    from steward import patterns
    from steward.errors import PatternError

    where = f"{package.purl()} in {package.repository.name}"
    exact = any(exemption.version is None for exemption in exemptions)
    if exact and now is None:
        return f"  # {where} does not exist any more\n"
    pattern = f"{package.path}$"
    try:
        patterns.parse(pattern)
    except PatternError as error:
        return f"  # {where}: no rule can name it alone: {_one_line(str(error))}\n"
    lines = [
        f"- packages: {_scalar(pattern)}",
        f"  repositories: [{_scalar(package.repository.name)}]",
    ]
    if exact and now is not None:
        lines += [f"  publish: {now.publish}", f"  upstream: {now.upstream}"]
    else:
        lines += ["  kind: internal", "  external: report"]
    whys = dict.fromkeys(_one_line(exemption.why) for exemption in exemptions if exemption.why)
    comments = [f"# {why}" for why in whys]
    return "".join(f"  {line}\n" for line in [*comments, *lines])


def _scalar(text: str) -> str:
    """Return *text* as YAML writes it, quoted where it would be taken for something else."""
    # In a list, as a scalar alone would be followed by an end-of-document mark.
    return yaml.safe_dump(
        [text], default_flow_style=True, allow_unicode=True, width=1_000_000
    ).strip()[1:-1]


def _one_line(text: str) -> str:
    """Return *text* without line breaks, which would end a comment."""
    return " ".join(text.split())
